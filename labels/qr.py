"""The QR of an address as a square of modules (ISO/IEC 18004, error correction M), without its quiet zone."""

from functools import cache

import qrcode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.exceptions import DataOverflowError

from ledger.errors import Malformed

QUIET = 4  # modules of white that the drawer leaves on every side

# Switching to digits or capitals and back pays from a run of this many characters on.
_SHORTEST_RUN = 12


def matrix(text: str) -> list[list[bool]]:
    """Rows of modules, true is dark, in the smallest version that holds ``text``, under the best mask.

    Raises Malformed ``qr`` when no version holds it.
    """
    version, rows = _symbol(text, mask=0)
    size = len(rows)
    plain = _pack(rows)
    best = min((plain ^ mask for mask in _masks(version)), key=lambda symbol: penalty(symbol, size))
    bits = f"{best:0{size * (size + 1)}b}"
    return [[bit == "1" for bit in bits[y * (size + 1) : y * (size + 1) + size]] for y in range(size)]


def _symbol(text: str, mask: int, version: int | None = None) -> tuple[int, list[list[bool]]]:
    code = qrcode.QRCode(version, ERROR_CORRECT_M, border=0, mask_pattern=mask)
    code.add_data(text.encode(), optimize=_SHORTEST_RUN)
    try:
        code.make()
    # The library says an overflow in two ways.
    except (DataOverflowError, ValueError):
        raise Malformed("qr", path="url", has=len(text), wanted="at most 2331 bytes") from None
    return code.version, code.modules


@cache
def _masks(version: int) -> tuple[int, ...]:
    """What turns a symbol under mask 0 into the same under mask 0, 1 … 7: data's mask and format bits.

    Neither depends on the data, so any symbol of the version shows it; drawing each symbol once instead of
    nine times is what makes a sheet of labels quick.
    """
    plain, *others = (_pack(_symbol("", mask, version)[1]) for mask in range(8))
    return 0, *(plain ^ other for other in others)


def _pack(rows: list[list[bool]]) -> int:
    """All rows in one integer, first module highest, one light module after each row to keep rows apart."""
    return int("".join("".join("1" if dark else "0" for dark in row) + "0" for row in rows), 2)


def penalty(symbol: int, size: int) -> int:
    """How hard a symbol (packed as by `_pack`) is to read, by the four features of ISO/IEC 18004 §7.8.3.1."""
    width = size + 1
    field = _field(size)
    dark, light = symbol, ~symbol & field
    found = 0
    for step in (1, width):  # along rows, then along columns
        for colour in (dark, light):
            run = colour & colour >> step
            run &= run >> 2 * step  # four alike
            run &= colour >> 4 * step  # five alike: each run of n leaves n − 4
            found += run.bit_count() + 2 * (run & ~(run >> step)).bit_count()
        found += 40 * _finders(dark, light, step)
    for colour in (dark, light):
        pair = colour & colour >> 1
        found += 3 * (pair & pair >> width).bit_count()
    share = 100 * dark.bit_count() / size**2
    return found + 10 * int(abs(share - 50) / 5)


def _finders(dark: int, light: int, step: int) -> int:
    """How often 1:1:3:1:1, the look of a finder pattern, stands with four light modules before or behind."""
    finder = dark & light >> step & light >> 5 * step & dark >> 6 * step
    for place in (2, 3, 4):
        finder &= dark >> place * step
    space = light & light >> step
    space &= space >> 2 * step
    return (finder & space >> 7 * step).bit_count() + (finder & space << 4 * step).bit_count()


@cache
def _field(size: int) -> int:
    """Every module of a packed symbol, without what keeps the rows apart."""
    return int(("1" * size + "0") * size, 2)
