"""Who may sign, and the things that records name: parties, keys, roles, agents, places, products, the log itself.

Format §7: these bodies are exact, unknown names are refused by everybody, and nothing in them is sealed but a
place's position.
"""

# ruff: noqa: E501  (a field is one line, so that the table can be read down)

from ledger.records.kind import Kind
from ledger.records.shapes import (
    POSITION,
    Choice,
    Code,
    Field,
    Jwk,
    ListOf,
    MapOf,
    Object,
    Pattern,
    Quantity,
    Ref,
    Shape,
    Text,
    Time,
    Whole,
)

ROLES = {
    "farm": ("生产者", "farm"),
    "processor": ("加工企业", "processor"),
    "warehouse": ("仓储", "warehouse"),
    "carrier": ("承运", "carrier"),
    "shop": ("销售者", "shop"),
    "lab": ("检测机构", "laboratory"),
    "inspector": ("监督人员", "inspector"),
    "registrar": ("登记员", "registrar"),
    "operator": ("运营方", "operator"),
}
PARTY_TYPES = {
    "person": ("自然人", "natural person"),
    "household": ("农户", "farm household"),
    "coop": ("合作社", "co-operative"),
    "company": ("企业", "company"),
    "lab": ("检测机构", "laboratory"),
    "authority": ("主管部门", "authority"),
}
SIDES = {"agriculture": ("农业农村", "agriculture"), "market": ("市场监管", "market supervision")}
PLACE_KINDS = {
    "plot": ("地块", "plot"),
    "farm": ("基地", "farm"),
    "plant": ("加工厂", "plant"),
    "store": ("仓库", "store"),
    "shop": ("门店", "shop"),
    "market": ("市场", "market"),
    "lab": ("实验室", "laboratory"),
    "office": ("办公场所", "office"),
}

_ROLE = Choice(ROLES)
_USCC = Pattern("[0-9A-HJ-NPQRTUWXY]{18}", "18 characters of GB 32100")
_DIVISION = Pattern("[0-9]{6}(?:[0-9]{3}|[0-9]{6})?", "6, 9 or 12 digits of GB/T 2260")
_GTIN = Pattern("[0-9]{8}|[0-9]{12,14}", "8, 12, 13 or 14 digits")
_GLN = Pattern("[0-9]{13}", "13 digits")
_UNIT = Pattern("[A-Za-z0-9]{1,8}", "kg")
# Empty: real labels are not drawn (§4).
_PUBLIC_URL = Pattern("(?:https?://[^\\s?#]{1,190})?", "https://trace.example.org")


def _one(name: str, shape: Shape, zh: str, en: str, help_zh: str, help_en: str, *, optional: bool = False) -> Field:
    return Field(name, shape, zh, en, help_zh, help_en, required=not optional)


_PROVEN = (
    _one("jwk", Jwk(), "公钥", "public key", "设备生成的公钥，在 offer.json 里；私钥永远不要给别人", "the device's public key, in offer.json; the private one is never handed out"),
    _one("proof", Code(64), "持有证明", "proof of possession", "设备用私钥签出的证明，也在 offer.json 里", "what the device signed with the private key, in offer.json too"),
)  # fmt: skip
_KEY = (
    *_PROVEN,
    _one("custody", Choice({"service": ("服务代管", "held by the service")}), "保管", "custody", "没有手机电脑、请服务代管密钥的才填", "only for a key that the service keeps for a party without a device", optional=True),
)  # fmt: skip
_COMPROMISED = _one(
    "compromised_since",
    Time(),
    "失密起始",
    "compromised since",
    "密钥被偷或被冒用的，从什么时候起不可信",
    "for a stolen key: since when it is not to be trusted",
    optional=True,
)
_AGENT = _one(
    "agent", Ref("party"), "代理方", "agent", "替您记录的合作社或公司", "the co-op or firm that keeps records for you"
)
_REASON = _one(
    "reason",
    Text(200),
    "原因",
    "reason",
    "为什么吊销：手机丢了、换人了",
    "why it ends: phone lost, person gone",
    optional=True,
)
_CONFIRMS = Field(
    "confirms",
    Ref("statement"),
    "确认的记录",
    "statement confirmed",
    "第二位根密钥持有人填：要确认的那条记录",
    "for the second root key holder: the statement that is confirmed",
)


def _kind(
    name: str, zh: str, en: str, help_zh: str, help_en: str, *fields: Field, on: bool = True, cbv: str = ""
) -> Kind:
    return Kind(
        name,
        zh,
        en,
        help_zh,
        help_en,
        "registry",
        fields,
        on="some" if on else "none",
        brings="nothing" if on else "itself",
        cbv=cbv,
        common=False,
    )


LOG_OPEN = _kind(
    "log.open",
    "开立总账",
    "log opened",
    "一本总账开张时写一次，由 gengji init 来写",
    "once, when a log begins; gengji init writes it",
    _one("keys", ListOf(Object(_PROVEN), low=3, high=3), "根密钥", "root keys", "三把根密钥，分给三个人离线保管", "three root keys, kept off line by three people"),
    _one("policy", MapOf(ListOf(Text(40), low=0, high=64)), "角色与记录种类", "roles and kinds", "哪种角色可以写哪些记录", "which role may state which kinds"),
    _one("public_url", _PUBLIC_URL, "公开网址", "public URL", "印在二维码里的网址，没有的留空，就不能印正式标签", "the address in the QR codes; without one real labels are not drawn"),
    _one("time_zone", Text(40), "时区", "time zone", "当地时区，如 Asia/Shanghai", "such as Asia/Shanghai"),
    _one("succeeds", Object((_one("checkpoint", Text(4000), "检查点", "checkpoint", "前一本总账最后的检查点，整段贴上", "the last checkpoint of the log before, whole"),)), "承接", "succeeds", "接着另一本总账开的才填", "only where it follows another log", optional=True),
    on=False,
)  # fmt: skip
PARTY_REGISTER = _kind(
    "party.register",
    "主体登记",
    "party registered",
    "新的农户、企业、机构第一次加入时，由登记员写",
    "by the registrar, when a household, firm or authority joins",
    _one("keys", ListOf(Object(_KEY), low=0, high=64), "密钥", "keys", "对方设备的 offer.json 里的公钥；没有设备的留空，由代理人代记", "the keys in the offer.json of their devices; empty if an agent acts for them"),
    _one("roles", ListOf(_ROLE, low=0, high=9), "角色", "roles", "它做哪些事就选哪些，决定能写哪些记录", "what it does; this decides what it may state"),
    _one(
        "profile",
        Object(
            (
                _one("name", Text(80), "名称", "name", "照营业执照写；农户写户主姓名或家庭农场名", "as on the licence; for a household the farm's or its head's name"),
                _one("type", Choice(PARTY_TYPES), "类型", "type", "照营业执照或证件选", "what it is by its papers"),
                _one("uscc", _USCC, "统一社会信用代码", "unified social credit code", "营业执照上的 18 位代码；农户没有，不填", "the 18 characters on the licence; households have none", optional=True),
                _one("division", _DIVISION, "行政区划代码", "division code", "所在县 6 位、乡镇 9 位或村 12 位代码", "6 digits of the county, 9 of the township or 12 of the village"),
                _one("side", Choice(SIDES), "监管部门", "supervised by", "种养和产地环节归农业农村，市场和加工流通归市场监管", "agriculture up to the gate of market or factory, market supervision after it"),
            )
        ),
        "主体信息",
        "profile",
        "它是谁、在哪里、归谁管；公开",
        "who and where it is and who supervises it; public",
    ),
    on=False,
)  # fmt: skip
KEY_ADD = _kind("key.add", "增加密钥", "key added", "换手机、添设备时写", "for a new phone or another device", *_KEY)
# The first statement of a root act says what, the second `confirms` it: which of the two, the registry checks.
KEY_REVOKE = _kind(
    "key.revoke",
    "吊销密钥",
    "key revoked",
    "设备丢了、坏了、人走了，马上写",
    "at once when a device is lost or broken, or its person has gone",
    _one(
        "kid",
        Ref("key"),
        "密钥",
        "key",
        "要吊销的密钥编号，在主体页面的密钥列表里",
        "the key's id, in the list on the party's page",
        optional=True,
    ),
    _REASON,
    _COMPROMISED,
    _CONFIRMS,
)
_ACT_ROLE = (Field("role", _ROLE, "角色", "role", "给或收回哪种角色", "the role that is given or taken"), _CONFIRMS)
ROLE_GRANT = _kind("role.grant", "授予角色", "role granted", "主体要做新的事时，由登记员写", "by the registrar, when a party takes up something new", *_ACT_ROLE)  # fmt: skip
ROLE_END = _kind("role.end", "终止角色", "role ended", "主体不再做某件事时，由登记员写", "by the registrar, when a party gives something up", *_ACT_ROLE)  # fmt: skip
_AGENT_KINDS = _one(
    "kinds",
    ListOf(Text(40), high=64),
    "记录种类",
    "kinds",
    "允许他代写哪些记录",
    "which records the agent may state for you",
)
AGENT_GRANT = _kind("agent.grant", "委托代理", "agent granted", "请合作社或别人代您记录时写", "when a co-op or somebody else is to keep records for you", _AGENT, _AGENT_KINDS)  # fmt: skip
AGENT_END = _kind(
    "agent.end", "终止代理", "agent ended", "不再请他代记时写", "when they are no longer to", _AGENT, _AGENT_KINDS
)
PLACE_ADD = _kind(
    "place.add",
    "登记场所",
    "place added",
    "新增地块、圈舍、厂房、仓库、门店时写一次",
    "once for each field, barn, plant, store or shop",
    _one("name", Text(80), "名称", "name", "平常的叫法，和牌子上一样", "what you call it, as on its sign"),
    _one("kind", Choice(PLACE_KINDS), "类型", "type", "它是做什么用的", "what it is used for"),
    _one("division", _DIVISION, "行政区划代码", "division code", "所在县 6 位、乡镇 9 位或村 12 位代码", "6 digits of the county, 9 of the township or 12 of the village"),
    _one("township", Text(60), "乡镇", "township", "消费者看到的就到乡镇", "the most that shoppers see of where it is"),
    _one("gln", _GLN, "全球位置码", "GLN", "有 13 位 GLN 的才填", "the 13 digits, if it has one", optional=True),
    _one("own_code", Text(40), "自编码", "own code", "自己编的号，对接表格用，可不填", "your own number, for spreadsheets; may be empty", optional=True),
    Field("position", POSITION, "位置", "position", "站在那里让手机定位；只有监管部门能看到", "let the phone find it on the spot; only supervisors can read it", audience="regulator"),
    on=False,
)  # fmt: skip
PRODUCT_ADD = _kind(
    "product.add",
    "登记产品",
    "product added",
    "第一次产出或销售一种产品、一种规格时写一次",
    "once for each product and size, before the first batch of it",
    _one("names", MapOf(Text(120)), "名称", "names", "消费者看到的名字，中文必填，可加英文", "the name that shoppers read, Chinese first, English may follow"),
    _one("gtin", _GTIN, "全球贸易项目代码", "GTIN", "包装条形码下面的数字，没有条码不填", "the digits under the package's bar code, if it has one", optional=True),
    _one("own_code", Text(60), "自编码", "own code", "自己的货号，没有条码的要填", "your own article number; needed where there is no bar code", optional=True),
    _one("base_unit", _UNIT, "基本单位", "base unit", "平常按什么计量：kg、head、egg；以后不能改", "what it is measured in: kg, head, egg; this cannot change later"),
    _one(
        "factors",
        ListOf(Object((_one("unit", _UNIT, "单位", "unit", "别的计量单位，如 CS（箱）", "another unit, such as CS for a case"), _one("factor", Quantity(), "等于", "equals", "一个这种单位等于多少基本单位，如 12 kg", "how much of the base unit one of it is, such as 12 kg"))), low=0, high=16),
        "换算",
        "factors",
        "用箱、筐等单位时写明一箱多少公斤",
        "what a case or a crate of it holds, where such units are used",
        optional=True,
    ),
    _one("shelf_life", Whole(1, 36500), "保质期（天）", "shelf life, days", "从生产那天起能卖多少天", "for how many days it may be sold", optional=True),
    _one(
        "cold",
        Object(
            (
                _one("low", Text(8), "最低", "lowest, °C", "最低多少摄氏度，如 0 或 -18", "the lowest, such as 0 or -18"),
                _one("high", Text(8), "最高", "highest, °C", "最高多少摄氏度，如 8", "the highest, such as 8"),
                _one("minutes", Whole(0, 10000), "容许分钟", "minutes allowed", "超出多少分钟以内不算断链，如装卸 30 分钟", "for how long it may be outside, such as 30 for loading"),
            )
        ),
        "冷链要求",
        "cold chain",
        "要冷藏冷冻的才填：照产品标准或包装上的贮存条件",
        "only for chilled and frozen goods, as the package says they are kept",
        optional=True,
    ),
    _one(
        "yield",
        Object(
            (
                _one("low", Whole(0, 10000), "最低", "lowest, per mille", "最少出多少：700 就是一千公斤原料出 700 公斤", "the least: 700 means 700 kg from 1000 kg"),
                _one("high", Whole(0, 10000), "最高", "highest, per mille", "最多出多少，超出的会提示核对", "the most; what is outside is to be checked"),
            )
        ),
        "出品率",
        "yield",
        "加工产品的正常出品率范围，用来发现掺假和漏记",
        "for processed goods: the usual band, which shows what was mixed in or left out",
        optional=True,
    ),
    _one("may", ListOf(Ref("party"), low=0, high=200), "可用主体", "who may use it", "除您以外，还允许谁用这个产品的批号", "who else may give out lots of it", optional=True),
    on=False,
)  # fmt: skip
LOG_KEY = _kind(
    "log.key",
    "更换总账密钥",
    "log key",
    "总账换签名密钥时写，两位根密钥持有人先后签",
    "when the log's signing key changes; two root key holders sign",
    Field(
        "vkey",
        Text(200),
        "总账公钥",
        "log key",
        "gengji log-key new 打印的那一行",
        "the line that gengji log-key new prints",
    ),
    _CONFIRMS,
)
LOG_POLICY = _kind(
    "log.policy",
    "修改规则表",
    "log policy",
    "改变哪种角色能写哪些记录时写，两位根密钥持有人先后签",
    "to change which role may state what; two root key holders sign",
    Field(
        "policy",
        LOG_OPEN.by_name["policy"].shape,
        "规则表",
        "policy",
        "改后的整张表：每种角色能写哪些记录",
        "the whole new table: for each role its kinds",
    ),
    _CONFIRMS,
)
LOG_CLOSE = _kind(
    "log.close",
    "关闭总账",
    "log closed",
    "总账到此为止、换新的一本时写",
    "when a log ends and another takes over",
    Field("successor", Text(200), "后继", "successor", "接着记的那本总账的名称", "the name of the log that goes on"),
    _CONFIRMS,
)
LOG_HEADS = _kind(
    "log.heads",
    "每日链头",
    "daily heads",
    "服务每天自动写，用来证明没有隐瞒后来的记录",
    "written by the service each day, to prove that nothing later is withheld",
    _one(
        "count",
        Whole(),
        "链数",
        "chains",
        "当时一共多少条链，程序会自己填",
        "how many chains there were; the program fills it in",
    ),
    _one(
        "root",
        Code(32),
        "根",
        "root",
        "全部链头算出的根，程序会自己填",
        "the root over all heads; the program fills it in",
    ),
    _one(
        "size",
        Whole(),
        "账目数",
        "entries",
        "当时一共多少条账目，程序会自己填",
        "how many entries there were; the program fills it in",
    ),
    on=False,
)
KINDS = (
    LOG_OPEN,
    PARTY_REGISTER,
    KEY_ADD,
    KEY_REVOKE,
    ROLE_GRANT,
    ROLE_END,
    AGENT_GRANT,
    AGENT_END,
    PLACE_ADD,
    PRODUCT_ADD,
    LOG_KEY,
    LOG_POLICY,
    LOG_CLOSE,
    LOG_HEADS,
)
