"""An import from end to end: files in, statements signed and sent, a report out.

    read the files ─▶ what of it is new ─▶ look up names ─▶ sign, all in one transaction ─▶ send

Killed anywhere, it is run again with the same files: what is signed is known by its source and goes out with the
rest. A trial goes the same way up to the signatures and asks the service for the findings instead.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from clients.answers import Created, Finding, Outcome
from clients.client import Client
from clients.draft import Draft
from clients.errors import NoDevice, Refused
from clients.importer import blank, rows, sheet
from clients.importer import mapping as mappings
from clients.importer.catalogue import Catalogue, Finder, Parties
from clients.importer.events import PartyName
from clients.importer.mapping import SheetMapping
from clients.importer.problems import BadSheet, Problem
from clients.importer.rows import Read
from clients.importer.sources import Placed, Stated, in_order, new_ones, placed
from clients.importer.stating import Stating, column_of
from clients.notebook import Kept
from ledger import b64u, records
from ledger.canonical import dumps
from ledger.identity import StatementHash
from ledger.statement import open_sealed, read_payload
from ledger.wordings import Lang

Counting: TypeAlias = Callable[[int], AbstractContextManager[Callable[[], None]]]
"""Opens a progress bar of so many steps; what it gives takes one."""

OWN = ("product.add", "place.add")


@dataclass(frozen=True)
class Recorded:
    """A statement that has its receipt; ``lines`` are where in the sheet it comes from."""

    sheet: str
    lines: tuple[int, ...]
    kind: str
    hash: StatementHash
    created: tuple[Created, ...]
    findings: tuple[Finding, ...]


@dataclass
class Report:
    """What an import did. ``rows`` is how many the sheets have, by sheet; problems are in the order of the lines."""

    trial: bool
    rows: dict[str, int] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    recorded: list[Recorded] = field(default_factory=list)
    already: int = 0
    opened: int = 0
    filled_in: int = 0
    problems: list[tuple[str, Problem]] = field(default_factory=list)
    missing_parties: list[PartyName] = field(default_factory=list)

    @property
    def bad(self) -> list[tuple[str, Problem]]:
        return [one for one in self.problems if one[1].severity == "bad"]


def run(
    client: Client,
    files: Sequence[Path],
    parties: Parties,
    counting: Counting,
    *,
    mapping: SheetMapping | None = None,
    trial: bool = False,
) -> Report:
    """Raises BadSheet before anything is stated, and what ``Client.send`` raises: then the rest waits."""
    if client.notebook.device.party is None:
        raise NoDevice("no-party", path=str(client.notebook.device.folder))
    zone = ZoneInfo(str(client.log().get("time_zone") or "Asia/Shanghai"))
    report, events = Report(trial), list[Placed]()
    for path in files:
        table, read = read_sheet(path, mapping, zone)
        name = path.name if path.name not in report.rows else str(path)
        report.rows[name] = len(table.rows) + len(table.bad)
        report.titles[name] = table.name
        report.problems += [(name, problem) for problem in read.problems]
        events += placed(name, read.events)
    stated = Stated()
    finder = Finder(client)
    sign = _Trial(client) if trial else lambda draft: client.notebook.sign([draft])[0]
    catalogue = Catalogue.of(client)
    new = new_ones(events, catalogue, Stated())
    with counting(len(new)) as step:
        Stating(catalogue, finder, parties, sign, Stated()).look_up(new, step)
    with client.notebook.together():
        # Seen again under the lock: another import may have been at work in between.
        catalogue = Catalogue.of(client)
        new = in_order(new_ones(events, catalogue, stated))
        with counting(len(new)) as step:
            Stating(catalogue, finder, parties, sign, stated).state(new, step)
    if isinstance(sign, _Trial):
        _tell(report, stated, sign)
    else:
        with counting(len(client.notebook.outgoing())) as step:
            _send(client, report, stated, step)
    report.already = stated.already
    report.opened, report.filled_in = stated.opened, stated.filled_in
    report.problems += stated.problems
    order = {name: place for place, name in enumerate(report.rows)}
    report.problems.sort(key=lambda one: (order.get(one[0], -1), one[1].line))
    report.missing_parties = list(dict.fromkeys(stated.missing_parties))
    if not trial:
        parties.ask_for(party.name for party in report.missing_parties)
    return report


def read_sheet(path: Path, mapping: SheetMapping | None, zone: ZoneInfo) -> tuple[sheet.Table, Read]:
    """A file's rows as events, under ``mapping`` or the built-in one that fits it. Raises BadSheet."""
    table = sheet.read(path, mapping.sheet if mapping else None).table(mapping.head_line if mapping else 1)
    heads = frozenset(table.heads)
    chosen = mapping or mappings.recognise(heads) or blank.recognise(heads)
    if chosen is None:
        raise BadSheet("sheet-unknown", path=path.name, has=", ".join(table.heads.values())[:400])
    read = rows.read(table, chosen, ZoneInfo(chosen.zone) if chosen.zone else zone)
    return replace(table, name=chosen.title), read


# --- sending -----------------------------------------------------------------------------------------------------


def _send(client: Client, report: Report, stated: Stated, step: Callable[[], None]) -> None:
    def came(outcome: Outcome) -> None:
        step()
        one = stated.events.get(outcome.kept.source or "")
        if outcome.refused is not None:
            if one:
                stated.problem(one, column_of(one.event, outcome.refused), outcome.refused)
            else:
                stated.problems.append(("", Problem(0, "", outcome.refused)))
            return
        report.recorded.append(_recorded(outcome, one))

    client.send(came)


def _recorded(outcome: Outcome, one: Placed | None) -> Recorded:
    kept = outcome.kept
    lines = one.event.lines if one else ()
    made, found = tuple(outcome.created), tuple(outcome.findings)
    return Recorded(one.sheet if one else "", lines, kept.statement.kind, kept.hash, made, found)


# --- trying it ---------------------------------------------------------------------------------------------------


class _Trial:
    """Stands in for the signature: the same checks and ids that hold together, and nothing is kept."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._made: set[str] = set()
        self.tried: list[tuple[Draft, Kept, bool]] = []

    def __call__(self, draft: Draft) -> Kept:
        payload, disclosures = self._client.notebook.payload(draft)
        hash_ = StatementHash(b64u.encode(sha256(dumps(payload)).digest()))
        statement = replace(read_payload(payload), hash=hash_)
        opened = {name: value for name, (value, _) in open_sealed(statement, disclosures).items()}
        records.check(statement, opened)
        kept = Kept(statement, tuple(disclosures), "waiting", draft.source)
        # The service knows nothing of what would be new: what hangs on that can't be asked for yet.
        self.tried.append((draft, kept, not draft.mentions(self._made)))
        self._made |= {hash_, *statement.created}
        return kept

    def findings(self, draft: Draft) -> list[Finding]:
        return self._client.check(draft)


def _tell(report: Report, stated: Stated, trial: _Trial) -> None:
    for draft, kept, known in trial.tried:
        one = stated.events[draft.source or ""]
        try:
            found = trial.findings(draft) if known else []
        except Refused as error:
            stated.problem(one, column_of(one.event, error), error)
            continue
        recorded = _recorded(Outcome(kept), one)
        report.recorded.append(replace(recorded, findings=tuple(found)))


def as_json(report: Report, lang: Lang) -> dict[str, Any]:
    """The report for programs."""
    return {
        "trial": report.trial,
        "sheets": [{"name": name, "title": report.titles[name], "rows": count} for name, count in report.rows.items()],
        "recorded": [
            {
                "sheet": one.sheet,
                "lines": list(one.lines),
                "kind": one.kind,
                "statement": one.hash,
                "created": [] if report.trial else [vars(each) for each in one.created],
                "findings": [vars(each) for each in one.findings],
            }
            for one in report.recorded
        ],
        "already": report.already,
        "opened": report.opened,
        "filled_in": report.filled_in,
        "problems": [
            {
                "sheet": name,
                "line": problem.line,
                "column": problem.column,
                "severity": problem.severity,
                "code": problem.error.code,
                "reason": problem.reason(lang),
            }
            for name, problem in report.problems
        ],
        "missing_parties": [{"name": one.name, "number": one.number} for one in report.missing_parties],
    }
