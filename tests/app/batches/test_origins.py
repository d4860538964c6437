"""Origin: what was stated of it, or of what it was made from; never where it was packed or taken in."""

from pathlib import Path

from app.batches.reading import BatchReader
from app.db import connect
from app.log import open_log
from labels.label import Label
from ledger.canonical import Json
from ledger.identity import ChainId
from tests.app.seeding import seed
from tests.world import World, county, harvested, kg, planted


def read(folder: Path, world: World, *chains: ChainId) -> tuple[list[list[str]], list[Label]]:
    settings = seed(folder, world)
    engine = connect(settings.url)
    log = open_log(settings, engine)
    reader = BatchReader(engine, log)
    views = reader.batches(chains)
    labels = [reader.label(chain) for chain in chains]
    for chain in chains:
        assert views[chain].origins == reader.batch(chain).origins
    log.journal.close()
    engine.dispose()
    return [views[chain].origins for chain in chains], labels


def made(world: World, product: str, *parents: ChainId, **more: Json) -> ChainId:
    inputs: list[Json] = [{"batch": parent, "quantity": kg("1")} for parent in parents]
    body: dict[str, Json] = {"inputs": inputs, "outputs": [world.output(product, "1")], **more}
    return world.state("process", "coop", body, parents).created[0]


def test_goods_come_from_where_what_they_are_made_of_came_from(tmp_path: Path) -> None:
    world = county()
    packhouse = world.add_place("packhouse", "coop", "plant")
    silent = planted(world)
    outputs: list[Json] = [world.output("tomato", "9")]
    field = world.state("plant", "farm", {"outputs": outputs, "place": world.places["plot 7"]}).created[0]
    nowhere = harvested(world, silent)
    grown = harvested(world, field)
    said: dict[str, Json] = {"inputs": [{"batch": field}], "outputs": outputs, "origin": "彭州市"}
    stated = world.state("harvest", "farm", said, [field]).created[0]
    bought: dict[str, Json] = {"outputs": outputs, "origin": "外县", "place": packhouse}
    taken = world.state("intake", "coop", bought, sealed={"supplier": "批发部"}).created[0]
    unsaid = world.state("intake", "coop", {"outputs": outputs, "place": packhouse, "unrecorded": True}).created[0]
    packed = made(world, "sauce", grown, stated, place=packhouse)
    jar = made(world, "sauce", packed, taken, unsaid, place=packhouse)
    chains = (silent, field, nowhere, grown, stated, taken, unsaid, packed, jar)
    origins, labels = read(tmp_path, world, *chains)
    plot = "丹景山镇 plot 7"
    assert origins == [[], [plot], [], [plot], ["彭州市"], ["外县"], [], ["彭州市", plot], ["外县", "彭州市", plot]]
    assert [label.origin for label in labels][2] == "未记录"
    assert labels[-1].origin == f"外县、彭州市、{plot}"


def test_a_correction_moves_the_origin_of_what_came_of_it(tmp_path: Path) -> None:
    world = county()
    outputs: list[Json] = [world.output("tomato", "9")]
    taken = world.state("intake", "coop", {"outputs": outputs, "origin": "外县"})
    jar = made(world, "sauce", taken.created[0])
    new: dict[str, Json] = {"statement": taken.hash, "reason": "写错", "new": {"origin": "邻县"}}
    world.state("correct", "coop", new, taken.created)
    origins, _ = read(tmp_path, world, taken.created[0], jar)
    assert origins == [["邻县"], ["邻县"]]


def test_who_took_goods_in_is_not_said_to_have_produced_them(tmp_path: Path) -> None:
    world = county()
    outputs: list[Json] = [world.output("tomato", "9")]
    taken = world.state("intake", "coop", {"outputs": outputs}).created[0]
    lot = harvested(world, planted(world))
    _, labels = read(tmp_path, world, taken, lot)
    assert [label.maker for label in labels] == ["收货登记", "生产者"]
