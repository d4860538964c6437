"""Kept pages: asked for again only when their chains grew, and no more of them than there is room for."""

from pathlib import Path

import pytest

from app.db import connect
from app.log import open_log
from app.public.shelf import Shelf
from ledger.identity import ChainId
from tests.app.public.stories import sauce, told
from tests.app.seeding import append, seed
from tests.world import kg


def test_a_page_is_made_again_when_one_of_its_chains_grew(tmp_path: Path) -> None:
    story = sauce()
    world = story.world
    settings = seed(tmp_path, world)
    engine = connect(settings.url)
    log = open_log(settings, engine)
    shelf = Shelf(engine, log, "1")
    made: list[str] = []

    def make(name: str, *chains: ChainId) -> str:
        def page(note: str) -> tuple[bytes, list[ChainId]]:
            made.append(name)
            return f"{name} {len(made)}".encode(), [*chains]

        return (shelf.get((name,)) or shelf.renew((name,), page)).body.decode()

    def state(batch: ChainId) -> None:
        known = len(world.statements)
        goods = [{"batch": batch, "quantity": kg("1")}]
        world.state("sell", "shop", {"goods": goods, "channel": "shop"}, [batch], at=told(42))
        append(log.journal, world, world.statements[known:])

    assert make("a", story.sauce) == make("a", story.sauce) == "a 1"
    assert make("b", story.pears, story.sauce) == "b 2"
    tags = {name: kept.etag for name in "ab" if (kept := shelf.get((name,)))}
    state(story.pears)
    assert shelf.get(("a",)) is None, "the checkpoint moved: the chains have to be asked"
    assert make("a", story.sauce) == "a 1"
    assert make("b", story.pears, story.sauce) == "b 3"
    assert made == ["a", "b", "b"]
    kept = {name: shelf.get((name,)) for name in "ab"}
    assert kept["a"] is not None
    assert kept["b"] is not None
    assert kept["a"].etag == tags["a"]
    assert kept["b"].etag != tags["b"]
    log.journal.close()
    engine.dispose()


def test_what_grew_while_a_page_was_made_makes_it_once_more(tmp_path: Path) -> None:
    story = sauce()
    world = story.world
    settings = seed(tmp_path, world)
    engine = connect(settings.url)
    log = open_log(settings, engine)
    shelf = Shelf(engine, log, "1")

    def meanwhile(note: str) -> tuple[bytes, list[ChainId]]:
        known = len(world.statements)
        goods = [{"batch": story.sauce, "quantity": kg("1")}]
        world.state("sell", "shop", {"goods": goods, "channel": "shop"}, [story.sauce], at=told(42))
        append(log.journal, world, world.statements[known:])
        return b"old", [story.sauce]

    shelf.renew(("a",), meanwhile)
    assert shelf.get(("a",)) is None
    assert shelf.renew(("a",), lambda note: (b"new", [story.sauce])).body == b"new"
    log.journal.close()
    engine.dispose()


@pytest.mark.parametrize(("room", "fit"), [(1, 1), (5_000, 4), (50_000, 40), (5_000_000, 100)])
def test_there_is_only_so_much_room(tmp_path: Path, room: int, fit: int) -> None:
    story = sauce()
    settings = seed(tmp_path, story.world)
    engine = connect(settings.url)
    log = open_log(settings, engine)
    shelf = Shelf(engine, log, "1", most=room)
    for number in range(100):
        shelf.renew((str(number),), lambda note: (b"x" * 1000, [story.sauce]))
        shelf.get(("0",))
    kept = [number for number in range(100) if shelf.get((str(number),))]
    assert len(kept) == fit
    assert kept[-1] == 99
    assert fit == 1 or kept[0] == 0, "what was asked for last stays"
    log.journal.close()
    engine.dispose()
