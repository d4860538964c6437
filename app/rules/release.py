"""Who may lift what, and when: the one place where a ground ends by a word and not by the record itself."""

from collections.abc import Mapping, Sequence
from datetime import date

from app.errors import Conflict
from app.rules.grounds import Ground
from app.rules.kernel import Judged
from ledger.errors import NotAllowed
from ledger.identity import StatementHash
from ledger.statement import Statement

BY_OWNER = frozenset(("on-hold", "recalled", "interval"))
"""Grounds that whoever stated what they rest on may lift: a hold of its own, and an interval that has since run out."""

BY_NAME = frozenset(("cold-chain", "cold-reading"))
"""What only shows, and whoever made the goods may settle by a named person's word; all else, a supervisor."""

_SAYING = ("name", "items")
"""What a finding says was there; with more or other of it, it is another."""


def admit_release(
    statement: Statement,
    path: str,
    standing: Sequence[tuple[str, Ground, int]],
    told: Mapping[int, tuple[StatementHash, Statement]],
    lawful: Mapping[Ground, str],
    on: date,
    *,
    inspector: bool,
) -> None:
    """Hold a release of one batch, stated ``on`` a day, against the grounds that stop it.

    ``told`` are the statements behind them by first index, ``lawful`` the day from which a ground may be lifted by
    whoever made the batch. Raises Conflict ``held`` where it leaves a ground unanswered, ``release-early`` where it
    comes before its day; NotAllowed ``release-authority`` where it is somebody else's to lift.
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
        if code not in BY_OWNER or about not in told or told[about][1].actor != statement.actor:
            raise NotAllowed("release-authority", path=path, has=code, wanted="inspector")
        if (day := lawful.get(ground)) and on.isoformat() < day:
            raise Conflict("release-early", path="at", has=on.isoformat(), wanted=day)


def covers(released: Mapping[str, str], judged: Judged) -> bool:
    """Whether the word that lifted one finding holds for what is found now of the same statement.

    A word of reason corrected, or less of it, is no news; a later day, or another substance, is.
    """
    if judged.code in ("on-hold", "recalled"):
        return True
    if "lawful" in judged.params:
        return judged.params["lawful"] <= released["lawful"]
    if judged.code == "certificate-parents":
        return int(judged.params["count"]) <= int(released["count"])
    return all(judged.params.get(name) == released.get(name) for name in _SAYING)
