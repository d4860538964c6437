"""A certificate drawn up from the record: what a party would sign for the goods that it holds now.

Nothing in it is made up: quantity from the books, origin and tests from what was stated, the certificates that it
rests on from those that stand. What the record does not say is left out, and named as missing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from app.batches.amounts import from_micro
from app.batches.corrections import corrections_on, effective
from app.batches.views import BatchView
from app.certificates.issued import Issued, on_batches
from app.parties.names import Name, Names
from app.stored import chunks
from app.tables import batches, entries, lineage, postings, statements
from ledger.canonical import Json
from ledger.identity import ChainId, StatementHash
from ledger.registry import Registry
from ledger.statement import Statement, parse

DEPTH = 20
TESTS, PARENTS = 32, 200
"""As many as a certificate may name."""

_BOUGHT = frozenset(("intake",))
_WANTED = ("goods", "product_name", "origin", "contact")
_ORIGIN, _NAME, _NUMBER = 120, 80, 80


@dataclass(frozen=True, slots=True)
class Prepared:
    """The fields of a ``certify``, ready to be signed once nothing is ``missing``."""

    batch: BatchView
    party: Name
    fields: dict[str, Json]
    missing: list[str]
    """Fields that the record does not say, for a person to fill in."""
    standing: list[Issued]
    """The party's own certificates about the batch that still hold: another one replaces them."""


@dataclass(frozen=True, slots=True)
class _Told:
    """A statement about one of the batches, as it stands."""

    hash: StatementHash
    kind: str
    actor: ChainId | None
    body: Mapping[str, Any]


def prepare(
    connection: Connection, log_id: int, names: Names, batch: BatchView, party: ChainId, today: str, contact: str | None
) -> Prepared:
    """What ``party`` would promise ``today`` (in the log's time zone) of all that it holds of ``batch``."""
    upstream = _upstream(connection, log_id, batch.chain)
    made = _batches(connection, log_id, upstream)
    told = _told(connection, log_id, upstream)
    own = all(row == (party, False) for row in made.values())
    tests = [one for one in told if one.kind == "test" and one.body["conclusion"] == "pass"][-TESTS:]
    certified = on_batches(connection, log_id, names, upstream)
    standing = [
        one
        for one in certified
        if one.state == "valid" and one.party.id == party and any(g.batch.chain == batch.chain for g in one.goods)
    ]
    held = _held(connection, log_id, batch.chain, party)
    fields: dict[str, Json] = {
        "form": "own" if own else "buyer",
        "product_name": batch.name.zh[:_NAME],
        "issued": today,
        "number": _number(today, batch, certified, party),
        "basis": _basis(names.registry, tests, party),
    }
    if held > 0:
        quantity = {"unit": batch.unit, "value": from_micro(held)}
        fields["goods"] = [{"batch": batch.chain, "quantity": {**quantity}}]
    parents = list(_parents(batch.chain, party, upstream, certified, told))[:PARENTS]
    behind = [one for one in certified if one.statement in {parent.get("statement") for parent in parents}]
    if origin := _origin(batch, behind or standing):
        fields["origin"] = origin
    if tests:
        fields["tests"] = [test.hash for test in tests]
    if parents:
        fields["parents"] = [{**parent} for parent in parents]
    if contact:
        fields["contact"] = contact
    missing = [name for name in _WANTED if name not in fields]
    return Prepared(batch, names.party(party), fields, missing, standing)


# --- what it rests on ----------------------------------------------------------------------------------------------


def _upstream(connection: Connection, log_id: int, chain: ChainId) -> dict[ChainId, list[ChainId]]:
    """The batch and all that it came from but inputs, the nearest first; each with its parents."""
    found: dict[ChainId, list[ChainId]] = {}
    asking = [chain]
    for _ in range(DEPTH):
        found |= {one: [] for one in asking}
        for some in chunks(asking):
            query = (
                select(lineage.c.child, lineage.c.parent)
                .join(batches, (batches.c.log_id == lineage.c.log_id) & (batches.c.chain == lineage.c.parent))
                .where(lineage.c.log_id == log_id, lineage.c.child.in_(some), batches.c.kind != "input")
                .order_by(lineage.c.first_index, lineage.c.parent)
            )
            for child, parent in connection.execute(query):
                found[child].append(parent)
        asking = sorted({parent for one in asking for parent in found[one]} - found.keys())
        if not asking:
            break
    return found


def _batches(connection: Connection, log_id: int, chains: Iterable[ChainId]) -> dict[ChainId, tuple[ChainId, bool]]:
    """Who brought each of them into being, and whether by taking it in from outside."""
    made: dict[ChainId, tuple[ChainId, bool]] = {}
    for some in chunks(chains):
        query = (
            select(batches.c.chain, batches.c.party, statements.c.kind)
            .join(
                statements,
                (statements.c.log_id == batches.c.log_id) & (statements.c.first_index == batches.c.first_index),
            )
            .where(batches.c.log_id == log_id, batches.c.chain.in_(some))
        )
        made.update((chain, (party, kind in _BOUGHT)) for chain, party, kind in connection.execute(query))
    return made


def _told(connection: Connection, log_id: int, chains: Iterable[ChainId]) -> list[_Told]:
    """The tests, intakes and receipts about these batches that stand, in the order of the log."""
    read: dict[int, Statement] = {}
    for some in chunks(chains):
        query = (
            select(statements.c.first_index, statements.c.jws)
            .join(
                entries, (entries.c.log_id == statements.c.log_id) & (entries.c.first_index == statements.c.first_index)
            )
            .where(
                statements.c.log_id == log_id,
                statements.c.kind.in_(("test", "intake", "receive")),
                entries.c.chain.in_(some),
            )
        )
        read.update((index, parse(jws)) for index, jws in connection.execute(query.distinct()))
    corrections = corrections_on(connection, log_id, (chain for one in read.values() for chain in one.targets))
    told = []
    for _, one in sorted(read.items()):
        body, void = effective(one, [each for each, _ in corrections.get(one.hash, ())])
        if not void:
            told.append(_Told(one.hash, one.kind, one.actor, {**body, "_on": one.targets}))
    return told


def _basis(registry: Registry, tests: Sequence[_Told], party: ChainId) -> list[Json]:
    """``commissioned`` where a laboratory found it fit, ``self_tested`` where the party did; else ``control``."""
    labs = [one.actor for one in tests if one.actor in registry.parties and "lab" in registry.parties[one.actor].roles]
    basis: list[Json] = []
    if any(one.actor == party for one in tests):
        basis.append("self_tested")
    if labs:
        basis.append("commissioned")
    return basis or ["control"]


def _parents(
    chain: ChainId,
    party: ChainId,
    upstream: Mapping[ChainId, Sequence[ChainId]],
    certified: Sequence[Issued],
    told: Sequence[_Told],
) -> Iterator[dict[str, str]]:
    """The nearest certificates that stand behind the goods, on every way back: those of others, and of what it is
    made from. Where goods came with paper alone it is the number on that.
    """
    on: dict[str, list[Issued]] = {}
    for one in reversed(certified):
        if one.state == "valid":
            for good in one.goods:
                on.setdefault(good.batch.chain, []).append(one)
    papers: dict[str, list[str]] = {}
    for each in told:
        if number := each.body.get("certificate_no"):
            for batch in each.body["_on"]:
                papers.setdefault(batch, []).append(str(number))
    seen: set[str] = set()
    asking, passed = [chain], {chain}
    while asking:
        batch_ = asking.pop(0)
        mine = [one for one in on.get(batch_, ()) if batch_ != chain or one.party.id != party]
        for one in mine:
            if one.statement not in seen:
                seen.add(one.statement)
                number = {"number": one.number[:_NUMBER]} if one.number else {}
                yield {"statement": one.statement, **number}
        for paper in () if mine else papers.get(batch_, ()):
            if paper not in seen:
                seen.add(paper)
                yield {"number": paper}
        if not mine and batch_ not in papers:
            more = [parent for parent in upstream.get(batch_, ()) if parent not in passed]
            passed |= set(more)
            asking += more


# --- what it says --------------------------------------------------------------------------------------------------


def _held(connection: Connection, log_id: int, chain: ChainId, party: ChainId) -> int:
    query = select(func.sum(postings.c.amount)).where(
        postings.c.log_id == log_id,
        postings.c.batch == chain,
        postings.c.account == "held",
        postings.c.owner == party,
    )
    return int(connection.execute(query).scalar() or 0)


def _origin(batch: BatchView, behind: Iterable[Issued]) -> str | None:
    """As recorded; where nobody recorded it, as the certificates behind it say."""
    origin = batch.origin or "、".join(dict.fromkeys(one.origin for one in behind)) or batch.where
    return origin if origin is None or len(origin) <= _ORIGIN else f"{origin[: _ORIGIN - 1]}…"


def _number(today: str, batch: BatchView, certified: Sequence[Issued], party: ChainId) -> str:
    """The day, the end of the trace code, and which one it is of those that the party issued that day."""
    stem = f"{today.replace('-', '')}-{batch.code[-8:]}"
    mine = {one.number for one in certified if one.party.id == party}
    count = 1
    while (number := stem if count == 1 else f"{stem}-{count}") in mine:
        count += 1
    return number
