"""Keys that the service holds for parties without a device: made here, and used for whoever has signed in (format §2).

Such a key keeps a notebook like any other, and every verifier shows that the service held it: against the operator
it proves nothing. It comes into being in two steps, as a device's does. A manager of a registrar asks for one, and
gets what a registrar's statement needs, the public key and its proof; what that statement adds, its party's people
can sign with from then on.
"""

import asyncio
import logging
import secrets
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, insert, select

from app import stored
from app.custody.vault import Vault
from app.errors import Conflict, Forbidden, NotFound, ServiceError
from app.log import Log
from app.parties.names import Names
from app.recording import Appended, Finding
from app.statements.service import Capture
from app.tables import held_keys
from app.viewing import Viewer
from ledger import b64u
from ledger.canonical import Json
from ledger.errors import LedgerError
from ledger.identity import ChainId
from ledger.keys import PrivateKey, prove
from ledger.parting import part
from ledger.records import KINDS
from ledger.registry import KINDS as REGISTRY_KINDS
from ledger.statement import Disclosure, draft, seal, sign

_log = logging.getLogger("gengji.custody")

CUSTODY = "service"
NEW = "new"
TRIES = 3

_ANYBODYS = frozenset(("place.add", "product.add"))
"""The registry kinds that whoever works for a party may state with its held key; the others are its manager's."""


@dataclass(frozen=True)
class Unsigned:
    """What somebody wants to have stated: all fields in the clear; ``known`` are the findings they have been shown."""

    kind: str
    at: str | None
    fields: dict[str, Json]
    on: tuple[ChainId, ...] = ()
    for_: ChainId | None = None
    known: frozenset[str] = field(default_factory=frozenset)


class Custodian:
    """The held keys of one log; ``clock`` gives seconds. Its methods read the database: not for an event loop."""

    def __init__(
        self, engine: Engine, log: Log, capture: Capture, keyfile: Path, clock: Callable[[], float] = time.time
    ) -> None:
        self._engine = engine
        self._log = log
        self.names = Names(log.journal.registry)
        self._capture = capture
        self._vault = Vault(keyfile)
        self._clock = clock
        self._turns: defaultdict[ChainId, asyncio.Lock] = defaultdict(asyncio.Lock)

    # --- making ------------------------------------------------------------------------------------------------------

    def make(self, viewer: Viewer, party: ChainId | None) -> dict[str, Json]:
        """A new key for ``party``, or for one yet to be registered: what a registrar's statement takes.

        Raises Forbidden ``held-registrar`` unless ``viewer`` works for a registrar, NotFound ``no-party``.
        """
        registry = self._log.journal.registry
        theirs = registry.parties.get(viewer.party)
        if theirs is None or "registrar" not in theirs.roles:
            raise Forbidden("held-registrar", path="party", has=viewer.party, wanted="registrar")
        if party is not None and (party not in registry.parties or party == registry.root):
            raise NotFound("no-party", path="party", has=party[:80])
        key = PrivateKey.generate()
        row = {
            "log_id": self._log.log_id,
            "kid": key.public.kid,
            "party": party,
            "secret": self._vault.close(key.secret, self._about(key.public.kid, party)),
            "created": int(self._clock() * 1000),
        }
        with self._engine.execution_options(writes=True).begin() as connection:
            connection.execute(insert(held_keys), row)
        return {
            "custody": CUSTODY,
            "jwk": {**key.public.jwk},
            "proof": prove(key, self._log.origin, party or NEW),
        }

    # --- using -------------------------------------------------------------------------------------------------------

    def check(self, viewer: Viewer, wanted: Unsigned) -> list[Finding]:
        """The findings that it would have; nothing is signed. Raises what it would be refused with."""
        with self._engine.connect() as connection:
            payload, disclosures = self._payload(connection, viewer, wanted, self._key(connection, viewer.party))
        return self._capture.findings(payload, disclosures)

    async def state(self, viewer: Viewer, wanted: Unsigned) -> Appended:
        """Sign it with the party's held key and record it.

        Raises Conflict ``held-findings`` where it has findings that its author was not shown, Conflict ``held-none``
        for a party without a held key, and whatever the journal refuses it with.
        """
        # One after another, for each names the one before; other processes are met by trying again.
        async with self._turns[viewer.party]:
            for tries_left in reversed(range(TRIES)):
                jws, disclosures = await asyncio.to_thread(self._sign, viewer, wanted)
                (outcome,) = await self._log.journal.append([self._capture.read(jws, disclosures, verify=False)])
                if not isinstance(outcome, LedgerError):
                    _log.info("%s: %s stated %s with a held key", viewer.party, viewer.login, outcome.statement.hash)
                    return outcome
                if outcome.code != "notebook" or not tries_left:
                    raise outcome
        raise AssertionError  # pragma: no cover - the last try has returned or raised

    def _sign(self, viewer: Viewer, wanted: Unsigned) -> tuple[str, list[Disclosure]]:
        with self._engine.execution_options(writes=True).begin() as connection:
            key = self._key(connection, viewer.party)
            payload, disclosures = self._payload(connection, viewer, wanted, key)
        found = {finding.code for finding in self._capture.findings(payload, disclosures)}
        if unseen := sorted(found - wanted.known):
            raise Conflict("held-findings", path="findings", has=", ".join(unseen))
        return sign(payload, key).jws, disclosures

    def _payload(
        self, connection: Connection, viewer: Viewer, wanted: Unsigned, key: PrivateKey
    ) -> tuple[dict[str, Json], list[Disclosure]]:
        """What would be signed next in the key's notebook, and what it would seal."""
        kind = KINDS.get(wanted.kind)
        if wanted.kind in REGISTRY_KINDS and wanted.kind not in _ANYBODYS and viewer.role != "manager":
            raise Forbidden("held-manager", path="kind", has=wanted.kind)
        fields = wanted.fields
        if kind is not None and "person" in kind.by_name:
            # Many people sign with this one key: which of them it was stands in the record, sealed, and nobody else.
            if (named := fields.get("person", viewer.name)) != viewer.name:
                raise Forbidden("held-person", path="fields.person", has=str(named)[:80], wanted=viewer.name)
            fields = {"person": viewer.name, **fields}
        body, sealed, touched = part(wanted.kind, fields)
        disclosures = [seal(name, value, secrets.token_bytes(16)) for name, value in sealed.items()]
        now = int(self._clock())
        last = stored.last_of_notebook(connection, self._log.log_id, key.public.kid)
        return (
            draft(
                log=self._log.origin,
                kind=wanted.kind,
                at=wanted.at or datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                body=body,
                iss=viewer.party,
                iat=now,
                n=last.n + 1 if last else 0,
                after=last.hash if last else None,
                seen=self._seen(last.seen if last else None),
                on=touched.union(wanted.on),
                for_=wanted.for_,
                disclosures=disclosures,
            ),
            disclosures,
        )

    def _seen(self, before: tuple[int, str] | None) -> tuple[int, str] | None:
        note = self._log.journal.published()
        head = stored.read_note(note) if note is not None else None
        if head is None or (before is not None and head.size < before[0]):
            return before
        return head.size, b64u.encode(head.root)

    def _key(self, connection: Connection, party: ChainId) -> PrivateKey:
        """The newest of the party's held keys that stands. Raises Conflict ``held-none``."""
        registry = self._log.journal.registry
        known = registry.parties.get(party)
        # A registrar who leaves the mark out would have the service sign as if the party held its key itself.
        standing = sorted(kid for kid in known.keys if registry.keys[kid].custody == CUSTODY) if known else []
        query = select(held_keys).where(held_keys.c.log_id == self._log.log_id, held_keys.c.kid.in_(standing))
        row = connection.execute(query.order_by(held_keys.c.created.desc()).limit(1)).first()
        if row is None:
            raise Conflict("held-none", path="party", has=party)
        secret = self._vault.open(row.secret, self._about(row.kid, row.party))
        key = PrivateKey("Ed25519", secret)
        if key.public.kid != row.kid:
            raise ServiceError("held-key", path=row.kid)
        return key

    def forget_revoked(self) -> int:
        """Delete the secrets of keys that were revoked: they sign nothing more. How many there were."""
        gone = [kid for kid, key in list(self._log.journal.registry.keys.items()) if key.revoked is not None]
        count = 0
        with self._engine.execution_options(writes=True).begin() as connection:
            for some in stored.chunks(gone):
                done = connection.execute(
                    delete(held_keys).where(held_keys.c.log_id == self._log.log_id, held_keys.c.kid.in_(some))
                )
                count += done.rowcount
        return count

    def _about(self, kid: str, party: str | None) -> str:
        return f"gengji held key v1\n{self._log.origin}\n{party or NEW}\n{kid}"
