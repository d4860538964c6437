"""What an audit says: how much it looked at, how much of that is bad, and which record is the first bad one."""

# ruff: noqa: E501  (a row of a table is one line, so that it can be read down)

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ledger import wordings
from ledger.errors import LedgerError
from ledger.wordings import Lang

NAMED = 100
"""How many bad records are named; all are counted."""

CHECKS: Mapping[str, tuple[str, str]] = {
    "log": ("总账的开立", "the log's opening"),
    "file": ("导出文件", "exported files"),
    "statement": ("记录内容", "statements"),
    "signature": ("签名", "signatures"),
    "registry": ("签名人的资格", "who may sign"),
    "record": ("记录项目", "fields"),
    "notebook": ("签名簿", "notebooks"),
    "seen": ("签名人见过的总账", "what signers had seen"),
    "heads": ("每日链头", "daily heads"),
    "names": ("追溯码、批号和条码", "codes, lots and GTINs"),
    "disclosure": ("封存内容", "sealed fields"),
    "attachment": ("附件", "attachments"),
    "entry": ("批次链", "chains"),
    "inclusion": ("总账收录", "inclusion in the log"),
    "tree": ("总账的树", "the log's tree"),
    "checkpoint": ("检查点", "checkpoints"),
    "witnessed": ("见证", "witnesses"),
    "lock": ("检查点锁", "the lock"),
    "projection": ("派生账", "projections"),
    "database": ("数据库文件", "the database file"),
}
"""What is checked, as it is called in Chinese and English; also the order in which failures of one place are told."""

TABLES: Mapping[str, tuple[str, str]] = {
    "files": ("文件", "file"),
    "database": ("数据库文件", "database file"),
    "logs": ("总账表", "log"),
    "statements": ("记录", "statement"),
    "entries": ("账目", "entry"),
    "tile_hashes": ("树哈希", "tile hash"),
    "checkpoints": ("检查点", "checkpoint"),
    "witnessed": ("联署过的检查点", "cosigned checkpoint"),
    "disclosures": ("封存内容", "disclosure"),
    "attachments": ("附件", "attachment"),
    "named": ("名称", "name"),
    "batches": ("批次", "batch"),
    "lineage": ("谱系", "lineage"),
    "postings": ("过账", "posting"),
    "shipments": ("发货", "shipment"),
    "findings": ("问题项", "finding"),
    "grounds": ("暂停范围", "ground"),
    "answers": ("反馈", "answer"),
    "arrivals": ("外地来货", "arrival"),
    "lock": ("检查点锁", "lock"),
}

SENTENCES: Mapping[str, tuple[str, str]] = {
    "log": ("{what}与公布的开立记录不符，可能被换过", "{what} is not the one that was published; it may have been replaced"),
    "statement": ("{what}与签名时不同，可能被改动过", "{what} is not as it was signed; it may have been altered"),
    "signature": ("{what}的签名不符，内容或签名可能被改动过", "{what}: its signature does not fit; it or the text may have been altered"),
    "registry": ("{what}的签名人没有资格签它，登记资料可能被改动过", "{what} was signed by somebody who may not; the registry may have been altered"),
    "record": ("{what}的项目不合规定，正常情况下不会被收录", "{what} has fields that would never have been accepted"),
    "notebook": ("{what}与签名人的上一条记录接不上，可能有记录被删除或调换", "{what} does not follow its signer's record before it; records may have been taken out or exchanged"),
    "seen": ("{what}的签名人当时核对过的总账与现在的不同，历史可能被改写过", "{what} was signed by somebody who saw another log than this; history may have been rewritten"),
    "heads": ("{what}说的不是各链当时的末尾，运营方可能隐瞒了记录", "{what} is not what the chains ended with; the operator may be hiding records"),
    "names": ("{what}用了已经给出去的追溯码、批号或条码", "{what} gives out a trace code, lot or GTIN that was given out before"),
    "file": ("{what}与总账的其他文件不符，可能被改动、截断或调换过", "{what} does not fit the log's other files; it may have been altered, cut off or exchanged"),
    "disclosure": ("{what}与签名时不同，可能被改动过", "{what} is not as it was signed; it may have been altered"),
    "attachment": ("{what}不是记录里写的那一个，可能被改动或调换过", "{what} is not the one that was stated; it may have been altered or exchanged"),
    "entry": ("{what}与前后的账目接不上，可能被改动、删除或调换过", "{what} does not fit those around it; it may have been altered, taken out or exchanged"),
    "inclusion": ("{what}不在签了名的总账里，它或总账的树可能被改动过", "{what} is not in the log that was signed; it or the log's tree may have been altered"),
    "tree": ("{what}与账目算出来的不同，可能被改动过", "{what} is not what the entries come to; it may have been altered"),
    "checkpoint": ("{what}与账目或总账的签名不符，可能被改动过", "{what} does not fit the entries or the log's signature; it may have been altered"),
    "witnessed": ("{what}与账目、总账或见证方的签名不符，可能是后来塞进去的", "{what} does not fit the entries, or the signatures of log and witnesses; it may have been slipped in"),
    "lock": ("数据库与检查点锁（{key}）不一致，可能被换成了旧的或另外一份", "the database does not fit its lock ({key}); it may be an old one or another one"),
    "projection": ("{what}与签名记录推算的结果不同，可能被直接改动过", "{what} is not what the signed records come to; it may have been altered by hand"),
    "database": ("数据库文件本身已损坏，读出来的内容不可靠", "the database file itself is damaged; what is read from it cannot be relied on"),
}  # fmt: skip
"""What a failed check means to whoever supervises: the record, and what may have been done to it."""

_GONE = ("{what}不见了，可能被删除过", "{what} is gone; it may have been deleted")
_EXTRA = (
    "{what}没有签名记录与它对应，可能是后来塞进去的",
    "nothing signed stands behind {what}; it may have been slipped in",
)
_BACK = ("{what}删除过，却又出现了", "{what} was erased, and is back")
_KEEP = ("请不要据此放行，并保全数据库", "Do not rely on it, and keep the database as it is")
_RECOMPUTE = (
    "签名记录本身由其他各项核验；保全数据库后可用 gengji rebuild 重算",
    "The records themselves are checked apart from it; once the database is kept, gengji rebuild recomputes this",
)

_LAST = {"projection": 1, "database": 2}
"""What only follows from the truth is told behind it, and what SQLite says of its file behind the row it means."""

_RANK = {check: rank for rank, check in enumerate(CHECKS)}
_ID = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Failure:
    """A bad record: ``table`` and ``key`` name it, ``code`` and ``params`` say why, as in ``ledger.errors``."""

    check: str
    table: str
    key: str
    code: str
    params: Mapping[str, str | int]

    def words(self, lang: Lang) -> str:
        """For whoever supervises: which record, what may have been done to it, which check says so, what to do."""
        side = 0 if lang == "zh" else 1
        sentence = {"absent": _GONE, "extra": _EXTRA, "back": _BACK}.get(self.code, SENTENCES[self.check])[side]
        said = sentence.format(what=self._what(side), key=self.key)
        check, todo = CHECKS[self.check][side], (_RECOMPUTE if self.check == "projection" else _KEEP)[side]
        if lang == "zh":
            return f"{said}（未通过的核验：{check}）。{todo}。"
        return f"{said[:1].upper()}{said[1:]} (failed check: {check}). {todo}."

    @property
    def detail(self) -> str:
        """For whoever mends: the error as it is, in no language."""
        return f"{self.table} {self.key}: {LedgerError(self.code, **self.params)}"

    def say(self, lang: Lang) -> str:
        """The words, and behind them the detail."""
        return f"{self.words(lang)}{'技术细节：' if lang == 'zh' else ' Details: '}{self.detail}"

    def _what(self, side: int) -> str:
        key = _ID.sub(lambda found: f"{found[0][:8]}…", self.key)
        if self.table == "disclosures":
            index, _, name = self.key.partition(", ")
            called = wordings.place(f"body.{name}", "en" if side else "zh")
            return f"what record {index} seals in {called}" if side else f"记录 {index} 封存的{called}"
        return f"{TABLES[self.table][side]} {key}{'' if side else ' '}"

    def json(self) -> dict[str, Any]:
        return {
            "check": self.check,
            "table": self.table,
            "key": self.key,
            "code": self.code,
            "params": dict(self.params),
            "text": {"zh": self.words("zh"), "en": self.words("en")},
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome; ``checked`` counts by what was checked, ``bad`` the failures among them."""

    origin: str
    size: int
    root: str
    checked: Mapping[str, int]
    bad: Mapping[str, int]
    failures: tuple[Failure, ...]
    """The first ``NAMED`` of them, in the order of the log, truth before projections."""
    suspect: int = 0
    """How many statements a thief of a key may have signed; they are shown as such, and nothing is wrong with them."""
    missing: tuple[str, ...] = ()
    """Attachments that are named and not here, the first ``NAMED``: not brought yet, or lost, which nobody can tell."""

    @property
    def first(self) -> Failure | None:
        return self.failures[0] if self.failures else None

    @property
    def clean(self) -> bool:
        return not self.failures

    def json(self) -> dict[str, Any]:
        return {
            "origin": self.origin,
            "clean": self.clean,
            "size": self.size,
            "root": self.root,
            "checked": dict(self.checked),
            "bad": dict(self.bad),
            "suspect": self.suspect,
            "missing": list(self.missing),
            "first": self.first.json() if self.first else None,
            "failures": [failure.json() for failure in self.failures],
        }


@dataclass(slots=True)
class Tally:
    """Counts while an audit runs. Failures may come in any order; the first ones of the log are kept."""

    checked: Counter[str] = field(default_factory=Counter)
    bad: Counter[str] = field(default_factory=Counter)
    suspect: int = 0
    missing: list[str] = field(default_factory=list)
    _kept: list[tuple[tuple[int, int, int, int], Failure]] = field(default_factory=list)
    _told: int = 0

    def fail(self, check: str, table: str, key: object, at: int, error: LedgerError | str, **params: str | int) -> None:
        """A bad record; ``at`` is the log index it stands by, which orders the failures."""
        code = error if isinstance(error, str) else error.code
        said = params if isinstance(error, str) else error.params
        self.bad[check] += 1
        self._told += 1
        order = (_LAST.get(check, 0), at, _RANK[check], self._told)
        self._kept.append((order, Failure(check, table, str(key), code, said)))
        if len(self._kept) > 2 * NAMED:
            self._cut()

    def _cut(self) -> None:
        self._kept.sort(key=lambda kept: kept[0])
        del self._kept[NAMED:]

    def report(self, origin: str, size: int, root: str) -> Report:
        self._cut()
        failures = tuple(failure for _, failure in self._kept)
        counts = dict(self.checked), dict(self.bad)
        return Report(origin, size, root, *counts, failures, self.suspect, tuple(self.missing))
