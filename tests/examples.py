"""One sound example of each kind of statement, for tests of forms, schemas, import and the law."""

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
    parties, tomato, sauce = world.parties, world.products["tomato"], world.products["sauce"]
    used: list[Json] = [{"batch": lot, "quantity": kg("10")}]
    made: dict[str, Json] = {"product": tomato, "quantity": kg("10.5"), "grade": "一级", "lot": "L1"}
    common: dict[str, Json] = {"place": world.places["plot 7"], "attachments": [ATTACHMENT]}
    private: dict[str, Json] = {
        "note": "备注",
        "papers": [ATTACHMENT],
        "person": "王五",
        "refs": [{"number": "2026-1", "type": "送货单"}],
    }
    on = (lot,)
    temperatures: dict[str, Json] = {"high": kg("8", "C"), "low": kg("-2.5", "C")}
    key = secret("one more")
    world.devices.setdefault("opener", Device(secret("root")))
    return {
        "plant": Example("farm", {"outputs": [{"product": tomato, "quantity": kg("3", "mu")}], **common}, private),
        "stock": Example("farm", {"outputs": [{"product": tomato, "quantity": kg("30", "head")}], "source": "种场"}),
        "acquire": Example(
            "farm",
            {"name": "吡虫啉", "quantity": kg("5"), "type": "pesticide", "expires": "2027-01-31"},
            {"dealer": "农资店", "price": "35"},
        ),
        "apply": Example(
            "farm",
            {"name": "吡虫啉", "start": "2026-03-02T00:00:00Z", "stop": "2026-03-02T01:00:00Z", "interval_days": 7},
            on=(planting,),
        ),
        "observe": Example(
            "farm", {"growth_stage": "开花", "readings": [{"name": "气温", "reading": kg("-1.5", "C")}]}, on=(planting,)
        ),
        "harvest": Example(
            "farm", {"inputs": [{"batch": planting}], "outputs": [made], **common}, private, (planting,)
        ),
        "intake": Example(
            "coop",
            {"outputs": [{"product": sauce, "quantity": kg("1")}], "origin": "彭州", "unrecorded": True},
            {
                "source_reference": {"type": "gln", "value": "6901234567892"},
                "supplier": "张三",
                "supplier_contact": "13800000000",
            },
        ),
        "process": Example(
            "coop",
            {
                "inputs": used,
                "loss": kg("0"),
                "outputs": [{"product": sauce, "quantity": kg("9"), "best_before": "2027-01-01"}],
                "steps": [{"name": "杀菌", "temperature": kg("95", "C")}],
            },
            on=on,
        ),
        "pack": Example("coop", {"containers": [{"code": "B1"}], "serials": {"first": 1, "last": 9}}, on=on),
        "store": Example("coop", {"location": "A1", "temperature": kg("4", "C")}, on=on),
        "unstore": Example("coop", {"location": "A1"}, on=on),
        "count": Example("coop", {"goods": used, "reason": "盘点"}, on=on),
        "dispose": Example("coop", {"goods": used, "reason": "spoiled"}, on=on),
        "ship": Example(
            "farm",
            {"goods": used, "receiver": parties["coop"], "temperature_range": temperatures},
            {"plate": "川A12345", "seal": "S1"},
            on,
        ),
        "load": Example(
            "carrier", {"shipment": DIGEST, "vehicle": "冷藏车"}, {"driver": "赵六", "plate": "川A12345"}, on
        ),
        "unload": Example("carrier", {"shipment": DIGEST, "temperature_log": temperatures}, on=on),
        "receive": Example(
            "coop",
            {
                "certificate_checked": True,
                "goods": used,
                "shipment": DIGEST,
                "short": [{"batch": lot, "quantity": kg("1"), "reason": "damaged"}],
            },
            on=on,
        ),
        "reject": Example("coop", {"goods": used, "reason": "温度过高", "shipment": DIGEST}, on=on),
        "test": Example(
            "lab",
            {
                "conclusion": "pass",
                "items": [{"analyte": "毒死蜱", "limit": "0.5", "passed": True, "unit": "mg/kg", "value": "未检出"}],
                "report": ATTACHMENT,
                "sample_no": "Y1",
                "type": "quantitative",
            },
            {"sampler": "孙七"},
            on,
        ),
        "correct": Example("farm", {"reason": "填错", "statement": DIGEST, "void": True}, on=on),
        "sell": Example(
            "shop", {"channel": "stall", "goods": used}, {"buyer": "周八", "order_no": "1", "price": "12"}, on
        ),
        # --- registry
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
