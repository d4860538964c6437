"""The address in the QR: built, and read back strictly, in its two forms (ledger format §4).

    {public_url}/t/{mark}
    {public_url}/01/{gtin}[/10/{lot}][/21/{serial}][?t={mark}]        GS1 Digital Link

A label always carries the mark; a GS1 Digital Link without one is what other systems hold of the same goods.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from ledger.errors import Malformed
from ledger.identity import Mark, read_mark

# No segment of the stem is "t" or "01", so that where the stem ends is never a guess.
_STEM = (
    r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[1-9][0-9]{0,4})?"
    r"(?:/(?!(?:t|01)(?:/|\Z))[A-Za-z0-9._~-]+)*"
)
_PUBLIC_URL = re.compile(_STEM)
_ADDRESS = re.compile(
    rf"(?P<stem>{_STEM})"
    r"(?:/t/(?P<mark>[^/?#]+)"
    r"|/01/(?P<gtin>[0-9]{14})(?:/10/(?P<lot>[^/?#]+))?(?:/21/(?P<serial>[^/?#]+))?(?:\?t=(?P<t>[^&#]+))?)"
)
# GS1 General Specifications, character set 82, as far as a lot (AI 10) and a serial (AI 21) go.
_TEXT = re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}")


@dataclass(frozen=True)
class Link:
    """What an address names: a batch by its mark, by GTIN with lot and serial, or by both.

    ``gtin`` has 14 digits (`gtin_14`), ``lot`` and ``serial`` 1 to 20 characters of GS1's set 82.
    """

    public_url: str
    mark: Mark | None = None
    gtin: str | None = None
    lot: str | None = None
    serial: str | None = None


def build(link: Link) -> str:
    """The address of ``link``. Raises Malformed ``digital-link`` where a part may not stand in one."""
    _check("public_url", link.public_url, _PUBLIC_URL.fullmatch(link.public_url), "https://host[:port][/path]")
    if link.mark is not None:
        read_mark(link.mark)
    if link.gtin is None:
        alone = link.mark is not None and link.lot is None and link.serial is None
        _check("gtin", "", alone, "a GTIN, or a mark alone")
        return f"{link.public_url}/t/{link.mark}"
    _check("gtin", link.gtin, len(link.gtin) == 14 and is_gtin(link.gtin), "14 digits, the last a check digit")
    parts = [link.public_url, "01", link.gtin]
    for name, identifier, value in (("lot", "10", link.lot), ("serial", "21", link.serial)):
        if value is not None:
            _check(name, value, is_lot(value), "1 to 20 characters of GS1's set 82, not . or ..")
            parts += [identifier, quote(value, safe="")]
    return "/".join(parts) + (f"?t={link.mark}" if link.mark is not None else "")


def parse(text: str) -> Link:
    """The link that prints as exactly ``text``. Raises Malformed ``digital-link`` or ``b64u`` (the mark)."""
    found = _ADDRESS.fullmatch(text)
    if not found:
        raise Malformed("digital-link", path="url", has=text[:200], wanted=".../t/{mark} or .../01/{gtin}")
    mark = found["mark"] or found["t"]
    lot, serial = (unquote(part) if part else None for part in (found["lot"], found["serial"]))
    link = Link(found["stem"], read_mark(mark) if mark else None, found["gtin"], lot, serial)
    canonical = build(link)
    _check("url", text, canonical == text, canonical)
    return link


def is_lot(text: str) -> bool:
    """Whether ``text`` can be a lot or serial in a GS1 Digital Link; a batch of any other goes by mark alone.

    ``.`` and ``..`` cannot: programs read them as steps in a path, however they are escaped.
    """
    return _TEXT.fullmatch(text) is not None and text not in (".", "..")


def check_digit(digits: str) -> str:
    """The digit that ends a GS1 key which begins with ``digits`` (GS1 General Specifications: weights 3 and 1)."""
    if not _is_digits(digits):
        raise Malformed("digits", path="digits", has=digits[:80], wanted="0-9")
    return str(-sum(int(digit) * (1 if i % 2 else 3) for i, digit in enumerate(reversed(digits))) % 10)


def is_gtin(text: str) -> bool:
    """A trade item's number: 8, 12, 13 or 14 digits."""
    return len(text) in (8, 12, 13, 14) and _checks(text)


def gtin_14(text: str) -> str:
    """A GTIN of any length in the 14 digits that a Digital Link asks for. Raises Malformed ``gtin``."""
    if not is_gtin(text):
        raise Malformed("gtin", path="gtin", has=text[:80], wanted="8, 12, 13 or 14 digits, the last a check digit")
    return text.zfill(14)


def is_gln(text: str) -> bool:
    """A party's or place's number: 13 digits."""
    return len(text) == 13 and _checks(text)


def is_sscc(text: str) -> bool:
    """A shipping container's number: 18 digits."""
    return len(text) == 18 and _checks(text)


def _checks(text: str) -> bool:
    return _is_digits(text) and check_digit(text[:-1]) == text[-1]


def _is_digits(text: str) -> bool:
    # str.isdigit alone would let ² and ٣ pass.
    return text.isascii() and text.isdigit()


def _check(path: str, has: str, right: object, wanted: str) -> None:
    if not right:
        raise Malformed("digital-link", path=path, has=has[:200], wanted=wanted)
