"""docs/rules.md: every finding with its law, and how it is cleared. ``python -m app.rules.document`` writes it."""

import re
from collections.abc import Iterator
from pathlib import Path

from app.rules.rulebook import RULES
from ledger.findings import FINDINGS, STOPPING, TITLES

PATH = Path("docs/rules.md")
_HEAD = """# 问题项 · Findings

由 `python -m app.rules.document` 从程序生成，请不要手改。 · Generated from the program; do not edit it.

真实的记录从不因违反规则被拒收：照收，并写明问题项。**暂停**的批次及其去向不能再开合格证、印标签，直到消除；**提示**只供查看。
A true record is never refused for what it breaks: it is recorded with its findings. What is on **hold**, and all that
came of it, gets no certificate and no label until that is cleared; a **flag** is only shown.

限量、间隔期、禁用名录、门槛都是带日期和来源的表：`gengji rules list`。
Limits, intervals, bans and thresholds are dated tables with their sources.
"""
_WHERE = ("按批次判断 · judged of a batch", "随记录判断 · said of a record")


def text() -> str:
    """The document, Chinese first."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _HEAD
    judged = {code for rule in RULES for code in rule.codes}
    for stops, title in ((True, "## 暂停 · Hold"), (False, "## 提示 · Flag")):
        yield f"{title}\n"
        for code in (code for code in FINDINGS if (code in STOPPING) == stops):
            found, (zh, en) = FINDINGS[code], TITLES[code]
            yield f"### `{code}` {zh} · {en}\n"
            yield f"| | 中文 | English |\n|---|---|---|\n| 问题 · what | {_told(found.zh)} | {_told(found.en)} |"
            yield f"| 如何消除 · to clear it | {_told(found.clear_zh)} | {_told(found.clear_en)} |\n"
            law = found.law or "监管提示，没有法条 · a hint for the supervisor, no law"
            yield f"依据 · law: {law}  \n{_WHERE[code not in judged]}\n"


def _told(sentence: str) -> str:
    """With a blank for what each case fills in."""
    return re.sub(r"\{\w+\}", "…", sentence).removeprefix("…：").removeprefix("…: ")


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
