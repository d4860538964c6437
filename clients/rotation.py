"""A device changes its key: the old one brings in the new one, the new one ends the old one (format §7).

    rotation.json     what is under way, written first and taken away last
    next/             the new device, whole, beside the old one
    retired/<kid>/    the old one, whole, from the change on: its notebook is what proves its statements

Broken off anywhere, ``rotate`` goes on from there. Between the old device and the new one the folder is nobody's for
a moment: it has no ``identity.json`` then, so that nothing is signed by one and kept in the other's notebook.
"""

import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from clients.client import Client
from clients.device import ROTATION, Device, sync, write
from clients.errors import NoDevice, Refused
from clients.notebook import Kept, Notebook
from ledger.canonical import dumps, loads
from ledger.errors import Malformed
from ledger.identity import ChainId
from ledger.keys import KeyId, PrivateKey

REASON = "更换密钥 · key rotated"
NEXT = "next"
RETIRED = "retired"
_IDENTITY = "identity.json"
_OWN = ("key.pem", "offer.json", "notebook.sqlite", "notebook.sqlite-wal", "notebook.sqlite-shm")
"""What belongs to one key, beside the identity, which goes first and comes last."""

Connect = Callable[[Device], AbstractContextManager[Client]]


@dataclass(frozen=True)
class Rotated:
    """The keys before and after; ``revoked`` is False for an old key that was to stay valid for a while."""

    party: ChainId
    old: KeyId
    new: KeyId
    revoked: bool


def rotate(folder: Path, connect: Connect, *, keep: bool = False) -> Rotated:
    """Give the device in ``folder`` a new key, or go on doing so; ``keep`` leaves the old one valid.

    What waits in the old notebook is sent first. Raises NoDevice, Unreachable, or Refused where the service does not
    take the new key or the end of the old one.
    """
    old, keep = _begin(folder, keep=keep)
    place = folder / RETIRED / old
    while (folder / _IDENTITY).exists() and (device := Device.open(folder)).key.public.kid == old:
        _bring_in(device, connect)
        _let_go(device, place)
    if not (folder / _IDENTITY).exists():
        _change_over(folder, place)
    shutil.rmtree(folder / NEXT, ignore_errors=True)
    device, retired = Device.open(folder), Device.open(place)
    party = _party(device)
    if _carry_over(retired, device):
        with connect(retired) as client:
            client.send()
    if not keep:
        with connect(device) as client:
            fields = {"kid": old, "reason": REASON}
            settled(client, client.state("key.revoke", fields, [party], source=f"key.revoke:{old}"))
    (folder / ROTATION).unlink()
    return Rotated(party, old, device.key.public.kid, not keep)


def settled(client: Client, kept: Kept) -> Kept:
    """The statement once the service has it; one that was refused before is tried again. Raises Refused."""
    if kept.state == "refused":
        (kept,) = client.notebook.retry([kept.hash])
    client.send()
    done = client.notebook.newest(kept.hash)
    if done.state == "refused":
        problem = dict(done.answer or {})
        raise Refused(int(problem.get("status", 0)), {"code": "refused", **problem})
    return done


def _begin(folder: Path, *, keep: bool) -> tuple[KeyId, bool]:
    """The key that is to go, and whether it stays valid; what was begun is gone on with as it was begun."""
    if (folder / ROTATION).exists():
        match loads((folder / ROTATION).read_bytes(), path=ROTATION):
            case {"keep": bool(keep), "old": str(old), **rest} if not rest:
                return KeyId(old), keep
        raise Malformed("type", path=ROTATION, wanted="{keep,old}")
    device = Device.open(folder)
    _party(device)
    write(folder / ROTATION, dumps({"keep": keep, "old": device.key.public.kid}))
    return device.key.public.kid, keep


def _bring_in(device: Device, connect: Connect) -> None:
    """The new device, made if it is not there, and its key added by the old one behind all that waits."""
    place, party = device.folder / NEXT, _party(device)
    if (place / _IDENTITY).exists():
        new = Device.open(place)
    else:
        key = None if (place / "key.pem").exists() else PrivateKey.generate(device.key.alg)
        new = Device.create(place, device.url, device.pin, party=party, key=key).within(device.zone)
    with connect(device) as client:
        settled(client, client.state("key.add", new.offer(), [party], source=f"key.add:{new.key.public.kid}"))


def _let_go(device: Device, place: Path) -> None:
    """Take the old device's identity away, unless somebody has signed with it meanwhile."""
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    with Notebook(device) as notebook, notebook.together():
        if not notebook.outgoing():
            os.replace(device.folder / _IDENTITY, place / _IDENTITY)
            sync(device.folder, place)


def _change_over(folder: Path, place: Path) -> None:
    """The rest of the old device goes, then the new one comes in, its identity last."""
    for name in _OWN:
        if (folder / name).exists() and not (place / name).exists():
            os.replace(folder / name, place / name)
    shutil.copyfile(folder / "policy.json", place / "policy.json")
    sync(place)
    for path in sorted((folder / NEXT).iterdir(), key=lambda path: path.name == _IDENTITY):
        os.replace(path, folder / path.name)
    sync(folder)


def _carry_over(retired: Device, device: Device) -> bool:
    """What was seen of the log is not forgotten with the key; whether something waits with the old one still."""
    with Notebook(retired) as before, Notebook(device) as now:
        if now.heads.newest() is None:
            now.heads.hold(None, [head for head in (before.heads.newest(), before.heads.seen()) if head])
        return bool(before.outgoing())


def _party(device: Device) -> ChainId:
    if device.party is None:
        raise NoDevice("no-party", path=str(device.folder))
    return device.party
