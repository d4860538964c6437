"""One bundle on its way through the list, and what is known so far."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ledger import b64u
from ledger.bundle import Bundle, Consistency
from ledger.canonical import Json
from ledger.checkpoint import Checkpoint, Note
from ledger.errors import BadKey, BadProof, BadSignature, LedgerError
from ledger.identity import ChainId, StatementHash
from ledger.keys import KeyId
from ledger.merkle import verify_consistency
from ledger.policy import Pin
from ledger.receipt import Proven
from ledger.registry import Registry
from ledger.statement import Statement, digest
from ledger.verdict import Invalid, Remark, Step, Unreadable, Verdict

_REGISTERED = frozenset(("place.add", "product.add"))
_KEY_CODES = frozenset(("key-unknown", "key-revoked", "key-party", "log-open"))


@dataclass(frozen=True, slots=True)
class Item:
    """A statement and what is carried of its entries; ``first`` is the index of its first entry in the log."""

    statement: Statement
    entries: tuple[Proven, ...]
    first: int
    record: str


@dataclass
class Run:
    """One bundle on its way through the list, and what is known so far."""

    bundle: Bundle
    data: bytes
    pins: Mapping[str, Pin]
    checks: Sequence["Check"]
    asked: str = ""
    remembered: Mapping[str, Checkpoint] = field(default_factory=dict)
    attachments: Mapping[str, bytes] = field(default_factory=dict)
    depth: int = 0
    record: str = "bundle"
    """What is being looked at, to name it when it fails."""
    witnessed: dict[str, int] = field(default_factory=dict)
    chains: dict[ChainId, Proven] = field(default_factory=dict)
    """The last entry of each chain so far."""
    notebooks: dict[KeyId, Statement] = field(default_factory=dict)
    seen: dict[KeyId, int] = field(default_factory=dict)
    """The size of the checkpoint that each key claimed last."""
    consistent: set[tuple[int, str]] = field(default_factory=set)
    opened: dict[StatementHash, dict[str, Json]] = field(default_factory=dict)
    end: int = 0
    """The index behind the last entry of the statement before, carried or not."""
    remarks: list[Remark] = field(default_factory=list)
    others: list[Verdict] = field(default_factory=list)
    complete_as_of: int | None = None

    def verdict(self) -> Verdict:
        for check in self.checks:
            self._ask(check, check.before)
        for item in self.items:
            for check in self.checks:
                self._ask(check, check.each, item)
            self.registry.apply(item.statement, item.first, item.entries[0].entry.received)
        for check in self.checks:
            self._ask(check, check.after)
        return Verdict(
            checkpoint=self.checkpoint,
            witnessed=tuple(self.witnessed.items()),
            about=self.bundle.about,
            steps=tuple(map(self._step, self.items)),
            registry=self.registry,
            complete_as_of=self.complete_as_of,
            remarks=tuple(self.remarks),
            others=tuple(self.others),
        )

    def _ask(self, check: "Check", ask: Callable[..., None] | None, *given: Item) -> None:
        if ask is None:
            return
        self.record = given[0].record if given else "bundle"
        try:
            ask(self, *given)
        except Invalid:
            raise
        except LedgerError as error:
            kind = Unreadable if check.number == 1 else Invalid
            raise kind(check.number, check.reason(error), self.record, error) from None

    def _step(self, item: Item) -> Step:
        statement, received = item.statement, item.entries[0].entry.received
        key = self.registry.keys.get(statement.kid)
        suspect = self.registry.suspect(statement.kid, received)
        if suspect:
            self.remarks.append(Remark("suspect", item.record))
        if key is not None and key.custody:
            self.remarks.append(Remark("custody", item.record))
        return Step(
            statement,
            item.first,
            item.entries,
            self.opened.get(statement.hash, {}),
            key.custody if key is not None else "",
            suspect,
            self.complete_as_of is not None and item.first < self.covered,
        )

    # --- what the bundle says of itself, before any of it is believed --------------------------------------------

    @cached_property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint.parse(Note.parse(self.bundle.checkpoint).text)

    @cached_property
    def pin(self) -> Pin:
        """Raises BadProof ``no-pin``."""
        try:
            return self.pins[self.checkpoint.origin]
        except KeyError:
            wanted = ", ".join(sorted(self.pins))
            raise BadProof("no-pin", path="checkpoint", has=self.checkpoint.origin, wanted=wanted) from None

    @cached_property
    def registry(self) -> Registry:
        return Registry(self.checkpoint.origin, partial=True)

    @cached_property
    def items(self) -> Sequence[Item]:
        """The statements in the order of the log."""
        carried: dict[StatementHash, list[Proven]] = {}
        for proven in self.bundle.entries:
            carried.setdefault(proven.entry.statement, []).append(proven)
        found = []
        for statement in self.bundle.statements:
            entries = tuple(carried[statement.hash])
            first = entries[0]
            place = statement.targets.index(first.entry.chain) if first.entry.chain in statement.targets else 0
            found.append(Item(statement, entries, first.index - place, f"{statement.kind} {statement.hash}"))
        return found

    @cached_property
    def disclosed(self) -> dict[str, str]:
        """The disclosures by their digests; taken out as statements claim them."""
        return {digest(disclosure): disclosure for disclosure in self.bundle.disclosures}

    @cached_property
    def proofs(self) -> Mapping[tuple[int, str], Consistency]:
        """The consistency proofs by what they prove: a bundle may have thousands, and be asked for each."""
        return {(one.size, b64u.encode(one.root)): one for one in self.bundle.consistency}

    @cached_property
    def covered(self) -> int:
        """Below this index the daily heads say what there is."""
        heads = self.heads
        return heads.statement.body["size"] if heads is not None else 0

    @cached_property
    def heads(self) -> Item | None:
        """The statement of the daily heads. Raises BadProof ``heads``."""
        if self.bundle.heads is None:
            return None
        for item in self.items:
            if item.statement.hash == self.bundle.heads.statement:
                if item.statement.kind == "log.heads":
                    return item
                raise BadProof("heads", path="heads.statement", has=item.statement.kind, wanted="log.heads")
        raise BadProof("heads", path="heads.statement", has=self.bundle.heads.statement, wanted="a statement carried")

    def allowed(self) -> set[ChainId]:
        """The chains that a bundle about these batches may carry: theirs, their ancestors', those of who signed.

        Places and products may come along, for their names; and the chain of the daily heads.
        """
        begun = {proven.entry.chain: item for item in self.items for proven in item.entries if proven.entry.seq == 0}
        touching: dict[ChainId, list[Statement]] = {}
        for item in self.items:
            for proven in item.entries:
                touching.setdefault(proven.entry.chain, []).append(item.statement)
        waiting = [*self.bundle.about, self.pin.root]
        waiting += [chain for chain, item in begun.items() if item.statement.kind in _REGISTERED]
        if self.bundle.heads is not None:
            waiting += [c for c, item in begun.items() if item.statement.hash == self.bundle.heads.statement]
        reached: set[ChainId] = set()
        while waiting:
            chain = waiting.pop()
            if chain in reached:
                continue
            reached.add(chain)
            if chain in begun:
                waiting += begun[chain].statement.on
            for statement in touching.get(chain, ()):
                waiting += [party for party in (statement.iss, statement.for_) if party is not None]
        return reached

    def want_consistent(self, size: int, root: str, path: str) -> None:
        """The bundle carries a proof that a head of this size and root was the beginning of its checkpoint's log."""
        if (size, root) in self.consistent:
            return
        one = self.proofs.get((size, root))
        if one is None:
            raise BadProof("no-consistency", path=path, has=size, wanted=self.checkpoint.size)
        verify_consistency(size, one.root, self.checkpoint.size, self.checkpoint.root, one.proof)
        self.consistent.add((size, root))


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the list: its number, its reason codes, what it asks, in words, and when it asks."""

    number: int
    reasons: tuple[str, ...]
    zh: str
    en: str
    before: Callable[[Run], None] | None = None
    each: Callable[[Run, Item], None] | None = None
    after: Callable[[Run], None] | None = None

    def reason(self, error: LedgerError) -> str:
        if self.number == 8 and isinstance(error, BadSignature):
            return "signature"
        if self.number == 10 and (isinstance(error, BadKey) or error.code in _KEY_CODES):
            return "key"
        return self.reasons[-1] if self.number == 10 else self.reasons[0]
