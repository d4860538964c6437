"""The verdict: the one word that a shopper reads first, and what it rests on.

One function decides, from what the story of a batch holds; whatever stops or withdraws goods is weighed here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from app.batches.events import Found
from app.batches.reading import Stop, Told
from app.batches.views import BatchView

Status: TypeAlias = Literal["normal", "doubtful", "expired", "void", "held", "recalled"]
"""From the least grave to the gravest."""

WORDS: dict[Status, tuple[str, str]] = {
    "normal": ("正常", "In order"),
    "doubtful": ("数量有疑问", "Quantity in doubt"),
    "expired": ("已过保质期", "Past its best-before day"),
    "void": ("已作废", "Withdrawn"),
    "held": ("已暂停", "On hold"),
    "recalled": ("已召回", "Recalled"),
}
QUANTITY = frozenset(("over-held", "over-shipped", "over-counted", "origin-reused"))
"""Findings by which more of a batch is about than there ever was."""

ADVICE: dict[Status, tuple[str, str]] = {
    "normal": ("没有被暂停销售，也没有被召回。", "Neither on hold nor recalled."),
    "doubtful": (
        "记录里卖出或用掉的比手里有的多，说明见下：请向销售者问清来源。",
        "More was recorded as sold or used than was there, as said below: ask the seller where it is from.",
    ),
    "expired": (
        "保质期已过：请不要购买或食用；没有被暂停销售，也没有被召回。",
        "Its best-before day has passed: better not buy or eat it. It is neither on hold nor recalled.",
    ),
    "void": (
        "登记这批货的主体已撤回登记：请向销售者问清来源。",
        "Whoever registered this batch has taken that back: ask the seller where it is from.",
    ),
    "held": (
        "已暂停销售：请先不要购买或食用，原因见下。",
        "Sale is stopped: please don't buy or eat it yet. The reason is below.",
    ),
    "recalled": (
        "这批货正在召回：请不要食用，按下面的要求处理。",
        "This batch is being recalled: don't eat it, and do with it as said below.",
    ),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """``zh`` and ``en`` are the one word, ``advice`` the sentence behind it in both languages."""

    status: Status
    zh: str
    en: str
    advice: tuple[str, str]
    stops: list[Stop]
    """What stops it, with who said so, when and why; the gravest first."""
    because: list[Found]
    """The findings behind that."""
    remarks: list[Found]
    """The findings that only show."""


def verdict(batch: BatchView, story: Sequence[Told], today: str, stops: Sequence[Stop] = ()) -> Verdict:
    """What to tell a shopper of ``batch`` ``today`` (in the log's time zone), given its own story and that of all it
    is made from, and the grounds that reach it. The gravest that is true is said: that nobody stands behind the batch
    any more makes a recall no less urgent.
    """
    standing = [found for told in story if not told.event.void for found in told.event.findings]
    remarks = [found for found in standing if found.severity != "hold"]
    status: Status = "normal"
    if any(stop.found.code == "recalled" for stop in stops):
        status = "recalled"
    elif stops:
        status = "held"
    elif batch.void:
        status = "void"
    elif batch.best_before is not None and batch.best_before < today:
        status = "expired"
    elif any(found.code in QUANTITY for found in remarks):
        status = "doubtful"
    because = [stop.found for stop in stops]
    return Verdict(status, *WORDS[status], ADVICE[status], list(stops), because, remarks)
