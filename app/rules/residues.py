"""What was put on it: intervals kept, nothing banned, nothing beyond the label (records §3.1, §3.2)."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from app.rules.days import day
from app.rules.kernel import Context, Fact, Judged, Subject, rule

_PUT_ON = ("apply", "feed", "treat")

_MEASURES = {"mg": ("g", -3), "g": ("g", 0), "kg": ("g", 3), "t": ("g", 6), "mL": ("L", -3), "L": ("L", 0)}
"""Of what a unit is so many powers of ten."""


@rule("interval", "harvest", above="apply feed treat ship")
def interval(subject: Subject, context: Context) -> Iterator[Judged]:
    """农产品质量安全法 (2022) 第二十九条: nothing is harvested before the interval or withdrawal time has run out.

    Counted in whole days after the last day of use: the first lawful day is that of the stop plus the interval. Of what
    the record, the label and the table say the longest counts. What needs no waiting may be in use all the while.
    """
    made = subject.made
    if made is None or made.kind != "harvest":
        return
    harvested = day(made.at, context)
    worst: tuple[date, Fact, int] | None = None
    for parent in subject.parents:
        for fact in parent.told(context, *_PUT_ON):
            if began(fact) > made.at:
                continue
            days = _days(fact, subject, context)
            lawful = _after(day(fact.body["stop"], context), days)
            if days and harvested < lawful and (worst is None or lawful > worst[0]):
                worst = lawful, fact, days
    if worst is not None:
        lawful, fact, days = worst
        params = {"batch": subject.batch.chain, "name": fact.body["name"], "days": str(days)}
        params |= {"stop": day(fact.body["stop"], context).isoformat(), "lawful": lawful.isoformat()}
        yield Judged("interval", made.index, params | {"harvested": harvested.isoformat()}, "hold")


def began(fact: Fact) -> str:
    """When the use of what was put on it began; as a time of the format, which can be compared."""
    start: str = fact.body["start"]
    stop: str = fact.body["stop"]
    return min(start, stop)


def substances(fact: Fact) -> Iterator[str]:
    """Its active ingredients; and what it is called, for who leaves them out still calls it something."""
    yield from dict.fromkeys((*fact.body.get("ingredients", ()), fact.body["name"]))


def _days(fact: Fact, subject: Subject, context: Context) -> int:
    on = day(fact.body["stop"], context)
    stated: list[int] = [fact.body.get("interval_days", 0)]
    if number := fact.body.get("registration_no"):
        label = context.tables.registered(number, subject.name, on)
        stated += [label.days or 0] if label else []
    for substance in substances(fact):
        least = context.tables.interval(substance, subject.name, subject.category, on)
        stated += [least.days] if least else []
    return max(stated)


def _after(stop: date, days: int) -> date:
    return stop + min(timedelta(days=days), date.max - stop)


@rule("banned toxic", "apply feed treat acquire ship", when="apply feed treat acquire")
def banned(subject: Subject, context: Context) -> Iterator[Judged]:
    """农产品质量安全法 (2022) 第二十九条, 农药管理条例 第三十四条: a banned substance; a toxic one where it is barred.

    By the law of the last day of its use. What was put on a field or herd stops it and all that came of it; what lies
    in store is stopped there.
    """
    for fact in subject.told(context, *_PUT_ON, "acquire"):
        if subject.batch.kind == "input" and fact.kind != "acquire":
            continue
        on = day(fact.body.get("stop", fact.at), context)
        found: dict[str, list[str]] = {}
        sources: dict[str, str] = {}
        for substance in substances(fact):
            ban = context.tables.banned(substance, subject.category, on, subject.name)
            if ban is not None:
                found.setdefault(ban.kind, []).append(substance)
                sources.setdefault(ban.kind, ban.source)
        for code, named in found.items():
            params = {"batch": subject.batch.chain, "name": "、".join(named), "source": sources[code]}
            yield Judged(code, fact.index, params, "hold")


@rule("dose off-label", "apply treat ship", when="apply treat")
def label(subject: Subject, context: Context) -> Iterator[Judged]:
    """农药管理条例 第三十四条: as the label says; more of it, or on a crop that it does not name, is found."""
    if subject.batch.kind == "input":
        return
    for fact in subject.told(context, "apply", "treat"):
        on = day(fact.body["stop"], context)
        use = context.tables.registered(fact.body.get("registration_no", ""), subject.name, on)
        if use is None:
            continue
        params = {"batch": subject.batch.chain, "name": fact.body["name"], "number": use.registration_no}
        if use.label is None:
            crops = "、".join(use.crops)
            yield Judged("off-label", fact.index, params | {"crop": subject.name, "crops": crops, "source": use.source})
        elif use.rate is not None and (used := _measured(fact.body.get("rate"), use.unit)) is not None:
            if used > use.rate:
                told = {"has": f"{used.normalize():f}", "wanted": f"{use.rate:f}", "unit": use.unit}
                yield Judged("dose", fact.index, params | told | {"source": use.source})


def _measured(rate: Mapping[str, Any] | None, unit: str) -> Decimal | None:
    """How much it was in the label's unit; None where that cannot be said."""
    if rate is None:
        return None
    value = Decimal(rate["value"])
    if rate["unit"] == unit:
        return value
    mine, theirs = (_MEASURES.get(each) for each in (rate["unit"], unit))
    return value.scaleb(mine[1] - theirs[1]) if mine and theirs and mine[0] == theirs[0] else None
