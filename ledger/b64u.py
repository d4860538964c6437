"""base64url without padding, decoded strictly: what decodes also encodes back to the same characters."""

from binascii import a2b_base64, b2a_base64

from ledger.errors import Malformed

# To the alphabet that the decoder knows; its own two signs and the padding become something that it refuses.
_STANDARD = bytes.maketrans(b"-_+/=", b"+/!!!")
_PADDING = (b"", b"", b"==", b"=")
_OURS = bytes.maketrans(b"+/", b"-_")
# After 4n+2 and 4n+3 characters, those last ones that leave no loose bits.
_LAST = ("", "", "AQgw", "AEIMQUYcgkosw048")


def encode(data: bytes) -> str:
    return b2a_base64(data, newline=False).rstrip(b"=").translate(_OURS).decode()


def decode(text: str, size: int | None = None, *, path: str = "") -> bytes:
    """The bytes of ``text``; ``size`` is how many there must be. Raises Malformed ``b64u``."""
    loose = len(text) % 4
    try:
        data = a2b_base64(text.encode("ascii").translate(_STANDARD) + _PADDING[loose], strict_mode=True)
    except ValueError:
        raise Malformed("b64u", path=path, has=ascii(text[:80])[1:-1], wanted="base64url") from None
    if loose and text[-1] not in _LAST[loose]:
        raise Malformed("b64u", path=path, has=text[:80], wanted="base64url")
    if size is not None and len(data) != size:
        raise Malformed("b64u-size", path=path, has=len(data), wanted=size)
    return data
