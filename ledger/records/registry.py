"""Who may sign, and the things that records name: parties, keys, roles, agents, places, products, the log itself.

Format §7: these bodies are exact, unknown names are refused by everybody, and nothing in them is sealed but a
place's position.
"""

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


def _one(name: str, shape: Shape, zh: str, en: str, *, optional: bool = False) -> Field:
    return Field(name, shape, zh, en, required=not optional)


_PROVEN = (
    _one("jwk", Jwk(), "公钥", "public key"),
    _one("proof", Code(64), "持有证明", "proof of possession"),
)
_KEY = (
    *_PROVEN,
    _one("custody", Choice({"service": ("服务代管", "held by the service")}), "保管", "custody", optional=True),
)
_COMPROMISED = _one("compromised_since", Time(), "失密起始", "compromised since", optional=True)
_AGENT = _one("agent", Ref("party"), "代理方", "agent")
_REASON = _one("reason", Text(200), "原因", "reason", optional=True)
_CONFIRMS = Field("confirms", Ref("statement"), "确认的记录", "statement confirmed")


def _kind(name: str, zh: str, en: str, *fields: Field, on: bool = True, cbv: str = "") -> Kind:
    return Kind(
        name,
        zh,
        en,
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
    _one("keys", ListOf(Object(_PROVEN), low=3, high=3), "根密钥", "root keys"),
    _one("policy", MapOf(ListOf(Text(40), low=0, high=64)), "角色与记录种类", "roles and kinds"),
    _one("public_url", _PUBLIC_URL, "公开网址", "public URL"),
    _one("time_zone", Text(40), "时区", "time zone"),
    _one(
        "succeeds",
        Object((_one("checkpoint", Text(4000), "检查点", "checkpoint"),)),
        "承接",
        "succeeds",
        optional=True,
    ),
    on=False,
)
PARTY_REGISTER = _kind(
    "party.register",
    "主体登记",
    "party registered",
    _one("keys", ListOf(Object(_KEY), low=0, high=64), "密钥", "keys"),
    _one("roles", ListOf(_ROLE, low=0, high=9), "角色", "roles"),
    _one(
        "profile",
        Object(
            (
                _one("name", Text(80), "名称", "name"),
                _one("type", Choice(PARTY_TYPES), "类型", "type"),
                _one("uscc", _USCC, "统一社会信用代码", "unified social credit code", optional=True),
                _one("division", _DIVISION, "行政区划代码", "division code"),
                _one("side", Choice(SIDES), "监管部门", "supervised by"),
            )
        ),
        "主体信息",
        "profile",
    ),
    on=False,
)
KEY_ADD = _kind("key.add", "增加密钥", "key added", *_KEY)
KEY_REVOKE = _kind(
    "key.revoke", "吊销密钥", "key revoked", _one("kid", Ref("key"), "密钥", "key"), _REASON, _COMPROMISED
)
# The first statement of a root act carries the role, the second `confirms`: which of the two, the registry checks.
_ACT_ROLE = (Field("role", _ROLE, "角色", "role"), _CONFIRMS)
ROLE_GRANT = _kind("role.grant", "授予角色", "role granted", *_ACT_ROLE)
ROLE_END = _kind("role.end", "终止角色", "role ended", *_ACT_ROLE)
_AGENT_KINDS = _one("kinds", ListOf(Text(40), high=64), "记录种类", "kinds")
AGENT_GRANT = _kind("agent.grant", "委托代理", "agent granted", _AGENT, _AGENT_KINDS)
AGENT_END = _kind("agent.end", "终止代理", "agent ended", _AGENT, _AGENT_KINDS)
PLACE_ADD = _kind(
    "place.add",
    "登记场所",
    "place added",
    _one("name", Text(80), "名称", "name"),
    _one("kind", Choice(PLACE_KINDS), "类型", "type"),
    _one("division", _DIVISION, "行政区划代码", "division code"),
    _one("township", Text(60), "乡镇", "township"),
    _one("gln", _GLN, "全球位置码", "GLN", optional=True),
    _one("own_code", Text(40), "自编码", "own code", optional=True),
    Field("position", POSITION, "位置", "position", audience="regulator"),
    on=False,
)
PRODUCT_ADD = _kind(
    "product.add",
    "登记产品",
    "product added",
    _one("names", MapOf(Text(120)), "名称", "names"),
    _one("gtin", _GTIN, "全球贸易项目代码", "GTIN", optional=True),
    _one("own_code", Text(60), "自编码", "own code", optional=True),
    _one("base_unit", _UNIT, "基本单位", "base unit"),
    _one(
        "factors",
        ListOf(
            Object((_one("unit", _UNIT, "单位", "unit"), _one("factor", Quantity(), "等于", "equals"))),
            low=0,
            high=16,
        ),
        "换算",
        "factors",
        optional=True,
    ),
    _one("shelf_life", Whole(1, 36500), "保质期（天）", "shelf life, days", optional=True),
    _one(
        "cold",
        Object(
            (
                _one("low", Text(8), "最低", "lowest, °C"),
                _one("high", Text(8), "最高", "highest, °C"),
                _one("minutes", Whole(0, 10000), "容许分钟", "minutes allowed"),
            )
        ),
        "冷链要求",
        "cold chain",
        optional=True,
    ),
    _one(
        "yield",
        Object(
            (
                _one("low", Whole(0, 10000), "最低", "lowest, per mille"),
                _one("high", Whole(0, 10000), "最高", "highest, per mille"),
            )
        ),
        "出品率",
        "yield",
        optional=True,
    ),
    _one("may", ListOf(Ref("party"), low=0, high=200), "可用主体", "who may use it", optional=True),
    on=False,
)
LOG_KEY = _kind("log.key", "更换总账密钥", "log key", Field("vkey", Text(200), "总账公钥", "log key"), _CONFIRMS)
LOG_POLICY = _kind(
    "log.policy",
    "修改规则表",
    "log policy",
    Field("policy", LOG_OPEN.by_name["policy"].shape, "规则表", "policy"),
    _CONFIRMS,
)
LOG_CLOSE = _kind("log.close", "关闭总账", "log closed", Field("successor", Text(200), "后继", "successor"), _CONFIRMS)
LOG_HEADS = _kind(
    "log.heads",
    "每日链头",
    "daily heads",
    _one("count", Whole(), "链数", "chains"),
    _one("root", Code(32), "根", "root"),
    _one("size", Whole(), "账目数", "entries"),
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
