"""Events: a chain's statements as a person may read them, each field by its audience, corrections beside the old."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, select

from app.batches import arrivals
from app.batches.arrivals import Arrival
from app.batches.corrections import corrections_on, effective
from app.batches.holdings import held_by
from app.parties.names import Name, Names
from app.recording import Finding
from app.stored import chunks
from app.tables import batches, disclosures, entries, erasures, findings, statements
from app.viewing import Viewer, audiences
from ledger import records, wordings
from ledger.identity import ChainId, StatementHash
from ledger.keys import KeyId
from ledger.origin import Origin
from ledger.records import Audience
from ledger.statement import Statement, parse, unseal

_OWN = records.KINDS["correct"].by_name


@dataclass(frozen=True, slots=True)
class Sealed:
    """A field that stays closed to this reader."""

    name: str
    audience: Audience


@dataclass(frozen=True, slots=True)
class Lost:
    """A field that was erased for everybody: sealed, or a public photo; ``ground`` is ``request`` or ``due``."""

    field: str
    ground: str
    at: int
    """When; ms."""


@dataclass(frozen=True, slots=True)
class Found:
    """A finding in words."""

    code: str
    severity: str
    batch: ChainId | None
    params: Mapping[str, str]
    text: Mapping[str, str]
    """``zh`` and ``en``: what is wrong and how it is cleared."""


@dataclass(frozen=True, slots=True)
class Event:
    """One statement on one chain, as one reader sees it."""

    batch: ChainId
    """The chain that this is read from."""
    seq: int
    index: int
    """The statement's first index in the log."""
    hash: StatementHash
    kind: str
    zh: str
    en: str
    at: str
    iat: int
    """When it was signed, by the signer's clock; seconds."""
    received: int
    """When it was recorded; ms."""
    kid: KeyId
    custody: str
    """``service`` for a key that the service holds for its party, else empty."""
    suspect: bool
    """Whether the key may have been in other hands when this was recorded."""
    signer: Name | None
    """Whose key it is; ``principal`` whom it acted for; ``actor`` on whose account it stands."""
    principal: Name | None
    actor: Name | None
    place: Name | None
    touched: list[ChainId]
    created: list[ChainId]
    values: dict[str, Any]
    """As stated: what is public and what this reader may open."""
    effective: dict[str, Any]
    """As it stands now: ``values`` after all corrections."""
    void: bool
    sealed: list[Sealed]
    erased: int
    """How many sealed fields are no longer there for anybody."""
    lost: list[Lost]
    """What was erased, by name: those, and public photos."""
    findings: list[Found]
    corrects: StatementHash | None
    corrected_by: list[StatementHash]
    arrival: Arrival | None
    """Of an intake from another log: what is known of that here."""
    names: dict[str, Name] = field(default_factory=dict)
    """The names of parties, places and products that the values mention, by id."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """A statement with what one reader may see of it."""

    statement: Statement
    values: dict[str, Any]
    sealed: list[Sealed]
    erased: int
    lost: list[Lost]


def on_chains(
    connection: Connection,
    log_id: int,
    names: Names,
    chains: Collection[ChainId],
    viewer: Viewer | None,
    as_of: int | None = None,
) -> dict[ChainId, list[Event]]:
    """The events of each chain, in order of ``seq``; with ``as_of`` as they stood once the statement at that index was
    recorded. What was erased since stays erased, and who may read what is decided by today."""
    rows = [
        row
        for some in chunks(sorted(set(chains)))
        for row in connection.execute(
            select(entries.c.chain, entries.c.seq, entries.c.received, entries.c.first_index)
            .where(entries.c.log_id == log_id, entries.c.chain.in_(some))
            .order_by(entries.c.log_index)
        )
        if as_of is None or row.first_index <= as_of
    ]
    read = _read(connection, log_id, {row.first_index for row in rows})
    # Not only those on these chains: what corrects a statement may have touched another batch of it.
    targets = [chain for statement in read.values() for chain in statement.targets]
    corrections = corrections_on(connection, log_id, targets, as_of)
    elsewhere = {index: s for by in corrections.values() for s, index in by}
    opened = _open(connection, log_id, elsewhere | read, viewer)
    found = found_in(connection, log_id, names, read, as_of)
    came = arrivals.came(connection, log_id, (index for index, one in read.items() if Origin.of(one)))
    events: dict[ChainId, list[Event]] = {chain: [] for chain in chains}
    for row in rows:
        mine = opened[row.first_index]
        by = corrections.get(mine.statement.hash, [])
        corrected_by = [opened[index] for _, index in by]
        found_here, arrival = found.get(row.first_index, []), came.get(row.first_index)
        events[row.chain].append(_event(names, row, mine, corrected_by, found_here, arrival))
    return events


def _event(
    names: Names,
    row: Any,
    mine: _Opened,
    corrections: Sequence[_Opened],
    found: list[Found],
    arrival: Arrival | None,
) -> Event:
    statement = mine.statement
    now, void = _now(mine, corrections)
    kind = records.KINDS.get(statement.kind)
    key = names.registry.keys.get(statement.kid)
    return Event(
        batch=row.chain,
        seq=row.seq,
        index=row.first_index,
        hash=statement.hash,
        kind=statement.kind,
        zh=kind.zh if kind else statement.kind,
        en=kind.en if kind else statement.kind,
        at=statement.at,
        iat=statement.iat,
        received=row.received,
        kid=statement.kid,
        custody=key.custody if key else "",
        suspect=names.registry.suspect(statement.kid, row.received),
        signer=_party(names, statement.iss),
        principal=_party(names, statement.for_),
        actor=_party(names, statement.actor),
        place=names.place(now["place"]) if "place" in now else None,
        touched=list(statement.on),
        created=list(statement.created),
        values=mine.values,
        effective=now,
        void=void,
        sealed=mine.sealed,
        erased=mine.erased,
        lost=mine.lost,
        findings=found,
        corrects=statement.body["statement"] if statement.kind == "correct" else None,
        corrected_by=[correction.statement.hash for correction in corrections],
        arrival=arrival,
        names=names.within([mine.values, now]),
    )


def _party(names: Names, chain: ChainId | None) -> Name | None:
    return None if chain is None else names.party(chain)


def _now(mine: _Opened, corrections: Sequence[_Opened]) -> tuple[dict[str, Any], bool]:
    """The values as they stand. One that was corrected behind a seal this reader may not open is no longer shown."""
    if not corrections:
        return mine.values, False
    body, void = effective(mine.statement, [each.statement for each in corrections])
    now = {**mine.values, **_clear(body)}
    for each in corrections:
        now |= {name: value for name, value in each.values.items() if name in records.SEALED and name not in _OWN}
        for closed in each.sealed:
            if closed.name not in _OWN:
                now.pop(closed.name, None)
    return now, void


def _clear(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "_sd"}


# --- what is stored ------------------------------------------------------------------------------------------------


def _read(connection: Connection, log_id: int, indexes: Iterable[int]) -> dict[int, Statement]:
    """The statements at these first indexes."""
    read: dict[int, Statement] = {}
    for some in chunks(sorted(indexes)):
        query = select(statements.c.first_index, statements.c.jws).where(
            statements.c.log_id == log_id, statements.c.first_index.in_(some)
        )
        read.update((index, parse(jws)) for index, jws in connection.execute(query))
    return read


def disclosed(
    connection: Connection, log_id: int, read: Mapping[int, Statement], viewer: Viewer | None
) -> dict[int, list[tuple[str, Audience, str, bool]]]:
    """Of each statement the sealed fields that are still there: name, audience, disclosure, and whether ``viewer``
    may read it."""
    held = set[ChainId]()
    if viewer is not None and not viewer.staff:
        held = held_by(connection, log_id, viewer.party, (chain for s in read.values() for chain in s.targets))
    kept: defaultdict[int, list[tuple[str, Audience, str, bool]]] = defaultdict(list)
    for some in chunks(sorted(index for index, statement in read.items() if statement.sealed)):
        query = select(disclosures).where(disclosures.c.log_id == log_id, disclosures.c.first_index.in_(some))
        for row in connection.execute(query.order_by(disclosures.c.first_index, disclosures.c.name)):
            statement = read[row.first_index]
            holders = [viewer.party] if viewer and not held.isdisjoint(statement.targets) else []
            may = audiences(viewer, (statement.iss, statement.for_), holders)
            kept[row.first_index].append((row.name, row.audience, row.disclosure, row.audience in may))
    return kept


def _open(
    connection: Connection, log_id: int, read: Mapping[int, Statement], viewer: Viewer | None
) -> dict[int, _Opened]:
    """Each statement with the sealed fields that ``viewer`` may read; of the others only that they are there."""
    kept = disclosed(connection, log_id, read, viewer)
    lost = _lost(connection, log_id, read)
    opened = {}
    for index, statement in read.items():
        mine = kept.get(index, [])
        values = _clear(statement.body) | {name: unseal(one)[1] for name, _, one, may in mine if may}
        sealed = [Sealed(name, audience) for name, audience, _, may in mine if not may]
        opened[index] = _Opened(statement, values, sealed, len(statement.sealed) - len(mine), lost[index])
    return opened


def _lost(connection: Connection, log_id: int, indexes: Iterable[int]) -> defaultdict[int, list[Lost]]:
    """What was erased of the statements at these first indexes, each field once."""
    lost: defaultdict[int, list[Lost]] = defaultdict(list)
    for some in chunks(sorted(indexes)):
        query = select(erasures.c.first_index, erasures.c.field, erasures.c.ground, erasures.c.at).where(
            erasures.c.log_id == log_id, erasures.c.first_index.in_(some)
        )
        for row in connection.execute(query.order_by(erasures.c.number)):
            if row.field not in [one.field for one in lost[row.first_index]]:
                lost[row.first_index].append(Lost(row.field, row.ground, row.at))
    return lost


def found_in(
    connection: Connection, log_id: int, names: Names, indexes: Iterable[int], as_of: int | None = None
) -> dict[int, list[Found]]:
    """The open findings about the statements at these first indexes, in words; or those that were open by ``as_of``."""
    found: defaultdict[int, list[Found]] = defaultdict(list)
    for some in chunks(sorted(indexes)):
        query = arrivals.standing(log_id, as_of).where(findings.c.about.in_(some))
        rows = connection.execute(query.order_by(findings.c.first_index, findings.c.line)).all()
        for row, one in zip(rows, worded(connection, log_id, names, rows), strict=True):
            found[row.about].append(one)
    return found


def worded(connection: Connection, log_id: int, names: Names, rows: Iterable[Row[Any]]) -> list[Found]:
    """Rows of ``arrivals.standing`` as findings, in their order, with parties and products named."""
    found = [arrivals.found(row) for row in rows]
    products: dict[str, str] = {}
    for some in chunks({one.batch for one in found if one.batch}):
        query = select(batches.c.chain, batches.c.product).where(
            batches.c.log_id == log_id, batches.c.chain.in_(some), batches.c.product.is_not(None)
        )
        products.update((chain, product) for chain, product in connection.execute(query))
    return [in_words(names, one, products.get(one.batch or "")) for one in found]


def in_words(names: Names, finding: Finding, product: str | None = None) -> Found:
    """A finding with its sentence in both languages; ``product`` is that of its batch."""
    params = dict(finding.params) | ({"product": product} if product else {})
    known = {value: name for value in params.values() if (name := names.of(value))}
    text = {
        lang: wordings.say_finding(
            finding.code,
            {key: known[value].say(lang) if value in known else value for key, value in params.items()},
            lang,
        )
        for lang in ("zh", "en")
    }
    return Found(finding.code, finding.severity, finding.batch, dict(finding.params), text)


# --- what happened since -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """One statement in the order of the log, for programs that follow."""

    index: int
    hash: StatementHash
    kind: str
    at: str
    received: int
    signer: ChainId | None
    actor: ChainId | None
    touched: list[ChainId]
    created: list[ChainId]
    values: dict[str, Any]
    sealed: list[Sealed]
    findings: list[Found]


def since(
    connection: Connection, log_id: int, names: Names, after: int, size: int, limit: int, viewer: Viewer | None
) -> list[Change]:
    """The first ``limit`` statements whose first index is above ``after`` and below ``size``."""
    rows = connection.execute(
        select(statements.c.first_index, statements.c.jws, entries.c.received)
        .join(entries, (entries.c.log_id == statements.c.log_id) & (entries.c.log_index == statements.c.first_index))
        .where(statements.c.log_id == log_id, statements.c.first_index > after, statements.c.first_index < size)
        .order_by(statements.c.first_index)
        .limit(limit)
    ).all()
    opened = _open(connection, log_id, {row.first_index: parse(row.jws) for row in rows}, viewer)
    found = found_in(connection, log_id, names, opened)
    return [
        Change(
            index=row.first_index,
            hash=mine.statement.hash,
            kind=mine.statement.kind,
            at=mine.statement.at,
            received=row.received,
            signer=mine.statement.iss,
            actor=mine.statement.actor,
            touched=list(mine.statement.on),
            created=list(mine.statement.created),
            values=mine.values,
            sealed=mine.sealed,
            findings=found.get(row.first_index, []),
        )
        for row in rows
        for mine in (opened[row.first_index],)
    ]


# --- the journey ---------------------------------------------------------------------------------------------------

_ASIDE = frozenset(("pack", "count", "sell", "dispose", "store", "unstore"))
_ROAD = frozenset(("load", "unload", "receive", "reject"))


def upstream(events: Sequence[Event], used: Event) -> Iterator[Event]:
    """Of an ancestor's events, those that led to its use in ``used``: how it came into being and how it got there.

    What other parts of the same batch went through says nothing of what the reader has in hand.
    """
    way = {used.actor.id} if used.actor else set[str]()
    road = set[StatementHash]()
    for event in reversed(events):
        if event.kind == "ship" and event.index < used.index and event.values.get("receiver") in way and event.actor:
            way.add(event.actor.id)
            road.add(event.hash)
    for event in events:
        # What was stated late still happened before.
        if event.index >= used.index and event.at >= used.at and event.kind not in ("correct", "test"):
            continue
        if event.kind == "ship" and event.hash not in road:
            continue
        if event.kind in _ROAD and event.values.get("shipment") not in road:
            continue
        if event.kind in _ASIDE or (event.kind in ("harvest", "process") and event.batch in event.touched):
            continue
        yield event
