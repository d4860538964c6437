"""Programs that a test starts: they end with the test, on Linux also when the test run itself is killed."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

PATIENCE = 15  # seconds between asking a program to end and killing it


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nothing listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextlib.contextmanager
def running(
    *command: str | os.PathLike[str],
    user: str | None = None,
    stop: signal.Signals = signal.SIGTERM,
    **options: Any,
) -> Iterator[subprocess.Popen[Any]]:
    """Start a program, as `user` if given (root alone can), and end it on leaving; `options` are Popen's."""
    with subprocess.Popen([*_leash(user, stop), *command], **options) as program:
        try:
            yield program
        finally:
            program.send_signal(stop)
            try:
                program.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                program.kill()


def _leash(user: str | None, stop: signal.Signals) -> Sequence[str]:
    """A prefix that changes the user and lets the program die with its parent; it keeps the program's pid."""
    as_user = [f"--reuid={user}", f"--regid={user}", "--init-groups"] if user else []
    if setpriv := shutil.which("setpriv"):
        return [setpriv, *as_user, f"--pdeathsig={stop.name[3:]}", "--"]
    if user:
        raise RuntimeError(f"to run a program as {user}, root needs setpriv (Debian: util-linux)")
    return []
