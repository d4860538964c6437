"""Who looks, and what they may therefore read: every field is shown by its audience (records §1).

anyone            public
party             public, trade for batches it holds or held, everything of its own statements
inspector         public, trade, regulator
auditor           as an inspector, and changes nothing
"""

from collections.abc import Collection
from dataclasses import dataclass

from ledger.identity import ChainId
from ledger.records import Audience

ACCOUNT_ROLES = {
    "member": ("工作人员", "member of a party"),
    "manager": ("主体管理员", "manager of a party"),
    "inspector": ("监督人员", "inspector"),
    "auditor": ("审计人员", "auditor, read only"),
}
STAFF = frozenset(("inspector", "auditor"))


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person who has signed in; ``division`` and ``side`` say which part of the county a supervisor sees."""

    account_id: str
    login: str
    name: str
    party: ChainId
    role: str
    division: str
    side: str
    csrf: str

    @property
    def staff(self) -> bool:
        return self.role in STAFF


def audiences(
    viewer: Viewer | None, actors: Collection[ChainId | None], holders: Collection[ChainId]
) -> frozenset[Audience]:
    """The audiences of ``viewer`` for a statement by ``actors`` about batches that ``holders`` hold or held."""
    if viewer is None:
        return frozenset(("public",))
    if viewer.party in actors:
        return frozenset(("public", "trade", "regulator", "owner"))
    if viewer.staff:
        return frozenset(("public", "trade", "regulator"))
    return frozenset(("public", "trade")) if viewer.party in holders else frozenset(("public",))
