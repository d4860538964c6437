"""Of which parties somebody sees the affairs: a supervisor of those in his division, on his side of the gate."""

from collections.abc import Callable

from app.notices.events import supervises
from app.viewing import Viewer
from ledger.identity import ChainId
from ledger.registry import Registry


def sees(viewer: Viewer, registry: Registry) -> Callable[[ChainId], bool]:
    """Whether a party's tasks and shipments are this viewer's to see unasked: its own, and whom it supervises."""

    def seen(party: ChainId) -> bool:
        if party == viewer.party:
            return True
        known = registry.parties.get(party) if viewer.staff else None
        if known is None or not {"division", "side"} <= known.profile.keys():
            return False
        return supervises(viewer.division, viewer.side, known.profile)

    return seen
