"""Contacts: where a party wants to be told, kept by its manager; a webhook's secret lies encrypted."""

import base64
import secrets
import uuid
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from app import stored
from app.custody.vault import Vault
from app.errors import Conflict, NotFound
from app.notices import outbox
from app.notices.events import WELCOME
from app.notices.following import FOLLOWER, RUNS
from app.notices.mail import check_address
from app.notices.outbox import Queued
from app.notices.said import Sender, welcome
from app.notices.webhook import PREFIX, check_url
from app.tables import contacts, followed, rule_runs
from app.tables import outbox as box
from ledger import b64u
from ledger.errors import Malformed
from ledger.identity import ChainId

CHANNELS = {"webhook": ("网络接口", "webhook"), "email": ("电子邮件", "e-mail")}
MOST = 20
"""How many contacts a party may have."""

KEY = "notices.key"
"""In the folder of keys: what webhooks' secrets are encrypted under."""

NO_STATEMENT = -1


@dataclass(frozen=True, slots=True)
class Contact:
    """Where a party is told; ``created`` in ms. ``last`` is what became of the newest notice to it."""

    contact_id: str
    party: ChainId
    channel: str
    address: str
    created: int
    last: outbox.Last | None = None


class Contacts:
    """The contacts of one log. ``by_mail``: whether the service can send e-mail at all."""

    def __init__(self, engine: Engine, log_id: int, sender: Sender, keyfile: Path, *, by_mail: bool) -> None:
        self._engine = engine
        self._log_id = log_id
        self._sender = sender
        self._vault = Vault(keyfile)
        self._by_mail = by_mail

    def add(self, party: ChainId, channel: str, address: str, now: int) -> tuple[Contact, str]:
        """A new contact, to which a first notice goes at once, and a webhook's secret, which is not shown again.

        Raises Malformed, or Conflict ``mail-off``, ``contact-taken`` or ``contacts-many``.
        """
        address = address.strip()
        self._check(channel, address)
        secret = PREFIX + base64.b64encode(secrets.token_bytes(32)).decode() if channel == "webhook" else ""
        contact = Contact(str(uuid.uuid4()), party, channel, address, now)
        closed = b64u.encode(self._vault.close(secret.encode(), self._about(contact.contact_id))) if secret else ""
        with self._engine.execution_options(writes=True).begin() as connection:
            self._make_room(connection, party, channel, address)
            row = {
                "log_id": self._log_id,
                "contact_id": contact.contact_id,
                "party": party,
                "channel": channel,
                "address": address,
                "secret": closed,
                "created": now,
            }
            connection.execute(insert(contacts), row)
            self._begin_to_follow(connection)
            text = welcome(self._sender, contact.contact_id, party)
            first = Queued(contact.contact_id, party, NO_STATEMENT, WELCOME, text)
            outbox.queue(connection, self._log_id, [first], now)
        return contact, secret

    def _check(self, channel: str, address: str) -> None:
        if channel not in CHANNELS:
            raise Malformed("contact-channel", path="channel", has=channel[:40], wanted=" | ".join(CHANNELS))
        if channel == "webhook":
            check_url(address, demonstration=self._sender.demonstration)
            return
        check_address(address)
        if not self._by_mail:
            raise Conflict("mail-off", path="channel", has=address)

    def _make_room(self, connection: Connection, party: ChainId, channel: str, address: str) -> None:
        query = select(contacts.c.channel, contacts.c.address).where(
            contacts.c.log_id == self._log_id, contacts.c.party == party
        )
        has = [tuple(row) for row in connection.execute(query)]
        if (channel, address) in has:
            raise Conflict("contact-taken", path="address", has=address[:80])
        if len(has) >= MOST:
            raise Conflict("contacts-many", path="address", has=len(has), wanted=MOST)

    def _begin_to_follow(self, connection: Connection) -> None:
        """With the first contact of all: from what stands in the log now, for nobody wanted to be told of it."""
        place = (followed.c.log_id == self._log_id, followed.c.follower == FOLLOWER)
        if connection.execute(select(func.count()).select_from(followed).where(*place)).scalar_one() == 0:
            size, _ = stored.tail(connection, self._log_id)
            query = select(func.max(rule_runs.c.run)).where(rule_runs.c.log_id == self._log_id)
            for follower, start in ((FOLLOWER, size), (RUNS, connection.execute(query).scalar() or 0)):
                connection.execute(insert(followed), {"log_id": self._log_id, "follower": follower, "size": start})

    def listed(self, party: ChainId | None = None) -> list[Contact]:
        """The contacts of ``party``, or of everybody, in the order in which they came."""
        query = select(contacts).where(contacts.c.log_id == self._log_id).order_by(contacts.c.created)
        if party is not None:
            query = query.where(contacts.c.party == party)
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
            last = outbox.latest(connection, self._log_id, [row.contact_id for row in rows])
        return [
            Contact(row.contact_id, row.party, row.channel, row.address, row.created, last.get(row.contact_id))
            for row in rows
        ]

    def remove(self, contact_id: str, party: ChainId | None, now: int) -> None:
        """Nothing goes there any more, neither what waits. Raises NotFound ``no-contact``, for another party's too."""
        mine = [contacts.c.log_id == self._log_id, contacts.c.contact_id == contact_id]
        if party is not None:
            mine.append(contacts.c.party == party)
        with self._engine.execution_options(writes=True).begin() as connection:
            if not connection.execute(delete(contacts).where(*mine)).rowcount:
                raise NotFound("no-contact", path="contact_id", has=contact_id[:40])
            connection.execute(
                update(box)
                .where(box.c.log_id == self._log_id, box.c.contact_id == contact_id, box.c.done.is_(None))
                .values(done=now, next_at=None, error=outbox.REMOVED)
            )

    def secret(self, contact_id: str, closed: str) -> str:
        """A webhook's secret. Raises ServiceError ``held-key`` where the key that it was closed with is not there."""
        return self._vault.open(b64u.decode(closed), self._about(contact_id)).decode()

    def _about(self, contact_id: str) -> str:
        return f"gengji contact v1\n{self._sender.origin}\n{contact_id}"
