"""What a receiver looks at before accepting: of each batch the verdict, what stops it, its certificate, its tests."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeAlias

from app.batches.events import Event, Found
from app.batches.reading import BatchReader, Stop
from app.certificates.issued import Issued
from app.certificates.service import Certificates
from app.handover.shipments import Good, Shipment
from app.parties.names import Name
from app.public.verdict import Status, verdict
from app.rules.tables import Tables
from app.viewing import Viewer
from ledger.identity import StatementHash

PaperState: TypeAlias = Literal["valid", "paper", "superseded", "void", "missing", "none"]
PAPERS: dict[PaperState, tuple[str, str]] = {
    "valid": ("合格证有效", "valid certificate"),
    "paper": ("收购时收取过合格证", "certificate collected when it was bought"),
    "superseded": ("合格证已被取代", "certificate replaced by another"),
    "void": ("合格证已作废", "certificate void"),
    "missing": ("没有合格证", "no certificate"),
    "none": ("这类货不要求合格证", "none is required for such goods"),
}
GRAVITY: Sequence[Status] = ("recalled", "held", "void", "expired", "doubtful", "normal")


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate of a batch, and whether it still holds."""

    statement: StatementHash
    number: str | None
    issued: str
    state: str
    party: Name
    basis: list[str]
    void: str | None
    """Why it was taken back."""


@dataclass(frozen=True, slots=True)
class Test:
    """A test of the batch or, ``steps`` back, of what it came from."""

    statement: StatementHash
    at: str
    sample_no: str
    type: str
    conclusion: str
    by: Name | None
    of: Name
    steps: int


@dataclass(frozen=True, slots=True)
class Parcel:
    """A batch of a shipment, as its receiver has to know it; ``status`` as the public verdict says it."""

    good: Good
    status: Status
    zh: str
    en: str
    stops: list[Stop]
    findings: list[Found]
    """What was found about it and only shows."""
    paper: PaperState
    certificates: list[Certificate]
    tests: list[Test]


@dataclass(frozen=True, slots=True)
class Look:
    """A shipment with all that is to be known before it is answered; the gravest batch first."""

    shipment: Shipment
    parcels: list[Parcel]
    temperature: dict[str, Any] | None
    """The lowest and the highest that were asked for on the way."""
    answers: list["Answer"]


@dataclass(frozen=True, slots=True)
class Answer:
    """That some of it was received or rejected."""

    statement: StatementHash
    index: int
    kind: str
    at: str
    by: Name | None
    values: dict[str, Any]


def look(
    shipment: Shipment,
    reader: BatchReader,
    certificates: Certificates,
    tables: Tables,
    today: str,
    viewer: Viewer,
) -> Look:
    """All that anybody of these may read of it, put together for those whom it concerns."""
    told: dict[StatementHash, Event] = {}
    parcels = []
    for good in shipment.goods:
        parcel, events = _parcel(good, reader, certificates, tables, shipment, today, viewer)
        parcels.append(parcel)
        told |= {event.hash: event for event in events}
    parcels.sort(key=lambda one: GRAVITY.index(one.status))
    mine = told.get(shipment.statement)
    return Look(
        shipment=shipment,
        parcels=parcels,
        temperature=mine.effective.get("temperature_range") if mine else None,
        answers=[
            Answer(one.hash, one.index, one.kind, one.at, one.actor, one.effective)
            for one in sorted(told.values(), key=lambda event: event.index)
            if one.kind in ("receive", "reject") and one.values.get("shipment") == shipment.statement and not one.void
        ],
    )


def _parcel(
    good: Good,
    reader: BatchReader,
    certificates: Certificates,
    tables: Tables,
    shipment: Shipment,
    today: str,
    viewer: Viewer,
) -> tuple[Parcel, list[Event]]:
    chain = good.batch.chain
    story = reader.story(chain, viewer)
    stops = reader.stops(chain)
    says = verdict(good.batch, story, today, stops)
    issued = certificates.of_batch(chain, viewer)
    here = [one.event for one in story if one.steps == 0]
    parcel = Parcel(
        good=good,
        status=says.status,
        zh=says.zh,
        en=says.en,
        stops=stops,
        findings=[one.found for one in reader.findings(chain) if one.closed is None and not one.holds],
        paper=_paper(good, issued, here, tables, shipment),
        certificates=[_certificate(one) for one in issued],
        tests=[
            Test(
                one.event.hash,
                one.event.at,
                one.event.effective["sample_no"],
                one.event.effective["type"],
                one.event.effective["conclusion"],
                one.event.actor,
                one.batch.name,
                one.steps,
            )
            for one in story
            if one.event.kind == "test" and not one.event.void
        ],
    )
    return parcel, here


def _paper(
    good: Good, issued: Iterable[Issued], events: Iterable[Event], tables: Tables, shipment: Shipment
) -> PaperState:
    """By the gravest that its receiver has to know; a promise of his own is none that he was to collect."""
    states = {one.state for one in issued if one.party.id != shipment.receiver.id}
    for state in ("valid", "superseded", "void"):
        if state in states:
            return state
    if any(one.kind == "intake" and _collected(one.effective) for one in events):
        return "paper"
    return "missing" if _due(good, tables, shipment) else "none"


def _collected(values: Mapping[str, Any]) -> bool:
    """With goods from outside: their paper was seen, or its number noted."""
    return bool(values.get("certificate_checked") or values.get("certificate_no"))


def _due(good: Good, tables: Tables, shipment: Shipment) -> bool:
    on = date.fromisoformat(shipment.at[:10])
    return good.batch.kind == "lot" and tables.certificate(tables.category(good.batch.name.zh), on) is not None


def _certificate(one: Issued) -> Certificate:
    reason = one.void.reason if one.void else None
    return Certificate(one.statement, one.number, one.issued, one.state, one.party, one.basis, reason)
