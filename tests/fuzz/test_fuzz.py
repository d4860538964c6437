"""What the hunt found once stays found; and a hunter that found nothing where there is something would be no hunter."""

from pathlib import Path

import pytest

from ledger.errors import LedgerError, Malformed
from tests.fuzz.hunting import KEPT, hunt, keep, shrunk
from tests.fuzz.mutating import mutate, seeded
from tests.fuzz.targets import ACCEPTED, TARGETS, Target

TRIES = 150


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_good_examples_are_taken_and_printed_back(target: Target) -> None:
    good = target.good()
    assert good
    for one in good:
        assert target.judge(one) == ("", ACCEPTED), one[:200]


def test_what_was_found_once_is_found_no_more() -> None:
    targets = {target.name: target for target in TARGETS}
    for path in sorted(KEPT.glob("*/*")):
        assert targets[path.parent.name].judge(path.read_bytes())[0] == "", path


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_short_hunt_finds_nothing(target: Target) -> None:
    found = hunt(target, seeded(f"short {target.name}"), lambda tried: tried < TRIES)
    assert found.faults == {}
    assert found.tried == TRIES
    assert len(found.answers) > 1


def echo(data: bytes) -> bytes:
    """A parser with faults, each behind a check that random bytes do not pass."""
    if not data.startswith(b'{"v":[') or not data.endswith(b"]}"):
        raise Malformed("form")
    inner = data[6:-2]
    if inner.isdigit() and len(inner) < 100:
        return b'{"v":[%d]}' % int(inner)  # leading zeroes
    if b"null" in inner:
        raise KeyError("null")
    raise Malformed("digits")


def test_it_finds_what_there_is_and_makes_it_small(tmp_path: Path) -> None:
    target = Target("faulty", lambda: ['{"v":[1234]}'], echo)
    found = hunt(target, seeded(5), lambda tried: tried < 4000)
    assert set(found.faults) == {"accepted, and printed otherwise", "KeyError"}
    assert found.faults["KeyError"] == b'{"v":[null]}'
    assert len(found.faults["accepted, and printed otherwise"]) == len('{"v":[01]}')
    assert found.answers == {ACCEPTED, "form ", "digits "}
    kept = keep(found, tmp_path)
    assert sorted(path.read_bytes() for path in kept) == sorted(found.faults.values())
    assert {path.parent for path in kept} == {tmp_path / "faulty"}


def test_a_print_that_is_not_read_or_read_as_something_else_is_a_fault() -> None:
    def drifting(data: bytes) -> bytes:
        return data + b"x"

    def once(data: bytes) -> bytes:
        if data.endswith(b"x"):
            raise LedgerError("no")
        return data + b"x"

    assert "something else" in Target("a", lambda: [], drifting, plain=True).judge(b"1")[0]
    assert "not read" in Target("b", lambda: [], once, plain=True).judge(b"1")[0]


def test_mutations_are_the_same_for_the_same_seed_and_change_something() -> None:
    data = b'{"a":[1,2,{"b":"QUJD"}],"c":"x.y.z"}'
    made = [mutate(data, seeded(seed), [b"other"]) for seed in range(300)]
    assert made == [mutate(data, seeded(seed), [b"other"]) for seed in range(300)]
    assert sum(one != data for one in made) > 270
    assert len(set(made)) > 200
    assert mutate(b"", seeded(1)) is not None


def test_shrinking_keeps_what_matters() -> None:
    assert shrunk(b"aaaaXbbbbbbYcc", lambda data: b"X" in data and b"Y" in data) == b"XY"
