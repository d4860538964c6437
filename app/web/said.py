"""A record's fields as a page says them: what each is called, and its value in words."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from app.parties.names import Name
from app.problems import Lang
from ledger import wordings
from ledger.records import KINDS
from ledger.records.kind import TEMPERATURES
from ledger.records.shapes import Choice, Day, Field, Flag, ListOf, Object, Quantity, Reading, Ref, Shape, Time

When = Callable[[str], str]


def said(
    kind: str,
    values: Mapping[str, Any],
    names: Mapping[str, Name],
    lang: Lang,
    when: When,
    without: Collection[str] = (),
) -> list[tuple[str, str]]:
    """Label and words of each field of a record of ``kind`` that has a value, in the order of its form.

    ``names`` are those of the ids that the values mention, ``when`` says a time. Batches are not named: a page has
    better ways to show them. Fields of a kind that this version does not know are said as they stand.
    """
    known = KINDS[kind].fields if kind in KINDS else ()
    fields = [field for field in known if field.name in values and field.name not in without]
    rest = sorted(values.keys() - {field.name for field in known} - set(without))
    lines = [(_label(field, lang), _words(field.shape, values[field.name], names, lang, when)) for field in fields]
    return [(label, text) for label, text in lines if text] + [(name, str(values[name])) for name in rest]


def labelled(kind: str, values: Mapping[str, Any], lang: Lang) -> list[tuple[str, str]]:
    """Name and label of each field of a record of ``kind`` that has a value, in the order of its form."""
    known = KINDS[kind].fields if kind in KINDS else ()
    fields = [(field.name, _label(field, lang)) for field in known if field.name in values]
    return fields + [(name, name) for name in sorted(values.keys() - {field.name for field in known})]


def _label(field: Field, lang: Lang) -> str:
    return field.zh if lang == "zh" else field.en[:1].upper() + field.en[1:]


def _words(shape: Shape, value: Any, names: Mapping[str, Name], lang: Lang, when: When) -> str:
    zh = lang == "zh"
    if isinstance(shape, Quantity | Reading):
        return wordings.quantity(value, lang)
    if isinstance(shape, Time | Day):
        return when(value)
    if isinstance(shape, Choice):
        wording: tuple[str, str] = shape.options.get(value, (value, value))
        return wording[0 if zh else 1]
    if isinstance(shape, Flag):
        return ("是" if zh else "yes") if value else ("否" if zh else "no")
    if isinstance(shape, Ref):
        return names[value].say(lang) if value in names else ""
    if isinstance(shape, ListOf):
        items = [_words(shape.item, item, names, lang, when) for item in value]
        apart = ("；" if zh else "; ") if isinstance(shape.item, Object) else ("、" if zh else ", ")
        return apart.join(item for item in items if item)
    if shape == TEMPERATURES:
        low, high = (wordings.quantity(value[end], lang) for end in ("low", "high"))
        return f"{low} 至 {high}" if zh else f"{low} to {high}"
    if isinstance(shape, Object):
        parts = [_part(field, value[field.name], names, lang, when) for field in shape.fields if field.name in value]
        return ("，" if zh else ", ").join(part for part in parts if part)
    return str(value)


def _part(field: Field, value: Any, names: Mapping[str, Name], lang: Lang, when: When) -> str:
    """A field inside another: labelled unless it is what the thing is called or how much it is; never a time of day."""
    if isinstance(field.shape, Time):
        return ""
    words = _words(field.shape, value, names, lang, when)
    plain = field.required or isinstance(field.shape, Quantity | Reading | Choice)
    return words if plain or not words else f"{field.zh if lang == 'zh' else field.en} {words}"
