"""What stands in a line of a file for something else: records in files beside it, times by the clocks here, blanks.

``@03-harvest.jsonl`` is the batch that the record in that file brought into being, or where a record is asked for
the record itself; ``@03-harvest.jsonl/2`` is the second batch. Which statement came of a file the notebook knows by
the line's own bytes, so nothing else has to be remembered.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from clients.errors import Usage
from clients.notebook import Kept, Notebook
from ledger import b64u
from ledger.canonical import dumps
from ledger.errors import LedgerError
from ledger.identity import ChainId
from ledger.records import KINDS
from ledger.records.shapes import ListOf, Object, Ref, Shape, Time
from ledger.seasons import BLANK


def source_of(record: Any) -> str:
    """The name under which a line is stated: the same line is the same record, wherever it stands."""
    return f"line:{b64u.encode(sha256(dumps(record)).digest())}"


class Filling:
    """Puts in what the values of one line stand for; ``beside`` is the folder of its file."""

    def __init__(self, notebook: Notebook, utc: Callable[[str], str], beside: Path) -> None:
        self._notebook, self._utc, self._beside = notebook, utc, beside

    def fields(self, kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The fields as they are signed. Raises Usage ``draft-blank``, ``draft-beside`` or ``draft-unsigned``.

        What does not fit the kind stays as it is, and the kind's own check speaks of it.
        """
        blank = next(blanks(body), None)
        if blank is not None:
            raise Usage("draft-blank", path=blank)
        known = KINDS[kind].by_name if kind in KINDS else {}
        return {name: self._value(known[name].shape, one) if name in known else one for name, one in body.items()}

    def batch(self, text: str) -> ChainId:
        """A batch by its id, or by the file whose record made it."""
        return ChainId(str(self._value(Ref("batch"), text)))

    def _value(self, shape: Shape, value: Any) -> Any:
        match shape, value:
            case Ref(to=to), str() if value.startswith("@"):
                name, parted, place = value[1:].partition("/")
                statement = self._stated(name).statement
                if to == "statement":
                    return statement.hash
                created = statement.created
                number = int(place) if place.isascii() and place.isdigit() else 0 if parted else 1
                if not 0 < number <= len(created):
                    raise Usage("draft-beside", has=value)
                return created[number - 1]
            case Time(), str():
                return self._utc(value)
            case ListOf(item=item), list():
                return [self._value(item, one) for one in value]
            case Object(by_name=known), dict():
                return {n: self._value(known[n].shape, one) if n in known else one for n, one in value.items()}
        return value

    def _stated(self, name: str) -> Kept:
        try:
            lines = (self._beside / name).read_text("utf-8-sig").splitlines()
            record = json.loads(next(line for line in lines if line.strip()))
            source = source_of(record)
        except (OSError, ValueError, StopIteration, LedgerError):
            raise Usage("draft-beside", has=name) from None
        kept = self._notebook.of_source(source)
        if kept is None or kept.state == "refused":
            raise Usage("draft-unsigned", has=name)
        return kept


def blanks(value: Any, path: str = "") -> Iterator[str]:
    """Where something is still to be filled in."""
    if value == BLANK:
        yield path
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from blanks(one, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from blanks(one, f"{path}[{place}]")
