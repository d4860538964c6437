"""What was measured: over a limit, failed, or not what a certificate says it rests on (records §3.3, §3.8)."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from app.rules.days import day
from app.rules.kernel import Context, Fact, Judged, Subject, rule
from app.rules.names import plain
from app.rules.residues import began, substances

NOT_DETECTED = frozenset(("未检出", "阴性", "合格", "nd", "n.d.", "not detected", "negative"))
FOUND = frozenset(("阳性", "不合格", "超标", "positive"))
"""What is written of an item that failed, and is no figure."""

_FIGURE = re.compile(
    r"[约≈~+]?\s*([<>≤≥≦≧]=?)?\s*([0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?(?:e-?[0-9]{1,2})?)"
    r"\s*(?:(?:±|\+/-)\s*[0-9.]+\s*)?([a-zμ%/]*)"
)
_LABORATORIES = frozenset(("lab", "inspector"))


@rule("over-limit rapid-failed", "test ship", when="test")
def failed(subject: Subject, context: Context) -> Iterator[Judged]:
    """农产品质量安全法 (2022) 第三十六条, 第三十九条: what fails a test may not be sold; the limit of the sampling day.

    A rapid test stops goods until a laboratory's own test of the same has passed: that is what a retest is for.
    """
    tests = list(subject.told(context, "test"))
    for fact in tests:
        over = [item for item in fact.body["items"] if _over(item, fact, subject, context)]
        if not over and fact.body["conclusion"] == "pass":
            continue
        rapid = fact.body["type"] == "qualitative"
        if rapid and any(_settles(other, fact, over, subject, context) for other in tests):
            continue
        said = [f"{item['analyte']} {item['value']}{item.get('unit', '')}" for item in over]
        items = "、".join(said) or "、".join(item["analyte"] for item in fact.body["items"][:3])
        params = {"batch": subject.batch.chain, "items": items, "sample": fact.body["sample_no"]}
        yield Judged("rapid-failed" if rapid else "over-limit", fact.index, params, "hold")


def passed(fact: Fact, subject: Subject, context: Context) -> bool:
    """Whether this test says pass, and nothing in it is over a limit."""
    return fact.body["conclusion"] == "pass" and not any(
        _over(item, fact, subject, context) for item in fact.body["items"]
    )


def _settles(other: Fact, rapid: Fact, over: list[Mapping[str, Any]], subject: Subject, context: Context) -> bool:
    """A retest by a laboratory, measured and not by a rapid method again (农产品质量安全法 第三十九条), of the same.

    What a card finds as a group (抑制率) no laboratory measures by that name; what has a limit of its own, it does.
    """
    party = context.registry.parties.get(other.actor)
    if party is None or _LABORATORIES.isdisjoint(party.roles):
        return False
    if other.body.get("retest_of") != rapid.hash or other.body["type"] != "quantitative":
        return False
    on = day(_sampled(rapid), context)
    measured = {_same(item["analyte"], on, subject, context) for item in other.body["items"]}
    wanted = {
        _same(item["analyte"], on, subject, context)
        for item in over or rapid.body["items"]
        if context.tables.limit(item["analyte"], subject.name, subject.category, on)
    }
    # Where none of the card's names has a limit, then of something that has one: water content clears no pesticide.
    residues = any(_limited(item, other, subject, context) for item in other.body["items"])
    return wanted <= measured and (bool(wanted) or residues) and passed(other, subject, context)


def _limited(item: Mapping[str, Any], fact: Fact, subject: Subject, context: Context) -> bool:
    on = day(_sampled(fact), context)
    return "limit" in item or context.tables.limit(item["analyte"], subject.name, subject.category, on) is not None


def _sampled(fact: Fact) -> str:
    time: str = fact.body.get("sampled", fact.at)
    return time


def _over(item: Mapping[str, Any], fact: Fact, subject: Subject, context: Context) -> bool:
    if item.get("passed") is False or _read(item["value"]) in FOUND:
        return True
    measured = _number(item["value"], item.get("unit", ""))
    if measured is None:
        return False
    value, unit = measured
    stated = _number(item.get("limit", ""), unit)
    if stated is not None and stated[1] == unit and value > stated[0]:
        return True
    limit = context.tables.limit(item["analyte"], subject.name, subject.category, day(_sampled(fact), context))
    most = limit.in_unit(unit or limit.unit) if limit else None
    return most is not None and value > most


def _read(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def _number(text: str, unit: str) -> tuple[Decimal, str] | None:
    """What a laboratory wrote, if it is a figure, and its unit: the item's, or one written behind the figure.

    Not detected is none of it, and so is what lies below a bound; above a bound is more than that.
    """
    text = _read(text)
    if text in NOT_DETECTED:
        return Decimal(0), unit
    match = _FIGURE.fullmatch(text)
    if match is None:
        return None
    bound, value, behind = match[1] or "", Decimal(match[2].replace(",", "")), match[3]
    if bound.startswith("<"):
        value = Decimal(0)
    elif bound == ">":
        value = value.next_plus()
    return value, unit or behind


def _same(substance: str, on: date, subject: Subject, context: Context) -> str:
    """One name for all that a substance is called, by the tables of limits and intervals."""
    tables, name, category = context.tables, subject.name, subject.category
    if limit := tables.limit(substance, name, category, on):
        return plain(limit.analyte)
    least = tables.interval(substance, name, category, on)
    return plain(least.ingredient if least else substance)


@rule(
    "certificate-basis certificate-untested",
    "certify test harvest intake process ship",
    above="apply treat test harvest intake process ship",
    when="certify",
)
def basis(subject: Subject, context: Context) -> Iterator[Judged]:
    """农产品质量安全承诺达标合格证管理办法: a promise that rests on a test rests on one of all that was applied.

    A test says nothing of what was applied after its sample was taken, nor is what was applied to a field after the
    harvest in the goods.
    """
    for fact in subject.of("certify"):
        if not {"self_tested", "commissioned"} & set(fact.body["basis"]):
            continue
        on = day(fact.at, context)
        tested: dict[str, str] = {}
        applied: dict[str, tuple[str, str]] = {}
        for one, until in subject.led():
            for test in one.told(context, "test"):
                if passed(test, one, context):
                    for item in test.body["items"]:
                        named = _same(item["analyte"], on, subject, context)
                        tested[named] = max(tested.get(named, ""), _sampled(test))
            for use in one.told(context, "apply", "treat"):
                if until and began(use) > until:
                    continue
                for substance in use.body.get("ingredients", ()) or substances(use):
                    # Compost has no limit to be held against: looked for is what a limit or an interval knows.
                    if _known(substance, on, subject, context):
                        named = _same(substance, on, subject, context)
                        applied[named] = max(applied.get(named, ("", "")), (began(use), substance))
        if not tested:
            yield Judged("certificate-untested", fact.index, {"batch": subject.batch.chain})
        elif missing := sorted(
            substance for named, (since, substance) in applied.items() if tested.get(named, "") < since
        ):
            yield Judged("certificate-basis", fact.index, {"batch": subject.batch.chain, "name": "、".join(missing)})


def _known(substance: str, on: date, subject: Subject, context: Context) -> bool:
    tables, name, category = context.tables, subject.name, subject.category
    return bool(tables.limit(substance, name, category, on) or tables.interval(substance, name, category, on))
