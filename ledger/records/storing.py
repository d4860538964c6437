"""Warehouse: in, out, counted, written off."""

from ledger.records.kind import GOODS, Kind
from ledger.records.shapes import Choice, Field, Reading, Text

_AIR = (
    Field("location", Text(60), "库位", "location"),
    Field("temperature", Reading(), "温度", "temperature"),
    Field("humidity", Reading(), "湿度", "humidity"),
)
STORE = Kind(
    "store",
    "入库",
    "put in store",
    "storing",
    (*_AIR, Field("pest_control", Text(120), "虫鼠防治", "pest control")),
    cbv="storing",
)
UNSTORE = Kind("unstore", "出库", "taken from store", "storing", _AIR, cbv="picking")
COUNT = Kind(
    "count",
    "盘点",
    "stock count",
    "storing",
    (
        Field("goods", GOODS.shape, "实盘数量", "quantity found", required=True, cbv="quantityList"),
        Field("reason", Text(200), "差异原因", "reason for the difference"),
    ),
    cbv="cycle_counting",
)
DISPOSE = Kind(
    "dispose",
    "损耗销毁",
    "disposal",
    "storing",
    (
        GOODS,
        Field(
            "reason",
            Choice(
                {
                    "spoiled": ("腐坏", "spoiled"),
                    "damaged": ("破损", "damaged"),
                    "expired": ("过期", "expired"),
                    "failed": ("不合格", "failed a test"),
                    "recalled": ("召回", "recalled"),
                    "sample": ("留样取样", "sample"),
                    "waste": ("生产废料", "waste"),
                    "other": ("其他", "other"),
                }
            ),
            "原因",
            "reason",
            required=True,
        ),
        Field("method", Text(120), "处置方式", "method"),
    ),
    cbv="destroying",
)
KINDS = (STORE, UNSTORE, COUNT, DISPOSE)
