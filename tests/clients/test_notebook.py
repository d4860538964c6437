"""The notebook on the disk: killed at every step, shared by processes, behind and ahead of its service."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from clients.device import Device
from clients.draft import draft
from clients.errors import NoDevice
from clients.notebook import Kept, Notebook
from ledger.errors import BadProof
from ledger.identity import ChainId
from ledger.statement import present
from tests.clients.honest import Service
from tests.clients.signer import AT, PLANTING
from tests.world import World

ROOT = Path(__file__).parents[2]


def run(folder: Path, what: str, *more: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.clients.signer", str(folder), what, *more]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def killed(folder: Path, what: str) -> list[str]:
    with run(folder, what) as program:
        said, _ = program.communicate(timeout=60)
    assert program.returncode == -signal.SIGKILL
    return said.split()


def linked(kept: Iterable[Kept]) -> bool:
    """Numbers without gap or repeat, each naming the one before."""
    live = sorted((one.statement for one in kept if one.state not in ("refused", "replaced")), key=lambda one: one.n)
    befores = [None, *(one.hash for one in live)]
    return [(one.n, one.after) for one in live] == list(enumerate(befores[:-1]))


def test_killed_while_signing_nothing_is_there_and_the_number_is_free(device: Device) -> None:
    assert killed(device.folder, "in-signing") == []
    with Notebook(device) as notebook:
        assert notebook.all() == []
        (kept,) = notebook.sign([draft("plant", PLANTING, at=AT)])
        assert kept.statement.n == 0


def test_killed_after_signing_it_is_there(device: Device) -> None:
    said = killed(device.folder, "signed")
    with Notebook(device) as notebook:
        assert [kept.hash for kept in notebook.outgoing()] == said
        (kept,) = notebook.sign([draft("plant", PLANTING, at=AT)])
        assert (kept.statement.n, kept.statement.after) == (1, said[0])


def test_what_is_sent_is_in_the_notebook_before(device: Device) -> None:
    killed(device.folder, "sending")
    with Notebook(device) as notebook:
        (kept,) = notebook.outgoing()
        assert (device.folder / "sent").read_text() == present(kept.statement.jws, kept.disclosures)


def test_killed_between_answer_and_store_it_is_sent_again_and_gets_the_same(
    device: Device, service: Service, world: World, tmp_path: Path
) -> None:
    said = killed(device.folder, "sending")
    with Notebook(device) as notebook:
        (kept,) = notebook.outgoing()
    world.disclosures[kept.hash] = []
    statement = kept.statement
    # The made-up product is nothing to this service.
    world.put(statement)
    answer = {"statement": statement.hash, "receipt": json.loads(world.receipt(statement).text())}
    (device.folder / "answer").write_text(json.dumps(answer))
    killed(device.folder, "storing")
    with Notebook(device) as notebook:
        (again,) = notebook.outgoing()
        assert again == kept
        assert (device.folder / "sent").read_text() == present(statement.jws, kept.disclosures)
        notebook.settle(again.hash, answer)
        assert [one.hash for one in notebook.all("receipted")] == said


@pytest.mark.parametrize("heard", [1, 7, 30])
def test_killed_anywhere_what_was_said_is_kept(device: Device, heard: int) -> None:
    with run(device.folder, "many", "100000") as program:
        assert program.stdout
        assert program.stdin
        program.stdin.write("\n")
        program.stdin.flush()
        said = [program.stdout.readline().strip() for _ in range(heard)]
        program.kill()
    with Notebook(device) as notebook:
        kept = notebook.all()
        assert [one.hash for one in kept][:heard] == said
        assert linked(kept)


def test_processes_that_share_a_notebook_never_take_the_same_number(device: Device) -> None:
    programs = [run(device.folder, "many", "100") for _ in range(3)]
    # Together, when all of them stand.
    for program in programs:
        assert program.stdin
        program.stdin.write("\n")
        program.stdin.flush()
    said = [line for program in programs for line in program.communicate(timeout=120)[0].split()]
    assert [program.returncode for program in programs] == [0, 0, 0]
    with Notebook(device) as notebook:
        kept = notebook.all()
        assert len(kept) == 300
        assert {one.hash for one in kept} == set(said)
        assert linked(kept)


def test_it_is_fully_durable_and_private(device: Device) -> None:
    with Notebook(device) as notebook:
        notebook.sign([draft("plant", {**PLANTING, "person": "王芳"}, at=AT)])
        (synchronous,) = notebook._db.execute("PRAGMA synchronous").fetchone()
        assert synchronous == 2
        files = list(device.folder.glob("notebook.sqlite*"))
        assert len(files) == 3
        assert {path.stat().st_mode & 0o077 for path in files} == {0}


def test_all_or_none(device: Device) -> None:
    good = draft("plant", PLANTING, at=AT)
    with Notebook(device) as notebook:
        with pytest.raises(Exception, match="missing"):
            notebook.sign([good, good, draft("plant", {}, at=AT)])
        assert notebook.all() == []
        with pytest.raises(KeyError):
            notebook["A" * 43]  # type: ignore[index]


def test_what_does_not_continue_the_notebook_is_not_adopted(device: Device, service: Service, world: World) -> None:
    with Notebook(device) as notebook:
        a, b = notebook.sign([draft("plant", PLANTING, at=AT), draft("plant", {**PLANTING, "plot": "2"}, at=AT)])
        with pytest.raises(BadProof, match="notebook-fork"):
            notebook.adopt([b.statement])
        notebook.adopt([a.statement])
        notebook.adopt([])
        assert [one.state for one in notebook.all()] == ["waiting", "waiting"]


def test_refusing_what_no_longer_waits_changes_nothing(device: Device) -> None:
    with Notebook(device) as notebook:
        (kept,) = notebook.sign([draft("plant", PLANTING, at=AT)])
        assert len(notebook.refuse(kept.hash, {"code": "x"})) == 1
        assert notebook.refuse(kept.hash, {"code": "y"}) == []
        assert notebook[kept.hash].answer == {"code": "x"}


def test_without_a_party_nothing_is_signed(service: Service, tmp_path: Path) -> None:
    device = Device.create(tmp_path / "new", "https://x.example", service.pin)
    with Notebook(device) as notebook, pytest.raises(NoDevice, match="no-party"):
        notebook.sign([draft("plant", PLANTING, at=AT)])


@given(
    st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=8),
    st.lists(st.integers(0, 7), max_size=4),
)
@example(batches=[(0, False)] * 5 + [(0, True)], refused=[5, 0, 3])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_refused_the_rest_is_one_unbroken_notebook(
    service: Service,
    tmp_path_factory: pytest.TempPathFactory,
    batches: list[tuple[int, bool]],
    refused: list[int],
) -> None:
    """Each statement makes a batch, from an earlier one or from nothing; some are refused, then all are retried."""
    party = ChainId("P" * 42 + "A")
    device = Device.create(tmp_path_factory.mktemp("d") / "d", "https://x.example", service.pin, party=party)
    with Notebook(device, clock=lambda: 0) as notebook:
        made: list[Kept] = []
        for number, (back, hangs) in enumerate(batches, 1):
            outputs = [{"product": "A" * 43, "quantity": {"unit": "kg", "value": str(number)}}]
            inputs = [{"batch": made[-1 - back].statement.created[0]}] if hangs and back < len(made) else []
            fields: dict[str, Any] = {
                "outputs": outputs,
                **({"inputs": inputs} if inputs else {}),
                "note": f"n{number}",
            }
            made += notebook.sign([draft("harvest" if inputs else "plant", fields, at=AT)])
        for number in refused:
            waiting = notebook.outgoing()
            if number < len(waiting):
                notebook.refuse(waiting[number].hash, {"code": "x"})
            assert linked(notebook.all())
        notebook.retry(one.hash for one in notebook.all("refused"))
        live = notebook.outgoing()
        assert linked(live)
        # Nothing is lost, nothing twice, and every batch is made of one that there is.
        values = [one.statement.body["outputs"][0]["quantity"]["value"] for one in live]
        assert sorted(values) == sorted(map(str, range(1, len(batches) + 1)))
        there = {chain for one in live for chain in one.statement.created}
        assert {chain for one in live for chain in one.statement.on} <= there
