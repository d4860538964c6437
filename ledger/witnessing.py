"""What a log asks of a witness, and what the witness has to look at before it says yes.

A request is the size that the witness should have seen last, the proof that what it is asked about continues it,
a blank line, and the note with the new checkpoint::

    old 20852014
    PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
    5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=

    log.example.org/county
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — log.example.org/county Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyW…

Source: c2sp.org/tlog-witness, ``add-checkpoint``; checkpoints without extension lines.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from ledger.checkpoint import MAX_NOTE, MAX_SIZE, Checkpoint, Note, Signature, VKey, open_note, verify_signature
from ledger.errors import BadProof, BadSignature, Malformed, NotAllowed
from ledger.merkle import EMPTY_ROOT, HASH_SIZE, Hash, verify_consistency

MAX_PROOF = 63
MAX_REQUEST = MAX_NOTE + 4096
"""The most bytes that a request has."""

SIZE_TYPE = "text/x.tlog.size"
"""The media type in which a witness answers with the size that it saw last."""

_OLD = re.compile(r"old (0|[1-9][0-9]{0,19})")
_SIZE = re.compile(r"(0|[1-9][0-9]{0,19})\n")


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """The request; nothing in it has been checked. Raises Malformed ``add-checkpoint``, ``note`` or ``checkpoint``."""

    old: int
    proof: tuple[Hash, ...]
    note: Note
    checkpoint: Checkpoint = field(init=False)

    def __post_init__(self) -> None:
        checkpoint = Checkpoint.parse(self.note.text)
        object.__setattr__(self, "checkpoint", checkpoint)
        if not 0 <= self.old <= checkpoint.size:
            raise Malformed("add-checkpoint", path="old", has=str(self.old), wanted=f"0 to {checkpoint.size}")
        if len(self.proof) > MAX_PROOF or any(len(hash_) != HASH_SIZE for hash_ in self.proof):
            wanted = f"at most {MAX_PROOF} hashes of {HASH_SIZE} bytes"
            raise Malformed("add-checkpoint", path="proof", has=len(self.proof), wanted=wanted)

    def __str__(self) -> str:
        proof = "".join(f"{b64encode(hash_).decode()}\n" for hash_ in self.proof)
        return f"old {self.old}\n{proof}\n{self.note}"

    @classmethod
    def parse(cls, text: str) -> "AddCheckpoint":
        if len(text) > MAX_REQUEST:
            raise Malformed("add-checkpoint", path="size", has=len(text), wanted=MAX_REQUEST)
        head, parted, note = text.partition("\n\n")
        first, *lines = head.split("\n")
        old = _OLD.fullmatch(first)
        if old is None or not parted:
            raise Malformed("add-checkpoint", path="old", has=ascii(first[:80]), wanted="old <size>, then a blank line")
        if len(lines) > MAX_PROOF:
            raise Malformed("add-checkpoint", path="proof", has=len(lines), wanted=f"at most {MAX_PROOF} lines")
        return cls(int(old[1]), tuple(map(_hash, lines)), Note.parse(note))


def admit(asked: AddCheckpoint, logs: Iterable[VKey], last: Checkpoint | None) -> None:
    """Whether a witness that trusts ``logs``, and cosigned ``last`` of this origin last, may cosign what is asked.

    The caller holds ``last`` still until the new one is stored. Raises NotAllowed ``witness-origin`` for a log that
    is not known; BadSignature for one that did not sign; BadProof ``witness-old`` where ``last`` has another size than
    the request starts from; BadProof ``consistency`` for a history that is not continued.
    """
    checkpoint = asked.checkpoint
    known = [vkey for vkey in logs if vkey.name == checkpoint.origin]
    if not known:
        raise NotAllowed("witness-origin", path="origin", has=checkpoint.origin)
    open_note(str(asked.note), known)
    size, root = (last.size, last.root) if last is not None else (0, EMPTY_ROOT)
    if asked.old != size:
        raise BadProof("witness-old", path="old", has=asked.old, wanted=size)
    verify_consistency(size, root, checkpoint.size, checkpoint.root, asked.proof)


def cosignature(note: Note, answer: str, witness: VKey) -> tuple[Signature, int]:
    """The line of ``answer`` by which ``witness`` cosigned ``note``, and when, POSIX seconds.

    Lines of keys that were not asked are passed over. Raises Malformed for what is not signature lines, BadSignature
    ``note-unsigned`` or ``note-signature``.
    """
    said = Note.parse(f"{note.text}\n{answer}")
    if said.text != note.text:
        # A blank line in the answer: the rest of it would have become the text.
        raise Malformed("note", path="signature", has=ascii(answer[:80]), wanted="signature lines")
    for signature in said.signatures:
        if (signature.name, signature.key_id) == (witness.name, witness.id):
            time = verify_signature(note.text, signature, witness)
            if time:
                return signature, time
    raise BadSignature("note-unsigned", has=len(said.signatures), wanted=str(witness))


def size_line(size: int) -> str:
    """How a witness says what size it saw last."""
    return f"{size}\n"


def read_size(text: str) -> int:
    """The size that ``size_line`` printed. Raises Malformed ``witness-size``."""
    found = _SIZE.fullmatch(text)
    if found is None or int(found[1]) > MAX_SIZE:
        raise Malformed("witness-size", path="size", has=ascii(text[:80]), wanted="a decimal number and a newline")
    return int(found[1])


def checkpoint_path(origin: str) -> str:
    """Where a witness shows the newest checkpoint that it cosigned of a log."""
    return f"{sha256(origin.encode()).hexdigest()}/checkpoint"


def _hash(line: str) -> Hash:
    try:
        raw = b64decode(line, validate=True)
    except ValueError:
        raw = b""
    if b64encode(raw).decode() != line or len(raw) != HASH_SIZE:
        raise Malformed("add-checkpoint", path="proof", has=ascii(line[:80]), wanted=f"base64 of {HASH_SIZE} bytes")
    return Hash(raw)
