"""Laboratory and correction: what was measured, against which limit, and what was put right."""

from ledger.records.kind import Kind
from ledger.records.shapes import (
    ATTACHMENT,
    Choice,
    Day,
    Field,
    Flag,
    ListOf,
    Object,
    Ref,
    Text,
    Time,
    Values,
)

_VALUE = Text(40)
TEST = Kind(
    "test",
    "检测",
    "test",
    "testing",
    (
        Field("sample_no", Text(60), "样品编号", "sample no.", required=True),
        Field("lab", Text(120), "检测机构", "laboratory"),
        Field("accreditation", Text(80), "资质编号", "accreditation no."),
        Field("method", Text(120), "检测方法", "method"),
        Field(
            "type",
            Choice(
                {
                    "qualitative": ("定性（速测）", "qualitative (rapid)"),
                    "quantitative": ("定量", "quantitative"),
                }
            ),
            "检测类型",
            "type",
            required=True,
        ),
        Field("sampled", Time(), "抽样时间", "sampled at"),
        Field(
            "items",
            ListOf(
                Object(
                    (
                        Field("analyte", Text(60), "项目", "analyte", required=True),
                        Field(
                            "value",
                            _VALUE,
                            "检测值",
                            "value",
                            required=True,
                            help_zh="数值，或“未检出”",
                            help_en="a number, or not detected",
                        ),
                        Field("unit", Text(20), "单位", "unit"),
                        Field("limit", _VALUE, "限量", "limit"),
                        Field("limit_source", Text(80), "限量依据", "limit's source"),
                        Field("limit_date", Day(), "依据日期", "date of the source"),
                        Field("passed", Flag(), "合格", "passed"),
                    )
                ),
                high=100,
            ),
            "检测项目",
            "items",
            required=True,
        ),
        Field(
            "conclusion",
            Choice({"pass": ("合格", "passed"), "fail": ("不合格", "failed")}),
            "结论",
            "conclusion",
            required=True,
        ),
        Field("report", ATTACHMENT, "检测报告", "report"),
        Field("sampler", Text(60), "抽样人", "sampler", audience="regulator"),
    ),
    cbv="inspecting",
)
CORRECT = Kind(
    "correct",
    "更正",
    "correction",
    "testing",
    (
        Field("statement", Ref("statement"), "更正的记录", "statement corrected", required=True),
        Field("reason", Text(200), "原因", "reason", required=True),
        Field("new", Values(), "更正后", "new values"),
        Field("void", Flag(), "作废", "void"),
    ),
)
KINDS = (TEST, CORRECT)
