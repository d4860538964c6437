"""A log as a service holds it: opened from its pin, its key and its lock, or begun anew."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, insert, select

from app import keyring, schema
from app.batches.books import Books
from app.config import Settings
from app.db import connect
from app.errors import ServiceError, Stopped
from app.journal import Journal
from app.keyring import write_key, write_private
from app.lock import Lock
from app.recording import Record
from app.tables import logs
from app.witnessing.quorum import NOBODY, Quorum
from ledger.canonical import Json
from ledger.checkpoint import ED25519, VKey
from ledger.errors import LedgerError
from ledger.keys import PrivateKey, Signer, prove
from ledger.policy import Pin, Policy
from ledger.records import POLICY
from ledger.statement import draft, sign

ROOT_KEYS = 3


@dataclass(frozen=True)
class Log:
    """One log: its number in the database, its journal, and whether it is a demonstration."""

    log_id: int
    origin: str
    demonstration: bool
    pin: Pin
    stored: Pin
    """The pin with the log keys that were retired: what stored checkpoints are checked by."""
    journal: Journal

    @property
    def public_url(self) -> str:
        return self.journal.registry.public_url


def open_log(settings: Settings, engine: Engine, *, synchronous: str = "FULL") -> Log:
    """The log that ``policy.json`` in the data folder pins. Raises Stopped where it may not be gone on with."""
    if not settings.pin.exists():
        raise Stopped("no-log", path=str(settings.pin))
    pin = Pin.parse(settings.pin.read_text())
    with engine.connect() as connection:
        row = connection.execute(select(logs).where(logs.c.origin == pin.origin)).first()
    if row is None:
        raise Stopped("no-log", path=settings.url, has=pin.origin)
    keys = keyring.signers(settings, pin)
    journal = _journal(settings, keys, pin.policy, row.log_id, keyring.retired(settings), synchronous)
    return Log(row.log_id, pin.origin, row.demonstration, pin, keyring.with_retired(settings, pin), journal)


def _journal(
    settings: Settings,
    keys: Sequence[Signer],
    policy: Policy,
    log_id: int,
    retired: Sequence[VKey] = (),
    synchronous: str = "FULL",
) -> Journal:
    # Connections of its own: however many read, and however slowly, who writes waits for none of them.
    engine = connect(settings.url, synchronous=synchronous)
    lock = Lock(settings.data / "lock", policy.log.name, synchronous=synchronous)
    return Journal(
        engine,
        lock,
        keys,
        policy.log.name,
        log_id,
        Books(log_id),
        policy=policy,
        retired=retired,
    )


def begin(
    settings: Settings,
    engine: Engine,
    origin: str,
    *,
    public_url: str,
    at: str,
    iat: int,
    demonstration: bool = False,
    policy: Mapping[str, tuple[str, ...]] = POLICY,
    time_zone: str = "Asia/Shanghai",
    quorum: Quorum = NOBODY,
) -> Log:
    """Open a new log: log key, three root keys, ``log.open``, and the pin that everyone checks by."""
    if settings.pin.exists():
        raise ServiceError("log-exists", path=str(settings.pin))
    settings.data.mkdir(parents=True, exist_ok=True)
    schema.migrate(engine)
    with engine.begin() as connection:
        taken = connection.execute(select(logs)).all()
        if any(row.origin == origin for row in taken):
            raise ServiceError("log-exists", path=settings.url, has=origin)
        if any(row.demonstration != demonstration for row in taken):
            raise ServiceError("demonstration-mixed", path=settings.url, has=taken[0].origin)
        log_id = 1 + max((row.log_id for row in taken), default=0)
        connection.execute(insert(logs), {"log_id": log_id, "origin": origin, "demonstration": demonstration})
    roots = [PrivateKey.generate() for _ in range(ROOT_KEYS)]
    key = PrivateKey.generate()
    for name, made in [("log", key), *((f"root-{i + 1}", root) for i, root in enumerate(roots))]:
        write_key(settings.keys / f"{name}.pem", made)
    keys: list[Json] = [{"jwk": root.public.jwk, "proof": prove(root, origin, "new")} for root in roots]
    table: dict[str, Json] = {role: [*kinds] for role, kinds in policy.items()}
    body: dict[str, Json] = {"keys": keys, "policy": table, "public_url": public_url, "time_zone": time_zone}
    opening = sign(
        draft(log=origin, kind="log.open", at=at, body=body, iss=None, iat=iat, n=0, after=None, seen=None), roots[0]
    )
    believed = Policy(((VKey(origin, ED25519, key.public), ""),), *quorum)
    journal = _journal(settings, [key], believed, log_id)
    try:
        (outcome,) = asyncio.run(journal.append([Record(opening)]))
        if isinstance(outcome, LedgerError):
            raise outcome
        pin = Pin(believed, opening.created[0])
        write_private(settings.pin, pin.text().encode(), mode=0o644)
    except BaseException:
        journal.close()
        raise
    return Log(log_id, origin, demonstration, pin, pin, journal)
