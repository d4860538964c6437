"""On the road: a shipment is said by both who sends and who receives; until then it is in transit."""

from ledger.records.kind import BATCH, GOODS, QUANTITY, SHIPMENT, TEMPERATURES, Kind
from ledger.records.shapes import Choice, Day, Field, Flag, ListOf, Object, Reading, Ref, Text, Time

SHIP = Kind(
    "ship",
    "发货",
    "shipment",
    "moving",
    (
        GOODS,
        Field(
            "receiver",
            Ref("party"),
            "收货方",
            "receiver",
            required=True,
            cbv="destinationList",
            fsma="immediate subsequent recipient",
        ),
        Field("carrier", Ref("party"), "承运方", "carrier"),
        Field("plate", Text(20), "车牌号", "plate", audience="regulator"),
        Field("seal", Text(40), "封签号", "seal no.", audience="trade"),
        Field("temperature_range", TEMPERATURES, "要求温度", "temperature asked"),
        Field("planned_arrival", Time(), "预计到达", "planned arrival"),
    ),
    cbv="shipping",
    fsma="shipping",
)
_VEHICLE = (
    SHIPMENT,
    Field("vehicle", Text(40), "车型", "vehicle"),
    Field("plate", Text(20), "车牌号", "plate", audience="regulator"),
    Field("driver", Text(60), "司机", "driver", audience="regulator"),
    Field("temperature", Reading(), "温度", "temperature"),
    Field("device", Text(60), "温度计编号", "device no."),
    Field("calibrated", Day(), "校准日期", "calibration date"),
)
LOAD = Kind("load", "装车", "loading", "moving", _VEHICLE, cbv="loading")
UNLOAD = Kind(
    "unload",
    "卸车",
    "unloading",
    "moving",
    (*_VEHICLE, Field("temperature_log", TEMPERATURES, "途中温度", "temperatures on the way")),
    cbv="unloading",
)
RECEIVE = Kind(
    "receive",
    "收货",
    "receipt",
    "moving",
    (
        SHIPMENT,
        GOODS,
        Field(
            "short",
            ListOf(
                Object(
                    (
                        BATCH,
                        QUANTITY,
                        Field(
                            "reason",
                            Choice(
                                {
                                    "short": ("短少", "short"),
                                    "damaged": ("破损", "damaged"),
                                    "spoiled": ("腐坏", "spoiled"),
                                }
                            ),
                            "原因",
                            "reason",
                            required=True,
                        ),
                    )
                )
            ),
            "短少破损",
            "short or damaged",
        ),
        Field("temperature", Reading(), "到货温度", "temperature found"),
        Field("certificate_checked", Flag(), "已查验合格证", "certificate checked"),
    ),
    cbv="receiving",
    fsma="receiving",
)
REJECT = Kind(
    "reject",
    "拒收退货",
    "rejection",
    "moving",
    (SHIPMENT, GOODS, Field("reason", Text(200), "原因", "reason", required=True)),
    cbv="returning",
)
KINDS = (SHIP, LOAD, UNLOAD, RECEIVE, REJECT)
