"""What is wrong with a sheet, where, and what to do: for the person who filled it in.

ClientError
├── BadSheet     the file as a whole can't be read, or no mapping fits it
├── BadMapping   the mapping file is not what docs/import.md says
└── BadCell      one cell; becomes a Problem with its line and column
"""

# ruff: noqa: E501  (a row of the table is one line, so that it can be read down)

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from clients.errors import ClientError
from clients.wordings import say as say_error
from ledger.errors import LedgerError
from ledger.wordings import Lang

Severity: TypeAlias = Literal["bad", "warning"]


class BadSheet(ClientError):
    """``sheet-file``, ``sheet-encoding``, ``sheet-empty``, ``sheet-unknown``, ``sheet-columns``, ``sheet-repeated``."""


class BadMapping(ClientError):
    """``mapping-…``: ``path`` is the place in the mapping file."""


class BadCell(ClientError):
    """``has`` is what the cell says, ``wanted`` what it should."""


@dataclass(frozen=True)
class Problem:
    """A bad row is not sent; a warning is. ``line`` as an editor counts, ``column`` the head above the cell."""

    line: int
    column: str
    error: LedgerError
    severity: Severity = "bad"
    lines: tuple[int, ...] = field(default=(), compare=False)
    """All lines of the record that is held back by it, where it has several."""

    def reason(self, lang: Lang) -> str:
        return say(self.error, lang)


WORDINGS: Mapping[str, tuple[str, str]] = {
    # --- the file
    "sheet-file": ("读不了 {path}：{has}", "{path} can't be read: {has}"),
    "sheet-encoding": ("{path} 既不是 UTF-8 也不是 GB18030 文本：请另存为“CSV UTF-8”或 xlsx", "{path} is neither UTF-8 nor GB18030 text: save it as “CSV UTF-8” or xlsx"),
    "sheet-empty": ("{path} 里没有表头或没有数据行", "{path} has no heads, or no rows below them"),
    "sheet-unknown": ("{path} 的表头不是已知表格：请用 --mapping 给出列对应文件（写法见 docs/import.md）。表头：{has}", "the heads of {path} are those of no known sheet: name a mapping file with --mapping (docs/import.md says how). Heads: {has}"),
    "sheet-columns": ("{path} 缺少列：{wanted}。现有：{has}", "{path} lacks the columns: {wanted}. It has: {has}"),
    "sheet-repeated": ("{path} 有两列都叫“{has}”：请改名", "{path} has two columns called “{has}”: rename one"),
    "sheet-row": ("这一行有 {has} 格，表头只有 {wanted} 列：多半是文字里的逗号没有加引号", "this row has {has} cells under {wanted} heads: a comma in a text without quotes, most likely"),
    # --- the mapping
    "mapping-file": ("列对应文件 {path} 读不了：{has}", "the mapping file {path} can't be read: {has}"),
    "mapping-key": ("列对应文件里不认识 {path}（可用：{wanted}）", "the mapping file's {path} is not known (wanted: {wanted})"),
    "mapping-value": ("列对应文件的 {path} 现为“{has}”，应为 {wanted}", "the mapping file's {path} is “{has}”; wanted: {wanted}"),
    "mapping-missing": ("列对应文件缺少 {path}", "the mapping file lacks {path}"),
    # --- a cell
    "cell-empty": ("这一格不能为空", "this cell must not be empty"),
    "cell-date": ("“{has}”不是认得的日期；本表的写法是 {wanted}", "“{has}” is no date that is known here; this sheet's styles are {wanted}"),
    "cell-quantity": ("“{has}”不是数量，应如“20 CS”或“1250.5”：大于零，小数最多 6 位", "“{has}” is no quantity; wanted is one such as “20 CS” or “1250.5”: above zero, at most 6 decimal places"),
    "cell-unit": ("“{has}”不是单位代码：请在列对应文件的 [units] 里写明，如 \"{has}\" = \"kg\"", "“{has}” is no code of a unit: say in the mapping's [units] what it is, such as \"{has}\" = \"kg\""),
    "cell-no-unit": ("“{has}”没有单位", "“{has}” has no unit"),
    "cell-choice": ("“{has}”不在可选范围内（{wanted}）", "“{has}” is not one of: {wanted}"),
    "cell-flag": ("“{has}”应为“是”或“否”", "“{has}” must be yes or no"),
    "cell-whole": ("“{has}”应是整数", "“{has}” must be a whole number"),
    "cell-formula": ("这一格是公式（{has}）：请复制后“选择性粘贴—数值”，再导入", "this cell is a formula ({has}): paste it as a value, then import again"),
    "cell-error": ("这一格是错误值 {has}", "this cell is the error {has}"),
    "cell-long-number": ("“{has}”作为数值存放，表格软件会丢掉后几位：请把该列设为“文本”，重新填写", "“{has}” is stored as a number, of which a spreadsheet drops the last digits: make the column text and type it again"),
    "cell-became-date": ("表格软件把这一格变成了日期（{has}）：请把该列设为“文本”，重新填写", "the spreadsheet has made a date of this cell ({has}): make the column text and type it again"),
    # --- a row
    "row-differs": ("与第 {wanted} 行同属一条记录，但这一格不同（这里“{has}”）", "belongs to one record with line {wanted}, but this cell differs (here “{has}”)"),
    "row-held": ("与第 {has} 行同属一条记录，那一行有误，所以都没有发送", "belongs to one record with line {has}, which is bad: neither is sent"),
    "row-twice": ("批次 {has} 在同一条记录里写了两次，数量不同：请只写一次", "lot {has} is there twice in one record with different quantities: say it once"),
    "row-no-batch": ("没有写明是哪个批次或产品", "no batch or product is named"),
    "changed": ("与已发送的一条相同，但数量不同：原来 {has}，现在 {wanted}。已发送的不会改：请用更正（correct）；若确是另一笔，请写上不同的单据号", "the same as one that was sent, with another quantity: {has} then, {wanted} now. What was sent stays: state a correction (correct); if it is another one, give it a document number of its own"),
    "lot-there": ("批次 {has} 已在总账中（{path}），不能再次建立：补充来源或数量请用更正（correct）", "lot {has} is in the log already ({path}) and can't be opened again: add its origin or quantity by a correction (correct)"),
    "unknown-lot": ("总账中没有批次 {has}：请先导入收货，或核对批号", "the log has no lot {has}: import its receipt first, or check the number"),
    "not-issuer": ("产品 {has} 是主体 {wanted} 登记的，您没有用其批号的授权：请对方把您列入该产品的可用主体", "product {has} belongs to party {wanted}, which does not let you give out lots of it: ask to be put on the product's list"),
    "unknown-receiver": ("总账中没有叫“{has}”的主体：请在 {path} 里写上它的主体编号；还没有登记的，先请登记员登记，再导入一次，这一行会补发", "no party is known as “{has}”: put its party id into {path}; if it has none, have a registrar register it and import again, and this row will be sent"),
    "party-id": ("{path} 里“{has}”的主体编号不对：应为 43 个字符的编号", "the party id of “{has}” in {path} is not one: it has 43 characters"),
    # --- warnings
    "check-digit": ("{wanted} {has} 的校验位不对：已按文字原样保留，请对照包装核对", "the check digit of {wanted} {has} is wrong: it is kept as text; compare it with the package"),
    "opened": ("批次 {has} 没有收货记录：已用一条“来源未记录”的进货记录建立，请向供货者索取来源，用更正补上", "lot {has} was never received here: it is opened by an intake marked as of unrecorded origin; ask the supplier and add the origin by a correction"),
    "before-made": ("日期 {has} 早于该批次的建立日期 {wanted}：请核对", "the date {has} is before the batch's own {wanted}: check it"),
}  # fmt: skip


def say(error: LedgerError, lang: Lang) -> str:
    """As ``clients.wordings.say``, with this room's problems too."""
    wording = WORDINGS.get(error.code)
    if wording is None:
        return say_error(error, lang)
    return wording[0 if lang == "zh" else 1].format_map(defaultdict(lambda: "–", error.params))
