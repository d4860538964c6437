"""Names as people write them, brought to one form: full and half width, case, blanks, contents and formulations."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

_BRACKETS = re.compile(r"[(\[【〔][^()\[\]【】〔〕]*[)\]】〕]")
_CONTENT = re.compile(r"[0-9.]+\s*(?:%|毫克/升|克/升|克/千克|克/公斤|亿[^ ]*?/[^ ]*|mg/l|g/l|g/kg)")
_FORM = re.compile(
    r"(?:水分散粒剂|可湿性粉剂|可溶性?粉剂|可溶液剂|可溶粒剂|微囊悬浮剂|悬浮种衣剂|悬浮剂|水乳剂|微乳剂|乳油|水剂|颗粒剂|粉剂"
    r"|烟剂|原药|母药|注射液|可溶性粉|预混剂|粉针|片剂?|溶液)$"
)


@lru_cache(maxsize=65536)
def plain(text: str) -> str:
    """Letters and digits only, full width made half, small: what two spellings of one name have in common."""
    return "".join(char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalnum())


@lru_cache(maxsize=16384)
def spellings(text: str) -> tuple[str, ...]:
    """What a substance may be looked up as, the nearest first: as written, without 镉（以 Cd 计）'s remark, without
    10% 吡虫啉可湿性粉剂's content and formulation."""
    return tuple(dict.fromkeys(each for each in _spellings(text) if each))


def _spellings(text: str) -> Iterator[str]:
    yield plain(text)
    text = unicodedata.normalize("NFKC", text).casefold().strip()
    inner = text
    while (text := _BRACKETS.sub("", inner)) != inner:
        inner = text
    yield plain(text)
    yield plain(_FORM.sub("", _CONTENT.sub("", text).strip()))
