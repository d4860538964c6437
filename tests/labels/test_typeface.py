from hypothesis import given, settings
from hypothesis import strategies as st

from labels import typeface
from labels.typeface import BOLD, MEDIUM

texts = st.text(st.sampled_from("高山番茄（）《》，。、 abc 0123-.㎏％￥"), max_size=40).map(typeface.readable)


def test_readable_drops_what_cannot_be_seen_and_marks_what_cannot_be_set() -> None:
    assert typeface.readable(" 高山\n\t番茄\u200b\ufeff\u202e ") == "高山 番茄"
    assert typeface.readable("e\u0301") == "é"
    assert typeface.readable("番茄🍅") == "番茄〓"
    assert typeface.readable("ཨ") == "〓"


@given(texts)
def test_readable_settles_at_once(text: str) -> None:
    assert typeface.readable(text) == text


@settings(deadline=None)
@given(texts, st.floats(1.2, 20), st.integers(1, 6))
def test_lines_keep_every_character_and_fit_the_room(text: str, room: float, lines: int) -> None:
    found = typeface.wrap(text, MEDIUM, room, lines)
    if found is None:
        assert typeface.width(text, 1, MEDIUM) > room
        return
    assert len(found) <= lines
    assert "".join(found).replace(" ", "") == text.replace(" ", "")
    assert all(typeface.width(line, 1, MEDIUM) <= room + 1e-9 for line in found)


@settings(deadline=None)
@given(texts.filter(bool), st.floats(3, 20), st.integers(1, 3))
def test_shortened_text_fits_and_says_that_it_is_short(text: str, room: float, lines: int) -> None:
    found = typeface.shorten(text, BOLD, room, lines)
    if found is not None:
        assert len(found) <= lines
        assert found[-1].endswith("…")
        assert all(typeface.width(line, 1, BOLD) <= room + 1e-9 for line in found)


def test_where_lines_break() -> None:
    assert typeface.wrap("礼泉县果业合作社", MEDIUM, 5, 2) == ["礼泉县果", "业合作社"]
    assert typeface.wrap("有机小番茄（樱桃番茄）", BOLD, 7, 2) == ["有机小番茄", "（樱桃番茄）"]
    assert typeface.wrap("高山番茄，有机", MEDIUM, 4.5, 3) == ["高山番", "茄，有机"]
    assert typeface.wrap("批号 LC20260712-03", MEDIUM, 9, 2) == ["批号", "LC20260712-03"]
    # A word wider than the room is cut rather than lost.
    assert "".join(typeface.wrap("LC20260712-03", MEDIUM, 4, 4) or []) == "LC20260712-03"
    assert typeface.wrap("五常大米", MEDIUM, 2.5, 1) is None
    assert typeface.wrap("五", MEDIUM, 0.5, 1) is None
    assert typeface.shorten("五常大米", MEDIUM, 0.5, 1) is None


def test_bold_is_blacker_and_figures_are_equally_wide() -> None:
    def black(weight: int) -> int:
        return typeface.dots("稻", 40, weight).box.convert("L").histogram()[255]

    assert black(BOLD) > 1.1 * black(MEDIUM)
    assert len({typeface.width(figure, 1, BOLD) for figure in "0123456789"}) == 1
    assert typeface.dots(" ", 20, MEDIUM).box.getbbox() is None


def test_outlines_stand_one_behind_the_other() -> None:
    alone, both = typeface.outline("一", MEDIUM), typeface.outline("一一", MEDIUM)
    assert both.startswith(alone)
    first = int(alone.removeprefix("M").split()[0])
    assert both[len(alone) :].startswith(f"M{first + typeface.EM} ")
