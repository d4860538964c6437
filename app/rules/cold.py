"""The cold chain: outside the product's limits for longer than its minutes (records §3.6)."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from app.rules.days import minutes
from app.rules.kernel import Context, Fact, Judged, Subject, rule

_CELSIUS = frozenset(("C", "Cel", "degC"))


@rule("cold-chain", "sense unload receive")
def warm(subject: Subject, context: Context) -> Iterator[Judged]:
    """食品安全法 第三十三条第六项: kept at the temperature that it needs. Shown until a named person releases it."""
    cold = (subject.product or {}).get("cold")
    if cold is None:
        return
    low, high, allowed = Decimal(cold["low"]), Decimal(cold["high"]), cold["minutes"]
    for fact in subject.of("sense", "unload", "receive"):
        for reading, out in _readings(fact):
            if reading["unit"] not in _CELSIUS or low <= (value := Decimal(reading["value"])) <= high:
                continue
            if out is None or out > allowed:
                params = {"batch": subject.batch.chain, "has": f"{value:f}", "low": f"{low:f}", "high": f"{high:f}"}
                params |= {"minutes": "–" if out is None else str(out), "allowed": str(allowed)}
                yield Judged("cold-chain", fact.index, params)
                break


def _readings(fact: Fact) -> Iterator[tuple[Mapping[str, Any], int | None]]:
    """Readings with how many minutes they lasted; None where nobody knows."""
    body = fact.body
    if fact.kind == "sense":
        if body["measures"] != "temperature":
            return
        spells = body.get("excursions", ())
        total = sum(minutes(one["start"], one["stop"]) for one in spells)
        yield from ((one["extreme"], total) for one in spells)
        if not spells:
            whole = minutes(body["start"], body["stop"])
            yield from ((body[name], whole) for name in ("low", "high"))
    elif fact.kind == "unload":
        log = body.get("temperature_log", {})
        yield from ((log[name], body.get("excursion_minutes")) for name in ("low", "high") if name in log)
    elif "temperature" in body:
        yield body["temperature"], None
