"""A second history, perfect in itself, under the log's own key: whoever remembers anything of the first finds it."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from app.audit.report import Report
from app.errors import Stopped
from clients.client import Client
from clients.device import Device
from clients.monitor.monitor import Monitor
from clients.witness.witness import Witness, make
from ledger import b64u
from ledger.canonical import Json
from ledger.errors import BadProof
from ledger.fork import parse as parse_fork
from ledger.fork import prove_fork
from ledger.identity import ChainId
from ledger.policy import Pin
from ledger.replay import Fault
from ledger.verdict import Invalid
from ledger.verify import verify
from tests.app.witnessing.county import County
from tests.app.witnessing.county import witnessed as watched
from tests.attacks.operator import asks, backdated, cut, edited, gone_on, publish, swapped, without
from tests.attacks.wire import Wire
from tests.bundles import bundle_of, daily_heads, lines_at, pin_of
from tests.conformance.good import shipped_abroad, taken_in
from tests.conformance.town import Town, witnessed, witnessed_pin
from tests.parts.processes import free_port
from tests.parts.service import serving
from tests.world import county as whole_county
from tests.world import planted

Forge = Callable[[Town], Town]

REWRITTEN: Mapping[str, Forge] = {
    "edited": lambda true: edited(true, true.statements[-2], "采前", "采后"),
    "dropped": lambda true: without(true, true.statements[-2]),
    "renumbered": lambda true: swapped(true, true.statements[-1], true.statements[-2]),
    "backdated": lambda true: backdated(true, true.statements[-2]),
    "tail deleted": lambda true: cut(true, len(true.entries) - 2),
}
"""Histories that never were."""


@pytest.fixture(params=REWRITTEN)
def forged(request: pytest.FixtureRequest, honest: Town, chain: ChainId) -> Town:
    """Another history, longer than the true one; its database, lock and checkpoints are sound."""
    forge: Forge = REWRITTEN[request.param]
    return gone_on(forge(honest), chain)


@pytest.fixture
def backdating(honest: Town, chain: ChainId) -> Town:
    """The one of them that nothing in it tells of."""
    return gone_on(backdated(honest, honest.statements[-2]), chain)


# --- witnesses -----------------------------------------------------------------------------------------------------


@pytest.fixture
def witness(tmp_path: Path, honest: Town) -> Iterator[Witness]:
    """A witness that has cosigned the true log."""
    make(tmp_path / "witness", "witness.example.org")
    with closing(Witness(tmp_path / "witness", [honest.vkey])) as witness:
        assert witness.add_checkpoint(asks(honest, 0))
        yield witness


def test_a_witness_does_not_cosign_it(witness: Witness, honest: Town, chain: ChainId, forged: Town) -> None:
    """It keeps what it refused, signed by the log as it is; what continues the true log it goes on cosigning."""
    with pytest.raises(BadProof, match=r"^consistency"):
        witness.add_checkpoint(asks(forged, len(honest.entries)))
    (kept,) = witness.store.refused(honest.log)
    assert kept.note == forged.note()
    assert witness.add_checkpoint(asks(gone_on(honest, chain), len(honest.entries) - 3))


def test_a_witness_does_not_cosign_a_shorter_log(witness: Witness, honest: Town) -> None:
    shorter = cut(honest, len(honest.entries) - 2)
    with pytest.raises(BadProof, match=r"^witness-old") as caught:
        witness.add_checkpoint(asks(shorter, len(honest.entries)))
    assert caught.value.params["wanted"] == len(honest.entries)


@pytest.fixture
def county(tmp_path: Path) -> Iterator[County]:
    """A county's service with two witnesses, of whom both are wanted; they have cosigned all there is."""
    county = watched(tmp_path / "watched", whole_county(), 2, 2)
    log, gatherer = county.open()
    county.record(log)
    gatherer.begin()
    gatherer.close()
    assert log.journal.published() is not None
    yield county
    county.close()


def test_database_and_lock_are_restored(county: County, tmp_path: Path) -> None:
    """A backup of everything, taken before the last record: the witnesses hold more than it."""
    backup = county.copy(tmp_path / "backup")
    log, gatherer = county.open()
    county.plant(log)
    gatherer.begin()
    _, restored = county.open(backup)
    with pytest.raises(Stopped, match=r"^witness-ahead"):
        restored.begin()


def test_a_second_instance_runs_on_a_copied_folder(county: County, tmp_path: Path) -> None:
    """Each has a lock of its own, and each records: whoever comes second to the witnesses stops."""
    copy = county.copy(tmp_path / "copy")
    (one, asking), (other, asking_too) = county.open(), county.open(copy)
    county.plant(one)
    asking.begin()
    for _ in range(2):
        planted(county.world, by="coop")  # the farm's own notebook went on at the first
    county.record(other)
    with pytest.raises(Stopped, match=r"^witness-beside"):
        asking_too.begin()


# --- parties and their programs ------------------------------------------------------------------------------------


def test_a_client_keeps_both_heads(
    wire: Wire, data: Path, watcher: Client, honest: Town, chain: ChainId, pin: Pin, forged: Town
) -> None:
    """What it is shown does not continue what it saw; both are signed by the log, and that is the proof."""
    with wire.to(data):
        held = watcher.follow()
    assert held is not None
    publish(data, forged)
    with wire.to(data):
        with pytest.raises(BadProof, match=r"^fork") as caught:
            watcher.follow()
        proof = parse_fork(Path(str(caught.value.params["path"])).read_text())
        assert {proof.held, proof.given} == {held.note, forged.note()}
        assert [one.size for one in proof.verify(pin)] == sorted((held.size, len(forged.entries)))
        assert watcher.notebook.heads.seen() == held
    publish(data, gone_on(honest, chain))
    with wire.to(data):
        assert watcher.follow() != held


def test_two_clients_that_were_told_two_stories_compare(
    wire: Wire, data: Path, tmp_path: Path, party: Callable[[Device], Client], pin: Pin, honest: Town, backdating: Town
) -> None:
    """Each finds its own story whole. The two heads side by side convict the log, with nobody else's help."""
    one, other = (party(Device.create(tmp_path / name, "https://county.example", pin)) for name in ("one", "other"))
    with wire.to(data):
        ours = one.follow()
    publish(data, backdating)
    with wire.to(data):
        theirs = other.follow()
    assert ours is not None
    assert theirs is not None
    proof = prove_fork(ours.note, theirs.note, lambda size: backdating.nodes)
    assert [head.size for head in proof.verify(pin)] == [len(honest.entries), len(backdating.entries)]
    with pytest.raises(BadProof, match=r"^no-fork"):
        prove_fork(ours.note, gone_on(honest, honest.statements[-1].on[0]).note(), lambda size: honest.nodes).verify(
            pin
        )


def test_what_a_signer_had_seen_contradicts_it(
    wire: Wire, data: Path, tmp_path: Path, pin: Pin, honest: Town, chain: ChainId, audited: Callable[[], Report]
) -> None:
    """The farm signed what it saw. Who then changes anything before that can tell it to nobody, newcomers included."""
    head = honest.checkpoint()
    late = honest.statements[-2]
    seen = (head.size, b64u.encode(head.root))
    honest.put(honest.statement("observe", "farm", {"growth_stage": "装箱"}, [chain], seen=seen))
    publish(data, honest)
    assert audited().clean
    publish(data, backdated(honest, late))
    assert {failure.check for failure in audited().failures} == {"seen"}
    assert looked(wire, data, tmp_path / "newcomer", pin) == [("seen", "seen-other")]


def test_a_verifier_remembers(honest: Town, chain: ChainId, pin: Pin, forged: Town) -> None:
    """Somebody with one old checkpoint, and a bundle made of the new history with the best proof that it has."""
    known = honest.checkpoint()
    with pytest.raises(Invalid) as caught:
        verify(bundle_of(forged, chain, since=[known.size]).text(), [pin], remembered=[known])
    assert (caught.value.check, caught.value.reason) == (4, "rollback")
    grown = gone_on(honest, chain)
    assert verify(bundle_of(grown, chain, since=[known.size]).text(), [pin], remembered=[known])


def test_another_county_remembers() -> None:
    """What came from a log names the head that was seen there: that log can't be told anew behind the buyer."""
    here, there, chain, origin = shipped_abroad()
    assert isinstance(origin, dict)
    size = int(str(origin["size"]))
    batch = taken_in(there, origin)
    pins = [pin_of(here), pin_of(there)]
    assert verify(bundle_of(there, batch, others=[bundle_of(here, chain, since=[size])]).text(), pins)
    anew = gone_on(backdated(here, here.statements[-2]), chain)
    with pytest.raises(Invalid) as caught:
        verify(bundle_of(there, batch, others=[bundle_of(anew, chain, since=[size])]).text(), pins)
    assert (caught.value.check, caught.value.reason) == (16, "origin")


def test_goods_come_from_a_shipment_that_never_was() -> None:
    """Bought as shipped by another county: its log has the batch, and no such shipment."""
    here, there, chain, origin = shipped_abroad()
    assert isinstance(origin, dict)
    batch = taken_in(there, {**origin, "statement": here.statements[0].hash})
    inner = bundle_of(here, chain, since=[int(str(origin["size"]))])
    with pytest.raises(Invalid) as caught:
        verify(bundle_of(there, batch, others=[inner]).text(), [pin_of(here), pin_of(there)])
    assert (caught.value.check, caught.value.reason) == (16, "origin")


# --- monitors ------------------------------------------------------------------------------------------------------


def looked(wire: Wire, data: Path, folder: Path, pin: Pin) -> list[tuple[str, str]]:
    """What a monitor finds that looks at this service: of each fault the check and the code."""
    told: list[Fault] = []
    with wire.to(data), wire.service as service, closing(Monitor(folder, pin, service, told.append)) as monitor:
        monitor.look()
    return [(fault.check, fault.error.code) for fault in told]


def gengji(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", "from clients.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_a_monitor_keeps_the_proof(data: Path, tmp_path: Path, pin: Pin, backdating: Town) -> None:
    """As programs: a service, a monitor that looks once, the service over another history, and who checks the proof."""
    file, port = tmp_path / "pin.json", free_port()
    file.write_text(pin.text())

    def look() -> "subprocess.CompletedProcess[str]":
        with serving(data, port=port) as (url, _):
            return gengji("monitor", url, "--once", "--pin", file, "--data", tmp_path / "monitor", "--json")

    first = look()
    assert first.returncode == 0, first.stdout + first.stderr
    publish(data, backdating)
    second = look()
    assert second.returncode == 1, second.stderr
    (told,) = (json.loads(line) for line in second.stdout.splitlines())
    assert told["event"] == "fork"
    assert gengji("fork", told["params"]["path"], "--pin", file).returncode == 0


@pytest.mark.parametrize("what", ["edited", "dropped", "renumbered"])
def test_a_monitor_that_never_looked_before(
    wire: Wire, data: Path, tmp_path: Path, pin: Pin, honest: Town, chain: ChainId, what: str
) -> None:
    """It remembers nothing, and recomputes everything: what was done to somebody's records it finds all the same."""
    assert looked(wire, data, tmp_path / "true", pin) == []
    publish(data, gone_on(REWRITTEN[what](honest), chain))
    checks = {check for check, _ in looked(wire, data, tmp_path / "forged", pin)}
    assert checks == ({"signature", "notebook"} if what == "edited" else {"notebook"})


def test_false_daily_heads_are_found(
    wire: Wire, data: Path, tmp_path: Path, pin: Pin, honest: Town, audited: Callable[[], Report]
) -> None:
    """One chain left out of them, so that a bundle could deny what stands there: signed, recorded, and untrue."""
    true = lines_at(honest, len(honest.entries))
    body: dict[str, Json] = {"count": true.count - 1, "root": b64u.encode(true.root), "size": len(honest.entries)}
    honest.forge("log.heads", "operator", body)
    publish(data, honest)
    assert looked(wire, data, tmp_path / "monitor", pin) == [("heads", "heads")]
    assert [failure.check for failure in audited().failures] == ["heads"]


def test_true_daily_heads_are_not(wire: Wire, data: Path, tmp_path: Path, pin: Pin, honest: Town) -> None:
    daily_heads(honest)
    publish(data, honest)
    assert looked(wire, data, tmp_path / "monitor", pin) == []


# --- an operator with helpers --------------------------------------------------------------------------------------


def test_one_witness_of_three_is_not_enough(honest: Town, chain: ChainId, backdating: Town) -> None:
    """It cosigns whatever the operator says; the policy asks for two."""
    pin = witnessed_pin(honest)
    with pytest.raises(Invalid) as caught:
        verify(bundle_of(backdating, chain, note=witnessed(backdating, "archive")).text(), [pin])
    assert (caught.value.check, caught.value.reason) == (3, "quorum")
    assert verify(bundle_of(honest, chain, note=witnessed(honest, "school", "market")).text(), [pin])


def test_a_quorum_is_enough_but_not_for_who_remembers(honest: Town, chain: ChainId, backdating: Town) -> None:
    """Who sees the log for the first time takes it for true: that stays open. Who saw it before does not."""
    pin, known = witnessed_pin(honest), honest.checkpoint()
    told = bundle_of(backdating, chain, note=witnessed(backdating, "archive", "market"), since=[known.size]).text()
    assert "first-sight" in {remark.code for remark in verify(told, [pin]).remarks}
    with pytest.raises(Invalid) as caught:
        verify(told, [pin], remembered=[known])
    assert (caught.value.check, caught.value.reason) == (4, "rollback")
