"""Statements read back: a notebook for its owner, findings as they were given."""

from typing import Any

import orjson
from sqlalchemy import Engine, select

from app.recording import Finding
from app.tables import findings, statements
from ledger import b64u

PAGE = 500


class Reader:
    """Reads of one log that no page needs an account for: sealed fields are not in them."""

    def __init__(self, engine: Engine, log_id: int) -> None:
        self._engine = engine
        self._log_id = log_id

    def findings(self, first_index: int) -> tuple[Finding, ...]:
        """The findings of one statement, as they were found."""
        query = select(findings).where(findings.c.log_id == self._log_id, findings.c.first_index == first_index)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(findings.c.line)).all()
        return tuple(Finding(row.code, row.severity, row.batch, orjson.loads(row.params)) for row in rows)

    def notebook(self, kid: str, start: int) -> dict[str, Any]:
        """A key's statements from number ``start``, at most ``PAGE`` of them; ``next`` where to go on."""
        b64u.decode(kid, 32, path="kid")
        query = (
            select(statements.c.n, statements.c.jws, statements.c.first_index)
            .where(statements.c.log_id == self._log_id, statements.c.kid == kid, statements.c.n >= start)
            .order_by(statements.c.n)
            .limit(PAGE + 1)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return {
            "statements": [{"n": n, "statement": jws, "index": index} for n, jws, index in rows[:PAGE]],
            "next": rows[PAGE].n if len(rows) > PAGE else None,
        }
