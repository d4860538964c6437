"""Sending: takes what is due out of the outbox and brings it to its contact, off the commit path."""

import asyncio
import logging
import ssl
from collections.abc import Callable

import orjson
from sqlalchemy import Engine

from app.config import Mail, Settings
from app.errors import ServiceError
from app.notices import mail, outbox
from app.notices.contacts import Contacts
from app.notices.following import now, to_end
from app.notices.outbox import Claimed
from app.notices.webhook import Poster, Undelivered

PACE = 1.0
"""How often, in s, to look for what is due."""

AT_ONCE = 16
"""How many are under way at the same time, each to a contact of its own: a slow one holds up its own only."""

_log = logging.getLogger("gengji.notices")


class Sending:
    """Sends the notices of one log; ``clock`` gives ms, ``tls`` is what mail servers' certificates are checked by."""

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        log_id: int,
        contacts: Contacts,
        poster: Poster,
        *,
        clock: Callable[[], int] = now,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._data = settings.data
        self._mail: Mail | None = settings.mail
        self._engine = engine
        self._log_id = log_id
        self._contacts = contacts
        self._poster = poster
        self._clock = clock
        self._tls = tls

    async def run(self) -> None:
        """Until it is cancelled; what is under way then is tried again by whoever comes next."""
        try:
            while True:
                try:
                    await self.send_due()
                except Exception as error:  # the database may be away for a while, as may anybody
                    _log.error("notices wait", exc_info=error)
                await asyncio.sleep(PACE)
        finally:
            await self._poster.close()

    async def send_due(self) -> None:
        """Send until nothing is due and nothing under way."""
        going: dict[asyncio.Task[None], str] = {}
        try:
            while True:
                for one in await to_end(self._claim, set(going.values()), AT_ONCE - len(going)):
                    going[asyncio.create_task(self._send(one))] = one.contact_id
                if not going:
                    return
                done, _ = await asyncio.wait(going, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    del going[task]
                    task.result()
        finally:
            for task in going:
                task.cancel()
            await asyncio.gather(*going, return_exceptions=True)

    def _claim(self, busy: set[str], most: int) -> list[Claimed]:
        with self._engine.connect() as connection:
            # Looked at before it is locked: most of the time nothing is due.
            if not outbox.waits(connection, self._log_id, self._clock()):
                return []
        with self._engine.execution_options(writes=True).begin() as connection:
            return outbox.claim(connection, self._log_id, self._clock(), busy, most)

    async def _send(self, one: Claimed) -> None:
        error, final = None, False
        try:
            await self._deliver(one)
        except Undelivered as failed:
            error, final = str(failed), failed.final
        except Exception as failed:  # one notice that can't be sent is no reason not to send the others
            _log.error("notice %d", one.number, exc_info=failed)
            error = f"failed {type(failed).__name__}"
        await to_end(self._settle, one, error, final)

    async def _deliver(self, one: Claimed) -> None:
        at = self._clock() // 1000
        if one.channel is None:
            raise Undelivered(outbox.REMOVED, final=True)
        if one.channel == "email":
            if self._mail is None:
                raise Undelivered("mail-off")
            await asyncio.to_thread(mail.send, self._mail, self._data, one.address, one.payload, at, self._tls)
            return
        try:
            secret = await to_end(self._contacts.secret, one.contact_id, one.secret)
        except ServiceError:
            raise Undelivered("secret") from None
        body = one.payload.encode()
        await self._poster.post(one.address, secret, orjson.loads(body)["id"], body, at)

    def _settle(self, one: Claimed, error: str | None, final: bool) -> None:
        with self._engine.execution_options(writes=True).begin() as connection:
            outbox.settle(connection, self._log_id, one, error, self._clock(), final=final)
