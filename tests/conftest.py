"""What every test may ask for; the real parts behind it stand in tests/parts/."""

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.parts import processes

pytest_plugins = ["tests.parts.browser", "tests.parts.foreign", "tests.parts.postgres", "tests.parts.verifier"]

ROOT = Path(__file__).parents[1]

# How long an example takes depends on what else the machine does; that is no fault of the code.
hypothesis.settings.register_profile(
    "gengji", deadline=None, print_blob=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("gengji")


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of public test vectors."""
    return _given("GENGJI_VECTORS", "vectors")


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of published sample rows."""
    return _given("GENGJI_SAMPLES", "data")


def _given(variable: str, beside: str) -> Path:
    folder = Path(os.environ.get(variable) or ROOT.parent / "shared" / beside)
    if not folder.is_dir():
        pytest.skip(f"there is no folder {folder}; {variable} names another")
    return folder


@pytest.fixture
def free_port() -> int:
    """A TCP port on 127.0.0.1 that nothing listens on; for more, `tests.parts.processes.free_port()`."""
    return processes.free_port()


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[Any]]]:
    """Starts a program, `start("gengji", "serve", env=…)`; what still runs ends with the test, last first."""
    with contextlib.ExitStack() as programs:
        yield lambda *command, **options: programs.enter_context(processes.running(*command, **options))
