"""The shapes that a field's value can have: each checks a value, says where it is wrong, draws its JSON Schema."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
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
        return {"enum": list(self.options)}


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
        return {"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$", "description": f"id of a {self.to}"}


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
    """A field of a kind: its shape, who may read it, its wordings and its names in GS1 CBV and FSMA 204."""

    name: str
    shape: Shape
    zh: str
    en: str
    audience: Audience = "public"
    required: bool = False
    help_zh: str = ""
    help_en: str = ""
    cbv: str = ""
    fsma: str = ""


@dataclass(frozen=True)
class Object:
    """An object with named fields, no others."""

    fields: tuple[Field, ...]
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

    def schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {inside.name: described(inside) for inside in self.fields},
            "required": [inside.name for inside in self.fields if inside.required],
            "additionalProperties": False,
        }


def described(field: Field) -> dict[str, Any]:
    """A field's schema with its wordings: ``title`` in Chinese, ``x-en`` in English, ``x-audience``."""
    more = {"x-cbv": field.cbv, "x-fsma": field.fsma, "x-help": field.help_zh, "x-help-en": field.help_en}
    return {
        **field.shape.schema(),
        "title": field.zh,
        "x-en": field.en,
        "x-audience": field.audience,
        **{name: text for name, text in more.items() if text},
    }


ATTACHMENT = Object(
    (
        Field(
            "media_type",
            Pattern("[a-z]+/[a-z0-9.+-]{1,60}", "image/jpeg"),
            "类型",
            "media type",
            required=True,
        ),
        Field("name", Text(120), "文件名", "file name", required=True),
        Field("sha256", Code(32), "摘要", "SHA-256", required=True),
        Field("size", Whole(1, 64 * 1024 * 1024), "字节数", "size in bytes", required=True),
    )
)
"""A photo or document: named by its hash, stored outside the ledger."""

POSITION = Object(
    (
        Field(
            "lat",
            Pattern("-?[0-9]{1,2}\\.[0-9]{1,6}", "31.230416"),
            "纬度",
            "latitude, WGS 84",
            required=True,
        ),
        Field(
            "lon",
            Pattern("-?[0-9]{1,3}\\.[0-9]{1,6}", "121.473701"),
            "经度",
            "longitude, WGS 84",
            required=True,
        ),
    )
)
