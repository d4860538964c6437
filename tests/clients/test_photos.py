"""A photo keeps its picture and which way up it is, and loses where, when and on what it was taken."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin
from PIL.ExifTags import GPS, IFD, Base

from clients.photos import stripped

SECRETS = (b"Pixel 9", b"2026:07:20", "王芳的手机".encode(), b"Pinxian")


def photo(kind: str, orientation: int = 1) -> bytes:
    """A gradient with an Exif block, and what else the format has room for."""
    image = Image.linear_gradient("L").convert("RGB").resize((60, 40))
    exif = Image.Exif()
    exif[Base.Model] = "Pixel 9"
    exif[Base.DateTime] = "2026:07:20 09:30:00"
    exif[Base.Artist] = "王芳的手机"
    exif[Base.Orientation] = orientation
    gps = exif.get_ifd(IFD.GPSInfo)
    gps[GPS.GPSLatitude] = (30.0, 53.0, 42.0)
    gps[GPS.GPSAreaInformation] = b"Pinxian"
    out = io.BytesIO()
    if kind == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_text("Comment", "Pixel 9")
        text.add_itxt("Where", "王芳的手机")
        image.save(out, "PNG", exif=exif, pnginfo=text)
    elif kind == "WEBP":
        image.save(out, "WEBP", exif=exif, xmp=b"<x>Pinxian</x>")
    else:
        image.save(out, "JPEG", exif=exif, comment=b"Pixel 9", xmp=b"<x>Pinxian</x>")
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_the_picture_stays_and_the_rest_goes(kind: str, orientation: int) -> None:
    before = photo(kind, orientation)
    assert any(secret in before for secret in SECRETS), "or this test could not fail"
    after = stripped(before)
    assert not any(secret in after for secret in SECRETS)
    with Image.open(io.BytesIO(before)) as old, Image.open(io.BytesIO(after)) as new:
        assert new.tobytes() == old.tobytes()
        exif = new.getexif()
        assert not exif.get_ifd(IFD.GPSInfo)
        assert set(exif) <= {Base.Orientation}
        if kind == "JPEG":
            assert exif.get(Base.Orientation, 1) == orientation
    assert stripped(after) == after


def test_a_colour_profile_stays() -> None:
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "JPEG", icc_profile=b"profile" * 9)
    with Image.open(io.BytesIO(stripped(out.getvalue()))) as image:
        assert image.info["icc_profile"] == b"profile" * 9


def test_what_is_no_photo_is_left_alone() -> None:
    for data in (b"", b"%PDF-1.4 GPS", b"text", b"\xff\xd8\xff"):
        assert stripped(data) == data


@given(st.sampled_from(["JPEG", "PNG", "WEBP"]), st.integers(0, 400), st.binary(max_size=4), st.integers(0, 3000))
def test_whatever_the_bytes_nothing_breaks(kind: str, at: int, put: bytes, length: int) -> None:
    data = CACHE[kind]
    assert isinstance(stripped((data[:at] + put + data[at + len(put) :])[:length]), bytes)


CACHE = {kind: photo(kind) for kind in ("JPEG", "PNG", "WEBP")}


def test_a_photo_of_the_camera_folder(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(photo("JPEG", 8))
    with Image.open(io.BytesIO(stripped((tmp_path / "a.jpg").read_bytes()))) as image:
        assert image.size == (60, 40)
