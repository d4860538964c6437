"""Warehouse: in, out, counted, written off."""

# ruff: noqa: E501  (a field is one line, so that the table can be read down)

from ledger.records.kind import Kind, goods
from ledger.records.shapes import Choice, Field, Reading, Text

_AIR = (
    Field("location", Text(60), "库位", "location", "几号库、几排几位，照库位牌写", "which room, row and place, as on the sign"),
    Field("temperature", Reading(), "温度", "temperature", "库里温度计的读数，零下写负号", "what the room's thermometer shows, with a minus below zero"),
    Field("humidity", Reading(), "湿度", "humidity", "湿度计的读数，单位 %", "what the hygrometer shows, in %"),
)  # fmt: skip
STORE = Kind(
    "store",
    "入库",
    "put in store",
    "货进仓库、进冷库时写",
    "when goods go into a store or a cold room",
    "storing",
    (*_AIR, Field("pest_control", Text(120), "虫鼠防治", "pest control", "防虫防鼠做了什么：粘板、挡鼠板；用药的写药名", "what is done against insects and mice; name any chemical")),
    cbv="storing",
)  # fmt: skip
UNSTORE = Kind(
    "unstore",
    "出库",
    "taken from store",
    "货从仓库取出时写；交给别人的另写发货",
    "when goods are taken out; what goes to somebody else is a shipment too",
    "storing",
    _AIR,
    cbv="storing",
)
COUNT = Kind(
    "count",
    "盘点",
    "stock count",
    "点过库存后写实有数量；和账上不一样的会提示差多少",
    "after counting your stock: what is really there; a difference from the books is shown",
    "storing",
    (
        goods("实盘数量", "quantity found", "每个批次实际点到多少，不要照账抄", "how much of each batch you counted, not what the books say"),
        Field("reason", Text(200), "差异原因", "reason for the difference", "和账上不一样的写为什么：失水、漏记、破损", "why it differs from the books: drying, a missing record, damage"),
    ),
    cbv="cycle_counting",
)  # fmt: skip
DISPOSE = Kind(
    "dispose",
    "损耗销毁",
    "disposal",
    "坏了、过期、不合格、病死的货销毁或处理掉时写，留下照片",
    "when goods that spoiled, expired, failed or died are destroyed; keep a photo",
    "storing",
    (
        goods("货物", "goods", "处理掉的每个批次和数量", "each batch that was disposed of, and how much"),
        Field(
            "reason",
            Choice(
                {
                    "spoiled": ("腐坏", "spoiled"),
                    "damaged": ("破损", "damaged"),
                    "expired": ("过期", "expired"),
                    "failed": ("不合格", "failed a test"),
                    "recalled": ("召回", "recalled"),
                    "died": ("病死", "died"),
                    "sample": ("留样取样", "sample"),
                    "waste": ("生产废料", "waste"),
                    "other": ("其他", "other"),
                }
            ),
            "原因",
            "reason",
            "为什么不要了，选最合适的一项",
            "why it is no longer wanted: the closest of these",
            required=True,
        ),
        Field("method", Text(120), "处置方式", "method", "怎么处理的：深埋、焚烧、交无害化处理厂", "what was done with it: buried, burnt, handed to a rendering plant"),
    ),
    cbv="destroying",
)  # fmt: skip
KINDS = (STORE, UNSTORE, COUNT, DISPOSE)
