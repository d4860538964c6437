"""Oversight and recall in the county: what inspectors find and stop, what is called back, rehearsed and answered."""

from collections.abc import Sequence
from datetime import datetime

from clients.demo.hands import Amount, Batch, Goods, Hand, lines, measured
from ledger.canonical import Json
from ledger.identity import StatementHash


def inspect(hand: Hand, batch: Batch, holder: Hand, task: str, result: str, remarks: str) -> StatementHash:
    kept = hand.state(
        "inspect", [batch], task=task, party=holder.chain, form="日常检查表（示例）", result=result, remarks=remarks
    )
    return kept.hash


def sample(hand: Hand, batch: Batch, holder: Hand, amount: Amount, sample_no: str) -> None:
    hand.state(
        "sample", [batch], sample_no=sample_no, slip="抽样单-示例-01", goods=lines([(batch, amount)]),
        holder=holder.chain, task="抽检-示例-01",
    )  # fmt: skip


def tell(
    hand: Hand, kind: str, batch: Batch, whom: Hand, reason: str, law: str | None = None, instruction: str | None = None
) -> None:
    """``warn``, ``notify`` or ``transfer``."""
    hand.state(kind, [batch], party=whom.chain, reason=reason, law=law, instruction=instruction)


def hold(hand: Hand, batch: Batch, reason: str, law: str) -> None:
    hand.state("hold", [batch], reason=reason, law=law, until=hand.stage.day(7))


def recall(
    hand: Hand, batch: Batch, reason: str, instruction: str, about: StatementHash, hours: float
) -> StatementHash:
    kept = hand.state(
        "recall", [batch], scope="descendants", reason=reason, instruction=instruction, about=about,
        deadline=hand.stage.later(hours), law="食品安全法第六十三条",
    )  # fmt: skip
    return kept.hash


def release(hand: Hand, batch: Batch, answers: Sequence[StatementHash], reason: str) -> None:
    hand.state("release", [batch], answers=[*answers], reason=reason)


def drill(hand: Hand, batch: Batch, reason: str) -> tuple[StatementHash, str]:
    """The record that begins it, and when that was."""
    began = hand.stage.at
    kept = hand.state(
        "drill", [batch], scope="descendants", reason=reason, instruction="清点后答复，不用停售",
    )  # fmt: skip
    return kept.hash, began


def end_drill(hand: Hand, batch: Batch, drill: tuple[StatementHash, str], reason: str, parties: int) -> None:
    """All of them have answered, and all is located."""
    began, now = (datetime.fromisoformat(text) for text in (drill[1], hand.stage.at))
    outcome: dict[str, Json] = {
        "drill": drill[0], "finished": hand.stage.at, "seconds": int((now - began).total_seconds()), "lots": 1,
        "parties": parties, "answered": parties, "located": 1000,
    }  # fmt: skip
    hand.state("drill", [batch], scope="descendants", reason=reason, outcome=outcome)


def acknowledge(
    hand: Hand, about: StatementHash, goods: Goods, measures: str, *, stopped: bool = True, recovered: Goods = ()
) -> None:
    """What it has of each batch, all of it off sale if ``stopped``, and what of the sold came back."""
    back = {batch.chain: amount for batch, amount in recovered}
    counted: list[Json] = []
    for batch, amount in goods:
        line: dict[str, Json] = {"batch": batch.chain, "found": measured(amount, batch.unit)}
        if stopped:
            line["stopped"] = measured(amount, batch.unit)
        if batch.chain in back:
            line["recovered"] = measured(back[batch.chain], batch.unit)
        counted.append(line)
    hand.state("acknowledge", [batch for batch, _ in goods], about=about, goods=counted, measures=measures)
