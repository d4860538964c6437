"""The promise that goes with the goods: 农产品质量安全承诺达标合格证.

Source of the form: 农产品质量安全承诺达标合格证管理办法 (MARA Order 4 of 2025, in force 2026-02-01).
"""

# ruff: noqa: E501  (a field is one line, so that the table can be read down)

from ledger.records.kind import Kind, goods
from ledger.records.shapes import Choice, Day, Field, ListOf, Object, Ref, Text

CERTIFY = Kind(
    "certify",
    "承诺达标合格证",
    "certificate",
    "上市前给每一批开一张；收购后混装、分装的由收购者另开，写明来源合格证",
    "for every batch before it is sold; a buyer who mixes or repacks issues a new one that names its parents",
    "certifying",
    (
        goods("货物", "goods", "这张合格证管哪些批次、多少数量", "which batches it stands for, and how much of each"),
        Field("form", Choice({"own": ("生产者自产", "producer's own"), "buyer": ("收购者", "buyer's")}), "开具方式", "form", "自己种养的选自产，收来的选收购者", "own for what you grew, buyer's for what you bought", required=True),
        Field("product_name", Text(80), "农产品名称", "name of the produce", "写大家都懂的名字，如 番茄、活猪、草鱼", "the name that everybody uses", required=True),
        Field("origin", Text(120), "产地", "origin", "种养在哪里：县、乡、村", "where it grew: county, township, village", required=True, cbv="countryOfOrigin"),
        Field("issued", Day(), "开具日期", "day of issue", "开证的这一天", "the day it is issued", required=True),
        Field("number", Text(60), "合格证编号", "certificate no.", "您自己的编号，一张一个；不编的留空", "your own number, one for each; may be empty"),
        Field(
            "basis",
            ListOf(
                Choice(
                    {
                        "control": ("质量安全控制符合要求", "quality controls kept"),
                        "self_tested": ("自行检测合格", "passed its own test"),
                        "commissioned": ("委托检测合格", "passed a commissioned test"),
                    }
                ),
                high=3,
            ),
            "承诺依据",
            "basis of the promise",
            "凭什么承诺，可多选；选检测的，用过的药都要检过",
            "what the promise rests on, one or more; a test must cover everything that was applied",
            required=True,
        ),
        Field("tests", ListOf(Ref("statement"), high=32), "依据的检测", "tests it rests on", "依据选了检测的：是哪几次检测记录", "where it rests on tests: which records they are"),
        Field(
            "parents",
            ListOf(
                Object(
                    (
                        Field("statement", Ref("statement"), "合格证记录", "certificate's record", "系统里的来源合格证，从来货里选", "the parent's record here: choose it from what came in"),
                        Field("number", Text(80), "合格证编号", "certificate no.", "纸质合格证上的编号", "the number on a paper one"),
                    )
                ),
                high=200,
            ),
            "来源合格证",
            "parent certificates",
            "收购者开的要写：混进来的每一批原来的合格证，一行一张",
            "for a buyer's: the certificate of everything mixed into it, a line for each",
        ),
        Field("promise", Text(500), "承诺内容", "promise", "与规定的承诺不同时才写；不填就是规定的原话", "only where it differs from the prescribed wording, which is meant if this is empty"),
        Field("contact", Text(120), "联系方式", "contact", "买主有问题找谁：电话；印在合格证上，网上不公开", "whom a buyer calls: printed on the certificate, not shown on line", audience="trade"),
    ),
)  # fmt: skip
KINDS = (CERTIFY,)
