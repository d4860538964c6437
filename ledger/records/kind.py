"""What a kind of statement is: its fields, what it touches and brings, and the check of a body against it."""

# ruff: noqa: E501  (a field is one line, so that the tables can be read down)

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from ledger.canonical import Json
from ledger.errors import Malformed
from ledger.records.shapes import (
    ATTACHMENT,
    Day,
    Field,
    ListOf,
    Object,
    Quantity,
    Reading,
    Ref,
    Text,
    Whole,
    ascending,
    described,
)
from ledger.statement import Statement

Stage: TypeAlias = Literal[
    "growing", "processing", "storing", "moving", "testing", "certifying", "selling", "supervising", "registry"
]


@dataclass(frozen=True)
class Kind:
    """``on`` says whether it touches chains; ``brings`` what comes into being: outputs, a chain for itself, nothing.

    The help says when to state it. ``cbv`` is its business step (GS1 CBV 2.0), ``fsma`` its critical tracking event
    (21 CFR 1.1325–1.1350); empty where the standard has none.
    """

    name: str
    zh: str
    en: str
    help_zh: str
    help_en: str
    stage: Stage
    fields: tuple[Field, ...]
    on: Literal["none", "some", "any"] = "some"
    brings: Literal["outputs", "itself", "nothing"] = "nothing"
    cbv: str = ""
    fsma: str = ""
    common: bool = True
    by_name: Mapping[str, Field] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        own = {field.name for field in self.fields}
        common = (field for field in COMMON if field.name not in own)
        fields = (*self.fields, *(common if self.common else ()))
        object.__setattr__(self, "fields", fields)
        object.__setattr__(self, "by_name", {field.name: field for field in fields})

    def check(self, statement: Statement, opened: Mapping[str, Json]) -> None:
        """Hold a statement and its opened sealed fields against this kind; raises Malformed with the field's path."""
        self._check_targets(statement)
        for name in statement.body:
            if name != "_sd" and self._known(name).audience != "public":
                raise Malformed("must-seal", path=f"body.{name}", wanted=self.by_name[name].audience)
        for name in opened:
            if self._known(name).audience == "public":
                raise Malformed("must-not-seal", path=f"body.{name}", wanted="public")
        if statement.sealed and all(field.audience == "public" for field in self.fields):
            raise Malformed("must-not-seal", path="body._sd", wanted="public")
        values = {**statement.body, **opened}
        for inside in self.fields:
            if inside.name in values:
                inside.shape.check(values[inside.name], f"body.{inside.name}")
            elif inside.required:
                raise Malformed("missing", path=f"body.{inside.name}")
        ascending(values, "body")
        self._check_touched(statement)

    def _known(self, name: str) -> Field:
        if name not in self.by_name:
            raise Malformed("unknown", path=f"body.{name}")
        return self.by_name[name]

    def _check_targets(self, statement: Statement) -> None:
        if self.on == "none" and statement.on:
            raise Malformed("on-none", path="on", has=len(statement.on), wanted=0)
        if self.on == "some" and not statement.on:
            raise Malformed("on-some", path="on", has=0, wanted="at least one")
        if self.brings == "outputs" and "outputs" not in statement.body:
            raise Malformed("missing", path="body.outputs")

    def _check_touched(self, statement: Statement) -> None:
        named: dict[str, str] = {}
        for path, batch in batches_named(statement.body):
            if batch in named:
                raise Malformed("repeated", path=path, has=batch)
            named[batch] = path
        for place, item in enumerate(statement.body.get("short", ())):
            named.setdefault(item["batch"], f"body.short[{place}].batch")
        for batch, path in named.items():
            if batch not in statement.on:
                raise Malformed("not-on", path=path, has=batch, wanted="among on")
        inputs = {item["batch"] for item in statement.body.get("inputs", ())}
        if "outputs" in statement.body and inputs != set(statement.on):
            raise Malformed("on-inputs", path="on", wanted="exactly the inputs")

    def schema(self) -> dict[str, Any]:
        """JSON Schema of the body with every field in the clear, as forms and programs fill it in."""
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.zh,
            "x-en": self.en,
            "x-help": self.help_zh,
            "x-help-en": self.help_en,
            "x-cbv": self.cbv,
            "x-fsma": self.fsma,
            "x-on": self.on,
            "x-brings": self.brings,
            "type": "object",
            # What a field holds inside has the field's own audience.
            "properties": {inside.name: {**described(inside), "x-audience": inside.audience} for inside in self.fields},
            "required": [inside.name for inside in self.fields if inside.required],
            "additionalProperties": False,
        }


def batches_named(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each batch that ``inputs`` and ``goods`` name, with its path."""
    for name in ("inputs", "goods"):
        for place, item in enumerate(body.get(name, ())):
            yield f"body.{name}[{place}].batch", item["batch"]


# --- fields that many kinds have ---------------------------------------------------------------------------------

COMMON = (
    Field("place", Ref("place"), "场所", "place", "在哪里做的：从您登记过的地块、厂房、仓库、门店里选", "where it was done: choose one of your fields, plants, stores or shops", cbv="bizLocation", fsma="location description"),
    Field("person", Text(60), "经手人", "person", "动手做这件事的人的姓名，只有监管部门能看到", "the name of whoever did it; only supervisors can read it", audience="regulator"),
    Field(
        "refs",
        ListOf(
            Object(
                (
                    Field("type", Text(40), "单据类型", "type of document", "单子叫什么：送货单、发票、过磅单", "what the paper is called: delivery note, invoice, weighbridge ticket", required=True),
                    Field("number", Text(80), "单号", "number", "照单子上印的号码抄写", "the number printed on the paper", required=True),
                )
            ),
            high=16,
        ),
        "单据号",
        "reference documents",
        "有送货单、发票、过磅单的，写上单号，以后对账用",
        "numbers of delivery notes, invoices or tickets that go with it, to compare later",
        audience="trade",
        cbv="bizTransactionList",
        fsma="reference document type and number",
    ),
    Field("attachments", ListOf(ATTACHMENT, high=16), "照片和附件", "photos and documents", "现场拍的照片，谁都能看；拍到人脸、身份证、价格的不要放这里", "photos that everybody may see; none with faces, identity cards or prices"),
    Field("papers", ListOf(ATTACHMENT, high=16), "内部附件", "documents not for the public", "单据、合同、证件的照片，只给经手这批货的各方和监管部门看", "photos of papers and contracts, for those who have held the goods and supervisors only", audience="trade"),
    Field("portraits", ListOf(ATTACHMENT, high=16), "人像照片", "photos that show people", "能认出人的照片放在这里，不公开，可以删除", "photos in which somebody can be recognised: not for the public, and may be erased", audience="regulator"),
    Field("note", Text(500), "备注", "note", "上面没有问到、以后可能用得着的话；公众看不到", "anything not asked above that may matter later; the public cannot read it", audience="trade"),
)  # fmt: skip

PRODUCT = Field(
    "product",
    Ref("product"),
    "产品",
    "product",
    "从登记过的产品里选；没有的先登记产品",
    "choose a registered product; register it first if it is new",
    required=True,
    cbv="epcClass",
    fsma="product description",
)
LOT = Field(
    "lot",
    Text(40),
    "批号",
    "lot",
    "您自己的批号，可不填",
    "your own number, if you have one",
    cbv="lotNumber",
    fsma="traceability lot code",
)
QUANTITY = Field(
    "quantity",
    Quantity(),
    "数量",
    "quantity",
    "过磅或点数的实数，连同单位，如 1250.5 公斤",
    "as weighed or counted, with its unit, such as 1250.5 kg",
    required=True,
    cbv="quantity",
    fsma="quantity and unit of measure",
)
GRADE = Field(
    "grade",
    Text(40),
    "等级",
    "grade",
    "分过级的写等级：一级、特级；没分级不填",
    "the grade, where it was graded; otherwise leave it empty",
)
BATCH = Field(
    "batch",
    Ref("batch"),
    "批次",
    "batch",
    "扫码，或从手上的批次里选",
    "scan its code, or choose one that you hold",
    required=True,
    cbv="epcList",
)
BEST_BEFORE = Field(
    "best_before", Day(), "保质期至", "best before", "印在包装上的到期那天", "the last day, as printed on the package"
)
PACKED = Field(
    "packed",
    Day(),
    "包装日期",
    "pack date",
    "装进包装的那天，印在包装上",
    "the day it was packed, as printed on the package",
)
REASON = Field("reason", Text(200), "原因", "reason", "用一句话写明为什么", "why, in one sentence", required=True)
SERIALS = Object(
    (
        Field("first", Whole(0), "起号", "first", "这一段标签的第一个序号", "the first serial number of the range", required=True),
        Field("last", Whole(0), "止号", "last", "这一段标签的最后一个序号", "the last serial number of the range", required=True),
    ),
    ranged=True,
)  # fmt: skip


def outputs(*more: Field) -> Field:
    """``body.outputs``: what comes into being, each a chain of its own."""
    made = ListOf(Object((PRODUCT, QUANTITY, LOT, *more)))
    help_zh, help_en = (
        "得到了什么、多少；几种产品就写几行，每行是一个新批次",
        "what came of it and how much, a line for each: every line is a new batch",
    )
    return Field("outputs", made, "产出批次", "batches made", help_zh, help_en, required=True, cbv="outputQuantityList")


def inputs(*, required: bool = True, measured: bool) -> Field:
    """``body.inputs``: what it is made from; without a quantity the input stays as it is (a field still growing)."""
    amount = "从这个批次里用掉多少，连同单位", "how much of this batch was used, with its unit"
    quantity = Field("quantity", Quantity(), "用量", "quantity used", *amount, required=measured)
    used = ListOf(Object((BATCH, quantity)))
    help_zh, help_en = (
        "用了哪些批次：扫码，或从手上的批次、库存里选",
        "which batches went in: scan them, or choose among those you hold",
    )
    return Field(
        "inputs", used, "原料批次", "batches used", help_zh, help_en, required=required, cbv="inputQuantityList"
    )


def goods(zh: str, en: str, help_zh: str, help_en: str, *, required: bool = True) -> Field:
    """``body.goods``: batches, and so much of each."""
    listed = ListOf(Object((BATCH, QUANTITY)))
    fsma = "quantity and unit of measure"
    return Field("goods", listed, zh, en, help_zh, help_en, required=required, cbv="quantityList", fsma=fsma)


def shipment(*, required: bool = True) -> Field:
    """The statement of the sender's ``ship`` that a record answers."""
    words = (
        "发货记录",
        "shipment",
        "对方发货记录的编号：扫货上的码，或从待收的货里选",
        "the sender's shipment: scan the goods, or choose among what is on its way to you",
    )
    return Field("shipment", Ref("statement"), *words, required=required)


TEMPERATURES = Object(
    (
        Field("low", Reading(), "最低温度", "lowest", "最冷的读数，零下写负号", "the coldest reading, with a minus below zero", required=True),
        Field("high", Reading(), "最高温度", "highest", "最热的读数", "the warmest reading", required=True),
    ),
    ranged=True,
)  # fmt: skip
