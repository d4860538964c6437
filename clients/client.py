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
from itertools import takewhile
from pathlib import Path
from typing import Any

import httpx

from clients.answers import Answer, Finding, Outcome, findings
from clients.attaching import Brought, Outbox
from clients.draft import Draft, draft
from clients.errors import Refused, Unreachable
from clients.following import Following
from clients.heads import Head
from clients.notebook import Kept, Notebook
from clients.registering import Registering
from clients.service import Service
from ledger.canonical import Json, loads
from ledger.errors import BadProof
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
        self.outbox = Outbox(notebook.device.folder / "attachments")
        self._following = Following(notebook.heads, self.service)

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
        self.upgrade()
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

    def follow(self) -> Head | None:
        """The newest head of the log with the policy's quorum: asked for, checked, tied to the one held before.

        From now on statements say that it was seen. Raises BadProof ``fork`` or ``unproven`` for a log that does not
        continue what was seen of it; both heads are then kept as the proof, and nothing is signed with the new one.
        """
        return self._following.newest()

    def upgrade(self) -> list[Outcome]:
        """Follow the log, and prove anew under its newest witnessed head what had no quorum of witnesses yet."""
        outcomes: list[Outcome] = []
        if self.notebook.confirmed() or (head := self.follow()) is None:
            return outcomes
        for kept in self.notebook.provisional(head.size):
            receipt = self.notebook.receipt(kept.hash)
            if receipt and receipt.entries[-1].index < head.size:
                renewed = self._following.renewed(receipt, head)
                answer = {**(kept.answer or {}), "receipt": loads(renewed.text())}
                outcomes.append(Outcome(kept, self.notebook.settle(kept.hash, answer)))
        return outcomes

    def _settle(self, batch: Sequence[Kept], answers: Sequence[Answer], came: Callable[[Outcome], None]) -> int:
        """Keep the receipts up to the first answer that is none, or that does not hold; gives how many."""
        taken = takewhile(lambda pair: pair[1].taken, zip(batch, answers, strict=False))
        good, bad = self.notebook.examine((kept.hash, answer.body) for kept, answer in taken)
        untied = self._following.tie(one.head for one in good)
        for place, one in enumerate(good):
            if one.head in untied:
                bad, good = untied[one.head], good[:place]
                self.notebook.dispute(one.kept.hash, loads(one.receipt.text()), bad)
                break
        self.notebook.keep(*good)
        for one in good:
            came(Outcome(self.notebook[one.kept.hash], one.receipt))
        # Raised only when those before it, and the evidence, are on the disk.
        if bad:
            raise bad
        return len(good)

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
            case {"n": int(n), "after": None | str() as said}:
                after = said or None
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

    # --- files, and what is to be forgotten --------------------------------------------------------------------------

    def attach(self, path: Path, *, as_it_is: bool = False) -> dict[str, Json]:
        """What names a photo or document in a statement's field; it is brought by ``upload``. As ``Outbox.attach``."""
        return self.outbox.attach(path, as_it_is=as_it_is)

    def upload(self, each: Callable[[Brought], None] = lambda _: None) -> list[Brought]:
        """Bring the files that recorded statements name. Raises Unreachable; what was not brought still waits."""
        return self.outbox.bring(self.service, each)

    def forget_erased(self) -> int:
        """Forget what the service erased of this key's statements, for good; gives how many fields that were."""
        forgetting, kid = self.notebook.forgetting, self.notebook.device.key.public.kid
        count = 0
        while erasures := self.service.erasures(kid, forgetting.after).get("erasures"):
            lost = forgetting.forget(erasures)
            self.outbox.forget(lost)
            count += len(lost)
        forgetting.scrub()
        return count

    # --- reading -------------------------------------------------------------------------------------------------

    def log(self) -> dict[str, Any]:
        """What the service says of its log. Raises BadProof ``wrong-log`` if that is not the log pinned."""
        told, pin = self.service.get("/v1/log"), self.notebook.device.pin
        for name, wanted in (("origin", pin.origin), ("root", str(pin.root))):
            if told.get(name) != wanted:
                raise BadProof("wrong-log", path=name, has=str(told.get(name)), wanted=wanted)
        return told

    def bundle(self, code: str) -> bytes:
        """As ``Service.bundle``, with the proof that the log continues the newest head held here."""
        held = self.notebook.heads.newest()
        return self.service.bundle(code, [held.size] if held else ())

    def batch(self, code: str) -> dict[str, Any]:
        """As ``Service.batch``."""
        return self.service.batch(code)

    def trace(self, code: str, direction: str = "back") -> dict[str, Any]:
        """As ``Service.trace``."""
        return self.service.trace(code, direction)
