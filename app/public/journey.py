"""A batch's journey: the steps that were taken and signed, and the legs that a shopper reads it in.

A leg is a shipment from loading to receipt, a stay in a store, the tending of a planting, or a single step. What
something is wrong with is never put together with other steps, and never folded away.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from app.batches.events import Found
from app.batches.reading import Told
from app.parties.names import Name
from ledger.identity import ChainId, StatementHash
from ledger.records import ATTACHING, KINDS

Amount: TypeAlias = Mapping[str, str]
"""``unit`` and ``value``."""


@dataclass(frozen=True, slots=True)
class File:
    """A photo or document that everybody may see; its address is ``/v1/attachments/`` and its hash."""

    sha256: str
    name: str
    photo: bool
    kilobytes: int


@dataclass(frozen=True, slots=True)
class Step:
    """Something that somebody did and signed. ``was`` holds the values that a correction has since replaced."""

    index: int
    statement: StatementHash
    kind: str
    stage: str
    """growing, processing, storing, moving, testing or selling; ``other`` for a kind that is not known here."""
    zh: str
    en: str
    at: str
    received: int
    by: Name | None
    signer: Name | None
    """Who signed on behalf of ``by``; None where they signed themselves."""
    place: Name | None
    of: Name
    batch: ChainId
    amount: Amount | None
    """How much of ``batch`` it brought, took, moved or found."""
    values: Mapping[str, Any]
    was: Mapping[str, Any]
    names: Mapping[str, Name]
    findings: list[Found]
    suspect: bool
    """Whether the key that signed it may have been in other hands."""
    void: bool
    files: list[File]
    lost: bool
    """Whether photos or documents of it were erased."""


def step(told: Told) -> Step:
    """The step that an event of a story is."""
    event = told.event
    was = {name: value for name, value in event.values.items() if event.effective.get(name) != value}
    return Step(
        index=event.index,
        statement=event.hash,
        kind=event.kind,
        stage=KINDS[event.kind].stage if event.kind in KINDS else "other",
        zh=event.zh,
        en=event.en,
        at=event.at,
        received=event.received,
        by=event.actor,
        signer=event.signer if event.principal else None,
        place=event.place,
        of=told.batch.name,
        batch=told.batch.chain,
        amount=_amount(told),
        values=event.effective,
        was=was,
        names=event.names,
        findings=event.findings,
        suspect=event.suspect,
        void=event.void,
        files=list(_files(told)),
        lost=any(lost.field in ATTACHING for lost in event.lost),
    )


def _files(told: Told) -> Iterator[File]:
    gone = {lost.field for lost in told.event.lost}
    for name in sorted(ATTACHING & told.event.effective.keys() - gone):
        given = told.event.effective[name]
        for one in given if isinstance(given, list) else [given]:
            photo = one["media_type"].startswith("image/")
            yield File(one["sha256"], one["name"], photo, max(1, one["size"] // 1024))


def _amount(told: Told) -> Amount | None:
    batch, values = told.batch, told.event.effective
    if batch.statement == told.event.hash:
        return batch.stated
    named = [*values.get("goods", ()), *values.get("inputs", ())]
    quantities = (item.get("quantity") for item in named if item["batch"] == batch.chain)
    return next(quantities, None) or values.get("quantity")


# --- legs ----------------------------------------------------------------------------------------------------------

Key: TypeAlias = tuple[str, ...]

TENDED = ("plant", "stock", "observe", "feed", "apply")
STORED = ("store", "unstore")
SENT = ("load", "unload", "receive")
_WORDS: Mapping[str, tuple[str, str]] = {
    "moving": ("运输", "Transport"),
    "storing": ("存放", "Storage"),
    "growing": ("种养", "Tending"),
    "plant": ("种植", "Growing"),
    "stock": ("养殖", "Raising"),
    "selling": ("销售", "Sold"),
}
"""What a leg of several steps is called, by its first step's kind, else by its stage."""


@dataclass(frozen=True, slots=True)
class Leg:
    """Steps that belong together, in the order they were taken; most often one."""

    zh: str
    en: str
    steps: list[Step]
    amount: Amount | None
    """How much of the batch it is about, all sales together; None where nothing says so."""
    coldest: Amount | None
    warmest: Amount | None
    """Of all temperatures that were stated of it, where they have one unit."""
    asked: tuple[Amount, Amount] | None
    """The temperatures that its sender asked for, lowest and highest."""
    start: Name | None
    end: Name | None
    """Of a shipment: from where to where."""
    by: list[Name]
    """Who took its steps; of a shipment who carried it, if that is known."""
    wrong: bool
    """Whether something in it is to be read before all else: it is shown unfolded."""

    @property
    def first(self) -> Step:
        return self.steps[0]

    @property
    def last(self) -> Step:
        return self.steps[-1]

    @property
    def counts(self) -> list[tuple[Step, int]]:
        """The further kinds of step in it, each by its first, and how many there are."""
        kinds: dict[str, list[Step]] = {}
        for one in self.steps:
            kinds.setdefault(one.kind, []).append(one)
        return [(some[0], len(some)) for kind, some in kinds.items() if kind != self.first.kind]


def legs(journey: Sequence[Step], noted: Collection[StatementHash] = ()) -> list[Leg]:
    """The journey in legs, each where it begins; ``noted`` are statements that more is wrong with than they say."""
    groups: list[list[Step]] = []
    newest: dict[Key, int] = {}
    for one in journey:
        key = None if wrong(one) or one.statement in noted else _key(one)
        at = newest.get(key) if key else None
        if at is not None and _goes_on(one, groups[at], groups[at + 1 :]):
            groups[at].append(one)
            continue
        if key:
            newest[key] = len(groups)
        groups.append([one])
    return [_leg(group, any(wrong(one) or one.statement in noted for one in group)) for group in groups]


def wrong(one: Step) -> bool:
    """Whether the step itself says or shows that something is not as it should be, or was not when it was written."""
    values = one.values
    failed = values.get("conclusion") == "fail" or any(
        item.get("passed") is False for item in values.get("items", ()) if isinstance(item, Mapping)
    )
    returned = one.kind in ("reject", "correct") or bool(values.get("short"))
    return bool(one.findings or one.was or one.void or one.suspect or failed or returned)


def _key(one: Step) -> Key | None:
    """What the steps of a leg have in common; None for a step that is a leg of its own."""
    by, place = one.by.id if one.by else "", one.place.id if one.place else ""
    if one.kind == "ship":
        return "moving", one.batch, one.statement
    if one.kind in SENT:
        return "moving", one.batch, str(one.values["shipment"])
    if one.kind in STORED:
        return "storing", one.batch, by, place
    if one.kind in TENDED:
        return "growing", one.batch, by
    return ("selling", one.batch, by, place) if one.kind == "sell" else None


def _goes_on(one: Step, group: Sequence[Step], later: Sequence[Sequence[Step]]) -> bool:
    """Whether ``one`` belongs to ``group``: as its shipment or its stay says, or as only the like came ``later``."""
    if one.kind == "receive":
        return group[0].kind != "ship" or one.amount == group[0].amount
    if one.kind in SENT or one.kind in STORED:
        return one.kind != "store"
    like = TENDED if one.kind in TENDED else ("sell",)
    return all(each[0].kind in like for each in later)


def _leg(steps: list[Step], noted: bool) -> Leg:
    first = steps[0]
    zh, en = first.zh, first.en[:1].upper() + first.en[1:]
    if len(steps) > 1:
        zh, en = _WORDS.get(first.kind, _WORDS[first.stage])
    readings = [reading for one in steps for reading in _readings(one)]
    ends = sorted(readings, key=_degrees) if len({each["unit"] for each in readings}) == 1 else []
    asked = first.values.get("temperature_range")
    sent = first.kind in ("ship", "load")
    by = (sent and _carriers(steps)) or [one.by for one in steps if one.by]
    return Leg(
        zh=zh,
        en=en,
        steps=steps,
        amount=_together(steps),
        coldest=ends[0] if ends else None,
        warmest=ends[-1] if ends else None,
        asked=(asked["low"], asked["high"]) if asked else None,
        start=(first.place or first.by) if sent else None,
        end=_destination(steps) if sent else None,
        by=list({name.id: name for name in by}.values()),
        wrong=noted or any(not _within(each, asked) for each in readings if asked),
    )


def _together(steps: Sequence[Step]) -> Amount | None:
    """Sales add up; of anything else the first step that says how much counts."""
    amounts = [one.amount for one in steps if one.amount]
    if len(amounts) < 2 or steps[0].kind != "sell" or len({each["unit"] for each in amounts}) > 1:
        return next(iter(amounts), None)
    total = sum((Decimal(each["value"]) for each in amounts), Decimal(0))
    return {"unit": amounts[0]["unit"], "value": f"{total:f}"}


def _carriers(steps: Sequence[Step]) -> list[Name]:
    named = steps[0].names.get(steps[0].values.get("carrier", ""))
    return [one.by for one in steps if one.kind in ("load", "unload") and one.by] or [name for name in [named] if name]


def _destination(steps: Sequence[Step]) -> Name | None:
    """Where it was last handed over; on the way to whom, while that is all that is known."""
    arrived = [one.place or one.by for one in steps if one.kind in ("unload", "receive")]
    return next((name for name in reversed(arrived) if name), steps[0].names.get(steps[0].values.get("receiver", "")))


def _readings(one: Step) -> Iterator[Amount]:
    """The temperatures of the goods that a step on the road or in a store states."""
    if one.stage in ("moving", "storing"):
        yield from (one.values[name] for name in ("temperature",) if name in one.values)
        yield from one.values.get("temperature_log", {}).values()


def _degrees(reading: Amount) -> Decimal:
    return Decimal(reading["value"])


def _within(reading: Amount, asked: Mapping[str, Amount]) -> bool:
    """Whether a reading is within what was asked for; of another unit nothing is known."""
    low, high = asked["low"], asked["high"]
    if not reading["unit"] == low["unit"] == high["unit"]:
        return True
    return _degrees(low) <= _degrees(reading) <= _degrees(high)
