"""A town whose operator cheats: it has the database and the log's key, and records what it likes.

`Town.force` records a statement unchecked, `Town.put` as the law wants it; so a forged log is sound but for the one
thing that was forged, its tree, proofs and checkpoint included.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ledger import b64u, checkpoint
from ledger.bundle import Bundle
from ledger.canonical import Json
from ledger.checkpoint import COSIGNATURE, Checkpoint, Note, VKey, cosign
from ledger.entry import Entry
from ledger.identity import ChainId
from ledger.keys import PrivateKey
from ledger.policy import Group, Pin, Policy, Witness
from ledger.statement import Statement
from tests.bundles import bundle_of, pin_of
from tests.world import World, secret

WITNESSES = ("archive", "school", "market")


@dataclass
class Town(World):
    """A small county whose records can be forged."""

    sealed: dict[str, dict[str, Json]] = field(default_factory=dict)

    def force(
        self,
        statement: Statement,
        *,
        targets: Sequence[ChainId] | None = None,
        received: Sequence[int] = (),
        prev: str = "",
        skip: int = 0,
        apply: bool = True,
    ) -> Statement:
        """Record it whatever it is. `targets` are the chains that get an entry; `received` its times, ms, one an
        entry; `prev` another hash than the last entry's; `skip` how many places of the chain are passed over."""
        index = len(self.entries)
        if apply:
            self.registry.apply(statement, index, self.clock * 1000)
        self.statements.append(statement)
        self.first[statement.hash] = index
        self.disclosures.setdefault(statement.hash, [])
        for place, chain in enumerate(statement.targets if targets is None else targets):
            last = self.heads.get(chain)
            before, seq = (b64u.encode(last.hash()), last.seq + 1) if last else (None, 0)
            at = received[place] if place < len(received) else self.clock * 1000
            entry = Entry(
                chain, (prev or before) if before else None, at, seq + skip if before else seq, statement.hash
            )
            self.entries.append(entry)
            self.heads[chain] = entry
        return statement

    def forge(self, kind: str, by: str, body: Mapping[str, Json], on: Iterable[ChainId] = ()) -> Statement:
        """Sign and record without asking whether it may be."""
        return self.force(self.statement(kind, by, body, on))


def town(log: str = "log.example.org/town") -> Town:
    """A log with a registrar, an operator, a farm and a shop; tomatoes."""
    made = Town(log, log_key=secret(f"log of {log}"))
    made.open()
    for name in ("registrar", "operator"):
        party = made.register(name, by="root", type_="authority")
        made.act("role.grant", {"role": name}, party)
    made.register("farm", "farm", type_="household")
    made.register("shop", "shop", type_="company")
    made.add_product("tomato", "farm")
    return made


def lot(made: World, by: str = "farm") -> ChainId:
    """A planting's tomatoes, harvested."""
    planting = made.state("plant", by, {"outputs": [made.output("tomato", "100")]}).created[0]
    body: dict[str, Json] = {"inputs": [{"batch": planting}], "outputs": [made.output("tomato", "40")]}
    return made.state("harvest", by, body, [planting]).created[0]


def observed(made: World, chain: ChainId, what: str = "转色") -> Statement:
    """One more record about a batch."""
    return made.state("observe", "farm", {"growth_stage": what}, [chain])


def witness_key(name: str) -> VKey:
    return VKey(f"{name}.example.org", COSIGNATURE, secret(name).public)


def witnessed_pin(made: World, k: int = 2) -> Pin:
    """A pin that wants `k` of the three witnesses."""
    witnesses = tuple(Witness(name, witness_key(name)) for name in WITNESSES)
    policy = Policy(((made.vkey, ""),), witnesses, (Group("neighbours", k, WITNESSES),), "neighbours")
    return Pin(policy, made.parties["root"])


def witnessed(made: World, *names: str, time: int = 0, key: PrivateKey | None = None) -> str:
    """The newest note with the cosignatures of these witnesses, at `time` or now; with `key` they are forged."""
    head = made.checkpoint()
    signed = [checkpoint.sign(head, made.log, made.log_key)]
    for name in names:
        real = cosign(head, witness_key(name).name, secret(name), time or made.clock)
        forged = cosign(head, witness_key(name).name, key, time or made.clock) if key else real
        signed.append(replace(real, value=forged.value))
    return str(Note(str(head), tuple(signed)))


@dataclass(frozen=True)
class Case:
    """One bundle and what every verifier has to say of it: the check and reason, or 0 and the remarks' codes."""

    name: str
    what: str
    bundle: str
    pins: tuple[Pin, ...]
    check: int = 0
    reason: str = ""
    remarks: tuple[str, ...] = ("first-sight", "no-heads")
    asked: str = ""
    remembered: tuple[Checkpoint, ...] = ()
    attachments: Mapping[str, bytes] = field(default_factory=dict)

    def value(self) -> dict[str, Json]:
        expected: dict[str, Json] = {"check": self.check, "remarks": [*sorted(self.remarks)]}
        if self.check:
            expected = {"check": self.check, "reason": self.reason}
        return {
            "asked": self.asked,
            "attachments": {name: b64u.encode(data) for name, data in self.attachments.items()},
            "bundle": self.bundle,
            "expected": expected,
            "pins": [pin.text() for pin in self.pins],
            "remembered": [str(one) for one in self.remembered],
            "what": self.what,
        }


def case(name: str, what: str, made: World, made_bundle: Bundle | str, **more: object) -> Case:
    """A case with the town's own pin, unless others are given."""
    text = made_bundle if isinstance(made_bundle, str) else made_bundle.text()
    return replace(Case(name, what, text, (pin_of(made),)), **more)  # type: ignore[arg-type]


__all__ = ["Case", "Town", "bundle_of", "case", "lot", "observed", "pin_of", "town", "witnessed", "witnessed_pin"]
