import json
from base64 import b64decode
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import merkle
from ledger.errors import BadProof
from ledger.merkle import EMPTY_ROOT, Hash, NodeId, leaf_hash, node_hash

LEAVES = [leaf_hash(b"%d" % number) for number in range(2000)]
sizes = st.one_of(st.integers(1, 40), st.integers(250, 260), st.integers(505, 520), st.integers(1, 2000))


def slow_root(leaves: Sequence[Hash]) -> Hash:
    """RFC 6962 §2.1 word for word."""
    if len(leaves) < 2:
        return leaves[0] if leaves else EMPTY_ROOT
    split = _split(len(leaves))
    return node_hash(slow_root(leaves[:split]), slow_root(leaves[split:]))


def slow_path(index: int, leaves: Sequence[Hash]) -> list[Hash]:
    """RFC 6962 §2.1.1."""
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*slow_path(index, leaves[:split]), slow_root(leaves[split:])]
    return [*slow_path(index - split, leaves[split:]), slow_root(leaves[:split])]


def slow_consistency(old: int, leaves: Sequence[Hash], whole: bool = True) -> list[Hash]:
    """RFC 6962 §2.1.2, SUBPROOF."""
    if old == len(leaves):
        return [] if whole else [slow_root(leaves)]
    split = _split(len(leaves))
    if old <= split:
        return [*slow_consistency(old, leaves[:split], whole), slow_root(leaves[split:])]
    return [*slow_consistency(old - split, leaves[split:], False), slow_root(leaves[:split])]


def _split(size: int) -> int:
    half = 1
    while half * 2 < size:
        half *= 2
    return half


class Store:
    """Nodes of LEAVES; counts how often it was asked."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, nodes: list[NodeId]) -> list[Hash]:
        self.calls += 1
        return [slow_root(LEAVES[index << level : (index + 1) << level]) for level, index in nodes]


def uniform(nodes: list[NodeId]) -> list[Hash]:
    """A tree of any size, all of whose leaves are the same."""
    hashes = [LEAVES[0]]
    for _ in range(64):
        hashes.append(node_hash(hashes[-1], hashes[-1]))
    return [hashes[level] for level, _ in nodes]


def test_reference_roots(vectors: Path) -> None:
    reference = json.loads((vectors / "ledger/rfc6962_reference.json").read_text())
    leaves = [leaf_hash(bytes.fromhex(leaf)) for leaf in reference["leaves_hex"]]
    assert bytes.fromhex(reference["empty_root"]) == EMPTY_ROOT
    assert bytes.fromhex(reference["empty_leaf"]) == leaf_hash(b"")
    for size, root in enumerate(reference["roots_hex"]):
        found = merkle.root(size, lambda nodes: [slow_root(leaves[i << h : (i + 1) << h]) for h, i in nodes])
        assert found.hex() == root


def _rows(path: Path) -> list[dict[str, object]]:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(rows) == 98
    return rows


def _hash(row: dict[str, object], name: str) -> Hash:
    return Hash(b64decode(str(row[name])))


def _proof(row: dict[str, object]) -> list[Hash]:
    proof = row["proof"]
    return [Hash(b64decode(hash_)) for hash_ in proof] if isinstance(proof, list) else []


def _number(row: dict[str, object], name: str) -> int:
    number = row[name]
    assert isinstance(number, int)
    return number


def test_inclusion_vectors(vectors: Path) -> None:
    accepted = 0
    for row in _rows(vectors / "ledger/merkle_inclusion.jsonl"):
        leaf, root, proof = _hash(row, "leafHash"), _hash(row, "root"), _proof(row)
        index, size = _number(row, "leafIdx"), _number(row, "treeSize")
        if row["wantErr"]:
            with pytest.raises(BadProof) as error:
                merkle.verify_inclusion(leaf, index, size, proof, root)
            assert error.value.code == "inclusion"
        else:
            merkle.verify_inclusion(leaf, index, size, proof, root)
            accepted += 1
    assert accepted > 0


def test_consistency_vectors(vectors: Path) -> None:
    accepted, stricter = 0, []
    for row in _rows(vectors / "ledger/merkle_consistency.jsonl"):
        old_root, new_root, proof = _hash(row, "root1"), _hash(row, "root2"), _proof(row)
        old_size, new_size = _number(row, "size1"), _number(row, "size2")
        if row["wantErr"] or len(old_root) != 32:
            with pytest.raises(BadProof) as error:
                merkle.verify_consistency(old_size, old_root, new_size, new_root, proof)
            assert error.value.code == "consistency"
            stricter += [] if row["wantErr"] else [row["desc"]]
        else:
            merkle.verify_consistency(old_size, old_root, new_size, new_root, proof)
            accepted += 1
    assert accepted > 0
    # Its two equal roots are 12 bytes of text: for us only 32 bytes are a hash.
    assert stricter == ["sizes are equal (one) and proof is empty"]


@given(sizes, st.data())
def test_many_paths_are_those_of_each_and_one_question(size: int, data: st.DataObject) -> None:
    indexes = data.draw(st.lists(st.integers(0, size - 1), max_size=5))
    store = Store()
    paths = merkle.inclusion_proofs(indexes, size, store)
    assert store.calls == 1
    assert paths == [slow_path(index, LEAVES[:size]) for index in indexes]


@given(sizes, st.data())
def test_tree_is_the_one_of_the_rfc(size: int, data: st.DataObject) -> None:
    leaves = LEAVES[:size]
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    store = Store()
    root = merkle.root(size, store)
    path = merkle.inclusion_proof(index, size, store)
    link = merkle.consistency_proof(old, size, store)
    assert store.calls == 2 + (old != size)
    assert root == slow_root(leaves)
    assert path == slow_path(index, leaves)
    assert link == slow_consistency(old, leaves)
    merkle.verify_inclusion(leaves[index], index, size, path, root)
    merkle.verify_consistency(old, slow_root(leaves[:old]), size, root, link)


def test_every_small_tree() -> None:
    roots = [slow_root(LEAVES[:size]) for size in range(35)]
    for size in range(35):
        assert merkle.root(size, Store()) == roots[size]
        for index in range(size):
            path = merkle.inclusion_proof(index, size, Store())
            assert path == slow_path(index, LEAVES[:size])
            merkle.verify_inclusion(LEAVES[index], index, size, path, roots[size])
            for other in range(size + 2):
                if other != index:
                    with pytest.raises(BadProof):
                        merkle.verify_inclusion(LEAVES[index], other, size, path, roots[size])
        for old in range(size + 1):
            link = merkle.consistency_proof(old, size, Store())
            merkle.verify_consistency(old, roots[old], size, roots[size], link)


@given(st.integers(1, 2**64 - 1), st.data())
def test_big_trees_prove_and_verify(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    root = merkle.root(size, uniform)
    merkle.verify_inclusion(LEAVES[0], index, size, merkle.inclusion_proof(index, size, uniform), root)
    link = merkle.consistency_proof(old, size, uniform)
    merkle.verify_consistency(old, merkle.root(old, uniform), size, root, link)


@given(sizes, st.data())
def test_a_changed_proof_fails(size: int, data: st.DataObject) -> None:
    leaves = LEAVES[:size]
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    old_root, root = slow_root(leaves[:old]), slow_root(leaves)
    path, link = slow_path(index, leaves), slow_consistency(old, leaves)

    changed = data.draw(_changes(path))
    if changed != path:
        with pytest.raises(BadProof, match="inclusion"):
            merkle.verify_inclusion(leaves[index], index, size, changed, root)
    changed = data.draw(_changes(link))
    if changed != link:
        with pytest.raises(BadProof, match="consistency"):
            merkle.verify_consistency(old, old_root, size, root, changed)
    foreign = leaf_hash(b"foreign")
    for wrong in ((foreign, root), (leaves[index], foreign), (leaves[index], Hash(root[:31]))):
        with pytest.raises(BadProof, match="inclusion"):
            merkle.verify_inclusion(wrong[0], index, size, path, wrong[1])
    for wrong in ((foreign, root), (old_root, foreign), (old_root, Hash(root + b"\0"))):
        with pytest.raises(BadProof, match="consistency"):
            merkle.verify_consistency(old, wrong[0], size, wrong[1], link)


@st.composite
def _changes(draw: st.DrawFn, proof: list[Hash]) -> list[Hash]:
    """The proof with a hash more, one less, one changed or cut, or two swapped."""
    changed = list(proof)
    how = draw(st.sampled_from(["more", "less", "bit", "cut", "swap"]))
    if how == "more" or not changed:
        changed.insert(draw(st.integers(0, len(changed))), draw(st.sampled_from([LEAVES[7], EMPTY_ROOT, Hash(b"")])))
        return changed
    at = draw(st.integers(0, len(changed) - 1))
    if how == "less":
        del changed[at]
    elif how == "bit":
        byte = draw(st.integers(0, 31))
        changed[at] = Hash(changed[at][:byte] + bytes([changed[at][byte] ^ 4]) + changed[at][byte + 1 :])
    elif how == "cut":
        changed[at] = Hash(changed[at][:-1])
    else:
        other = draw(st.integers(0, len(changed) - 1))
        changed[at], changed[other] = changed[other], changed[at]
    return changed


def test_the_error_says_what_differs() -> None:
    with pytest.raises(BadProof) as error:
        merkle.verify_inclusion(LEAVES[0], 0, 2, [], EMPTY_ROOT)
    assert error.value.params == {"path": "proof", "has": 0, "wanted": 1}
    with pytest.raises(BadProof) as error:
        merkle.verify_consistency(1, LEAVES[0], 1, LEAVES[1], [])
    assert error.value.params["path"] == "new root"
    with pytest.raises(BadProof) as error:
        merkle.verify_consistency(2, LEAVES[0], 1, LEAVES[1], [])
    assert error.value.params["path"] == "size"


def test_the_empty_tree_is_continued_by_every_tree_but_only_under_its_own_root() -> None:
    merkle.verify_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])
    merkle.verify_consistency(0, EMPTY_ROOT, 7, slow_root(LEAVES[:7]), [])
    with pytest.raises(BadProof):
        merkle.verify_consistency(0, LEAVES[0], 7, slow_root(LEAVES[:7]), [])
    with pytest.raises(BadProof):
        merkle.verify_consistency(0, LEAVES[0], 0, LEAVES[0], [])


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_no_proof_for_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(BadProof, match="index"):
        merkle.inclusion_proof(index, size, Store())
    with pytest.raises(BadProof, match="index"):
        merkle.verify_inclusion(LEAVES[0], index, size, [], LEAVES[0])


@pytest.mark.parametrize(("old", "new"), [(-1, 3), (4, 3)])
def test_no_proof_between_trees_that_do_not_follow(old: int, new: int) -> None:
    with pytest.raises(BadProof, match="size"):
        merkle.consistency_proof(old, new, Store())
