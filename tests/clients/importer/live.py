"""A service as it is run, with a registrar who lets parties in: what an import needs to be tried for real."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clients.client import Client
from clients.device import Device
from clients.notebook import Notebook
from ledger.identity import ChainId
from ledger.keys import PrivateKey
from ledger.policy import Pin
from tests.parts.processes import free_port
from tests.parts.service import serving

GENGJI = str(Path(sys.executable).with_name("gengji"))
DIVISION = "990101"


@dataclass
class County:
    """A log that is open, its service at ``url``, and a registrar's client."""

    data: Path
    folder: Path
    url: str
    pin: Pin
    registrar: Client

    def register(self, name: str, *roles: str, device: Device | None = None) -> ChainId:
        """A new party; with ``device`` its first key."""
        offers = [device.offer()] if device else []
        kept = self.registrar.register_party(name, "company", roles, division=DIVISION, side="market", keys=offers)
        self.registrar.send()
        (party,) = kept.statement.created
        return party

    def joins(self, name: str, *roles: str) -> Device:
        """A party with a device of its own, in a folder of its own."""
        device = Device.create(self.folder / f"{name} {len([*self.folder.iterdir()])}", self.url, self.pin)
        return device.join(self.register(name, *roles, device=device))


@contextlib.contextmanager
def county(folder: Path) -> Iterator[County]:
    """A new log, served until this ends."""
    data = folder / "data"
    data.mkdir(parents=True)
    port = free_port()
    # The address that labels carry is the one that it is served at.
    opening = ["--origin", "log.example.org/import", "--public-url", f"http://127.0.0.1:{port}", "--data", str(data)]
    subprocess.run([GENGJI, "init", *opening], check=True, capture_output=True)
    pin = Pin.parse((data / "policy.json").read_text("utf-8"))
    with contextlib.ExitStack() as opened:
        url, _ = opened.enter_context(serving(data, port=port))

        def client(name: str, party: ChainId | None, key: PrivateKey | None = None) -> Client:
            device = Device.create(folder / name, url, pin, party=party, key=key)
            return opened.enter_context(Client(opened.enter_context(Notebook(device))))

        first, second = (
            client(name, pin.root, PrivateKey.from_pem((data / "keys" / f"{name}.pem").read_bytes()))
            for name in ("root-2", "root-3")
        )
        device = Device.create(folder / "registrar", url, pin)
        kept = first.register_party("登记所", "authority", [], division=DIVISION, keys=[device.offer()])
        (party,) = kept.statement.created
        act = first.grant_role(party, "registrar")
        first.send()
        second.confirm(act.statement)
        second.send()
        registrar = opened.enter_context(Client(opened.enter_context(Notebook(device.join(party)))))
        yield County(data, folder, url, pin, registrar)
