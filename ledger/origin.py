"""Where goods from another county's log come from: the shipment there that an ``intake`` here names (format §4).

Whoever takes the goods in has checked that log's bundle first; ``from`` says which shipment, which batch, and under
which of that log's heads. Nothing here is believed: ``ledger.verify`` holds it against the other log's own bundle.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ledger import b64u
from ledger.bundle import Bundle, Consistency
from ledger.canonical import Json
from ledger.checkpoint import Checkpoint, Note
from ledger.errors import BadProof, Malformed
from ledger.identity import ChainId, StatementHash
from ledger.merkle import Hash
from ledger.receipt import Proven
from ledger.records.shapes import QUANTITY
from ledger.statement import Statement

_value = re.compile(QUANTITY).fullmatch


@dataclass(frozen=True, slots=True)
class Origin:
    """The batch ``chain`` in the shipment ``statement`` of ``log``, which had ``size`` entries under ``root``, b64u."""

    log: str
    statement: StatementHash
    chain: ChainId
    size: int
    root: str

    @classmethod
    def parse(cls, value: object) -> "Origin":
        """What a field ``from`` says. Raises Malformed: other bodies than the registry's come unchecked."""
        match value:
            case {"chain": str(chain), "log": str(log), "root": str(root), "size": int(size), "statement": str(hash_)}:
                return cls(log, StatementHash(hash_), ChainId(chain), size, root)
        raise Malformed("type", path="from", wanted="chain, log, root, size, statement")

    @classmethod
    def of(cls, statement: Statement) -> "Origin | None":
        """What an intake says, if it says that its goods come from another log. Raises Malformed."""
        if statement.kind != "intake" or "from" not in statement.body:
            return None
        return cls.parse(statement.body["from"])

    @classmethod
    def drawn(cls, bundle: Bundle, chain: ChainId, shipment: StatementHash) -> "Origin":
        """As whoever takes the batch in now says it, with the other log's ``bundle`` in hand."""
        head = head_of(bundle)
        return cls(head.origin, shipment, chain, head.size, b64u.encode(head.root))

    def body(self) -> dict[str, Json]:
        """The field ``from``."""
        return {
            "chain": self.chain,
            "log": self.log,
            "root": self.root,
            "size": self.size,
            "statement": self.statement,
        }

    @property
    def head(self) -> Checkpoint:
        """The head of the other log that was seen: whoever verifies its bundle remembers this one. Raises Malformed."""
        return Checkpoint(self.log, self.size, Hash(b64u.decode(self.root, 32, path="from.root")))

    def want_shipped(self, statement: Statement, entries: Iterable[Proven]) -> None:
        """``statement``, with what is carried of its entries, is a shipment of the batch, and stood there by then.

        Raises BadProof.
        """
        if statement.kind != "ship":
            raise BadProof("origin-shipment", path="from.statement", has=statement.kind, wanted="ship")
        indexes = [one.index for one in entries if one.entry.chain == self.chain]
        if not indexes:
            raise BadProof("origin-chain", path="from.chain", has=self.chain, wanted=", ".join(statement.on) or "–")
        if indexes[0] >= self.size:
            raise BadProof("origin-size", path="from.size", has=self.size, wanted=indexes[0] + 1)

    def shipped(self, statements: Iterable[Statement]) -> Mapping[str, str] | None:
        """How much of the batch was shipped, ``unit`` and ``value``, after corrections; None where nothing says so.

        ``statements`` are those of that log's bundle, in their order, and their bodies come unchecked.
        """
        goods: object = None
        void = False
        for one in statements:
            if one.hash == self.statement:
                goods = one.body.get("goods")
            elif one.kind == "correct" and one.body.get("statement") == self.statement:
                void = one.body.get("void") is True
                match one.body.get("new"):
                    case {"goods": [*corrected]}:
                        goods = corrected
        for line in goods if isinstance(goods, list) else ():
            match line:
                case {"batch": self.chain, "quantity": {"unit": str(unit), "value": str(value)}} if _value(value):
                    return {"unit": unit, "value": "0" if void else value}
        return None

    def completed(self, bundle: Bundle) -> Bundle:
        """``bundle`` as it has to stand in ``others``: also where its checkpoint is that very head, it says so."""
        head = head_of(bundle)
        same = Consistency(head.size, head.root, ())
        if head != self.head or same in bundle.consistency:
            return bundle
        known = {*bundle.consistency, same}
        return replace(bundle, consistency=tuple(sorted(known, key=lambda one: (one.size, one.root))))


def head_of(bundle: Bundle) -> Checkpoint:
    """The checkpoint of a bundle, as it says itself."""
    return Checkpoint.parse(Note.parse(bundle.checkpoint).text)
