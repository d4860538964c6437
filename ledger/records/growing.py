"""Field, orchard, barn and pond: what is planted, bought in, applied, seen and harvested."""

from ledger.records.kind import GRADE, QUANTITY, Kind, inputs, outputs
from ledger.records.shapes import Choice, Day, Field, Flag, ListOf, Object, Reading, Ref, Text, Time, Whole

PLANT = Kind(
    "plant",
    "种植",
    "planting",
    "growing",
    (
        outputs(Field("variety", Text(60), "品种", "variety")),
        Field("plot", Text(60), "地块", "plot"),
        Field("seed_source", Text(120), "种苗来源", "seed source"),
        Field("seed_certificate", Text(60), "种子检疫证号", "seed certificate no."),
    ),
    on="none",
    brings="outputs",
    cbv="commissioning",
)
STOCK = Kind(
    "stock",
    "入栏放苗",
    "stocking",
    "growing",
    (
        outputs(Field("variety", Text(60), "品种", "breed")),
        Field("source", Text(120), "来源", "source"),
        Field("quarantine_certificate", Text(60), "检疫证号", "quarantine certificate no."),
    ),
    on="none",
    brings="outputs",
    cbv="commissioning",
)
ACQUIRE = Kind(
    "acquire",
    "投入品入库",
    "input bought",
    "growing",
    (
        Field("name", Text(80), "名称", "name", required=True),
        Field(
            "type",
            Choice(
                {
                    "pesticide": ("农药", "pesticide"),
                    "fertilizer": ("肥料", "fertiliser"),
                    "feed": ("饲料", "feed"),
                    "medicine": ("兽药", "veterinary medicine"),
                    "seed": ("种子", "seed"),
                    "additive": ("添加剂", "additive"),
                    "packaging": ("包装", "packaging"),
                    "other": ("其他", "other"),
                }
            ),
            "类别",
            "type",
            required=True,
        ),
        QUANTITY,
        Field("registration_no", Text(60), "登记证号", "registration no."),
        Field("ingredients", ListOf(Text(60), high=16), "有效成分", "active ingredients"),
        Field("maker", Text(120), "生产企业", "maker"),
        Field("dealer", Text(120), "经销商", "dealer", audience="trade"),
        Field("makers_batch", Text(60), "生产批号", "maker's batch"),
        Field("expires", Day(), "有效期至", "expires"),
        Field("price", Text(40), "价格", "price", audience="owner"),
    ),
    on="none",
    brings="itself",
    cbv="receiving",
)
APPLY = Kind(
    "apply",
    "用药施肥",
    "input applied",
    "growing",
    (
        inputs(required=False, measured=True),
        Field("name", Text(80), "投入品", "input", required=True),
        Field("ingredients", ListOf(Text(60), high=16), "有效成分", "active ingredients"),
        Field("target", Text(80), "防治对象或用途", "target or purpose"),
        Field("dose", Text(60), "用量", "dose"),
        Field("dilution", Text(60), "稀释倍数", "dilution"),
        Field("method", Text(60), "施用方法", "method"),
        Field("start", Time(), "开始时间", "start", required=True),
        Field("stop", Time(), "停用时间", "stop", required=True),
        Field("interval_days", Whole(0, 400), "安全间隔期（天）", "safety interval, days"),
    ),
)
OBSERVE = Kind(
    "observe",
    "田间观察",
    "observation",
    "growing",
    (
        Field("growth_stage", Text(60), "生育期", "growth stage"),
        Field("irrigation", Text(120), "灌溉", "irrigation"),
        Field("pests", Text(120), "病虫害", "pest or disease"),
        Field("weather", Text(80), "天气", "weather"),
        Field(
            "readings",
            ListOf(
                Object(
                    (
                        Field("name", Text(40), "名称", "name", required=True),
                        Field("reading", Reading(), "读数", "reading", required=True),
                    )
                ),
                high=32,
            ),
            "仪器读数",
            "readings",
        ),
    ),
    cbv="inspecting",
)
HARVEST = Kind(
    "harvest",
    "采收出栏",
    "harvest",
    "growing",
    (
        inputs(measured=False),
        outputs(GRADE),
        Field("cooling", Text(80), "预冷", "cooling", fsma="cooling"),
        Field("origin", Text(120), "产地", "origin"),
    ),
    brings="outputs",
    cbv="commissioning",
    fsma="harvesting",
)
INTAKE = Kind(
    "intake",
    "收购进货",
    "intake from outside",
    "growing",
    (
        outputs(
            GRADE,
            Field("best_before", Day(), "保质期至", "best before"),
            Field("packed", Day(), "包装日期", "pack date"),
        ),
        Field("origin", Text(120), "产地", "origin", cbv="countryOfOrigin"),
        Field("supplier", Text(120), "供货者", "supplier", audience="trade", fsma="immediate previous source"),
        Field("supplier_contact", Text(120), "供货者联系方式", "supplier's contact", audience="regulator"),
        Field("certificate_no", Text(80), "合格证编号", "certificate no."),
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
                        required=True,
                    ),
                    Field("value", Text(120), "编号", "reference", required=True),
                )
            ),
            "来源编号",
            "source reference",
            audience="trade",
            fsma="traceability lot code source reference",
        ),
        Field("unrecorded", Flag(), "来源未记录", "origin not recorded"),
        Field(
            "from",
            Object(
                (
                    Field("chain", Ref("batch"), "批次", "chain", required=True),
                    Field("log", Text(120), "总账", "log", required=True),
                    Field("root", Ref("batch"), "根", "root", required=True),
                    Field("size", Whole(1), "账目数", "size", required=True),
                    Field("statement", Ref("statement"), "发货记录", "shipment", required=True),
                )
            ),
            "来自另一总账",
            "from another log",
        ),
    ),
    on="none",
    brings="outputs",
    cbv="receiving",
    fsma="receiving",
)
KINDS = (PLANT, STOCK, ACQUIRE, APPLY, OBSERVE, HARVEST, INTAKE)
