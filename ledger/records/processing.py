"""Plant and packing house: what goes in, what comes out, into which boxes, under which labels."""

# ruff: noqa: E501  (a field is one line, so that the table can be read down)

from ledger.records.kind import BEST_BEFORE, GRADE, PACKED, SERIALS, Kind, inputs, outputs
from ledger.records.shapes import Choice, Field, Flag, ListOf, Object, Quantity, Reading, Text, Time, Whole

PROCESS = Kind(
    "process",
    "加工",
    "processing",
    "加工、分割、拆分、合并、分装时写：用了哪些批次，得到哪些新批次",
    "when lots are processed, cut, split, mixed or repacked: which went in, which new ones came out",
    "processing",
    (
        inputs(measured=True),
        outputs(
            GRADE,
            BEST_BEFORE,
            PACKED,
            Field("by_product", Flag(), "副产品", "by-product", "不是主要产品的选上，如 米糠、碎米、下水；不算进出品率", "for what is not the main product, such as bran or offal; it is left out of the yield"),
        ),
        Field("line", Text(60), "生产线", "line", "车间或生产线的编号", "the workshop or line"),
        Field(
            "steps",
            ListOf(
                Object(
                    (
                        Field("name", Text(60), "工序", "step", "这一步叫什么：清洗、杀青、杀菌、分割", "what the step is called: washing, fixing, sterilising, cutting", required=True),
                        Field("start", Time(), "开始", "start", "这一步几点开始", "when the step began"),
                        Field("stop", Time(), "结束", "stop", "这一步几点结束", "when the step ended"),
                        Field("temperature", Reading(), "温度", "temperature", "这一步控制的温度，看仪表", "the temperature that was kept, off the gauge"),
                    ),
                    ranged=True,
                ),
                high=32,
            ),
            "工序",
            "steps",
            "照生产记录写关键的几步，每步一行",
            "the steps that matter, as in the production sheet, a line for each",
        ),
        Field(
            "additives",
            ListOf(
                Object(
                    (
                        Field("name", Text(60), "名称", "name", "照添加剂标签写通用名", "its common name, as on its label", required=True),
                        Field("quantity", Quantity(), "用量", "quantity", "这一批一共加了多少", "how much went into the whole batch"),
                    )
                ),
                high=32,
            ),
            "添加剂",
            "additives",
            "用了食品添加剂的都要写，每种一行；没有用不填",
            "every food additive used, a line for each; empty if none",
        ),
        Field("loss", Quantity(positive=False), "损耗", "loss", "去皮、脱水、报废的重量；没有写 0", "what was lost as peel, water or waste; 0 if nothing"),
        Field("factory_test", Text(60), "出厂检验号", "factory test no.", "出厂检验报告的编号", "the number of the factory's test report"),
        Field("shelf_life_days", Whole(1, 36500), "保质期（天）", "shelf life, days", "印在包装上的保质期，换算成天", "the shelf life on the package, in days"),
    ),
    brings="outputs",
    cbv="creating_class_instance",
    fsma="transformation",
)  # fmt: skip
_CONTAINERS = Field(
    "containers",
    ListOf(
        Object(
            (
                Field("code", Text(40), "箱码", "SSCC or box code", "箱子或托盘上的条码，扫一下即可", "the code on the box or pallet: scan it", required=True),
                Field("quantity", Quantity(), "数量", "quantity", "这一箱装了多少", "how much is in this one"),
            )
        ),
        high=200,
    ),
    "包装",
    "containers",
    "装进或拆开的每一箱、每一托，一行一个",
    "each box or pallet packed or opened, a line for each",
)  # fmt: skip
PACK = Kind(
    "pack",
    "包装",
    "packing",
    "装箱、装袋、码托时写，以后扫箱码就知道里面是哪一批",
    "when goods go into boxes, bags or pallets, so that a box's code leads to its batch",
    "processing",
    (
        _CONTAINERS,
        Field("serials", SERIALS, "序号段", "serial range", "贴在这批包装上的序号标签，从几号到几号", "the serial labels on these packages, from which to which"),
        Field("pack_type", Text(60), "包装规格", "pack", "怎么包的：5 公斤纸箱、500 克袋装", "how it is packed: 5 kg box, 500 g bag"),
    ),
    cbv="packing",
    fsma="initial packing",
)  # fmt: skip
UNPACK = Kind(
    "unpack",
    "拆包",
    "unpacking",
    "拆开已登记的箱子或托盘时写，旧箱码从此不再代表这批货",
    "when registered boxes or pallets are opened: their codes stand for the goods no longer",
    "processing",
    (_CONTAINERS, Field("reason", Text(200), "原因", "reason", "为什么拆：分装、抽检、破损", "why it was opened: repacking, sampling, damage")),
    cbv="unpacking",
)  # fmt: skip
LABEL = Kind(
    "label",
    "标识",
    "labelling",
    "打印、贴上、启用、作废、换贴追溯标签时写，张数要和货对得上",
    "when trace labels are printed, stuck on, activated, voided or replaced; their number must fit the goods",
    "processing",
    (
        Field(
            "action",
            Choice(
                {
                    "printed": ("打印", "printed"),
                    "bound": ("绑定", "bound"),
                    "activated": ("启用", "activated"),
                    "void": ("作废", "void"),
                    "replaced": ("换贴", "replaced"),
                }
            ),
            "动作",
            "action",
            "对标签做了什么；打坏、贴错、没用完的选作废",
            "what was done with them; void for spoilt, wrong or left over ones",
            required=True,
        ),
        Field("labels", Whole(1), "张数", "how many labels", "这次一共几张", "how many there are this time", required=True),
        Field("content", Quantity(), "每张标签对应数量", "quantity per label", "一张标签贴在多少货上，如 5 公斤一箱", "how much goods one label stands for, such as a box of 5 kg"),
        Field("serials", SERIALS, "序号段", "serial range", "有序号的标签：从几号到几号", "for labels with serial numbers: from which to which"),
        Field("layout", Text(40), "版式", "layout", "用的哪种标签版式，如 60×40", "which layout was used, such as 60×40"),
        Field("text", Text(500), "标签文字", "text as issued", "标签上印的全部文字，照样抄下", "all that is printed on it, word for word"),
        Field("reason", Text(200), "原因", "reason", "作废或换贴的要写为什么", "why, where they are voided or replaced"),
    ),
    cbv="encoding",
)  # fmt: skip
KINDS = (PROCESS, PACK, UNPACK, LABEL)
