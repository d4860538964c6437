"""Backups: the database at one moment, the files that it names, and the pin; keys only where they are asked for.

    backup.json     what is in it: origin, size and root of the log, and every file with its SHA-256; written last
    ledger.sqlite   or ledger.dump: the database
    attachments/    each file under its hash
    policy.json     the pin, and the log's former keys beside it
    pins/           those of other counties' logs
    keys/           only on demand: who has them can sign as the log

Never the lock: it is what an old backup is recognised by. A service over a restored database that is behind its lock
does not start (``database-behind``).
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec
from sqlalchemy import Connection, func, select

from app import keyring, stored
from app.attachments.store import Store
from app.backup.copying import copied, put_back
from app.config import Settings
from app.errors import Stopped
from app.origins.pins import FOLDER as PINS
from app.stored import chunks
from app.tables import attachments, logs
from ledger import b64u
from ledger.policy import Pin

MANIFEST = "backup.json"
VERSION = 1
Progress = Callable[[int, int], None]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a backup holds; ``missing`` are files that the log names and that nobody has brought."""

    v: int
    origin: str
    size: int
    root: str
    keys: bool
    files: dict[str, str]
    """SHA-256, hexadecimal, by path."""
    attachments: int
    missing: int


def backup(settings: Settings, folder: Path, *, keys: bool = False, progress: Progress = lambda a, b: None) -> Manifest:
    """A backup in ``folder``, which must be new or empty. Raises Stopped ``no-log``, ``backup-there``."""
    if not settings.pin.exists():
        raise Stopped("no-log", path=str(settings.pin))
    if folder.exists() and any(folder.iterdir()):
        raise Stopped("backup-there", path=str(folder))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    pin = Pin.parse(settings.pin.read_text())
    with copied(settings.url, folder) as connection:
        log_id = connection.execute(select(logs.c.log_id).where(logs.c.origin == pin.origin)).scalar()
        note = stored.newest_note(connection, log_id) if log_id is not None else None
        if note is None:
            raise Stopped("no-log", path="database", has=pin.origin)
        there, missing = _copy_files(connection, Store(settings, make=False), folder / "attachments", progress)
    shutil.copyfile(settings.pin, folder / "policy.json")
    if (retired := settings.data / keyring.RETIRED).exists():
        shutil.copyfile(retired, folder / keyring.RETIRED)
    _copy(settings.data, folder, [f"{PINS}/{path.name}" for path in (settings.data / PINS).glob("*.json")])
    if keys:
        _copy_keys(settings.keys, folder / "keys")
    head = stored.read_note(note)
    own = {str(path.relative_to(folder)): _sha256(path) for path in _own(folder)}
    manifest = Manifest(VERSION, pin.origin, head.size, b64u.encode(head.root), keys, own, there, missing)
    _write(folder / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
    return manifest


def restore(settings: Settings, folder: Path, *, progress: Progress = lambda a, b: None) -> Manifest:
    """What the backup in ``folder`` holds, in the data folder of ``settings``; lock and keys there stay as they are.

    Raises Stopped: ``no-backup``; ``backup-changed`` where a file is not as it was written; ``restore-there`` where
    something would be written over.
    """
    manifest = _read(folder)
    for path, wanted in manifest.files.items():
        if not (folder / path).is_file() or _sha256(folder / path) != wanted:
            raise Stopped("backup-changed", path=path)
    if settings.pin.exists() and settings.pin.read_bytes() != (folder / "policy.json").read_bytes():
        raise Stopped("restore-there", path=str(settings.pin))
    if manifest.keys and (there := [one for one in _keys(folder) if (settings.keys / one.name).exists()]):
        raise Stopped("restore-there", path=str(settings.keys / there[0].name))
    pins = [path for path in manifest.files if Path(path).parts[0] == PINS]
    for path in pins:
        if (at := settings.data / path).exists() and at.read_bytes() != (folder / path).read_bytes():
            raise Stopped("restore-there", path=str(at))
    store = Store(settings)
    if next(store.names(), None) is not None:
        raise Stopped("restore-there", path=settings.attachments_url or str(settings.data / "attachments"))
    put_back(folder, settings.url)
    files = sorted((folder / "attachments").rglob("*/*")) if (folder / "attachments").is_dir() else []
    for done, file in enumerate(files, 1):
        if not store.take_from(b64u.encode(bytes.fromhex(file.name)), file):
            raise Stopped("backup-changed", path=str(file.relative_to(folder)))
        progress(done, len(files))
    if manifest.keys:
        _copy_keys(folder / "keys", settings.keys)
    kept = [name for name in (keyring.RETIRED, "policy.json") if (folder / name).exists()]
    _copy(folder, settings.data, [*pins, *kept])
    return manifest


def _copy_files(connection: Connection, store: Store, folder: Path, progress: Progress) -> tuple[int, int]:
    """The files that the copied database names; how many there are, and how many are missing."""
    total: int = connection.execute(select(func.count(attachments.c.sha256.distinct()))).scalar_one()
    there, missing = 0, 0
    rows = connection.execute(select(attachments.c.sha256).distinct().order_by(attachments.c.sha256)).scalars()
    for some in chunks(rows):
        for sha256 in some:
            name = b64u.decode(sha256).hex()
            if store.copy_to(sha256, folder / name[:2] / name):
                there += 1
            elif store.has(sha256):
                raise Stopped("attachment-changed", has=sha256, wanted=sha256)
            else:
                missing += 1
            progress(there + missing, total)
    return there, missing


def _copy(source: Path, target: Path, paths: Iterable[str]) -> None:
    for path in paths:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / path, target / path)


def _copy_keys(source: Path, target: Path) -> None:
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in sorted(source.iterdir()):
        if path.is_file():
            keyring.write_private(target / path.name, path.read_bytes(), mode=0o600)


def _keys(folder: Path) -> Iterator[Path]:
    return (folder / "keys").iterdir()


def _own(folder: Path) -> list[Path]:
    """The files that the manifest lists; attachments bear their hashes themselves."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    return sorted(path for path in found if path.relative_to(folder).parts[0] != "attachments")


def _read(folder: Path) -> Manifest:
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (FileNotFoundError, NotADirectoryError):
        raise Stopped("no-backup", path=str(folder / MANIFEST)) from None
    except msgspec.DecodeError:
        raise Stopped("backup-changed", path=MANIFEST) from None
    if manifest.v != VERSION or any(Path(path).is_absolute() or ".." in Path(path).parts for path in manifest.files):
        raise Stopped("backup-changed", path=MANIFEST)
    return manifest


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
