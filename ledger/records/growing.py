"""Field, orchard, barn and pond: what is planted, bought in, applied, fed, seen and harvested."""

# ruff: noqa: E501  (a field is one line, so that the table can be read down)

from ledger.records.kind import GRADE, QUANTITY, Kind, inputs, outputs
from ledger.records.shapes import Choice, Day, Field, ListOf, Object, Quantity, Reading, Text, Time, Whole

_INGREDIENTS = Field(
    "ingredients",
    ListOf(Text(60), high=16),
    "有效成分",
    "active ingredients",
    "照标签上“有效成分”抄，每种一项，如 吡虫啉；复配的都要写",
    "as on the label under active ingredients, one a line; all of a mixture",
)
_DOSE = Field(
    "dose",
    Text(60),
    "用量",
    "dose",
    "照实际用的写，如 每亩 20 克、每头 5 毫升",
    "as it was given, such as 20 g per mu or 5 mL a head",
)
_START = Field("start", Time(), "开始时间", "start", "第一次用是什么时候", "when it was used first", required=True)
_STOP = Field(
    "stop",
    Time(),
    "停用时间",
    "stop",
    "最后一次用是什么时候：安全间隔期、休药期从这时算起",
    "when it was used last: the safety interval or withdrawal is counted from here",
    required=True,
)
_WITHDRAWAL = Field(
    "interval_days",
    Whole(0, 400),
    "休药期（天）",
    "withdrawal, days",
    "照标签上的“休药期”抄，没有的写 0；蛋、奶的休药期不同，看清楚",
    "the withdrawal on the label, 0 if there is none; it differs for eggs and milk",
)
_EAR_TAGS = Field(
    "ear_tags",
    Text(200),
    "耳标号",
    "ear tags",
    "戴了耳标的写号码，连号写起止：15101820000001–15101820000030",
    "the numbers of the ear tags, or the first and last of a run",
)
_QUARANTINE = Field(
    "quarantine_certificate",
    Text(60),
    "检疫证号",
    "quarantine certificate no.",
    "动物检疫合格证明右上角的编号",
    "the number at the top of the quarantine certificate",
)

PLANT = Kind(
    "plant",
    "种植",
    "planting",
    "播种、移栽或新一季开园时写，以后的用药、采收都接在它后面",
    "when you sow, transplant or begin a season; sprays and harvests follow from it",
    "growing",
    (
        outputs(Field("variety", Text(60), "品种", "variety", "种子袋或苗木标签上的品种名", "the variety's name on the seed bag or the nursery's label")),
        Field("plot", Text(60), "地块", "plot", "田头牌上的名字或编号；同一块地每次写法要一样", "the name or number on the field's sign; write it the same each time", fsma="growing area"),
        Field("seed_source", Text(120), "种苗来源", "seed source", "从哪家买的，或写“自留种”", "who sold it, or: own seed"),
        Field("seed_certificate", Text(60), "种子检疫证号", "seed certificate no.", "种子袋或随货单上的检疫证明编号", "the plant quarantine number on the bag or the delivery note"),
    ),
    on="none",
    brings="outputs",
    cbv="commissioning",
)  # fmt: skip
STOCK = Kind(
    "stock",
    "入栏放苗",
    "stocking",
    "进仔猪、雏鸡、放鱼苗虾苗时写，以后的饲喂、用药、出栏都接在它后面",
    "when animals or fry are brought in; feeding, medicines and what goes out follow from it",
    "growing",
    (
        outputs(Field("variety", Text(60), "品种", "breed", "种畜禽场或苗种场写的品种，如 罗曼粉、草鱼", "the breed or species as the supplier writes it")),
        Field("source", Text(120), "来源", "source", "种场、苗场的名称，或写“自繁”", "the farm or hatchery they come from, or: own breeding"),
        Field("pen", Text(60), "圈舍或池塘", "pen or pond", "圈舍、池塘的编号，照门牌写", "the number on the barn's or the pond's sign", fsma="growing area"),
        _EAR_TAGS,
        _QUARANTINE,
    ),
    on="none",
    brings="outputs",
    cbv="commissioning",
)  # fmt: skip
ACQUIRE = Kind(
    "acquire",
    "投入品入库",
    "input bought",
    "买回农药、肥料、饲料、兽药、种子时写，用的时候从这批库存里扣",
    "when pesticide, fertiliser, feed, medicine or seed is bought; what is used is taken from this stock",
    "growing",
    (
        Field("name", Text(80), "名称", "name", "标签上最大的那行字，如 10% 吡虫啉可湿性粉剂", "the largest line on the label", required=True),
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
            "看标签：有农药登记证号的是农药，有兽药字的是兽药",
            "see the label: it says what it is registered as",
            required=True,
        ),
        QUANTITY,
        Field("registration_no", Text(60), "登记证号", "registration no.", "标签上 PD 开头（农药）、“兽药字”或“肥准字”后的号码", "the number after PD, 兽药字 or 肥准字 on the label"),
        _INGREDIENTS,
        Field("maker", Text(120), "生产企业", "maker", "标签上的生产厂家", "the maker named on the label"),
        Field("dealer", Text(120), "经销商", "dealer", "从哪家店买的，照发票或小票写", "the shop, as on the invoice", audience="trade"),
        Field("makers_batch", Text(60), "生产批号", "maker's batch", "瓶身或袋口喷码上的批号", "the batch number printed on the bottle or the seam"),
        Field("expires", Day(), "有效期至", "expires", "喷码上的失效日期；只有生产日期的，加上保质期算出来", "the day it expires; if only the making is printed, add the shelf life"),
        Field("price", Text(40), "价格", "price", "花了多少钱，只有您自己能看到", "what it cost; only you can read it", audience="owner"),
    ),
    on="none",
    brings="itself",
    cbv="receiving",
)  # fmt: skip
APPLY = Kind(
    "apply",
    "用药施肥",
    "input applied",
    "每打一次药、施一次肥写一条；要从库存扣的，一并选上那批投入品",
    "once for each spraying or manuring; choose the stock too that it was taken from",
    "growing",
    (
        inputs(required=False, measured=True),
        Field("name", Text(80), "投入品", "input", "用的是什么，照标签写；选了库存会自动填", "what was used, as on the label; taken from the stock where you chose one", required=True),
        Field("type", Choice({"pesticide": ("农药", "pesticide"), "fertilizer": ("肥料", "fertiliser"), "other": ("其他", "other")}), "类别", "type", "打药选农药，施肥选肥料", "pesticide for a spray, fertiliser for manure"),
        _INGREDIENTS,
        Field("registration_no", Text(60), "登记证号", "registration no.", "农药标签上 PD 开头的号码", "the number beginning with PD on the label"),
        Field("target", Text(80), "防治对象或用途", "target or purpose", "治什么虫、什么病、什么草，或写追肥、底肥", "the pest, disease or weed, or: base or top dressing"),
        _DOSE,
        Field("rate", Quantity(), "亩用量", "rate per mu", "一亩地用了多少制剂，用来对照登记的最高用量", "how much product went on one mu, to compare with the highest that is registered"),
        Field("area", Quantity(), "施用面积", "area treated", "这次打了几亩，如 3.5 亩", "how many mu were treated"),
        Field("dilution", Text(60), "稀释倍数", "dilution", "兑水的倍数，如 1500 倍", "how far it was thinned, such as 1500 times"),
        Field("method", Text(60), "施用方法", "method", "喷雾、灌根、撒施、拌种、无人机", "spraying, drenching, spreading, seed dressing, by drone"),
        _START,
        _STOP,
        Field("interval_days", Whole(0, 400), "安全间隔期（天）", "safety interval, days", "照标签上的“安全间隔期”抄；肥料写 0", "the safety interval on the label; 0 for fertiliser"),
    ),
)  # fmt: skip
FEED = Kind(
    "feed",
    "饲喂",
    "feeding",
    "换料或每批饲料喂完时写一条，不必每天写",
    "when the feed is changed or a lot of it is used up; not every day",
    "growing",
    (
        inputs(required=False, measured=True),
        Field("name", Text(80), "投入品", "input", "饲料的名称，照袋子写；自配料写“自配料”", "the feed's name on the bag, or: own mix", required=True),
        Field("ingredients", ListOf(Text(60), high=16), "加药和添加剂", "medicated with", "饲料里加了药或添加剂的，照标签写成分；没有不填", "what medicine or additive the label says is in it; empty if none"),
        Field("registration_no", Text(60), "许可证号", "licence no.", "饲料标签上的生产许可证号或批准文号", "the production licence or approval number on the label"),
        _DOSE,
        Field("method", Text(60), "饲喂方式", "method", "自由采食、定时投喂、投饵机", "free choice, at set times, by machine"),
        _START,
        _STOP,
        _WITHDRAWAL,
    ),
)  # fmt: skip
TREAT = Kind(
    "treat",
    "兽药使用",
    "medicine given",
    "给畜禽、鱼用药或打疫苗，一个疗程写一条",
    "once for each course of medicine or vaccine given to animals or fish",
    "growing",
    (
        inputs(required=False, measured=True),
        Field("name", Text(80), "投入品", "input", "药名，照标签写；选了库存会自动填", "the medicine, as on the label; taken from the stock where you chose one", required=True),
        _INGREDIENTS,
        Field("registration_no", Text(60), "批准文号", "approval no.", "标签上“兽药字”后的号码", "the number after 兽药字 on the label"),
        Field("target", Text(80), "防治对象或用途", "target or purpose", "治什么病，或防什么病", "the disease that it is against"),
        _DOSE,
        Field("method", Text(60), "给药方法", "method", "肌注、饮水、拌料、全池泼洒", "by injection, in water, in feed, over the pond"),
        Field("treated", Whole(1), "用药头数", "animals treated", "用了药的有几头（只）；全群就写全群数", "how many were treated; all of them if the whole herd was"),
        _EAR_TAGS,
        _START,
        _STOP,
        _WITHDRAWAL,
        Field("prescription_no", Text(60), "处方号", "prescription no.", "处方药必填：兽医处方笺上的编号", "for medicines on prescription: the number on it"),
        Field("veterinarian", Text(60), "执业兽医", "veterinarian", "开处方的兽医姓名，只有监管部门能看到", "who prescribed it; only supervisors can read it", audience="regulator"),
    ),
)  # fmt: skip
OBSERVE = Kind(
    "observe",
    "田间观察",
    "observation",
    "巡田、巡圈、巡塘时看到的：长势、浇水、病虫、天气、仪器读数",
    "what you see on your round: growth, water, pests, weather, what an instrument shows",
    "growing",
    (
        Field("growth_stage", Text(60), "生育期", "growth stage", "现在长到哪一步：苗期、开花、坐果、育肥", "how far it has grown: seedling, flowering, fruit set, fattening"),
        Field("irrigation", Text(120), "灌溉", "irrigation", "浇了没有、怎么浇、多少水", "whether, how and how much it was watered"),
        Field("pests", Text(120), "病虫害", "pest or disease", "看到什么虫、什么病、重不重；没有写“无”", "what pest or disease, how bad; or: none"),
        Field("weather", Text(80), "天气", "weather", "晴、雨、大风、霜冻，气温多少", "sun, rain, wind, frost, how warm"),
        Field(
            "readings",
            ListOf(
                Object(
                    (
                        Field("name", Text(40), "名称", "name", "量的是什么：气温、土壤水分、溶氧、pH", "what was measured: air, soil moisture, oxygen, pH", required=True),
                        Field("reading", Reading(), "读数", "reading", "仪器显示的数和单位", "the figure shown, with its unit", required=True),
                    )
                ),
                high=32,
            ),
            "仪器读数",
            "readings",
            "温度计、墒情仪、溶氧仪上的数，每项一行",
            "what the instruments show, a line for each",
        ),
    ),
    cbv="inspecting",
)  # fmt: skip
HARVEST = Kind(
    "harvest",
    "采收出栏",
    "harvest",
    "每采一批、出栏一批、捞一网、捡一天的蛋写一条：它得到自己的追溯码",
    "for each picking, each lot of animals, fish or eggs that leaves: it gets a trace code of its own",
    "growing",
    (
        inputs(measured=False),
        outputs(GRADE),
        Field("plot", Text(60), "地块", "plot", "从哪块地、哪个圈舍、哪口塘来的，照田头牌、门牌写", "which field, pen or pond, as on its sign", fsma="growing area"),
        Field("cooling", Text(80), "预冷", "cooling", "采后预冷的写方法、地点和时间，如 冷库 4 ℃ 6 小时；没有不填", "how, where and how long it was cooled; empty if it was not", fsma="cooling"),
        Field("origin", Text(120), "产地", "origin", "县、乡、村，消费者看得到，如 四川省彭州市丹景山镇", "county, township, village, as shoppers will read it"),
        _QUARANTINE,
    ),
    brings="outputs",
    cbv="commissioning",
    fsma="harvesting",
)  # fmt: skip
KINDS = (PLANT, STOCK, ACQUIRE, APPLY, FEED, TREAT, OBSERVE, HARVEST)
