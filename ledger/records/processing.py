"""Plant and packing house: what goes in, what comes out, and into which boxes."""

from ledger.records.kind import GRADE, Kind, inputs, outputs
from ledger.records.shapes import Day, Field, ListOf, Object, Quantity, Reading, Text, Time, Whole

PROCESS = Kind(
    "process",
    "加工",
    "processing",
    "processing",
    (
        inputs(measured=True),
        outputs(
            GRADE,
            Field("best_before", Day(), "保质期至", "best before"),
            Field("packed", Day(), "包装日期", "pack date"),
        ),
        Field("line", Text(60), "生产线", "line"),
        Field(
            "steps",
            ListOf(
                Object(
                    (
                        Field("name", Text(60), "工序", "step", required=True),
                        Field("start", Time(), "开始", "start"),
                        Field("stop", Time(), "结束", "stop"),
                        Field("temperature", Reading(), "温度", "temperature"),
                    )
                ),
                high=32,
            ),
            "工序",
            "steps",
        ),
        Field(
            "additives",
            ListOf(
                Object(
                    (
                        Field("name", Text(60), "名称", "name", required=True),
                        Field("quantity", Quantity(), "用量", "quantity"),
                    )
                ),
                high=32,
            ),
            "添加剂",
            "additives",
        ),
        Field("loss", Quantity(positive=False), "损耗", "loss"),
        Field("factory_test", Text(60), "出厂检验号", "factory test no."),
        Field("shelf_life_days", Whole(1, 36500), "保质期（天）", "shelf life, days"),
    ),
    brings="outputs",
    cbv="transforming",
    fsma="transformation",
)
PACK = Kind(
    "pack",
    "包装",
    "packing",
    "processing",
    (
        Field(
            "containers",
            ListOf(
                Object(
                    (
                        Field("code", Text(40), "箱码", "SSCC or box code", required=True),
                        Field("quantity", Quantity(), "数量", "quantity"),
                    )
                ),
                high=200,
            ),
            "包装",
            "containers",
        ),
        Field(
            "serials",
            Object(
                (
                    Field("first", Whole(0), "起号", "first", required=True),
                    Field("last", Whole(0), "止号", "last", required=True),
                )
            ),
            "序号段",
            "serial range",
        ),
        Field("pack_type", Text(60), "包装规格", "pack"),
    ),
    cbv="packing",
    fsma="initial packing",
)
KINDS = (PROCESS, PACK)
