"""A template for a season: the usual steps of a crop or a herd, what goes into each, and what is left to fill in.

Whoever grows something may write one, as TOML::

    title = "大棚番茄一季"          title_en = "A season of greenhouse tomatoes"
    category = "蔬菜"              source = "示例数据"           demonstration = true
    [yield]                       # low, high, unit, per
    [[inputs]]                    # name, type, ingredients, target, dose, interval_days, source
    [[tests]]                     # title, title_en, analytes, type
    [[steps]]                     # id, kind, title, title_en, day; times, every, on, input, ask, photo, photo_en
    [steps.fields]                # fields of the kind, as ``ledger.records`` has them

In a step's fields ``"?"`` is what only the grower knows; ``"@product"`` and ``"@place"`` are those of the season, and
``"@id"`` is what an earlier step brought into being. ``input`` names one of the ``inputs`` and takes its fields from
there. Pure: whoever has the text parses it; an error names file and line.
"""

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.errors import Malformed
from ledger.records import KINDS, Kind
from ledger.records.shapes import ListOf, Object, Quantity, Reading, Ref, Shape

BLANK = "?"
"""Stands for what is still to be filled in."""
GIVEN = ("product", "place")
"""What a season is begun with, by the names that its steps call it."""

_ID = re.compile("[a-z][a-z0-9]{0,19}").fullmatch
_SECTION = re.compile(r"\s*\[\[?([a-z_.]+)\]\]?").match
_KEY = re.compile(r"\s*([a-z_]+)\s*=").match
_TOP = ("title", "title_en", "about", "about_en", "category", "source", "demonstration",
        "yield", "inputs", "tests", "steps")  # fmt: skip
_STEP = ("id", "kind", "title", "title_en", "day", "times", "every", "on", "input", "ask", "photo", "photo_en",
         "fields")  # fmt: skip
_INPUT = ("name", "type", "ingredients", "registration_no", "target", "dose", "method", "interval_days")


@dataclass(frozen=True, slots=True)
class Band:
    """A usual yield: ``low`` to ``high`` of ``unit`` for one ``per``, decimals as text."""

    low: str
    high: str
    unit: str
    per: str


@dataclass(frozen=True, slots=True)
class Input:
    """Something that is usually applied, fed or given: ``fields`` are those that a record of it takes over."""

    name: str
    fields: Mapping[str, Any]
    source: str


@dataclass(frozen=True, slots=True)
class Usual:
    """A test that is usual in such a season."""

    title: str
    title_en: str
    analytes: Sequence[str]
    type: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step: ``day`` after the beginning, ``times`` over, each ``every`` days after the one before.

    ``on`` are the steps whose batches it is about, ``ask`` the fields worth adding beside those that must be filled in.
    """

    id: str
    kind: str
    title: str
    title_en: str
    day: int
    times: int
    every: int
    on: Sequence[str]
    fields: Mapping[str, Any]
    ask: Sequence[str]
    photo: str
    photo_en: str

    def days(self) -> Sequence[int]:
        """On which days after the beginning it comes."""
        return [self.day + self.every * time for time in range(self.times)]


@dataclass(frozen=True, slots=True)
class Season:
    """A template. ``demonstration`` says that its figures are examples and no rule to follow."""

    name: str
    title: str
    title_en: str
    about: str
    about_en: str
    category: str
    source: str
    demonstration: bool
    band: Band | None
    inputs: Sequence[Input]
    tests: Sequence[Usual]
    steps: Sequence[Step]


def parse(text: str, file: str) -> Season:
    """Raises Malformed ``season-toml``, ``-key``, ``-missing``, ``-value`` or ``-reference`` with file and line."""
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Malformed("season-toml", path=file, has=str(error)) from None
    return _Reader(text, file).season(told)


class _Reader:
    """Holds what is told against what a template may say, and knows the lines."""

    def __init__(self, text: str, file: str) -> None:
        self._file, self._lines = file, _lines(text)

    def season(self, told: Mapping[str, Any]) -> Season:
        self._known(told, _TOP, "")
        inputs = {one.name: one for one in self._each(told, "inputs", self._input)}
        steps: list[Step] = []
        for place, one in enumerate(self._tables(told, "steps")):
            steps.append(self._step(one, f"steps[{place}]", inputs, [step.id for step in steps]))
        if not steps:
            raise self._wrong("season-missing", "", wanted="[[steps]]")
        return Season(
            name=self._file.rpartition("/")[2].removesuffix(".toml"),
            title=self._text(told, "title", ""),
            title_en=self._text(told, "title_en", ""),
            about=self._text(told, "about", "", default=""),
            about_en=self._text(told, "about_en", "", default=""),
            category=self._text(told, "category", ""),
            source=self._text(told, "source", ""),
            demonstration=self._value(told, "demonstration", "", bool),
            band=self._band(told["yield"]) if "yield" in told else None,
            inputs=tuple(inputs.values()),
            tests=self._each(told, "tests", self._test),
            steps=tuple(steps),
        )

    # --- its parts

    def _band(self, told: Any) -> Band:
        self._known(told, ("low", "high", "unit", "per"), "yield")
        band = Band(*(self._text(told, name, "yield") for name in ("low", "high", "unit", "per")))
        for name, value in (("low", band.low), ("high", band.high)):
            self._held(Quantity(), {"unit": band.unit, "value": value}, f"yield.{name}")
        return band

    def _input(self, told: Mapping[str, Any], path: str) -> Input:
        self._known(told, (*_INPUT, "source"), path)
        return Input(
            name=self._text(told, "name", path),
            fields={name: told[name] for name in _INPUT if name in told},
            source=self._text(told, "source", path),
        )

    def _test(self, told: Mapping[str, Any], path: str) -> Usual:
        self._known(told, ("title", "title_en", "analytes", "type"), path)
        kind = self._text(told, "type", path)
        self._held(KINDS["test"].by_name["type"].shape, kind, f"{path}.type")
        analytes = self._texts(told, "analytes", path)
        return Usual(self._text(told, "title", path), self._text(told, "title_en", path), analytes, kind)

    def _step(self, told: Mapping[str, Any], path: str, inputs: Mapping[str, Input], before: Collection[str]) -> Step:
        self._known(told, _STEP, path)
        name, kind = self._text(told, "id", path), KINDS.get(self._text(told, "kind", path))
        if not _ID(name) or name in before or name in GIVEN:
            raise self._wrong("season-value", f"{path}.id", has=name, wanted="a name of its own: a-z, 0-9")
        if kind is None or kind.stage == "registry":
            stated = " | ".join(one.name for one in KINDS.values() if one.stage != "registry")
            raise self._wrong("season-value", f"{path}.kind", has=told["kind"], wanted=stated)
        on = self._texts(told, "on", path)
        for one in on:
            self._refer(f"@{one}", before, f"{path}.on")
        ask = self._texts(told, "ask", path)
        self._known(dict.fromkeys(ask), tuple(kind.by_name), f"{path}.ask")
        return Step(
            id=name,
            kind=kind.name,
            title=self._text(told, "title", path),
            title_en=self._text(told, "title_en", path),
            day=self._whole(told, "day", path, low=-3650),
            times=self._whole(told, "times", path, default=1, low=1),
            every=self._whole(told, "every", path, default=0),
            on=on,
            fields=self._fields(told, kind, path, inputs, before),
            ask=ask,
            photo=self._text(told, "photo", path, default=""),
            photo_en=self._text(told, "photo_en", path, default=""),
        )

    def _fields(
        self,
        told: Mapping[str, Any],
        kind: Kind,
        path: str,
        inputs: Mapping[str, Input],
        before: Collection[str],
    ) -> Mapping[str, Any]:
        fields = dict(self._value(told, "fields", path, dict, default={}))
        if "input" in told:
            chosen = inputs.get(self._text(told, "input", path))
            if chosen is None:
                raise self._wrong("season-value", f"{path}.input", has=told["input"], wanted=" | ".join(inputs))
            taken = {name: value for name, value in chosen.fields.items() if name in kind.by_name}
            fields = {**taken, **fields}
        for name, value in fields.items():
            where = f"{path}.fields.{name}"
            if name not in kind.by_name:
                raise self._wrong("season-key", where, has=name, wanted=", ".join(kind.by_name))
            self._fits(kind.by_name[name].shape, value, where, before)
        return fields

    # --- one value of a field

    def _fits(self, shape: Shape, value: Any, path: str, before: Collection[str]) -> None:
        """A value as its shape wants it, but for what is blank and what is brought by an earlier step."""
        if value == BLANK:
            return
        if isinstance(value, str) and value.startswith("@") and isinstance(shape, Ref):
            self._refer(value, (*GIVEN, *before), path)
        elif isinstance(shape, ListOf) and isinstance(value, list):
            for place, one in enumerate(value):
                self._fits(shape.item, one, f"{path}[{place}]", before)
        elif isinstance(shape, Object) and isinstance(value, dict):
            self._known(value, tuple(shape.by_name), path)
            for name, one in value.items():
                self._fits(shape.by_name[name].shape, one, f"{path}.{name}", before)
        elif isinstance(shape, Quantity | Reading) and isinstance(value, dict) and value.get("value") == BLANK:
            self._held(shape, {**value, "value": "1"}, path)
        else:
            self._held(shape, value, path)

    def _refer(self, name: str, known: Collection[str], path: str) -> None:
        if name[1:] not in known:
            raise self._wrong("season-reference", path, has=name, wanted=", ".join(f"@{one}" for one in known))

    def _held(self, shape: Shape, value: Any, path: str) -> None:
        try:
            shape.check(value, path)
        except Malformed as error:
            has, wanted = (str(error.params.get(name, "")) for name in ("has", "wanted"))
            raise self._wrong("season-value", path, has=has or str(value)[:80], wanted=wanted) from None

    # --- TOML's own values

    def _known(self, told: Any, names: Sequence[str], path: str) -> None:
        if not isinstance(told, dict):
            raise self._wrong("season-value", path, has=str(told)[:80], wanted=f"[{path}]")
        for name in told:
            if name not in names:
                raise self._wrong("season-key", f"{path}.{name}" if path else name, has=name, wanted=", ".join(names))

    def _value(self, told: Mapping[str, Any], name: str, path: str, type_: type, default: Any = None) -> Any:
        where = f"{path}.{name}" if path else name
        value = told.get(name, default)
        if value is None:
            raise self._wrong("season-missing", path, wanted=name)
        if type(value) is not type_:
            raise self._wrong("season-value", where, has=str(value)[:80], wanted=type_.__name__)
        return value

    def _text(self, told: Mapping[str, Any], name: str, path: str, default: str | None = None) -> str:
        return str(self._value(told, name, path, str, default))

    def _texts(self, told: Mapping[str, Any], name: str, path: str) -> Sequence[str]:
        values = self._value(told, name, path, list, default=[])
        return tuple(self._text({name: one}, name, path) for one in values)

    def _whole(self, told: Mapping[str, Any], name: str, path: str, default: int | None = None, low: int = 0) -> int:
        value = int(self._value(told, name, path, int, default))
        if not low <= value <= 3650:
            raise self._wrong("season-value", f"{path}.{name}", has=value, wanted=f"{low} … 3650")
        return value

    def _tables(self, told: Mapping[str, Any], name: str) -> Sequence[Any]:
        listed: Sequence[Any] = self._value(told, name, "", list, default=[])
        return listed

    def _each(self, told: Mapping[str, Any], name: str, read: Any) -> tuple[Any, ...]:
        return tuple(read(one, f"{name}[{place}]") for place, one in enumerate(self._tables(told, name)))

    def _wrong(self, code: str, path: str, *, has: str | int = "", wanted: str = "") -> Malformed:
        while path and path not in self._lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return Malformed(code, path=f"{self._file}:{self._lines.get(path, 1)}", has=has, wanted=wanted)


def _lines(text: str) -> Mapping[str, int]:
    """In which line each table and each key of it stands, by its path."""
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    prefix = ""
    for number, line in enumerate(text.splitlines(), 1):
        if section := _SECTION(line):
            name, _, inner = section[1].partition(".")
            if line.lstrip().startswith("[["):
                counts[name] = counts.get(name, -1) + 1
            prefix = f"{name}[{counts[name]}]" if name in counts else name
            prefix += f".{inner}" if inner else ""
            lines.setdefault(prefix, number)
        elif key := _KEY(line):
            lines.setdefault(f"{prefix}.{key[1]}" if prefix else key[1], number)
    return lines
