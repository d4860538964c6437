"""A batch's names: the chain id that is a hash of its first record, the mark in the QR, the code one can read out.

Format §4. The mark commits to who created the batch, of what and from what; the trace code is a name of 60 bits
for keypads and SMS, not a proof.
"""

import re
from hashlib import sha256
from typing import NewType

from ledger import b64u
from ledger.errors import Malformed

ChainId = NewType("ChainId", str)
StatementHash = NewType("StatementHash", str)
Mark = NewType("Mark", str)
TraceCode = NewType("TraceCode", str)

_CHAIN = b"gengji chain v1\n"
_SEPARATORS = re.compile(r"[\s\-－‐–—·.．]")
_FULLWIDTH = {0xFF10 + digit: str(digit) for digit in range(10)}


def chain_id(statement: StatementHash, place: int) -> ChainId:
    """The id of the chain that ``statement`` brings at ``place`` (0, 1, …) of its outputs."""
    return ChainId(b64u.encode(sha256(_CHAIN + b64u.decode(statement, 32) + place.to_bytes(4)).digest()))


def mark(chain: ChainId) -> Mark:
    """The 22 characters in the QR: the first 16 bytes of the chain id."""
    return Mark(b64u.encode(b64u.decode(chain, 32)[:16]))


def trace_code(chain: ChainId) -> TraceCode:
    """18 digits of the chain id and 2 check digits (ISO/IEC 7064 MOD 97-10)."""
    body = int.from_bytes(b64u.decode(chain, 32)[:8]) % 10**18
    return TraceCode(f"{body:018}{_check_digits(body):02}")


def _check_digits(body: int) -> int:
    return 98 - (100 * (body % 97) % 97)


def read_trace_code(text: str) -> TraceCode:
    """The code in what somebody typed: groups, dashes and full-width digits are fine.

    Raises Malformed ``code-digits`` (not 20 digits) or ``code-check`` (a digit is wrong or two are swapped).
    """
    code = _SEPARATORS.sub("", text).translate(_FULLWIDTH)
    if not re.fullmatch("[0-9]{20}", code):
        raise Malformed("code-digits", path="code", has=text[:80], wanted=20)
    # Recomputed rather than taken mod 97: 00, 01 and 97, 98 would pass for one another there.
    if _check_digits(int(code[:18])) != int(code[18:]):
        raise Malformed("code-check", path="code", has=text[:80])
    return TraceCode(code)


def read_mark(text: str) -> Mark:
    """Raises Malformed unless ``text`` is 22 characters that stand for 16 bytes."""
    b64u.decode(text, 16, path="mark")
    return Mark(text)


def grouped(code: TraceCode) -> str:
    """The code as it is printed and read out: five groups of four."""
    return " ".join(code[i : i + 4] for i in range(0, 20, 4))
