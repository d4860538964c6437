"""The cold chain: outside the product's limits for longer than its minutes (records §3.6)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.rules.days import minutes
from app.rules.kernel import Context, Fact, Judged, Subject, rule

_CELSIUS = frozenset(("C", "Cel", "degC"))
_MEASURING = "sense load unload receive store unstore"


@dataclass(frozen=True, slots=True)
class _Limits:
    low: Decimal
    high: Decimal

    def beyond(self, *readings: Mapping[str, Any]) -> list[Decimal]:
        """What of these lies outside, in degrees Celsius."""
        values = (Decimal(one["value"]) for one in readings if one["unit"] in _CELSIUS)
        return [value for value in values if not self.low <= value <= self.high]

    def worst(self, values: list[Decimal]) -> Decimal:
        return max(values, key=lambda value: max(self.low - value, value - self.high))


@rule("cold-chain cold-reading", _MEASURING)
def warm(subject: Subject, context: Context) -> Iterator[Judged]:
    """食品安全法 第三十三条第六项: kept at the temperature that it needs. Shown until a named person releases it.

    For longer than it bears, or, where nobody says for how long, at all.
    """
    cold = (subject.product or {}).get("cold")
    if cold is None:
        return
    limits, allowed = _Limits(Decimal(cold["low"]), Decimal(cold["high"])), int(cold["minutes"])
    for fact in subject.of(*_MEASURING.split()):
        values, lasted = _sensed(fact, limits, allowed) if fact.kind == "sense" else _read(fact, limits)
        if not values or (lasted is not None and lasted <= allowed):
            continue
        params = {"batch": subject.batch.chain, "has": f"{limits.worst(values):f}"}
        params |= {"low": f"{limits.low:f}", "high": f"{limits.high:f}"}
        if lasted is None:
            yield Judged("cold-reading", fact.index, params)
        else:
            yield Judged("cold-chain", fact.index, params | {"minutes": str(lasted), "allowed": str(allowed)})


def _sensed(fact: Fact, limits: _Limits, allowed: int) -> tuple[list[Decimal], int | None]:
    """What a logger found outside, and for how many minutes; None where nobody knows."""
    body = fact.body
    if body["measures"] != "temperature":
        return [], 0
    spells = [one for one in body.get("excursions", ()) if limits.beyond(one["extreme"])]
    if spells:
        values = [value for one in spells for value in limits.beyond(one["extreme"])]
        return values, sum(minutes(one["start"], one["stop"]) for one in spells)
    # What the device's own range let pass shows in the lowest and highest; it lasted no longer than the whole.
    whole = minutes(body["start"], body["stop"])
    return limits.beyond(body["low"], body["high"]), whole if whole <= allowed else None


def _read(fact: Fact, limits: _Limits) -> tuple[list[Decimal], int | None]:
    """The same of the logger that came with the goods, else of a thermometer."""
    body = fact.body
    log = body.get("temperature_log", {})
    on_the_way = limits.beyond(*(log[name] for name in ("low", "high") if name in log))
    if on_the_way:
        return on_the_way, body.get("excursion_minutes")
    return limits.beyond(*([body["temperature"]] if "temperature" in body else [])), None
