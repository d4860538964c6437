"""A file's type is what its bytes say."""

import pytest

from ledger.media import ENDINGS, HEAD, media_type


@pytest.mark.parametrize(
    ("head", "media"),
    [
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"%PDF-1.7", "application/pdf"),
        (b"RIFF\x00\x00\x00\x00WAVE", None),
        (b"<svg xmlns=", None),
        (b"<!DOCTYPE html>", None),
        (b"PK\x03\x04", None),
        (b"\xff\xd8", None),
        (b"", None),
    ],
)
def test_the_first_bytes_say_it(head: bytes, media: str | None) -> None:
    assert media_type(head) == media
    assert media_type(head[:HEAD]) == media
    assert media is None or media in ENDINGS
