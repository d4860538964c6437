"""What a supervisor may do with a batch, from a form: hold, release, recall, drill; as fields, and as a command."""

import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from app.batches.stops import Stop
from ledger.canonical import Json
from ledger.errors import Malformed
from ledger.records import KINDS
from ledger.records.shapes import Choice, Day, Field, Text, Time

MEASURES: Mapping[str, Sequence[str]] = {
    "hold": ("reason", "law", "until"),
    "recall": ("scope", "reason", "instruction", "deadline", "law"),
    "drill": ("scope", "reason", "instruction", "deadline"),
    "release": ("reason",),
}
"""The kinds, with the fields of each that are asked for."""


def asked(kind: str) -> list[tuple[Field, str]]:
    """The fields of a form, each with how it is typed: choice, long, line, day or time. Raises Malformed ``choice``."""
    if kind not in MEASURES:
        raise Malformed("choice", path="kind", has=kind[:80], wanted=" | ".join(MEASURES))
    return [(KINDS[kind].by_name[name], _typed(KINDS[kind].by_name[name])) for name in MEASURES[kind]]


def fields(kind: str, sent: Mapping[str, str], stops: Sequence[Stop], zone: str) -> dict[str, Json]:
    """What was typed, as the kind has it, without what was left empty; a release answers all that stops the batch."""
    found: dict[str, Json] = {}
    for field, typed in asked(kind):
        text = sent.get(field.name, "").strip()
        if text:
            found[field.name] = _utc(text, zone, field.name) if typed == "time" else text
    if kind == "release":
        answers: list[Json] = [*dict.fromkeys(stop.statement for stop in stops)]
        found["answers"] = answers
    return found


def command(kind: str, code: str, given: Mapping[str, Json]) -> str:
    """The same to be signed where the party keeps its own key."""
    words = ["gengji", "submit", kind, f"on={code}"]
    for name, value in given.items():
        words += [f"{name}={one}" for one in (value if isinstance(value, list) else [value])]
    if kind == "release" and "person" not in given:
        words.append("person=?")
    return shlex.join(words)


def _typed(field: Field) -> str:
    match field.shape:
        case Choice():
            return "choice"
        case Time():
            return "time"
        case Day():
            return "day"
        case Text(high) if high > 200:
            return "long"
        case _:
            return "line"


def _utc(text: str, zone: str, path: str) -> str:
    """``2026-07-20T09:30`` by the log's clocks."""
    try:
        when = datetime.fromisoformat(text)
        return f"{(when if when.tzinfo else when.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError):
        raise Malformed("time", path=f"body.{path}", has=text[:40], wanted="YYYY-MM-DDTHH:MM") from None
