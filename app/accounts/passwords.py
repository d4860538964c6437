"""Passwords: kept as argon2id hashes, and tried only so often.

The costs are the second choice of RFC 9106 §4 (64 MiB, three passes), so at most two are computed at a time.
"""

import secrets
import threading
import unicodedata
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Callable

from argon2 import PasswordHasher, profiles
from argon2.exceptions import VerificationError

from app.errors import TooMany
from ledger.errors import Malformed

LENGTH = (10, 256)
"""The fewest and the most characters of a password."""

_PROFILE = profiles.RFC_9106_LOW_MEMORY
_hasher = PasswordHasher.from_parameters(_PROFILE)


def hash_password(password: str) -> str:
    """Its argon2id hash, with salt and costs. Raises Malformed ``password-length``."""
    fewest, most = LENGTH
    if not fewest <= len(password) <= most:
        raise Malformed("password-length", path="password", has=len(password), wanted=f"{fewest}–{most}")
    return _hasher.hash(_spelled(password))


class Verifier:
    """Verifies passwords, no more than ``at_once`` at a time, each taking as long as any other."""

    def __init__(self, at_once: int = 2) -> None:
        self._places = threading.BoundedSemaphore(at_once)
        self._nobodys = _nobodys()

    def fits(self, password: str, hashed: str | None) -> bool:
        """Whether ``hashed`` is of this password; with None the work is done all the same."""
        if len(password) > LENGTH[1]:
            password = ""
        with self._places:
            try:
                return _hasher.verify(hashed or self._nobodys, _spelled(password)) and hashed is not None
            except VerificationError:
                return False


class Throttle:
    """Counts the failures of each key within ``window`` ms; it forgets the oldest keys rather than grow."""

    def __init__(self, tries: int, window: int, clock: Callable[[], int], remembered: int = 10_000) -> None:
        self._tries, self._window, self._clock, self._remembered = tries, window, clock, remembered
        self._failed: OrderedDict[object, tuple[int, int]] = OrderedDict()
        self._guard = threading.Lock()

    def take(self, key: object) -> None:
        """One try, counted before its outcome is known, so that many at once gain nothing. Raises TooMany."""
        with self._guard:
            at = self._clock()
            count, since = self._failed.pop(key, (0, at))
            if not 0 <= at - since < self._window:
                count, since = 0, at
            self._failed[key] = min(count + 1, self._tries), since
            if len(self._failed) > self._remembered:
                self._failed.popitem(last=False)
        if count >= self._tries:
            raise TooMany("too-many-tries", retry_after=-(-(since + self._window - at) // 1000))

    def forget(self, key: object) -> None:
        """It went well: what was counted is forgiven."""
        with self._guard:
            self._failed.pop(key, None)


def _spelled(password: str) -> str:
    """One form for what looks the same, whichever keyboard typed it (RFC 8265 §4.2)."""
    return unicodedata.normalize("NFC", password)


def _nobodys() -> str:
    """A hash that is no password's, and takes as long as any other to find that out."""
    salt, digest = (b64encode(secrets.token_bytes(size)).rstrip(b"=").decode() for size in (16, 32))
    return f"$argon2id$v=19$m={_PROFILE.memory_cost},t={_PROFILE.time_cost},p={_PROFILE.parallelism}${salt}${digest}"
