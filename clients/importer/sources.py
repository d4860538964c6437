"""Which events are new: each is known by its source, and a source is stated once.

An event's source is what makes running an import again send nothing twice: a digest of what it says (kind, day,
lots, receiver, document numbers), one of its quantities, and which one of several equal ones it is. The notebook
signs one statement for a source, in the transaction that makes it durable, so there is no moment in which a program
that is killed could have signed without remembering.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from clients.importer.catalogue import Catalogue
from clients.importer.events import Event, Item, PartyName, PlaceName
from clients.importer.problems import BadCell, Problem, Severity
from clients.importer.sheet import fold
from clients.notebook import Kept
from ledger import b64u
from ledger.canonical import Json, dumps
from ledger.errors import LedgerError


@dataclass(frozen=True)
class Placed:
    """An event of one sheet; ``key`` and ``content`` as in its source."""

    sheet: str
    event: Event
    key: str
    content: str


@dataclass
class Stated:
    """What came of the events: statements by their source, and what could not be stated."""

    events: dict[str, Placed] = field(default_factory=dict)
    """For each source that was stated, now or before, the event in these sheets that it is of or for."""
    already: int = 0
    opened: int = 0
    filled_in: int = 0
    problems: list[tuple[str, Problem]] = field(default_factory=list)
    missing_parties: list[PartyName] = field(default_factory=list)

    def take(self, source: str, one: Placed) -> None:
        self.events[source] = one

    def problem(self, one: Placed, column: str, error: LedgerError, severity: Severity = "bad") -> None:
        self.problems.append((one.sheet, Problem(one.event.lines[0], column, error, severity, one.event.lines)))


def placed(sheet: str, events: Iterable[Event]) -> list[Placed]:
    """Events with the digests that they are known by."""
    return [Placed(sheet, event, digest(_key(event)), digest(_content(event))) for event in events]


def _key(event: Event) -> Json:
    """What makes it this event and no other, quantities aside; a note or a temperature added later does not."""
    kind = event.mapping.kind
    # Where nothing must be said, what is said is all there is to tell one round of the field from the next.
    telling = not any(field.required for field in kind.fields)
    told: dict[str, Json] = {"at": event.at} if telling else {}
    for name, value in event.fields.items():
        if isinstance(value, PartyName):
            told[name] = fold(value.name)
        elif name == "refs":
            told[name] = [*sorted(str(one["number"]) for one in value)]
        elif (telling or kind.by_name[name].required) and not isinstance(value, PlaceName):
            told[name] = value
    identities: list[Json] = [list(identity) for identity in sorted(item.identity for item in event.items)]
    return [kind.name, event.day, identities, told]


def _content(event: Event) -> Json:
    amounts = [[*item.identity, *(item.quantity or {}).values()] for item in event.items]
    return [[*map(str, amount)] for amount in sorted(amounts)]


def digest(value: Json) -> str:
    return b64u.encode(sha256(dumps(value)).digest()[:16])


# --- which of them are new ---------------------------------------------------------------------------------------


def new_ones(events: Sequence[Placed], catalogue: Catalogue, stated: Stated) -> list[tuple[str, Placed]]:
    """Each event that is not stated yet, with its source.

    One that differs from a stated one in nothing but the quantity is a Problem: what was sent stays as it is, and
    whether to correct it is not for a program to decide.
    """
    before: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    numbers: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for source in catalogue.stated:
        match source.split(" "):
            case ["import", key, content, number]:
                before[key].append((content, source))
                numbers[key, content].add(int(number))
    pending: list[Placed] = []
    for one in events:
        same = next((each for each in before[one.key] if each[0] == one.content), None)
        if same is None:
            pending.append(one)
            continue
        before[one.key].remove(same)
        stated.already += 1
        # It may still be waiting to be sent, and then these are its lines.
        stated.take(catalogue.stated[same[1]].source or "", one)
    found = []
    for one in pending:
        if before[one.key]:
            _, source = before[one.key].pop()
            has = _amounts_sent(catalogue.stated[source])
            changed = BadCell("changed", has=has, wanted=_amounts(one.event.items))
            stated.problem(one, _quantity_head(one.event), changed)
            continue
        used = numbers[one.key, one.content]
        free = min(set(range(len(used) + 1)) - used)
        used.add(free)
        found.append((f"import {one.key} {one.content} {free}", one))
    return found


def _amounts_sent(kept: Kept) -> str:
    body = kept.statement.body.get("new", kept.statement.body)
    lists = (body.get(name, ()) for name in ("inputs", "outputs", "goods"))
    amounts = [one["quantity"] for each in lists for one in each if "quantity" in one]
    return ", ".join(f"{one['value']} {one['unit']}" for one in amounts)


def _amounts(items: Iterable[Item]) -> str:
    return ", ".join(f"{item.quantity['value']} {item.quantity['unit']}" for item in items if item.quantity)


def _quantity_head(event: Event) -> str:
    return next((s.columns[0] for g in event.mapping.batches.values() if (s := g.get("quantity")) and s.columns), "")


def in_order(events: Sequence[tuple[str, Placed]]) -> list[tuple[str, Placed]]:
    """Receipts before what is made of them, makers before users, otherwise as the sheets have them."""
    makers: dict[tuple[str, str], list[int]] = defaultdict(list)
    for at, (_, one) in enumerate(events):
        for item in one.event.items:
            if item.table == "outputs" and item.product and item.lot:
                makers[item.product.key, item.lot].append(at)
    rank = {"none": 0, "some": 1, "any": 1}
    by_rank = sorted(range(len(events)), key=lambda at: rank[events[at][1].event.mapping.kind.on])
    done: dict[int, None] = {}
    for first in by_rank:
        # Depth first without recursion; one that waits for itself in a circle goes as it comes.
        path, entered = [first], {first}
        while path:
            needs = [
                maker
                for item in events[path[-1]][1].event.items
                if item.table != "outputs" and item.product and item.lot
                for maker in makers.get((item.product.key, item.lot), ())
                if maker not in done and maker not in entered
            ]
            if needs:
                entered.add(needs[0])
                path.append(needs[0])
            else:
                done[path.pop()] = None
    return [events[at] for at in done]
