"""Quantities that must add up beyond the accounts: labels, yields, what came out of a process (records §3.5)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.batches.amounts import from_micro, in_unit
from app.rules.kernel import Context, Fact, Judged, Subject, rule
from ledger.errors import Malformed
from ledger.identity import ChainId


@rule("over-labelled", "label plant stock acquire harvest intake process ship", when="label")
def labels(subject: Subject, context: Context) -> Iterator[Judged]:
    """More was labelled than there ever was of it: labels to spare are how other goods take a good name.

    Found at the first label that is too many; voiding more than were printed gives none to print.
    """
    if subject.made is None:
        return
    unit, product = subject.batch.unit, subject.product
    there = sum(
        _amount(line, unit, product) or 0 for line, chain in _made(subject.made) if chain == subject.batch.chain
    )
    labelled, since = 0, None
    for fact in subject.told(context, "label"):
        each = _amount({"quantity": fact.body["content"]}, unit, product) if "content" in fact.body else None
        if each is None or fact.body["action"] not in ("printed", "void"):
            continue
        labelled = max(0, labelled + each * fact.body["labels"] * (-1 if fact.body["action"] == "void" else 1))
        since = (since or fact.index) if labelled > there else None
    if since is not None:
        amounts = {"has": from_micro(there), "wanted": from_micro(labelled), "short": from_micro(labelled - there)}
        yield Judged("over-labelled", since, {"batch": subject.batch.chain, "unit": unit, **amounts})


def _made(made: Fact) -> Iterable[tuple[Mapping[str, Any], ChainId]]:
    return zip(made.body.get("outputs", [made.body]), made.created, strict=False)


@rule("yield more-out", "process")
def came_out(subject: Subject, context: Context) -> Iterator[Judged]:
    """What came of a process against what went in: outside the product's band, or, without one, more than went in.

    All of one product that a process brought counts together, and is found once; by-products are left out of the
    yield, not of what came out.
    """
    made = subject.made
    if made is None or made.kind != "process":
        return
    went_in, unit = _went_in(subject, made)
    if not went_in:
        return
    outputs = list(_made(made))
    mine = next(line for line, chain in outputs if chain == subject.batch.chain)
    alike = [(line, chain) for line, chain in outputs if line["product"] == mine["product"] and not _aside(line)]
    params = {"batch": subject.batch.chain, "unit": unit, "has": from_micro(went_in)}
    band = (subject.product or {}).get("yield")
    if band is not None:
        amounts = [_amount(line, unit, subject.product) for line, _ in alike]
        if not alike or alike[0][1] != subject.batch.chain or None in amounts:
            return
        came = sum(one or 0 for one in amounts)
        if not band["low"] * went_in <= came * 1000 <= band["high"] * went_in:
            told = {"share": _percent(came * 1000 / went_in), "low": _percent(band["low"])}
            yield Judged(
                "yield", made.index, params | told | {"high": _percent(band["high"]), "wanted": from_micro(came)}
            )
    elif subject.batch.chain == made.created[0]:
        # What is told in another unit came out as well: that it is more is sure all the same.
        lines = [(line, _product(line["product"], context)) for line, _ in outputs]
        lines += [({"quantity": made.body["loss"]}, None)] if "loss" in made.body else []
        came = sum(_amount(line, unit, product) or 0 for line, product in lines)
        if came > went_in:
            told = {"wanted": from_micro(came), "short": from_micro(came - went_in)}
            yield Judged("more-out", made.index, params | told)


def _went_in(subject: Subject, made: Fact) -> tuple[int, str]:
    """All goods and additives that a process used, and in which unit; 0 where they cannot be added up."""
    parents = {one.batch.chain: one for one in subject.parents}
    used = [(line, parents.get(line["batch"])) for line in made.body.get("inputs", ())]
    # Boxes and bags go in too, and nothing of them comes out.
    goods = [(line, parent) for line, parent in used if parent is None or parent.batch.kind != "input"]
    unit = next((parent.batch.unit for _, parent in goods if parent), "")
    amounts = [_amount(line, unit, parent.product if parent else None) for line, parent in goods]
    if not unit or None in amounts:
        # Litres of kilograms: what the two have to do with each other only a band in one unit could say.
        return 0, unit
    beside = [line for line, parent in used if parent is not None and parent.batch.kind == "input"]
    more = (_amount(line, unit, None) for line in (*beside, *made.body.get("additives", ())) if "quantity" in line)
    return sum(one or 0 for one in (*amounts, *more)), unit


def _aside(line: Mapping[str, Any]) -> bool:
    aside: bool = line.get("by_product", False)
    return aside


def _product(chain: ChainId, context: Context) -> Mapping[str, Any] | None:
    found = context.registry.products.get(chain)
    return found.body if found else None


def _amount(line: Mapping[str, Any], unit: str, product: Mapping[str, Any] | None) -> int | None:
    """Millionths of ``unit``; None where no factor leads there, or nothing is said."""
    if "quantity" not in line:
        return None
    try:
        return in_unit(line["quantity"], unit, product, "")
    except Malformed:
        return None


def _percent(per_mille: float) -> str:
    return f"{per_mille / 10:.4g}%"
