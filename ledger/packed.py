"""Sets of keys in little memory: what a walk over millions of chains has to remember of each.

A Python dict of a million 32-byte keys takes some 200 MB; here a key takes its own bytes and 6 to 12 more.
"""

from array import array

from ledger import b64u
from ledger.identity import ChainId
from ledger.merkle import HASH_SIZE, Hash

_FIRST = 1 << 8

_CHAIN = 16
"""How many bytes of a chain id tell chains apart here: as many as in a mark."""


class Packed:
    """Numbers keys 0, 1, 2 … in the order they come; all are ``width`` bytes, and their last bytes are well spread."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._keys = bytearray()
        # Open addressing: each slot holds a key's number and one, 0 where it is free.
        self._slots = array("I", bytes(4 * _FIRST))

    def __len__(self) -> int:
        return len(self._keys) // self._width

    def find(self, key: bytes) -> int | None:
        """The number of ``key``."""
        number = self._slots[self._slot(key)]
        return number - 1 if number else None

    def add(self, key: bytes) -> bool:
        """False if the key was there."""
        slot = self._slot(key)
        if self._slots[slot]:
            return False
        self._keys += key
        self._slots[slot] = len(self)
        if 3 * len(self) > 2 * len(self._slots):
            self._grow()
        return True

    def _slot(self, key: bytes) -> int:
        """Where the key stands, or would."""
        mask, width, keys, slots = len(self._slots) - 1, self._width, self._keys, self._slots
        slot = int.from_bytes(key[-8:]) & mask
        while number := slots[slot]:
            end = number * width
            if keys[end - width : end] == key:
                break
            slot = (slot + 1) & mask
        return slot

    def _grow(self) -> None:
        slots = array("I", bytes(8 * len(self._slots)))
        mask, width, keys = len(slots) - 1, self._width, self._keys
        for number, end in enumerate(range(width, len(keys) + 1, width), 1):
            slot = int.from_bytes(keys[max(end - 8, end - width) : end]) & mask
            while slots[slot]:
                slot = (slot + 1) & mask
            slots[slot] = number
        self._slots = slots


class Chains:
    """Each chain's last entry: its seq and its hash."""

    def __init__(self) -> None:
        self._ids = Packed(_CHAIN)
        self._seqs = array("Q")
        self._hashes = bytearray()

    def last(self, chain: ChainId) -> tuple[int, bytes] | None:
        number = self._ids.find(b64u.decode(chain)[:_CHAIN])
        if number is None:
            return None
        return self._seqs[number], bytes(self._hashes[number * HASH_SIZE : (number + 1) * HASH_SIZE])

    def put(self, chain: ChainId, seq: int, hash_: Hash) -> None:
        key = b64u.decode(chain)[:_CHAIN]
        number = self._ids.find(key)
        if number is None:
            self._ids.add(key)
            self._seqs.append(seq)
            self._hashes += hash_
        else:
            self._seqs[number] = seq
            self._hashes[number * HASH_SIZE : (number + 1) * HASH_SIZE] = hash_
