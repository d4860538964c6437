"""Bundles made from a database: what they carry, and that a verifier who knows only the pin takes them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.evidence import routes
from app.evidence.routes import MOST_SINCE
from app.heads.reading import heads_at
from app.main import create_app
from ledger import b64u, bundle
from ledger.bundle import Bundle
from ledger.canonical import Json
from ledger.checkpoint import Checkpoint, Note
from ledger.identity import ChainId, mark, trace_code
from ledger.merkle import Hash, node_hash, root
from ledger.policy import Pin
from ledger.verdict import Verdict
from ledger.verify import verify
from tests.app.seeding import LOG_ID, append, journal
from tests.app.town import PASSWORD, settle
from tests.app.visiting import Visitor, visiting
from tests.bundles import carried
from tests.world import World, county, harvested, kg, planted

SEALED = {"plate": "川A·12345", "seal": "封-77"}


@pytest.fixture
def world() -> World:
    return county()


@pytest.fixture
def lot(world: World) -> ChainId:
    """Harvested from one planting, on its way to the co-op, before and after the day's heads."""
    lot = harvested(world, planted(world))
    other = harvested(world, planted(world))
    goods: list[Json] = [{"batch": one, "quantity": kg("500")} for one in sorted((lot, other))]
    body: dict[str, Json] = {"goods": goods, "receiver": world.parties["coop"]}
    world.state("ship", "farm", body, [lot, other], SEALED)
    return lot


@pytest.fixture
def visitor(tmp_path: Path, database_url: str, world: World, lot: ChainId) -> Iterator[Visitor]:
    town = settle(tmp_path / "data", database_url, world=world)
    size = len(world.entries)
    with town.engine.connect() as connection:
        lines = heads_at(connection, LOG_ID, size)
    body: dict[str, Json] = {"count": lines.count, "root": b64u.encode(lines.root), "size": size}
    late = [
        world.state("log.heads", "operator", body),
        world.state("observe", "farm", {"growth_stage": "装箱"}, [lot]),
    ]
    writer = journal(town.settings, town.engine, world)
    for one in late:
        append(writer, world, [one])
    writer.close()
    town.engine.dispose()
    with visiting(create_app(town.settings)) as visitor:
        yield visitor


def pin(tmp_path: Path) -> Pin:
    return Pin.parse((tmp_path / "data" / "policy.json").read_text())


def checked(visitor: Visitor, tmp_path: Path, lot: ChainId, query: str = "", **more: Any) -> tuple[Bundle, Verdict]:
    answer = visitor.get(f"/v1/batches/{trace_code(lot)}/bundle{query}")
    assert answer.status_code == 200, answer.text
    return bundle.parse(answer.content), verify(answer.content, [pin(tmp_path)], asked=mark(lot), **more)


def test_it_carries_what_a_slow_reading_of_the_log_finds(
    visitor: Visitor, tmp_path: Path, world: World, lot: ChainId
) -> None:
    made, verdict = checked(visitor, tmp_path, lot)
    (daily,) = [one for one in world.statements if one.kind == "log.heads"]
    wanted = carried(world, [lot, *daily.created], len(world.entries))
    assert [one.index for one in made.entries] == [one.index for one in wanted]
    assert [one.hash for one in made.statements] == list(dict.fromkeys(one.statement.hash for one in wanted))
    assert verdict.about == (lot,)
    names = {product.chain for product in verdict.registry.products.values()}
    assert names == {world.products["tomato"]}, "its product's name comes along, other products' do not"


def test_the_days_heads_cover_it_and_say_what_is_younger(visitor: Visitor, tmp_path: Path, lot: ChainId) -> None:
    made, verdict = checked(visitor, tmp_path, lot)
    assert made.heads is not None
    assert verdict.complete_as_of is not None
    assert [(one.code, one.params) for one in verdict.remarks] == [
        ("first-sight", {}),
        ("unconfirmed-since", {"has": 1}),
    ]
    assert [step.settled for step in verdict.steps if step.statement.kind == "observe"] == [False]


def test_the_public_one_discloses_nothing_and_a_supervisors_what_supervisors_may_read(
    visitor: Visitor, tmp_path: Path, lot: ChainId
) -> None:
    made, _ = checked(visitor, tmp_path, lot)
    assert made.disclosures == ()
    visitor.sign_in("li.na", PASSWORD)
    made, verdict = checked(visitor, tmp_path, lot)
    (shipped,) = [step for step in verdict.steps if step.statement.kind == "ship"]
    assert shipped.opened == SEALED
    assert "no-store" in visitor.get(f"/v1/batches/{lot}/bundle").headers["cache-control"]


def test_who_remembers_a_checkpoint_is_given_a_proof_from_it(
    visitor: Visitor, tmp_path: Path, world: World, lot: ChainId
) -> None:
    known = Checkpoint(world.log, 5, root(5, world_nodes(visitor)))
    made, verdict = checked(visitor, tmp_path, lot, "?since=5", remembered=[known])
    assert [one.size for one in made.consistency] == [5]
    assert "first-sight" not in {one.code for one in verdict.remarks}


def world_nodes(visitor: Visitor) -> Any:
    """The tree as the service publishes it, leaf by leaf."""
    newest = Checkpoint.parse(Note.parse(visitor.get("/log/checkpoint").text).text)
    data = visitor.get(f"/log/tile/0/000.p/{newest.size}").content
    leaves = [data[at : at + 32] for at in range(0, len(data), 32)]

    def nodes(wanted: list[tuple[int, int]]) -> list[Any]:
        def node(level: int, index: int) -> Hash:
            if level == 0:
                return Hash(leaves[index])
            return node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))

        return [node(*one) for one in wanted]

    return nodes


@pytest.mark.parametrize("since", ["0", "-1", "10000", "x"])
def test_a_size_that_never_was_is_refused(visitor: Visitor, lot: ChainId, since: str) -> None:
    assert visitor.get(f"/v1/batches/{lot}/bundle?since={since}").status_code == 422


def test_proofs_from_any_number_of_sizes_are_not_given(visitor: Visitor, lot: ChainId) -> None:
    for count, status in ((MOST_SINCE, 200), (MOST_SINCE + 1, 422)):
        asked = "&".join(f"since={size}" for size in range(1, count + 1))
        assert visitor.get(f"/v1/batches/{lot}/bundle?{asked}").status_code == status


def test_a_code_that_nobody_has_is_not_found(visitor: Visitor) -> None:
    assert visitor.get(f"/v1/batches/{b64u.encode(bytes(32))}/bundle").status_code == 404


def test_a_bundle_that_no_verifier_would_read_is_not_given(
    visitor: Visitor, lot: ChainId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "MAX_BYTES", 1000)
    answer = visitor.get(f"/v1/batches/{lot}/bundle", {"accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "bundle-size")
