"""A record typed as words, for one that is not worth a file::

    gengji submit hold on="1234 5678 9012 3456 7888" reason=检测未出结果
    gengji sign sell goods.batch=1234… goods.quantity="10 kg" goods.batch=5678… goods.quantity=3公斤 channel=摊位

The first word is the kind. ``name=value`` gives a field of it, or ``at`` (now, if not said), ``on`` and ``for``; a dot
leads inside, and a name that is said again begins the next item of a list. Lists of plain words may also stand in one
value, parted by ``、`` or commas. Values are written as in a sheet; batches go by trace code, mark or id, products and
places by name, number or id. A value that begins with ``[`` or ``{`` is JSON.
"""

import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from clients.client import Client
from clients.codes import read_code
from clients.errors import Refused, Usage
from clients.importer import cells
from clients.importer.catalogue import LIVE, Parties
from clients.importer.events import PartyName
from clients.importer.problems import BadCell
from clients.importer.sheet import fold
from clients.lines import Clock, Line
from ledger import b64u
from ledger.errors import LedgerError, Malformed
from ledger.identity import ChainId, mark, trace_code
from ledger.records import KINDS
from ledger.records.shapes import (
    ATTACHMENT,
    Choice,
    Day,
    Field,
    Flag,
    ListOf,
    MapOf,
    Object,
    Quantity,
    Reading,
    Ref,
    Shape,
    Text,
    Time,
    Values,
    Whole,
)

_APART = re.compile("[、，,；;]")
_ID = re.compile("[A-Za-z0-9_-]{43}").fullmatch


def typed(words: Sequence[str]) -> bool:
    """Whether these are the words of a record, and not the names of files."""
    return bool(words) and words[0] in KINDS and not Path(words[0]).exists()


def read(client: Client, words: Sequence[str]) -> Line:
    """The record that is typed; what is wrong with it stands in the line. Raises as the service's look-ups do."""
    where = words[0]
    try:
        kind, names, clock = KINDS[words[0]], Names(client), Clock(client)
        around: dict[str, Any] = {"on": []}
        body: dict[str, Any] = {}
        for word in words[1:]:
            name, sign, text = word.partition("=")
            if not sign or not name:
                raise Usage("word-form", has=word)
            if name == "on":
                around["on"] += [names.batch(code, "on") for code in _APART.split(text) if code.strip()]
            elif name in ("at", "for"):
                around[name] = clock.utc(text) if name == "at" else names.party(text, "for")
            else:
                _put(body, kind.by_name, name.split("."), text, _Reader(names, clock), "body")
        draft = client.draft(
            kind.name,
            client.outbox.named(body, Path()),
            around["on"],
            around.get("at"),
            for_=around.get("for"),
            # Typed twice, it happened twice.
            source=f"typed:{b64u.encode(secrets.token_bytes(15))}",
        )
    except Refused:
        raise
    except LedgerError as error:
        return Line(where, None, error)
    return Line(where, draft)


# --- where a word belongs ----------------------------------------------------------------------------------------


def _put(
    into: dict[str, Any], fields: Mapping[str, Field], steps: Sequence[str], text: str, reader: "_Reader", path: str
) -> None:
    """Put one value into the fields. Raises Malformed ``unknown`` or ``json``, Usage ``word-twice``."""
    name, *rest = steps
    path = f"{path}.{name}"
    if name not in fields:
        raise Malformed("unknown", path=path)
    shape = fields[name].shape
    if not rest and text[:1] in ("[", "{"):
        into[name] = _json(text, path)
    elif rest:
        _put_inside(into, name, shape, rest, text, reader, path)
    elif isinstance(shape, ListOf):
        into.setdefault(name, []).extend(reader.value(shape.item, one, path) for one in _parts(shape.item, text))
    elif name in into:
        raise Usage("word-twice", has=name)
    else:
        into[name] = reader.value(shape, text, path)


def _put_inside(
    into: dict[str, Any], name: str, shape: Shape, rest: Sequence[str], text: str, reader: "_Reader", path: str
) -> None:
    inside = shape.item if isinstance(shape, ListOf) else shape
    if isinstance(shape, ListOf):
        items = into.setdefault(name, [{}])
        if _said(items[-1], rest):
            items.append({})
        there = items[-1]
    else:
        there = into.setdefault(name, {})
    if isinstance(inside, Object):
        _put(there, inside.by_name, rest, text, reader, path)
    elif isinstance(inside, MapOf | Values) and len(rest) == 1:
        item = inside.value if isinstance(inside, MapOf) else Text()
        there[rest[0]] = _json(text, path) if text[:1] in ("[", "{") else reader.value(item, text, path)
    else:
        raise Malformed("unknown", path=f"{path}.{'.'.join(rest)}")


def _said(item: Mapping[str, Any], steps: Sequence[str]) -> bool:
    value: Any = item
    for step in steps:
        if not isinstance(value, dict) or step not in value:
            return False
        value = value[step]
    return True


def _parts(item: Shape, text: str) -> Iterator[str]:
    # A file's name may hold a comma.
    parts = [text] if item == ATTACHMENT else _APART.split(text)
    return (part.strip() for part in parts if part.strip())


def _json(text: str, path: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise Malformed("json", path=path, has=text[:40]) from None


# --- what a word says --------------------------------------------------------------------------------------------


class _Reader:
    """Values from the words for them."""

    def __init__(self, names: "Names", clock: Clock) -> None:
        self._names, self._clock = names, clock

    def value(self, shape: Shape, text: str, path: str) -> Any:
        """What is not understood stays as it was typed, and the kind's own check speaks of it."""
        try:
            match shape:
                case Choice(options=options):
                    return cells.choice(text, options)
                case Whole():
                    return cells.whole(text)
                case Flag():
                    return cells.flag(text)
                case Quantity(positive=True):
                    return cells.quantity(text)
                case Quantity() | Reading():
                    return cells.reading(text)
                case Time():
                    return self._clock.utc(text)
                case Day():
                    return cells.day(text).isoformat()
                case Ref(to=to):
                    return self._names.id(to, text, path)
        except BadCell:
            return text
        return text


class Names:
    """Ids of what people call by name: from the device's own notebook first, then from the service."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._parties = Parties(client.notebook.device.folder / "parties.toml")

    def id(self, to: str, text: str, path: str) -> str:
        """Raises Malformed ``unknown-…`` for a name that nothing has."""
        match to:
            case "batch":
                return self.batch(text, path)
            case "party":
                return self.party(text, path)
            case "product" | "place" if not _ID(text):
                return self._named(to, text, path)
        return text

    def batch(self, text: str, path: str) -> ChainId:
        """By trace code, mark, id or the address in its QR code."""
        if _ID(text):
            return ChainId(text)
        code = read_code([text])
        for kept in self._client.notebook.all():
            for chain in kept.statement.created if kept.state in LIVE else ():
                if code in (chain, mark(chain), trace_code(chain)):
                    return chain
        return ChainId(self._client.service.get(f"/v1/batches/{code}")["chain"])

    def party(self, text: str, path: str) -> ChainId:
        """By id, or as ``parties.toml`` in the device's folder calls it."""
        found = ChainId(text) if _ID(text) else self._parties.find(PartyName(text))
        if found is None:
            raise Malformed("unknown-party", path=path, has=text[:80])
        return found

    def _named(self, to: str, text: str, path: str) -> ChainId:
        word = fold(text)
        for kept in self._client.notebook.all():
            if kept.state in LIVE and kept.statement.kind == f"{to}.add" and word in _called(kept.statement.body):
                return kept.statement.created[0]
        party = self._client.notebook.device.party or ""
        listed = self._client.service.get(f"/v1/{to}s", {"q": text, "party": party})[f"{to}s"]
        for one in listed:
            if word in _called(one):
                return ChainId(one["id"])
        raise Malformed(f"unknown-{to}", path=path, has=text[:80])


def _called(body: Mapping[str, Any]) -> set[str]:
    names = [*body.get("names", {}).values(), *(body.get(key) for key in ("name", "gtin", "gln", "own_code"))]
    return {fold(name) for name in names if name}
