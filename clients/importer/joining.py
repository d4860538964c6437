"""Rows that belong together: one event of several. Lists run together, everything else must agree."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from clients.importer import cells
from clients.importer.events import Event, Item
from clients.importer.problems import BadCell, Problem


def joined(group: Sequence[Event]) -> tuple[Event | None, list[Problem]]:
    """One event of several rows: lists run together, everything else must agree."""
    first, *others = group
    if not others:
        return first, []
    fields = dict(first.fields)
    for event in others:
        for name, column, value in _said(event):
            if name == "at":
                if value != first.at:
                    return None, _differing(group, event, column, value)
                continue
            there = fields.setdefault(name, value)
            if isinstance(there, list) and isinstance(value, list):
                fields[name] = [*there, *(one for one in value if one not in there)]
            elif there != value:
                return None, _differing(group, event, column, value)
    merged = _merged(group)
    if isinstance(merged, Problem):
        held = [Problem(e.lines[0], "", BadCell("row-held", has=merged.line)) for e in group]
        return None, [merged, *(problem for problem in held if problem.line != merged.line)]
    lines = tuple(line for event in group for line in event.lines)
    return replace(first, lines=lines, fields=fields, items=merged), []


def _said(event: Event) -> Iterator[tuple[str, str, Any]]:
    yield "at", event.mapping.at.columns[0] if event.mapping.at.columns else "", event.at
    for name, value in event.fields.items():
        yield name, event.columns[name], value


def _differing(group: Sequence[Event], event: Event, column: str, value: Any) -> list[Problem]:
    said = getattr(value, "name", value)
    wrong = Problem(event.lines[0], column, BadCell("row-differs", has=str(said)[:80], wanted=group[0].lines[0]))
    held = [Problem(e.lines[0], "", BadCell("row-held", has=wrong.line)) for e in group if e is not event]
    return [wrong, *held]


def _merged(group: Sequence[Event]) -> tuple[Item, ...] | Problem:
    """The batches of all rows.

    Where rows say what went in beside what came out, a lot that is there again is the same one repeated; where
    they say one thing each, the quantities add up.
    """
    crossed = len(group[0].mapping.batches) > 1
    items: dict[object, Item] = {}
    for event in group:
        for item in event.items:
            key: object = item.identity if item.lot or item.code else (item.identity, event.lines)
            there = items.get(key)
            if there is None:
                items[key] = item
            elif item.quantity and there.quantity and not crossed and item.quantity["unit"] == there.quantity["unit"]:
                items[key] = replace(there, quantity=cells.total([there.quantity, item.quantity]))
            elif item.quantity != there.quantity:
                return Problem(event.lines[0], "", BadCell("row-twice", has=item.lot or item.code or ""))
    return tuple(items.values())
