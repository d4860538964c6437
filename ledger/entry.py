"""An entry: a statement's place in one chain and, by the same hash, in the log (format §5)."""

from dataclasses import dataclass

from ledger import b64u
from ledger.canonical import loads
from ledger.errors import Malformed
from ledger.identity import ChainId, StatementHash
from ledger.merkle import Hash, leaf_hash


@dataclass(frozen=True, slots=True)
class Entry:
    """``prev`` is the b64u hash of the chain's entry before, ``received`` milliseconds since 1970 UTC."""

    chain: ChainId
    prev: str | None
    received: int
    seq: int
    statement: StatementHash

    def text(self) -> str:
        """The canonical JSON: every value is digits or base64url, so that it needs no encoder."""
        prev = f'"{self.prev}"' if self.prev is not None else "null"
        return (
            f'{{"chain":"{self.chain}","prev":{prev},"received":{self.received},'
            f'"seq":{self.seq},"statement":"{self.statement}"}}'
        )

    def hash(self) -> Hash:
        """The link of the chain and the leaf of the log at once."""
        return leaf_hash(self.text().encode())


def parse(text: str, path: str = "entry") -> Entry:
    """Raises Malformed ``entry`` for anything that ``Entry.text`` would not have written."""
    match loads(text, path=path):
        case {
            "chain": str(chain),
            "prev": None | str() as prev,
            "received": int(received),
            "seq": int(seq),
            "statement": str(statement),
            **rest,
        } if not rest and min(received, seq) >= 0 and (prev is None) == (seq == 0):
            for value in (chain, statement, *([prev] if prev is not None else [])):
                b64u.decode(value, 32, path=path)
            entry = Entry(ChainId(chain), prev, received, seq, StatementHash(statement))
            if entry.text() == text:
                return entry
    raise Malformed("entry", path=path, has=text[:80])
