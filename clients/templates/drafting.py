"""A season's steps as drafts: one file a step, in the order of their days, with what is not known left blank."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from clients.filling import blanks
from ledger.records import KINDS
from ledger.records.shapes import Day, ListOf, Object, Quantity, Reading, Shape, Time
from ledger.seasons import BLANK, GIVEN, Season, Step


@dataclass(frozen=True)
class StepDraft:
    """A line for a file called ``file``; ``blanks`` are the places in it that the clerk still has to fill in."""

    file: str
    step: Step
    day: date
    record: Mapping[str, Any]

    @property
    def blanks(self) -> Sequence[str]:
        return [*blanks(self.record["body"])]


def drafts(season: Season, begin: date, given: Mapping[str, str], for_: str | None = None) -> list[StepDraft]:
    """All steps of a season that begins on ``begin``; ``given`` are its product and place, by their ids.

    A step that repeats is a file each time, and refers to what came in the same round of an earlier step that repeats
    as often, else in its first.
    """
    rounds = [(day, place, time) for place, step in enumerate(season.steps) for time, day in enumerate(step.days())]
    names = {
        (season.steps[place].id, time): f"{number:02}-{season.steps[place].id}.jsonl"
        for number, (_, place, time) in enumerate(sorted(rounds), 1)
    }
    times = {step.id: step.times for step in season.steps}
    made = []
    for day, place, time in sorted(rounds):
        step = season.steps[place]
        known = {f"@{name}": given[name] for name in GIVEN}
        for other, count in times.items():
            known[f"@{other}"] = f"@{names[other, time if count == step.times else 0]}"
        on = begin + timedelta(days=day)
        body = _filled(step.fields, known)
        for field in KINDS[step.kind].fields:
            if field.required and field.name not in body:
                body[field.name] = _blank(field.shape, on)
        record = {"kind": step.kind, "at": on.isoformat(), "body": body}
        if step.on:
            record["on"] = [known[f"@{one}"] for one in step.on]
        if for_:
            record["for"] = for_
        made.append(StepDraft(names[step.id, time], step, on, record))
    return made


def _filled(value: Any, known: Mapping[str, str]) -> Any:
    """A value with every name of the season replaced by what it stands for."""
    if isinstance(value, str):
        return known.get(value, value)
    if isinstance(value, list):
        return [_filled(one, known) for one in value]
    return {name: _filled(one, known) for name, one in value.items()} if isinstance(value, Mapping) else value


def _blank(shape: Shape, on: date) -> Any:
    """What is asked for, with blanks in it; days and times are those of the step until somebody says otherwise."""
    match shape:
        case Time() | Day():
            return on.isoformat()
        case ListOf(item=item):
            return [_blank(item, on)]
        case Quantity() | Reading():
            return {"unit": BLANK, "value": BLANK}
        case Object(fields=fields):
            return {field.name: _blank(field.shape, on) for field in fields if field.required}
    return BLANK
