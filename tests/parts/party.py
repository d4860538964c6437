"""A party as a process of its own: one device's folder, the SDK, and a line of JSON for each thing that it states.

Run as a program it is that process: `python party.py FOLDER`. `party(folder)` starts one and talks to it.
"""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clients.answers import created
from clients.client import Client
from clients.device import Device
from clients.notebook import Notebook


@dataclass(frozen=True)
class Stated:
    """A statement that has its receipt: its hash, the chains it created with their names, the findings' codes."""

    hash: str
    created: Sequence[Mapping[str, str]]
    findings: Sequence[str]

    @property
    def chain(self) -> str:
        """Of the only batch that it brought."""
        (one,) = self.created
        return one["chain"]


@dataclass(frozen=True)
class Party:
    """The process of a party, and the folder of its device."""

    folder: Path
    program: "subprocess.Popen[str]"

    def state(self, kind: str, fields: Mapping[str, Any], on: Sequence[str] = (), **more: Any) -> Stated:
        """State it and wait for the receipt; what goes wrong over there fails here."""
        assert self.program.stdin
        assert self.program.stdout
        self.program.stdin.write(json.dumps({"kind": kind, "fields": fields, "on": on, **more}) + "\n")
        self.program.stdin.flush()
        answer = json.loads(self.program.stdout.readline() or '{"error":"it ended"}')
        assert "error" not in answer, f"{self.folder.name} {kind}: {answer['error']}"
        return Stated(**answer)


@contextlib.contextmanager
def party(folder: Path) -> Iterator[Party]:
    """The process over a device's folder; it ends when its input does."""
    command = [sys.executable, __file__, folder]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        try:
            yield Party(folder, program)
        finally:
            assert program.stdin
            program.stdin.close()
            try:
                program.wait(15)
            except subprocess.TimeoutExpired:
                program.kill()


def _answer(client: Client, asked: Mapping[str, Any]) -> dict[str, Any]:
    kept = client.state(asked["kind"], asked["fields"], asked["on"], asked.get("at"), for_=asked.get("for"))
    outcomes = {outcome.kept.hash: outcome for outcome in client.send()}
    outcome = outcomes[kept.hash]
    if outcome.refused:
        raise outcome.refused
    return {
        "hash": kept.hash,
        "created": [vars(one) for one in created(kept)],
        "findings": [finding.code for finding in outcome.findings],
    }


def _serve(folder: Path) -> None:
    with Notebook(Device.open(folder)) as notebook, Client(notebook) as client:
        for line in sys.stdin:
            try:
                answer = _answer(client, json.loads(line))
            except Exception as error:  # whatever it is, the test is to say it
                answer = {"error": repr(error)}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
