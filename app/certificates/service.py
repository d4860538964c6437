"""Certificates: drawn up from the record, read, and drawn on paper; refused while their goods are on hold."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from app.batches import arrivals, views
from app.batches.corrections import corrections_on
from app.batches.events import Found, worded
from app.batches.views import BatchView
from app.certificates import drafting, issued
from app.certificates.drafting import Prepared
from app.certificates.issued import Issued
from app.errors import Conflict, NotFound
from app.log import Log
from app.parties.names import Lang, Names
from app.recording import Finding
from app.rules import grounds
from app.rules.certificates import cured
from app.statements.service import Capture
from app.tables import findings, statements
from app.viewing import Viewer
from labels import certificate as paper
from labels import digital_link
from labels.digital_link import Link
from ledger import b64u, wordings
from ledger.errors import Malformed
from ledger.identity import ChainId, StatementHash
from ledger.parting import part
from ledger.statement import Disclosure, Statement, draft, open_sealed, parse

LAST = 20
"""Among so many of a party's newest certificates the contact that it last gave is looked for."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A certificate ready to be signed, and what signing it would find."""

    prepared: Prepared
    findings: list[Finding]


class Certificates:
    """The certificates of one log; ``clock`` gives seconds. Its methods read the database: not for an event loop."""

    def __init__(self, engine: Engine, log: Log, capture: Capture, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._log = log
        self._log_id = log.log_id
        self._capture = capture
        self._clock = clock
        self.names = Names(log.journal.registry)

    # --- drawing up ----------------------------------------------------------------------------------------------

    def ready(self, chain: ChainId, party: ChainId, viewer: Viewer | None) -> Ready:
        """What ``party`` would promise today of what it holds of a batch, and the findings that this would have.

        Raises Conflict ``held`` with every reason, Conflict ``certificate-none`` for goods that are not there,
        NotFound ``no-code`` or ``no-party``, and what signing it would be refused with.
        """
        prepared = self.prepared(chain, party, viewer)
        with self._reading() as connection:
            self._refuse_held(connection, [chain], party)
        if "goods" in prepared.missing:
            raise Conflict("certificate-none", path="goods", has=chain, wanted=prepared.party.zh)
        return Ready(prepared, [] if "origin" in prepared.missing else self._findings(prepared, party))

    def prepared(self, chain: ChainId, party: ChainId, viewer: Viewer | None) -> Prepared:
        """The same, whatever stands in its way. Raises NotFound ``no-code`` or ``no-party``."""
        if party not in self._log.journal.registry.parties:
            raise NotFound("no-party", path="party", has=party[:80])
        with self._reading() as connection:
            contact = self._last_contact(connection, viewer) if viewer and viewer.party == party else None
            today = self.names.day(self._clock())
            batch = self._batch(connection, chain)
            return drafting.prepare(connection, self._log_id, self.names, batch, party, today, contact)

    def holder(self, chain: ChainId) -> ChainId:
        """Whose certificate it would be where nobody says: of whoever brought the batch into being."""
        with self._reading() as connection:
            return ChainId(self._batch(connection, chain).producer.id)

    def holding(self, chain: ChainId) -> list[Found]:
        """What stops a batch now, in words."""
        with self._reading() as connection:
            return self._holding(connection, [chain])

    def _findings(self, prepared: Prepared, party: ChainId) -> list[Finding]:
        body, _, touched = part("certify", {name: one for name, one in prepared.fields.items() if name != "contact"})
        now = int(self._clock())
        payload = draft(
            log=self._log.origin,
            kind="certify",
            at=datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            body=body,
            iss=party,
            iat=now,
            n=0,
            after=None,
            seen=None,
            on=touched,
        )
        return self._capture.findings(payload, [])

    def _last_contact(self, connection: Connection, viewer: Viewer) -> str | None:
        query = (
            select(statements.c.jws)
            .where(
                statements.c.log_id == self._log_id, statements.c.kind == "certify", statements.c.iss == viewer.party
            )
            .order_by(statements.c.first_index.desc())
            .limit(LAST)
        )
        mine = {parse(jws).hash: parse(jws) for jws in connection.execute(query).scalars()}
        read = issued.on_batches(
            connection, self._log_id, self.names, (chain for one in mine.values() for chain in one.on), viewer
        )
        return next((one.contact for one in read if one.statement in mine and one.contact), None)

    # --- reading -------------------------------------------------------------------------------------------------

    def of_batch(self, chain: ChainId, viewer: Viewer | None) -> list[Issued]:
        """All about a batch, the newest first."""
        with self._reading() as connection:
            return issued.on_batches(connection, self._log_id, self.names, [chain], viewer)

    def one(self, hash_: str, viewer: Viewer | None) -> tuple[Issued, list[str]]:
        """A certificate, with the codes of what stops its goods now. Raises NotFound ``no-certificate``."""
        with self._reading() as connection:
            found = self._find(connection, hash_, viewer)
            return found, _codes(self._holding(connection, _chains(found)))

    def drawn(
        self,
        hash_: str,
        viewer: Viewer | None,
        size: str,
        lang: Lang,
        base_url: str,
        shown: Sequence[Disclosure] = (),
    ) -> bytes:
        """A certificate as PDF. A demonstration without an address of its own takes ``base_url``.

        The contact is on it for who may read it, and for who shows its disclosure. Raises NotFound ``no-certificate``;
        Conflict ``held`` while its goods are on hold, unless it is void and drawn as such; Conflict
        ``no-public-url``; Malformed for a disclosure of another statement, ``choice`` for a size that there is not.
        """
        if size not in paper.PAPERS:
            raise Malformed("choice", path="size", has=size[:20], wanted=" | ".join(paper.PAPERS))
        with self._reading() as connection:
            found = self._find(connection, hash_, viewer)
            if found.state != "void":
                self._refuse_held(connection, _chains(found))
            if shown:
                found = replace(found, contact=self._shown(connection, found, shown))
        return paper.pdf(self.said(found, lang, base_url), size)

    def _shown(self, connection: Connection, one: Issued, shown: Sequence[Disclosure]) -> str | None:
        """The contact that the disclosures open; the old one is none, once it was corrected behind a seal."""
        _, statement = self._with_hash(connection, one.statement)
        opened = open_sealed(statement, shown)
        corrections = corrections_on(connection, self._log_id, statement.targets).get(one.statement, ())
        corrected = any(each.sealed for each, _ in corrections)
        return str(opened["contact"][0]) if "contact" in opened and not corrected else one.contact

    def said(self, one: Issued, lang: Lang, base_url: str) -> paper.Certificate:
        """What its paper says."""
        public_url = self._log.public_url.rstrip("/")
        if not public_url:
            if not self._log.demonstration:
                raise Conflict("no-public-url", path="public_url", has="", wanted="https://…")
            public_url = base_url.rstrip("/")
        batch = one.goods[0].batch
        english = lang == "en" and one.product_name == batch.name.zh
        return paper.Certificate(
            url=digital_link.build(Link(public_url, mark=batch.mark)),
            trace_code=batch.code,
            statement=one.statement,
            form=one.form,
            product=batch.name.en if english else one.product_name,
            quantity=_quantity(one, lang),
            origin=one.origin,
            party=one.party.say(lang),
            issued=one.issued,
            basis=one.basis,
            number=one.number,
            contact=one.contact,
            parents=[parent.get("number") or f"{parent['statement'][:8]}…" for parent in one.parents],
            void=_void(one, lang, self.names) if one.void else None,
            demonstration=self._log.demonstration,
            lang=lang,
        )

    # --- both ----------------------------------------------------------------------------------------------------

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """One snapshot for all that a call reads."""
        with self._engine.connect() as connection:
            if self._engine.dialect.name != "sqlite":  # which gives nothing else
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    def _batch(self, connection: Connection, chain: ChainId) -> BatchView:
        found = views.read(connection, self._log_id, self.names, [chain])
        if chain not in found:
            raise NotFound("no-code", path="code", has=chain)
        return found[chain]

    def _find(self, connection: Connection, hash_: str, viewer: Viewer | None) -> Issued:
        index, statement = self._with_hash(connection, hash_)
        found = issued.on_batches(connection, self._log_id, self.names, statement.on, viewer)
        return next(one for one in found if one.index == index)

    def _with_hash(self, connection: Connection, hash_: str) -> tuple[int, Statement]:
        row = None
        with suppress(Malformed):
            b64u.decode(hash_, 32)
            row = issued.with_hash(connection, self._log_id, StatementHash(hash_))
        if row is None:
            raise NotFound("no-certificate", path="statement", has=hash_[:80])
        return row

    def _refuse_held(self, connection: Connection, chains: Sequence[ChainId], party: ChainId | None = None) -> None:
        found = self._holding(connection, chains)
        if party is not None:
            found = [one for one in found if not any(cured(one.code, one.params, chain, party) for chain in chains)]
        if found:
            codes = ", ".join(_codes(found))
            raise Conflict("held", path="on", has=codes, wanted=found[0].batch or chains[0])

    def _holding(self, connection: Connection, chains: Iterable[ChainId]) -> list[Found]:
        """What stops one of these batches now, each once and the oldest first."""
        reaching = sorted(
            {ground for one in grounds.in_force(connection, self._log_id, [*chains]).values() for ground in one}
        )
        rows: list[Row[Any]] = []
        for index, line in reaching:
            query = arrivals.standing(self._log_id).where(findings.c.first_index == index, findings.c.line == line)
            rows += connection.execute(query).all()
        return worded(connection, self._log_id, self.names, rows)


def _chains(one: Issued) -> list[ChainId]:
    return [good.batch.chain for good in one.goods]


def _codes(found: Iterable[Found]) -> list[str]:
    return sorted({one.code for one in found})


def _quantity(one: Issued, lang: Lang) -> str:
    """All its goods together where they have one unit, with how many batches they are."""
    units = {good.quantity["unit"] for good in one.goods}
    if len(units) > 1:
        return ("、" if lang == "zh" else ", ").join(wordings.quantity(good.quantity, lang) for good in one.goods)
    total = sum((Decimal(good.quantity["value"]) for good in one.goods), Decimal(0))
    said = wordings.quantity({"unit": units.pop(), "value": f"{total:f}"}, lang)
    count = len(one.goods)
    return said if count == 1 else f"{said}（{count} 批）" if lang == "zh" else f"{said} ({count} batches)"


def _void(one: Issued, lang: Lang, names: Names) -> str:
    if one.void is None:
        return ""
    by = one.void.by.say(lang) if one.void.by else ""
    day = views.day(names, one.void.at)
    return f"{one.void.reason}（{by}，{day}）" if lang == "zh" else f"{one.void.reason} ({by}, {day})"
