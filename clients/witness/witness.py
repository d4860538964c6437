"""A witness: it cosigns a log's checkpoint if that continues the last one it cosigned, and nothing else.

    witness.key      the private key, PKCS #8, readable by its owner alone; it signs cosignatures and nothing else
    witness.vkey     the name and public key, as policies carry it
    witness.sqlite   what it has cosigned (``clients.witness.store``)

It needs no account of the log and trusts none: all that it goes by are the log's public key and its own memory.
Whoever restores that memory from an old copy makes a new key: the old one has promised more than the copy knows.
"""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from clients.errors import NoWitness
from clients.witness.store import Row, Store
from ledger.checkpoint import COSIGNATURE, Checkpoint, Note, Signature, VKey, cosign
from ledger.errors import BadProof, Malformed
from ledger.keys import PrivateKey
from ledger.witnessing import AddCheckpoint, admit, checkpoint_path


def make(folder: Path, name: str) -> VKey:
    """A new witness called ``name``. Raises NoWitness ``witness-there``, Malformed ``vkey`` for what is no name."""
    key = PrivateKey.generate()
    vkey = VKey(name, COSIGNATURE, key.public)
    if (folder / "witness.vkey").exists():
        raise NoWitness("witness-there", path=str(folder))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(folder / "witness.key", key.to_pem(), 0o600)
    _write(folder / "witness.vkey", f"{vkey}\n".encode(), 0o644)
    return vkey


class Witness:
    """The witness of a folder, for logs with these keys; several keys of one origin are one log's, old and new."""

    def __init__(
        self, folder: Path, logs: Sequence[VKey], title: str = "", clock: Callable[[], float] = time.time
    ) -> None:
        """``title`` is what people call it. Raises NoWitness ``no-witness`` where there is none, or half of one."""
        try:
            self.vkey = VKey.parse((folder / "witness.vkey").read_text("utf-8").removesuffix("\n"))
            self._key = PrivateKey.from_pem((folder / "witness.key").read_bytes())
        except FileNotFoundError:
            raise NoWitness("no-witness", path=str(folder)) from None
        if VKey(self.vkey.name, COSIGNATURE, self._key.public) != self.vkey:
            raise NoWitness("no-witness", path=str(folder))
        self.logs = tuple(logs)
        self.title = title
        self.store = Store(folder / "witness.sqlite")
        self._clock = clock

    def add_checkpoint(self, body: bytes) -> str:
        """The cosignature lines that answer a request, when what they say is on the disk.

        Raises as ``ledger.witnessing.admit``, and Malformed; then nothing was cosigned.
        """
        asked = AddCheckpoint.parse(_text(body))
        checkpoint = asked.checkpoint
        # Only signatures that were checked are kept and shown: what else stands below a note, anybody may have written.
        with self.store.session():
            now = int(self._clock())
            try:
                admit(asked, self.logs, self._last(checkpoint.origin))
            except BadProof as error:
                refused = error
                if error.code == "consistency":
                    note = Note(asked.note.text, self._of_log(asked.note))
                    self.store.add_refused(Row(checkpoint.origin, checkpoint.size, str(note), now))
            else:
                line = cosign(checkpoint, self.vkey.name, self._key, now)
                note = Note(asked.note.text, (*self._of_log(asked.note), line))
                self.store.add_cosigned(Row(checkpoint.origin, checkpoint.size, str(note), now))
                return str(line)
        raise refused

    def checkpoint(self, path: str) -> str | None:
        """The newest cosigned checkpoint of the log whose path (``ledger.witnessing.checkpoint_path``) this is."""
        for origin in self.origins:
            if checkpoint_path(origin) == path:
                newest = self.store.newest(origin)
                return newest.note if newest else None
        return None

    @property
    def origins(self) -> list[str]:
        return list(dict.fromkeys(vkey.name for vkey in self.logs))

    def close(self) -> None:
        self.store.close()

    def _last(self, origin: str) -> Checkpoint | None:
        newest = self.store.newest(origin)
        return Checkpoint.parse(Note.parse(newest.note).text) if newest else None

    def _of_log(self, note: Note) -> tuple[Signature, ...]:
        known = {(vkey.name, vkey.id) for vkey in self.logs}
        return tuple(signature for signature in note.signatures if (signature.name, signature.key_id) in known)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise Malformed("add-checkpoint", path="text", has=len(body), wanted="UTF-8") from None


def _write(path: Path, data: bytes, mode: int) -> None:
    """Never over one that is there."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
