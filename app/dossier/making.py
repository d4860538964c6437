"""A dossier: a batch's whole record in one file, for a court, an inspector or whoever may read it.

JSON has all that the readers know; CSV has a line for each field of each record and opens in a spreadsheet. Both hold
each field by its audience, say of what is sealed or erased that it is there, and name the log's size and checkpoint,
by which the same may be asked for again. What proves it off line is the bundle (``/v1/batches/{name}/bundle``).
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from app.batches.concerns import Concern
from app.batches.events import Event
from app.batches.holdings import Holding
from app.batches.reading import BatchReader, BatchView, Told
from app.batches.views import in_zone
from app.log import Log
from app.parties.names import Lang, Name
from app.stored import read_note
from app.viewing import Viewer
from app.web.said import labelled, said
from ledger import wordings
from ledger.identity import ChainId, grouped, trace_code
from ledger.records import SEALED

BYTE_ORDER_MARK = "\ufeff"
"""Or a spreadsheet takes Chinese for something else."""

COLUMNS = {
    "steps": ("距本批步数", "steps back"),
    "batch": ("批次", "batch"),
    "code": ("追溯码", "trace code"),
    "index": ("总账序号", "log index"),
    "kind": ("记录种类", "kind of record"),
    "at": ("发生时间", "time of the event"),
    "received": ("收到时间", "received"),
    "signer": ("签名主体", "signed by"),
    "principal": ("被代理的主体", "for"),
    "standing": ("记录状态", "state of the record"),
    "field": ("项目", "field"),
    "value": ("内容", "value"),
    "audience": ("可见范围", "for whom"),
    "hash": ("记录编号", "record's id"),
    "kid": ("密钥", "key"),
}
_AUDIENCES = {
    "public": ("公开", "public"),
    "trade": ("交易方", "trade"),
    "regulator": ("监管", "regulator"),
    "owner": ("本主体", "owner"),
}
_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet may take for the beginning of a formula."""


@dataclass(frozen=True, slots=True)
class Dossier:
    """A batch as one reader sees it: now, or as it stood at ``as_of``."""

    log: str
    size: int
    checkpoint: str
    as_of: str | None
    batch: BatchView
    story: list[Told]
    """Its records and, upstream, those that led here, by the time they happened."""
    holdings: list[Holding]
    findings: list[Concern]


def dossier(reader: BatchReader, log: Log, chain: ChainId, viewer: Viewer | None, as_of: str | None = None) -> Dossier:
    """Raises NotFound ``no-code``, Malformed ``as-of``."""
    note = log.journal.latest() or ""
    return Dossier(
        log=log.origin,
        size=read_note(note).size if note else 0,
        checkpoint=note,
        as_of=as_of or None,
        batch=reader.batch(chain, as_of),
        story=reader.story(chain, viewer, as_of),
        holdings=reader.holdings(chain, as_of),
        findings=reader.findings(chain, as_of),
    )


def as_csv(whole: Dossier, zone: str, lang: Lang) -> bytes:
    """A line for each field, in the order of the story; no cell begins a formula."""
    lines = io.StringIO(BYTE_ORDER_MARK)
    lines.seek(0, io.SEEK_END)
    written = csv.writer(lines, lineterminator="\r\n")
    written.writerow([_pick(words, lang) for words in COLUMNS.values()])
    written.writerows([_safe(row.get(name, "")) for name in COLUMNS] for row in _rows(whole, ZoneInfo(zone), lang))
    return lines.getvalue().encode()


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_RISKY) else cell


def _rows(whole: Dossier, zone: ZoneInfo, lang: Lang) -> Iterator[dict[str, str]]:
    called: dict[str, str] = {told.batch.chain: told.batch.name.say(lang) for told in whole.story}
    kinds: dict[str, str] = {told.event.hash: told.event.kind for told in whole.story}
    for told in whole.story:
        event = told.event
        about = {
            "steps": str(told.steps),
            "batch": told.batch.name.say(lang),
            "code": grouped(told.batch.code),
            "index": str(event.index),
            "kind": event.zh if lang == "zh" else event.en,
            "at": _when(event.at, zone),
            "received": _when(event.received, zone),
            "signer": event.signer.say(lang) if event.signer else "",
            "principal": event.principal.say(lang) if event.principal else "",
            "standing": _standing(event, lang),
            "hash": event.hash,
            "kid": event.kid,
        }
        coded: dict[str, Name] = {chain: _coded(chain, called) for chain in (*event.touched, *event.created)}
        names = {**event.names, **coded}
        for field, value, audience in _fields(event, kinds.get(event.corrects or ""), names, zone, lang):
            yield about | {"field": field, "value": value, "audience": audience}
    view = whole.batch
    of_batch = {"steps": "0", "batch": view.name.say(lang), "code": grouped(view.code)}
    for one in whole.findings:
        standing = _pick(("未关闭", "open"), lang)
        if one.closed is not None:
            standing = f"{_pick(('已关闭', 'closed'), lang)} #{one.closed}"
        said_of = {"index": str(one.about), "kind": _pick(("问题项", "finding"), lang), "standing": standing}
        yield of_batch | said_of | {"field": one.found.code, "value": one.found.text[lang]}


def _fields(
    event: Event, corrected: str | None, names: Mapping[str, Name], zone: ZoneInfo, lang: Lang
) -> Iterator[tuple[str, str, str]]:
    """What each field is called, what it says, and for whom it is; what is closed or gone by its name alone."""

    def when(time: str) -> str:
        return _when(time, zone)

    for name, _ in labelled(event.kind, event.values, lang):
        value, audience = event.values[name], _pick(_AUDIENCES[SEALED.get(name, "public")], lang)
        if name == "new" and corrected is not None:
            for label, text in said(corrected, value, names, lang, when):
                yield f"{_label('new', lang)} › {label}", text, audience
        else:
            for label, text in said(event.kind, {name: value}, names, lang, when):
                yield label, text, audience
    for closed in event.sealed:
        label, audience = _label(closed.name, lang), _pick(_AUDIENCES[closed.audience], lang)
        yield label, _pick(("（封存）", "(sealed)"), lang), audience
    for gone in event.lost:
        words = ("（保存期满，已删除）", "(erased, its time had come)")
        asked = ("（已按要求删除）", "(erased on request)")
        yield _label(gone.field, lang), _pick(words if gone.ground == "due" else asked, lang), ""


def _coded(chain: str, known: Mapping[str, str]) -> Name:
    code = grouped(trace_code(ChainId(chain)))
    called = f"{known[chain]} {code}" if chain in known else code
    return Name(chain, called, called)


def _label(field: str, lang: Lang) -> str:
    return wordings.place(f"body.{field}", lang).strip("“”")


def _standing(event: Event, lang: Lang) -> str:
    if event.void:
        return _pick(("已作废", "withdrawn"), lang)
    if event.corrected_by:
        return _pick(("已更正", "corrected"), lang)
    return ""


def _when(time: str | int, zone: ZoneInfo) -> str:
    """In the log's time zone, as spreadsheets understand it; a day stays a day."""
    if isinstance(time, str) and len(time) == len("2026-03-01"):
        return time
    at = datetime.fromtimestamp(time / 1000, UTC) if isinstance(time, int) else datetime.fromisoformat(time)
    return in_zone(at, zone).strftime("%Y-%m-%d %H:%M:%S")


def _pick(both: tuple[str, str], lang: Lang) -> str:
    return both[0] if lang == "zh" else both[1]
