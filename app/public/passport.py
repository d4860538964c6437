"""A batch's passport: all that a shopper may read of it, put together from the story that its signers told.

Nothing in it was ever sealed: the story is read as nobody in particular reads it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.batches.arrivals import Arrival
from app.batches.events import Event
from app.batches.reading import BatchReader, Told
from app.batches.views import BatchView
from app.parties.names import Name
from app.public.goods import picture
from app.public.journey import Leg, Step, legs, step
from app.public.verdict import Verdict, verdict
from app.stored import read_note
from ledger import b64u
from ledger.identity import ChainId, StatementHash

STEPS = 48
"""The most steps on a page; of a longer journey its beginning and its end are shown."""
FIRST = 12

CERTIFICATES = 12
"""The most that are shown; a lot mixed from many farms names all of theirs in its own."""

NOT_DETECTED = ("未检出", "not detected", "ND")
GROWN = frozenset(("plant", "stock", "harvest"))


@dataclass(frozen=True, slots=True)
class Measured:
    """A line of a test: what was looked for, what was found, what is allowed."""

    analyte: str
    value: str
    unit: str
    limit: str
    source: str
    passed: bool | None
    share: float | None
    """The value as a part of the limit, where both are numbers; 0 for what was not detected."""


@dataclass(frozen=True, slots=True)
class Test:
    """A test with its conclusion: ``pass`` or ``fail``."""

    at: str
    sampled: str | None
    of: Name
    lab: str
    by: Name | None
    accreditation: str
    method: str
    type: str
    conclusion: str
    items: list[Measured]
    statement: StatementHash


@dataclass(frozen=True, slots=True)
class Applied:
    """A pesticide, fertiliser or the like: when it was last used, and how long before the harvest."""

    name: str
    ingredients: list[str]
    target: str
    stop: str
    interval_days: int | None
    harvested: str | None
    """The first harvest after it that led here."""
    days: int | None
    """Whole days from ``stop`` to ``harvested``."""
    kept: bool | None
    """Whether the safety interval passed; None where one of the two is not known."""
    statement: StatementHash


@dataclass(frozen=True, slots=True)
class Promise:
    """A certificate (承诺达标合格证) that goes with the batch, or with what it was made from."""

    statement: StatementHash
    number: str
    issued: str
    """The day that it bears."""
    form: str
    basis: list[str]
    party: Name | None
    of: Name
    own: bool
    """Whether it is about this very batch."""
    void: bool


@dataclass(frozen=True, slots=True)
class Signer:
    """A party that signed, how often, whether the service held its key, and how much of it a thief may have signed."""

    party: Name
    statements: int
    custody: str
    suspect: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The signed head of the log under which all this stands."""

    origin: str
    size: int
    root: str


@dataclass(frozen=True, slots=True)
class Passport:
    """What a shopper may read of a batch."""

    verdict: Verdict
    batch: BatchView
    picture: str
    origins: list[str]
    """Where it grew, was raised or came from; of processed goods that of what went into them."""
    arrivals: list[Arrival]
    """What of it came from other counties' logs, and whether their own bundles were verified here."""
    processed_at: str | None
    harvested: list[str]
    """First and last time of harvest, one if they are the same; empty where none is recorded."""
    growers: list[Name]
    """Who grew or raised it, where that is not its producer."""
    certificates: list[Promise]
    """The newest first, those of this very batch before those behind it."""
    tests: list[Test]
    applied: list[Applied]
    journey: list[Step]
    left_out: int
    """How many steps are not in ``journey`` between its beginning and its end."""
    signers: list[Signer]
    checkpoint: Checkpoint
    chains: list[ChainId]
    """All that this was read from: batches, the parties that signed, and those that vouched for their keys."""

    @property
    def suspect(self) -> int:
        """How many of its statements a thief may have signed."""
        return sum(signer.suspect for signer in self.signers)

    def legs(self) -> tuple[list[Leg], list[Leg]]:
        """The journey as it is read; where steps are left out, before and after them."""
        noted = {used.statement for used in self.applied if used.kept is False}
        cut = FIRST if self.left_out else len(self.journey)
        return legs(self.journey[:cut], noted), legs(self.journey[cut:], noted)


def issue(reader: BatchReader, chain: ChainId, note: str, today: str) -> Passport:
    """The passport of a batch under the checkpoint ``note`` as of ``today``. Raises NotFound ``no-code``."""
    head = read_note(note)
    batch = reader.batch(chain)
    story = [told for told in reader.story(chain, None) if told.event.index < head.size]
    harvests = [told for told in story if told.event.kind == "harvest" and not told.event.void]
    days = sorted(told.event.at for told in harvests)
    growers = {
        told.event.actor: None
        for told in story
        if told.event.kind in GROWN and told.event.actor not in (None, batch.producer)
    }
    journey = [step(told) for told in story]
    signers = _signers(story)
    left_out = max(0, len(journey) - STEPS)
    return Passport(
        verdict=verdict(batch, story, today, reader.stops(chain, head.size - 1)),
        batch=batch,
        picture=picture(batch.name.zh, batch.name.en),
        origins=batch.origins,
        arrivals=[told.event.arrival for told in story if told.event.arrival and not told.event.void],
        processed_at=batch.where if batch.made_by == "process" else None,
        harvested=[days[0], days[-1]] if days and days[0][:10] != days[-1][:10] else days[:1],
        growers=[grower for grower in growers if grower],
        certificates=_promises(story),
        tests=[_test(told) for told in story if told.event.kind == "test" and not told.event.void],
        applied=[_applied(told, harvests) for told in story if told.event.kind == "apply" and not told.event.void],
        journey=journey[:FIRST] + journey[FIRST + left_out :],
        left_out=left_out,
        signers=signers,
        checkpoint=Checkpoint(head.origin, head.size, b64u.encode(head.root)),
        chains=sorted({chain, *(each.batch for each in journey), *_vouching(reader, story)}),
    )


def _vouching(reader: BatchReader, story: Sequence[Told]) -> set[ChainId]:
    kids = {told.event.kid for told in story}
    return {party for kid in kids for party in reader.names.registry.vouchers(kid)}


def _signers(story: Sequence[Told]) -> list[Signer]:
    signed: dict[str, list[Event]] = {}
    for told in story:
        if told.event.signer:
            signed.setdefault(told.event.signer.id, []).append(told.event)
    return [
        Signer(
            signer,
            len(events),
            next((event.custody for event in events if event.custody), ""),
            sum(event.suspect for event in events),
        )
        for events in signed.values()
        if (signer := events[0].signer)
    ]


# --- certificates ---------------------------------------------------------------------------------------------------


def _promises(story: Sequence[Told]) -> list[Promise]:
    """One that was taken back is still shown on the goods themselves: its paper may be stuck to them."""
    told = [one for one in story if one.event.kind == "certify" and (one.steps == 0 or not one.event.void)]
    told.sort(key=lambda one: (one.steps, -one.event.index))
    return [
        Promise(
            statement=one.event.hash,
            number=values.get("number", ""),
            issued=values["issued"],
            form=values["form"],
            basis=list(values["basis"]),
            party=one.event.actor,
            of=one.batch.name,
            own=one.steps == 0,
            void=one.event.void,
        )
        for one in told[:CERTIFICATES]
        for values in (one.event.effective,)
    ]


# --- tests and intervals -------------------------------------------------------------------------------------------


def _test(told: Told) -> Test:
    values = told.event.effective
    return Test(
        at=told.event.at,
        sampled=values.get("sampled"),
        of=told.batch.name,
        lab=values.get("lab") or (told.event.actor.zh if told.event.actor else ""),
        by=told.event.actor,
        accreditation=values.get("accreditation", ""),
        method=values.get("method", ""),
        type=values["type"],
        conclusion=values["conclusion"],
        items=[_measured(item) for item in values["items"]],
        statement=told.event.hash,
    )


def _measured(item: Mapping[str, Any]) -> Measured:
    value, limit = item["value"], item.get("limit", "")
    return Measured(
        analyte=item["analyte"],
        value=value,
        unit=item.get("unit", ""),
        limit=limit,
        source=item.get("limit_source", ""),
        passed=item.get("passed"),
        share=_share(value, limit),
    )


def _share(value: str, limit: str) -> float | None:
    try:
        allowed = Decimal(limit)
        found = Decimal(0) if value in NOT_DETECTED else Decimal(value)
        if not (allowed.is_finite() and found.is_finite()) or allowed <= 0 or found < 0:
            return None
        return float(found / allowed)
    except ArithmeticError:
        # What a laboratory wrote is text: no number, or one that no gauge can show.
        return None


def _applied(told: Told, harvests: Sequence[Told]) -> Applied:
    """``harvests`` are those that led here: the first after this that took from what it was put on counts."""
    event, values = told.event, told.event.effective
    after = sorted(
        harvest.event.at
        for harvest in harvests
        if harvest.event.at >= values["start"] and set(harvest.event.touched) & set(event.touched)
    )
    days = (_time(after[0]) - _time(values["stop"])).days if after else None
    wanted = values.get("interval_days")
    return Applied(
        name=values["name"],
        ingredients=values.get("ingredients", []),
        target=values.get("target", ""),
        stop=values["stop"],
        interval_days=wanted,
        harvested=after[0] if after else None,
        days=days,
        kept=None if days is None or wanted is None else days >= wanted,
        statement=event.hash,
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
