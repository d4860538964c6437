"""Search: batches by part of a name, newest first, page by page."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select

from app.batches import codes
from app.errors import NotFound
from app.stored import AT_ONCE
from app.tables import batches
from ledger import b64u
from ledger.errors import Malformed
from ledger.identity import ChainId
from ledger.registry import Registry


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; what is empty does not matter.

    ``text`` is a code, mark or label address, or part of a product's or party's name, or how a lot begins.
    """

    text: str = ""
    product: str = ""
    lot: str = ""
    party: str = ""
    kind: str = ""


def search(
    connection: Connection, log_id: int, registry: Registry, wanted: Wanted, cursor: str, limit: int
) -> tuple[list[Row[Any]], str | None]:
    """Rows of ``batches`` and the cursor of the page that follows. Raises Malformed ``cursor`` or ``b64u``."""
    query = select(batches).where(batches.c.log_id == log_id)
    for column, chain in ((batches.c.product, wanted.product), (batches.c.party, wanted.party)):
        if chain:
            b64u.decode(chain, 32, path=column.name)
            query = query.where(column == chain)
    for column, text in ((batches.c.lot, wanted.lot), (batches.c.kind, wanted.kind)):
        if text:
            query = query.where(column == text)
    if text := wanted.text.strip():
        query = query.where(_matching(connection, log_id, registry, text))
    if cursor:
        index, chain = _read_cursor(cursor)
        later = and_(batches.c.first_index == index, batches.c.chain > chain)
        query = query.where(or_(batches.c.first_index < index, later))
    query = query.order_by(batches.c.first_index.desc(), batches.c.chain).limit(limit + 1)
    rows = list(connection.execute(query))
    last = rows[limit - 1] if len(rows) > limit else None
    return rows[:limit], f"{last.first_index}.{last.chain}" if last else None


def _matching(connection: Connection, log_id: int, registry: Registry, text: str) -> ColumnElement[bool]:
    try:
        return batches.c.chain == codes.find(connection, log_id, registry, text)
    except (NotFound, Malformed):
        # No code, then: a name.
        folded = text.casefold()
    products = [
        chain
        for chain, product in list(registry.products.items())
        if any(folded in name.casefold() for name in product.body["names"].values())
        or text in (product.body.get("gtin"), product.body.get("own_code"))
    ]
    parties = [chain for chain, party in list(registry.parties.items()) if folded in party.profile["name"].casefold()]
    return or_(
        batches.c.lot.startswith(text, autoescape=True),
        batches.c.product.in_(products[:AT_ONCE]),
        batches.c.party.in_(parties[:AT_ONCE]),
    )


def _read_cursor(cursor: str) -> tuple[int, ChainId]:
    index, _, chain = cursor.partition(".")
    if not (index.isascii() and index.isdigit() and len(index) < 16):
        raise Malformed("cursor", path="cursor", has=cursor[:80])
    b64u.decode(chain, 32, path="cursor")
    return int(index), ChainId(chain)
