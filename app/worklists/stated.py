"""Worklists of what was stated and not yet answered: shipments, samples, inspections, recalls."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from app.batches.corrections import corrections_on, effective
from app.handover import shipments
from app.recalls.service import Recalls
from app.stored import chunks
from app.tables import entries, statements
from app.worklists.task import Asking, Key, Task, working_days
from ledger import wordings
from ledger.identity import ChainId
from ledger.statement import Statement, parse

AT_ONCE = 200
NEAR = timedelta(days=7)
"""So long before its day an inspection's task is listed."""

_LAB_DAYS = {"agriculture": "lab-days-agri", "market": "lab-days-food"}


def unanswered(asking: Asking, after: Key) -> Iterator[Task]:
    """Shipments past their planned arrival that nobody has answered, for both ends."""
    told = (asking.connection, asking.log_id, asking.names)
    if asking.staff:
        found = shipments.watched(*told, asking.mine, asking.moment, "late", after[0])
    else:
        mine = shipments.of_party(*told, asking.party, asking.moment, "late", after[0], at=("sender", "receiver"))
        found = iter(mine)
    for one in found:
        if not asking.any_mine(one.sender.id, one.receiver.id):
            continue
        goods = one.waiting
        said = {
            lang: apart.join(_said(good, lang) for good in goods[:2]) + ("…" if len(goods) > 2 else "")
            for lang, apart in (("zh", "、"), ("en", ", "))
        }
        text = {
            "zh": f"{one.sender.zh}发给{one.receiver.zh}的货没有答复：{said['zh']}",
            "en": f"Nobody answered for the goods from {one.sender.en} to {one.receiver.en}: {said['en']}",
        }
        code, until = goods[0].batch.code if goods else None, one.planned_arrival
        href, late = f"/desk/shipments/{one.statement}", asking.late(one.planned_arrival)
        yield Task((one.index, 0), text, one.receiver, code, one.at, until, late, href)


def _said(good: shipments.Good, lang: Any) -> str:
    return f"{good.batch.name.say(lang)} {wordings.quantity({'unit': good.unit, 'value': good.amount}, lang)}"


def results(asking: Asking, after: Key) -> Iterator[Task]:
    """Samples without a test that names them: a laboratory has so many working days, by the side that took them."""
    for page in _pages(asking, "sample", after[0]):
        tests = _on_chains(asking, "test", {chain for one, _ in page.values() for chain in one.on})
        batches = asking.batches(chain for one, _ in page.values() for chain in one.on)
        for index, (one, body) in page.items():
            number, on = body["sample_no"], [batches[chain] for chain in one.on if chain in batches]
            if not on or any(test["sample_no"] == number for chain in one.on for _, _, test in tests[chain]):
                continue
            if not asking.any_mine(one.actor, body.get("holder"), *(batch.producer.id for batch in on)):
                continue
            office = asking.names.registry.parties.get(one.actor) if one.actor else None
            side = office.profile.get("side", "") if office else ""
            day = asking.day(one.at)
            term = asking.tables.term(_LAB_DAYS.get(side, "lab-days-agri"), day)
            until = working_days(day, term.value).isoformat() if term else None
            name = on[0].name
            text = {
                "zh": f"{name.zh}抽样（样品 {number}）还没有检测结果",
                "en": f"The sample {number} of {name.en} has no result yet",
            }
            party = asking.names.party(one.actor) if one.actor else None
            href, late = asking.page_of(on[0]), asking.late(until)
            yield Task((index, 0), text, party, on[0].code, one.at, until, late, href)


def inspections(asking: Asking, after: Key) -> Iterator[Task]:
    """What an inspection wants put right, once its day is near, until a later one of the goods finds all in order."""
    near = (asking.today + NEAR).isoformat()
    for page in _pages(asking, "inspect", after[0]):
        later = _on_chains(asking, "inspect", {chain for one, _ in page.values() for chain in one.on})
        batches = asking.batches(chain for one, _ in page.values() for chain in one.on)
        for index, (one, body) in page.items():
            due, on = body.get("due"), [batches[chain] for chain in one.on if chain in batches]
            if body["result"] != "rectify" or due is None or due > near or not on:
                continue
            if any(at > index and said["result"] == "pass" for chain in one.on for at, _, said in later[chain]):
                continue
            party = body.get("party") or on[0].producer.id
            if not asking.any_mine(party, one.actor):
                continue
            what = body.get("remarks", "")
            text = {
                "zh": f"{asking.names.party(party).zh}须整改（任务 {body['task']}）{'：' if what else ''}{what}",
                "en": f"{asking.names.party(party).en} has to put something right (task {body['task']})"
                f"{': ' if what else ''}{what}",
            }
            href, late = asking.page_of(on[0]), asking.late(due)
            yield Task((index, 0), text, asking.names.party(party), on[0].code, one.at, due, late, href)


def recalls(calls: Recalls, asking: Asking, after: Key) -> Iterator[Task]:
    """Recalls and drills whose deadline has passed, with whoever has not answered."""
    for call in reversed(calls.unended(None if asking.staff else asking.party)):
        late = asking.late(call.deadline)
        if late is None or call.index < after[0]:
            continue
        sides = calls.standing(call.statement, None if asking.staff else asking.party).sides
        waiting = [side for side in sides if side.asked and side.answered is None and asking.any_mine(side.party.id)]
        for line, side in enumerate(sorted(waiting, key=lambda one: one.party.id)):
            if (call.index, line) <= after:
                continue
            zh, en = ("召回", "recall") if call.kind == "recall" else ("召回演练", "recall drill")
            text = {
                "zh": f"{side.party.zh}还没有反馈{zh}：{call.reason}",
                "en": f"{side.party.en} has not answered the {en}: {call.reason}",
            }
            href = f"/audit/recalls/{call.statement}" if asking.staff else "/desk/recalls"
            code = side.lots[0].code if side.lots else None
            yield Task((call.index, line), text, side.party, code, call.at, call.deadline, late, href)


# --- what is stored ------------------------------------------------------------------------------------------------


def _pages(asking: Asking, kind: str, after: int) -> Iterator[dict[int, tuple[Statement, Mapping[str, Any]]]]:
    """The statements of a kind as they stand, a page at a time and oldest first; those taken back are left out."""
    while True:
        query = (
            select(statements.c.first_index, statements.c.jws)
            .where(statements.c.log_id == asking.log_id, statements.c.kind == kind, statements.c.first_index > after)
            .order_by(statements.c.first_index)
            .limit(AT_ONCE)
        )
        rows = {index: parse(jws) for index, jws in asking.connection.execute(query)}
        yield _standing(asking, rows)
        if len(rows) < AT_ONCE:
            return
        after = max(rows)


def _standing(asking: Asking, rows: Mapping[int, Statement]) -> dict[int, tuple[Statement, Mapping[str, Any]]]:
    targets = {chain for one in rows.values() for chain in one.targets}
    corrections = corrections_on(asking.connection, asking.log_id, targets)
    found = {}
    for index, one in rows.items():
        body, void = effective(one, [each for each, _ in corrections.get(one.hash, ())])
        if not void:
            found[index] = (one, body)
    return found


def _on_chains(
    asking: Asking, kind: str, chains: Collection[ChainId]
) -> defaultdict[ChainId, list[tuple[int, Statement, Mapping[str, Any]]]]:
    """The statements of a kind that stand on these chains."""
    rows: dict[int, Statement] = {}
    for some in chunks(sorted(chains)):
        query = (
            select(statements.c.first_index, statements.c.jws)
            .join(
                entries, (entries.c.log_id == statements.c.log_id) & (entries.c.first_index == statements.c.first_index)
            )
            .where(statements.c.log_id == asking.log_id, statements.c.kind == kind, entries.c.chain.in_(some))
        )
        rows |= {index: parse(jws) for index, jws in asking.connection.execute(query.distinct())}
    by: defaultdict[ChainId, list[tuple[int, Statement, Mapping[str, Any]]]] = defaultdict(list)
    for index, (one, body) in sorted(_standing(asking, rows).items()):
        for chain in one.targets:
            by[chain].append((index, one, body))
    return by
