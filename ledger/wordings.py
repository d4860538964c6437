"""What went wrong, in Chinese and in English, for the person at the counter: the thing, what it has, what is wanted,
and what to do now.

Pure data and a few functions over it. Fields, kinds and roles are called what ``ledger.records`` calls them. In a
wording ``{where}`` is the place that ``path`` leads to; ``{has}`` and ``{wanted}`` may be asked for as a ``:batch``
(its trace code), a ``:kind``, a ``:unit`` or ``:roles``.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache

from ledger.errors import LedgerError
from ledger.findings import FINDINGS, TITLES
from ledger.identity import ChainId, grouped, trace_code
from ledger.records import KINDS, ROLES
from ledger.records.shapes import Field, ListOf, Object, Shape
from ledger.sentences import ADVICE, REMARKS, UNITS, WORDINGS, Lang

__all__ = ["Lang", "place", "quantity", "say", "say_finding", "say_remark"]

_CLAIMS: Mapping[str, tuple[str, str]] = {
    "after": ("上一条记录", "statement before"),
    "amount": ("数量", "amount"),
    "at": ("发生时间", "time of the event"),
    "body": ("记录内容", "record"),
    "chain": ("链", "chain"),
    "checkpoint": ("检查点", "checkpoint"),
    "code": ("追溯码", "trace code"),
    "disclosure": ("封存原文", "disclosure"),
    "entries": ("账目", "entries"),
    "entry": ("账目", "entry"),
    "first_index": ("首个账目号", "first index"),
    "for": ("代理的主体", "party acted for"),
    "hash": ("摘要", "hash"),
    "header": ("签名头", "header"),
    "iat": ("签名时间", "time of signing"),
    "iss": ("签名主体", "signing party"),
    "jwk": ("公钥", "public key"),
    "kid": ("密钥编号", "key"),
    "kind": ("记录种类", "kind of record"),
    "log": ("总账", "log"),
    "log_index": ("账目号", "log index"),
    "mark": ("二维码标识", "mark"),
    "n": ("签名簿序号", "notebook number"),
    "on": ("所涉批次", "batches touched"),
    "payload": ("记录内容", "payload"),
    "prev": ("上一账目", "entry before"),
    "proof": ("证明", "proof"),
    "received": ("收到时间", "time of receipt"),
    "root": ("根", "root"),
    "seen": ("已核对的检查点", "checkpoint seen"),
    "seq": ("链上序号", "place in the chain"),
    "signature": ("签名", "signature"),
    "size": ("大小", "size"),
    "v": ("格式版本", "format version"),
}
_STEP = re.compile(r"\[([0-9]+)\]|[^.\[]+")


def say(error: LedgerError | tuple[str, Mapping[str, str | int]], lang: Lang, *, advice: bool = True) -> str:
    """The error as a sentence and, with ``advice``, what to do now; a code that is not worded stands as itself."""
    code, params = (error.code, error.params) if isinstance(error, LedgerError) else error
    values = {name: _Value(value, lang) for name, value in params.items()}
    values["where"] = _Value(place(str(params.get("path", "")), lang), lang)
    wording = WORDINGS.get(code)
    if wording is None:
        told = [str(params[name]) for name in ("path", "has", "wanted") if params.get(name) not in (None, "")]
        return f"{code} ({', '.join(told)})" if told else code
    sentence = _pick(wording[:2], lang).format_map(_Given(values))
    return _join(sentence, _pick(ADVICE[wording.advice if advice else "nothing"], lang), lang)


def say_finding(code: str, params: Mapping[str, str | int], lang: Lang) -> str:
    """The finding as a sentence and how to clear it; ``batch`` is a chain id, ``product`` what it is called, if that is
    known; amounts bring a ``unit``."""
    finding = FINDINGS.get(code)
    if finding is None:
        return code
    values = {name: _Value(value, lang) for name, value in params.items()}
    values["batch"] = _Value(_batch(values, lang), lang)
    if "unit" in params:
        for name in {"has", "wanted", "short"} & params.keys():
            values[name] = _Value(quantity({"unit": str(params["unit"]), "value": str(params[name])}, lang), lang)
    given = _Given(values)
    sentence = _pick(finding[:2], lang).format_map(given)
    return _join(sentence, _pick((finding.clear_zh, finding.clear_en), lang).format_map(given), lang)


def say_remark(code: str, params: Mapping[str, str | int], lang: Lang) -> str:
    """A reservation of a verdict as a sentence without its full stop."""
    sentence = _pick(REMARKS.get(code, (code, code)), lang)
    return sentence.format_map(_Given({name: _Value(value, lang) for name, value in params.items()}))


def _batch(values: Mapping[str, "_Value"], lang: Lang) -> str:
    """``番茄（追溯码 9677 …）``: names and figures kept apart, for an amount follows."""
    if "batch" not in values:
        return "–"
    code = f"{_pick(('追溯码', 'trace code'), lang)} {values['batch']:batch}"
    return _pick(("{}（{}）", "{} ({})"), lang).format(values["product"], code) if "product" in values else code


def quantity(amount: Mapping[str, str], lang: Lang) -> str:
    """A quantity or reading as it is read out: ``1250.5 公斤``, ``3 boxes``."""
    value, unit = amount["value"], amount["unit"]
    zh, one, many = UNITS.get(unit, (unit, unit, unit))
    return f"{value} {zh if lang == 'zh' else one if value == '1' else many}"


def place(path: str, lang: Lang) -> str:
    """Where ``path`` leads, in the words of the form: ``body.outputs[0].quantity`` is 产出批次 › 第 1 项 › 数量."""
    words = list(_steps(path, lang))
    if not words:
        return _pick(("这条记录", "this record"), lang)
    return f"“{' › '.join(words)}”"


def _steps(path: str, lang: Lang) -> Iterator[str]:
    steps = [match for match in _STEP.finditer(path) if match[0]]
    inside = bool(steps) and steps[0][0] == "body" and len(steps) > 1
    for step in steps[1:] if inside else steps:
        if step[1] is not None:
            yield _pick((f"第 {int(step[1]) + 1} 项", f"item {int(step[1]) + 1}"), lang)
        else:
            known = _fields() if inside else _CLAIMS
            yield _pick(known.get(step[0]) or _CLAIMS.get(step[0]) or (step[0], step[0]), lang)


@cache
def _fields() -> Mapping[str, tuple[str, str]]:
    """What every field, at any depth, is called; of two by one name the first kind's, measures apart."""
    called = {"unit": ("单位", "unit"), "value": ("数值", "value")}
    for kind in KINDS.values():
        for field in _within(kind.fields):
            called.setdefault(field.name, (field.zh, field.en))
    return called


def _within(fields: tuple[Field, ...]) -> Iterator[Field]:
    for field in fields:
        yield field
        shape: Shape = field.shape
        while isinstance(shape, ListOf):
            shape = shape.item
        if isinstance(shape, Object):
            yield from _within(shape.fields)


class _Given(dict[str, "_Value"]):
    """The parameters that came; one that did not is a dash, for an error is never a reason for another."""

    def __missing__(self, name: str) -> "_Value":
        return _Value("–", "zh")


class _Value:
    """One parameter, said as the wording asks for it."""

    def __init__(self, value: str | int, lang: Lang) -> None:
        self._text, self._lang = str(value), lang

    def __format__(self, spec: str) -> str:
        text, lang = self._text, self._lang
        if spec == "kind" and text in KINDS:
            return _pick((KINDS[text].zh, KINDS[text].en), lang)
        if spec == "unit" and text in UNITS:
            return _pick(UNITS[text][::2], lang)
        if spec == "findings":
            said = [_pick((TITLES.get(code) or (code, code)), lang) for code in text.split(", ")]
            return _pick(("、", ", "), lang).join(said)
        if spec == "roles":
            words = [_pick(_ACTORS.get(word, (word, word)), lang) for word in re.split(", | \\| ", text)]
            return _pick(("、", ", "), lang).join(words)
        if _HASH(text):
            # Nobody reads out 43 characters: a batch goes by its trace code, anything else by its beginning.
            return grouped(trace_code(ChainId(text))) if spec == "batch" else f"{text[:8]}…"
        return text


_HASH = re.compile("[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]").fullmatch
_ACTORS = {**ROLES, "root": ("总账负责人", "root"), "party": ("该主体", "the party itself")}
_ACTORS |= {"member": ("工作人员", "member"), "manager": ("主体管理员", "manager"), "auditor": ("审计人员", "auditor")}


def _pick(both: tuple[str, ...], lang: Lang) -> str:
    return both[0] if lang == "zh" else both[1]


def _join(sentence: str, advice: str, lang: Lang) -> str:
    said = f"{sentence}。{advice}" if lang == "zh" else f"{sentence[:1].upper()}{sentence[1:]}. {advice}"
    return said.rstrip()
