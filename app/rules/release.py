"""Who may lift what, and when: the one place where a ground ends by a word and not by the record itself."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from app.batches.page import Page
from app.errors import Conflict
from app.rules.grounds import Ground
from ledger.errors import NotAllowed
from ledger.identity import StatementHash
from ledger.statement import Statement

BY_OWNER = frozenset(("on-hold", "recalled", "interval"))
"""Grounds that whoever made the batch may lift: a hold of its own, and an interval that has since run out."""


def admit_release(
    statement: Statement,
    path: str,
    standing: Sequence[tuple[str, Ground, int]],
    told: Mapping[int, tuple[StatementHash, Statement]],
    page: Page,
    lawful: Mapping[Ground, str],
    *,
    inspector: bool,
) -> None:
    """Hold a release of one batch against the grounds that stop it.

    ``told`` are the statements behind them by first index, ``lawful`` the day from which a ground may be lifted by
    whoever made the batch. Raises Conflict ``held`` where it leaves a ground unanswered, or comes before its day;
    NotAllowed ``release-authority`` where it takes a supervisor.
    """
    answered = set(statement.body["answers"])
    left = [
        code
        for code, (found, _), about in standing
        if not any(index in told and told[index][0] in answered for index in (found, about))
    ]
    if left:
        raise Conflict("held", path=path, has=", ".join(sorted(set(left))), wanted="body.answers")
    if inspector:
        return
    for code, ground, about in standing:
        theirs = told[about][1] if about in told else None
        own = theirs is not None and "inspector" not in page.roles(theirs.actor)
        if code not in BY_OWNER or not own:
            raise NotAllowed("release-authority", path=path, has=code, wanted="inspector")
        if (day := lawful.get(ground)) and _day(statement, page) < day:
            raise Conflict("release-early", path="at", has=_day(statement, page), wanted=day)


def _day(statement: Statement, page: Page) -> str:
    moment = datetime.fromisoformat(statement.at).astimezone(UTC)
    try:
        return moment.astimezone(ZoneInfo(page.registry.time_zone)).date().isoformat()
    except (OverflowError, ValueError):
        return moment.date().isoformat()
