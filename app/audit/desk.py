"""The regulator's desk: what its pages show, put together from the readers; nothing here writes."""

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Engine, func, select

from app import stored
from app.audit import picture
from app.audit.picture import Picture
from app.batches import arrivals
from app.batches.events import Event, Found, worded
from app.batches.holdings import ACCOUNTS
from app.batches.lineage import Graph, Node
from app.batches.views import KINDS_OF_BATCH
from app.log import Log
from app.parties.names import Name, Names
from app.problems import Lang
from app.tables import findings, statements
from app.witnessing.notes import cosigners, wants_witnesses
from ledger import records, wordings
from ledger.identity import ChainId, mark
from ledger.statement import parse

WORKLIST = 30
AUDITED = "audit.json"
"""Where in the data folder the last whole audit left its report."""

AUDIENCES = {
    "public": ("公开", "public"),
    "trade": ("交易方", "trade"),
    "regulator": ("监管", "regulator"),
    "owner": ("本主体", "owner"),
}


@dataclass(frozen=True, slots=True)
class Open:
    """An open finding: what was found, about which statement, by whom that was signed."""

    found: Found
    index: int
    kind: str
    at: str
    actor: Name | None
    batch: ChainId | None
    """The batch to look at."""


@dataclass(frozen=True, slots=True)
class Card:
    """A batch in the picture: where, and what is written on it."""

    x: int
    y: int
    href: str
    here: bool
    title: str
    name: str
    amount: str
    held: Sequence[str]


@dataclass(frozen=True, slots=True)
class Flow:
    """A line in the picture, with how much went along it."""

    path: str
    x: int
    y: int
    text: str


@dataclass(frozen=True, slots=True)
class Drawing:
    width: int
    height: int
    cards: Sequence[Card]
    flows: Sequence[Flow]
    left_out: int
    """How many batches further away are not drawn."""
    here: int
    """The middle of the batch that it is about, from the left."""


def worklist(engine: Engine, log: Log, names: Names, limit: int = WORKLIST) -> tuple[int, list[Open]]:
    """How many findings are open, and those about the newest statements, each with the statement that it is about."""
    query = (
        arrivals.standing(log.log_id)
        .add_columns(statements.c.jws)
        .join(
            statements,
            (statements.c.log_id == findings.c.log_id) & (statements.c.first_index == findings.c.about),
        )
        .order_by(findings.c.about.desc(), findings.c.first_index.desc(), findings.c.line)
        .limit(limit)
    )
    with engine.connect() as connection:
        count = connection.execute(select(func.count()).select_from(arrivals.standing(log.log_id).subquery())).scalar()
        rows = connection.execute(query).all()
        words = worded(connection, log.log_id, names, rows)
    work = []
    for row, found in zip(rows, words, strict=True):
        statement = parse(row.jws)
        actor = names.party(statement.actor) if statement.actor else None
        batch = row.batch or next(iter(statement.targets), None)
        work.append(Open(found, row.about, statement.kind, statement.at, actor, batch))
    return int(count or 0), work


def parties(names: Names, text: str, limit: int = 12) -> list[tuple[ChainId, str, Sequence[str]]]:
    """Parties by part of a name or their credit code: id, name, roles."""
    folded = text.strip().casefold()
    found = (
        party
        for party in list(names.registry.parties.values())
        if folded in party.profile["name"].casefold() or (folded and folded == party.profile.get("uscc", "").casefold())
    )
    return [(party.chain, party.profile["name"], sorted(party.roles)) for party in islice(found, limit)]


def by_audience(event: Event) -> Mapping[str, Mapping[str, Any]]:
    """An event's values, public ones first, then those that were sealed, by who may read them."""
    parted: dict[str, dict[str, Any]] = {audience: {} for audience in AUDIENCES}
    for name, value in event.values.items():
        parted[records.SEALED.get(name, "public")][name] = value
    return {audience: values for audience, values in parted.items() if values}


def drawn(graph: Graph, lang: Lang) -> Drawing:
    """The graph as it is drawn on the page, the nearest ``picture.MOST`` batches of it."""
    nodes = {node.chain: node for node in graph.nodes[: picture.MOST]}
    edges = {(edge.parent, edge.child): edge for edge in graph.edges if edge.parent in nodes and edge.child in nodes}
    laid: Picture = picture.draw([*nodes], [*edges])
    cards = [_card(nodes[ChainId(box.name)], box.x, box.y, box.name == graph.about, lang) for box in laid.boxes]
    # What one record used up of a batch went into all that it made: it is not so much into each.
    shared = Counter((edge.parent, edge.index) for edge in graph.edges)
    flows = []
    for line in laid.lines:
        edge = edges[ChainId(line.parent), ChainId(line.child)]
        text = wordings.quantity({"unit": edge.unit, "value": edge.quantity}, lang) if edge.quantity else ""
        if text and shared[edge.parent, edge.index] > 1:
            text = f"共用 {text}" if lang == "zh" else f"{text} in all"
        flows.append(Flow(line.path, line.x, line.y, text))
    here = next((card.x + picture.WIDTH // 2 for card in cards if card.here), 0)
    return Drawing(laid.width, laid.height, cards, flows, len(graph.nodes) - len(nodes), here)


def _card(node: Node, x: int, y: int, here: bool, lang: Lang) -> Card:
    side = 0 if lang == "zh" else 1
    called = node.product.say(lang) if node.product else node.producer.say(lang)
    amount = wordings.quantity({"unit": node.unit, "value": node.quantity}, lang)
    # A field or a herd is where it is: nothing of it is on hand or elsewhere.
    rooted = node.kind in ("planting", "herd")
    held = [
        _fit(
            f"{ACCOUNTS[one.account][side]} {wordings.quantity({'unit': one.unit, 'value': one.amount}, lang)} "
            f"· {(one.to or one.owner).say(lang)}",
            26,
        )
        for one in node.holdings
        if not rooted
    ]
    if rooted:
        held = [_fit(f"{KINDS_OF_BATCH[node.kind][side]} · {node.producer.say(lang)}", 26)]
    if len(held) > 2:
        held = [held[0], (f"另有 {len(held) - 1} 处", f"and {len(held) - 1} more")[side]]
    lot = node.lot or f"…{node.code[-8:-4]} {node.code[-4:]}"
    title = f"{called} {amount} {node.producer.say(lang)}"
    href = f"/audit/batches/{mark(node.chain)}"
    return Card(x, y, href, here, title, _fit(called, 20), _fit(f"{amount} · {lot}", 26), held)


def _fit(text: str, columns: int) -> str:
    """``text`` cut to a width; Chinese characters are two wide."""
    wide = 0
    for place, sign in enumerate(text):
        wide += 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        if wide > columns:
            return text[: max(0, place - 1)] + "…"
    return text


def _witnessed(log: Log) -> dict[str, Any] | None:
    """The newest checkpoint with a quorum, and when each witness signed it; None where the policy wants nobody."""
    policy = log.pin.policy
    if not wants_witnesses(policy):
        return None
    note = log.journal.published()
    times = cosigners(note, policy) if note else {}
    group = next((one for one in policy.groups if one.name == policy.quorum), None)
    signed = [(witness, times.get(witness)) for witness in policy.witnesses]
    return {
        "size": stored.read_note(note).size if note else 0,
        "wanted": group.threshold if group else 1,
        "checkpoint": note,
        "by": [
            {"name": one.name, "at": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None}
            for one, at in signed
        ],
    }


def standing(log: Log, data: Path) -> dict[str, Any]:
    """Where the log stands: its newest checkpoint, its pin, and what the last whole audit said, if there was one."""
    note = log.journal.latest() or ""
    checkpoint = stored.read_note(note) if note else None
    path = data / AUDITED
    return {
        "log": log.origin,
        "size": checkpoint.size if checkpoint else 0,
        "checkpoint": note,
        "witnessed": _witnessed(log),
        "pin": orjson.loads(log.pin.text()),
        "audited": orjson.loads(path.read_bytes()) if path.exists() else None,
    }
