"""How a verdict is told: for the eyes, in one language, or as one JSON document for programs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from clients.stopping import stopping
from ledger import b64u
from ledger.identity import ChainId, grouped, mark, trace_code
from ledger.policy import Pin
from ledger.records import KINDS
from ledger.verdict import Rejected, Step, Unreadable, Verdict
from ledger.verify import CHECKS
from ledger.wordings import Lang, quantity, say, say_remark

RESERVED: Mapping[str, int] = {
    "first-sight": 4,
    "older": 4,
    "suspect": 10,
    "custody": 10,
    "time-order": 14,
    "no-heads": 15,
    "uncovered": 15,
    "unconfirmed-since": 15,
    "origin-not-verified": 16,
}
"""By which check a reservation is shown."""

SHOWN = 3
"""How many of the records that a reservation is about, or of the goods that a record brings, are named."""


class Teller:
    """Tells one verdict."""

    def __init__(self, lang: Lang, *, as_json: bool) -> None:
        self.lang: Lang = lang
        self._as_json = as_json
        self._console = Console(soft_wrap=True, highlight=False, markup=False)

    def __call__(self, zh: str, en: str) -> str:
        return zh if self.lang == "zh" else en

    # --- what does not hold --------------------------------------------------------------------------------------

    def rejected(self, error: Rejected, file: Path) -> None:
        """Which check failed, of which record, why, and what to do now."""
        if self._as_json:
            cause = {"code": error.cause.code, "params": dict(error.cause.params), "text": say(error.cause, self.lang)}
            told = {"check": error.check, "reason": error.reason, "record": error.record, "cause": cause}
            self._document({"valid": False, "readable": not isinstance(error, Unreadable), **told})
            return
        check = next(one for one in CHECKS if one.number == error.check)
        if isinstance(error, Unreadable):
            self._line(self("✗ 读不懂", "✗ Unreadable"), f"{file}")
        else:
            self._line(self("✗ 无效", "✗ Invalid"), f"{file}")
        about = self(f"第 {error.check} 项，{check.zh}", f"{error.check}, {check.en}")
        self._line(self("没有通过的核验", "failed check"), f"{about} ({error.reason})")
        position = str(error.cause.params.get("path", ""))
        self._line(self("位置", "where"), " › ".join(dict.fromkeys(filter(None, (error.record, position)))))
        self._line(self("原因", "reason"), say(error.cause, self.lang, advice=False))
        if isinstance(error, Unreadable):
            zh, en = (
                "文件不完整或被改过：请重新取一份再核验",
                "the file is incomplete or was changed: get it again and check that",
            )
        else:
            zh, en = (
                "不要采信；保留这个文件并报告监管人员",
                "do not rely on it; keep the file and report it to the regulator",
            )
        self._line(self("怎么办", "what to do"), self(zh, en))

    # --- what holds ----------------------------------------------------------------------------------------------

    def verdict(self, verdict: Verdict, pins: Sequence[tuple[Path, Pin]], remembered: Path | None) -> None:
        """What it is about, what was checked, who signed what and when, and what is not confirmed."""
        if self._as_json:
            self._document({"valid": True, **self._plain(verdict)})
            return
        zone = _zone(verdict)
        stops = stopping(verdict)
        named = "  ".join(self._named(verdict, chain) for chain in verdict.about)
        self._line(self._judged(stops), named)
        for step in stops:
            kind, why = KINDS.get(step.statement.kind), str(step.statement.body.get("reason", ""))
            who = f"{_time(step.received, zone)} {self._signer(verdict, step)}".rstrip()
            name = self(kind.zh, kind.en) if kind else step.statement.kind
            self._line(name, f"{why}{self('（', ' (')}{who}{self('）', ')')}")
        self._line(self("总账", "log"), f"{verdict.checkpoint.origin}")
        for path, pin in pins:
            self._line(self("公开钉", "pin"), f"{path}  {mark(pin.root)}")
        self._complete(verdict, self("完整性", "complete"))
        for other in _others(verdict):
            self._complete(other, self(f"完整性（{other.checkpoint.origin}）", f"complete ({other.checkpoint.origin})"))
        tables = Console(highlight=False, markup=False)
        for part in (self._checks(verdict, zone), self._records(verdict, zone)):
            tables.print()
            tables.print(part)
        self._reservations(verdict)
        if remembered is None:
            self._console.print()
            self._console.print(
                self(
                    "加 --remember 文件，下次可与这次见过的总账对照。",
                    "With --remember FILE the next check is held against the log seen in this one.",
                )
            )

    def _judged(self, stops: Sequence[Step]) -> str:
        """What stops the goods comes before what holds of the evidence."""
        if not stops:
            return self("✓ 有效", "✓ Valid")
        if stops[0].statement.kind == "recall":
            return self("✗ 已召回（凭证 ✓ 有效）", "✗ Recalled (evidence ✓ valid)")
        return self("✗ 已暂停（凭证 ✓ 有效）", "✗ On hold (evidence ✓ valid)")

    def _complete(self, verdict: Verdict, name: str) -> None:
        """Each log answers for its own part: one that shows nothing must not hide behind one that does."""
        if verdict.complete_as_of is None:
            self._line(name, self("没有证明，见第 15 项", "not shown, see check 15"))
        else:
            as_of = _time(verdict.complete_as_of, _zone(verdict))
            self._line(name, self(f"截至 {as_of} 没有隐瞒", f"nothing withheld as of {as_of}"))

    def _checks(self, verdict: Verdict, zone: tzinfo) -> Table:
        table = Table(title=self("核验", "what was checked"), title_justify="left", show_header=False, box=None)
        for justify in ("right", "left", "left", "left"):
            table.add_column(justify=justify, overflow="fold")
        reserved = {check for check, _, _ in self._remarks(verdict)}
        for check in CHECKS:
            doubt = check.number in reserved
            sign = self("⚠ 有保留", "⚠ reserved") if doubt else self("✓ 通过", "✓ holds")
            notes = [self._figure(check.number, verdict, zone), self("见下", "see below") if doubt else ""]
            table.add_row(str(check.number), sign, self(check.zh, check.en), self("；", "; ").join(filter(None, notes)))
        return table

    def _figure(self, number: int, verdict: Verdict, zone: tzinfo) -> str:
        """What check ``number`` has counted, where that says something."""
        steps = verdict.steps
        match number:
            case 2:
                return self(f"{verdict.checkpoint.size} 条账目", f"{verdict.checkpoint.size} entries")
            case 3:
                told = [f"{name} {_time(1000 * time, zone)}" for name, time in verdict.witnessed]
                return ", ".join(told) or self("公开钉不要求见证方", "the pin asks for no witness")
            case 5:
                count = sum(len(step.entries) for step in steps)
                return self(f"带来 {count} 条", f"{count} of them carried")
            case 8:
                signers = len({step.statement.kid for step in steps})
                return self(f"{len(steps)} 条记录，{signers} 把密钥", f"{len(steps)} statements, {signers} keys")
            case 13:
                opened = sum(len(step.opened) for step in steps)
                sealed = sum(len(step.statement.sealed) for step in steps) - opened
                return self(f"公开 {opened} 项，封存未公开 {sealed} 项", f"{opened} shown, {sealed} kept sealed")
            case 16:
                return ", ".join(f"{other.checkpoint.origin} ✓" for other in verdict.others)
        return ""

    def _records(self, verdict: Verdict, zone: tzinfo) -> Table:
        table = Table(title=self("谁在何时签了什么", "who signed what, when"), title_justify="left", box=None)
        for name in (self("收到", "received"), self("记录", "record"), self("签名人", "signer"), "", ""):
            table.add_column(name, overflow="fold")
        registry = 0
        for step in verdict.steps:
            kind = KINDS.get(step.statement.kind)
            if kind is not None and kind.stage == "registry":
                registry += 1
                continue
            name = self(kind.zh, kind.en) if kind else step.statement.kind
            flags = self("；", "; ").join(self._flags(step))
            about = self("、", ", ").join(self._matter(verdict, step))
            table.add_row(_time(step.received, zone), name, self._signer(verdict, step), about, flags)
        if registry:
            table.caption = self(f"另有登记记录 {registry} 条", f"and {registry} records of the registry")
            table.caption_justify = "left"
        return table

    def _reservations(self, verdict: Verdict) -> None:
        """Each once, with the first records that it is about."""
        where: dict[tuple[int, str], list[str]] = {}
        for check, said, record in self._remarks(verdict):
            where.setdefault((check, said), []).append(self._record(record))
        if where:
            self._console.print(f"\n{self('保留', 'reservations')}")
        for (check, said), records in sorted(where.items()):
            named = [record for record in dict.fromkeys(records) if record]
            more = self(f" 等 {len(named)} 条", f" and others, {len(named)} in all") if len(named) > SHOWN else ""
            about = f"{self('：', ': ')}{self('、', ', ').join(named[:SHOWN])}{more}" if named else ""
            self._console.print(f"⚠ {check}  {said}{about}")

    def _remarks(self, verdict: Verdict) -> Iterator[tuple[int, str, str]]:
        """Check, sentence and record of each reservation; those about another county's log count under check 16."""
        for remark in verdict.remarks:
            yield RESERVED.get(remark.code, 0), say_remark(remark.code, remark.params, self.lang), remark.record
        for other in _others(verdict):
            for remark in other.remarks:
                said = say_remark(remark.code, remark.params, self.lang)
                yield 16, f"{other.checkpoint.origin}{self('：', ': ')}{said}", remark.record

    # --- names ---------------------------------------------------------------------------------------------------

    def _named(self, verdict: Verdict, chain: ChainId) -> str:
        """A batch by its code, and by what it is."""
        return f"{grouped(trace_code(chain))}  {self._product(verdict, chain)}".rstrip()

    def _product(self, verdict: Verdict, chain: ChainId) -> str:
        for step in verdict.steps:
            if chain in step.statement.created and step.statement.body.get("outputs"):
                return self._output(verdict, step.statement.body["outputs"][step.statement.created.index(chain)])
        return ""

    def _output(self, verdict: Verdict, output: Mapping[str, Any]) -> str:
        """Unknown kinds come with bodies that nobody has checked: what has not the shape of an output is left out."""
        product = verdict.registry.products.get(ChainId(str(output.get("product"))))
        names = product.body.get("names", {}) if product else {}
        told = [names.get(self.lang) or names.get("zh") or ""]
        match output.get("quantity"):
            case {"unit": str(unit), "value": str(value)}:
                told.append(quantity({"unit": unit, "value": value}, self.lang))
        if lot := output.get("lot"):
            told.append(f"{self('批号', 'lot')} {lot}")
        return " ".join(filter(None, told))

    def _matter(self, verdict: Verdict, step: Step) -> Iterator[str]:
        """What came into being, or else which of the batches here it is about."""
        if outputs := step.statement.body.get("outputs"):
            yield from filter(None, (self._output(verdict, output) for output in outputs[:SHOWN]))
            if len(outputs) > SHOWN:
                yield "…"
            return
        carried = {proven.entry.chain for proven in step.entries}
        for chain in step.statement.on:
            if chain in carried:
                yield grouped(trace_code(chain))

    def _record(self, record: str) -> str:
        """A statement by its kind and the beginning of its hash."""
        kind, _, hash_ = record.partition(" ")
        if not hash_:
            return "" if record == "checkpoint" else f"{record[:8]}…"
        known = KINDS.get(kind)
        return f"{self(known.zh, known.en) if known else kind} {hash_[:8]}…"

    def _signer(self, verdict: Verdict, step: Step) -> str:
        signer, principal = (self._party(verdict, one) for one in (step.statement.iss, step.statement.for_))
        return f"{signer}{self('，代', ', for ')}{principal}" if principal else signer

    def _party(self, verdict: Verdict, chain: ChainId | None) -> str:
        if chain is None:
            return ""
        party = verdict.registry.parties.get(chain)
        return str(party.profile.get("name", "")) if party else f"{chain[:8]}…"

    def _flags(self, step: Step) -> Iterator[str]:
        if step.suspect:
            yield self("⚠ 存疑", "⚠ suspect")
        if step.custody:
            yield self("⚠ 服务代管密钥", "⚠ service holds the key")
        if not step.settled:
            yield self("待确认", "unconfirmed")

    # --- as data -------------------------------------------------------------------------------------------------

    def _plain(self, verdict: Verdict) -> dict[str, Any]:
        head = verdict.checkpoint
        return {
            "about": [{"chain": one, "mark": mark(one), "trace_code": trace_code(one)} for one in verdict.about],
            "checkpoint": {"origin": head.origin, "size": head.size, "root": b64u.encode(head.root)},
            "witnessed": [{"name": name, "time": time} for name, time in verdict.witnessed],
            "complete_as_of": verdict.complete_as_of,
            "stopped": [{"kind": step.statement.kind, "statement": step.statement.hash} for step in stopping(verdict)],
            "remarks": [
                {
                    "code": one.code,
                    "check": RESERVED.get(one.code),
                    "record": one.record,
                    "params": dict(one.params),
                    "text": say_remark(one.code, one.params, self.lang),
                }
                for one in verdict.remarks
            ],
            "statements": [
                {
                    "hash": step.statement.hash,
                    "kind": step.statement.kind,
                    "index": step.first_index,
                    "received": step.received,
                    "at": step.statement.at,
                    "signer": step.statement.iss,
                    "name": self._party(verdict, step.statement.iss),
                    "for": step.statement.for_,
                    "key": step.statement.kid,
                    "custody": step.custody,
                    "suspect": step.suspect,
                    "settled": step.settled,
                    "opened": dict(step.opened),
                }
                for step in verdict.steps
            ],
            "others": [self._plain(other) for other in verdict.others],
        }

    def _line(self, name: str, value: str) -> None:
        # What did not hold is quoted from bytes that nobody signed: no control of a terminal gets through.
        shown = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in value)
        self._console.print(f"{name}{self('：', ': ')}{shown}")

    def _document(self, value: Mapping[str, Any]) -> None:
        self._console.print(json.dumps(value, ensure_ascii=False))


def _others(verdict: Verdict) -> Iterator[Verdict]:
    """Of the other logs, however deep they lie."""
    for other in verdict.others:
        yield other
        yield from _others(other)


def _zone(verdict: Verdict) -> tzinfo:
    """The log's own, where this machine knows it."""
    try:
        return ZoneInfo(verdict.registry.time_zone)
    except (KeyError, OSError, ValueError):
        return UTC


def _time(ms: int, zone: tzinfo) -> str:
    try:
        return datetime.fromtimestamp(ms / 1000, zone).strftime("%Y-%m-%d %H:%M")
    except (OverflowError, OSError, ValueError):
        return str(ms)
