"""A stranger's mirror: code of the Go project follows the log, live and exported, with plain GETs (tests/foreign)."""

from pathlib import Path

import httpx
import pytest

from app.config import Settings
from app.publishing.commands import export
from tests.app.audit.tampering import story
from tests.app.publishing.recorded import notes, recorded
from tests.parts.foreign import check
from tests.parts.service import serving
from tests.world import World


@pytest.fixture(scope="module")
def world() -> World:
    return story()


@pytest.fixture(scope="module")
def data(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recorded(world, tmp_path_factory.mktemp("data")).data


@pytest.fixture(scope="module")
def older(data: Path) -> list[str]:
    """All checkpoints that there ever were."""
    return notes(Settings(data=data))


def test_the_service_is_a_log_that_strangers_can_follow(
    foreign: Path, world: World, data: Path, older: list[str]
) -> None:
    with serving(data) as (url, _):
        for note in ("", *older):
            answer = check(foreign, {"vkey": str(world.vkey), "log": f"{url}/log", "older": note})
            assert (answer.stdout, answer.stderr) == (f"{len(world.entries)}\n", "")
        assert httpx.get(f"{url}/log/checkpoint").text == older[-1]


def test_so_is_the_exported_folder(foreign: Path, world: World, data: Path, older: list[str], tmp_path: Path) -> None:
    export(tmp_path / "out", data=data)
    for note in ("", *older):
        answer = check(foreign, {"vkey": str(world.vkey), "log": str(tmp_path / "out"), "older": note})
        assert (answer.stdout, answer.stderr) == (f"{len(world.entries)}\n", "")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("checkpoint", "note"),
        # The foreign code looks at some tiles only through the proofs that it makes of them.
        ("tile/0/000", ("tiles", "entry 1")),
        ("tile/0/002.p/23", "tiles"),
        ("tile/1/000.p/2", "tiles"),
        ("tile/entries/001", "entry 256"),
        ("tile/entries/002.p/23", "entry 512"),
    ],
)
def test_and_a_byte_that_is_changed_is_noticed(
    foreign: Path, world: World, data: Path, tmp_path: Path, path: str, reason: str | tuple[str, ...]
) -> None:
    export(tmp_path / "out", data=data)
    file = tmp_path / "out" / path
    good = file.read_bytes()
    file.write_bytes(good[:20] + bytes([good[20] ^ 1]) + good[21:])
    answer = check(foreign, {"vkey": str(world.vkey), "log": str(tmp_path / "out")})
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith(reason)
