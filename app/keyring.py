"""Private keys on file, and the log's own: which sign now, and which did once.

    policy.json           the pin: each ``log`` line is a key that signs now, two while one follows the other
    keys/log*.pem         their private halves, readable by the service alone
    retired-log-keys.txt  one verifier key a line: checkpoints that are stored already were signed with it

A log key is changed with an overlap (format §7): while both sign, whoever has the old pin and whoever has the new one
can both check; after the old one is retired only the new pin holds.
"""

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from app.config import Settings
from app.errors import Conflict, Stopped
from ledger.checkpoint import ED25519, Note, VKey
from ledger.keys import PrivateKey
from ledger.policy import Pin, Policy
from ledger.registry import Registry

RETIRED = "retired-log-keys.txt"


def signers(settings: Settings, pin: Pin) -> list[PrivateKey]:
    """The private half of every log key of the pin, in its order. Raises Stopped ``no-key`` or ``log-key``."""
    files = sorted(settings.keys.glob("log*.pem"))
    if not files:
        raise Stopped("no-key", path=str(settings.keys / "log.pem"))
    found = {VKey(pin.origin, ED25519, key.public): key for key in map(read_key, files)}
    for vkey, _ in pin.policy.logs:
        if vkey not in found:
            raise Stopped("log-key", path=str(settings.keys), has=len(found), wanted=str(vkey))
    return [found[vkey] for vkey, _ in pin.policy.logs]


def retired(settings: Settings) -> list[VKey]:
    """The log's former keys, in the order in which they were retired."""
    path = settings.data / RETIRED
    return [VKey.parse(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def with_retired(settings: Settings, pin: Pin) -> Pin:
    """The same pin, by which the log's stored checkpoints hold too that a retired key has signed."""
    former = {vkey: "" for vkey in retired(settings)}
    return replace(pin, policy=_listing(pin.policy, dict(pin.policy.logs) | former))


def new_log_key(settings: Settings, pin: Pin) -> VKey:
    """A second log key, which signs beside the first from the service's next start on.

    Raises Conflict ``log-key-overlap`` while two sign already.
    """
    if len(pin.policy.logs) > 1:
        raise Conflict("log-key-overlap", path=str(settings.pin), has=len(pin.policy.logs), wanted=1)
    key = PrivateKey.generate()
    vkey = VKey(pin.origin, ED25519, key.public)
    # The key first: a pin that names a key which is nowhere stops the service.
    write_key(settings.keys / f"log-{vkey.id.hex()}.pem", key)
    _publish(settings, replace(pin, policy=_listing(pin.policy, {**dict(pin.policy.logs), vkey: ""})))
    return vkey


def retire_log_key(settings: Settings, pin: Pin, vkey: VKey, registry: Registry, notes: Iterable[str]) -> Path:
    """``vkey`` signs nothing more from the service's next start on; where its private half lies now.

    What goes on must be announced in the log by root act and have signed ``notes``, the checkpoints that are shown
    now. Raises Conflict ``log-key-unknown``, ``log-key-only``, ``log-key-silent`` or ``log-key-unsigned``.
    """
    staying = {one: url for one, url in pin.policy.logs if one != vkey}
    if len(staying) == len(pin.policy.logs):
        raise Conflict("log-key-unknown", path=str(settings.pin), has=str(vkey))
    if not staying:
        raise Conflict("log-key-only", path=str(settings.pin), has=str(vkey))
    signed = [{(one.name, one.key_id) for one in Note.parse(note).signatures} for note in notes]
    for one in staying:
        if str(one) not in registry.log_keys:
            raise Conflict("log-key-silent", path="log.key", wanted=str(one))
        if not all((one.name, one.id) in names for names in signed):
            raise Conflict("log-key-unsigned", path="checkpoint", wanted=str(one))
    # In this order: broken off anywhere, what is stored can still be checked, and run again it goes on.
    former = dict.fromkeys([*retired(settings), vkey])
    _replace(settings.data / RETIRED, "".join(f"{one}\n" for one in former))
    _publish(settings, replace(pin, policy=_listing(pin.policy, staying)))
    for path in settings.keys.glob("log*.pem"):
        if read_key(path).public == vkey.key:
            return path.replace(settings.keys / f"retired-{vkey.id.hex()}.pem")
    return settings.keys


def _listing(policy: Policy, logs: dict[VKey, str]) -> Policy:
    return replace(policy, logs=tuple(logs.items()))


def _publish(settings: Settings, pin: Pin) -> None:
    _replace(settings.pin, pin.text())


# --- files -----------------------------------------------------------------------------------------------------------


def read_key(path: Path) -> PrivateKey:
    """Raises Stopped ``no-key`` or BadKey ``key-file``."""
    if not path.exists():
        raise Stopped("no-key", path=str(path))
    return PrivateKey.from_pem(path.read_bytes())


def write_key(path: Path, key: PrivateKey) -> None:
    """A PKCS #8 file that its owner alone can read; never over one that is there."""
    write_private(path, key.to_pem(), mode=0o600)


def write_private(path: Path, data: bytes, *, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _replace(path: Path, text: str) -> None:
    """Whole or not at all: whoever reads meanwhile has the old or the new."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    write_private(beside, text.encode(), mode=0o644)
    os.replace(beside, path)
