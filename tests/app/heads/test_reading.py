"""What the newest heads show of a chain convinces a verifier who has nothing but the statement's body."""

import asyncio
from collections.abc import Iterable

from app.heads.making import make_heads
from app.heads.reading import Heads
from app.heads.signing import Hand
from ledger import b64u
from ledger.heads import Known, verify_line
from ledger.identity import ChainId
from ledger.merkle import Hash
from tests.app.heads.conftest import Town
from tests.world import secret


def known(heads: Heads, size: int, chains: Iterable[ChainId]) -> Known:
    newest = heads.newest(size)
    assert newest is not None
    body = newest[1]
    root = Hash(b64u.decode(body["root"]))
    shown = heads.lines(newest, chains)
    return Known(
        ((s.position, verify_line(s.line, s.position, body["count"], s.proof, root)) for s in shown), body["count"]
    )


def test_chains_are_shown_present_and_absent(town: Town) -> None:
    made = asyncio.run(make_heads(town.settings, town.engine, town.log, secret("operator"), town.now))
    absent = made.statement.created
    chains = [*town.world.heads, *absent]
    told = known(town.heads, made.first_index + 1, chains)
    for chain, entry in town.world.heads.items():
        head = told.find(chain)
        assert head is not None
        assert (head.chain, head.seq) == (chain, entry.seq)
    assert told.find(absent[0]) is None


def test_the_newest_is_the_last_below_the_checkpoint(town: Town) -> None:
    assert town.heads.newest(10**9) is None
    first, second = (
        asyncio.run(make_heads(town.settings, town.engine, town.log, secret("operator"), town.now)) for _ in range(2)
    )
    found = [town.heads.newest(size) for size in (first.first_index, second.first_index, second.first_index + 1)]
    assert found[0] is None
    assert [one and one[0] for one in found[1:]] == [first.first_index, second.first_index]
    assert town.heads.received(first.first_index) == first.receipt.entries[0].entry.received


def test_a_file_that_was_lost_is_made_again(town: Town) -> None:
    made = asyncio.run(make_heads(town.settings, town.engine, town.log, secret("operator"), town.now))
    newest, chains = (made.first_index, made.statement.body), list(town.world.heads)[:5]
    before = town.heads.lines(newest, chains)
    (kept,) = (town.settings.data / "heads").iterdir()
    kept.write_bytes(b"damaged")
    assert town.heads.lines(newest, chains) == before
    kept.unlink()
    assert town.heads.lines(newest, chains) == before
    assert kept.exists()


def test_false_heads_show_nothing(town: Town) -> None:
    """The statement stands in the log, and the audit names it; nothing is built on it."""
    hand = Hand(town.engine, town.log, secret("operator"))
    for size in (20, 10**6):
        body = {"count": 3, "root": b64u.encode(bytes(32)), "size": size}
        made = asyncio.run(hand.state("log.heads", body, town.now))
        newest = town.heads.newest(made.first_index + 1)
        assert newest == (made.first_index, body)
        assert town.heads.lines(newest, town.world.heads) == []


def test_lines_come_once_each_by_position(town: Town) -> None:
    made = asyncio.run(make_heads(town.settings, town.engine, town.log, secret("operator"), town.now))
    chains = [*town.world.heads, *town.world.heads]
    shown = town.heads.lines((made.first_index, made.statement.body), chains)
    assert [one.position for one in shown] == [*range(made.statement.body["count"])]
