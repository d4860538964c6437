"""Judging: which key data elements of a profile a batch's story has, late or not at all. Pure, over public events.

What is sealed counts as there without being read, for everybody sees that it is; so does what was erased.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, Literal, TypeAlias

from app.batches.reading import Told
from app.completeness.profile import At, Element, Profile, Step, fields_of, read_path, registered
from ledger.identity import ChainId
from ledger.records import KINDS
from ledger.records.shapes import Field, ListOf, MapOf, Object, Ref, Shape
from ledger.registry import Registry

State: TypeAlias = Literal["there", "late", "missing", "not-applicable"]

STATES: Mapping[str, tuple[str, str]] = {
    "there": ("已记录", "recorded"),
    "late": ("记得晚了", "recorded late"),
    "missing": ("缺少", "missing"),
    "not-applicable": ("不适用", "not applicable"),
}
_HOUR = 3_600_000
_OWN = KINDS["correct"].by_name


@dataclass(frozen=True, slots=True)
class Judged:
    """One element: ``missing`` and ``late`` name the records that lack it or came too late, by their first index."""

    id: str
    zh: str
    en: str
    law: str
    weight: int
    state: State
    records: int
    """In how many records it is wanted."""
    missing: list[int]
    late: list[int]


@dataclass(frozen=True, slots=True)
class JudgedStep:
    """One step; ``not-applicable`` where there is nothing to record, ``missing`` where nobody recorded it."""

    id: str
    zh: str
    en: str
    state: State
    elements: list[Judged]


@dataclass(frozen=True, slots=True)
class Gap:
    """A reason why the score is not full, in words; ``parties`` are those whose records lack it.

    ``cost`` is what it takes off the score, in hundredths of a point of it.
    """

    step: str
    element: str | None
    """None for a whole step: one that nobody recorded, or whose record came late."""
    state: State
    cost: int
    text: Mapping[str, str]
    law: str
    records: list[int]
    parties: list[ChainId]


@dataclass(frozen=True, slots=True)
class Completeness:
    """How complete a batch's record is by one profile: ``score`` from 0 to 100, None where nothing applies."""

    profile: str
    zh: str
    en: str
    since: str
    source: str
    demonstration: bool
    applies: bool
    """Whether the profile is for such a product at all."""
    score: int | None
    steps: list[JudgedStep]
    gaps: list[Gap]
    """What keeps it from being full, what weighs most first."""


def judge(profile: Profile, story: Sequence[Told], registry: Registry, category: str | None, name: str) -> Completeness:
    """The story of a batch of that category and name against ``profile``. A late element counts half."""
    known = _Story(story, registry)
    judged = [(step, *known.step(step, category)) for step in profile.steps]
    total = sum(one.weight for _, _, some in judged for one in some if one.state != "not-applicable")
    lost = sum((_lost(one) for _, _, some in judged for one in some), Fraction())
    gaps = [gap for step, state, some in judged for gap in known.gaps(step, state, some, total)]
    return Completeness(
        profile=profile.id,
        zh=profile.zh,
        en=profile.en,
        since=profile.since.isoformat(),
        source=profile.source,
        demonstration=profile.demonstration,
        applies=profile.is_for(category, name),
        score=int(100 * (1 - lost / total)) if total else None,
        steps=[JudgedStep(step.id, step.zh, step.en, state, some) for step, state, some in judged],
        gaps=sorted(gaps, key=lambda gap: -gap.cost),
    )


def _lost(one: Judged) -> Fraction:
    """What an element takes off the sum of the weights."""
    if one.state == "not-applicable":
        return Fraction()
    return (
        Fraction(one.weight * (2 * len(one.missing) + len(one.late)), 2 * one.records)
        if one.records
        else Fraction(one.weight)
    )


class _Story:
    """A story made ready to be asked for fields."""

    def __init__(self, story: Sequence[Told], registry: Registry) -> None:
        self._registry = registry
        self._live = [told for told in story if not told.event.void and told.event.kind != "correct"]
        self._found: dict[At, bool] = {}
        self._by_index = {told.event.index: told for told in self._live}
        # A correction may have sealed a field that the record it corrects never had.
        self._hidden: defaultdict[str, set[str]] = defaultdict(set)
        for told in story:
            event = told.event
            names = {one.name for one in event.sealed} | {one.field for one in event.lost}
            self._hidden[event.corrects or event.hash] |= names - _OWN.keys() if event.corrects else names

    # --- one step ------------------------------------------------------------------------------------------------

    def step(self, step: Step, category: str | None) -> tuple[State, list[Judged]]:
        """How it stands, and each of its elements."""
        records = [told for told in self._live if told.event.kind in step.kinds]
        if step.when:
            records = [told for told in records if self._has(told, read_path(step.when))]
        due = any(told.event.kind in step.due_with for told in self._live)
        if (step.categories and category not in step.categories) or not (records or due):
            return "not-applicable", [_judged(one, "not-applicable") for one in step.elements]
        if not records:
            return "missing", [_judged(one, "not-applicable" if one.if_any else "missing") for one in step.elements]
        elements = [self._element(step, one, records) for one in step.elements]
        states = {one.state for one in elements}
        worst: tuple[State, ...] = ("missing", "late", "there")
        return next((state for state in worst if state in states), "not-applicable"), elements

    def _element(self, step: Step, element: Element, records: Sequence[Told]) -> Judged:
        paths = [read_path(path) for path in element.found]
        hours = step.hours if element.hours is None else element.hours
        missing, late, count = [], [], 0
        for told in records:
            mine = [at for at in paths if at.root in ("record", "batch", "product", told.event.kind)]
            theirs = [at for at in paths if at not in mine and at.root not in step.kinds]
            if not (mine or theirs):
                continue  # an element of another kind of this step
            there = any(self._has(told, at) for at in mine)
            if not (there or any(map(self._anywhere, theirs))):
                if not element.if_any:
                    missing.append(told.event.index)
                    count += 1
                continue
            count += 1
            if there and hours and _delay(told) > hours * _HOUR:
                late.append(told.event.index)
        state: State = "missing" if missing else "late" if late else "there" if count else "not-applicable"
        return _judged(element, state, count, sorted(missing), sorted(late))

    # --- what keeps it from being full ---------------------------------------------------------------------------

    def gaps(self, step: Step, state: State, elements: Sequence[Judged], total: int) -> Iterable[Gap]:
        if state == "missing" and all(one.records == 0 for one in elements):
            cost = int(sum((_lost(one) for one in elements), Fraction()) / total * 10_000)
            names = {lang: _list([one.zh if lang == "zh" else one.en for one in elements], lang) for lang in _LANGS}
            text: Mapping[str, str] = {
                "zh": f"还没有“{step.zh}”的记录，应写明：{names['zh']}",
                "en": f"Nothing is recorded of {step.en}; wanted: {names['en']}",
            }
            yield Gap(step.id, None, state, cost, text, elements[0].law, [], [])
            return
        for element, one in zip(step.elements, elements, strict=True):
            if one.missing:
                cost = int(Fraction(one.weight * len(one.missing), one.records) / total * 10_000)
                said = self._missing(element, one.missing[0]), one.law, one.missing, self._actors(one.missing)
                yield Gap(step.id, one.id, "missing", cost, *said)
        yield from self._late(step, elements, total)

    def _late(self, step: Step, elements: Sequence[Judged], total: int) -> Iterable[Gap]:
        """What came late of a step is one gap, whatever of it that is: it was one record."""
        late = [(element, one) for element, one in zip(step.elements, elements, strict=True) if one.late]
        if not late:
            return
        halves = sum((Fraction(one.weight * len(one.late), 2 * one.records) for _, one in late), Fraction())
        hours = min(element.hours or step.hours for element, _ in late)
        records = sorted({index for _, one in late for index in one.late})
        called = f"{step.en[:1].upper()}{step.en[1:]}"
        text = {
            "zh": f"“{step.zh}”记得晚了（{len(late)} 项），应在 {hours} 小时内记录",
            "en": f"{called} was recorded late ({len(late)} elements): wanted within {hours} hours",
        }
        cost = int(halves / total * 10_000)
        yield Gap(step.id, None, "late", cost, text, step.hours_source, records, self._actors(records))

    def _actors(self, indexes: Iterable[int]) -> list[ChainId]:
        actors = (self._by_index[index].event.actor for index in indexes)
        return list(dict.fromkeys(ChainId(actor.id) for actor in actors if actor))

    def _missing(self, element: Element, index: int) -> Mapping[str, str]:
        """What to fill in by a correction, as the form of that record calls it."""
        event = self._by_index[index].event
        asked = [at for at in map(read_path, element.found) if at.root in ("record", event.kind)]
        fields = [fields_of(event.kind)[at.fields[0]] for at in asked]
        zh, en = f"“{event.zh}”记录缺{element.zh}", f"A record of {event.en} lacks: {element.en}"
        if fields:
            zh += f"，请更正补填“{_list(dict.fromkeys(one.zh for one in fields), 'zh', '或')}”"
            en += f"; correct it and fill in “{_list(dict.fromkeys(one.en for one in fields), 'en', 'or')}”"
        return {"zh": zh, "en": en}

    # --- one field -----------------------------------------------------------------------------------------------

    def _anywhere(self, at: At) -> bool:
        """Whether some record of the kind that the path names has it."""
        if at not in self._found:
            self._found[at] = any(self._has(told, at) for told in self._live if told.event.kind == at.root)
        return self._found[at]

    def _has(self, told: Told, at: At) -> bool:
        name, *rest = at.fields
        if at.root == "batch":
            view = told.batch
            given: Mapping[str, Any] = {"code": view.code, "lot": view.lot, "quantity": view.stated}
            given = {**given, "product": view.product.id if view.product else None}
        elif at.root == "product":
            product = self._registry.products.get(ChainId(told.batch.product.id)) if told.batch.product else None
            given = product.body if product else {}
        else:
            event = told.event
            people = {"actor": event.actor, "principal": event.principal}
            given = {**event.effective, "at": event.at, **{role: one.id for role, one in people.items() if one}}
            if name not in given and name in self._hidden[event.hash]:
                return True
        fields = fields_of(told.event.kind if at.root == "record" else at.root)
        return name in fields and self._reaches(given.get(name), fields[name].shape, rest)

    def _reaches(self, value: Any, shape: Shape, names: Sequence[str]) -> bool:
        """Whether there is something at the end of ``names``: in each item of a list."""
        if not value and value is not False and value != 0:
            return False
        if not names:
            return True
        if isinstance(shape, ListOf):
            return all(self._reaches(item, shape.item, names) for item in value)
        if isinstance(shape, MapOf):
            return self._reaches(value.get(names[0]), shape.value, names[1:])
        fields: Mapping[str, Field] = {}
        if isinstance(shape, Object):
            fields = shape.by_name
        elif isinstance(shape, Ref):
            fields, value = registered(shape), self._entry(shape, value)
        return names[0] in fields and self._reaches(value.get(names[0]), fields[names[0]].shape, names[1:])

    def _entry(self, shape: Ref, chain: str) -> Mapping[str, Any]:
        """What the registry has of it."""
        if shape.to == "party":
            party = self._registry.parties.get(ChainId(chain))
            return party.profile if party else {}
        table = self._registry.places if shape.to == "place" else self._registry.products
        found = table.get(ChainId(chain))
        return found.body if found else {}


_LANGS: tuple[Literal["zh", "en"], ...] = ("zh", "en")


def _judged(
    element: Element, state: State, records: int = 0, missing: Sequence[int] = (), late: Sequence[int] = ()
) -> Judged:
    said = element.id, element.zh, element.en, element.law, element.weight
    return Judged(*said, state, records, list(missing), list(late))


def _delay(told: Told) -> float:
    """From the event to its record, ms."""
    return told.event.received - datetime.fromisoformat(told.event.at).timestamp() * 1000


def _list(words: Iterable[str], lang: str, last: str = "") -> str:
    apart = (f"”{last}“" if last else "、") if lang == "zh" else (f"” {last} “" if last else ", ")
    return apart.join(words)
