"""A device: one folder with its key, its party, the service it talks to and the log that it has pinned.

    identity.json    {"kid","log","party","url","zone"}; written last, so that a folder with it is whole
    key.pem          the private key, PKCS #8, readable by its owner alone; it never leaves the device
    policy.json      the pin, brought here from elsewhere than the service
    offer.json       the public key and the proof that it is held, for the registrar (``clients.admission``)
    notebook.sqlite  what was signed with the key (``clients.notebook``)

One key serves one log and one device (format §2): a second device gets a folder and a key of its own.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from clients.errors import NoDevice, Usage
from ledger import b64u
from ledger.canonical import Json, dumps, loads
from ledger.errors import Malformed
from ledger.identity import ChainId
from ledger.keys import PrivateKey, prove
from ledger.policy import Pin

NEW = "new"
ROTATION = "rotation.json"
"""Stands in a folder whose key is being changed (``clients.rotation``)."""


@dataclass(frozen=True)
class Device:
    """What a folder holds beside its notebook; ``party`` is None until a registrar has registered it.

    ``zone`` is the log's time zone, empty until the service has told it.
    """

    folder: Path
    url: str
    party: ChainId | None
    key: PrivateKey
    pin: Pin
    zone: str = ""

    @classmethod
    def create(
        cls,
        folder: Path,
        url: str,
        pin: Pin,
        *,
        party: ChainId | None = None,
        key: PrivateKey | None = None,
    ) -> "Device":
        """A new device with a new key, or with ``key``. Raises NoDevice ``device-there`` for a folder in use."""
        if (folder / "identity.json").exists() or (folder / ROTATION).exists():
            raise NoDevice("device-there", path=str(folder))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Broken off between key and identity: that key may have been shown to somebody, so it stays.
        if not (folder / "key.pem").exists():
            write(folder / "key.pem", (key or PrivateKey.generate()).to_pem())
        write(folder / "policy.json", pin.text().encode())
        kept = read_key(folder / "key.pem")
        if key is not None and key.public != kept.public:
            raise NoDevice("device-there", path=str(folder / "key.pem"))
        return cls(folder, url, party, kept, pin)._save()

    @classmethod
    def open(cls, folder: Path) -> "Device":
        """Raises NoDevice, or the ledger's errors where a file is not what it should be."""
        try:
            identity = loads((folder / "identity.json").read_bytes(), path="identity.json")
            pin = Pin.parse((folder / "policy.json").read_text("utf-8"))
        except FileNotFoundError:
            code = "key-changing" if (folder / ROTATION).exists() else "no-device"
            raise NoDevice(code, path=str(folder)) from None
        key = read_key(folder / "key.pem")
        match identity:
            case {"kid": str(kid), "log": str(log), "party": None | str() as party, "url": str(url), **more} if (
                kid == key.public.kid and log == pin.origin
            ):
                return cls(folder, url, ChainId(party) if party else None, key, pin, str(more.get("zone", "")))
        raise NoDevice("no-device", path=str(folder / "identity.json"), has=key.public.kid, wanted=pin.origin)

    def join(self, party: ChainId, *, instead: bool = False) -> "Device":
        """The same device, of ``party`` now. Raises NoDevice ``device-there`` for another's, unless ``instead``."""
        read_party(party)
        if self.party not in (None, party) and not instead:
            raise NoDevice("device-there", path=str(self.folder), has=self.party or "", wanted=party)
        return replace(self, party=party)._save()

    def at(self, url: str) -> "Device":
        """The same device, which finds the service at ``url`` from now on."""
        return replace(self, url=url)._save()

    def believing(self, pin: Pin) -> "Device":
        """The same device with the log's new pin. Raises NoDevice ``pin-other`` for that of another log."""
        if (pin.origin, pin.root) != (self.pin.origin, self.pin.root):
            raise NoDevice("pin-other", path=str(self.folder), has=pin.origin, wanted=self.pin.origin)
        write(self.folder / "policy.json", pin.text().encode())
        return replace(self, pin=pin)

    def within(self, zone: str) -> "Device":
        """The same device, which knows the log's time zone from now on."""
        return replace(self, zone=zone)._save()

    def offer(self) -> dict[str, Json]:
        """The public key and the proof that it is held: what a registrar, or the party's other device, adds."""
        return {
            "jwk": {**self.key.public.jwk},
            "proof": prove(self.key, self.pin.origin, self.party or NEW),
        }

    def _save(self) -> "Device":
        identity: dict[str, Json] = {
            "kid": self.key.public.kid,
            "log": self.pin.origin,
            "party": self.party,
            "url": self.url,
            **({"zone": self.zone} if self.zone else {}),
        }
        write(self.folder / "identity.json", dumps(identity))
        return self


def read_party(text: str) -> ChainId:
    """A party's id, as somebody gives it. Raises Usage ``party-form`` for anything else."""
    try:
        b64u.decode(text, 32, path="party")
    except Malformed:
        raise Usage("party-form", path="party", has=text[:80], wanted=43) from None
    return ChainId(text)


def read_key(path: Path) -> PrivateKey:
    """Raises NoDevice ``no-device``, or ``key-readable`` where others can read it too."""
    try:
        mode = path.stat().st_mode & 0o777
        pem = path.read_bytes()
    except FileNotFoundError:
        raise NoDevice("no-device", path=str(path)) from None
    if os.name == "posix" and mode & 0o077:
        raise NoDevice("key-readable", path=str(path), has=f"{mode:o}", wanted="600")
    return PrivateKey.from_pem(pem)


def write(path: Path, data: bytes) -> None:
    """Whole or not at all, and on the disk when this returns; readable by the owner alone."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
    sync(path.parent)


def sync(*folders: Path) -> None:
    """Where files were moved, or are new: on the disk when this returns."""
    if os.name == "posix":
        for path in folders:
            folder = os.open(path, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
