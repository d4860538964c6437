"""What a crafted bundle may cost who verifies it: each part of it is looked through once, however often it is asked."""

from collections.abc import Iterator
from dataclasses import replace

from ledger import b64u
from ledger.bundle import Consistency
from ledger.verify import CHECKS
from ledger.verify.run import Run
from tests.bundles import bundle_of, pin_of
from tests.world import county, harvested, planted


class Counted(tuple[Consistency, ...]):
    """Counts how often somebody walks along it."""

    walks = 0

    def __iter__(self) -> Iterator[Consistency]:
        self.walks += 1
        return super().__iter__()


def test_the_proofs_are_looked_through_once_for_all_that_signers_saw() -> None:
    world = county()
    lot = harvested(world, planted(world))
    for _ in range(20):
        head = world.checkpoint()
        seen = (head.size, b64u.encode(head.root))
        world.put(world.statement("observe", "farm", {"growth_stage": "转色"}, [lot], seen=seen))
    bundle = bundle_of(world, lot)
    proofs = Counted(bundle.consistency)
    assert len(proofs) == 20
    pin = pin_of(world)
    Run(replace(bundle, consistency=proofs), bundle.text().encode(), {pin.origin: pin}, CHECKS[1:]).verdict()
    assert proofs.walks == 1
