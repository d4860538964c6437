"""What was measured: over a limit, failed, or not what a certificate says it rests on (records §3.3, §3.8)."""

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from app.rules.days import day
from app.rules.kernel import Context, Fact, Judged, Subject, rule

NOT_DETECTED = frozenset(("未检出", "阴性", "合格", "ND", "N.D.", "not detected", "negative"))


@rule("over-limit rapid-failed", "test")
def failed(subject: Subject, context: Context) -> Iterator[Judged]:
    """农产品质量安全法 (2022) 第三十六条, 第三十九条: what fails a test may not be sold; the limit of the sampling day.

    A rapid test stops goods until a laboratory's own test of the same has passed: that is what a retest is for.
    """
    tests = list(subject.of("test"))
    for fact in tests:
        over = [item for item in fact.body["items"] if _over(item, fact, subject, context)]
        if not over and fact.body["conclusion"] == "pass":
            continue
        rapid = fact.body["type"] == "qualitative"
        if rapid and any(_settles(other, fact, subject, context) for other in tests):
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


def _settles(other: Fact, rapid: Fact, subject: Subject, context: Context) -> bool:
    """Not by a rapid method again (农产品质量安全法 第三十九条): of the same sample's analytes, measured."""
    retest = other.body.get("retest_of") == rapid.hash and other.body["type"] == "quantitative"
    return retest and passed(other, subject, context)


def _over(item: Mapping[str, Any], fact: Fact, subject: Subject, context: Context) -> bool:
    if item.get("passed") is False:
        return True
    value = _number(item["value"])
    if value is None:
        return False
    stated = _number(item.get("limit", ""))
    if stated is not None and value > stated:
        return True
    limit = context.tables.limit(
        item["analyte"], subject.name, subject.category, day(fact.body.get("sampled", fact.at), context)
    )
    return limit is not None and item.get("unit", limit.unit) == limit.unit and value > limit.value


def _number(text: str) -> Decimal | None:
    """What a laboratory wrote, if it is a number; not detected is none of it, at or below a bound is that bound."""
    if text in NOT_DETECTED:
        return Decimal(0)
    try:
        number = Decimal(text.lstrip("<≤≦ ")) if not text.startswith(("<", "＜")) else Decimal(0)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


@rule("certificate-basis", "certify test", above="apply treat test")
def basis(subject: Subject, context: Context) -> Iterator[Judged]:
    """农产品质量安全承诺达标合格证管理办法: a promise that rests on a test rests on one of all that was applied."""
    for fact in subject.of("certify"):
        if not {"self_tested", "commissioned"} & set(fact.body["basis"]):
            continue
        on = day(fact.at, context)
        looked_for = {
            item["analyte"]
            for one in subject.upstream()
            for test in one.of("test")
            if passed(test, one, context)
            for item in test.body["items"]
        }
        applied = {
            ingredient
            for one in subject.upstream()
            for use in one.of("apply", "treat")
            for ingredient in use.body.get("ingredients", ())
        }
        tables, name, category = context.tables, subject.name, subject.category
        # Compost has no limit to be held against: what is looked for is what a limit or an interval knows.
        missing = sorted(
            ingredient
            for ingredient in applied - looked_for
            if tables.limit(ingredient, name, category, on) or tables.interval(ingredient, name, category, on)
        )
        if missing or not looked_for:
            params = {"batch": subject.batch.chain, "name": "、".join(missing) or "–"}
            yield Judged("certificate-basis", fact.index, params)
