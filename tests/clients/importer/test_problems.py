import re
from pathlib import Path

from clients.errors import Refused
from clients.importer.problems import WORDINGS, BadCell, Problem, say
from ledger.errors import Malformed

ROOM = Path(__file__).parents[3] / "clients" / "importer"
CODE = re.compile(r'(?:BadCell|BadSheet|BadMapping|Spoiled|_warn)\((?:\s*source(?:\.gln)?,)?\s*"([a-z-]+)"')


def test_every_code_has_its_words_and_every_word_its_code() -> None:
    raised = {code for file in ROOM.glob("*.py") for code in CODE.findall(file.read_text("utf-8"))}
    assert raised == set(WORDINGS)


def test_both_languages_name_the_same_parameters() -> None:
    for code, (zh, en) in WORDINGS.items():
        names = [set(re.findall(r"\{([a-z]+)\}", words)) for words in (zh, en)]
        assert names[0] == names[1], code


def test_what_others_raise_is_said_in_their_words() -> None:
    assert say(Malformed("code-digits", has="123", wanted=20), "zh").startswith("追溯码")


def test_a_refusal_is_said_in_the_language_asked_for_whatever_the_service_speaks() -> None:
    told = {"code": "role", "params": {"has": "shop", "wanted": "plant"}, "detail": "现有角色不能填写"}
    assert Problem(2, "", Refused(403, told)).reason("en").isascii() is False
    assert Problem(2, "", Refused(403, told)).reason("en").startswith("The roles held (shop)")
    newer = {"code": "something-new", "detail": "新版服务才有的说法"}
    assert Problem(2, "", Refused(422, newer)).reason("zh") == "新版服务才有的说法"
    assert Problem(2, "lot", BadCell("cell-empty")).reason("en") == "this cell must not be empty"
