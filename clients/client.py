"""A party's side of the ledger: state, send, believe only what its receipt proves.

    with Notebook(Device.open(folder)) as notebook, Client(notebook) as client:
        harvest = client.state("harvest", {"inputs": […], "outputs": […], "person": "王芳"}, at="2026-07-20T01:30:00Z")
        for outcome in client.send():
            print(outcome.created[0].trace_code)

``state`` works without a network: what it gives is signed, on the disk, and has its trace codes. ``send`` brings the
service everything that waits, and may be broken off and called again at any point.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from clients.answers import Answer, Finding, Outcome, findings
from clients.draft import Draft, draft
from clients.errors import Refused, Unreachable
from clients.notebook import Kept, Notebook
from clients.registering import Registering
from clients.service import Service
from ledger.canonical import Json
from ledger.errors import BadProof, LedgerError
from ledger.identity import ChainId
from ledger.statement import Statement, parse
from ledger.wordings import Lang

CHUNK = 200
MENDS = 3


class Client(Registering):
    """Speaks for the party of ``notebook``'s device. ``clock`` gives seconds since 1970, ``sleep`` waits so many."""

    def __init__(
        self,
        notebook: Notebook,
        transport: httpx.BaseTransport | None = None,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        lang: Lang = "zh",
    ) -> None:
        self.notebook = notebook
        self._clock = clock
        self.service = Service(notebook.device.url, transport, clock=clock, sleep=sleep, lang=lang)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.service.close()

    # --- stating -------------------------------------------------------------------------------------------------

    def draft(
        self,
        kind: str,
        fields: Mapping[str, Json],
        on: Iterable[ChainId] = (),
        at: str | None = None,
        *,
        for_: ChainId | None = None,
        source: str | None = None,
    ) -> Draft:
        """What ``state`` would sign: its fields parted by audience, the batches that they name among ``on``."""
        happened = at or datetime.fromtimestamp(int(self._clock()), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return draft(kind, fields, at=happened, on=on, for_=for_, source=source)

    def state(
        self,
        kind: str,
        fields: Mapping[str, Json],
        on: Iterable[ChainId] = (),
        at: str | None = None,
        *,
        for_: ChainId | None = None,
        source: str | None = None,
    ) -> Kept:
        """Sign a statement and keep it; it waits for ``send``. All fields are given in the clear.

        ``at`` is when it happened, now if left out. Of one ``source`` only one statement is ever made. Raises
        Malformed with the path of what the kind does not allow, and then nothing is signed.
        """
        (kept,) = self.notebook.sign([self.draft(kind, fields, on, at, for_=for_, source=source)])
        return kept

    def check(self, draft: Draft) -> list[Finding]:
        """The findings that a statement would have; nothing is signed."""
        payload, disclosures = self.notebook.payload(draft)
        asked = {"disclosures": disclosures, "payload": payload}
        return findings(self.service.post("/v1/statements/check", asked))

    # --- sending -------------------------------------------------------------------------------------------------

    def send(self, each: Callable[[Outcome], None] | None = None) -> list[Outcome]:
        """Bring the service what waits, in order, until nothing does; ``each`` hears of every outcome at once.

        Raises Unreachable, Refused for what is no statement's own fault (a credential, the size), or the ledger's
        errors for a receipt that does not hold. What is not settled then still waits.
        """
        outcomes: list[Outcome] = []

        def came(outcome: Outcome) -> None:
            outcomes.append(outcome)
            if each:
                each(outcome)

        start: int | None = None
        chunk, tries, mends = CHUNK, 0, 0
        while batch := self.notebook.outgoing(start, chunk):
            answers = self.service.record(batch)
            taken = self._settle(batch, answers, came)
            if taken:
                tries = mends = 0
                start = batch[taken - 1].statement.n + 1 if start is not None else None
            if taken == len(batch):
                continue
            blocked = answers[taken] if taken < len(answers) else Answer(0, {})
            if blocked.code == "code-taken" and mends < MENDS:
                # Nobody's fault: signed again it has another code, and what names it follows.
                mends += 1
                self.notebook.retry(one.hash for one in self._refuse(batch[taken], blocked))
                start = None
            elif blocked.refusal:
                for one in self._refuse(batch[taken], blocked):
                    came(Outcome(one, refused=Refused(blocked.status, one.answer or {})))
                start = None
            elif blocked.status == 409 and mends < MENDS:
                mends += 1
                start = self._mend(blocked)
            elif blocked.status == 413 and len(batch) > 1:
                chunk = len(batch) // 2
            elif blocked.passing:
                tries += 1
                self.service.wait(tries, blocked)
            else:
                raise blocked.error()
        return outcomes

    def upgrade(self) -> list[Outcome]:
        """Ask again for the receipts that had no quorum of witnesses yet."""
        outcomes: list[Outcome] = []
        for kept in self.notebook.provisional():
            self._settle([kept], self.service.record([kept]), outcomes.append)
        return outcomes

    def _settle(self, batch: Sequence[Kept], answers: Sequence[Answer], came: Callable[[Outcome], None]) -> int:
        """Keep the receipts up to the first answer that is none; gives how many."""
        bad: LedgerError | None = None
        outcomes: list[Outcome] = []
        with self.notebook.together():
            for kept, answer in zip(batch, answers, strict=False):
                if not answer.taken:
                    break
                try:
                    receipt = self.notebook.settle(kept.hash, answer.body)
                except LedgerError as error:
                    # Raised only when those before it, and the evidence, are on the disk.
                    bad = error
                    break
                outcomes.append(Outcome(self.notebook[kept.hash], receipt))
        for outcome in outcomes:
            came(outcome)
        if bad:
            raise bad
        return len(outcomes)

    def _refuse(self, kept: Kept, answer: Answer) -> list[Kept]:
        refused = self.notebook.refuse(kept.hash, {**answer.body, "status": answer.status})
        if not refused and self.notebook[kept.hash].state == "receipted":
            # The service gave its receipt for this once.
            raise answer.error()
        return refused

    def _mend(self, answer: Answer) -> int | None:
        """The service expects another number: find out who lacks what. Gives where to send from, if not the first.

        Raises BadProof ``notebook-fork`` where service and notebook contradict each other.
        """
        match answer.body.get("params"):
            case {"n": int(n), "after": None | str() as after}:
                pass
            case _:
                raise answer.error()
        settled, last = self.notebook.settled()
        ours = self.notebook.at(n - 1) if n else None
        if n <= settled and ours != after:
            raise BadProof("notebook-fork", path=f"n {n - 1}", has=after or "", wanted=last or "")
        if n < settled:
            return n
        if ours != after:
            self.notebook.adopt(list(self._own_statements(settled)))
        return None

    def _own_statements(self, start: int | None) -> Iterator[Statement]:
        kid = self.notebook.device.key.public.kid
        while start is not None:
            page = self.service.get(f"/v1/keys/{kid}/statements", {"from": str(start)})
            match page:
                case {"statements": [*statements], "next": None | int() as following}:
                    yield from (parse(str(one.get("statement"))) for one in statements if isinstance(one, dict))
                    # A page that leads nowhere would be asked for again and again.
                    start = following if following is not None and following > start else None
                case _:
                    raise Unreachable("answer", path=f"/v1/keys/{kid}/statements")

    # --- reading -------------------------------------------------------------------------------------------------

    def log(self) -> dict[str, Any]:
        """What the service says of its log. Raises BadProof ``wrong-log`` if that is not the log pinned."""
        told, pin = self.service.get("/v1/log"), self.notebook.device.pin
        for name, wanted in (("origin", pin.origin), ("root", str(pin.root))):
            if told.get(name) != wanted:
                raise BadProof("wrong-log", path=name, has=str(told.get(name)), wanted=wanted)
        return told

    def batch(self, code: str) -> dict[str, Any]:
        """As ``Service.batch``."""
        return self.service.batch(code)

    def trace(self, code: str, direction: str = "back") -> dict[str, Any]:
        """As ``Service.trace``."""
        return self.service.trace(code, direction)
