"""What the service serves is what the sources make: nobody has to build anything to run it."""

from pathlib import Path

from app.web.pages import STATIC
from tests.parts.verifier import SOURCES, run

NAMES = ("self-check.js", "verify.js")
LIMIT = 40_000
"""Bytes of script, both files together, not packed."""


def test_the_committed_scripts_are_what_the_sources_make(tools: Path, tmp_path: Path) -> None:
    made = run("npm", "run", "build", "--", f"--outdir={tmp_path}")
    assert made.returncode == 0, made.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(NAMES)
    for name in NAMES:
        assert (tmp_path / name).read_text() == (STATIC / name).read_text(), f"{name}: run `make script`"


def test_the_sources_are_typed(tools: Path) -> None:
    checked = run(str(tools / "tsc"))
    assert (checked.returncode, checked.stdout) == (0, "")


def test_a_phone_on_a_slow_line_can_fetch_them() -> None:
    assert sum(len((STATIC / name).read_bytes()) for name in NAMES) < LIMIT


def test_the_lock_names_no_address() -> None:
    assert '"resolved"' not in (SOURCES / "package-lock.json").read_text()
    assert "omit-lockfile-registry-resolved=true" in (SOURCES / ".npmrc").read_text()
