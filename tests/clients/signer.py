"""A program of a party's, for tests to start several of and to kill: ``python -m tests.clients.signer FOLDER WHAT``.

many N      signs N plantings and says the hash of each once it is signed
in-signing  dies while the key signs
signed      dies when it has signed
sending     writes what it sends to FOLDER/sent, then dies: between sending and hearing
storing     hears the answer in FOLDER/answer and dies before the notebook hears of it
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

import httpx

from clients.client import Client
from clients.device import Device
from clients.notebook import Notebook
from ledger.keys import PrivateKey

PLANTING: dict[str, Any] = {"outputs": [{"product": "A" * 43, "quantity": {"unit": "kg", "value": "1"}}]}
AT = "2026-03-01T00:00:00Z"


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


class DeadlyKey(PrivateKey):
    def sign(self, message: bytes) -> bytes:
        die()


class Deaf(Notebook):
    def keep(self, *_: object) -> NoReturn:
        die()


def main(folder: Path, what: str, count: int) -> None:
    device = Device.open(folder)
    if what == "in-signing":
        device = Device(folder, device.url, device.party, DeadlyKey("Ed25519", device.key.secret), device.pin)

    def service(request: httpx.Request) -> httpx.Response:
        (folder / "sent").write_bytes(request.content)
        if what == "sending":
            die()
        return httpx.Response(201, content=(folder / "answer").read_bytes())

    with (
        (Deaf if what == "storing" else Notebook)(device) as notebook,
        Client(notebook, httpx.MockTransport(service)) as client,
    ):
        if what == "many":
            sys.stdin.readline()
        for _ in range(count):
            if what != "storing":
                print(client.state("plant", PLANTING, at=AT).hash, flush=True)
        if what == "signed":
            die()
        if what != "many":
            client.send()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 1)
