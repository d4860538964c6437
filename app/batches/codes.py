"""From what somebody typed, scanned or pasted to the batch that it names."""

import re
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from sqlalchemy import Connection, select

from app.errors import NotFound
from app.tables import batches
from labels.digital_link import is_gtin
from ledger import b64u
from ledger.errors import Malformed
from ledger.identity import ChainId, TraceCode, read_mark, read_trace_code
from ledger.registry import Registry

_B64U = re.compile("[A-Za-z0-9_-]+").fullmatch
_MARK, _CHAIN = 22, 43


class Lot(NamedTuple):
    """A batch by GTIN and lot, as a GS1 Digital Link without a mark names it."""

    gtin: str
    lot: str


def read(text: str) -> ChainId | str | TraceCode | Lot:
    """What ``text`` is: a chain id or mark (told apart by length), a trace code, a lot, or an address of one of them.

    Raises Malformed ``code-check`` where a digit is wrong or two are swapped, ``code-digits`` for what is none.
    """
    text = text.strip()
    if "/" in text:
        return _in_address(text)
    try:
        return read_trace_code(text)
    except Malformed as error:
        if error.code == "code-digits" and len(text) in (_MARK, _CHAIN) and _B64U(text):
            return text
        raise


def _in_address(text: str) -> ChainId | str | TraceCode | Lot:
    """A label's address as browsers and scanners hand it on: any host, perhaps with a language behind it."""
    try:
        parts = urlsplit(text)
    except ValueError:  # http://[
        raise Malformed("code-digits", path="code", has=text[:80], wanted=20) from None
    steps = [unquote(step) for step in parts.path.split("/") if step]
    if mark := parse_qs(parts.query).get("t"):
        return read(mark[0].replace("/", ""))
    for name, value in pairwise(steps):
        if name in ("t", "batches"):
            return read(value.replace("/", ""))
    if "01" in steps[:-1]:
        keys = dict(zip(steps[steps.index("01") :: 2], steps[steps.index("01") + 1 :: 2], strict=False))
        if "10" in keys:
            return Lot(keys["01"], keys["10"])
    raise Malformed("code-digits", path="code", has=text[:80], wanted=20)


def find(connection: Connection, log_id: int, registry: Registry, text: str) -> ChainId:
    """The batch that ``text`` names. Raises NotFound ``no-code`` where there is none, Malformed as ``read``."""
    named = read(text)
    if isinstance(named, Lot):
        return find_gtin_lot(connection, log_id, registry, *named)
    query = select(batches.c.chain).where(batches.c.log_id == log_id)
    if len(named) == _CHAIN:
        query = query.where(batches.c.chain == _sound(named, 32))
    elif len(named) == _MARK:
        first = b64u.decode(read_mark(_sound(named, 16)))
        low, high = (b64u.encode(first + bytes([end]) * 16) for end in (0x00, 0xFF))
        query = query.where(batches.c.chain.between(low, high))
    else:
        query = query.where(batches.c.code == named)
    # A code means the lowest-index chain that has it (format §4).
    chain: ChainId | None = connection.execute(query.order_by(batches.c.first_index).limit(1)).scalar()
    if chain is None:
        raise NotFound("no-code", path="code", has=text[:200])
    return chain


def find_lot(connection: Connection, log_id: int, product: str, lot: str) -> ChainId:
    """The batch that its owner calls by this product and lot. Raises NotFound ``no-code``."""
    query = select(batches.c.chain).where(
        batches.c.log_id == log_id, batches.c.product == _sound(product, 32), batches.c.lot == lot
    )
    chain: ChainId | None = connection.execute(query).scalar()
    if chain is None:
        raise NotFound("no-code", path="lot", has=lot[:200])
    return chain


def find_gtin_lot(connection: Connection, log_id: int, registry: Registry, gtin: str, lot: str) -> ChainId:
    """The batch of this GTIN (of any length) and lot. Raises NotFound ``no-code``, Malformed ``gtin``."""
    if not is_gtin(gtin):
        raise Malformed("gtin", path="gtin", has=gtin[:80], wanted="8, 12, 13 or 14 digits, the last a check digit")
    product = registry.gtins.get(gtin.zfill(14))
    if product is None:
        raise NotFound("no-code", path="gtin", has=gtin)
    return find_lot(connection, log_id, product, lot)


def _sound(text: str, size: int) -> str:
    """An id that cannot be one is not found either: nobody who mistypes 22 characters wants to hear of base64."""
    try:
        b64u.decode(text, size)
    except Malformed:
        raise NotFound("no-code", path="code", has=text[:200]) from None
    return text
