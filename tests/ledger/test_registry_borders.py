"""Whether a statement is valid is decided by its place in the log alone; clocks say nothing."""

import pytest

from ledger.errors import LedgerError
from ledger.statement import Statement
from tests.borders import BORDERS, LIES, Border, clock_wrong_by, on, registers, taken_back
from tests.world import World, proven, secret


def refused(world: World, statement: Statement) -> str:
    size = len(world.entries)
    with pytest.raises(LedgerError) as caught:
        world.put(statement)
    assert len(world.entries) == size
    taken_back(world, statement)
    return caught.value.code


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("border", BORDERS, ids=str)
def test_from_the_index_behind_what_gives_it_to_the_one_that_takes_it(world: World, border: Border, lie: int) -> None:
    with clock_wrong_by(world, lie):
        before = border.probe(world)
    assert refused(world, before) == border.before
    given = world.put(border.gives(world))
    with clock_wrong_by(world, lie):
        first = border.probe(world)
    assert world.put(first) == given + 1
    with clock_wrong_by(world, -lie):
        last = border.probe(world)
    assert world.put(last) == given + 2
    assert world.put(border.takes(world)) == given + 3
    with clock_wrong_by(world, lie):
        after = border.probe(world)
    assert refused(world, after) == border.after


def test_a_key_can_not_bring_in_itself(world: World) -> None:
    farm = world.parties["farm"]
    world.devices["second"] = type(world.devices["farm"])(secret("second"), farm)
    own = on(world, "farm", "key.add", "second", **proven(secret("second"), farm, world.log))
    assert refused(world, own) == "key-unknown"


@pytest.mark.parametrize("lie", LIES)
def test_a_root_act_counts_from_its_second_statement(world: World, lie: int) -> None:
    first = on(world, "coop", "role.grant", "root", role="registrar")
    world.put(first)
    assert refused(world, registers(world)) == "signer"
    second = world.put(on(world, "coop", "role.grant", "root-2", confirms=first.hash))
    with clock_wrong_by(world, lie):
        one = registers(world)
    assert world.put(one) == second + 1
    end = on(world, "coop", "role.end", "root-3", role="registrar")
    world.put(end)
    world.put(registers(world))
    world.put(on(world, "coop", "role.end", "root", confirms=end.hash))
    with clock_wrong_by(world, lie):
        late = registers(world)
    assert refused(world, late) == "signer"
