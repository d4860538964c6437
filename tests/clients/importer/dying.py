"""An import that is killed, for tests: ``python -m tests.clients.importer.dying HOME SHEET MAPPING WHAT COUNT``.

signing   dies in the signature after COUNT, within the transaction
signed    dies when all is signed, before anything is sent
sending   dies when COUNT answers are heard and the next is not yet in the notebook
"""

import os
import signal
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import NoReturn

from clients.client import Client
from clients.device import Device
from clients.importer import importing
from clients.importer.catalogue import Parties
from clients.importer.mapping import read
from clients.notebook import Examined, Notebook
from ledger.keys import PrivateKey


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


class DeadlyKey(PrivateKey):
    left = 0

    def sign(self, message: bytes) -> bytes:
        if DeadlyKey.left == 0:
            die()
        DeadlyKey.left -= 1
        return super().sign(message)


class DeadlyNotebook(Notebook):
    left = 0

    def keep(self, *examined: Examined) -> None:
        with self.together():
            for one in examined:
                if DeadlyNotebook.left == 0:
                    die()
                DeadlyNotebook.left -= 1
                super().keep(one)


class DeadlyClient(Client):
    def send(self, *_: object) -> NoReturn:
        die()


def main(home: Path, sheet: Path, mapping: Path, what: str, count: int) -> None:
    device = Device.open(home)
    DeadlyKey.left = DeadlyNotebook.left = count
    if what == "signing":
        device = Device(home, device.url, device.party, DeadlyKey("Ed25519", device.key.secret), device.pin)
    notebook_type = DeadlyNotebook if what == "sending" else Notebook
    client_type = DeadlyClient if what == "signed" else Client
    with notebook_type(device) as notebook, client_type(notebook) as client:
        names = Parties(home / "parties.toml")
        importing.run(client, [sheet], names, lambda total: nullcontext(lambda: None), mapping=read(mapping))


if __name__ == "__main__":
    home, sheet, mapping, what, count = sys.argv[1:]
    main(Path(home), Path(sheet), Path(mapping), what, int(count))
