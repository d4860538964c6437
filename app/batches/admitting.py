"""What may not stand beside what stands already: refused, before anything is written.

Names given out twice (a lot, a GTIN, a trace code), what is not known here (a place, a party, a batch, a statement),
somebody else's shipment, units without a factor. What is true but wrong is not refused: it is found (``app.rules``).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from app.batches.amounts import CEILING, from_micro
from app.batches.goods import Leg, lines
from app.batches.moving import amounts, moved
from app.batches.page import Page, refers
from app.errors import Conflict
from app.recording import Record
from app.rules.docket import Docket
from ledger import records
from ledger.errors import Malformed, NotAllowed
from ledger.identity import ChainId, StatementHash, trace_code
from ledger.origin import Origin
from ledger.records.shapes import ascending
from ledger.statement import Statement

_TOUCHING = frozenset(("sense", "inspect"))
"""The kinds that may be about places and products (format §3)."""

_OWNERS = frozenset(("hold", "recall", "drill", "release"))
"""What stops or frees a whole batch, wherever it is: for supervisors and for whoever made it."""

_FINAL = frozenset(("correct", "release"))
"""What is answered by another statement, never by a correction."""

_PARTIES = ("receiver", "carrier", "party", "holder")
_ANSWERED: Mapping[str, frozenset[str]] = {
    "certify": frozenset(("test", "certify")),
    "drill": frozenset(("drill",)),
    "test": frozenset(("test",)),
}


def admit(page: Page, docket: Docket, record: Record, received: int) -> None:
    """Raises Malformed, NotAllowed or Conflict; ``received`` in ms."""
    statement, body = record.statement, record.statement.body
    kind = records.kind_of(statement)
    if kind.stage == "registry":
        _admit_registry(page, statement)
        return
    for place, chain in enumerate(statement.on):
        if chain not in page.batches and not (statement.kind in _TOUCHING and _registered(page, chain)):
            raise Malformed("not-a-batch", path=f"on[{place}]", has=chain)
    _admit_named(page, body)
    _admit_references(page, statement)
    if (origin := Origin.of(statement)) and origin.log == statement.log:
        # What this log knows is received, and not taken in as something new.
        raise Malformed("origin-here", path="body.from.log", has=origin.log)
    if statement.kind == "correct":
        _admit_correction(page, record)
    elif "shipment" in body:
        _admit_shipment(page, statement)
    _admit_outputs(page, statement)
    _admit_effect(page, docket, statement, received)
    # Units, last: a record that converts here also posts.
    _admit_legs(page, moved(page, statement, body, statement.created))
    _admit_amounts(page, statement)


def _registered(page: Page, chain: ChainId) -> bool:
    return chain in page.registry.places or chain in page.registry.products


def _admit_registry(page: Page, statement: Statement) -> None:
    gtin = statement.body.get("gtin")
    if gtin is not None and gtin.zfill(14) in page.registry.gtins:
        raise Conflict("gtin-taken", path="body.gtin", has=gtin)
    for place, party in enumerate(statement.body.get("may", ())):
        _want_party(page, party, f"body.may[{place}]")


def _admit_named(page: Page, body: Mapping[str, Any], path: str = "body") -> None:
    if "place" in body and body["place"] not in page.registry.places:
        raise Malformed("unknown-place", path=f"{path}.place", has=body["place"])
    for name in _PARTIES:
        if name in body:
            _want_party(page, body[name], f"{path}.{name}")


def _want_party(page: Page, party: ChainId, path: str) -> None:
    if party not in page.registry.parties:
        raise Malformed("unknown-party", path=path, has=party)


def _admit_references(page: Page, statement: Statement) -> None:
    """What it names stands in the log, and is what can be named so."""
    if statement.kind == "correct":
        return
    for hash_ in refers(statement):
        kind = page.referred.get(hash_)
        wanted = _ANSWERED.get(statement.kind)
        if kind is None or (wanted is not None and kind not in wanted and hash_ != statement.body.get("about")):
            raise Malformed("unknown-statement", path=f"body.{_where(statement, hash_)}", has=hash_)


def _where(statement: Statement, hash_: StatementHash) -> str:
    for name, value in statement.body.items():
        if value == hash_:
            return name
        if isinstance(value, list):
            for place, item in enumerate(value):
                if item == hash_ or (isinstance(item, dict) and item.get("statement") == hash_):
                    return f"{name}[{place}]"
    return "outcome.drill"


def _admit_outputs(page: Page, statement: Statement) -> None:
    here: set[tuple[str, str]] = set()
    for place, output in enumerate(statement.body.get("outputs", ())):
        path = f"body.outputs[{place}]"
        product = page.registry.products.get(output["product"])
        if product is None:
            raise Malformed("unknown-product", path=f"{path}.product", has=output["product"])
        if "lot" in output:
            if not (product.allows(statement.iss) or product.allows(statement.for_)):
                raise NotAllowed("lot-product", path=f"{path}.lot", has=output["lot"], wanted=product.party)
            name = (output["product"], output["lot"])
            if name in page.lots or name in here:
                raise Conflict("lot-taken", path=f"{path}.lot", has=output["lot"])
            here.add(name)
    codes = [trace_code(chain) for chain in statement.created]
    for place, code in enumerate(codes):
        if code in page.codes or code in codes[:place]:
            path = f"body.outputs[{place}]" if "outputs" in statement.body else "body"
            raise Conflict("code-taken", path=path, has=code)


def _admit_shipment(page: Page, statement: Statement) -> None:
    shipment = page.shipments.get(statement.body["shipment"])
    if shipment is None:
        raise Malformed("unknown-shipment", path="body.shipment", has=statement.body["shipment"])
    if statement.kind in ("receive", "reject") and shipment.receiver != statement.actor:
        raise NotAllowed("not-receiver", path="body.shipment", has=statement.actor or "", wanted=shipment.receiver)
    if statement.kind in ("load", "unload") and shipment.carrier not in (None, statement.actor):
        raise NotAllowed("not-carrier", path="body.shipment", has=statement.actor or "", wanted=shipment.carrier)
    touched = ((f"on[{place}]", batch) for place, batch in enumerate(statement.on) if batch in page.batches)
    for path, batch in (*lines(statement.body, "goods", "short"), *touched):
        if (batch, "transit", shipment.hash) not in page.balances:
            raise Malformed("not-shipped", path=path, has=batch)


def _admit_correction(page: Page, record: Record) -> None:
    statement = record.statement
    corrected = page.corrected.get(statement.body["statement"])
    if corrected is None:
        raise Malformed("unknown-statement", path="body.statement", has=statement.body["statement"])
    if records.kind_of(corrected).stage == "registry" or corrected.kind in _FINAL:
        raise Malformed("not-correctable", path="body.statement", has=corrected.kind)
    if corrected.actor != statement.actor and "inspector" not in page.roles(statement.actor):
        raise NotAllowed("not-signer", path="body.statement", has=statement.actor or "", wanted=corrected.actor or "")
    records.check_correction(statement, record.opened, corrected)
    # What stays and what is new stand together as what was said at once would have to.
    ascending(page.now(statement), "body.new")
    new = statement.body.get("new", {})
    _admit_named(page, new, "body.new")
    for path, batch in lines(new, "short"):
        if batch not in corrected.on:
            raise Malformed("correction-batch", path=path.replace("body", "body.new", 1), has=batch)
    if new.get("shipment", corrected.body.get("shipment")) != corrected.body.get("shipment"):
        # Another shipment is another handover: this one is voided, that one stated.
        raise Malformed("correction-shipment", path="body.new.shipment", has=new["shipment"])
    if new.get("from", corrected.body.get("from")) != corrected.body.get("from"):
        raise Malformed("correction-origin", path="body.new.from", has=str(new["from"].get("log"))[:80])
    _admit_legs(page, moved(page, corrected, page.now(statement), corrected.created, again=True))


def _admit_legs(page: Page, legs: Iterable[Leg]) -> None:
    """Amounts that convert, and accounts that can still be added up: or nobody could read that batch again."""
    after: dict[tuple[ChainId, str, str], int] = {}
    for leg in legs:
        key = (leg.batch, leg.account, leg.owner)
        before = after.get(key, page.balances[key])
        after[key] = before + leg.amount
        if abs(after[key]) > max(CEILING, abs(before)):
            unit = page.batches[leg.batch].unit
            raise Malformed("account-most", path="body", has=from_micro(before), wanted=unit)


def _admit_amounts(page: Page, statement: Statement) -> None:
    """Quantities that are said without being moved are in units that lead to the batch's own, too."""
    if statement.kind == "certify":
        list(amounts(page, statement.body, "goods"))
    elif statement.kind == "acknowledge":
        for of in ("found", "stopped", "recovered"):
            list(amounts(page, statement.body, "goods", of))


# --- what creates an effect: never refuse a truthful record, refuse the next step (records §3) -----------------------


def _admit_effect(page: Page, docket: Docket, statement: Statement, received: int) -> None:
    if statement.kind in _OWNERS and "inspector" not in page.roles(statement.actor):
        for place, chain in enumerate(statement.on):
            if page.batches[chain].party != statement.actor:
                wanted = page.batches[chain].party
                raise NotAllowed("not-owner", path=f"on[{place}]", has=statement.actor or "", wanted=wanted)
    if statement.kind == "certify" or (statement.kind == "label" and statement.body["action"] != "void"):
        for place, chain in enumerate(statement.on):
            if (chain, statement.actor) not in page.holders:
                # A promise about goods that one never had is an effect on somebody else's.
                raise NotAllowed("never-held", path=f"on[{place}]", has=statement.actor or "", wanted=chain)
            if held := docket.stopping(statement, chain):
                raise Conflict("held", path=f"on[{place}]", has=", ".join(held), wanted=chain)
    elif statement.kind == "release":
        docket.admit_release(statement, received, inspector="inspector" in page.roles(statement.actor))
