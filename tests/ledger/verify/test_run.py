"""What a crafted bundle may cost who verifies it, and what one that leaves lines out still settles."""

from collections.abc import Iterator
from dataclasses import replace

from ledger import b64u
from ledger.bundle import Consistency
from ledger.verify import CHECKS, verify
from ledger.verify.run import Run
from tests.bundles import bundle_of, daily_heads, pin_of
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


def test_what_the_signers_own_chain_may_hide_is_not_settled() -> None:
    """A revocation would stand there: who leaves out what the daily heads say of that chain settles nothing."""
    world = county()
    lot = harvested(world, planted(world))
    bundle = bundle_of(world, lot, daily=daily_heads(world))
    assert bundle.heads is not None
    assert {step.settled for step in verify(bundle.text(), [pin_of(world)]).steps[:-1]} == {True}
    farm = world.parties["farm"]
    lines = tuple(one for one in bundle.heads.lines if farm not in one.line)
    assert len(lines) == len(bundle.heads.lines) - 1
    hidden = replace(bundle, heads=replace(bundle.heads, lines=lines))
    told = verify(hidden.text(), [pin_of(world)])
    assert [one.record for one in told.remarks if one.code == "uncovered"] == [farm]
    assert told.complete_as_of is None
    assert {step.settled for step in told.steps} == {False}
