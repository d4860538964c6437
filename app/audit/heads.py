"""Every ``log.heads`` recomputed along the walk (format §6)."""

from typing import Any

from sqlalchemy import Connection, func, select

from app.tables import statements
from ledger.canonical import MAX_INTEGER
from ledger.heads import CHAIN, HEAD, SEQ, Heads
from ledger.identity import ChainId
from ledger.statement import Statement, to_ms


class DailyHeads:
    """Takes the entries one by one, as long as a ``log.heads`` is still to come: behind the last nothing is kept."""

    def __init__(self, connection: Connection, log_id: int) -> None:
        query = select(func.max(statements.c.first_index)).where(
            statements.c.log_id == log_id, statements.c.kind == "log.heads"
        )
        last = connection.execute(query).scalar()
        self._last = last if isinstance(last, int) else 0
        self._walk = Heads()

    def add(self, chain: ChainId, seq: Any, hash_: Any, received: Any) -> None:
        """The next entry; one whose columns are not what they should be counts, and is the head of nothing."""
        if self._walk.size < self._last:
            whole = len(chain) == CHAIN and isinstance(hash_, bytes) and len(hash_) == HEAD
            if whole and isinstance(seq, int) and 0 <= seq < 1 << 8 * SEQ:
                when = (received,) if isinstance(received, int) and 0 <= received <= MAX_INTEGER else ()
                self._walk.add(chain, hash_, seq, *when)
            else:
                self._walk.skip()

    def skip(self) -> None:
        """The next entry is lost."""
        self.add(ChainId(""), None, None, None)

    def check(self, statement: Statement, first: int) -> None:
        """Raises BadProof unless the ``log.heads`` at this index is what the entries before it come to."""
        # A column that was bent may have hidden it from the count of them; then it was told of for that.
        if first <= self._last:
            self._walk.check(statement.body, to_ms(statement.at))
