"""The service as a process of its own, as it is run."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.parts.processes import free_port, running

SOON = 30.0


@contextlib.contextmanager
def serving(
    data: Path,
    url: str = "",
    *,
    port: int = 0,
    prefix: Sequence[str] = (),
    factory: str = "app.main:from_environment",
    environment: Mapping[str, str] | None = None,
) -> Iterator[tuple[str, subprocess.Popen[Any]]]:
    """A service over ``data`` that answers, at the address given; ``prefix`` is what it is run under (strace)."""
    port = port or free_port()
    settings = {"GENGJI_DATA": str(data), **({"GENGJI_DATABASE_URL": url} if url else {})}
    command = [sys.executable, "-m", "uvicorn", "--factory", factory, "--log-level", "warning"]
    with running(
        *prefix, *command, "--port", str(port), env={**os.environ, **settings, **(environment or {})}
    ) as program:
        address = f"http://127.0.0.1:{port}"
        until = time.monotonic() + SOON
        while True:
            try:
                httpx.get(f"{address}/healthz", timeout=5).raise_for_status()
                break
            except httpx.TransportError:
                if program.poll() is not None or time.monotonic() > until:
                    raise
                time.sleep(0.05)
        yield address, program
