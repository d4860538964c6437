"""Entries: one text each, read strictly, hashed as a leaf."""

from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import b64u, entry
from ledger.canonical import Json, dumps
from ledger.entry import Entry
from ledger.errors import Malformed
from ledger.identity import ChainId, StatementHash

HASH = b64u.encode(bytes(range(32)))
FIRST = Entry(ChainId(HASH), None, 1_772_323_200_000, 0, StatementHash(HASH))
SECOND = replace(FIRST, prev=HASH, seq=1)


def value_of(e: Entry) -> dict[str, Json]:
    return {"chain": e.chain, "prev": e.prev, "received": e.received, "seq": e.seq, "statement": e.statement}


@pytest.mark.parametrize("one", [FIRST, SECOND])
def test_the_text_is_canonical_and_reads_back(one: Entry) -> None:
    assert one.text().encode() == dumps(value_of(one))
    assert entry.parse(one.text()) == one
    assert one.hash() == sha256(b"\x00" + one.text().encode()).digest()


@pytest.mark.parametrize(
    "change",
    [
        {"prev": HASH},  # a first entry has none before it
        {"seq": 1},  # a later one has
        {"seq": -1, "prev": HASH},
        {"received": -1},
        {"received": True},
        {"seq": False},
        {"received": "1"},
        {"chain": None},
        {"chain": HASH[:-1]},
        {"statement": HASH[:-1] + "9"},
        {"prev": HASH + "A", "seq": 1},
        {"more": 1},
    ],
)
def test_what_is_no_entry(change: dict[str, Json]) -> None:
    with pytest.raises(Malformed):
        entry.parse(dumps({**value_of(FIRST), **change}).decode())


def test_a_missing_name_is_refused() -> None:
    for name in value_of(FIRST):
        with pytest.raises(Malformed):
            entry.parse(dumps({n: v for n, v in value_of(FIRST).items() if n != name}).decode())


@given(st.data())
def test_a_changed_character_is_refused_or_another_entry(data: st.DataObject) -> None:
    text = SECOND.text()
    place = data.draw(st.integers(0, len(text) - 1))
    other = text[:place] + data.draw(st.characters(max_codepoint=127)) + text[place + 1 :]
    try:
        read = entry.parse(other)
    except Malformed:
        return
    assert read.text() == other
    assert (read == SECOND) == (other == text)
