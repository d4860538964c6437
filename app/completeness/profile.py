"""Profiles of key data elements: which a law wants at each step, as dated data files that anyone can add to.

A path says where an element is found: ``record.receiver.name`` is a field of the step's own record, ``harvest.at`` one
of a record of that kind anywhere in the story, ``batch.lot`` and ``product.names`` what the record is about. Through a
reference it goes on into what the registry has of a party, place or product.
"""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

import msgspec

from app.errors import ServiceError
from ledger.records import KINDS
from ledger.records.kind import LOT, PRODUCT, QUANTITY
from ledger.records.shapes import Field, ListOf, MapOf, Object, Ref, Shape, Text, Time

SHIPPED = Path(__file__).with_name("profiles")

ABOUT_RECORD: Mapping[str, Field] = {
    "at": Field("at", Time(), "时间", "time"),
    "actor": Field("actor", Ref("party"), "主体", "party"),
    "principal": Field("principal", Ref("party"), "被代理的主体", "party acted for"),
}
"""What every record says beside its kind's own fields."""

ABOUT_BATCH: Mapping[str, Field] = {
    "code": Field("code", Text(20), "追溯码", "trace code"),
    **{field.name: field for field in (PRODUCT, LOT, QUANTITY)},
}

_REGISTERED: Mapping[str, Mapping[str, Field]] = {
    "place": KINDS["place.add"].by_name,
    "product": KINDS["product.add"].by_name,
    "party": {
        field.name: field
        for shape in (KINDS["party.register"].by_name["profile"].shape,)
        if isinstance(shape, Object)
        for field in shape.fields
    },
}


class Element(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key data element: its wording, its place in the law, and the paths of which any one will do."""

    id: str
    zh: str
    en: str
    law: str
    found: list[str]
    weight: int = 1
    if_any: bool = False
    """Whether it is only wanted where there is such a thing: then its absence says nothing."""
    hours: int | None = None
    """Within how many hours of the event it has to be recorded, if not within those of its step; 0 for no limit."""


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A critical tracking event: the kinds of record that state it, and when it is due although nobody stated it."""

    id: str
    zh: str
    en: str
    kinds: list[str]
    elements: list[Element]
    due_with: list[str] = []
    """Once there is a record of one of these kinds, there has to be one of this step's."""
    when: str = ""
    """Only those of its records count that have this."""
    categories: list[str] = []
    """Of which products; of all if none is named."""
    hours: int = 0
    hours_source: str = ""


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one law wants; ``demonstration`` unless its wording and figures were copied from the texts that it names."""

    id: str
    zh: str
    en: str
    since: date
    source: str
    demonstration: bool
    steps: list[Step]
    categories: list[str] = []
    foods: list[str] = []
    """The products that it is for: of these categories, or named with one of these words; all if neither is given."""
    home: bool = False
    """Whether parties are asked to fill in what it wants: it is the law where they are."""

    def is_for(self, category: str | None, name: str) -> bool:
        """Whether a product of this category and name falls under it."""
        if not (self.categories or self.foods):
            return True
        return category in self.categories or any(food in name for food in self.foods)


class At(NamedTuple):
    """A path, read: ``root`` is record, batch, product or a kind; then the fields to go through."""

    root: str
    fields: tuple[str, ...]


def read_path(path: str) -> At:
    root, *fields = path.split(".")
    return At(root, tuple(fields))


def read(data: Path | None = None) -> dict[str, Profile]:
    """The profiles shipped and those in the data folder, by id, where one of the same id takes the other's place.

    Raises ServiceError ``settings`` for a file that is not one, or that names a kind or field that does not exist.
    """
    folders = [SHIPPED, *([data / "profiles"] if data else [])]
    profiles = [_read(path) for folder in folders for path in sorted(folder.glob("*.toml"))]
    return {profile.id: profile for profile in profiles}


def _read(path: Path) -> Profile:
    try:
        profile = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Profile)
    except (msgspec.ValidationError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ServiceError("settings", path=str(path), has=str(error)) from None
    if slip := next(slips(profile), None):
        raise ServiceError("settings", path=str(path), has=slip, wanted="a kind and its field")
    return profile


def slips(profile: Profile) -> Iterator[str]:
    """The kinds and paths that lead nowhere."""
    for step in profile.steps:
        yield from (kind for kind in (*step.kinds, *step.due_with) if kind not in KINDS)
        paths = [path for element in step.elements for path in element.found]
        for path in [*paths, *([step.when] if step.when else [])]:
            if not _leads_somewhere(read_path(path), step):
                yield path


def _leads_somewhere(at: At, step: Step) -> bool:
    roots = step.kinds if at.root == "record" else [at.root]
    return all(at.fields and _known(fields_of(root), at.fields) for root in roots)


def fields_of(root: str) -> Mapping[str, Field]:
    """The fields that a path may name behind ``root``."""
    if root == "batch":
        return ABOUT_BATCH
    if root == "product":
        return _REGISTERED["product"]
    return {**ABOUT_RECORD, **KINDS[root].by_name} if root in KINDS else {}


def registered(shape: Ref) -> Mapping[str, Field]:
    """The fields of what a reference leads to in the registry; none for batches, statements and keys."""
    return _REGISTERED.get(shape.to, {})


def _known(fields: Mapping[str, Field], names: tuple[str, ...]) -> bool:
    return names[0] in fields and _fits(fields[names[0]].shape, names[1:])


def _fits(shape: Shape, names: tuple[str, ...]) -> bool:
    if not names:
        return True
    if isinstance(shape, ListOf):
        return _fits(shape.item, names)
    if isinstance(shape, MapOf):
        return _fits(shape.value, names[1:])
    if isinstance(shape, Object):
        return _known(shape.by_name, names)
    return isinstance(shape, Ref) and _known(registered(shape), names)
