"""What was put on it: intervals kept, nothing banned, nothing beyond the label (records §3.1, §3.2)."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from app.rules.days import day
from app.rules.kernel import Context, Fact, Judged, Subject, rule

_PUT_ON = ("apply", "feed", "treat")


@rule("interval", "harvest", above="apply feed treat")
def interval(subject: Subject, context: Context) -> Iterator[Judged]:
    """农产品质量安全法 (2022) 第二十九条: nothing is harvested before the interval or withdrawal time has run out.

    Counted in whole days after the last day of use: the first lawful day is that of the stop plus the interval. Of what
    the record, the label and the table say the longest counts.
    """
    made = subject.made
    if made is None or made.kind != "harvest":
        return
    harvested = day(made.at, context)
    worst: tuple[date, Fact, int] | None = None
    for parent in subject.parents:
        for fact in parent.of(*_PUT_ON):
            days = _days(fact, subject, context)
            lawful = _after(day(fact.body["stop"], context), days)
            if fact.body["start"] <= made.at and harvested < lawful and (worst is None or lawful > worst[0]):
                worst = lawful, fact, days
    if worst is not None:
        lawful, fact, days = worst
        params = {"batch": subject.batch.chain, "name": fact.body["name"], "days": str(days)}
        params |= {"stop": fact.body["stop"][:10], "harvested": harvested.isoformat(), "lawful": lawful.isoformat()}
        yield Judged("interval", made.index, params, "hold")


def _days(fact: Fact, subject: Subject, context: Context) -> int:
    on = day(fact.at, context)
    stated: list[int] = [fact.body.get("interval_days", 0)]
    if number := fact.body.get("registration_no"):
        label = context.tables.registered(number, subject.name, on)
        stated += [label.days or 0] if label else []
    for ingredient in fact.body.get("ingredients", ()):
        least = context.tables.interval(ingredient, subject.name, subject.category, on)
        stated += [least.days] if least else []
    return max(stated)


def _after(stop: date, days: int) -> date:
    return stop + min(timedelta(days=days), date.max - stop)


@rule("banned toxic", "apply feed treat acquire")
def banned(subject: Subject, context: Context) -> Iterator[Judged]:
    """农产品质量安全法 (2022) 第二十九条, 农药管理条例 第三十四条: a banned substance; a toxic one where it is barred.

    What was put on a field or herd stops it and all that came of it; what lies in store is stopped there.
    """
    for fact in subject.of(*_PUT_ON, "acquire"):
        if subject.batch.kind == "input" and fact.kind != "acquire":
            continue
        found: dict[str, list[str]] = {}
        sources: dict[str, str] = {}
        for substance in dict.fromkeys((*fact.body.get("ingredients", ()), fact.body["name"])):
            ban = context.tables.banned(substance, subject.category, day(fact.at, context), subject.name)
            if ban is not None:
                found.setdefault(ban.kind, []).append(substance)
                sources.setdefault(ban.kind, ban.source)
        for code, substances in found.items():
            params = {"batch": subject.batch.chain, "name": "、".join(substances), "source": sources[code]}
            yield Judged(code, fact.index, params, "hold")


@rule("dose off-label", "apply treat")
def label(subject: Subject, context: Context) -> Iterator[Judged]:
    """农药管理条例 第三十四条: as the label says; more of it, or on a crop that it does not name, is found."""
    if subject.batch.kind == "input":
        return
    for fact in subject.of("apply", "treat"):
        use = context.tables.registered(fact.body.get("registration_no", ""), subject.name, day(fact.at, context))
        if use is None:
            continue
        params = {"batch": subject.batch.chain, "name": fact.body["name"], "number": use.registration_no}
        if use.label is None:
            crops = "、".join(use.crops)
            yield Judged("off-label", fact.index, params | {"crop": subject.name, "crops": crops, "source": use.source})
        elif (rate := fact.body.get("rate")) and use.rate is not None and rate["unit"] == use.unit:
            if Decimal(rate["value"]) > use.rate:
                told = {"has": rate["value"], "wanted": f"{use.rate:f}", "unit": use.unit, "source": use.source}
                yield Judged("dose", fact.index, params | told)
