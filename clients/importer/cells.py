"""What a cell says: days, moments, quantities, yes and no. Pure; raises BadCell with what the cell has.

Days come in as many styles as there are programs. Those that can be read in one way only are always understood;
``7/8/23`` and ``230712`` are not, and are read only where the mapping names the style (``m/d/y``, ``d/m/y``,
``yymmdd``, ``excel``).
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext
from zoneinfo import ZoneInfo

from clients.importer.problems import BadCell
from clients.importer.sheet import Cell, Spoiled, fold

NOON = 12
"""The hour that a day without one is stated at: the same day here, in UTC and in most of the world."""

UNITS: Mapping[str, str] = {
    "case": "CS", "cases": "CS", "cs": "CS", "ctn": "CS", "carton": "CS", "cartons": "CS", "件": "CS",
    "box": "box", "boxes": "box", "箱": "box", "盒": "box",
    "bag": "BG", "bags": "BG", "bg": "BG", "袋": "BG", "包": "BG",
    "each": "EA", "ea": "EA", "个": "piece", "只": "head", "头": "head", "枚": "egg",
    "lb": "LB", "lbs": "LB", "pound": "LB", "pounds": "LB", "磅": "LB",
    "kg": "kg", "kgs": "kg", "公斤": "kg", "千克": "kg", "斤": "0.5 kg", "市斤": "0.5 kg",
    "g": "g", "克": "g", "t": "t", "吨": "t", "l": "L", "升": "L", "ml": "mL", "毫升": "mL",
    "亩": "mu", "瓶": "bottle", "°c": "C", "度": "C",
}  # fmt: skip
"""What units are called in sheets: a unit's code, or so many of one (一斤 is half a kilogram)."""

_Parts = tuple[int, int, int]
_ISO = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})").fullmatch
_CHINESE = re.compile(r"([0-9]{4}) ?年 ?([0-9]{1,2}) ?月 ?([0-9]{1,2}) ?[日号]").fullmatch
_SLASHED = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})").fullmatch
_TIMED = re.compile(r"(.+?)(?:T| +)([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?").fullmatch
_ZONED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{5,8}(?:Z|[+-][0-9]{2}:[0-9]{2})").fullmatch
_QUANTITY = re.compile(r"([0-9][0-9,.]*) *(.*)").fullmatch
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?").fullmatch
_DECIMAL = re.compile(r"[0-9]+(?:\.[0-9]+)?").fullmatch
_UNIT = re.compile("[A-Za-z0-9%/]{1,8}").fullmatch
_EXCEL = date(1899, 12, 30)


def text(cell: Cell) -> str:
    """The cell as text; a date is written as ISO 8601 writes it."""
    if isinstance(cell, Spoiled):
        raise BadCell(cell.code, has=cell.text)
    return "" if cell is None else cell if isinstance(cell, str) else cell.isoformat()


# --- days and moments --------------------------------------------------------------------------------------------


def _iso(said: str) -> _Parts | None:
    found = _ISO(said)
    return (int(found[1]), int(found[3]), int(found[4])) if found else None


def _chinese(said: str) -> _Parts | None:
    found = _CHINESE(said)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def _whole_digits(said: str) -> _Parts | None:
    eight = len(said) == 8 and said.isascii() and said.isdigit()
    return (int(said[:4]), int(said[4:6]), int(said[6:])) if eight else None


def _six_digits(said: str) -> _Parts | None:
    six = len(said) == 6 and said.isascii() and said.isdigit()
    return (2000 + int(said[:2]), int(said[2:4]), int(said[4:])) if six else None


def _slashed(month: int, day: int) -> Callable[[str], _Parts | None]:
    def parts(said: str) -> _Parts | None:
        found = _SLASHED(said)
        if not found:
            return None
        year = int(found[4])
        return (year if year > 99 else 2000 + year, int(found[month]), int(found[day]))

    return parts


def _excel(said: str) -> _Parts | None:
    # From 1970 on, and no further than four digits of a year go.
    if not (said.isascii() and said.isdigit() and 25569 <= int(said) <= 2958465):
        return None
    day = _EXCEL + timedelta(days=int(said))
    return day.year, day.month, day.day


STYLES: Mapping[str, Callable[[str], _Parts | None]] = {
    "iso": _iso,
    "chinese": _chinese,
    "yyyymmdd": _whole_digits,
    "yymmdd": _six_digits,
    "m/d/y": _slashed(1, 3),
    "d/m/y": _slashed(3, 1),
    "excel": _excel,
}
"""The styles of days by name. A year of two digits is one of this century."""

PLAIN = ("iso", "chinese", "yyyymmdd")
"""Those that can be read in one way only."""


def day(cell: Cell, styles: Sequence[str] = ()) -> date:
    """The day that a cell names, in one of ``styles`` or a plain one. Raises BadCell ``cell-date``."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    said = unicodedata.normalize("NFKC", text(cell)).strip()
    wanted = (*styles, *(style for style in PLAIN if style not in styles))
    for style in wanted:
        if parts := STYLES[style](said):
            try:
                found = date(*parts)
            except ValueError:
                break
            if found.year >= 1970:
                return found
    raise BadCell("cell-date", has=text(cell)[:80], wanted=", ".join(wanted))


def moment(cell: Cell, zone: ZoneInfo, styles: Sequence[str] = ()) -> str:
    """The time that a cell names, by the clocks of ``zone``, as the format writes it; noon where it names a day."""
    local: datetime
    if isinstance(cell, str) and _ZONED(cell):
        try:
            return datetime.fromisoformat(cell).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        except ValueError:
            raise BadCell("cell-date", has=cell[:80], wanted="YYYY-MM-DDTHH:MM:SSZ") from None
    if isinstance(cell, datetime):
        local = cell
    else:
        said = "" if isinstance(cell, date) else unicodedata.normalize("NFKC", text(cell)).strip()
        timed = _TIMED(said)
        on = day(timed[1] if timed else cell, styles)
        hour, minute, second = (int(part or 0) for part in timed.groups()[1:]) if timed else (NOON, 0, 0)
        try:
            local = datetime(on.year, on.month, on.day, hour, minute, second)  # noqa: DTZ001 - the zone follows
        except ValueError:
            raise BadCell("cell-date", has=said[:80], wanted="00:00:00 … 23:59:59") from None
    return local.replace(tzinfo=zone).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# --- quantities --------------------------------------------------------------------------------------------------


def quantity(said: str, unit: str = "", units: Mapping[str, str] = UNITS) -> dict[str, str]:
    """``20 CS``, ``1,250.5公斤``, or a number with its ``unit`` from elsewhere, as ``{"unit","value"}``, above zero.

    Raises BadCell ``cell-quantity``, ``cell-unit`` or ``cell-no-unit``. A comma parts thousands and nothing else.
    """
    value, code = _amount(said, unit, units)
    if value <= 0:
        raise BadCell("cell-quantity", has=said[:80])
    return {"unit": code, "value": _plain(value)}


def reading(said: str, unit: str = "", units: Mapping[str, str] = UNITS) -> dict[str, str]:
    """As ``quantity``, and zero or below it: what an instrument shows."""
    plain = unicodedata.normalize("NFKC", said).strip()
    below = plain[:1] in ("-", "\u2212")
    value, code = _amount(plain[below:].strip(), unit, units)
    return {"unit": code, "value": ("-" if below and value else "") + _plain(value)}


def _amount(said: str, unit: str, units: Mapping[str, str]) -> tuple[Decimal, str]:
    found = _QUANTITY(unicodedata.normalize("NFKC", said).strip())
    if not found:
        raise BadCell("cell-quantity", has=said[:80])
    digits, own = found[1], found[2].strip()
    if _THOUSANDS(digits):
        digits = digits.replace(",", "")
    if not _DECIMAL(digits):
        raise BadCell("cell-quantity", has=said[:80])
    if not (own or unit):
        raise BadCell("cell-no-unit", has=said[:80])
    factor, code = _unit_of(own or unit, units)
    with localcontext(prec=100):
        value = Decimal(digits) * factor
        whole, _, part = _plain(value).partition(".")
    if len(whole) > 9 or len(part) > 6:
        raise BadCell("cell-quantity", has=said[:80])
    return value, code


def _plain(value: Decimal) -> str:
    """The shortest decimal, never with an exponent."""
    with localcontext(prec=100):
        return f"{value.normalize():f}"


def _unit_of(name: str, units: Mapping[str, str]) -> tuple[Decimal, str]:
    known = units.get(fold(name)) or units.get(fold(name).rstrip("."))
    if known is None:
        if not _UNIT(name):
            raise BadCell("cell-unit", has=name[:40])
        return Decimal(1), name
    number, _, code = known.rpartition(" ")
    return Decimal(number or 1), code


def total(quantities: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The sum of quantities in one unit."""
    value = sum((Decimal(each["value"]) for each in quantities), Decimal(0))
    return {"unit": quantities[0]["unit"], "value": _plain(value)}


# --- words -------------------------------------------------------------------------------------------------------

_YES = frozenset(("yes", "y", "true", "1", "是", "有", "合格", "√", "✓"))
_NO = frozenset(("no", "n", "false", "0", "否", "无", "不合格", "×"))


def flag(said: str) -> bool:
    word = fold(said)
    if word in _YES or word in _NO:
        return word in _YES
    raise BadCell("cell-flag", has=said[:80])


def whole(said: str) -> int:
    plain = unicodedata.normalize("NFKC", said)
    if not re.fullmatch("[0-9]{1,15}", plain):
        raise BadCell("cell-whole", has=said[:80])
    return int(plain)


def choice(said: str, options: Mapping[str, tuple[str, str]]) -> str:
    """An option by its code or by either of its wordings."""
    for code, words in options.items():
        if fold(said) in map(fold, (code, *words)):
            return code
    raise BadCell("cell-choice", has=said[:80], wanted=", ".join(f"{zh} {code}" for code, (zh, _) in options.items()))
