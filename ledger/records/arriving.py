"""What comes in from outside this ledger: bought from somebody who does not sign here, or from another log."""

# ruff: noqa: E501  (a field is one line, so that the table can be read down)

from ledger.records.kind import BEST_BEFORE, GRADE, PACKED, Kind, outputs
from ledger.records.shapes import ATTACHMENT, Choice, Field, Flag, Object, Ref, Text, Whole

CERTIFICATE_NO = Field(
    "certificate_no",
    Text(80),
    "合格证编号",
    "certificate no.",
    "对方承诺达标合格证上的编号；没有编号的拍照片",
    "the number on the supplier's certificate; if it has none, take its photo",
)
CERTIFICATE_PHOTO = Field(
    "certificate_photo",
    ATTACHMENT,
    "合格证照片",
    "photo of the certificate",
    "把纸质合格证拍清楚；上面有姓名电话，所以不公开",
    "a clear photo of the paper; it shows a name and a phone number, so it is not public",
    audience="trade",
)
CERTIFICATE_CHECKED = Field(
    "certificate_checked",
    Flag(),
    "已查验合格证",
    "certificate checked",
    "看过对方的承诺达标合格证、和货对得上才选是",
    "yes only if you have seen the certificate and it fits the goods",
)

INTAKE = Kind(
    "intake",
    "收购进货",
    "intake from outside",
    "向不在本系统的农户或商户收货时写；对方在系统里的，用“收货”",
    "when you buy from somebody who does not sign here; use receipt for those who do",
    "growing",
    (
        outputs(GRADE, BEST_BEFORE, PACKED),
        Field("origin", Text(120), "产地", "origin", "货是哪里出的：县、乡、村；进口的写国家", "where it grew: county, township, village; the country if imported", cbv="countryOfOrigin"),
        Field("supplier", Text(120), "供货者", "supplier", "卖给您的人或单位，照证件或送货单写", "who sold it to you, as on their papers", audience="trade", fsma="immediate previous source"),
        Field("supplier_contact", Text(120), "供货者联系方式", "supplier's contact", "对方的电话和地址，只有监管部门能看到", "their phone and address; only supervisors can read it", audience="regulator"),
        CERTIFICATE_CHECKED,
        CERTIFICATE_NO,
        CERTIFICATE_PHOTO,
        Field("quarantine_certificate", Text(60), "检疫证号", "quarantine certificate no.", "买畜禽和肉的：动物检疫合格证明的编号", "for animals and meat: the number of the quarantine certificate"),
        Field(
            "source_reference",
            Object(
                (
                    Field(
                        "type",
                        Choice(
                            {
                                "gln": ("全球位置码", "GLN"),
                                "ffrn": ("食品设施注册号", "FFRN"),
                                "url": ("网址", "URL"),
                                "ggn": ("GGN", "GGN"),
                                "other": ("其他", "other"),
                            }
                        ),
                        "类型",
                        "type",
                        "对方给的是哪一种编号",
                        "which kind of number the supplier gave",
                        required=True,
                    ),
                    Field("value", Text(120), "编号", "reference", "照对方单据抄写，不要漏数字", "copied from the supplier's papers, every digit", required=True),
                )
            ),
            "来源编号",
            "source reference",
            "出口或按国外规定要填：给这批货定批号的那一家的编号",
            "for export: the number of whoever gave the lot its code",
            audience="trade",
            fsma="traceability lot code source reference",
        ),
        Field("unrecorded", Flag(), "来源未记录", "origin not recorded", "确实不知道从哪里来的才选；以后查到了用更正补上", "only where nobody knows where it came from; add it by a correction once you do"),
        Field(
            "from",
            Object(
                (
                    Field("chain", Ref("batch"), "批次", "chain", "那边的批次编号，程序从凭证包里读出", "the batch's id over there; the program reads it from the bundle", required=True),
                    Field("log", Text(120), "总账", "log", "那本总账的名称，程序会自己填", "the name of that log; the program fills it in", required=True),
                    Field("root", Ref("batch"), "根", "root", "那本总账的根编号，程序会自己填", "the root of that log; the program fills it in", required=True),
                    Field("size", Whole(1), "账目数", "size", "核对时那本总账有多少条账目，程序会自己填", "how many entries that log had when it was checked; the program fills it in", required=True),
                    Field("statement", Ref("statement"), "发货记录", "shipment", "对方在那边写的发货记录，程序会自己填", "their shipment over there; the program fills it in", required=True),
                )
            ),
            "来自另一总账",
            "from another log",
            "货从别的县的总账来：用 gengji intake-from 和对方的凭证包来填",
            "goods from another county's log: fill it in with gengji intake-from and the sender's bundle",
        ),
    ),
    on="none",
    brings="outputs",
    cbv="receiving",
    fsma="receiving",
)  # fmt: skip
KINDS = (INTAKE,)
