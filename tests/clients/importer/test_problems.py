import re
from pathlib import Path

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


def test_the_services_own_words_come_first() -> None:
    problem = Problem(2, "lot", BadCell("cell-empty"), words="批号已用过")
    assert problem.reason("zh") == "批号已用过"
    assert Problem(2, "lot", BadCell("cell-empty")).reason("en") == "this cell must not be empty"
