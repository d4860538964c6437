"""A day's heads are made once a day, by the operator's key alone, and are what the log comes to."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from app.heads import making
from app.heads.making import DAY, KEY, PAUSE, Daily, make_heads
from app.heads.signing import Hand
from app.keyring import write_key
from app.main import create_app
from app.recording import Appended
from ledger import b64u
from ledger.errors import NotAllowed
from ledger.heads import Heads as Walk
from ledger.keys import PrivateKey
from tests.app.heads.conftest import Town
from tests.app.visiting import visiting
from tests.world import secret


def make(town: Town, name: str = "operator") -> Appended:
    return asyncio.run(make_heads(town.settings, town.engine, town.log, secret(name), town.now))


def expected(town: Town) -> dict[str, Any]:
    walk = Walk()
    for entry in town.world.entries:
        walk.add(entry.chain, entry.hash(), entry.seq)
    lines = walk.at(walk.size)
    return {"count": len(town.world.heads), "root": b64u.encode(lines.root), "size": walk.size}


def test_it_says_what_the_entries_come_to(town: Town) -> None:
    # Each entry was received at another time than in the world, and so has another hash: only the counts are equal.
    made, wanted = make(town).statement, expected(town)
    assert (made.kind, made.body["count"], made.body["size"]) == ("log.heads", wanted["count"], wanted["size"])
    assert made.seen is not None
    assert made.seen[0] == wanted["size"]
    again = make(town).statement
    assert (again.n, again.after, again.body["count"]) == (made.n + 1, made.hash, wanted["count"] + 1)


def test_a_process_of_its_own_counts_the_same(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    here = asyncio.run(making._count(town.settings, town.log.log_id, 30))
    monkeypatch.setattr(making, "BESIDE", 0)
    assert asyncio.run(making._count(town.settings, town.log.log_id, 30)) == here


def test_nobody_else_may(town: Town) -> None:
    with pytest.raises(NotAllowed, match="role"):
        make(town, "farm")
    with pytest.raises(NotAllowed, match="key-unknown"):
        make(town, "a stranger")


def test_it_is_made_when_a_day_has_passed(town: Town) -> None:
    now = town.now
    times = iter([now, now + 1000, now + DAY - 1, now + DAY + 60_000])
    daily = Daily(town.settings, town.engine, town.log, town.heads, lambda: next(times))

    async def steps() -> list[int]:
        return [await daily.step() for _ in range(4)]

    first, second, third, fourth = asyncio.run(steps())
    assert (first, fourth) == (DAY, DAY)
    assert DAY - 1000 <= second <= DAY + 59_000
    assert 0 < third <= 60_001
    with town.engine.connect() as connection:
        kinds = connection.exec_driver_sql("SELECT count(*) FROM statements WHERE kind = 'log.heads'").scalar_one()
    assert kinds == 2


def test_without_a_key_it_waits_for_one(town: Town) -> None:
    (town.settings.keys / KEY).unlink()
    daily = Daily(town.settings, town.engine, town.log, town.heads, lambda: 0)
    assert asyncio.run(daily.step()) == PAUSE


def test_a_closed_log_gets_no_more(town: Town) -> None:
    town.log.journal.registry.closed = "log.example.org/next"
    daily = Daily(town.settings, town.engine, town.log, town.heads, lambda: 0)
    assert asyncio.run(daily.step()) == PAUSE


def test_what_fails_is_tried_again_and_stops_nothing(
    town: Town, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (town.settings.keys / KEY).unlink()
    write_key(town.settings.keys / KEY, PrivateKey.generate())
    daily = Daily(town.settings, town.engine, town.log, town.heads)
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        raise asyncio.CancelledError

    monkeypatch.setattr(making.asyncio, "sleep", pause)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(daily.run())
    assert pauses == [PAUSE / 1000]
    assert "no daily heads" in caplog.text


def test_two_who_sign_at_once_both_get_in(town: Town) -> None:
    """Another process may use the same key: who comes second signs again."""

    async def both() -> list[Appended]:
        bodies = [{"count": 1, "root": b64u.encode(bytes(32)), "size": size} for size in (1, 2)]
        hands = [Hand(town.engine, town.log, secret("operator")) for _ in bodies]
        stated = (hand.state("log.heads", body, town.now) for hand, body in zip(hands, bodies, strict=True))
        return list(await asyncio.gather(*stated))

    assert sorted(made.statement.n for made in asyncio.run(both())) == [0, 1]


def test_a_running_service_makes_them_by_itself_and_tells_of_them(tmp_path: Path, town: Town) -> None:
    town.log.journal.close()
    with visiting(create_app(town.settings)) as visitor:
        for _ in range(200):
            told = visitor.get("/v1/log", {"accept": "application/json"}).json()["heads"]
            if told is not None:
                break
    assert told is not None
    assert told["size"] == told["index"] == len(town.world.entries)
    assert told["count"] == len(town.world.heads)


def test_the_regulator_sees_how_far_nothing_can_be_hidden(town: Town) -> None:
    """On the page of the log, as words and as data."""
    made = make(town)
    told = town.heads.standing(made.first_index + 1)
    assert told is not None
    assert (told.index, told.size, told.root) == (
        made.first_index,
        made.statement.body["size"],
        made.statement.body["root"],
    )
    assert town.heads.standing(made.first_index) is None
