"""What a kind of statement is: its fields, what it touches and brings, and the check of a body against it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from ledger.canonical import Json
from ledger.errors import Malformed
from ledger.records.shapes import (
    ATTACHMENT,
    Field,
    ListOf,
    Object,
    Quantity,
    Reading,
    Ref,
    Text,
    described,
)
from ledger.statement import Statement

Stage: TypeAlias = Literal["growing", "processing", "storing", "moving", "testing", "selling", "registry"]


@dataclass(frozen=True)
class Kind:
    """``on`` says whether it touches chains; ``brings`` what comes into being: outputs, a chain for itself, nothing."""

    name: str
    zh: str
    en: str
    stage: Stage
    fields: tuple[Field, ...]
    on: Literal["none", "some", "any"] = "some"
    brings: Literal["outputs", "itself", "nothing"] = "nothing"
    cbv: str = ""
    fsma: str = ""
    common: bool = True
    by_name: Mapping[str, Field] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        fields = (*self.fields, *(COMMON if self.common else ()))
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
            "x-cbv": self.cbv,
            "x-fsma": self.fsma,
            "x-on": self.on,
            "x-brings": self.brings,
            "type": "object",
            "properties": {inside.name: described(inside) for inside in self.fields},
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
    Field("place", Ref("place"), "场所", "place", cbv="bizLocation", fsma="location description"),
    Field("person", Text(60), "经手人", "person", audience="regulator"),
    Field(
        "refs",
        ListOf(
            Object(
                (
                    Field("type", Text(40), "单据类型", "type of document", required=True),
                    Field("number", Text(80), "单号", "number", required=True),
                )
            ),
            high=16,
        ),
        "单据号",
        "reference documents",
        audience="trade",
        cbv="bizTransactionList",
        fsma="reference document type and number",
    ),
    Field("attachments", ListOf(ATTACHMENT, high=16), "照片和附件", "photos and documents"),
    Field("papers", ListOf(ATTACHMENT, high=16), "内部附件", "documents not for the public", audience="trade"),
    Field(
        "portraits",
        ListOf(ATTACHMENT, high=16),
        "人像照片",
        "photos that show people",
        audience="regulator",
        help_zh="能认出人的照片放在这里，不公开，可以删除",
        help_en="photos in which somebody can be recognised: not for the public, and may be erased",
    ),
    Field("note", Text(500), "备注", "note", audience="trade"),
)

PRODUCT = Field("product", Ref("product"), "产品", "product", required=True, cbv="epcClass", fsma="product description")
LOT = Field(
    "lot",
    Text(40),
    "批号",
    "lot",
    cbv="lotNumber",
    fsma="traceability lot code",
    help_zh="您自己的批号，可不填",
    help_en="your own number, if you have one",
)
QUANTITY = Field(
    "quantity",
    Quantity(),
    "数量",
    "quantity",
    required=True,
    cbv="quantity",
    fsma="quantity and unit of measure",
)
GRADE = Field("grade", Text(40), "等级", "grade")
BATCH = Field("batch", Ref("batch"), "批次", "batch", required=True, cbv="epcList")


def outputs(*more: Field) -> Field:
    """``body.outputs``: what comes into being, each a chain of its own."""
    return Field(
        "outputs",
        ListOf(Object((PRODUCT, QUANTITY, LOT, *more))),
        "产出批次",
        "batches made",
        required=True,
        cbv="outputQuantityList",
    )


def inputs(*, required: bool = True, measured: bool) -> Field:
    """``body.inputs``: what it is made from; without a quantity the input stays as it is (a field still growing)."""
    quantity = Field("quantity", Quantity(), "用量", "quantity used", required=measured)
    return Field(
        "inputs",
        ListOf(Object((BATCH, quantity))),
        "原料批次",
        "batches used",
        required=required,
        cbv="inputQuantityList",
    )


GOODS = Field(
    "goods",
    ListOf(Object((BATCH, QUANTITY))),
    "货物",
    "goods",
    required=True,
    cbv="quantityList",
    fsma="quantity and unit of measure",
)
SHIPMENT = Field(
    "shipment",
    Ref("statement"),
    "发货记录",
    "shipment",
    required=True,
    help_zh="对方发货记录的编号",
    help_en="the id of the sender's shipment",
)
TEMPERATURES = Object(
    (
        Field("low", Reading(), "最低温度", "lowest", required=True),
        Field("high", Reading(), "最高温度", "highest", required=True),
    )
)
