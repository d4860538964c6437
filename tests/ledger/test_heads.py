"""Daily heads: the root is that of the obvious tree, and what is shown convinces of the truth and of nothing else."""

from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import b64u, heads, merkle
from ledger.canonical import dumps
from ledger.errors import BadProof, Malformed
from ledger.heads import CLOCK, ROW, Head, Heads, Known, Lines, parse_line, verify_line
from ledger.identity import ChainId
from ledger.merkle import EMPTY_ROOT, Hash


def digest(name: object) -> bytes:
    return sha256(str(name).encode()).digest()


def chain(name: object) -> ChainId:
    return ChainId(b64u.encode(digest(name)))


def obvious(leaves: list[Hash]) -> Hash:
    """RFC 6962 §2.1, word for word."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return merkle.node_hash(obvious(leaves[:split]), obvious(leaves[split:]))


NOON = 1_772_366_400_000


def walked(names: list[int]) -> Heads:
    """A log in which these chains got an entry, one after the other."""
    grown = Heads()
    seqs: dict[int, int] = {}
    for place, name in enumerate(names):
        seqs[name] = seqs.get(name, -1) + 1
        grown.add(chain(name), digest(f"entry {place}"), seqs[name], NOON + place)
    return grown


def last_of(names: list[int]) -> list[Head]:
    """The slow way: the last entry of each chain, the lines sorted as bytes."""
    found = {}
    for place, name in enumerate(names):
        seq = names[:place].count(name)
        found[name] = Head(chain(name), b64u.encode(digest(f"entry {place}")), seq)
    return sorted(found.values(), key=Head.line)


@given(st.lists(st.integers(0, 40), max_size=120), st.data())
@settings(deadline=None)
def test_lines_are_those_of_the_first_entries_sorted_as_bytes(names: list[int], data: st.DataObject) -> None:
    grown, sizes = walked(names), sorted(data.draw(st.lists(st.integers(0, len(names)), max_size=3)))
    for size in sizes:
        lines, wanted = grown.at(size), last_of(names[:size])
        assert [lines.head(place) for place in range(lines.count)] == wanted
        root = obvious([merkle.leaf_hash(head.line()) for head in wanted])
        assert lines.root == root
        grown.check({"count": len(wanted), "root": b64u.encode(root), "size": size}, NOON)


@given(st.lists(st.integers(0, 60), min_size=1, max_size=60), st.integers(0, 90))
@settings(deadline=None)
def test_every_chain_is_shown_present_or_absent(names: list[int], asked: int) -> None:
    lines = walked(names).at(len(names))
    shown = lines.show(chain(asked))
    verified = [
        (one.position, verify_line(one.line, one.position, lines.count, one.proof, lines.root)) for one in shown
    ]
    found = Known(verified, lines.count).find(chain(asked))
    assert (found is None) == (asked not in names)
    if found is not None:
        assert found in last_of(names)
        assert [head for _, head in verified] == [found]


def test_no_lines_show_everything_absent() -> None:
    lines = Heads().at(0)
    assert (lines.count, lines.root, lines.show(chain(1))) == (0, EMPTY_ROOT, [])
    assert Known([], 0).find(chain(1)) is None


def test_a_line_that_was_changed_or_moved_is_found() -> None:
    lines = walked([*range(21)]).at(21)
    (shown,) = lines.show(chain(7))
    head = parse_line(shown.line)
    other = Head(head.chain, head.head, head.seq + 1).line().decode()
    with pytest.raises(BadProof, match="inclusion"):
        verify_line(other, shown.position, 21, shown.proof, lines.root)
    with pytest.raises(BadProof, match="inclusion"):
        verify_line(shown.line, shown.position ^ 1, 21, shown.proof, lines.root)
    with pytest.raises(BadProof, match="inclusion"):
        verify_line(shown.line, 21, 21, shown.proof, lines.root)


def test_an_absence_needs_both_neighbours() -> None:
    lines = walked([*range(20)]).at(20)
    ordered = [lines.head(place) for place in range(20)]
    gap = next(name for name in range(100, 200) if ordered[4].chain < chain(name) < ordered[5].chain)
    for places in ([4], [5], [3, 5], [4, 6], [], [0, 19]):
        with pytest.raises(BadProof, match="heads-uncovered"):
            Known([(place, ordered[place]) for place in places], 20).find(chain(gap))
    assert Known([(place, ordered[place]) for place in (0, 4, 5, 19)], 20).find(chain(gap)) is None


@pytest.mark.parametrize(("end", "count"), [(0, 20), (19, 20)])
def test_beyond_an_end_one_neighbour_is_enough_and_must_be_the_last(end: int, count: int) -> None:
    lines = walked([*range(20)]).at(20)
    outside = ChainId("-" * 42 + "A") if end == 0 else ChainId("z" * 42 + "w")
    (shown,) = lines.show(outside)
    assert shown.position == end
    assert Known([(end, lines.head(end))], count).find(outside) is None
    with pytest.raises(BadProof, match="heads-uncovered"):
        Known([(10, lines.head(10))], count).find(outside)


def test_a_tree_that_is_not_sorted_shows_nothing() -> None:
    first, second = sorted((Head(chain(name), b64u.encode(digest(0)), 0) for name in range(2)), key=Head.line)
    with pytest.raises(BadProof, match="heads-order"):
        Known([(0, second), (1, first)], 2)
    with pytest.raises(BadProof, match="heads-order"):
        Known([(0, first), (1, first)], 2)


def test_a_line_is_read_as_it_is_printed_and_no_other_way() -> None:
    head = Head(chain(1), b64u.encode(digest(2)), 12)
    assert head.line() == dumps({"chain": head.chain, "head": head.head, "seq": 12})
    assert parse_line(head.line().decode()) == head
    good = head.line().decode()
    for bad in (
        good.replace("12", "-1"),
        good.replace("12", "true"),
        good.replace("12", '"12"'),
        good.replace(head.chain, head.chain[:-1]),
        good.replace(head.head, head.head + "AA"),
        good.replace('"seq"', '"n"'),
        good.replace("}", ',"x":1}'),
        good + " ",
        "[]",
        "",
    ):
        with pytest.raises(Malformed):
            parse_line(bad)


def test_a_false_root_or_count_is_named() -> None:
    grown = walked([1, 2, 1])
    root = b64u.encode(grown.at(3).root)
    for body, path in (
        ({"count": 3, "root": root, "size": 3}, "body.count"),
        ({"count": 2, "root": chain(0), "size": 3}, "body.root"),
    ):
        with pytest.raises(BadProof, match="heads:") as caught:
            grown.check(body, NOON)
        assert caught.value.params["path"] == path
    grown.check({"count": 2, "root": root, "size": 3}, NOON)


def test_heads_of_today_do_not_leave_out_what_came_yesterday() -> None:
    """Or a bundle would be complete as of today without it."""
    names = [1, 2, 1]
    body: dict[str, Any] = {"count": 2, "root": b64u.encode(walked(names).at(2).root), "size": 2}
    grown = walked(names)
    grown.check(body, NOON + 2 + CLOCK)
    with pytest.raises(BadProof, match="heads-late"):
        grown.check(body, NOON + 3 + CLOCK)
    # Where nothing is left out, or nobody knows when it came, any time will do.
    quiet = walked(names)
    quiet.skip()
    whole = {**body, "root": b64u.encode(walked(names).at(3).root), "size": 3}
    quiet.check(whole, NOON + 10 * CLOCK)
    walked(names).check(whole, NOON + 10 * CLOCK)


def test_sizes_never_fall_and_never_run_ahead() -> None:
    grown = walked([1, 2, 3])
    grown.at(2)
    for size in (1, 4):
        with pytest.raises(BadProof, match="heads-size") as caught:
            grown.at(size)
        assert caught.value.params == {"path": "body.size", "has": size, "wanted": "2 to 3"}


def test_a_lost_entry_counts_and_says_nothing() -> None:
    grown = walked([1])
    grown.skip()
    grown.add(chain(2), digest("entry 2"), 0)
    assert (grown.size, grown.at(3).count) == (3, 2)


def test_what_lies_far_behind_can_no_longer_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "WINDOW", 8)
    monkeypatch.setattr(heads, "_STEP", 8)
    names = [place % 5 for place in range(16)]
    assert walked(names[:15]).at(0).count == 0
    grown = walked(names)
    with pytest.raises(BadProof, match="heads-size"):
        grown.at(7)
    assert [grown.at(8).head(place) for place in range(5)] == last_of(names[:8])


def test_many_chains_are_kept_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "_BLOCK", 4 * ROW)
    monkeypatch.setattr(heads, "_STEP", 16)
    names = [place * 7 % 61 for place in range(200)]
    grown = walked(names)
    lines = grown.at(200)
    assert [lines.head(place) for place in range(lines.count)] == last_of(names)
    grown.check({"count": 61, "root": b64u.encode(lines.root), "size": 200}, NOON)


def test_lines_kept_elsewhere_are_the_same_lines_and_damage_is_seen() -> None:
    lines = walked([*range(50)]).at(50)
    assert Lines(lines.rows, lines.nodes).root == lines.root
    for rows, nodes in ((lines.rows[:-1], lines.nodes), (lines.rows, lines.nodes[:-32]), (lines.rows[ROW:], b"")):
        with pytest.raises(Malformed, match="heads-rows"):
            Lines(rows, nodes)
