"""The register of accounts: who is let in at all. Kept from the command line, by whoever runs the service."""

import re
import unicodedata
import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from app import stored
from app.accounts.passwords import hash_password
from app.errors import Conflict, NotFound
from app.tables import accounts, named, sessions
from app.viewing import ACCOUNT_ROLES, STAFF
from ledger.errors import Malformed
from ledger.identity import ChainId
from ledger.registry import Registry

SIDES = ("", "agriculture", "market")
"""Which supervisor's: up to the market or factory gate, or after it."""

_LOGIN = re.compile(r"\w[\w.@-]{1,63}")
_CHAIN = re.compile(r"[A-Za-z0-9_-]{43}")
_DIVISION = re.compile(r"([0-9]{2,12})?")


@dataclass(frozen=True, slots=True)
class Account:
    """An account as its keeper sees it; ``created`` and ``disabled`` are ms."""

    account_id: str
    login: str
    name: str
    party: ChainId
    role: str
    division: str
    side: str
    created: int
    disabled: int | None


def spelled(login: str) -> str:
    """A login as it is kept: full-width and capital letters are the same as plain ones."""
    return unicodedata.normalize("NFKC", login).strip().lower()


def add_account(
    engine: Engine,
    log_id: int,
    login: str,
    *,
    name: str,
    party: ChainId,
    role: str,
    password: str,
    now: int,
    division: str = "",
    side: str = "",
) -> str:
    """A new account's id (UUID). Raises Malformed, NotFound ``party-name`` or Conflict ``login-taken``.

    Supervisors read what is sealed for them: they are people of an authority, or of a party registered as inspector,
    and it is said which part of the country and which side they supervise.
    """
    login = spelled(login)
    _want("login", login, bool(_LOGIN.fullmatch(login)), "a–z, 0–9, 汉字, . - _ @ (2–64)")
    _want("name", name, 1 <= len(name.strip()) <= 60, "1–60")
    _want("choice", role, role in ACCOUNT_ROLES, " | ".join(ACCOUNT_ROLES))
    _want("division", division, bool(_DIVISION.fullmatch(division)), "2–12 × 0–9")
    _want("side", side, side in SIDES, " | ".join(SIDES[1:]))
    if role in STAFF and not (division and side):
        missing = "division" if not division else "side"
        raise Malformed("account-supervises", path=missing, has=role, wanted="--division --side")
    row = {
        "log_id": log_id,
        "account_id": str(uuid.uuid4()),
        "party": party,
        "login": login,
        "name": name.strip(),
        "password": hash_password(password),
        "role": role,
        "division": division,
        "side": side,
        "created": now,
    }
    try:
        with engine.execution_options(writes=True).begin() as connection:
            find_party(connection, log_id, party)
            if role in STAFF:
                _want_authority(connection, log_id, party)
            connection.execute(insert(accounts), row)
    except IntegrityError:
        raise Conflict("login-taken", path="login", has=login) from None
    return str(row["account_id"])


def _want(path: str, has: str, fits: bool, wanted: str) -> None:
    if not fits:
        raise Malformed(f"account-{path}", path="role" if path == "choice" else path, has=has, wanted=wanted)


def _want_authority(connection: Connection, log_id: int, party: ChainId) -> None:
    """Raises Malformed ``account-authority`` for a party that supervises nobody."""
    registry = Registry("")
    for placed in stored.registry_statements(connection, log_id):
        registry.apply(*placed)
    found = registry.parties[party]
    if found.profile["type"] != "authority" and "inspector" not in found.roles:
        raise Malformed("account-authority", path="party", has=found.profile["name"], wanted="authority | inspector")


def find_party(connection: Connection, log_id: int, text: str) -> ChainId:
    """The party of that chain id, or of that name. Raises NotFound ``party-name`` or Conflict ``party-names``."""
    parties = select(named.c.chain, named.c.name).where(named.c.log_id == log_id, named.c.type == "party")
    wanted = named.c.chain if _CHAIN.fullmatch(text) else named.c.name
    rows = connection.execute(parties.where(wanted == text)).all()
    if not rows:
        raise NotFound("party-name", path="party", has=text)
    if len(rows) > 1:
        raise Conflict("party-names", path="party", has=text, wanted=" | ".join(row.chain for row in rows))
    return ChainId(rows[0].chain)


def list_accounts(engine: Engine, log_id: int) -> list[Account]:
    """Every account, by login."""
    columns = [accounts.c[name] for name in Account.__dataclass_fields__]
    with engine.connect() as connection:
        rows = connection.execute(select(*columns).where(accounts.c.log_id == log_id).order_by(accounts.c.login))
        return [Account(*row) for row in rows]


def disable_account(engine: Engine, log_id: int, login: str, *, now: int) -> None:
    """Lets nobody in with this login any more, and whoever is in, out. Raises NotFound ``no-account``."""
    _change(engine, log_id, login, disabled=now)


def set_password(engine: Engine, log_id: int, login: str, password: str) -> None:
    """A new password; whoever is in with the old one is out. Raises NotFound ``no-account`` or Malformed."""
    _change(engine, log_id, login, password=hash_password(password))


def _change(engine: Engine, log_id: int, login: str, **values: str | int) -> None:
    mine = (accounts.c.log_id == log_id) & (accounts.c.login == spelled(login))
    with engine.execution_options(writes=True).begin() as connection:
        account_id = connection.execute(select(accounts.c.account_id).where(mine)).scalar()
        if account_id is None:
            raise NotFound("no-account", path="login", has=login)
        connection.execute(update(accounts).where(mine).values(**values))
        connection.execute(delete(sessions).where(sessions.c.log_id == log_id, sessions.c.account_id == account_id))
