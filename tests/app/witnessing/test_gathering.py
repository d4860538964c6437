"""Gathering: what has a quorum is shown, what witnesses hold against us stops us, and none of them holds us up."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from app.errors import Stopped
from app.log import Log
from app.recording import Appended
from app.witnessing import asking, gathering
from ledger import policy
from ledger.checkpoint import cosign, open_checkpoint
from ledger.keys import PrivateKey
from ledger.receipt import Receipt
from ledger.witnessing import AddCheckpoint
from tests.app.seeding import append
from tests.app.witnessing.county import County, ask_first, gather, repin, witnessed
from tests.world import county, planted

Make = Callable[..., County]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[County] = []

    def one(count: int, k: int, url: str = "") -> County:
        made.append(witnessed(tmp_path, county(), count, k, url))
        return made[-1]

    yield one
    for county_ in made:
        county_.close()


def signed(county: County, log: Log) -> tuple[int, list[str]]:
    """Size of what is shown, and who cosigned it."""
    note = log.journal.published()
    if note is None:
        return 0, []
    vkeys = {bureau.vkey: bureau.name for bureau in county.bureaus}
    checkpoint, times = open_checkpoint(note, county.world.vkey, vkeys)
    assert all(abs(at - time.time()) < 4000 for at in times.values())
    return checkpoint.size, [vkeys[vkey] for vkey in times]


def again(county: County, log: Log, done: Appended) -> Appended:
    (outcome,) = append(log.journal, county.world, [done.statement])
    assert isinstance(outcome, Appended)
    return outcome


# --- gathering ---------------------------------------------------------------------------------------------------


def test_a_checkpoint_is_shown_once_enough_have_signed_it(make: Make, database_url: str) -> None:
    county = make(2, 2, database_url)
    log, gatherer = county.open()
    first, *_ = county.record(log)
    assert first.provisional
    assert again(county, log, first).provisional
    assert signed(county, log) == (0, [])
    gather(gatherer)
    size = len(county.world.entries)
    assert signed(county, log) == (size, ["w1", "w2"])
    better = again(county, log, first)
    assert not better.provisional
    keys = [bureau.vkey for bureau in county.bureaus]
    assert isinstance(better.receipt, Receipt)
    assert better.receipt.check(first.statement, county.world.vkey, keys).size == size
    # What is newer than the quorum is provisional, and what is shown stays what has it.
    later = county.plant(log)
    assert later.provisional
    assert again(county, log, later).provisional
    assert not again(county, log, first).provisional
    assert signed(county, log) == (size, ["w1", "w2"])
    gather(gatherer)
    assert signed(county, log)[0] == size + 1


def test_each_witness_is_asked_from_what_it_saw_last(make: Make) -> None:
    county = make(2, 2)
    log, gatherer = county.open()
    county.record(log)
    size = len(county.world.entries)
    gather(gatherer)
    gather(gatherer)  # nothing new
    county.plant(log)
    county.plant(log)
    gather(gatherer)
    assert [bureau.asked for bureau in county.bureaus] == [["old 0", f"old {size}"]] * 2
    # A service that starts has forgotten, and is told.
    other, anew = county.open()
    ask_first(anew)
    assert county.bureaus[0].asked[2:] == ["old 0", f"old {size + 2}"]
    assert signed(county, other)[0] == size + 2


def test_one_of_three_may_be_down(make: Make) -> None:
    county = make(3, 2)
    county.bureaus[1].down = True
    log, gatherer = county.open()
    county.record(log)
    gather(gatherer)
    assert signed(county, log)[1] == ["w1", "w3"]


def test_with_too_few_nothing_blocks_and_it_is_made_up_for(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "LONGEST_PAUSE", 0.0)
    county = make(3, 2)
    for bureau in county.bureaus[:2]:
        bureau.down = True
    log, gatherer = county.open()
    county.record(log)
    gather(gatherer)
    assert county.plant(log).provisional
    gather(gatherer)
    gather(gatherer)
    assert signed(county, log) == (0, [])
    assert len(county.bureaus[2].asked) == 2  # who has signed it is not asked for it again
    county.bureaus[0].down = False
    gather(gatherer)
    assert signed(county, log) == (len(county.world.entries), ["w1", "w3"])


def test_who_does_not_answer_is_left_alone_for_a_while(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    county = make(2, 2)
    lost = county.bureaus[0]
    lost.fault = lambda request: httpx.Response(500, text="no")
    log, gatherer = county.open()
    county.record(log)
    for _ in range(3):
        gather(gatherer)
    assert len(lost.asked) == 1
    assert sum("w1 did not sign" in entry.message for entry in caplog.records) == 1


def test_one_that_hangs_holds_nobody_up(make: Make) -> None:
    county = make(3, 2)
    county.bureaus[0].hangs = True
    log, gatherer = county.open()
    county.record(log)
    gather(gatherer)
    assert signed(county, log)[1] == ["w2", "w3"]


def test_and_is_given_up_where_it_is_needed(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "PATIENCE", 0.05)
    county = make(2, 2)
    county.bureaus[0].hangs = True
    log, gatherer = county.open()
    county.record(log)
    gather(gatherer)
    assert signed(county, log) == (0, [])


@pytest.mark.parametrize(
    "answered",
    [
        "",
        "no",
        "— w1.example AAAAAAA\n",
        "x" * (asking.MAX_ANSWER + 1),
        "\n— w1.example AAAAAAAA\n",
        "another's",
        "another size",
    ],
)
def test_what_is_no_cosignature_of_this_does_not_count(make: Make, answered: str) -> None:
    county = make(2, 1)
    county.bureaus[1].down = True
    bad = county.bureaus[0]
    vkey, key = bad.vkey, PrivateKey.from_pem((bad.folder / "witness.key").read_bytes())

    def lie(request: httpx.Request) -> httpx.Response:
        asked = AddCheckpoint.parse(request.content.decode())
        if answered == "another's":
            return httpx.Response(200, text=str(cosign(asked.checkpoint, vkey.name, PrivateKey.generate(), 1)))
        if answered == "another size":
            return httpx.Response(200, text=str(cosign(county.world.checkpoint(), vkey.name, key, 1)))
        return httpx.Response(200, text=answered)

    log, gatherer = county.open()
    county.record(log)
    planted(county.world)
    bad.fault = lie
    gather(gatherer)
    assert signed(county, log) == (0, [])


@pytest.mark.parametrize("size", ["5", "nonsense\n", "-1\n", ""])
def test_a_size_that_is_none_is_not_believed(make: Make, size: str) -> None:
    county = make(1, 1)
    county.bureaus[0].fault = lambda request: httpx.Response(
        409, text=size, headers={"content-type": "text/x.tlog.size"}
    )
    log, gatherer = county.open()
    county.record(log)
    gather(gatherer)
    assert signed(county, log) == (0, [])


def test_a_witness_that_contradicts_itself_is_not_asked_for_ever(make: Make) -> None:
    county = make(1, 1)
    sizes = iter(range(1, 1000))
    county.bureaus[0].fault = lambda request: httpx.Response(
        409, text=f"{next(sizes)}\n", headers={"content-type": "text/x.tlog.size"}
    )
    log, gatherer = county.open()
    county.record(log)
    gather(gatherer)
    assert len(county.bureaus[0].asked) == asking.TRIES


def test_of_two_processes_one_asks_and_the_other_takes_over(make: Make) -> None:
    county = make(1, 1)
    log, one = county.open()
    _, other = county.open()
    county.record(log)
    gather(one)
    county.plant(log)
    gather(other)
    assert len(county.bureaus[0].asked) == 1
    one.close()
    gather(other)
    assert signed(county, log)[0] == len(county.world.entries)


def test_a_policy_that_asks_for_more_is_not_content_with_what_is_stored(make: Make) -> None:
    county = make(2, 1)
    county.bureaus[1].down = True
    log, gatherer = county.open()
    county.record(log)
    gather(gatherer)
    assert signed(county, log)[1] == ["w1"]
    known = [policy.Witness(bureau.name, bureau.vkey, bureau.url) for bureau in county.bureaus]
    repin(county.settings, county.world, known, 2)
    county.bureaus[1].down = False
    gatherer.close()
    log, gatherer = county.open()
    assert log.journal.published() is None
    county.plant(log)
    gather(gatherer)
    assert signed(county, log)[1] == ["w1", "w2"]


# --- what witnesses hold against us --------------------------------------------------------------------------------


def restored(county: County, tmp_path: Path) -> Path:
    """A backup of everything, lock included, from before the last checkpoint that was witnessed."""
    log, gatherer = county.open()
    county.record(log)
    gather(gatherer)
    backup = county.copy(tmp_path / "backup")
    county.plant(log)
    county.plant(log)
    gather(gatherer)
    return backup


def test_a_restored_backup_does_not_start(make: Make, tmp_path: Path) -> None:
    """One of three that remembers is enough: what it shows was signed with our own key."""
    county = make(3, 2)
    backup = restored(county, tmp_path)
    for bureau in county.bureaus[1:]:
        bureau.down = True
    _, gatherer = county.open(backup)
    with pytest.raises(Stopped) as stopped:
        ask_first(gatherer)
    size = len(county.world.entries)
    assert (stopped.value.code, stopped.value.params) == (
        "witness-ahead",
        {"path": "w1", "has": size - 2, "wanted": size},
    )


def test_nor_does_it_where_it_went_on_while_nobody_could_be_asked(make: Make, tmp_path: Path) -> None:
    county = make(3, 2)
    backup = restored(county, tmp_path)
    log, gatherer = county.open(backup)
    for _ in range(3):
        planted(county.world, by="coop")  # the farm's notebook is further on than this database
    for bureau in county.bureaus:
        bureau.down = True
    county.record(log)
    ask_first(gatherer)  # nobody answers: it goes on
    for bureau in county.bureaus:
        bureau.down = False
    county.bureaus[0].down = True
    with pytest.raises(Stopped, match="witness-beside"):
        ask_first(gatherer)


def test_in_the_background_it_stops_the_journal(make: Make, tmp_path: Path) -> None:
    county = make(2, 2)
    backup = restored(county, tmp_path)
    for bureau in county.bureaus:
        bureau.down = True
    log, gatherer = county.open(backup, pace=0.01)
    stopped: list[Stopped] = []
    stop = log.journal.stop
    done = asyncio.Event()

    async def in_the_background() -> None:
        def note(why: Stopped) -> None:
            stopped.append(why)
            stop(why)
            done.set()

        log.journal.stop = note  # type: ignore[method-assign]
        working = asyncio.create_task(gatherer._work())
        for bureau in county.bureaus:
            bureau.down = False
        await asyncio.wait_for(done.wait(), 10)
        await working

    asyncio.run(in_the_background())
    assert stopped[0].code == "witness-ahead"
    planted(county.world)
    with pytest.raises(Stopped, match="witness-ahead"):
        append(log.journal, county.world, county.world.statements[-1:])


def says(size: int) -> Callable[[httpx.Request], httpx.Response | None]:
    """A witness that says it saw so many, and shows nothing for it."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(404)
        return httpx.Response(409, text=f"{size}\n", headers={"content-type": "text/x.tlog.size"})

    return answer


def test_one_liar_does_not_stop_a_county(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    county = make(3, 2)
    log, gatherer = county.open()
    county.record(log)
    county.bureaus[0].fault = says(1 << 60)
    ask_first(gatherer)
    assert signed(county, log)[1] == ["w2", "w3"]
    assert "witness-ahead" in caplog.text
    county.bureaus[0].fault = lambda request: httpx.Response(422 if request.method == "POST" else 404)
    county.plant(log)
    ask_first(gatherer)
    assert signed(county, log)[1] == ["w2", "w3"]
    assert not log.journal._stopped


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (says(1 << 60), "witness-ahead"),
        (lambda request: httpx.Response(422 if request.method == "POST" else 404), "witness-beside"),
    ],
)
def test_the_word_of_a_quorum_does(make: Make, fault: Callable[..., httpx.Response], code: str) -> None:
    county = make(3, 2)
    log, gatherer = county.open()
    county.record(log)
    for bureau in county.bureaus[:2]:
        bureau.fault = fault
    with pytest.raises(Stopped, match=code):
        ask_first(gatherer)


def test_what_our_own_key_did_not_sign_is_no_proof(make: Make) -> None:
    county = make(3, 2)
    log, gatherer = county.open()
    county.record(log)
    bad = county.bureaus[0]
    forged = county.world.note().replace(f"\n{len(county.world.entries)}\n", "\n9999\n")

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, text=forged)
        return httpx.Response(409, text="9999\n", headers={"content-type": "text/x.tlog.size"})

    bad.fault = answer
    ask_first(gatherer)
    assert signed(county, log)[1] == ["w2", "w3"]


def test_another_process_that_went_on_is_no_contradiction(make: Make) -> None:
    """The witness saw more than it is asked about, and so did our own database by then."""
    county = make(1, 1)
    log, gatherer = county.open()
    county.record(log)
    bureau = county.bureaus[0]
    _, other = county.open()
    raced: list[bool] = []

    def race(request: httpx.Request) -> httpx.Response | None:
        if not raced:
            raced.append(True)
            planted(county.world)
            # As another process's round would: the log grows, and the witness is asked about it first.
            with ThreadPoolExecutor(1) as process:
                process.submit(lambda: (county.record(log), ask_first(other))).result()
        return None

    bureau.fault = race
    ask_first(gatherer)
    assert signed(county, log)[0] == len(county.world.entries)


# --- clocks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("off", [-3600, 3600])
def test_one_wrong_clock_is_told_and_two_of_three_stop_us(
    make: Make, off: float, caplog: pytest.LogCaptureFixture
) -> None:
    county = make(3, 2)
    county.bureaus[2].off = off
    log, gatherer = county.open()
    county.record(log)
    with caplog.at_level(logging.WARNING):
        gather(gatherer)
    assert signed(county, log)[0] == len(county.world.entries)
    assert "clock of witness w3" in caplog.text
    county.bureaus[0].off = off
    county.plant(log)
    with pytest.raises(Stopped) as stopped:
        gather(gatherer)
    assert (stopped.value.code, stopped.value.params["path"]) == ("clock-witness", "w1, w3")
    assert 3500 < int(stopped.value.params["has"]) <= 3600


@pytest.mark.parametrize("off", [-50, 50])
def test_clocks_differ_a_little(make: Make, off: float) -> None:
    county = make(1, 1)
    county.bureaus[0].off = off
    log, gatherer = county.open()
    county.record(log)
    gather(gatherer)
    assert signed(county, log)[0] == len(county.world.entries)


def test_one_whose_clock_was_set_right_counts_no_more(make: Make) -> None:
    county = make(3, 2)
    log, gatherer = county.open()
    county.record(log)
    for bureau in county.bureaus:
        bureau.off = 3600
        county.plant(log)
        gather(gatherer)
        bureau.off = 0
        county.plant(log)
        gather(gatherer)
    assert signed(county, log)[0] == len(county.world.entries)


# --- the thread ----------------------------------------------------------------------------------------------------


def test_it_ends_though_a_question_is_out(make: Make) -> None:
    county = make(2, 1)
    log, gatherer = county.open(pace=0.001)
    county.record(log)
    gatherer.begin()
    for bureau in county.bureaus:
        bureau.hangs = True
    county.plant(log)
    gatherer.close()
    gatherer.close()


def test_a_start_that_is_refused_leaves_nothing_running(make: Make, tmp_path: Path) -> None:
    county = make(1, 1)
    backup = restored(county, tmp_path)
    _, gatherer = county.open(backup)
    with pytest.raises(Stopped, match="witness-ahead"):
        gatherer.begin()
    assert gatherer._loop is None


def test_where_nobody_is_known_it_is_told(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    county = make(1, 1)
    repin(county.settings, county.world, [policy.Witness("w1", county.bureaus[0].vkey)], 1)
    log, gatherer = county.open()
    county.record(log)
    gatherer.begin()
    gatherer.close()
    assert "nobody knows where they are" in caplog.text
    assert log.journal.published() is None
