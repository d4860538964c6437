"""The shapes that a field's value can have: each checks a value, says where it is wrong, draws its JSON Schema."""

# ruff: noqa: E501  (a field is one line, so that the tables can be read down)

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal, Protocol, TypeAlias

from ledger import b64u
from ledger.canonical import MAX_INTEGER, Json
from ledger.errors import Malformed
from ledger.statement import TIME, read_time

Audience: TypeAlias = Literal["public", "trade", "regulator", "owner"]
"""Who may read a field: everyone; parties that hold or held the batch; supervisors; the signer alone."""

QUANTITY = r"(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,6})?"
_quantity = re.compile(QUANTITY).fullmatch
_reading = re.compile("-?" + QUANTITY).fullmatch
_unit = re.compile("[A-Za-z0-9%/]{1,8}").fullmatch
COUNTED = frozenset(("EA", "egg", "head", "piece"))
"""Units of what is counted: there is no half of it."""
RANGES = (("first", "last"), ("low", "high"), ("start", "stop"))
"""Names of fields that stand together, the second never below the first."""


class Shape(Protocol):
    """What a value must be."""

    def check(self, value: Json, path: str) -> None:
        """Raises Malformed with ``path`` to the place."""
        ...

    def schema(self) -> dict[str, Any]:
        """JSON Schema (2020-12) of the same."""
        ...


def _wrong(path: str, value: Json, wanted: str | int, code: str) -> Malformed:
    return Malformed(code, path=path, has=str(value)[:80], wanted=wanted)


@dataclass(frozen=True)
class Text:
    """Free text; ``at_most`` characters, not empty."""

    at_most: int = 200

    def check(self, value: Json, path: str) -> None:
        if not isinstance(value, str) or not value.strip() or len(value) > self.at_most:
            raise _wrong(path, value, self.at_most, "text-length")

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "\\S", "maxLength": self.at_most}


@dataclass(frozen=True)
class Pattern:
    """Text of one exact form, such as a GTIN or a division code."""

    pattern: str
    wanted: str

    def check(self, value: Json, path: str) -> None:
        if not isinstance(value, str) or not re.fullmatch(self.pattern, value):
            raise _wrong(path, value, self.wanted, "pattern")

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^(?:{self.pattern})$", "description": self.wanted}


@dataclass(frozen=True)
class Choice:
    """One code of a list; ``options`` gives each code its wordings (zh, en)."""

    options: Mapping[str, tuple[str, str]]

    def check(self, value: Json, path: str) -> None:
        if not isinstance(value, str) or value not in self.options:
            raise _wrong(path, value, " | ".join(self.options), "choice")

    def schema(self) -> dict[str, Any]:
        options = {code: {"zh": zh, "en": en} for code, (zh, en) in self.options.items()}
        return {"enum": list(self.options), "x-options": options}


@dataclass(frozen=True)
class Whole:
    """A whole number from ``low`` to ``high``."""

    low: int = 0
    high: int = MAX_INTEGER

    def check(self, value: Json, path: str) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not self.low <= value <= self.high:
            raise _wrong(path, value, f"{self.low} … {self.high}", "number")

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True)
class Flag:
    """Yes or no."""

    def check(self, value: Json, path: str) -> None:
        if not isinstance(value, bool):
            raise _wrong(path, value, "true | false", "type")

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Quantity:
    """``{"unit","value"}``, never negative: a decimal of at most 9 digits and 6 places, written as text."""

    positive: bool = True

    def check(self, value: Json, path: str) -> None:
        _measured(value, path, _quantity)
        if self.positive and isinstance(value, dict) and not str(value["value"]).strip("0."):
            raise _wrong(f"{path}.value", value["value"], "> 0", "quantity")
        if isinstance(value, dict) and value["unit"] in COUNTED and str(value["value"]).partition(".")[2].strip("0"):
            raise _wrong(f"{path}.value", value["value"], str(value["unit"]), "unit-whole")

    def schema(self) -> dict[str, Any]:
        return _measured_schema(("(?=.*[1-9])" if self.positive else "") + QUANTITY)


@dataclass(frozen=True)
class Reading:
    """``{"unit","value"}`` off an instrument: as a quantity, and may be below zero."""

    def check(self, value: Json, path: str) -> None:
        _measured(value, path, _reading)

    def schema(self) -> dict[str, Any]:
        return _measured_schema("-?" + QUANTITY)


def _measured(value: Json, path: str, number: Any) -> None:
    match value:
        case {"unit": str(unit), "value": str(digits), **rest} if not rest:
            if not number(digits):
                raise _wrong(f"{path}.value", digits, "1250.5", "quantity")
            if not _unit(unit):
                raise _wrong(f"{path}.unit", unit, "kg", "unit")
        case _:
            raise _wrong(path, value, '{"unit":"kg","value":"1250.5"}', "quantity")


def _measured_schema(pattern: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "unit": {"type": "string", "pattern": "^[A-Za-z0-9%/]{1,8}$"},
            "value": {"type": "string", "pattern": f"^{pattern}$"},
        },
        "required": ["unit", "value"],
        "additionalProperties": False,
    }


def ascending(values: Mapping[str, Json], path: str) -> None:
    """Raises Malformed ``ascending`` where what should come first is later or larger; times, numbers, readings of a unit.

    Each value has been held against its own shape.
    """
    for first, last in RANGES:
        if first in values and last in values:
            low, high = _comparable(values[first]), _comparable(values[last])
            if low[0] == high[0] and high[1] < low[1]:
                raise _wrong(f"{path}.{last}", high[2], low[2], "ascending")


def _comparable(value: Any) -> tuple[str, Any, str]:
    """What it can be compared with, by what, how it is said."""
    if isinstance(value, dict):
        return str(value["unit"]), Decimal(value["value"]), f"{value['value']} {value['unit']}"
    return type(value).__name__, value, str(value)


@dataclass(frozen=True)
class Time:
    """A moment, UTC, to the second."""

    def check(self, value: Json, path: str) -> None:
        if not isinstance(value, str):
            raise _wrong(path, value, "YYYY-MM-DDTHH:MM:SSZ", "time")
        read_time(value, path)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date-time", "pattern": f"^{TIME}$"}


@dataclass(frozen=True)
class Day:
    """A calendar day, ``YYYY-MM-DD``."""

    def check(self, value: Json, path: str) -> None:
        try:
            if not isinstance(value, str) or date.fromisoformat(value).isoformat() != value:
                raise ValueError
        except ValueError:
            raise _wrong(path, value, "YYYY-MM-DD", "day") from None

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date"}


@dataclass(frozen=True)
class Ref:
    """The id of something in the log: a chain (``batch``, ``party``, ``place``, ``product``) or a statement."""

    to: Literal["batch", "party", "place", "product", "statement", "key"]

    def check(self, value: Json, path: str) -> None:
        if not isinstance(value, str):
            raise _wrong(path, value, f"the id of a {self.to}", "type")
        b64u.decode(value, 32, path=path)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$", "x-ref": self.to}


@dataclass(frozen=True)
class Code:
    """base64url of so many bytes: a hash (32), a proof (64)."""

    size: int

    def check(self, value: Json, path: str) -> None:
        if not isinstance(value, str):
            raise _wrong(path, value, f"base64url of {self.size} bytes", "type")
        b64u.decode(value, self.size, path=path)

    def schema(self) -> dict[str, Any]:
        digits = -(-self.size * 4 // 3)
        return {"type": "string", "contentEncoding": "base64url", "pattern": f"^[A-Za-z0-9_-]{{{digits}}}$"}


@dataclass(frozen=True)
class Jwk:
    """A public key; that it is a sound one is asked where it is added."""

    def check(self, value: Json, path: str) -> None:
        if not isinstance(value, dict) or not {"crv", "kty", "x"} <= value.keys() <= {"crv", "kty", "x", "y"}:
            raise Malformed("jwk", path=path, wanted="{crv,kty,x} | {crv,kty,x,y}")

    def schema(self) -> dict[str, Any]:
        return {"type": "object", "required": ["crv", "kty", "x"]}


@dataclass(frozen=True)
class ListOf:
    """Values of one shape, ``low`` to ``high`` of them."""

    item: Shape
    low: int = 1
    high: int = 256

    def check(self, value: Json, path: str) -> None:
        if not isinstance(value, list) or not self.low <= len(value) <= self.high:
            raise _wrong(path, value, f"{self.low} … {self.high}", "list")
        for place, inner in enumerate(value):
            self.item.check(inner, f"{path}[{place}]")

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": self.item.schema(), "minItems": self.low, "maxItems": self.high}


@dataclass(frozen=True)
class MapOf:
    """An object whose names are free (roles, languages) and whose values have one shape."""

    value: Shape

    def check(self, value: Json, path: str) -> None:
        if not isinstance(value, dict) or not value:
            raise _wrong(path, value, "an object", "type")
        for name, inner in value.items():
            self.value.check(inner, f"{path}.{name}")

    def schema(self) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": self.value.schema(), "minProperties": 1}


@dataclass(frozen=True)
class Values:
    """New values for another kind's fields: that kind decides what they may be."""

    def check(self, value: Json, path: str) -> None:
        if not isinstance(value, dict) or not value:
            raise _wrong(path, value, "an object", "type")

    def schema(self) -> dict[str, Any]:
        return {"type": "object", "minProperties": 1}


@dataclass(frozen=True)
class Field:
    """A field of a kind: its shape, its wordings, who may read it, and its names in GS1 CBV and FSMA 204.

    The help says what to write and where to find it, in the words of whoever fills it in.
    """

    name: str
    shape: Shape
    zh: str
    en: str
    help_zh: str = ""
    help_en: str = ""
    audience: Audience = "public"
    required: bool = False
    cbv: str = ""
    fsma: str = ""


@dataclass(frozen=True)
class Object:
    """An object with named fields, no others; ``ranged`` holds those that stand together (``RANGES``) in order."""

    fields: tuple[Field, ...]
    ranged: bool = False
    by_name: Mapping[str, Field] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {field.name: field for field in self.fields})

    def check(self, value: Json, path: str) -> None:
        if not isinstance(value, dict):
            raise _wrong(path, value, "an object", "type")
        for name, inner in value.items():
            if name not in self.by_name:
                raise Malformed("unknown", path=f"{path}.{name}")
            self.by_name[name].shape.check(inner, f"{path}.{name}")
        for inside in self.fields:
            if inside.required and inside.name not in value:
                raise Malformed("missing", path=f"{path}.{inside.name}")
        if self.ranged:
            ascending(value, path)

    def schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {inside.name: described(inside) for inside in self.fields},
            "required": [inside.name for inside in self.fields if inside.required],
            "additionalProperties": False,
        }


def described(field: Field) -> dict[str, Any]:
    """A field's schema with its wordings: ``title`` and ``x-help`` in Chinese, ``x-en`` and ``x-help-en`` in English."""
    more = {"x-help": field.help_zh, "x-help-en": field.help_en, "x-cbv": field.cbv, "x-fsma": field.fsma}
    return {
        **field.shape.schema(),
        "title": field.zh,
        "x-en": field.en,
        **{name: text for name, text in more.items() if text},
    }


ATTACHMENT = Object(
    (
        Field("media_type", Pattern("[a-z]+/[a-z0-9.+-]{1,60}", "image/jpeg"), "类型", "media type", "文件是什么格式，照片一般是 image/jpeg，程序会自己填", "the file's format, image/jpeg for most photos; the program fills it in", required=True),
        Field("name", Text(120), "文件名", "file name", "文件原来的名字，别人下载时看到它", "the file's own name, as whoever downloads it will see it", required=True),
        Field("sha256", Code(32), "摘要", "SHA-256", "由文件内容算出，文件改动一点就对不上；程序会自己填", "computed from the file, so that any change to it shows; the program fills it in", required=True),
        Field("size", Whole(1, 64 * 1024 * 1024), "字节数", "size in bytes", "文件大小，最大 64 MB；程序会自己填", "how large the file is, 64 MB at most; the program fills it in", required=True),
    )
)  # fmt: skip
"""A photo or document: named by its hash, stored outside the ledger."""

POSITION = Object(
    (
        Field("lat", Pattern("-?[0-9]{1,2}\\.[0-9]{1,6}", "31.230416"), "纬度", "latitude, WGS 84", "手机定位里的第一个数，如 31.230416", "the first number of the phone's position, such as 31.230416", required=True),
        Field("lon", Pattern("-?[0-9]{1,3}\\.[0-9]{1,6}", "121.473701"), "经度", "longitude, WGS 84", "手机定位里的第二个数，如 121.473701", "the second number of the phone's position, such as 121.473701", required=True),
    )
)  # fmt: skip
