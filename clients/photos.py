"""What a photo tells besides itself is left out before it is named: where and when, on which device, by whom.

A photo of a field is for everybody, its exact position is not (format §3, sealed fields). Only the blocks that carry
such things are dropped; the picture itself is not touched. Which way up it is stays.
"""

import io
import struct
from collections.abc import Iterator

from PIL import Image

from ledger.media import media_type

_ORIENTATION = 0x0112
_JPEG_KEEPS = frozenset((0xE0, 0xE2, 0xEE))
"""Application blocks that say how the picture is to be drawn: JFIF, colour profile, Adobe's."""
_PNG_DROPS = frozenset((b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"))
_WEBP_DROPS = frozenset((b"EXIF", b"XMP "))


def stripped(data: bytes) -> bytes:
    """The same picture without what it tells of place, time and device; anything else as it is."""
    media = media_type(data)
    try:
        if media == "image/jpeg":
            return b"".join(_jpeg(data))
        if media == "image/png":
            return b"".join(_png(data))
        if media == "image/webp":
            return _webp(data)
    except (struct.error, IndexError):
        # Cut off or not quite what it seems: whoever looks at it will see; nothing is made of it here.
        return data
    return data


def _jpeg(data: bytes) -> Iterator[bytes]:
    """Marker segments up to the scan (ITU T.81 B.1.1), the application's own and comments left out."""
    yield data[:2]
    if turned := _turned(data):
        yield turned
    at = 2
    while data[at] == 0xFF and data[at + 1] != 0xDA:
        marker = data[at + 1]
        if marker == 0xFF:  # fill
            at += 1
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if not (0xE0 <= marker <= 0xEF or marker == 0xFE) or marker in _JPEG_KEEPS:
            yield data[at : at + 2 + length]
        at += 2 + length
    yield data[at:]


def _turned(data: bytes) -> bytes:
    """An Exif block that says which way up, and nothing else; none where that is the usual way."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            way = image.getexif().get(_ORIENTATION, 1)
    except (OSError, ValueError, SyntaxError):
        return b""
    if not isinstance(way, int) or not 2 <= way <= 8:
        return b""
    body = b"Exif\x00\x00MM\x00\x2a" + struct.pack(">IHHHIHHI", 8, 1, _ORIENTATION, 3, 1, way, 0, 0)
    return struct.pack(">HH", 0xFFE1, len(body) + 2) + body


def _png(data: bytes) -> Iterator[bytes]:
    """Chunks, each with its length and checksum, those of text and time left out."""
    yield data[:8]
    at = 8
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind not in _PNG_DROPS:
            yield data[at : at + 12 + length]
        at += 12 + length


def _webp(data: bytes) -> bytes:
    """RIFF chunks of even length; the extended header says no longer that there is Exif (bit 3) or XMP (bit 2)."""
    kept = []
    at = 12
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        chunk = data[at : at + 8 + length + length % 2]
        if kind == b"VP8X":
            chunk = chunk[:8] + bytes([chunk[8] & ~0x0C]) + chunk[9:]
        if kind not in _WEBP_DROPS:
            kept.append(chunk)
        at += 8 + length + length % 2
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body
