"""People: who has signed in at which party, and who is looking now.

A session is kept as the SHA-256 of the 32 random bytes in its cookie, so what is read out of the database signs
nobody in. The token against forged requests is derived from the session's own by HMAC-SHA-256: it is kept nowhere,
and checking it reads nothing.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable

from fastapi import Request
from sqlalchemy import Engine, delete, insert, select

from app.accounts.passwords import Throttle, Verifier
from app.accounts.register import spelled
from app.errors import Forbidden, SignInNeeded
from app.tables import accounts, sessions
from app.viewing import Viewer
from ledger import b64u
from ledger.identity import ChainId

COOKIE = "gengji_session"

TRIES, TRIES_OF_ADDRESS, WINDOW = 5, 60, 300_000
"""Failures in ``WINDOW`` ms after which a login is not tried again from an address, and any login from it."""

_MEMO = "gengji.viewer"


def now() -> int:
    """The time in ms."""
    return time.time_ns() // 1_000_000


class People:
    """The accounts of one log and who is signed in to them. Safe on many threads."""

    def __init__(self, engine: Engine, log_id: int, session_hours: int = 12, clock: Callable[[], int] = now) -> None:
        self._engine = engine
        self._log_id = log_id
        self._lasting = session_hours * 3_600_000
        self._clock = clock
        self._verifier = Verifier()
        self._tries = Throttle(TRIES, WINDOW, clock)
        self._tries_of_address = Throttle(TRIES_OF_ADDRESS, WINDOW, clock)

    # --- who is looking ------------------------------------------------------------------------------------------

    def viewer(self, request: Request) -> Viewer | None:
        """Who sent this request, by its session cookie; looked up once a request."""
        if _MEMO not in request.scope:
            token = request.cookies.get(COOKIE)
            request.scope[_MEMO] = None if token is None else self.of_session(token)
        viewer: Viewer | None = request.scope[_MEMO]
        return viewer

    def require(self, request: Request, *roles: str) -> Viewer:
        """As ``viewer``; raises SignInNeeded for nobody, Forbidden for somebody with none of ``roles`` (if given)."""
        viewer = self.viewer(request)
        if viewer is None:
            raise SignInNeeded("sign-in-needed", path=request.url.path)
        if roles and viewer.role not in roles:
            raise Forbidden("account-role", path=request.url.path, has=viewer.role, wanted=" | ".join(roles))
        return viewer

    def of_session(self, token: str) -> Viewer | None:
        """The person whose session this token opens; None if it is unknown, expired or of a disabled account."""
        query = (
            select(accounts)
            .join(sessions, (sessions.c.log_id == accounts.c.log_id) & (sessions.c.account_id == accounts.c.account_id))
            .where(
                sessions.c.log_id == self._log_id,
                sessions.c.token_hash == _hash(token),
                sessions.c.expires > self._clock(),
                accounts.c.disabled.is_(None),
            )
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        party = ChainId(row.party)
        return Viewer(row.account_id, row.login, row.name, party, row.role, row.division, row.side, csrf_of(token))

    # --- signing in and out --------------------------------------------------------------------------------------

    def sign_in(self, login: str, password: str, address: str, old: str | None = None) -> str:
        """The token of a new session; ``old``, the one that the browser came with, ends.

        Raises SignInNeeded ``sign-in-wrong``, the same and as late for a wrong login as for a wrong password, or
        TooMany ``too-many-tries``. Slow by intent, so never on an event loop.
        """
        login = spelled(login)
        self._tries_of_address.take(address)
        self._tries.take((login, address))
        query = select(accounts.c.account_id, accounts.c.password).where(
            accounts.c.log_id == self._log_id, accounts.c.login == login, accounts.c.disabled.is_(None)
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        if not self._verifier.fits(password, row.password if row else None) or row is None:
            raise SignInNeeded("sign-in-wrong")
        self._tries.forget((login, address))
        self._tries_of_address.forget(address)
        return self._begin(row.account_id, old)

    def _begin(self, account_id: str, old: str | None) -> str:
        token, at = b64u.encode(secrets.token_bytes(32)), self._clock()
        session = {
            "log_id": self._log_id,
            "token_hash": _hash(token),
            "account_id": account_id,
            "created": at,
            "expires": at + self._lasting,
        }
        over = sessions.c.expires <= at
        if old is not None:
            over |= sessions.c.token_hash == _hash(old)
        with self._engine.execution_options(writes=True).begin() as connection:
            connection.execute(delete(sessions).where(sessions.c.log_id == self._log_id, over))
            connection.execute(insert(sessions), session)
        return token

    def sign_out(self, token: str) -> None:
        """Ends the session; one that is not there has ended already."""
        with self._engine.execution_options(writes=True).begin() as connection:
            connection.execute(
                delete(sessions).where(sessions.c.log_id == self._log_id, sessions.c.token_hash == _hash(token))
            )

    @property
    def lasting(self) -> int:
        """How long a session lasts, in seconds."""
        return self._lasting // 1000


def csrf_of(token: str) -> str:
    """What a page of this session sends with every form, and no other page can know."""
    return b64u.encode(hmac.digest(token.encode(), b"gengji csrf", "sha256"))


def _hash(token: str) -> str:
    return b64u.encode(hashlib.sha256(token.encode()).digest())
