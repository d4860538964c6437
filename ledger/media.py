"""What an attached file is, told by its first bytes and by nothing that anybody says of it.

Photos and documents: what a browser shows without running anything. Tables have a way of their own (``gengji import``),
and a spreadsheet is an archive that could hold anything.
"""

HEAD = 16
"""How many bytes it takes to tell."""

ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "application/pdf": "pdf"}
"""The types that are taken, and how a file of each is called when it is saved."""


def media_type(head: bytes) -> str | None:
    """The type of what begins so; None for what is none of ``ENDINGS``."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return "application/pdf" if head.startswith(b"%PDF-") else None
