"""What an import or a run of the rules came to, as it is said on the screen and as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from sqlalchemy import Connection, select

from app.rules.running import Change, Ran
from app.stored import chunks
from app.tables import batches
from ledger.identity import ChainId, TraceCode, grouped

SHOWN = 10
"""So many rows, or batches, are named; the rest is counted."""

_ROWS = {
    "added": ("新增", "added"),
    "ended": ("到期", "ended"),
    "changed": ("改动", "changed"),
    "removed": ("删去", "removed"),
}


def tell_import(console: Console, side: int, told: Mapping[str, Any]) -> None:
    """``told``: table, version (None where nothing changed), rows, demonstration, and the rows of a ``Diff``."""
    table, version, rows, demonstration = (told[name] for name in ("table", "version", "rows", "demonstration"))
    if version is None:
        console.print((f"{table}：与最新一版相同", f"{table}: the same as its newest version")[side])
    else:
        said = (
            f"{table}：第 {version} 版，{rows} 行，其中示例 {demonstration} 行",
            f"{table}: version {version}, {_counted(rows, 'row')}, {demonstration} of them examples",
        )
        console.print(said[side])
    for name, called in _ROWS.items():
        if lines := told[name]:
            console.print((f"  {called[0]} {len(lines)} 行", f"  {_counted(len(lines), 'row')} {called[1]}")[side])
            _some(console, side, lines)


def tell_run(console: Console, side: int, ran: Ran, codes: Mapping[ChainId, TraceCode]) -> None:
    """How many findings opened and closed, by code, and the first batches by their trace codes."""
    comma = ("、", ", ")[side]
    tables = comma.join(f"{name} v{version}" for name, version in ran.tables.items())
    said = (
        f"第 {ran.run} 次运行：重新判断 {ran.statements} 条记录" + (f"，启用 {tables}" if tables else ""),
        f"Run {ran.run}: {_counted(ran.statements, 'record')} judged again"
        + (f", in force now: {tables}" if tables else ""),
    )
    console.print(said[side])
    for change, words in (("opened", ("新出现", "opened")), ("closed", ("消失", "closed"))):
        counts = ran.count(change)
        by_code = comma.join(f"{code} {count}" for code, count in sorted(counts.items()))
        said = (f"{words[0]} {counts.total()} 个问题项", f"{_counted(counts.total(), 'finding')} {words[1]}")
        console.print(said[side] + (("：", ": ")[side] + by_code if by_code else ""))
        about = dict.fromkeys(each.batch for each in ran.changes if each.change == change)
        _some(console, side, [grouped(codes[batch]) for batch in about if batch is not None])


def ran_json(ran: Ran, codes: Mapping[ChainId, TraceCode]) -> dict[str, Any]:
    return {
        "run": ran.run,
        "tables": ran.tables,
        "statements": ran.statements,
        "opened": ran.count("opened"),
        "closed": ran.count("closed"),
        "changes": [
            asdict(each) | {"trace_code": None if each.batch is None else codes[each.batch]} for each in ran.changes
        ],
    }


def codes_of(connection: Connection, log_id: int, changes: Sequence[Change]) -> dict[ChainId, TraceCode]:
    """The trace codes of the batches that changes are about."""
    found: dict[ChainId, TraceCode] = {}
    for some in chunks(list(dict.fromkeys(each.batch for each in changes if each.batch is not None))):
        query = select(batches.c.chain, batches.c.code).where(batches.c.log_id == log_id, batches.c.chain.in_(some))
        found.update((chain, TraceCode(code)) for chain, code in connection.execute(query))
    return found


def _some(console: Console, side: int, lines: Sequence[str]) -> None:
    for line in lines[:SHOWN]:
        console.print(f"    {line}")
    if len(lines) > SHOWN:
        console.print((f"    …… 共 {len(lines)}", f"    … {len(lines)} in all")[side])


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
