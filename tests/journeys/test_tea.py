"""Tea: the leaf of two co-ops, of which one forgot its certificate, mixed, promised for anew, rolled and refined."""

from typing import Any

from ledger.identity import ChainId
from tests.journeys.land import Land, Party, Stated, batches, made, measurement, some


def test_two_co_ops_leaf_becomes_one_tea_with_certificates_issued_anew(land: Land) -> None:
    yunling, daoxiang = (land.enrol(f"{name}茶叶合作社", "coop", "farm") for name in ("云岭", "稻香"))
    factory = land.enrol("雾顶茶厂", "company", "processor")
    shop = land.enrol("雾顶茶庄", "company", "shop")
    land.calendar.turn("03-20")
    leaf = yunling.product("茶鲜叶", may=[daoxiang.chain, factory.chain])
    crude = factory.product("毛茶", **{"yield": {"low": 200, "high": 260}})
    green = factory.product("雾顶绿茶")

    land.calendar.turn("04-05", "06:00")
    north, first = picked(yunling, leaf, 400, "云岭乡")
    south, second = picked(daoxiang, leaf, 280, "稻香镇")
    promise = yunling.certify(first)
    land.calendar.turn("04-05", "11:00")
    factory.receive(yunling.send(factory, some(first, 400)), some(first, 400))
    without = daoxiang.send(factory, some(second, 280))
    assert without.findings == ["certificate-due"]
    received = factory.receive(without, some(second, 280), certificate_checked=False)
    assert received.findings == ["certificate-missing"]

    mixed = the_mixture_waits_for_both(land, factory, leaf, [first, second])
    assert [one.code for one in land.found(mixed)] == ["certificate-missing", "certificate-parents"]
    # What it lacks is the one thing that it may still be given.
    words = {"form": "own", "product_name": "茶鲜叶", "origin": "稻香镇", "issued": "2026-04-05", "basis": ["control"]}
    other = daoxiang.state("certify", goods=[some(second, 280)], **words)
    assert land.standing(mixed) == []
    assert land.standing(second) == ["moved-on-hold"], "that the factory did not wait stays to be seen"
    assert land.closed(second) == [("certificate-due", "record"), ("certificate-missing", "record")]
    assert land.closed(mixed) == [("certificate-missing", "record"), ("certificate-parents", "record")]
    land.shopper(mixed, "normal")

    issued_anew(land, factory, mixed, [promise, other])
    tea = rolled_and_refined(land, factory, mixed, crude, green)
    assert land.made_of(tea) >= {north, south, first, second, mixed}

    land.calendar.turn("04-20")
    shop.receive(factory.send(shop, some(tea, 100)), some(tea, 100))
    shop.state("sell", goods=[some(tea, "37.5")], channel="shop")
    assert land.where(tea) == {
        ("held", "雾顶茶厂"): "44",
        ("held", "雾顶茶庄"): "62.5",
        ("sold", "雾顶茶庄"): "37.5",
    }
    land.shopper(tea, "normal", "云岭乡", "稻香镇", "雾顶绿茶")
    land.holds(tea)


def picked(coop: Party, leaf: ChainId, amount: int, origin: str) -> tuple[ChainId, ChainId]:
    """The garden, and what was picked in it."""
    garden = coop.state("plant", outputs=[made(leaf, 20, "mu", variety="示例群体种")]).batch
    picking = coop.state("harvest", inputs=batches([garden]), outputs=[made(leaf, amount)], origin=origin)
    return garden, picking.batch


def the_mixture_waits_for_both(land: Land, factory: Party, leaf: ChainId, lots: list[ChainId]) -> ChainId:
    """What is mixed without all certificates is stopped, and cannot be promised for."""
    land.calendar.turn("04-05", "15:00")
    spread: dict[str, Any] = {
        "inputs": [some(lots[0], 400), some(lots[1], 280)],
        "outputs": [made(leaf, 660, lot="TQ-0405")],
        "loss": some(lots[0], 20)["quantity"],
    }
    assert factory.warned("process", **spread) == ["moved-on-hold", "certificate-parents"]
    mixed = factory.state("process", **spread).batch
    land.shopper(mixed, "held")
    words = {
        "form": "buyer",
        "product_name": "茶鲜叶",
        "origin": "青禾县",
        "issued": "2026-04-05",
        "basis": ["control"],
    }
    assert factory.refused("certify", goods=[some(mixed, 660)], **words) == (409, "held")
    return mixed


def issued_anew(land: Land, factory: Party, mixed: ChainId, behind: list[Stated]) -> None:
    """The buyer's own names all parents; one that leaves any out is found, voided, and issued again."""
    drawn = factory.drawn_up(mixed)
    assert (drawn["form"], drawn["goods"]) == ("buyer", [some(mixed, 660)])
    parents: Any = drawn["parents"]
    assert {one["statement"] for one in parents} == {one.hash for one in behind}
    careless = factory.certify(mixed, parents=[parents[0]])
    assert careless.findings == ["certificate-unnamed"]
    factory.state("correct", mixed, statement=careless.hash, reason="漏写一张来源合格证", void=True)
    assert land.closed(mixed)[-1] == ("certificate-unnamed", "corrected")
    good = factory.certify(mixed)
    assert good.findings == []
    listed = land.get(f"/v1/batches/{mixed}/certificates")["certificates"]
    assert [(one["statement"], one["state"]) for one in listed] == [(good.hash, "valid"), (careless.hash, "void")]


def rolled_and_refined(land: Land, factory: Party, mixed: ChainId, crude: ChainId, green: ChainId) -> ChainId:
    """660 kg of leaf, 150 of crude tea, 144 of green tea: the yields are in their band."""
    land.calendar.turn("04-06")
    rolled = factory.state(
        "process",
        inputs=[some(mixed, 660)],
        outputs=[made(crude, 150)],
        loss=some(mixed, 510)["quantity"],
        steps=[{"name": "杀青"}, {"name": "揉捻"}, {"name": "烘干"}],
    )
    assert rolled.findings == []
    land.calendar.turn("04-12")
    refined = factory.state("process", inputs=[some(rolled.batch, 150)], outputs=[made(green, 144, lot="LC-1")])
    land.lab.state(
        "test", refined.batch, sample_no="S-LC-1", type="quantitative", conclusion="pass",
        items=[measurement("铅（以 Pb 计）", "0.6", "5")],
    )  # fmt: skip
    tea: ChainId = refined.batch
    return tea
