"""One sound example of each kind of statement, with all its fields, for tests of forms, schemas and the law."""

from dataclasses import dataclass, field

from ledger import b64u
from ledger.canonical import Json
from ledger.identity import ChainId
from ledger.keys import prove
from tests.world import LOG, POLICY, Device, World, kg, profile, proven, secret

DIGEST = b64u.encode(bytes(range(32)))
ATTACHMENT: dict[str, Json] = {"media_type": "image/jpeg", "name": "a.jpg", "sha256": DIGEST, "size": 1000}


@dataclass(frozen=True)
class Example:
    """Who states it, the body in the clear, the fields that are sealed, the chains it touches."""

    by: str
    body: dict[str, Json]
    sealed: dict[str, Json] = field(default_factory=dict)
    on: tuple[ChainId, ...] = ()


def examples(world: World, planting: ChainId, lot: ChainId) -> dict[str, Example]:
    """In a world of `world.county()`, with one planting and one lot harvested from it by `farm`."""
    return {
        **_grown(world, planting, lot),
        **_made(world, lot),
        **_traded(world, lot),
        **_watched(world, lot),
        **_registered(world),
    }


COMMON_SEALED: dict[str, Json] = {
    "note": "备注",
    "papers": [ATTACHMENT],
    "person": "王五",
    "portraits": [ATTACHMENT],
    "refs": [{"number": "2026-1", "type": "送货单"}],
}
MORNING: dict[str, Json] = {"start": "2026-03-02T00:00:00Z", "stop": "2026-03-02T01:00:00Z"}
TEMPERATURES: dict[str, Json] = {"high": kg("8", "C"), "low": kg("-2.5", "C")}


def _common(world: World) -> dict[str, Json]:
    return {"place": world.places["plot 7"], "attachments": [ATTACHMENT]}


def _grown(world: World, planting: ChainId, lot: ChainId) -> dict[str, Example]:
    tomato, sauce = world.products["tomato"], world.products["sauce"]
    made: dict[str, Json] = {"product": tomato, "quantity": kg("10.5"), "grade": "一级", "lot": "L1"}
    used: list[Json] = [{"batch": lot, "quantity": kg("10", "mL")}]
    both = tuple(sorted((planting, lot)))
    given: dict[str, Json] = {"inputs": used, "dose": "每头 5 毫升", "interval_days": 7, **MORNING}
    return {
        "plant": Example(
            "farm",
            {
                "outputs": [{"product": tomato, "quantity": kg("3", "mu"), "variety": "普罗旺斯"}],
                "plot": "七号地",
                "seed_source": "县种子站",
                "seed_certificate": "川检2026-7",
                **_common(world),
            },
            COMMON_SEALED,
        ),
        "stock": Example(
            "farm",
            {
                "outputs": [{"product": tomato, "quantity": kg("30", "head"), "variety": "长白"}],
                "source": "种场",
                "pen": "三号舍",
                "ear_tags": "15101820000001–15101820000030",
                "quarantine_certificate": "5101820001",
            },
        ),
        "acquire": Example(
            "farm",
            {
                "name": "10% 吡虫啉可湿性粉剂",
                "quantity": kg("5"),
                "type": "pesticide",
                "registration_no": "PD20040001",
                "ingredients": ["吡虫啉"],
                "maker": "某农化公司",
                "makers_batch": "20260101",
                "expires": "2027-01-31",
            },
            {"dealer": "农资店", "price": "35"},
        ),
        "apply": Example(
            "farm",
            {
                **given,
                "name": "10% 吡虫啉可湿性粉剂",
                "type": "pesticide",
                "ingredients": ["吡虫啉"],
                "registration_no": "PD20040001",
                "target": "蚜虫",
                "dose": "每亩 20 克",
                "rate": kg("20", "g"),
                "area": kg("3.5", "mu"),
                "dilution": "1500 倍",
                "method": "喷雾",
            },
            on=both,
        ),
        "feed": Example(
            "farm",
            {
                **given,
                "name": "育肥猪配合饲料",
                "ingredients": ["植酸酶"],
                "registration_no": "川饲证06001",
                "method": "自由采食",
            },
            on=both,
        ),
        "treat": Example(
            "farm",
            {
                **given,
                "name": "恩诺沙星注射液",
                "ingredients": ["恩诺沙星"],
                "registration_no": "兽药字010012345",
                "target": "呼吸道感染",
                "method": "肌注",
                "treated": 12,
                "ear_tags": "15101820000001–15101820000012",
                "prescription_no": "2026-031",
            },
            {"veterinarian": "郑十"},
            both,
        ),
        "observe": Example(
            "farm",
            {
                "growth_stage": "开花",
                "irrigation": "滴灌 2 小时",
                "pests": "蚜虫，轻",
                "weather": "晴",
                "readings": [{"name": "气温", "reading": kg("-1.5", "C")}],
            },
            on=(planting,),
        ),
        "harvest": Example(
            "farm",
            {
                "inputs": [{"batch": planting, "quantity": kg("1", "mu")}],
                "outputs": [made],
                "plot": "七号地",
                "cooling": "冷库 4 ℃ 6 小时",
                "origin": "四川省彭州市",
                "quarantine_certificate": "5101820002",
                **_common(world),
            },
            COMMON_SEALED,
            (planting,),
        ),
        "intake": Example(
            "coop",
            {
                "outputs": [
                    {"product": sauce, "quantity": kg("1"), "best_before": "2027-01-01", "packed": "2026-03-01"}
                ],
                "origin": "彭州",
                "unrecorded": True,
                "certificate_checked": True,
                "certificate_no": "H-17",
                "quarantine_certificate": "5101820003",
            },
            {
                "certificate_photo": ATTACHMENT,
                "source_reference": {"type": "gln", "value": "6901234567892"},
                "supplier": "张三",
                "supplier_contact": "13800000000",
            },
        ),
    }


def _made(world: World, lot: ChainId) -> dict[str, Example]:
    used: list[Json] = [{"batch": lot, "quantity": kg("10")}]
    boxes: list[Json] = [{"code": "B1", "quantity": kg("5")}]
    serials: dict[str, Json] = {"first": 1, "last": 9}
    sauce: dict[str, Json] = {"product": world.products["sauce"], "quantity": kg("9"), "best_before": "2027-01-01"}
    on = (lot,)
    return {
        "process": Example(
            "coop",
            {
                "inputs": used,
                "outputs": [sauce, {**sauce, "by_product": True, "packed": "2026-03-01"}],
                "line": "一号线",
                "steps": [{"name": "杀菌", "temperature": kg("95", "C"), **MORNING}],
                "additives": [{"name": "柠檬酸", "quantity": kg("20", "g")}],
                "loss": kg("0"),
                "factory_test": "C-7",
                "shelf_life_days": 365,
            },
            on=on,
        ),
        "pack": Example("coop", {"containers": boxes, "serials": serials, "pack_type": "5 公斤纸箱"}, on=on),
        "unpack": Example("coop", {"containers": boxes, "reason": "分装"}, on=on),
        "label": Example(
            "coop",
            {
                "action": "replaced",
                "labels": 9,
                "content": kg("5"),
                "serials": serials,
                "layout": "60×40",
                "text": "番茄 5 公斤",
                "reason": "打印模糊",
            },
            on=on,
        ),
        "store": Example(
            "coop",
            {"location": "A1", "temperature": kg("4", "C"), "humidity": kg("85", "%"), "pest_control": "粘板"},
            on=on,
        ),
        "unstore": Example("coop", {"location": "A1", "temperature": kg("4", "C"), "humidity": kg("85", "%")}, on=on),
        "count": Example("coop", {"goods": used, "reason": "失水"}, on=on),
        "dispose": Example("coop", {"goods": used, "reason": "spoiled", "method": "深埋"}, on=on),
        "certify": Example(
            "coop",
            {
                "goods": used,
                "form": "buyer",
                "product_name": "番茄",
                "origin": "四川省彭州市",
                "issued": "2026-03-03",
                "number": "HGZ-1",
                "basis": ["control", "commissioned"],
                "tests": [DIGEST],
                "parents": [{"statement": DIGEST}, {"number": "H-17"}],
                "promise": "不使用禁用的农药",
            },
            {"contact": "028-00000000"},
            on,
        ),
    }


def _traded(world: World, lot: ChainId) -> dict[str, Example]:
    used: list[Json] = [{"batch": lot, "quantity": kg("10")}]
    on = (lot,)
    vehicle: dict[str, Json] = {
        "shipment": DIGEST,
        "vehicle": "冷藏车",
        "temperature": kg("4", "C"),
        "device": "T-1",
        "calibrated": "2026-01-01",
    }
    on_road: dict[str, Json] = {"driver": "赵六", "plate": "川A12345"}
    return {
        "ship": Example(
            "farm",
            {
                "goods": used,
                "receiver": world.parties["coop"],
                "carrier": world.parties["carrier"],
                "temperature_range": TEMPERATURES,
                "planned_arrival": "2026-03-04T08:00:00Z",
            },
            {"plate": "川A12345", "seal": "S1"},
            on,
        ),
        "load": Example("carrier", vehicle, on_road, on),
        "unload": Example("carrier", {**vehicle, "temperature_log": TEMPERATURES, "excursion_minutes": 0}, on_road, on),
        "receive": Example(
            "coop",
            {
                "certificate_checked": True,
                "certificate_no": "H-17",
                "goods": used,
                "shipment": DIGEST,
                "short": [{"batch": lot, "quantity": kg("1"), "reason": "damaged"}],
                "temperature": kg("6", "C"),
            },
            {"certificate_photo": ATTACHMENT},
            on,
        ),
        "reject": Example("coop", {"goods": used, "reason": "温度过高", "shipment": DIGEST}, on=on),
        "sense": Example(
            "carrier",
            {
                "device": "T-1",
                "measures": "temperature",
                **MORNING,
                "count": 60,
                "low": kg("-2.5", "C"),
                "mean": kg("4", "C"),
                "high": kg("9", "C"),
                "readings_root": DIGEST,
                "excursions": [{**MORNING, "extreme": kg("9", "C")}],
                "shipment": DIGEST,
                "calibrated": "2026-01-01",
            },
            on=on,
        ),
        "sell": Example(
            "shop", {"channel": "stall", "goods": used}, {"buyer": "周八", "order_no": "1", "price": "12"}, on
        ),
    }


def _watched(world: World, lot: ChainId) -> dict[str, Example]:
    used: list[Json] = [{"batch": lot, "quantity": kg("10")}]
    farm, on = world.parties["farm"], (lot,)
    law, deadline = "《农产品质量安全法》", "2026-03-05T08:00:00Z"
    report: dict[str, Json] = {
        "drill": DIGEST,
        "finished": deadline,
        "seconds": 1800,
        "lots": 12,
        "parties": 5,
        "answered": 5,
        "located": 1000,
    }
    return {
        "test": Example(
            "lab",
            {
                "sample_no": "Y1",
                "lab": "县检测中心",
                "accreditation": "CMA 2026-1",
                "method": "GB 23200.113",
                "type": "quantitative",
                "sampled": "2026-03-02T00:00:00Z",
                "items": [
                    {
                        "analyte": "毒死蜱",
                        "value": "未检出",
                        "unit": "mg/kg",
                        "limit": "0.5",
                        "limit_source": "GB 2763-2021",
                        "limit_date": "2021-09-03",
                        "passed": True,
                    }
                ],
                "conclusion": "pass",
                "report": ATTACHMENT,
                "retest_of": DIGEST,
            },
            {"sampler": "孙七"},
            on,
        ),
        "correct": Example("farm", {"reason": "填错", "statement": DIGEST, "void": True}, on=on),
        "inspect": Example(
            "inspector",
            {
                "task": "R-1",
                "party": farm,
                "form": "生产记录检查表",
                "result": "rectify",
                "remarks": "农药未入库上锁",
                "due": "2026-03-10",
                "law": law,
            },
            on=on,
        ),
        "sample": Example(
            "inspector", {"sample_no": "Y2", "slip": "C-1", "goods": used, "holder": farm, "task": "R-1"}, on=on
        ),
        "hold": Example(
            "inspector", {"reason": "检测未出结果", "about": DIGEST, "law": law, "until": "2026-03-10"}, on=on
        ),
        "release": Example(
            "inspector",
            {"answers": [DIGEST], "reason": "复检合格", "tests": [DIGEST]},
            {"person": "钱十一"},
            on,
        ),
        "recall": Example(
            "inspector",
            {
                "scope": "descendants",
                "reason": "农药残留超标",
                "instruction": "立即停售并退回",
                "deadline": deadline,
                "about": DIGEST,
                "law": law,
            },
            on=on,
        ),
        "drill": Example(
            "coop",
            {
                "scope": "batch",
                "reason": "年度演练",
                "instruction": "清点并反馈",
                "deadline": deadline,
                "outcome": report,
            },
            on=on,
        ),
        "acknowledge": Example(
            "shop",
            {
                "about": DIGEST,
                "goods": [{"batch": lot, "found": kg("0"), "stopped": kg("0"), "recovered": kg("3")}],
                "agree": True,
                "measures": "已下架并张贴告示",
            },
            on=on,
        ),
        "warn": Example(
            "inspector", {"party": farm, "reason": "近期多发", "law": law, "instruction": "加强自检"}, on=on
        ),
        "notify": Example("inspector", {"party": farm, "reason": "检测结果", "law": law, "deadline": deadline}, on=on),
        "transfer": Example("inspector", {"party": farm, "reason": "已进入市场", "law": law, "about": DIGEST}, on=on),
    }


def _registered(world: World) -> dict[str, Example]:
    parties = world.parties
    key = secret("one more")
    world.devices.setdefault("opener", Device(secret("root")))
    return {
        "log.open": Example("opener", world.open_body()),
        "party.register": Example(
            "registrar",
            {"keys": [proven(key)], "profile": {**profile("新"), "uscc": "91510182MA62KTE01X"}, "roles": ["farm"]},
        ),
        "key.add": Example(
            "farm",
            {"custody": "service", "jwk": key.public.jwk, "proof": prove(key, LOG, parties["farm"])},
            on=(parties["farm"],),
        ),
        "key.revoke": Example("farm", {"kid": secret("farm").public.kid, "reason": "丢失"}, on=(parties["farm"],)),
        "role.grant": Example("registrar", {"role": "warehouse"}, on=(parties["farm"],)),
        "role.end": Example("registrar", {"role": "farm"}, on=(parties["farm"],)),
        "agent.grant": Example("farm", {"agent": parties["coop"], "kinds": ["harvest"]}, on=(parties["farm"],)),
        "agent.end": Example("farm", {"agent": parties["coop"], "kinds": ["harvest"]}, on=(parties["farm"],)),
        "place.add": Example(
            "farm",
            {"division": "510182104", "gln": "6901234567892", "kind": "plot", "name": "八号地", "township": "丹景山镇"},
            {"position": {"lat": "31.090112", "lon": "-103.900425"}},
        ),
        "product.add": Example(
            "farm",
            {
                "base_unit": "kg",
                "cold": {"high": "8", "low": "0", "minutes": 30},
                "factors": [{"factor": kg("12"), "unit": "CS"}],
                "gtin": "06901234567892",
                "may": [parties["coop"]],
                "names": {"en": "pepper", "zh": "辣椒"},
                "shelf_life": 30,
                "yield": {"high": 950, "low": 700},
            },
        ),
        "log.key": Example("root", {"vkey": str(World(log_key=secret("new log")).vkey)}, on=(parties["root"],)),
        "log.policy": Example("root", {"policy": POLICY}, on=(parties["root"],)),
        "log.close": Example("root", {"successor": "log.example.org/next"}, on=(parties["root"],)),
        "log.heads": Example("operator", {"count": 1, "root": DIGEST, "size": 1}),
    }
