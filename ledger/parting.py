"""The fields of a statement parted by audience: what stands in the clear, what is sealed, which batches it touches.

Every field of every kind has an audience (``ledger.records``). Here is decided what is sealed, once, for everybody
who signs; nobody else names an audience.
"""

from collections.abc import Mapping
from typing import NamedTuple

from ledger.canonical import Json
from ledger.errors import Malformed
from ledger.identity import ChainId
from ledger.records import KINDS, SEALED, batches_named


class Parted(NamedTuple):
    """``body`` is in the clear, ``sealed`` is not; ``touched`` are the batches that the body names."""

    body: dict[str, Json]
    sealed: dict[str, Json]
    touched: frozenset[ChainId]


def part(kind: str, fields: Mapping[str, Json]) -> Parted:
    """Raises Malformed ``kind``, ``unknown`` with the path of a field that is none, or ``correction``.

    A correction's new values are parted as those were that they replace.
    """
    if kind not in KINDS:
        raise Malformed("kind", path="kind", has=kind[:80])
    own = KINDS[kind].by_name
    for name in fields:
        if name not in own:
            raise Malformed("unknown", path=f"body.{name}")
    body = {name: value for name, value in fields.items() if name not in SEALED}
    sealed = {name: value for name, value in fields.items() if name in SEALED}
    new = body.pop("new", None)
    if isinstance(new, dict):
        for name in new.keys() & own.keys() & SEALED.keys():
            # It would be read as the correction's own note or person.
            raise Malformed("correction", path=f"body.new.{name}", wanted="a field that a correction has not itself")
        sealed |= {name: value for name, value in new.items() if name in SEALED}
        new = {name: value for name, value in new.items() if name not in SEALED}
    if new:
        body["new"] = new
    return Parted(body, sealed, frozenset(map(ChainId, _named(body))))


def _named(body: Mapping[str, Json]) -> list[str]:
    # The shapes are checked when it is signed; until then a list may hold anything.
    try:
        return [batch for _, batch in batches_named(body) if isinstance(batch, str)]
    except (TypeError, KeyError, AttributeError):
        return []
