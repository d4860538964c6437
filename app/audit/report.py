"""What an audit says: how much it looked at, how much of that is bad, and which record is the first bad one."""

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
    "statement": ("记录内容", "statements"),
    "signature": ("签名", "signatures"),
    "registry": ("签名人的资格", "who may sign"),
    "record": ("记录项目", "fields"),
    "notebook": ("签名簿", "notebooks"),
    "seen": ("签名人见过的总账", "what signers had seen"),
    "disclosure": ("封存内容", "sealed fields"),
    "entry": ("批次链", "chains"),
    "inclusion": ("总账收录", "inclusion in the log"),
    "tree": ("总账的树", "the log's tree"),
    "checkpoint": ("检查点", "checkpoints"),
    "lock": ("检查点锁", "the lock"),
    "projection": ("派生账", "projections"),
}
"""What is checked, as it is called in Chinese and English; also the order in which failures of one place are told."""

TABLES: Mapping[str, tuple[str, str]] = {
    "logs": ("总账表", "log"),
    "statements": ("记录", "statement"),
    "entries": ("账目", "entry"),
    "tile_hashes": ("树哈希", "tile hash"),
    "checkpoints": ("检查点", "checkpoint"),
    "disclosures": ("封存内容", "disclosure"),
    "named": ("名称", "name"),
    "batches": ("批次", "batch"),
    "lineage": ("谱系", "lineage"),
    "postings": ("过账", "posting"),
    "shipments": ("发货", "shipment"),
    "findings": ("问题项", "finding"),
    "lock": ("检查点锁", "lock"),
}

_RANK = {check: rank for rank, check in enumerate(CHECKS)}


@dataclass(frozen=True, slots=True)
class Failure:
    """A bad record: ``table`` and ``key`` name it, ``code`` and ``params`` say why, as in ``ledger.errors``."""

    check: str
    table: str
    key: str
    code: str
    params: Mapping[str, str | int]

    def say(self, lang: Lang) -> str:
        """One sentence: which record, then what is wrong with it."""
        said = wordings.say((self.code, self.params), lang)
        table = TABLES[self.table]
        return f"{table[0]} {self.key}：{said}" if lang == "zh" else f"{table[1]} {self.key}: {said}"

    def json(self) -> dict[str, Any]:
        return {
            "check": self.check,
            "table": self.table,
            "key": self.key,
            "code": self.code,
            "params": dict(self.params),
            "text": {"zh": self.say("zh"), "en": self.say("en")},
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
            "first": self.first.json() if self.first else None,
            "failures": [failure.json() for failure in self.failures],
        }


@dataclass(slots=True)
class Tally:
    """Counts while an audit runs. Failures may come in any order; the first ones of the log are kept."""

    checked: Counter[str] = field(default_factory=Counter)
    bad: Counter[str] = field(default_factory=Counter)
    _kept: list[tuple[tuple[int, int, int, int], Failure]] = field(default_factory=list)
    _told: int = 0

    def fail(self, check: str, table: str, key: object, at: int, error: LedgerError | str, **params: str | int) -> None:
        """A bad record; ``at`` is the log index it stands by, which orders the failures."""
        code = error if isinstance(error, str) else error.code
        said = params if isinstance(error, str) else error.params
        self.bad[check] += 1
        self._told += 1
        order = (check == "projection", at, _RANK[check], self._told)
        self._kept.append((order, Failure(check, table, str(key), code, said)))
        if len(self._kept) > 2 * NAMED:
            self._cut()

    def _cut(self) -> None:
        self._kept.sort(key=lambda kept: kept[0])
        del self._kept[NAMED:]

    def report(self, origin: str, size: int, root: str) -> Report:
        self._cut()
        failures = tuple(failure for _, failure in self._kept)
        return Report(origin, size, root, dict(self.checked), dict(self.bad), failures)
