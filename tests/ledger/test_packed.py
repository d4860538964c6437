"""Packed keys: the same answers as a dict, whatever the keys."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.packed import Packed


@given(st.lists(st.binary(min_size=9, max_size=9)))
def test_keys_are_numbered_as_they_come(keys: list[bytes]) -> None:
    packed, plain = Packed(9), dict[bytes, int]()
    for key in keys:
        assert packed.find(key) == plain.get(key)
        assert packed.add(key) == (key not in plain)
        plain.setdefault(key, len(plain))
    assert len(packed) == len(plain)
    assert {key: packed.find(key) for key in plain} == plain


@pytest.mark.parametrize("width", [4, 8, 16])
def test_many_keys_and_keys_that_end_alike(width: int) -> None:
    keys = [sha256(b"%d" % number).digest()[:width] for number in range(2000)]
    if width > 8:
        keys += [number.to_bytes(width - 8) + bytes(8) for number in range(1, 300)]
    packed = Packed(width)
    assert all(map(packed.add, keys))
    assert not any(map(packed.add, keys))
    assert [packed.find(key) for key in keys] == [*range(len(keys))]
    assert packed.find(b"\xff" * width) is None
