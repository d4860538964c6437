"""On the road: a shipment is said by both who sends and who receives; until then it is in transit."""

# ruff: noqa: E501  (a field is one line, so that the table can be read down)

from ledger.records.arriving import CERTIFICATE_CHECKED, CERTIFICATE_NO, CERTIFICATE_PHOTO
from ledger.records.kind import BATCH, QUANTITY, REASON, TEMPERATURES, Kind, goods, shipment
from ledger.records.shapes import Choice, Code, Day, Field, ListOf, Object, Reading, Ref, Text, Time, Whole

_PLATE = Field(
    "plate",
    Text(20),
    "车牌号",
    "plate",
    "运输车的车牌，只有监管部门能看到",
    "the vehicle's plate; only supervisors can read it",
    audience="regulator",
)
_CALIBRATED = Field(
    "calibrated",
    Day(),
    "校准日期",
    "calibration date",
    "校准标签上最近一次的日期",
    "the latest date on the calibration sticker",
)

SHIP = Kind(
    "ship",
    "发货",
    "shipment",
    "货交出去、装车走的时候写；对方收货后账才转过去",
    "when goods leave for somebody else; they are theirs once they have stated the receipt",
    "moving",
    (
        goods("货物", "goods", "发走的每个批次和数量", "each batch that leaves, and how much"),
        Field("receiver", Ref("party"), "收货方", "receiver", "发给谁：从登记过的主体里选", "who it goes to: choose a registered party", required=True, cbv="destinationList", fsma="immediate subsequent recipient"),
        Field("carrier", Ref("party"), "承运方", "carrier", "谁来运：登记过的运输单位；自己送的不填", "who carries it, if a registered carrier; empty if you do"),
        _PLATE,
        Field("seal", Text(40), "封签号", "seal no.", "车门铅封上的号码", "the number on the door's seal", audience="trade"),
        Field("temperature_range", TEMPERATURES, "要求温度", "temperature asked", "路上要保持的最低和最高温度；常温货不填", "the lowest and highest allowed on the way; empty for dry goods"),
        Field("planned_arrival", Time(), "预计到达", "planned arrival", "约好几点到；过了时间没人收货会提醒", "when it is due; if nobody answers by then you are reminded"),
    ),
    cbv="shipping",
    fsma="shipping",
)  # fmt: skip
_VEHICLE = (
    shipment(),
    Field("vehicle", Text(40), "车型", "vehicle", "冷藏车、厢式货车、三轮车", "reefer, box lorry, tricycle"),
    _PLATE,
    Field("driver", Text(60), "司机", "driver", "司机姓名，只有监管部门能看到", "the driver's name; only supervisors can read it", audience="regulator"),
    Field("temperature", Reading(), "温度", "temperature", "装卸时车厢里的温度，零下写负号", "the temperature in the vehicle just then, with a minus below zero"),
    Field("device", Text(60), "温度计编号", "device no.", "车载温度计或记录仪背面的编号", "the number on the back of the thermometer or logger"),
    _CALIBRATED,
)  # fmt: skip
LOAD = Kind("load", "装车", "loading", "承运方把货装上车时写", "by the carrier, when the goods are loaded", "moving", _VEHICLE, cbv="loading")  # fmt: skip
UNLOAD = Kind(
    "unload",
    "卸车",
    "unloading",
    "承运方送到、卸下货时写，附上路上的温度",
    "by the carrier, when the goods are unloaded, with the temperatures on the way",
    "moving",
    (
        *_VEHICLE,
        Field("temperature_log", TEMPERATURES, "途中温度", "temperatures on the way", "记录仪里路上最低和最高的温度", "the lowest and highest that the logger kept on the way"),
        Field("excursion_minutes", Whole(0), "超温分钟", "minutes outside the range", "路上超出要求温度一共多少分钟；没有写 0", "for how many minutes it was outside the range asked; 0 if never"),
    ),
    cbv="unloading",
)  # fmt: skip
RECEIVE = Kind(
    "receive",
    "收货",
    "receipt",
    "收到系统里别人发来的货、点清楚以后写；少的坏的一并写上",
    "when goods that somebody shipped here have come and are counted; say what is short or damaged too",
    "moving",
    (
        shipment(),
        goods("货物", "goods", "实收的每个批次和数量，照过磅点数写", "each batch accepted, and how much, as weighed or counted"),
        Field(
            "short",
            ListOf(
                Object(
                    (
                        BATCH,
                        QUANTITY,
                        Field("reason", Choice({"short": ("短少", "short"), "damaged": ("破损", "damaged"), "spoiled": ("腐坏", "spoiled")}), "原因", "reason", "是没到、破了，还是坏了", "whether it never came, broke or spoiled", required=True),
                    )
                )
            ),
            "短少破损",
            "short or damaged",
            "比发货单少的、坏的，每种一行；都齐的不填",
            "what is missing or bad against the shipment, a line for each; empty if all is there",
        ),
        Field("temperature", Reading(), "到货温度", "temperature found", "开箱时量的货温，零下写负号", "the goods' temperature on opening, with a minus below zero"),
        CERTIFICATE_CHECKED,
        CERTIFICATE_NO,
        CERTIFICATE_PHOTO,
    ),
    cbv="receiving",
    fsma="receiving",
)  # fmt: skip
REJECT = Kind(
    "reject",
    "拒收退货",
    "rejection",
    "货不要了、退回去时写：账还是发货方的",
    "when you refuse goods and send them back: they stay the sender's",
    "moving",
    (shipment(), goods("货物", "goods", "退回的每个批次和数量", "each batch sent back, and how much"), REASON),
    cbv="shipping",
)
SENSE = Kind(
    "sense",
    "监测",
    "monitoring",
    "温湿度记录仪一段时间的汇总，一般由程序写",
    "what a logger recorded over a time, summed up; a program writes it as a rule",
    "moving",
    (
        Field("device", Text(60), "设备编号", "device no.", "记录仪背面的编号", "the number on the back of the logger", required=True),
        Field("measures", Choice({"temperature": ("温度", "temperature"), "humidity": ("湿度", "humidity")}), "监测项目", "measures", "这段读数量的是什么；两样都有的写两条", "what was measured; two records where there are both", required=True),
        Field("start", Time(), "开始时间", "start", "第一个读数的时间", "the time of the first reading", required=True),
        Field("stop", Time(), "结束时间", "stop", "最后一个读数的时间", "the time of the last reading", required=True),
        Field("count", Whole(1), "读数个数", "how many readings", "这段时间一共多少个读数", "how many readings there are in it", required=True),
        Field("low", Reading(), "最低", "lowest", "最小的读数", "the smallest reading", required=True),
        Field("mean", Reading(), "平均", "mean", "全部读数的平均", "the mean of all readings", required=True),
        Field("high", Reading(), "最高", "highest", "最大的读数", "the largest reading", required=True),
        Field("readings_root", Code(32), "读数默克尔根", "Merkle root of the readings", "由全部原始读数算出，以后可核对有没有改过；程序会自己填", "computed from all readings, so that a change shows later; the program fills it in"),
        Field(
            "excursions",
            ListOf(
                Object(
                    (
                        Field("start", Time(), "开始时间", "start", "从几点超出", "when it left the range", required=True),
                        Field("stop", Time(), "结束时间", "stop", "到几点回来", "when it came back", required=True),
                        Field("extreme", Reading(), "最偏离值", "furthest reading", "这一段里离要求最远的读数", "the reading furthest outside", required=True),
                    ),
                    ranged=True,
                )
            ),
            "超限时段",
            "excursions",
            "超出要求的每一段，一段一行；没有不填",
            "each time outside the range, a line for each; empty if there was none",
        ),
        Field("shipment", Ref("statement"), "发货记录", "shipment", "运输途中的监测，写是哪一次发货", "for a journey: which shipment it was"),
        _CALIBRATED,
    ),
    cbv="sensor_reporting",
)  # fmt: skip
KINDS = (SHIP, LOAD, UNLOAD, RECEIVE, REJECT, SENSE)
