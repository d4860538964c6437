"""Worklists of findings that stay open: retests due, certificates due, holds whose day has passed."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from sqlalchemy import Row, and_, or_, select

from app.batches.corrections import corrections_on, effective
from app.batches.views import BatchView
from app.tables import findings, statements
from app.worklists.task import Asking, Key, Task, after_hours
from ledger.identity import ChainId
from ledger.statement import Statement, parse

AT_ONCE = 200


def retests(asking: Asking, after: Key) -> Iterator[Task]:
    """农产品质量安全法 (2022) 第三十九条: what failed a rapid test is retested within hours, by a laboratory."""
    for row, params, about, batch in _open(asking, "rapid-failed", after):
        if not asking.any_mine(batch.producer.id, about.actor):
            continue
        term = asking.tables.term("retest-hours", asking.day(about.at))
        until = after_hours(about.at, term.value) if term else None
        name, sample = batch.name, params["sample"]
        text = {
            "zh": f"{name.zh}快速检测不合格，须送实验室复检（样品 {sample}）",
            "en": f"{name.en} failed a rapid test: have a laboratory test it again (sample {sample})",
        }
        href, late = asking.page_of(batch), asking.late(until)
        yield Task((row.first_index, row.line), text, batch.producer, batch.code, about.at, until, late, href)


def certificates(asking: Asking, after: Key) -> Iterator[Task]:
    """承诺达标合格证: goods that were handed to a buyer and have none."""
    for row, params, about, batch in _open(asking, "certificate-due", after):
        party = params["party"]
        if not asking.any_mine(party):
            continue
        href = asking.page_of(batch) if asking.staff else f"/desk/certificates/{batch.code}"
        text = {
            "zh": f"{batch.name.zh}已发给买方，还没有开合格证",
            "en": f"{batch.name.en} was sent to a buyer without a certificate",
        }
        key, late = (row.first_index, row.line), asking.late(about.at)
        yield Task(key, text, asking.names.party(party), batch.code, about.at, None, late, href)


def holds(asking: Asking, after: Key) -> Iterator[Task]:
    """Holds that were to last until a day that has passed: they don't end by themselves."""
    told = set[int]()
    for row, _, about, batch in _open(asking, "on-hold", after):
        if row.about in told or not asking.any_mine(about.actor, batch.producer.id):
            continue
        corrections = corrections_on(asking.connection, asking.log_id, about.targets).get(about.hash, ())
        until = effective(about, [one for one, _ in corrections]).body.get("until")
        late = asking.late(until)
        if late is None:
            continue
        told.add(row.about)
        others = len(about.targets) - 1
        text = {
            "zh": f"{batch.name.zh}{f'等 {others + 1} 批' if others else ''}的暂停到期，还没有处理",
            "en": f"The hold on {batch.name.en}{f' and {others} more' if others else ''} has outlasted its day",
        }
        party = asking.names.party(about.actor) if about.actor else None
        href = f"{asking.page_of(batch)}/measures?kind=release" if asking.staff else asking.page_of(batch)
        yield Task((row.first_index, row.line), text, party, batch.code, about.at, until, late, href)


def _open(asking: Asking, code: str, after: Key) -> Iterator[tuple[Row[Any], Mapping[str, str], Statement, BatchView]]:
    """The open findings of a code, oldest first: row, particulars, the statement that it is about, the batch."""
    while True:
        index, line = after
        behind = or_(findings.c.first_index > index, and_(findings.c.first_index == index, findings.c.line > line))
        query = (
            select(findings, statements.c.jws)
            .join(
                statements, (statements.c.log_id == findings.c.log_id) & (statements.c.first_index == findings.c.about)
            )
            .where(findings.c.log_id == asking.log_id, findings.c.code == code, findings.c.closed.is_(None), behind)
            .order_by(findings.c.first_index, findings.c.line)
            .limit(AT_ONCE)
        )
        rows = asking.connection.execute(query).all()
        batches = asking.batches(ChainId(row.batch) for row in rows if row.batch)
        for row in rows:
            if row.batch in batches:
                yield row, orjson.loads(row.params), parse(row.jws), batches[ChainId(row.batch)]
        if len(rows) < AT_ONCE:
            return
        after = rows[-1].first_index, rows[-1].line
