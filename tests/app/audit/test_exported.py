"""``gengji audit --from``: whatever is done to an exported folder is found, and the file or the record is named."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from app.audit import exported
from app.audit.commands import OWN_PIN, audit
from app.audit.exported import audit_folder
from app.audit.report import Report
from app.db import connect
from app.publishing.commands import export
from app.publishing.reading import split_bundle, statement_line
from ledger import b64u, checkpoint
from ledger.checkpoint import COSIGNATURE, Checkpoint, Note, VKey
from ledger.entry import parse
from ledger.identity import ChainId
from ledger.merkle import Hash, leaf_hash
from ledger.policy import Group, Pin, Policy, Witness
from ledger.tiles import Frontier
from tests.app.audit.tampering import story
from tests.app.seeding import append, journal
from tests.app.seeding import folder as folder_of
from tests.world import World, secret


@dataclass(frozen=True)
class Exported:
    world: World
    folder: Path
    pin: Pin


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """The story, each statement in a commit of its own and signed by somebody who had seen the one before."""
    world = story()
    settings = folder_of(tmp_path_factory.mktemp("data"), world)
    engine = connect(settings.url)
    writer = journal(settings, engine, world)
    for statement in world.statements:
        append(writer, world, [statement])
    for number in range(5):
        newest = Checkpoint.parse(Note.parse(str(writer.latest())).text)
        seen = (newest.size, b64u.encode(newest.root))
        lot = world.statements[-1].on[0]
        late = world.statement("observe", "farm", {"growth_stage": f"{number}"}, [lot], seen=seen)
        world.statements.append(late)
        assert isinstance(append(writer, world, [late])[0], object)
    writer.close()
    engine.dispose()
    out = tmp_path_factory.mktemp("out") / "log"
    export(out, data=settings.data)
    return Exported(world, out, Pin.parse(settings.pin.read_text()))


FILES = [
    "checkpoint", "policy.json", "tile/0/000", "tile/0/001", "tile/0/002.p/28", "tile/1/000.p/2",
    "tile/entries/000", "tile/entries/001", "tile/entries/002.p/28",
    "statements/0-255", "statements/256-511", "statements/512-539",
]  # fmt: skip


@pytest.fixture
def copy(kept: Exported, tmp_path: Path) -> Callable[[], Path]:
    """A fresh copy of the folder to meddle with, each time in the same place."""

    def fresh() -> Path:
        shutil.rmtree(tmp_path / "log", ignore_errors=True)
        shutil.copytree(kept.folder, tmp_path / "log")
        return tmp_path / "log"

    return fresh


def named(report: Report) -> set[str]:
    """The files that are named."""
    return {failure.key for failure in report.failures if failure.table == "files"}


def test_everything_is_looked_at(kept: Exported) -> None:
    report = audit_folder(kept.folder, kept.pin)
    assert report.clean, report.failures
    assert report.checked == {"files": len(FILES), "entries": 540, "statements": len(kept.world.statements)}
    assert {path.relative_to(kept.folder).as_posix() for path in kept.folder.rglob("*") if path.is_file()} == {
        *FILES, "README"
    }  # fmt: skip


@pytest.mark.parametrize("beside", [0, 5000])
def test_signatures_in_place_and_in_processes(
    kept: Exported, copy: Callable[[], Path], monkeypatch: pytest.MonkeyPatch, beside: int
) -> None:
    monkeypatch.setattr(exported, "BESIDE", beside)
    folder = copy()
    lines = (folder / "statements/256-511").read_text().splitlines()
    index, jws = (json.loads(lines[0])[name] for name in ("index", "statement"))
    head, middle, _ = jws.split(".")
    forged = f"{head}.{middle}.{b64u.encode(secret('shop').sign(f'{head}.{middle}'.encode()))}"
    (folder / "statements/256-511").write_bytes(statement_line(index, forged) + "\n".join([*lines[1:], ""]).encode())
    report = audit_folder(folder, kept.pin)
    assert report.bad["signature"] == 1
    assert ("signature", str(index)) in {(one.check, one.key) for one in report.failures}


# --- each kind of file: changed, cut, deleted, swapped, one too many ------------------------------------------------


def edits(data: bytes) -> Iterator[bytes]:
    for place in (0, len(data) // 3, len(data) // 2, len(data) - 1):
        yield data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
    yield data[:-1]
    yield data[: len(data) // 2]
    yield b""
    yield data + b"\n"
    yield data + data
    yield b"\xff" * len(data)


@pytest.mark.parametrize("path", FILES)
def test_a_file_that_is_changed_or_cut_is_named(kept: Exported, copy: Callable[[], Path], path: str) -> None:
    folder = copy()
    good = (folder / path).read_bytes()
    for number, bad in enumerate(edits(good)):
        (folder / path).write_bytes(bad)
        report = audit_folder(folder, kept.pin)
        if path == "policy.json" and bad == good + b"\n":
            assert report.clean, "editors end files with a newline"
            continue
        assert report.first is not None, (path, number)
        if path.startswith("statements/") and report.first.table == "statements":
            first, last = path.removeprefix("statements/").split("-")
            assert int(first) <= int(report.first.key) <= int(last), (path, number)
        else:
            assert (report.first.table, report.first.key) == ("files", path), (path, number, report.first)


@pytest.mark.parametrize("path", [path for path in FILES if not path.startswith("policy")])
def test_a_file_that_is_gone_is_named(kept: Exported, copy: Callable[[], Path], path: str) -> None:
    folder = copy()
    (folder / path).unlink()
    report = audit_folder(folder, kept.pin)
    assert report.first is not None
    assert (report.first.table, report.first.key, report.first.code) == ("files", path, "absent")
    assert "不见了" in report.first.words("zh")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("tile/0/000", "tile/0/001"),
        ("tile/entries/000", "tile/entries/001"),
        ("statements/0-255", "statements/256-511"),
        ("statements/256-511", "statements/512-539"),
        ("tile/0/001", "tile/entries/001"),
        ("checkpoint", "policy.json"),
        ("tile/0/002.p/28", "tile/1/000.p/2"),
    ],
)
def test_files_that_are_swapped_are_named(kept: Exported, copy: Callable[[], Path], one: str, other: str) -> None:
    folder = copy()
    first = (folder / one).read_bytes()
    shutil.copy(folder / other, folder / one)
    (folder / other).write_bytes(first)
    report = audit_folder(folder, kept.pin)
    assert report.first is not None
    assert report.first.key in (one, other)
    assert named(report) >= ({one} if one == "checkpoint" else {one, other})


def test_tile_and_entries_swapped_together_are_not_where_they_belong(kept: Exported, copy: Callable[[], Path]) -> None:
    folder = copy()
    for kind in ("0", "entries"):
        (folder / f"tile/{kind}/000").rename(folder / "was")
        (folder / f"tile/{kind}/001").rename(folder / f"tile/{kind}/000")
        (folder / "was").rename(folder / f"tile/{kind}/001")
    report = audit_folder(folder, kept.pin)
    assert report.first is not None
    assert (report.first.check, report.first.key) == ("entry", "0")


@pytest.mark.parametrize(
    "path",
    ["tile/0/002", "tile/0/002.p/27", "tile/0/003", "tile/1/000", "tile/entries/000.p/5", "statements/512-600",
     "statements/notes.txt", "tile/2/000.p/1", ".DS_Store", "checkpoint.old", ".export"],
)  # fmt: skip
def test_a_file_too_many_is_named(kept: Exported, copy: Callable[[], Path], path: str) -> None:
    folder = copy()
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(b"x")
    report = audit_folder(folder, kept.pin)
    assert [(one.key, one.code) for one in report.failures] == [(path, "extra")]


def test_a_folder_that_leads_elsewhere(kept: Exported, copy: Callable[[], Path]) -> None:
    folder = copy()
    (folder / "tile" / "more").symlink_to(folder / "tile" / "0")
    assert named(audit_folder(folder, kept.pin)) == {"tile/more"}


@pytest.mark.parametrize("path", ["checkpoint", "policy.json", "tile/0/000", "tile/entries/000", "statements/0-255"])
@pytest.mark.parametrize("put", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_a_file_that_never_ends_or_never_begins_holds_nobody_up(
    kept: Exported, copy: Callable[[], Path], path: str, put: Callable[[Path], None]
) -> None:
    folder = copy()
    (folder / path).unlink()
    put(folder / path)
    if path != "policy.json":
        assert path in named(audit_folder(folder, kept.pin))
    else:
        assert audit(from_=folder) == 2


def test_an_endless_checkpoint_is_not_read_to_its_end(kept: Exported, copy: Callable[[], Path]) -> None:
    folder = copy()
    with (folder / "checkpoint").open("ab") as file:
        file.truncate(1 << 36)
    assert named(audit_folder(folder, kept.pin)) == {"checkpoint"}


# --- the least that follows ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", [0, 255, 256, 300, 511, 512, 539])
def test_of_one_damaged_entry_nothing_follows(kept: Exported, copy: Callable[[], Path], index: int) -> None:
    """Its hash is known from the tile, so chains, tree and roots go on as if it were whole."""
    folder = copy()
    path = folder / f"tile/entries/00{index // 256}{'.p/28' if index >= 512 else ''}"
    entries = [*split_bundle(path.read_bytes())]
    entries[index % 256] = entries[index % 256].replace(b'"seq":', b'"seq":1')
    path.write_bytes(b"".join(len(one).to_bytes(2) + one for one in entries))
    report = audit_folder(folder, kept.pin)
    assert [(one.check, one.key) for one in report.failures] == [
        ("file", path.relative_to(folder).as_posix())
    ]  # fmt: skip


@pytest.mark.parametrize("path", ["tile/0/000", "tile/0/001", "tile/0/002.p/28", "tile/1/000.p/2"])
def test_of_one_damaged_tile_nothing_follows(kept: Exported, copy: Callable[[], Path], path: str) -> None:
    folder = copy()
    data = (folder / path).read_bytes()
    (folder / path).write_bytes(data[:40] + bytes([data[40] ^ 1]) + data[41:])
    report = audit_folder(folder, kept.pin)
    assert [(one.check, one.key) for one in report.failures] == [("file", path)]


def test_where_entries_and_tile_are_both_lost_the_rest_is_still_walked(
    kept: Exported, copy: Callable[[], Path]
) -> None:
    folder = copy()
    (folder / "tile/0/001").unlink()
    (folder / "tile/entries/001").unlink()
    report = audit_folder(folder, kept.pin)
    assert named(report) == {"tile/0/001", "tile/entries/001", "tile/1/000.p/2", "checkpoint"}
    assert report.checked["entries"] == 540
    folder = copy()
    (folder / "tile/entries/001").write_bytes(b"")
    (folder / "tile/0/001").write_bytes(bytes(8192))
    assert named(audit_folder(folder, kept.pin)) >= {"tile/0/001", "tile/entries/001"}


@pytest.mark.parametrize(
    "line",
    [b"\n", b"{}\n", b'{"index":300,"statement":"x" }\n', b'{"index":"300","statement":"x"}\n', b"\xff\n",
     b'{"index":300,"more":1,"statement":"x"}\n', b'{"index":256,"statement":"x"}\n',
     b'{"index":512,"statement":"x"}\n'],
)  # fmt: skip
def test_a_line_that_is_no_statement_is_named(kept: Exported, copy: Callable[[], Path], line: bytes) -> None:
    folder = copy()
    path = folder / "statements/256-511"
    path.write_bytes(path.read_bytes() + line)
    report = audit_folder(folder, kept.pin)
    assert [(one.key, one.code) for one in report.failures] == [("statements/256-511", "changed")]


# --- the checkpoint ---------------------------------------------------------------------------------------------


def sign(world: World, size: int, root: Hash) -> str:
    head = Checkpoint(world.log, size, root)
    return str(Note(str(head), (checkpoint.sign(head, world.log, world.log_key),)))


def test_an_operator_who_signs_more_than_there_is(kept: Exported, copy: Callable[[], Path]) -> None:
    """Also numbers that nobody could walk through."""
    folder = copy()
    for size in (2**64 - 1, 2**53, 100_000):
        (folder / "checkpoint").write_text(sign(kept.world, size, Hash(bytes(32))))
        report = audit_folder(folder, kept.pin)
        assert report.bad["checkpoint"] == 1
        assert report.checked["files"] == 1
        assert ("checkpoint", "beyond") in {(one.key, one.code) for one in report.failures}


def test_an_operator_who_rewrote_an_entry_and_signed_that(kept: Exported, copy: Callable[[], Path]) -> None:
    """Every tile and the checkpoint fit: what does not is the chain, and what a signer had seen."""
    folder = copy()
    leaves, path = [], folder / "tile/entries/001"
    entries = [*split_bundle(path.read_bytes())]
    entries[44] = replace(parse(entries[44].decode()), received=7).text().encode()
    path.write_bytes(b"".join(len(one).to_bytes(2) + one for one in entries))
    for name in ("000", "001", "002.p/28"):
        made = [leaf_hash(entry) for entry in split_bundle((folder / "tile/entries" / name).read_bytes())]
        (folder / "tile/0" / name).write_bytes(b"".join(made))
        leaves += made
    tree = Frontier()
    tree.extend(leaves)
    (folder / "tile/1/000.p/2").write_bytes(b"".join(hash_ for _, _, hash_ in tree.completed()))
    (folder / "checkpoint").write_text(sign(kept.world, 540, tree.root()))
    report = audit_folder(folder, kept.pin)
    assert named(report) == set()
    assert report.first is not None
    assert (report.first.check, report.first.key) == ("entry", "300")
    assert report.bad["seen"] == 5


def test_somebody_elses_signature_or_another_log(kept: Exported, copy: Callable[[], Path]) -> None:
    folder = copy()
    other = World(log="log.example.org/elsewhere")
    good = Checkpoint.parse(Note.parse((folder / "checkpoint").read_text()).text)
    for text, code in (
        (sign(replace(kept.world, log_key=secret("thief")), good.size, good.root), "log-key-new"),
        (sign(other, good.size, good.root), "note-unsigned"),
    ):
        (folder / "checkpoint").write_text(text)
        report = audit_folder(folder, kept.pin)
        assert [(one.key, one.code) for one in report.failures] == [("checkpoint", code)]


def test_a_pin_of_another_log(kept: Exported) -> None:
    report = audit_folder(kept.folder, replace(kept.pin, root=ChainId("A" * 43)))
    assert [(one.check, one.key) for one in report.failures] == [("log", "0"), ("file", "policy.json")]


def test_a_policy_that_asks_for_witnesses(kept: Exported, copy: Callable[[], Path]) -> None:
    folder = copy()
    witness = secret("witness")
    vkey = VKey("witness.example.org", COSIGNATURE, witness.public)
    policy = Policy(kept.pin.policy.logs, (Witness("w", vkey),), (Group("g", 1, ("w",)),), "g")
    pin = replace(kept.pin, policy=policy)
    assert [(one.key, one.code) for one in audit_folder(folder, pin).failures] == [("checkpoint", "quorum")]
    note = Note.parse((folder / "checkpoint").read_text())
    cosigned = checkpoint.cosign(Checkpoint.parse(note.text), vkey.name, witness, 1_772_400_000)
    (folder / "checkpoint").write_text(str(Note(note.text, (*note.signatures, cosigned))))
    assert audit_folder(folder, pin).clean


# --- the command ---------------------------------------------------------------------------------------------------


def test_clean_bad_and_unreadable(
    kept: Exported, copy: Callable[[], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copy()
    assert audit(from_=folder) == 0
    said = capsys.readouterr().out
    assert "完好" in said
    assert OWN_PIN[0] in said, "and by what"
    assert audit(from_=folder, policy=kept.folder / "policy.json") == 0
    assert OWN_PIN[0] not in capsys.readouterr().out
    assert not (folder / "audit.json").exists()
    (folder / "tile/0/001").write_bytes(b"")
    assert audit(from_=folder, json=True) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["clean"], told["first"]["table"], told["first"]["key"]) == (False, "files", "tile/0/001")
    policy = tmp_path / "pin.json"
    shutil.move(folder / "policy.json", policy)
    assert audit(from_=folder) == 2
    assert audit(from_=folder, policy=policy, json=True) == 1
    for bad in (b"{}", b"\xff"):
        policy.write_bytes(bad)
        assert audit(from_=folder, policy=policy) == 2
    assert audit(from_=tmp_path / "nowhere", policy=kept.folder / "policy.json") == 2
    assert "unreadable" in capsys.readouterr().err


def test_an_empty_folder_has_no_checkpoint(kept: Exported, tmp_path: Path) -> None:
    report = audit_folder(tmp_path, kept.pin)
    assert [(one.key, one.code) for one in report.failures] == [("checkpoint", "absent")]
