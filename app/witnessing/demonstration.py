"""The witnesses of a demonstration: programs of their own, which a real log has elsewhere, run beside the service here.

Their folders stand in ``witnesses/`` of the data folder. They end when the service does, however it ends.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import select

from app.config import Settings
from app.db import opened
from app.tables import logs
from ledger.policy import Pin, Witness

FOLDER = "witnesses"
GENGJI = "from clients.cli import main; main()"
PATIENCE = 10.0


@contextmanager
def standing_by(settings: Settings) -> Iterator[Mapping[str, str]]:
    """The witnesses whose folders are here, as long as this lasts: by their names in the policy, where they serve.

    Nothing is started for a log that is real.
    """
    folders = {path.read_text("utf-8").strip(): path.parent for path in settings.data.glob(f"{FOLDER}/*/witness.vkey")}
    with ExitStack() as programs:
        urls: dict[str, str] = {}
        if folders and settings.pin.exists():
            pin = Pin.parse(settings.pin.read_text())
            if _is_demonstration(settings, pin.origin):
                started = {
                    witness.name: programs.enter_context(_running(folders[str(witness.vkey)], witness, pin))
                    for witness in pin.policy.witnesses
                    if str(witness.vkey) in folders
                }
                # Only now waited for: they start side by side.
                urls = {name: url for name, program in started.items() if (url := _address(program))}
        yield urls


def _is_demonstration(settings: Settings, origin: str) -> bool:
    with opened(settings.url) as engine, engine.connect() as connection:
        return bool(connection.execute(select(logs.c.demonstration).where(logs.c.origin == origin)).scalar())


@contextmanager
def _running(folder: Path, witness: Witness, pin: Pin) -> Iterator["subprocess.Popen[str]"]:
    known = [word for vkey, _ in pin.policy.logs for word in ("--log", str(vkey))]
    command = ["witness", "--data", str(folder), *known, "--title", witness.name, "--port", "0", "--json", "--leashed"]
    with subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, "-c", GENGJI, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for the service, which then ends them in its own time
    ) as program:
        try:
            yield program
        finally:
            program.terminate()
            try:
                program.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                program.kill()


def _address(program: "subprocess.Popen[str]") -> str:
    """Where it says that it serves; empty where it ended instead, and has said why."""
    if program.stdout is None:
        return ""
    line = program.stdout.readline()
    return str(json.loads(line)["url"]) if line else ""
