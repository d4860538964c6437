"""The replay: what is sound goes through without a word, and whatever an operator bends is told, where it stands."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import b64u
from ledger.canonical import Json
from ledger.heads import Heads
from ledger.identity import ChainId, TraceCode
from ledger.keys import PublicKey
from ledger.replay import Replay, verify_now
from ledger.statement import Statement, parse, sign
from ledger.verify import verify
from tests.bundles import bundle_of, pin_of
from tests.ledger.replaying import Told, begun, faults, judged, public, record, root_at, season, tile
from tests.world import World, county, harvested, opened, planted, secret, time_text


@pytest.fixture(scope="module")
def told_of() -> World:
    world = county()
    season(world)
    return world


def test_a_sound_log_goes_through_without_a_word(told_of: World) -> None:
    told = Told()
    replay = begun(told_of, told)
    replay.follow(*public(told_of))
    assert told == []
    assert (replay.size, replay.root) == (len(told_of.entries), told_of.checkpoint().root)
    assert replay.statements == len(told_of.statements)
    assert replay.registry.parties.keys() == told_of.registry.parties.keys()


@given(data=st.data())
def test_in_pieces_it_comes_to_the_same(told_of: World, data: st.DataObject) -> None:
    """A monitor takes what is new since it last looked."""
    entries, stated = public(told_of)
    ends = sorted({0, len(entries)} | data.draw(st.sets(st.sampled_from([first for first, _ in stated]))))
    told = Told()
    replay = begun(told_of, told)
    for start, end in pairwise(ends):
        replay.follow(entries[start:end], [line for line in stated if start <= line[0] < end])
    assert (told, replay.root) == ([], told_of.checkpoint().root)


# --- what is taken away, put in or changed afterwards ------------------------------------------------------------


def test_a_statement_that_is_gone(told_of: World) -> None:
    entries, stated = public(told_of)
    for place in range(len(stated)):
        told = faults(told_of, entries, stated[:place] + stated[place + 1 :])
        assert (stated[place][0], "", "absent") in told


def test_a_statement_that_is_none(told_of: World) -> None:
    entries, stated = public(told_of)
    for place, (first, _) in enumerate(stated):
        told = faults(told_of, entries, [*stated[:place], (first, "no.statement"), *stated[place + 1 :]])
        assert told[0][0] == first


def test_a_statement_too_many(told_of: World) -> None:
    entries, stated = public(told_of)
    many = next(first for first, jws in stated if len(parse(jws).targets) > 1)
    jws = told_of.statements[-1].jws
    for index in (many, many + 1):
        more = sorted([*stated, (index, jws)], key=lambda line: line[0])
        assert faults(told_of, entries, more)[:2][-1] == (index, "", "extra")
    assert faults(told_of, entries, [*stated, (len(entries), jws)]) == [(len(entries), "", "extra")]


def test_an_entry_that_is_gone_or_none(told_of: World) -> None:
    entries, stated = public(told_of)
    last = told_of.statements[-1]
    assert faults(told_of, entries[:-1], stated)[-1] == (len(entries) - 1, "", "extra")
    many = next(s for s in told_of.statements if len(s.targets) > 1)
    end = told_of.first[many.hash] + 1
    cut = [line for line in stated if line[0] < end]
    assert faults(told_of, entries[:end], cut) == [(end, many.targets[1], "absent")]
    for index in range(len(entries)):
        told = faults(told_of, [*entries[:index], b'{"chain":1}', *entries[index + 1 :]], stated)
        assert told[0][0] == index
        assert told[0][2] == "entry"
    assert last.targets[0] in [what for _, what, _ in faults(told_of, [*entries[:-1], b"\xff"], stated)]


def test_an_entry_changed_in_any_field(told_of: World) -> None:
    entries, stated = public(told_of)
    index = len(entries) - 1
    good = told_of.entries[index]
    other = b64u.encode(bytes(32))
    changes: dict[str, object] = {
        "chain": other, "prev": other, "received": 1, "seq": 7, "statement": other
    }  # fmt: skip
    for name, value in changes.items():
        bad = replace(good, **{name: value})  # type: ignore[arg-type]
        told = faults(told_of, [*entries[:index], bad.text().encode()], stated)
        code = "time-falls" if name == "received" else "changed"
        assert told == [(index, good.chain, code)], name
    assert faults(told_of, [*entries[:index], entries[index].replace(b"received", b"recieved")], stated)


def test_of_an_entry_whose_hash_is_known_nothing_follows(told_of: World) -> None:
    entries, stated = public(told_of)
    for index, entry in enumerate(told_of.entries):
        told = Told()
        replay = begun(told_of, told)
        replay.follow([*entries[:index], b"", *entries[index + 1 :]], stated, {index: entry.hash()})
        assert (told, replay.root) == ([(index, entry.chain, "json")], told_of.checkpoint().root)


def test_entries_left_without_their_statement_are_still_linked(told_of: World) -> None:
    entries, stated = public(told_of)
    index = len(entries) - 1
    bent = replace(told_of.entries[index], prev=b64u.encode(bytes(32))).text().encode()
    told = faults(told_of, [*entries[:index], bent], stated[:-1])
    assert told == [(index, "", "absent"), (index, told_of.entries[index].chain, "changed")]
    told = faults(told_of, [*entries[:index], b"none"], stated[:-1])
    assert told == [(index, "", "absent"), (index, "", "json")]


def test_two_statements_that_are_gone_are_two(told_of: World) -> None:
    entries, stated = public(told_of)
    assert [code for _, _, code in faults(told_of, entries, stated[:-2])] == ["absent", "absent"]
    told = faults(told_of, [*entries[:-1], b"none"], stated[:-2])
    assert [code for _, _, code in told] == ["absent", "absent", "json"]


def test_entries_of_one_statement_have_one_time(told_of: World) -> None:
    entries, stated = public(told_of)
    many = next(s for s in told_of.statements if len(s.targets) > 1)
    index = told_of.first[many.hash] + 1
    late = replace(told_of.entries[index], received=told_of.entries[index].received + 1)
    told = faults(told_of, [*entries[:index], late.text().encode(), *entries[index + 1 :]], stated)
    assert told[0] == (index, many.targets[1], "changed")


# --- what an operator records ------------------------------------------------------------------------------------


def test_each_fault_says_which_check_failed() -> None:
    world = county()
    planting = planted(world)
    nothing = b64u.encode(bytes(32))
    for kind, by, body, on, seen in (
        ("apply", "shop", {"name": "x"}, [planting], None),
        ("observe", "farm", {"growth_stage": "苗期"}, [planting], (3, nothing)),
        ("log.heads", "operator", {"count": 1, "root": nothing, "size": 3}, [], None),
    ):
        record(world, world.statement(kind, by, body, on, seen=seen))  # type: ignore[arg-type]
    world.statement("observe", "farm", {"growth_stage": "苗期"}, [planting])
    record(world, world.statement("observe", "farm", {"growth_stage": "苗期"}, [ChainId(nothing)]))
    outputs: list[Json] = [world.output("tomato", "1", lot="L") for _ in range(2)]
    record(world, world.statement("plant", "coop", {"outputs": outputs}))
    told = faults(world, stated=[*public(world)[1], (9999, "x")])
    assert told.checks == ["registry", "seen", "heads", "notebook", "entry", "names", "statement"]
    assert faults_of_root(world)[0] == "log"


def faults_of_root(world: World) -> list[str]:
    told = Told()
    Replay(world.log, ChainId("A" * 43), told, tile(world)).follow(*public(world))
    return told.checks


def test_what_the_law_refuses() -> None:
    world = county()
    planting = planted(world)
    assert judged(world, world.statement("apply", "shop", {"name": "x"}, [planting])) == ["role"]


def test_a_signature_by_somebody_else() -> None:
    world = county()
    good = world.statement("observe", "farm", {"growth_stage": "苗期"}, [planted(world)])
    head, middle, _ = good.jws.split(".")
    forged = b64u.encode(secret("shop").sign(f"{head}.{middle}".encode()))
    assert judged(world, parse(f"{head}.{middle}.{forged}")) == ["signature"]


def test_a_signature_may_be_checked_elsewhere(told_of: World) -> None:
    taken: list[tuple[int, str]] = []

    def later(index: int, statement: Statement, key: PublicKey) -> None:
        verify_now(index, statement, key)
        taken.append((index, statement.jws))

    told = Told()
    replay = Replay(told_of.log, told_of.parties["root"], told, tile(told_of), later)
    replay.follow(*public(told_of))
    assert (told, taken) == ([], public(told_of)[1])


def test_a_key_that_nobody_added_or_that_was_revoked() -> None:
    world = county()
    planting = planted(world)
    world.devices["nobody"] = replace(world.devices["farm"], key=secret("nobody"), n=0, after=None)
    unknown = world.statement("observe", "nobody", {"growth_stage": "苗期"}, [planting])
    assert judged(world, unknown) == ["key-unknown"]
    world = county()
    planting = planted(world)
    kid = world.devices["farm"].key.public.kid
    world.state("key.revoke", "registrar", {"kid": kid}, [world.parties["farm"]])
    assert judged(world, world.statement("observe", "farm", {"growth_stage": "苗期"}, [planting])) == ["key-revoked"]


def test_an_algorithm_that_is_not_the_keys() -> None:
    world = county()
    good = world.statement("observe", "farm", {"growth_stage": "苗期"}, [planted(world)])
    _, middle, signature = good.jws.split(".")
    kid = good.kid
    head = b64u.encode(f'{{"alg":"ES256","kid":"{kid}","typ":"statement+sd-jwt"}}'.encode())
    assert judged(world, parse(f"{head}.{middle}.{signature}")) == ["header"]


def test_another_log_open_than_the_pin_names(told_of: World) -> None:
    told = Told()
    Replay(told_of.log, ChainId("A" * 43), told, tile(told_of)).follow(*public(told_of))
    assert told[0] == (0, told_of.statements[0].hash, "changed")


def test_a_log_open_that_is_none() -> None:
    world = World()
    world.open()
    bad = {**world.open_body(), "keys": []}
    payload: dict[str, Json] = {"v": 1, "log": world.log, "kind": "log.open", "at": "2026-03-01T00:00:00Z",
               "body": bad, "iat": 1, "n": 0, "after": None, "seen": None, "on": []}  # fmt: skip
    empty = World()
    empty.parties["root"] = world.parties["root"]
    record(empty, sign(payload, secret("root")))
    assert faults(empty)[0][2] == "list"


def test_notebooks_without_a_gap() -> None:
    world = county()
    planting = planted(world)
    world.statement("observe", "farm", {"growth_stage": "苗期"}, [planting])
    assert judged(world, world.statement("observe", "farm", {"growth_stage": "花期"}, [planting])) == ["notebook-gap"]
    world.devices["farm"].after = world.statements[0].hash
    assert judged_after(world, planting) == ["notebook-gap", "notebook-gap"]


def judged_after(world: World, planting: ChainId) -> list[str]:
    record(world, world.statement("observe", "farm", {"growth_stage": "果期"}, [planting]))
    return [code for _, _, code in faults(world)]


@pytest.mark.parametrize(
    ("sizes", "code"),
    [((5, 3), "seen-falls"), ((3, 0), "seen-falls"), ((-1,), "seen-other"), ((10_000,), "seen-other")],
)
def test_what_signers_had_seen(sizes: tuple[int, ...], code: str) -> None:
    world = county()
    planting = planted(world)
    for size in sizes:
        root = root_at(world, size) if 0 < size <= len(world.entries) else b64u.encode(bytes(32))
        seen = (abs(size), root) if size else None
        statement = world.statement("observe", "farm", {"growth_stage": "苗期"}, [planting], seen=seen)
        record(world, statement)
    assert [code for _, _, code in faults(world)] == [code]


def test_times_of_receipt_never_fall() -> None:
    world = county()
    planting = planted(world)
    again = world.statement("observe", "farm", {"growth_stage": "苗期"}, [planting])
    assert judged(world, again, received=world.entries[-1].received - 1) == ["time-falls"]


def test_a_chain_that_nothing_began() -> None:
    world = county()
    planted(world)
    lost = ChainId(b64u.encode(bytes(32)))
    assert judged(world, world.statement("observe", "farm", {"growth_stage": "苗期"}, [lost])) == ["unknown-chain"]


def test_names_are_given_out_once() -> None:
    world = county()
    planting = planted(world)
    for lots, codes in ((("L1",), []), (("L2", "L3"), []), (("L3",), ["lot-taken"]), (("L4", "L4"), ["lot-taken"])):
        outputs: list[Json] = [world.output("tomato", "1", lot=lot) for lot in lots]
        body: dict[str, Json] = {"inputs": [{"batch": planting}], "outputs": outputs}
        before = len(faults(world))
        record(world, world.statement("harvest", "farm", body, [planting]))
        assert [code for _, _, code in faults(world)[before:]] == codes
    world = county()
    world.add_product("cucumber", "coop", gtin="6901234567892")
    body = {"base_unit": "kg", "may": [], "names": {"en": "x", "zh": "x"}, "gtin": "06901234567892"}
    assert judged(world, world.statement("product.add", "coop", body)) == ["gtin-taken"]


def test_two_chains_of_one_code() -> None:
    world = county()
    planting = planted(world)
    first = len(world.entries)
    lot = harvested(world, planting)
    told = Told()
    begun(world, told, lambda chain: TraceCode("1" * 20)).follow(*public(world))
    assert told == [(first, world.statements[-1].hash, "code-taken")]
    assert lot in world.statements[-1].created


def test_a_body_that_admission_would_not_have_taken_is_no_reason_to_stop() -> None:
    world = county()
    planting = planted(world)
    output: dict[str, Json] = {"product": [], "lot": {"a": None}}
    assert judged(world, world.statement("harvest", "farm", {"outputs": [output]}, [planting])) == []


# --- log.heads ---------------------------------------------------------------------------------------------------


def heads_of(world: World, size: int) -> dict[str, Json]:
    heads = Heads()
    for entry in world.entries[:size]:
        heads.add(entry.chain, entry.hash(), entry.seq)
    lines = heads.at(size)
    return {"count": lines.count, "root": b64u.encode(lines.root), "size": size}


@pytest.mark.parametrize("behind", [0, 3])
def test_heads_are_recomputed(behind: int) -> None:
    world = county()
    planted(world)
    size = len(world.entries) - behind
    body = heads_of(world, size)
    at = time_text(world.entries[min(size, len(world.entries) - 1)].received // 1000)
    assert judged(world, world.statement("log.heads", "operator", body, at=at)) == []
    wrong: list[dict[str, Json]] = [
        {**body, "count": 3}, {**body, "root": b64u.encode(bytes(32))}, {**body, "size": len(world.entries) + 9}
    ]  # fmt: skip
    for said in wrong:
        before = len(faults(world))
        record(world, world.statement("log.heads", "operator", said))
        assert [code for _, _, code in faults(world)[before:]] == ["heads-size" if said is wrong[2] else "heads"]


def test_heads_of_before_a_record_are_not_said_to_be_of_after_it() -> None:
    """The operator leaves a record out and says: complete as of now. The bundle holds; whoever replays sees it."""
    world = county()
    lot = harvested(world, planted(world))
    body = heads_of(world, len(world.entries))
    left_out = world.state("observe", "farm", {"weather": "晴"}, [lot])
    world.clock += 3600
    assert judged(world, world.statement("log.heads", "operator", body)) == ["heads-late"]
    whole = bundle_of(world, lot, daily=world.statements[-1])
    told = replace(
        whole,
        entries=tuple(one for one in whole.entries if one.entry.statement != left_out.hash),
        statements=tuple(one for one in whole.statements if one != left_out),
    )
    as_of = verify(told.text(), [pin_of(world)]).complete_as_of
    assert as_of is not None
    assert as_of > world.entries[world.first[left_out.hash]].received


def test_heads_by_somebody_who_may_not_are_not_looked_at() -> None:
    world = opened()
    body = {**heads_of(world, 3), "root": b64u.encode(bytes(32))}
    assert judged(world, world.statement("log.heads", "registrar", body)) == ["role"]
