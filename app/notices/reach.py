"""Whose hands goods went through: who holds or held a batch, or has or had it on the way."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, Select, select

from app.tables import batches, lineage, postings, shipments
from ledger.identity import ChainId


def hands(
    connection: Connection, log_id: int, goods: Sequence[ChainId], *, whole: bool
) -> dict[ChainId, list[ChainId]]:
    """The batches that each party holds, held or had on the way, of ``goods`` or, with ``whole``, of all that came of
    them too; in the order in which the batches were made.

    A shipment's sender, receiver and carrier have it on the way.
    """
    scope = _scope(log_id, goods, whole=whole).cte("scope", recursive=False)
    query = (
        select(
            postings.c.batch,
            postings.c.account,
            postings.c.owner,
            shipments.c.sender,
            shipments.c.receiver,
            shipments.c.carrier,
            batches.c.first_index,
        )
        .distinct()
        .join(scope, scope.c.chain == postings.c.batch)
        .join(batches, (batches.c.log_id == postings.c.log_id) & (batches.c.chain == postings.c.batch))
        .outerjoin(shipments, (shipments.c.log_id == postings.c.log_id) & (shipments.c.hash == postings.c.owner))
        .where(postings.c.log_id == log_id)
        .order_by(batches.c.first_index, postings.c.batch)
    )
    had: defaultdict[ChainId, dict[ChainId, None]] = defaultdict(dict)
    for batch, account, owner, *way, _ in connection.execute(query):
        for party in way if account == "transit" else (owner,):
            if party is not None:
                had[ChainId(party)][ChainId(batch)] = None
    return {party: [*some] for party, some in had.items()}


def _scope(log_id: int, goods: Sequence[ChainId], *, whole: bool) -> Select[ChainId]:
    here = select(batches.c.chain).where(batches.c.log_id == log_id, batches.c.chain.in_(goods))
    if not whole:
        return here
    below = here.cte("below", recursive=True)
    came = select(lineage.c.child).join(below, lineage.c.parent == below.c.chain).where(lineage.c.log_id == log_id)
    # Not UNION ALL: what came by many ways is walked from once.
    return select(below.union(came).c.chain)
