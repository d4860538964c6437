"""Wordings: there is one for every code, in both languages, that says only what the error brings."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledger
from ledger import b64u, errors
from ledger.errors import Malformed, NotAllowed
from ledger.findings import FINDINGS
from ledger.identity import ChainId, grouped, trace_code
from ledger.records import KINDS
from ledger.sentences import ADVICE, REMARKS, UNITS, WORDINGS
from ledger.wordings import Lang, place, quantity, say, say_finding, say_remark

LANGS: tuple[Lang, ...] = get_args(Lang)
LAW = Path(next(iter(ledger.__path__)))
ROOMS = [room for name in ("app", "labels") if (room := LAW.parent / name).is_dir()]
CHAIN = ChainId(b64u.encode(bytes(range(32))))


def constants(node: ast.expr) -> Iterator[str]:
    """The texts that a code can be: a literal, or either side of `a if … else b`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from constants(node.body)
        yield from constants(node.orelse)


def error_classes(trees: list[ast.Module]) -> set[str]:
    """The names of the classes that come from `LedgerError`, one module's after another's."""
    names = {name for name, value in vars(errors).items() if isinstance(value, type)}
    defined = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    while more := {node.name for node in defined if {ast.unparse(base) for base in node.bases} & names} - names:
        names |= more
    return names


def raised(*folders: Path) -> dict[str, list[set[str]]]:
    """Every code raised in these folders, with the parameters of each raise, read from the source.

    Where a function is handed its code (a parameter `code`), the codes are those of its callers.
    """
    trees = [ast.parse(path.read_text()) for folder in folders for path in sorted(folder.rglob("*.py"))]
    classes = error_classes(trees)
    codes: dict[str, list[set[str]]] = defaultdict(list)
    for tree in trees:
        handed: dict[str, tuple[int, set[str]]] = {}
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef):
                continue
            names = [argument.arg for argument in function.args.args]
            for call in calls(function, classes):
                params = {str(word.arg) for word in call.keywords}
                for code in constants(call.args[0]):
                    codes[code].append(params)
                if isinstance(call.args[0], ast.Name) and call.args[0].id in names:
                    handed[function.name] = (names.index(call.args[0].id), params)
        for call in calls(tree, set(handed)):
            assert isinstance(call.func, ast.Name)
            at, params = handed[call.func.id]
            for code in constants(call.args[at]):
                codes[code].append(params)
    return codes


def calls(tree: ast.AST, names: set[str]) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names and node.args:
            yield node


RAISED = raised(LAW)
SERVICE = raised(*ROOMS)


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_code_is_worded() -> None:
    assert len(RAISED) > 60
    assert RAISED.keys() - WORDINGS.keys() == set()


def test_every_code_of_the_service_is_worded() -> None:
    """What HTTP answers with; clients have a table of their own."""
    assert SERVICE.keys() - WORDINGS.keys() == set()


@pytest.mark.parametrize("code", RAISED)
def test_a_wording_says_only_what_every_raise_brings(code: str) -> None:
    wording = WORDINGS[code]
    brought = set.intersection(*RAISED[code]) | {"where"}
    assert fields(wording.zh) <= brought
    assert fields(wording.en) <= brought
    assert fields(wording.zh) == fields(wording.en)
    assert wording.advice in ADVICE


@pytest.mark.parametrize("code", WORDINGS)
@pytest.mark.parametrize("lang", LANGS)
def test_it_is_said_whole(code: str, lang: Lang) -> None:
    said = say((code, {"path": "body.goods[0].quantity.value", "has": "observe", "wanted": "farm"}), lang)
    assert not re.search(r"[{}]|None", said)
    assert bool(re.search("[\u4e00-\u9fff]", said)) == (lang == "zh")
    assert said.endswith("。" if lang == "zh" else ".")


def test_a_clerk_can_read_it() -> None:
    error = Malformed("quantity", path="body.outputs[0].quantity.value", has="0", wanted="1250.5")
    assert say(error, "zh") == (
        "“产出批次 › 第 1 项 › 数量 › 数值”现为“0”，应是大于零的数量，如 1250.5，小数最多 6 位。请改正后重新签名提交。"
    )
    assert say(error, "en") == (
        "“batches made › item 1 › quantity › value” is “0”; wanted is a quantity such as 1250.5, above zero, "
        "at most 6 decimal places. Please correct it, sign again and send it again."
    )
    half = Malformed("unit-whole", path="body.quantity", has="1.5", wanted="head")
    assert say(half, "zh", advice=False) == "“数量”现为“1.5”，按头（只）计的只能是整数。"
    assert say(half, "en", advice=False) == "“quantity” is “1.5”; what is counted in head comes in whole numbers."
    role = NotAllowed("role", path="kind", has="shop, lab", wanted="harvest")
    assert say(role, "zh") == "现有角色（销售者、检测机构）不能填写“采收出栏”。请联系登记员办理。"
    assert say(role, "en").startswith("The roles held (shop, laboratory) do not allow “harvest”.")
    assert "总账负责人、登记员" in say(NotAllowed("signer", path="iss", has=CHAIN, wanted="root | registrar"), "zh")


def test_a_batch_goes_by_its_trace_code_and_long_ids_by_their_beginning() -> None:
    assert grouped(trace_code(CHAIN)) in say(Malformed("repeated", path="body.goods[1].batch", has=CHAIN), "en")
    said = say(NotAllowed("key-unknown", path="header.kid", has=CHAIN), "zh")
    assert CHAIN not in said
    assert f"{CHAIN[:8]}…" in said


def test_what_is_not_worded_stands_as_itself() -> None:
    assert say(("new-code", {"path": "a", "has": 3, "wanted": ""}), "zh") == "new-code (a, 3)"
    assert say(("new-code", {}), "en") == "new-code"
    assert say(("role", {}), "en").startswith("The roles held (–)")
    assert say_finding("new-finding", {}, "zh") == "new-finding"


@pytest.mark.parametrize(
    ("path", "zh", "en"),
    [
        ("", "这条记录", "this record"),
        ("on[2]", "“所涉批次 › 第 3 项”", "“batches touched › item 3”"),
        ("header.kid", "“签名头 › 密钥编号”", "“header › key”"),
        ("body", "“记录内容”", "“record”"),
        (
            "body.new.outputs[0].grade",
            "“更正后 › 产出批次 › 第 1 项 › 等级”",
            "“new values › batches made › item 1 › grade”",
        ),
        ("body.names.zh", "“名称 › zh”", "“names › zh”"),
        ("body.kind", "“类型”", "“type”"),
        ("kind", "“记录种类”", "“kind of record”"),
        ("something", "“something”", "“something”"),
    ],
)
def test_a_path_is_told_in_the_words_of_the_form(path: str, zh: str, en: str) -> None:
    assert place(path, "zh") == zh
    assert place(path, "en") == en


@given(st.text(max_size=20), st.text(max_size=20), st.sampled_from(sorted(WORDINGS)), st.sampled_from(LANGS))
def test_no_input_breaks_a_wording(path: str, has: str, code: str, lang: Lang) -> None:
    assert say((code, {"path": path, "has": has, "wanted": has}), lang)


def test_quantities_are_read_out() -> None:
    assert quantity({"unit": "kg", "value": "1250.5"}, "zh") == "1250.5 公斤"
    assert quantity({"unit": "box", "value": "1"}, "en") == "1 box"
    assert quantity({"unit": "box", "value": "3"}, "en") == "3 boxes"
    assert quantity({"unit": "C", "value": "-18"}, "zh") == "-18 ℃"
    assert quantity({"unit": "QQ", "value": "3"}, "zh") == "3 QQ"


def test_units_are_codes_that_a_record_takes() -> None:
    for unit, words in UNITS.items():
        assert re.fullmatch("[A-Za-z0-9%/]{1,8}", unit)
        assert all(words)


def test_findings_are_said_with_how_to_clear_them() -> None:
    params = {"party": "青禾合作社", "batch": CHAIN, "has": "400", "wanted": "520", "short": "120", "unit": "kg"}
    assert say_finding("over-held", {**params, "product": "番茄"}, "zh") == (
        f"番茄（追溯码 {grouped(trace_code(CHAIN))}）：青禾合作社现有 400 公斤，记录写了 520 公斤，多出 120 公斤。"
        "核对数量；填错的请更正，漏记的收货或采收请补记。"
    )
    assert say_finding("over-held", params, "en").startswith(
        f"Trace code {grouped(trace_code(CHAIN))}: 青禾合作社 has 400 kg, the record says 520 kg: 120 kg too many. "
    )
    assert say_finding("clock", {"ahead": "600"}, "zh").startswith("记录的时间比收到时间晚 600 秒")
    assert "2026-05-08" in say_finding("interval", {"lawful": "2026-05-08"}, "en").partition(".")[2]


@pytest.mark.parametrize("code", FINDINGS)
def test_every_finding_is_in_both_languages(code: str) -> None:
    finding = FINDINGS[code]
    assert fields(finding.zh) == fields(finding.en)
    assert finding.clear_zh
    assert finding.clear_en


def test_kinds_are_not_worded_twice() -> None:
    said = say(NotAllowed("agent", path="for", has="x", wanted="plant"), "en")
    assert KINDS["plant"].en in said


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("code", REMARKS)
def test_a_reservation_is_said_in_both_languages(code: str, lang: Lang) -> None:
    said = say_remark(code, {"has": 3, "wanted": 5}, lang)
    assert "{" not in said
    assert not said.endswith((".", "。"))


def test_a_reservation_that_is_not_known_is_called_by_its_code() -> None:
    assert say_remark("odd", {}, "zh") == "odd"
