"""Quantities that must add up beyond the accounts: labels, yields, what came out of a process (records §3.5)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.batches.amounts import from_micro, in_unit, to_micro
from app.rules.kernel import Context, Judged, Subject, rule
from ledger.errors import Malformed


@rule("over-labelled", "label harvest intake process")
def labels(subject: Subject, context: Context) -> Iterator[Judged]:
    """More was labelled than there ever was of it: labels to spare are how other goods take a good name."""
    made = subject.made
    if made is None:
        return
    there = _made(subject, made.body.get("outputs", ()), made.created)
    labelled, last = 0, 0
    for fact in subject.of("label"):
        content = fact.body.get("content")
        if content is None or fact.body["action"] not in ("printed", "void"):
            continue
        try:
            each = in_unit(content, subject.batch.unit, subject.product, "body.content")
        except Malformed:
            continue
        labelled += each * fact.body["labels"] * (-1 if fact.body["action"] == "void" else 1)
        last = fact.index
    if labelled > there:
        amounts = {"has": from_micro(there), "wanted": from_micro(labelled), "short": from_micro(labelled - there)}
        yield Judged("over-labelled", last, {"batch": subject.batch.chain, "unit": subject.batch.unit, **amounts})


def _made(subject: Subject, outputs: Iterable[Mapping[str, Any]], created: Iterable[str]) -> int:
    for output, chain in zip(outputs, created, strict=False):
        if chain == subject.batch.chain:
            return in_unit(output["quantity"], subject.batch.unit, subject.product, "body.outputs")
    return 0


@rule("yield more-out", "process")
def came_out(subject: Subject, context: Context) -> Iterator[Judged]:
    """What came of a process against what went in: outside the product's band, or, without one, more than went in."""
    made = subject.made
    if made is None or made.kind != "process":
        return
    unit = subject.batch.unit
    body = made.body
    went_in = _sum(unit, body.get("inputs", ())) + _sum(unit, body.get("additives", ()))
    mine = _made(subject, body["outputs"], made.created)
    if not went_in or any(line.get("quantity", {}).get("unit") != unit for line in body.get("inputs", ())):
        # Litres of kilograms: what the two have to do with each other only a band in one unit could say.
        return
    params = {"batch": subject.batch.chain, "unit": unit, "wanted": from_micro(mine), "has": from_micro(went_in)}
    band = (subject.product or {}).get("yield")
    if band is not None:
        share = mine * 1000 // went_in
        if not band["low"] <= share <= band["high"]:
            told = {"share": _percent(share), "low": _percent(band["low"]), "high": _percent(band["high"])}
            yield Judged("yield", made.index, params | told)
        return
    out = _sum(unit, body["outputs"]) + _sum(unit, ({"quantity": body["loss"]},) if "loss" in body else ())
    if out > went_in and subject.batch.chain == made.created[0]:
        told = {"wanted": from_micro(out), "short": from_micro(out - went_in)}
        yield Judged("more-out", made.index, params | told)


def _sum(unit: str, lines: Iterable[Mapping[str, Any]]) -> int:
    """Millionths of ``unit`` in the lines that are told in it."""
    quantities = (line["quantity"] for line in lines if "quantity" in line)
    return sum(to_micro(quantity["value"]) for quantity in quantities if quantity["unit"] == unit)


def _percent(per_mille: int) -> str:
    return f"{per_mille / 10:g}%"
