"""Laboratory and correction: what was measured, against which limit, and what was put right."""

# ruff: noqa: E501  (a field is one line, so that the table can be read down)

from ledger.records.kind import REASON, Kind
from ledger.records.shapes import ATTACHMENT, Choice, Day, Field, Flag, ListOf, Object, Ref, Text, Time, Values

_VALUE = Text(40)
TEST = Kind(
    "test",
    "检测",
    "test",
    "检测报告出来后写，自己速测的也写；照报告填，不合格的同样要写",
    "when a test's result is there, your own rapid ones too; state failed ones as well",
    "testing",
    (
        Field("sample_no", Text(60), "样品编号", "sample no.", "报告或速测记录上的样品编号", "the sample's number on the report or in the test book", required=True),
        Field("lab", Text(120), "检测机构", "laboratory", "报告封面上的机构名称；自己测的写本单位", "the laboratory named on the report; yourselves for an own test"),
        Field("accreditation", Text(80), "资质编号", "accreditation no.", "报告封面 CMA、CATL 标志下的编号", "the number under the CMA or CATL mark on the report"),
        Field("method", Text(120), "检测方法", "method", "报告里写的方法标准，如 GB 23200.113；速测写“胶体金卡”等", "the standard that the report names; for a rapid test its kind of card"),
        Field("type", Choice({"qualitative": ("定性（速测）", "qualitative (rapid)"), "quantitative": ("定量", "quantitative")}), "检测类型", "type", "速测卡、速测仪是定性；送实验室出数值的是定量", "qualitative for cards and rapid meters, quantitative for a laboratory's figures", required=True),
        Field("sampled", Time(), "抽样时间", "sampled at", "样品是什么时候取的，限量按这一天算", "when the sample was taken: limits are those of that day"),
        Field(
            "items",
            ListOf(
                Object(
                    (
                        Field("analyte", Text(60), "项目", "analyte", "照报告写，如 毒死蜱、镉、恩诺沙星", "as in the report: chlorpyrifos, cadmium, enrofloxacin", required=True),
                        Field("value", _VALUE, "检测值", "value", "报告上的数值，或“未检出”", "the report's figure, or: not detected", required=True),
                        Field("unit", Text(20), "单位", "unit", "报告上的单位，如 mg/kg", "the report's unit, such as mg/kg"),
                        Field("limit", _VALUE, "限量", "limit", "报告上的限量值；没写的留空，由系统对照限量表", "the limit in the report; if empty the tables are asked"),
                        Field("limit_source", Text(80), "限量依据", "limit's source", "报告上的判定依据，如 GB 2763-2021", "the standard it was judged by"),
                        Field("limit_date", Day(), "依据日期", "date of the source", "那份标准实施的日期", "the day that standard came into force"),
                        Field("passed", Flag(), "合格", "passed", "这一项报告判合格选是", "yes if the report passes this item"),
                    )
                ),
                high=100,
            ),
            "检测项目",
            "items",
            "报告里的每一项，一项一行",
            "every item of the report, a line for each",
            required=True,
        ),
        Field("conclusion", Choice({"pass": ("合格", "passed"), "fail": ("不合格", "failed")}), "结论", "conclusion", "照报告最后的总结论选", "the report's conclusion", required=True),
        Field("report", ATTACHMENT, "检测报告", "report", "报告的扫描件或照片，公众能看到", "a scan or photo of the report, which the public can see"),
        Field("retest_of", Ref("statement"), "复检的检测", "test that this repeats", "复检的写：原来那次检测记录", "for a retest: the record of the first test"),
        Field("sampler", Text(60), "抽样人", "sampler", "取样的人的姓名，只有监管部门能看到", "who took the sample; only supervisors can read it", audience="regulator"),
    ),
    cbv="inspecting",
)  # fmt: skip
CORRECT = Kind(
    "correct",
    "更正",
    "correction",
    "发现记录写错了写一条更正；原来的留着，大家都看得到",
    "when a record turns out wrong: the old one stays and everybody sees both",
    "testing",
    (
        Field("statement", Ref("statement"), "更正的记录", "statement corrected", "要改的那条记录：从它的页面点“更正”进来最省事", "the record that is wrong: begin from its own page", required=True),
        REASON,
        Field("new", Values(), "更正后", "new values", "只写要改的项目和改后的内容；作废的不填", "only the fields that change, with what they should say; empty if it is voided"),
        Field("void", Flag(), "作废", "void", "整条都不算数才选是，例如写重了", "yes only if the whole record does not count, such as one stated twice"),
    ),
)  # fmt: skip
KINDS = (TEST, CORRECT)
