"""What a statement moves: double entry, pairs of legs that sum to zero for each batch (records §2).

::

    origin ──▶ held ──▶ transit ──▶ held (receiver)
                │           └─────▶ lost (short), held (sender, rejected)
                └──▶ consumed, sold, lost
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.batches.amounts import in_unit, unit_of
from app.batches.goods import Leg, move
from app.batches.page import Page
from ledger.errors import Malformed
from ledger.identity import ChainId
from ledger.statement import Statement

_LOST = {"sell": "sold", "dispose": "lost"}


def moved(
    page: Page, statement: Statement, body: Mapping[str, Any], created: Sequence[ChainId], *, again: bool = False
) -> Iterator[Leg]:
    """What ``statement``, with this body, moves; ``again`` as corrected.

    Raises Malformed ``unit`` and its like where no factor leads to a batch's unit.
    """
    actor = actor_of(statement)
    outputs = body.get("outputs", [body] if created and "quantity" in body else [])
    if outputs:
        yield from _made(page, actor, body, outputs, created)
    if "inputs" in body:
        for batch, amount in amounts(page, body, "inputs"):
            yield from move(batch, amount, ("held", actor), ("consumed", actor))
    held = ("held", actor)
    match statement.kind:
        case "ship":
            for batch, amount in amounts(page, body, "goods"):
                yield from move(batch, amount, held, ("transit", statement.hash))
        case "receive" | "reject":
            shipment = page.shipments[body["shipment"]]
            transit = ("transit", shipment.hash)
            to = held if statement.kind == "receive" else ("held", shipment.sender)
            for batch, amount in amounts(page, body, "goods"):
                yield from move(batch, amount, transit, to)
            for batch, amount in amounts(page, body, "short"):
                yield from move(batch, amount, transit, ("lost", shipment.sender))
        case "sell" | "dispose":
            for batch, amount in amounts(page, body, "goods"):
                yield from move(batch, amount, held, (_LOST[statement.kind], actor))
        case "sample":
            for batch, amount in amounts(page, body, "goods"):
                holder = body.get("holder") or _sampled(page, batch, amount)
                yield from move(batch, amount, ("held", holder), ("lost", holder))
        case "count":
            for batch, amount in amounts(page, body, "goods"):
                there = booked(page, statement, batch) if again else page.balances[batch, "held", actor]
                yield from move(batch, there - amount, held, ("lost", actor))


def _made(
    page: Page,
    actor: ChainId,
    body: Mapping[str, Any],
    outputs: Sequence[Mapping[str, Any]],
    created: Sequence[ChainId],
) -> Iterator[Leg]:
    for place, (output, chain) in enumerate(zip(outputs, created, strict=True)):
        product = page.product(output.get("product"))
        known = page.batches.get(chain)
        unit = known.unit if known else unit_of(output["quantity"], product)
        path = f"body.outputs[{place}].quantity" if "outputs" in body else "body.quantity"
        amount = in_unit(output["quantity"], unit, product, path)
        yield from move(chain, amount, ("origin", actor), ("held", actor))


def amounts(page: Page, body: Mapping[str, Any], name: str, of: str = "quantity") -> Iterator[tuple[ChainId, int]]:
    """Each line of ``body[name]`` that says how much: its batch, and that in millionths of the batch's own unit.

    Raises Malformed ``unit`` and its like with the line's path.
    """
    for place, line in enumerate(body.get(name, ())):
        if of in line:
            batch = page.batches[line["batch"]]
            path = f"body.{name}[{place}].{of}"
            yield batch.chain, in_unit(line[of], batch.unit, page.product(batch.product), path)


def _sampled(page: Page, batch: ChainId, amount: int) -> str:
    """Whose goods a sample was, where it does not say: of whoever made it, unless one other alone has as much."""
    maker = page.batches[batch].party
    if page.balances[batch, "held", maker] >= amount:
        return maker
    having = [who for one, who in page.holders if one == batch and page.balances[batch, "held", who] >= amount]
    return having[0] if len(having) == 1 else maker


def booked(page: Page, count: Statement, batch: ChainId) -> int:
    """What the books held of ``batch`` for the counting party when it was counted."""
    counted = dict(amounts(page, count.body, "goods"))[batch]
    stated = page.stated[page.indexes[count.hash]]
    return counted + sum(leg.amount for leg in stated if (leg.batch, leg.account) == (batch, "lost"))


def corrected_legs(page: Page, statement: Statement, corrected: Statement) -> tuple[list[Leg], list[Leg]]:
    """The reverse of what ``corrected`` came to so far, and what it comes to now."""
    was: Counter[tuple[ChainId, str, str]] = Counter()
    for leg in page.legs[page.indexes[corrected.hash]]:
        was[leg.batch, leg.account, leg.owner] += leg.amount
    back = [Leg(*key, -amount) for key, amount in was.items() if amount]
    if statement.body.get("void", False):
        return back, []
    return back, list(moved(page, corrected, page.now(statement), corrected.created, again=True))


def actor_of(statement: Statement) -> ChainId:
    """On whose account it stands. Raises Malformed ``missing`` for the one kind that has nobody."""
    if statement.actor is None:
        raise Malformed("missing", path="iss")
    return statement.actor
