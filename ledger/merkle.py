"""The Merkle tree of the log: leaves, roots, inclusion and consistency proofs (RFC 6962 §2.1).

A tree of n leaves is never held here. Each function works out which perfect subtrees it needs, asks for
all of them in one call, and folds what it gets: the same code proves from memory, from a table or from
tiles fetched over HTTP.

A node is named ``(level, index)``: the root of the perfect subtree over the leaves
``[index << level, (index + 1) << level)``; ``(0, i)`` is the hash of leaf i.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import NewType

from ledger import b64u
from ledger.errors import BadProof

Hash = NewType("Hash", bytes)
NodeId = tuple[int, int]
Nodes = Callable[[list[NodeId]], Sequence[Hash]]

HASH_SIZE = 32
EMPTY_ROOT = Hash(sha256(b"").digest())


def leaf_hash(data: bytes) -> Hash:
    """The hash of one entry, ``H(0x00 ‖ data)``: a leaf can never pass for a node (RFC 6962 §2.1)."""
    return Hash(sha256(b"\x00" + data).digest())


def node_hash(left: Hash, right: Hash) -> Hash:
    """The hash of an inner node, ``H(0x01 ‖ left ‖ right)``."""
    return Hash(sha256(b"\x01" + left + right).digest())


def root(size: int, nodes: Nodes) -> Hash:
    """The root of the first ``size`` leaves."""
    return _fold(nodes(list(_cover(0, size)))) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, nodes: Nodes) -> list[Hash]:
    """The path from leaf ``index`` to the root of ``size`` leaves, lowest sibling first (RFC 6962 §2.1.1)."""
    (proof,) = inclusion_proofs([index], size, nodes)
    return proof


def inclusion_proofs(indexes: Sequence[int], size: int, nodes: Nodes) -> list[list[Hash]]:
    """The paths of many leaves, all their nodes asked for in a single call."""
    for index in indexes:
        if not 0 <= index < size:
            raise BadProof("inclusion", path="index", has=index, wanted=f"0 to {size - 1}")
    ways = [_siblings(index, size, 0) for index in indexes]
    proof = iter(_fetch([cover for way in ways for cover in way], nodes))
    return [[next(proof) for _ in way] for way in ways]


def consistency_proof(old: int, new: int, nodes: Nodes) -> list[Hash]:
    """What shows that the first ``old`` of ``new`` leaves are still the same (RFC 6962 §2.1.2).

    Empty for ``old == new``, and for an empty old tree, which every tree continues.
    """
    if not 0 <= old <= new:
        raise BadProof("consistency", path="size", has=old, wanted=f"0 to {new}")
    if old in (0, new):
        return []
    # The walk begins at the last perfect subtree of the old tree. Where that is the whole old tree, its
    # hash is the old root, which the verifier has.
    level = _trailing_zeros(old)
    index = (old - 1) >> level
    start: list[list[NodeId]] = [[(level, index)]] if index else []
    return _fetch(start + _siblings(old - 1, new, level), nodes)


def verify_inclusion(leaf: Hash, index: int, size: int, proof: Sequence[Hash], root: Hash) -> None:
    """Raises BadProof ``inclusion`` unless ``leaf`` is number ``index`` of ``size`` leaves under ``root``."""
    if not 0 <= index < size:
        raise BadProof("inclusion", path="index", has=index, wanted=f"0 to {size - 1}")
    # Below the fork each level has a sibling; above it the path runs along the right edge of the tree,
    # where only the left siblings exist.
    fork = (index ^ (size - 1)).bit_length()
    _want_hashes("inclusion", proof, fork + (index >> fork).bit_count())
    _want_hashes("inclusion", (leaf, root), 2)
    found = leaf
    for level, sibling in enumerate(proof[:fork]):
        found = node_hash(sibling, found) if index >> level & 1 else node_hash(found, sibling)
    for sibling in proof[fork:]:
        found = node_hash(sibling, found)
    _want_equal("inclusion", "root", root, found)


def verify_consistency(old_size: int, old_root: Hash, new_size: int, new_root: Hash, proof: Sequence[Hash]) -> None:
    """Raises BadProof ``consistency`` unless the tree of ``new_root`` continues that of ``old_root``."""
    if not 0 <= old_size <= new_size:
        raise BadProof("consistency", path="size", has=old_size, wanted=f"0 to {new_size}")
    _want_hashes("consistency", (old_root, new_root), 2)
    for name, size, hash_ in (("old root", old_size, old_root), ("new root", new_size, new_root)):
        if size == 0:
            _want_equal("consistency", name, hash_, EMPTY_ROOT)
    if old_size in (0, new_size):
        _want_hashes("consistency", proof, 0)
        if old_size == new_size:
            _want_equal("consistency", "new root", new_root, old_root)
        return
    level = _trailing_zeros(old_size)
    index = (old_size - 1) >> level
    fork = ((old_size - 1) ^ (new_size - 1)).bit_length() - level
    _want_hashes("consistency", proof, (index > 0) + fork + (index >> fork).bit_count())
    path = iter(proof)
    old = new = next(path) if index else old_root
    for sibling in path:
        # Left siblings stand in both trees, right ones in the new tree alone.
        if fork <= 0 or index & 1:
            old = node_hash(sibling, old)
            new = node_hash(sibling, new)
        else:
            new = node_hash(new, sibling)
        index >>= 1
        fork -= 1
    _want_equal("consistency", "old root", old_root, old)
    _want_equal("consistency", "new root", new_root, new)


def _siblings(index: int, size: int, level: int) -> list[list[NodeId]]:
    """The subtrees beside the way from leaf ``index``, begun at ``level``, to the root: each as its cover."""
    fork = (index ^ (size - 1)).bit_length()
    siblings: list[list[NodeId]] = [[(height, index >> height ^ 1)] for height in range(level, fork - 1)]
    if fork > level:
        # Where the ways of this leaf and of the last one part, what lies to the right may be ragged.
        siblings.append(list(_cover((index >> (fork - 1) ^ 1) << (fork - 1), size)))
    for height in range(max(level, fork), index.bit_length()):
        if index >> height & 1:
            siblings.append([(height, (index >> height) - 1)])
    return siblings


def _cover(first: int, end: int) -> Iterable[NodeId]:
    """The perfect subtrees that make up the leaves ``[first, end)``, ``first`` on a border, largest first."""
    while first < end:
        level = (end - first).bit_length() - 1
        yield level, first >> level
        first += 1 << level


def _fetch(covers: list[list[NodeId]], nodes: Nodes) -> list[Hash]:
    """One hash for each cover, all their nodes asked for in a single call."""
    fetched = iter(nodes([node for cover in covers for node in cover]))
    # Nearly all covers are one perfect subtree, whose hash is there.
    return [next(fetched) if len(cover) == 1 else _fold([next(fetched) for _ in cover]) for cover in covers]


def _fold(hashes: Sequence[Hash]) -> Hash:
    """The root over neighbouring perfect subtrees, each smaller than the one to its left."""
    folded = hashes[-1]
    for left in hashes[-2::-1]:
        folded = node_hash(left, folded)
    return folded


def _trailing_zeros(number: int) -> int:
    return (number & -number).bit_length() - 1


def _want_hashes(code: str, hashes: Sequence[Hash], count: int) -> None:
    if len(hashes) != count:
        raise BadProof(code, path="proof", has=len(hashes), wanted=count)
    for hash_ in hashes:
        if len(hash_) != HASH_SIZE:
            raise BadProof(code, path="hash", has=len(hash_), wanted=HASH_SIZE)


def _want_equal(code: str, path: str, has: Hash, wanted: Hash) -> None:
    if has != wanted:
        raise BadProof(code, path=path, has=b64u.encode(has), wanted=b64u.encode(wanted))
