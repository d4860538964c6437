"""A root key on file: what it signs, on a machine that may never be on line (format §7, root acts).

Its notebook is what the log has of it: number and predecessor of its next statement come from the service, each of
its statements verified as its own, or, off line, from the file of its last statement. A second signature is given to
what was read, not to a hash alone: the first statement is at hand, and says what whoever confirms it has typed.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from clients import ready
from clients.errors import Unreachable, Usage
from clients.service import Service
from ledger import records
from ledger.canonical import Json, dumps
from ledger.errors import BadProof, LedgerError
from ledger.identity import ChainId
from ledger.keys import KeyId, PrivateKey
from ledger.policy import Pin
from ledger.statement import Statement, draft, parse, sign

FIRST = "none"
"""What is given for the last statement of a key that has signed nothing yet."""


@dataclass(frozen=True)
class RootKey:
    """``key`` is one of the root's of the log in ``pin``; ``service`` is None on a machine off line."""

    key: PrivateKey
    pin: Pin
    service: Service | None = None
    clock: Callable[[], float] = time.time

    def state(
        self,
        kind: str,
        on: Sequence[ChainId],
        body: Mapping[str, Json],
        *,
        confirms: str | None = None,
        after: str | None = None,
    ) -> Statement:
        """Sign it, or, where ``confirms`` names a first statement of the same content by hash or file, confirm that.

        ``after`` is the file of this key's last statement, or ``none``; without it the service is asked. Raises Usage
        ``root-…`` for what does not fit together, Malformed for a body that its kind does not allow; then nothing is
        signed.
        """
        if confirms is not None:
            first = self._first(confirms)
            said = {"kind": first.kind, "on": [*first.on], **first.body}
            typed = {"kind": kind, "on": [*on], **body}
            for path in sorted(said.keys() | typed.keys()):
                if said.get(path) != typed.get(path):
                    wanted = dumps(said.get(path)).decode().strip('"')
                    raise Usage("root-confirms", path=path, has=first.hash, wanted=wanted)
            body = {"confirms": first.hash}
        last = self._last(after)
        now = int(self.clock())
        payload = draft(
            log=self.pin.origin,
            kind=kind,
            at=datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            body=body,
            iss=self.pin.root,
            iat=now,
            n=last.n + 1 if last else 0,
            after=last.hash if last else None,
            seen=last.seen if last else None,
            on=on,
        )
        statement = sign(payload, self.key)
        records.check(statement, {})
        return statement

    def _last(self, after: str | None) -> Statement | None:
        if after == FIRST:
            return None
        if after is not None:
            return self._own(_read(Path(after)), after)
        last: Statement | None = None
        for statement in self._notebook(self.key.public.kid):
            expected = (last.n + 1, last.hash) if last else (0, None)
            if (statement.n, statement.after) != expected:
                raise BadProof("notebook-fork", path=f"n {statement.n}", has=statement.hash)
            last = self._own(statement, f"n {statement.n}")
        return last

    def _own(self, statement: Statement, path: str) -> Statement:
        """Raises Usage ``root-after`` for what this key has not signed, for this log."""
        try:
            statement.verify(self.key.public)
        except LedgerError:
            raise Usage("root-after", path=path) from None
        if statement.log != self.pin.origin:
            raise Usage("root-after", path=path)
        return statement

    def _first(self, named: str) -> Statement:
        """The statement to confirm: out of its file, or by its hash out of the root keys' notebooks."""
        if Path(named).is_file():
            return _read(Path(named))
        told = self._asked("--confirms FILE").get(f"/v1/parties/{quote(self.pin.root, safe='')}")
        keys = told.get("keys")
        for one in keys if isinstance(keys, list) else ():
            for statement in self._notebook(KeyId(str(one.get("kid")))):
                if statement.hash == named:
                    return statement
        raise Usage("root-unknown", has=named[:80])

    def _notebook(self, kid: KeyId) -> Iterator[Statement]:
        service, path = self._asked("--after FILE"), f"/v1/keys/{quote(kid, safe='')}/statements"
        start: int | None = 0
        while start is not None:
            match service.get(path, {"from": str(start)}):
                case {"statements": [*statements], "next": None | int() as following}:
                    yield from (parse(str(one.get("statement"))) for one in statements if isinstance(one, dict))
                    start = following if following is not None and following > start else None
                case _:
                    raise Unreachable("answer", path=path)

    def _asked(self, instead: str) -> Service:
        if self.service is None:
            raise Usage("root-offline", wanted=f"--url | {instead}")
        return self.service


def _read(path: Path) -> Statement:
    """The one statement in a file. Raises Usage ``root-file``."""
    found = ready.read([path])
    if len(found) != 1:
        raise Usage("root-file", path=str(path), has=len(found), wanted=1)
    return found[0][1].statement
