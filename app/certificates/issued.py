"""The certificates that stand in the log: what each says, and whether it still holds.

A certificate is the hash of its ``certify``. It is *void* once a correction said so; *superseded* once the same party
promised so much of the same goods again that both cannot be meant: together more than it ever had of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, func, select

from app.batches import views
from app.batches.amounts import to_micro
from app.batches.corrections import corrections_on, effective
from app.batches.events import disclosed
from app.batches.views import BatchView
from app.parties.names import Name, Names
from app.stored import chunks
from app.tables import entries, postings, statements
from app.viewing import Viewer
from ledger.identity import ChainId, StatementHash
from ledger.statement import Statement, parse, unseal

State: TypeAlias = Literal["valid", "void", "superseded"]
Correction: TypeAlias = tuple[Statement, int]


@dataclass(frozen=True, slots=True)
class Void:
    """That it was taken back: why, by whom and when."""

    reason: str
    by: Name | None
    at: str
    statement: StatementHash


@dataclass(frozen=True, slots=True)
class Good:
    """So much of a batch, in the unit that was stated."""

    batch: BatchView
    quantity: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate as it stands now, after corrections."""

    statement: StatementHash
    index: int
    at: str
    issued: str
    """The day that it bears."""
    number: str | None
    form: str
    product_name: str
    origin: str
    basis: list[str]
    tests: list[StatementHash]
    parents: list[Mapping[str, str]]
    party: Name
    signer: Name
    """Whose key signed it: an agent's where the party has none."""
    goods: list[Good]
    contact: str | None
    """None also for whoever may not read it."""
    state: State
    void: Void | None = None
    superseded_by: StatementHash | None = None

    @property
    def name(self) -> str:
        """What another certificate calls it."""
        return self.number or f"{self.statement[:8]}…"


def touching(connection: Connection, log_id: int, chains: Iterable[ChainId]) -> dict[int, Statement]:
    """Every ``certify`` about one of these batches, by first index."""
    found: dict[int, Statement] = {}
    for some in chunks(sorted(set(chains))):
        query = (
            select(statements.c.first_index, statements.c.jws)
            .join(
                entries, (entries.c.log_id == statements.c.log_id) & (entries.c.first_index == statements.c.first_index)
            )
            .where(statements.c.log_id == log_id, statements.c.kind == "certify", entries.c.chain.in_(some))
        )
        found.update((index, parse(jws)) for index, jws in connection.execute(query.distinct()))
    return dict(sorted(found.items()))


def with_hash(connection: Connection, log_id: int, hash_: StatementHash) -> tuple[int, Statement] | None:
    """The ``certify`` of that hash with its first index; None where there is none."""
    query = select(statements.c.first_index, statements.c.jws).where(
        statements.c.log_id == log_id, statements.c.hash == hash_, statements.c.kind == "certify"
    )
    row = connection.execute(query).first()
    return (row.first_index, parse(row.jws)) if row else None


def on_batches(
    connection: Connection, log_id: int, names: Names, chains: Iterable[ChainId], viewer: Viewer | None = None
) -> list[Issued]:
    """The certificates about these batches, the newest first, as ``viewer`` may read them."""
    wanted = touching(connection, log_id, chains)
    # Whether one still holds hangs on others about any of its goods.
    certified = wanted | touching(connection, log_id, (chain for one in wanted.values() for chain in one.on))
    corrections = corrections_on(connection, log_id, (chain for one in certified.values() for chain in one.targets))
    goods = views.read(connection, log_id, names, (chain for one in certified.values() for chain in one.on))
    contacts = _contacts(connection, log_id, certified, corrections, viewer)
    read = {
        index: _issued(names, index, one, corrections.get(one.hash, ()), goods, contacts.get(one.hash))
        for index, one in certified.items()
    }
    newest = [read[index] for index in sorted(read, reverse=True)]
    again = _superseded(newest, _had(connection, log_id, goods))
    return [
        replace(one, state="superseded", superseded_by=again[one.statement]) if one.statement in again else one
        for one in newest
        if one.index in wanted
    ]


def _issued(
    names: Names,
    index: int,
    statement: Statement,
    corrections: Sequence[Correction],
    goods: Mapping[ChainId, BatchView],
    contact: str | None,
) -> Issued:
    body, void = effective(statement, [each for each, _ in corrections])
    last = corrections[-1][0] if void else None
    actor, signer = statement.actor, statement.iss
    return Issued(
        statement=statement.hash,
        index=index,
        at=statement.at,
        issued=body["issued"],
        number=body.get("number"),
        form=body["form"],
        product_name=body["product_name"],
        origin=body["origin"],
        basis=list(body["basis"]),
        tests=list(body.get("tests", ())),
        parents=list(body.get("parents", ())),
        party=names.party(actor or ""),
        signer=names.party(signer or ""),
        goods=[Good(goods[line["batch"]], line["quantity"]) for line in body["goods"] if line["batch"] in goods],
        contact=contact,
        state="void" if last else "valid",
        void=Void(last.body["reason"], names.party(last.actor) if last.actor else None, last.at, last.hash)
        if last
        else None,
    )


def _contacts(
    connection: Connection,
    log_id: int,
    certified: Mapping[int, Statement],
    corrections: Mapping[StatementHash, Sequence[Correction]],
    viewer: Viewer | None,
) -> dict[StatementHash, str]:
    """The contact on each that ``viewer`` may read, the last that was stated."""
    told = {index: (one, one.hash) for index, one in certified.items()}
    told |= {index: (one, hash_) for hash_, some in corrections.items() for one, index in some}
    opened = disclosed(connection, log_id, {index: one for index, (one, _) in told.items()}, viewer)
    contacts: dict[StatementHash, str] = {}
    for index in sorted(told):
        for name, _, disclosure, may in opened.get(index, ()):
            if name == "contact":
                contacts.pop(told[index][1], None)
                if may:
                    contacts[told[index][1]] = str(unseal(disclosure)[1])
    return contacts


# --- whether it was issued again -----------------------------------------------------------------------------------


def _had(connection: Connection, log_id: int, chains: Iterable[ChainId]) -> dict[tuple[str, str], int]:
    """How much of each batch came to each party in all, whatever became of it; in millionths."""
    had: defaultdict[tuple[str, str], int] = defaultdict(int)
    for some in chunks(sorted(set(chains))):
        # A record and its corrections together: what was put right never came.
        query = (
            select(postings.c.batch, postings.c.owner, func.sum(postings.c.amount))
            .where(postings.c.log_id == log_id, postings.c.batch.in_(some), postings.c.account == "held")
            .group_by(postings.c.batch, postings.c.owner, postings.c.corrects)
        )
        for batch, owner, amount in connection.execute(query):
            had[batch, owner] += max(0, int(amount))
    return had


def _superseded(newest: Sequence[Issued], had: Mapping[tuple[str, str], int]) -> dict[StatementHash, StatementHash]:
    """Of certificates, newest first, those that later ones leave no room for, each with the one that took it."""
    promised: defaultdict[tuple[str, str], int] = defaultdict(int)
    took: dict[tuple[str, str], StatementHash] = {}
    again: dict[StatementHash, StatementHash] = {}
    for one in newest:
        if one.state == "void":
            continue
        lines = [((good.batch.chain, one.party.id), _amount(good)) for good in one.goods]
        over = [key for key, amount in lines if key in took and promised[key] + amount > had.get(key, 0)]
        if lines and len(over) == len(lines):
            again[one.statement] = took[over[0]]
            continue
        for key, amount in lines:
            promised[key] += amount
            took.setdefault(key, one.statement)
    return again


def _amount(good: Good) -> int:
    """In millionths; nothing for another unit than the batch's own, which is held against nothing."""
    return to_micro(good.quantity["value"]) if good.quantity["unit"] == good.batch.unit else 0


def as_plain(one: Issued, held: Sequence[str] = ()) -> dict[str, Any]:
    """A certificate as programs read it; ``held`` are the codes of what stops its goods."""
    return {
        "statement": one.statement,
        "index": one.index,
        "at": one.at,
        "state": one.state,
        "void": one.void,
        "superseded_by": one.superseded_by,
        "held": list(held),
        "issued": one.issued,
        "number": one.number,
        "form": one.form,
        "product_name": one.product_name,
        "origin": one.origin,
        "basis": one.basis,
        "tests": one.tests,
        "parents": one.parents,
        "party": one.party,
        "signer": one.signer,
        "goods": [
            {"batch": good.batch.chain, "code": good.batch.code, "name": good.batch.name, "quantity": good.quantity}
            for good in one.goods
        ],
        **({"contact": one.contact} if one.contact is not None else {}),
    }
