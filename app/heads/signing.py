"""A party whose key lies in the service's own data folder, and what it states: past HTTP, through the journal."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import Engine

from app import stored
from app.errors import Conflict
from app.log import Log
from app.recording import Appended, Record
from ledger import b64u
from ledger.canonical import Json
from ledger.errors import NotAllowed
from ledger.identity import ChainId
from ledger.keys import PrivateKey
from ledger.statement import Statement, draft, sign

_TRIES = 3
"""How often another process may have used the same key in between."""


class Hand:
    """Signs with ``key`` for the party that the registry knows it by."""

    def __init__(self, engine: Engine, log: Log, key: PrivateKey) -> None:
        self._engine = engine
        self._log = log
        self._key = key

    async def state(self, kind: str, body: Mapping[str, Json], now: int, on: ChainId | None = None) -> Appended:
        """Record it at ``now``, ms. Raises NotAllowed ``key-unknown``, or what the journal refuses."""
        registry, kid = self._log.journal.registry, self._key.public.kid
        if kid not in registry.keys:
            raise NotAllowed("key-unknown", path="header.kid", has=kid)
        party = registry.keys[kid].party
        for left in reversed(range(_TRIES)):
            statement = await asyncio.to_thread(self._sign, kind, body, now // 1000, party, on)
            (outcome,) = await self._log.journal.append([Record(statement)])
            if isinstance(outcome, Appended):
                return outcome
            if not left or not isinstance(outcome, Conflict) or outcome.code != "notebook":
                raise outcome
        raise AssertionError  # the last try has returned or raised

    def _sign(self, kind: str, body: Mapping[str, Json], seconds: int, party: ChainId, on: ChainId | None) -> Statement:
        """The key's next statement, which has seen the newest checkpoint that is published."""
        with self._engine.connect() as connection:
            last = stored.last_of_notebook(connection, self._log.log_id, self._key.public.kid)
        seen = last.seen if last else None
        if note := self._log.journal.published():
            checkpoint = stored.read_note(note)
            seen = max(seen or (0, ""), (checkpoint.size, b64u.encode(checkpoint.root)))
        payload = draft(
            log=self._log.origin,
            kind=kind,
            at=datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            body=body,
            iss=party,
            iat=seconds,
            n=last.n + 1 if last else 0,
            after=last.hash if last else None,
            seen=seen,
            on=[on] if on else [],
        )
        return sign(payload, self._key)
