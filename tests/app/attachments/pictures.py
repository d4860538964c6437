"""Small files of each type, made here."""

import base64
import hashlib
import io
from typing import Any

from PIL import Image

from ledger import b64u


def picture(kind: str = "JPEG", colour: str = "green", size: int = 40) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(out, kind)
    return out.getvalue()


PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def named(data: bytes, media: str = "image/jpeg", name: str = "a.jpg") -> dict[str, Any]:
    return {"media_type": media, "name": name, "sha256": sha256(data), "size": len(data)}


def sha256(data: bytes) -> str:
    return b64u.encode(hashlib.sha256(data).digest())


def content_digest(data: bytes) -> dict[str, str]:
    return {"content-digest": f"sha-256=:{base64.b64encode(hashlib.sha256(data).digest()).decode()}:"}
