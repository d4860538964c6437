"""Quantities as whole millionths, so that sums are exact in any database."""

from collections.abc import Mapping
from typing import Any

from ledger.errors import Malformed
from ledger.records.shapes import COUNTED

MICRO = 1_000_000

MOST = 10**15
"""A quantity is below this many millionths, in whatever unit: nine digits, as the format writes them."""

CEILING = 2**62
"""What an account can come to, in millionths, either way: databases add up in 64 bits. No county grows as much."""


def to_micro(value: str) -> int:
    """``"1250.5"`` as 1_250_500_000; the format has checked its form."""
    negative = value.startswith("-")
    whole, _, part = value.lstrip("-").partition(".")
    amount = int(whole) * MICRO + int(part.ljust(6, "0") or 0)
    return -amount if negative else amount


def from_micro(amount: int) -> str:
    """The shortest decimal, ``"-0.5"``."""
    if amount % MICRO == 0:
        return str(amount // MICRO)
    whole, part = divmod(abs(amount), MICRO)
    text = f"{whole}.{part:06}".rstrip("0").rstrip(".")
    return f"-{text}" if amount < 0 else text


def in_unit(quantity: Mapping[str, Any], unit: str, product: Mapping[str, Any] | None, path: str) -> int:
    """``quantity`` in millionths of ``unit``, by the product's stated factors only.

    Raises Malformed ``unit`` where no factor leads there, ``unit-part`` where it would not come out even,
    ``unit-whole`` where half of what is counted would be left, ``unit-most`` where it would be more than a quantity
    can say.
    """
    amount = to_micro(quantity["value"])
    if quantity["unit"] == unit:
        return amount
    for factor in (product or {}).get("factors", ()):
        if factor["unit"] == quantity["unit"] and factor["factor"]["unit"] == unit:
            scaled, rest = divmod(amount * to_micro(factor["factor"]["value"]), MICRO)
            if rest:
                raise Malformed("unit-part", path=f"{path}.value", has=quantity["value"], wanted=unit)
            if unit in COUNTED and scaled % MICRO:
                raise Malformed("unit-whole", path=f"{path}.value", has=from_micro(scaled), wanted=unit)
            if scaled >= MOST:
                raise Malformed("unit-most", path=f"{path}.value", has=quantity["value"], wanted=unit)
            return scaled
    raise Malformed("unit", path=f"{path}.unit", has=quantity["unit"], wanted=unit)


def unit_of(quantity: Mapping[str, Any], product: Mapping[str, Any] | None) -> str:
    """The unit that a batch is kept in: the product's base unit where a factor leads there, else its own."""
    unit: str = quantity["unit"]
    for factor in (product or {}).get("factors", ()):
        if factor["unit"] == unit:
            base: str = factor["factor"]["unit"]
            return base
    return unit
