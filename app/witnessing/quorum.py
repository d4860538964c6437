"""k of n witnesses, as ``gengji init`` is told them: from words on a command line to the lines of a policy."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from app.errors import ServiceError
from ledger.checkpoint import VKey
from ledger.errors import LedgerError
from ledger.policy import NONE, Group, Policy, Witness

GROUP = "witnesses"

_OPTION = re.compile(r"(?:([^=\s]+)=)?([^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44})(?:=(https?://[^\s]+))?")


class Quorum(NamedTuple):
    """The part of a policy that is about witnesses, in the order of ``ledger.policy.Policy``."""

    witnesses: tuple[Witness, ...]
    groups: tuple[Group, ...]
    name: str


NOBODY = Quorum((), (), NONE)


def read_witness(text: str) -> Witness:
    """``VKEY=URL``, perhaps with ``NAME=`` before it, for pages. Raises ServiceError ``witness-option``."""
    found = _OPTION.fullmatch(text)
    try:
        if found is not None:
            vkey = VKey.parse(found[2])
            Policy((), (Witness("one", vkey),))
            return Witness(found[1] or vkey.name, vkey, found[3] or "")
    except LedgerError:
        pass
    raise ServiceError("witness-option", has=text[:200], wanted="[NAME=]VKEY=URL")


def k_of_n(witnesses: Sequence[Witness], k: int | None = None) -> Quorum:
    """``k`` of these, more than half if nothing is said. Raises ServiceError ``quorum-option``, or as ``Policy``."""
    n = len(witnesses)
    if k is None:
        k = n // 2 + 1 if n else 0
    if not (1 <= k <= n or k == n == 0):
        raise ServiceError("quorum-option", has=k, wanted=f"1–{n}" if n else "--witness")
    if n == 0:
        return NOBODY
    if n == 1:
        return Quorum((witnesses[0],), (), witnesses[0].name)
    group = Group(GROUP, k, tuple(witness.name for witness in witnesses))
    quorum = Quorum(tuple(witnesses), (group,), GROUP)
    Policy((), *quorum)
    return quorum
