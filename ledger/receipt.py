"""A receipt: what a signer gets for a statement, entries with their proofs under a signed checkpoint (format §9).

A receipt is believed only after ``check``: by the statement one signed oneself and the key of the log one has
pinned, never by what the service says of itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger import b64u
from ledger.canonical import dumps, loads
from ledger.checkpoint import Checkpoint, VKey, open_checkpoint
from ledger.entry import Entry
from ledger.entry import parse as parse_entry
from ledger.errors import BadProof, Malformed
from ledger.merkle import Hash, verify_inclusion
from ledger.statement import Statement

VERSION = 1


@dataclass(frozen=True, slots=True)
class Proven:
    """An entry, its index in the log, and its path to the root of the receipt's checkpoint."""

    entry: Entry
    index: int
    proof: tuple[Hash, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    checkpoint: str
    """The signed note, as text."""
    entries: tuple[Proven, ...]

    def text(self) -> str:
        """The canonical JSON."""
        # Written out: all of it is base64url, digits and the note, and this is on the way of every statement.
        proven = ",".join(
            f'{{"entry":"{escaped}","index":{proven.index},"proof":[{steps}]}}'
            for proven in self.entries
            for escaped in (proven.entry.text().replace('"', '\\"'),)
            for steps in (",".join(f'"{b64u.encode(step)}"' for step in proven.proof),)
        )
        return f'{{"checkpoint":{dumps(self.checkpoint).decode()},"entries":[{proven}],"v":{VERSION}}}'

    def check(self, statement: Statement, log: VKey, witnesses: Sequence[VKey] = ()) -> Checkpoint:
        """The checkpoint that this proves ``statement`` to be under. Raises BadProof, BadSignature or Malformed."""
        checkpoint, _ = open_checkpoint(self.checkpoint, log, witnesses)
        if checkpoint.origin != statement.log:
            raise BadProof("wrong-log", path="checkpoint", has=checkpoint.origin, wanted=statement.log)
        targets = statement.targets
        if len(self.entries) != len(targets):
            raise BadProof("receipt", path="entries", has=len(self.entries), wanted=len(targets))
        first = self.entries[0]
        for place, (proven, target) in enumerate(zip(self.entries, targets, strict=True)):
            path, entry = f"entries[{place}]", proven.entry
            if entry.statement != statement.hash:
                raise BadProof("receipt", path=f"{path}.statement", has=entry.statement, wanted=statement.hash)
            if entry.chain != target:
                raise BadProof("receipt", path=f"{path}.chain", has=entry.chain, wanted=target)
            if proven.index != first.index + place:
                raise BadProof("receipt", path=f"{path}.index", has=proven.index, wanted=first.index + place)
            if entry.received != first.entry.received:
                raise BadProof("receipt", path=f"{path}.received", has=entry.received, wanted=first.entry.received)
            if (entry.seq == 0) != (place >= len(statement.on)):
                raise BadProof("receipt", path=f"{path}.seq", has=entry.seq)
            verify_inclusion(entry.hash(), proven.index, checkpoint.size, proven.proof, checkpoint.root)
        return checkpoint


def parse(text: str | bytes) -> Receipt:
    """Raises Malformed for anything that ``Receipt.text`` would not have written."""
    match loads(text, path="receipt"):
        case {"checkpoint": str(note), "entries": [*entries], "v": int(v), **rest} if not rest and v == VERSION:
            receipt = Receipt(note, tuple(_proven(entry, f"entries[{i}]") for i, entry in enumerate(entries)))
            if entries and v is not True:
                return receipt
    raise Malformed("receipt", path="receipt", wanted="{checkpoint,entries,v}")


def _proven(value: object, path: str) -> Proven:
    match value:
        case {"entry": str(entry), "index": int(index), "proof": [*proof], **rest} if not rest:
            if isinstance(index, bool) or index < 0:
                raise Malformed("number", path=f"{path}.index", has=str(index))
            steps = []
            for place, step in enumerate(proof):
                if not isinstance(step, str):
                    raise Malformed("type", path=f"{path}.proof[{place}]", wanted="a hash")
                steps.append(Hash(b64u.decode(step, 32, path=f"{path}.proof[{place}]")))
            return Proven(parse_entry(entry, f"{path}.entry"), index, tuple(steps))
    raise Malformed("receipt", path=path, wanted="{entry,index,proof}")
