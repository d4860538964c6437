"""The signed head of a log: checkpoint, signed note, verifier keys and cosignatures.

A checkpoint is three lines, here that of a log of 300 entries::

    log.example.org/county
    300
    lCkHUpkmVBEms2r2T1K6Og69+wUuuN3MIEW1/ezu2v0=

and a note is such a text, a blank line, and lines ``— <key name> base64(key id ‖ signature)``. What parses
also prints back as the same characters, and nothing can be constructed that would not parse.

Sources: c2sp.org/tlog-checkpoint (no extension lines), c2sp.org/signed-note, c2sp.org/tlog-cosignature (the
Ed25519 type, ``cosignature/v1``).
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from ledger import b64u
from ledger.errors import BadKey, BadProof, BadSignature, Malformed
from ledger.keys import PublicKey, Signer
from ledger.merkle import HASH_SIZE, Hash

ED25519 = 0x01
COSIGNATURE = 0x04

MAX_NOTE = 64 * 1024
MAX_SIGNATURES = 64
MAX_SIZE = (1 << 64) - 1
MAX_TIME = (1 << 63) - 1

# No control characters and nothing that UTF-8 cannot carry; in a name no space of any script and no plus.
_NAME = re.compile(r"[^\s+\x00-\x1f\ud800-\udfff]+")
_LINE = re.compile(r"[^\x00-\x1f\ud800-\udfff]+")
_TEXT = re.compile(r"[^\x00-\x09\x0b-\x1f\ud800-\udfff]*\n")
_SIZE = re.compile(r"0|[1-9][0-9]{0,19}")
_DASH = "— "


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log named ``origin`` had ``size`` entries under ``root``. Raises Malformed ``checkpoint``."""

    origin: str
    size: int
    root: Hash

    def __post_init__(self) -> None:
        if not _LINE.fullmatch(self.origin):
            raise Malformed("checkpoint", path="origin", has=ascii(self.origin[:80]), wanted="one line of text")
        if not 0 <= self.size <= MAX_SIZE:
            raise Malformed("checkpoint", path="size", has=str(self.size), wanted=f"0 to {MAX_SIZE}")
        if len(self.root) != HASH_SIZE:
            raise Malformed("checkpoint", path="root", has=len(self.root), wanted=HASH_SIZE)

    def __str__(self) -> str:
        """The note text, final newline included."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        lines = text.split("\n")
        if len(lines) != 4 or lines[3]:
            raise Malformed("checkpoint", path="lines", has=len(lines) - 1, wanted=3)
        origin, size, root = lines[:3]
        if not _SIZE.fullmatch(size):
            raise Malformed("checkpoint", path="size", has=ascii(size[:80]), wanted="a decimal number")
        return cls(origin, int(size), Hash(_base64("checkpoint", "root", root)))


@dataclass(frozen=True)
class VKey:
    """A verifier key: Ed25519 under a name, for notes (``ED25519``) or for cosignatures (``COSIGNATURE``).

    Raises Malformed ``vkey``, or BadKey ``vkey-algorithm``, ``vkey-id`` or, for a point that may not be used,
    ``key-point``.
    """

    name: str
    algorithm: int
    key: PublicKey

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise Malformed("vkey", path="name", has=ascii(self.name[:80]), wanted="no space, no plus")
        if self.algorithm not in (ED25519, COSIGNATURE) or self.key.alg != "Ed25519":
            has = f"{self.algorithm:#04x} {self.key.alg}"
            raise BadKey("vkey-algorithm", path=self.name, has=has, wanted="0x01 | 0x04 Ed25519")

    @cached_property
    def id(self) -> bytes:
        """Four bytes that tell keys of one name apart; a hint, not a commitment."""
        return sha256(f"{self.name}\n".encode() + self._material).digest()[:4]

    @property
    def _material(self) -> bytes:
        return bytes([self.algorithm]) + b64u.decode(self.key.x, 32, path="vkey")

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64encode(self._material).decode()}"

    @classmethod
    def parse(cls, text: str) -> "VKey":
        name, _, rest = text.partition("+")
        key_id, _, encoded = rest.partition("+")
        material = _base64("vkey", "key", encoded)
        if material[:1] not in (bytes([ED25519]), bytes([COSIGNATURE])):
            has = f"0x{material[:1].hex()}"
            raise BadKey("vkey-algorithm", path="vkey", has=has, wanted="0x01 | 0x04 Ed25519")
        if len(material) != 33:
            raise Malformed("vkey", path="key", has=len(material) - 1, wanted=32)
        x = b64u.encode(material[1:])
        vkey = cls(name, material[0], PublicKey.from_jwk({"crv": "Ed25519", "kty": "OKP", "x": x}, path="vkey"))
        if vkey.id.hex() != key_id:
            raise BadKey("vkey-id", path=name, has=ascii(key_id[:80]), wanted=vkey.id.hex())
        return vkey


@dataclass(frozen=True, slots=True)
class Signature:
    """One line below a note: who signed, by name and 4-byte key id, and the algorithm's bytes."""

    name: str
    key_id: bytes
    value: bytes

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or len(self.key_id) != 4 or not self.value:
            has = f"{self.name[:80]!a}, {len(self.key_id)} + {len(self.value)} bytes"
            raise Malformed("note", path="signature", has=has, wanted="name, 4-byte key id, signature")

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {b64encode(self.key_id + self.value).decode()}\n"

    @classmethod
    def parse(cls, line: str) -> "Signature":
        """The signature of a line, given without its newline."""
        dash, (name, _, encoded) = line[: len(_DASH)], line[len(_DASH) :].partition(" ")
        if dash != _DASH:
            raise Malformed("note", path="signature", has=ascii(line[:80]), wanted="— name base64")
        value = _base64("note", "signature", encoded)
        return cls(name, value[:4], value[4:])


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signatures, none of which has been checked. Raises Malformed ``note``."""

    text: str
    signatures: tuple[Signature, ...]

    def __post_init__(self) -> None:
        if not _TEXT.fullmatch(self.text):
            raise Malformed("note", path="text", wanted="lines of UTF-8 without control characters")
        if not 0 < len(self.signatures) <= MAX_SIGNATURES:
            raise Malformed("note", path="signatures", has=len(self.signatures), wanted=f"1 to {MAX_SIGNATURES}")
        if (size := len(str(self).encode())) > MAX_NOTE:
            raise Malformed("note", path="size", has=size, wanted=MAX_NOTE)

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(map(str, self.signatures))}"

    @classmethod
    def parse(cls, note: str) -> "Note":
        if len(note) > MAX_NOTE:
            raise Malformed("note", path="size", has=len(note), wanted=MAX_NOTE)
        # The text may have empty lines of its own: the last one parts it from the signatures.
        text, parted, signatures = note.rpartition("\n\n")
        lines = signatures.split("\n")
        if not parted or len(lines) < 2 or lines.pop():
            raise Malformed("note", path="signatures", has=0, wanted="a blank line, then signature lines")
        if len(lines) > MAX_SIGNATURES:
            raise Malformed("note", path="signatures", has=len(lines), wanted=f"1 to {MAX_SIGNATURES}")
        return cls(text + "\n", tuple(map(Signature.parse, lines)))


def sign(checkpoint: Checkpoint, name: str, key: Signer) -> Signature:
    """The signature under a checkpoint; a log signs with its origin for a name."""
    vkey = VKey(name, ED25519, key.public)
    return Signature(name, vkey.id, key.sign(str(checkpoint).encode()))


def cosign(checkpoint: Checkpoint, name: str, key: Signer, time: int) -> Signature:
    """A witness's signature: at ``time``, POSIX seconds, this was the newest consistent head it had seen."""
    vkey = VKey(name, COSIGNATURE, key.public)
    if not 0 <= time <= MAX_TIME:
        raise Malformed("note", path="time", has=str(time), wanted=f"0 to {MAX_TIME}")
    return Signature(name, vkey.id, time.to_bytes(8) + key.sign(cosigned_message(str(checkpoint), time)))


def cosigned_message(text: str, time: int) -> bytes:
    """What a witness signs under ``cosignature/v1``: header, time, then the checkpoint's note text."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def verify_signature(text: str, signature: Signature, vkey: VKey) -> int | None:
    """The time of a cosignature, None for a plain signature. Raises BadSignature ``note-signature``."""
    if (signature.name, signature.key_id) != (vkey.name, vkey.id):
        raise BadSignature("note-signature", path=vkey.name, has=signature.key_id.hex(), wanted=vkey.id.hex())
    time, value, message = None, signature.value, text.encode()
    if vkey.algorithm == COSIGNATURE:
        time, value = int.from_bytes(value[:8]), value[8:]
        message = cosigned_message(text, time)
    try:
        vkey.key.verify(value, message)
    except BadSignature:
        raise BadSignature("note-signature", path=vkey.name, has=vkey.id.hex()) from None
    if time is not None and time > MAX_TIME:
        raise BadSignature("note-signature", path=f"{vkey.name}/time", has=str(time), wanted=f"0 to {MAX_TIME}")
    return time


def open_note(text: str, vkeys: Iterable[VKey]) -> tuple[Note, dict[VKey, int | None]]:
    """The note, and which of ``vkeys`` signed it; the value is the time of a cosignature.

    Signatures of unknown keys are passed over. One of a known key that fails condemns the note: BadSignature
    ``note-signature``; and a note that no known key signed is ``note-unsigned``. Of a key that signed twice
    the first signature counts, though both must verify.
    """
    note = Note.parse(text)
    known: dict[tuple[str, bytes], VKey] = {}
    for vkey in vkeys:
        if known.setdefault((vkey.name, vkey.id), vkey) != vkey:
            raise BadKey("vkey-ambiguous", path=vkey.name, has=vkey.id.hex(), wanted="one key of this name and id")
    signed: dict[VKey, int | None] = {}
    for signature in note.signatures:
        signer = known.get((signature.name, signature.key_id))
        if signer is not None:
            signed.setdefault(signer, verify_signature(note.text, signature, signer))
    if not signed:
        raise BadSignature("note-unsigned", has=len(note.signatures), wanted=", ".join(map(str, known.values())))
    return note, signed


def open_checkpoint(text: str, log: VKey, witnesses: Iterable[VKey] = ()) -> tuple[Checkpoint, dict[VKey, int]]:
    """The checkpoint that ``log`` signed, and which ``witnesses`` cosigned it, when.

    Whether they are enough is the policy's affair. Raises as ``open_note``, also when witnesses signed but
    the log did not, and BadProof ``checkpoint-origin`` when the log signed for another.
    """
    note, signed = open_note(text, [log, *witnesses])
    if log not in signed:
        raise BadSignature("note-unsigned", has=len(note.signatures), wanted=str(log))
    checkpoint = Checkpoint.parse(note.text)
    if checkpoint.origin != log.name:
        raise BadProof("checkpoint-origin", has=checkpoint.origin, wanted=log.name)
    return checkpoint, {vkey: time for vkey, time in signed.items() if time is not None}


def _base64(code: str, path: str, text: str) -> bytes:
    """Standard base64, and only the one way to write it."""
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        data = b""
    if b64encode(data).decode() != text:
        raise Malformed(code, path=path, has=ascii(text[:80]), wanted="base64")
    return data
