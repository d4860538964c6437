"""The demonstration county: who is there, where they work, what they make. Nothing in it is real.

The county, its towns, firms and people are invented. The division code begins with 99, which GB/T 2260 gives to
nobody; the GTINs begin with 29, which GS1 leaves to shops for their own use; the positions lie in the open sea.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ledger.keys import Algorithm

MARK = "（演示）"
"""Stands behind every party's name, so that no list or export shows one as real."""

NAME = "青禾县" + MARK
ORIGIN = "demo.gengji.example/qinghe"
DIVISION = "990101"
SEA = (18.4, 128.1)
"""Where the county's places are laid around: latitude and longitude of water."""


@dataclass(frozen=True)
class Place:
    """``kind`` is one of the registry's; a party's first place is where it is when nothing else is said."""

    name: str
    kind: str
    township: str


@dataclass(frozen=True)
class Product:
    """``code`` is the issuer's own, or a GTIN; ``factors`` says how much of ``unit`` each other unit is."""

    name: str
    en: str
    code: str
    unit: str = "kg"
    factors: Mapping[str, str] = field(default_factory=dict)
    may: tuple[str, ...] = ()
    shelf_life: int | None = None
    cold: tuple[str, str, int] | None = None
    yields: tuple[int, int] | None = None

    @property
    def gtin(self) -> bool:
        return self.code.isdigit()


@dataclass(frozen=True)
class Party:
    """``agent`` enters for a party without a device of its own; ``alg`` is the kind of key that its device has."""

    key: str
    name: str
    type: str
    roles: tuple[str, ...]
    people: tuple[str, ...]
    places: tuple[Place, ...] = ()
    products: tuple[Product, ...] = ()
    side: str = "agriculture"
    alg: Algorithm = "Ed25519"
    agent: str | None = None

    @property
    def full_name(self) -> str:
        return self.name + MARK


CHILLED = ("0", "4", 60)

REGISTRAR = Party("registrar", "青禾县主体登记窗口", "authority", ("registrar",), ("方明",))
OPERATOR = Party("operator", "青禾县追溯平台运营中心", "authority", ("operator",), ())
"""Its key lies with the service, which signs the daily heads with it."""

PARTIES = (
    Party(
        "qingxi",
        "清溪蔬菜专业合作社",
        "coop",
        ("farm",),
        ("周水生", "许桂兰", "蒋大勇"),
        (
            Place("清溪一号地", "plot", "清溪镇"),
            Place("清溪二号地", "plot", "清溪镇"),
            Place("清溪三号大棚", "plot", "清溪镇"),
            Place("清溪草莓大棚", "plot", "清溪镇"),
            Place("清溪分拣包装间", "plant", "清溪镇"),
        ),
        (
            Product("番茄", "Tomato", "FQ", shelf_life=10),
            Product("黄瓜", "Cucumber", "HG", shelf_life=7),
            Product("黄瓜（整理装箱）", "Cucumber, trimmed", "HGZ", shelf_life=7, yields=(950, 1000)),
            Product("青菜", "Pak choi", "QC", shelf_life=4),
            Product("辣椒", "Chilli pepper", "LJ", shelf_life=12),
            Product("茄子", "Aubergine", "QZ", shelf_life=8),
            Product("草莓", "Strawberry", "CM", shelf_life=5, cold=CHILLED),
            Product("草莓 250 克盒装", "Strawberries, 250 g punnet", "2990000000019", shelf_life=5, cold=CHILLED),
            Product("草莓 500 克盒装", "Strawberries, 500 g punnet", "2990000000026", shelf_life=5, cold=CHILLED),
        ),
    ),
    Party(
        "yunling",
        "云岭果茶专业合作社",
        "coop",
        ("farm",),
        ("何山", "罗秀英", "田家旺"),
        (
            Place("云岭苹果园", "plot", "云岭乡"),
            Place("云岭柑橘园", "plot", "云岭乡"),
            Place("云岭茶园", "plot", "云岭乡"),
            Place("云岭选果场", "plant", "云岭乡"),
        ),
        (
            Product("苹果", "Apple", "PG", shelf_life=90, cold=("0", "5", 240)),
            Product("柑橘", "Mandarin orange", "GJ", shelf_life=40),
            Product("精品柑橘", "Mandarin oranges, selected", "GJJ", shelf_life=40, yields=(600, 800)),
            Product("统货柑橘", "Mandarin oranges, ungraded", "GJT", shelf_life=30),
            Product("茶鲜叶", "Fresh tea leaf", "CXY", may=("daoxiang",), shelf_life=1),
        ),
        alg="ES256",
    ),
    Party(
        "daoxiang",
        "稻香源种养专业合作社",
        "coop",
        ("farm",),
        ("孙有田", "马春梅", "石磊"),
        (
            Place("稻香东畈", "plot", "稻香镇"),
            Place("稻香西畈", "plot", "稻香镇"),
            Place("稻香山场茶园", "plot", "稻香镇"),
            Place("稻香蛋鸡场", "farm", "稻香镇"),
            Place("稻香蛋品间", "plant", "稻香镇"),
        ),
        (
            Product("稻谷", "Paddy rice", "DG", shelf_life=360),
            Product("蛋鸡", "Laying hens", "DJ", unit="head"),
            Product("鲜鸡蛋（未分级）", "Eggs, ungraded", "DX", unit="egg", factors={"box": "30"}, shelf_life=45),
            Product("鲜鸡蛋", "Eggs", "2990000000033", unit="egg", factors={"box": "30"}, shelf_life=45),
        ),
    ),
    Party(
        "qingshan", "青山养殖有限公司", "company", ("farm",), ("牛壮", "朱小妹"),
        (Place("青山猪舍", "farm", "云岭乡"),),
        (Product("生猪", "Live pigs", "SZ"),),
    ),
    Party(
        "zhou", "清溪村农户周阿婆家", "household", ("farm",), ("周阿婆",), agent="qingxi",
        places=(Place("周家自留菜地", "plot", "清溪镇"),),
    ),
    Party(
        "hetian", "云岭村农户何田家", "household", ("farm",), ("何田",), agent="yunling",
        places=(Place("何家橘园", "plot", "云岭乡"),),
    ),
    Party(
        "sun", "稻香村农户孙二伯家", "household", ("farm",), ("孙二伯",), agent="daoxiang",
        places=(Place("孙家水田", "plot", "稻香镇"),),
    ),
    Party(
        "mill",
        "金穗米业有限公司",
        "company",
        ("processor",),
        ("钱金山", "沈巧云"),
        (Place("金穗碾米车间", "plant", "稻香镇"), Place("金穗成品库", "store", "稻香镇")),
        (
            Product("糙米", "Brown rice", "CAOMI", yields=(760, 820)),
            Product("稻壳", "Rice husk", "DK"),
            Product("青禾大米 5 公斤袋", "Qinghe rice, 5 kg bag", "2990000000040", factors={"bag": "5"},
                    shelf_life=365, yields=(830, 900)),
            Product("碎米", "Broken rice", "SM"),
            Product("米糠", "Rice bran", "MK"),
        ),
        side="market",
    ),
    Party(
        "teahouse",
        "雾顶茶厂",
        "company",
        ("processor",),
        ("叶知秋", "汤青"),
        (Place("雾顶初制车间", "plant", "云岭乡"), Place("雾顶精制车间", "plant", "云岭乡")),
        (
            Product("毛茶", "Crude tea", "MC", yields=(200, 260)),
            Product("雾顶绿茶", "Wuding green tea", "WDL", shelf_life=540),
            Product("茶末", "Tea dust", "CMO"),
        ),
        side="market",
        alg="ES256",
    ),
    Party(
        "meat",
        "城关肉联有限公司",
        "company",
        ("processor",),
        ("屠大川", "鲍香"),
        (Place("肉联分割车间", "plant", "城关镇"), Place("肉联香肠车间", "plant", "城关镇")),
        (
            Product("猪腿肉", "Pork leg", "ZT", cold=CHILLED),
            Product("猪副产品", "Pork offal", "ZF"),
            Product("香肠", "Sausage", "2990000000057", shelf_life=30, yields=(850, 980)),
        ),
        side="market",
    ),
    Party(
        "coldstore", "城关冷链仓储中心", "company", ("warehouse",), ("冷建国", "丁小满"),
        (Place("冷库一号间", "store", "城关镇"), Place("冷库二号间", "store", "城关镇")), side="market",
    ),
    Party(
        "granary", "丰裕粮油仓库", "company", ("warehouse",), ("仓满", "费玉"),
        (Place("成品粮一号仓", "store", "城关镇"),), side="market",
    ),
    Party(
        "shunlu", "顺路冷链物流", "company", ("carrier",), ("陆远", "车小军"),
        (Place("顺路车场", "office", "城关镇"),), side="market", alg="ES256",
    ),
    Party(
        "tongda", "通达货运", "company", ("carrier",), ("程达", "路平"),
        (Place("通达车场", "office", "城关镇"),), side="market",
    ),
    Party(
        "stall", "城北市场李记菜摊", "person", ("shop",), ("李翠花",),
        (Place("城北市场 12 号摊", "market", "城关镇"),),
        (Product("生姜", "Ginger", "SJ"),), side="market", alg="ES256",
    ),
    Party(
        "supermarket", "惠民生鲜超市", "company", ("shop",), ("毛丽", "顾晓东"),
        (Place("惠民超市城关店", "shop", "城关镇"), Place("惠民超市分装间", "plant", "城关镇")),
        (
            Product("土豆", "Potato", "TD"),
            Product("苹果（分装）", "Apples, repacked", "PGF", shelf_life=45, yields=(950, 1000)),
        ),
        side="market",
    ),
    Party(
        "online", "青禾优选网店", "company", ("shop",), ("于文", "池莉莉"),
        (Place("青禾优选发货仓", "store", "城关镇"),), side="market",
    ),
    Party(
        "lab", "青禾县农产品质量检测站", "lab", ("lab",), ("严谨", "宋准"),
        (Place("检测站实验室", "lab", "城关镇"),), alg="ES256",
    ),
    Party("bureau", "青禾县农业农村局", "authority", ("inspector",), ("高远",)),
    Party("market", "青禾县市场监督管理局", "authority", ("inspector",), ("江平",), side="market"),
)  # fmt: skip

AGENT_KINDS = ("apply", "certify", "harvest", "observe", "place.add", "plant", "ship")
"""What a co-op may enter for a household without a device."""


@dataclass(frozen=True)
class Account:
    """Somebody who may sign in; ``who`` is what the sign-in page says of them."""

    login: str
    name: str
    party: str
    role: str
    who: str
    side: str = ""

    @property
    def password(self) -> str:
        """Known to everybody: it stands on the sign-in page."""
        return f"qinghe-{self.login}"


WITNESSES = {"agriculture": "青禾县农业农村局" + MARK, "market": "青禾县市场监督管理局" + MARK}
"""Who else remembers how far the log had come, each in a folder of that name."""

ACCOUNTS = (
    Account(
        "nongye", "高远", "bureau", "inspector", "农业农村局 监督人员 · agriculture bureau, inspector", "agriculture"
    ),
    Account(
        "shichang", "江平", "market", "inspector", "市场监督管理局 监督人员 · market supervision, inspector", "market"
    ),
    Account("shenji", "方明", "registrar", "auditor", "审计人员（只读）· auditor, read only", "agriculture"),
    Account("qingxi", "周水生", "qingxi", "manager", "清溪蔬菜合作社 管理员 · vegetable co-op, manager"),
    Account("huimin", "毛丽", "supermarket", "member", "惠民生鲜超市 店员 · supermarket, member"),
)
