"""Which statements are told to whom: pure, one statement at a time, with what was found in it.

Told are a recall, a drill, a hold, a release and a finding that stops a batch: to all hands that the goods went
through, and to the inspectors who supervise them; a held batch that moved: to who moved it, who gets it, and the
inspectors; what a run of newer rules stops: as a finding; a shipment to its receiver and carrier; a rejection to its
sender; a correction to all who had the goods; a warning, a notice, a case handed over: to the party that it names.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.batches.goods import Shipment
from ledger.identity import ChainId
from ledger.statement import Statement

WELCOME = "welcome"

EVENTS: Mapping[str, tuple[str, str]] = {
    "recall": ("召回", "recall"),
    "drill": ("召回演练", "recall drill"),
    "hold": ("暂停", "hold"),
    "release": ("解除暂停", "hold released"),
    "finding": ("问题项，批次暂停", "batch stopped by a finding"),
    "rejudged": ("规则更新，批次暂停", "batch stopped by newer rules"),
    "moved-on-hold": ("暂停中的批次被移动", "a held batch was moved"),
    "shipped": ("有货发来", "goods on the way"),
    "rejected": ("发货被拒收", "shipment rejected"),
    "corrected": ("记录被更正", "a record was corrected"),
    "warn": ("风险警示", "risk warning"),
    "notify": ("告知", "notice"),
    "transfer": ("案件移交", "case handed over"),
    WELCOME: ("通知已开通", "notices begin"),
}
"""What there is to be told, in both languages."""

MOVED = "moved-on-hold"
_SAID_ALREADY = frozenset(("on-hold", "recalled", MOVED))
"""Findings that only repeat a statement, or are told as an event of their own."""

_STEPS = ("recall", "drill", "hold", "release")


@dataclass(frozen=True, slots=True)
class Found:
    """A finding as it is told: its code and severity, the batch that it is on, and its particulars."""

    code: str
    severity: str
    batch: ChainId | None
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stated:
    """A statement, what was found in it; the statement that it ``corrected``, the ``shipment`` that it is about."""

    statement: Statement
    index: int
    found: Sequence[Found] = ()
    corrected: Statement | None = None
    shipment: Shipment | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """An event, and who is to be told: the parties ``to``, and all hands that ``goods`` went through.

    With ``whole`` also those through which all that came of the goods went; with ``regulators`` the inspectors who
    supervise any of these parties. ``but`` is never told. ``found`` are the findings that it is about.
    """

    event: str
    goods: tuple[ChainId, ...] = ()
    to: frozenset[ChainId] = frozenset()
    hands: bool = False
    whole: bool = False
    regulators: bool = False
    but: ChainId | None = None
    found: tuple[Found, ...] = ()


def notices_for(stated: Stated) -> Iterator[Notice]:
    """What is to be told of a statement; each event at most once."""
    statement, body, actor = stated.statement, stated.statement.body, stated.statement.actor
    match statement.kind:
        case "recall" | "drill" | "hold" | "release" if "outcome" not in body:
            whole = body.get("scope", "descendants") == "descendants"
            yield Notice(statement.kind, statement.on, hands=True, whole=whole, regulators=True, but=actor)
        case "ship":
            yield Notice("shipped", statement.on, _parties(body.get("receiver"), body.get("carrier")), but=actor)
        case "reject" if stated.shipment is not None:
            yield Notice("rejected", statement.on, _parties(stated.shipment.sender), but=actor)
        case "correct" if stated.corrected is not None:
            yield _correction(stated, stated.corrected)
        case "warn" | "notify" | "transfer":
            yield Notice(statement.kind, statement.on, _parties(body["party"]), but=actor)
    yield from _findings(stated, actor)


def _correction(stated: Stated, corrected: Statement) -> Notice:
    shipment = stated.shipment
    to = _parties(shipment.sender, shipment.receiver) if shipment else frozenset()
    step = corrected.kind in _STEPS
    actor = stated.statement.actor
    return Notice("corrected", corrected.targets, to, hands=True, whole=step, regulators=step, but=actor)


def _findings(stated: Stated, actor: ChainId | None) -> Iterator[Notice]:
    to = _parties(actor)
    if moved := tuple(one for one in stated.found if one.code == MOVED):
        to_whom = to | _parties(stated.statement.body.get("receiver"))
        yield Notice(MOVED, _batches(moved), to_whom, regulators=True, found=moved)
    stops = tuple(one for one in stated.found if one.severity == "hold" and one.code not in _SAID_ALREADY)
    if stops:
        yield Notice("finding", _batches(stops), to, hands=True, whole=True, regulators=True, found=stops)


def rejudged(found: Collection[Found]) -> Iterator[Notice]:
    """What newer rules stop, of one statement that was recorded before them."""
    stops = tuple(one for one in found if one.severity == "hold" and one.code not in _SAID_ALREADY)
    if stops:
        yield Notice("rejudged", _batches(stops), hands=True, whole=True, regulators=True, found=stops)


def _parties(*chains: str | None) -> frozenset[ChainId]:
    return frozenset(ChainId(chain) for chain in chains if chain)


def _batches(found: Collection[Found]) -> tuple[ChainId, ...]:
    return tuple(dict.fromkeys(one.batch for one in found if one.batch))


# --- who supervises whom -------------------------------------------------------------------------------------------

_LEVELS = (2, 4, 6, 9, 12)
"""Digits of a division's code down to province, prefecture, county, township, village: GB/T 2260, GB/T 10114."""


def supervises(division: str, side: str, profile: Mapping[str, Any]) -> bool:
    """Whether whoever supervises ``side`` of ``division`` supervises a party of that profile."""
    area = next((division[:digits] for digits in _LEVELS if not division[digits:].strip("0")), division)
    return bool(area) and side == profile["side"] and profile["division"].startswith(area)
