"""`gengji bundle` and `gengji verify`, as somebody uses them who has a file, a pin, and nobody to ask."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from ledger import checkpoint
from ledger.canonical import Json
from ledger.checkpoint import Checkpoint, Note, VKey
from ledger.errors import LedgerError
from ledger.identity import ChainId, grouped, mark, trace_code
from ledger.policy import Pin, Policy, Witness
from ledger.records import POLICY
from ledger.statement import Statement
from ledger.verdict import Invalid, Rejected, Unreadable
from ledger.verify import CHECKS
from tests.bundles import bundle_of, daily_heads, pin_of
from tests.clients.checking import Desk
from tests.conformance.good import drawn
from tests.conformance.town import lot, town
from tests.world import World, planted, secret

ROOT = Path(__file__).parents[2]


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


# What holds


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_good_bundle_is_told_so_that_a_person_can_read_it(desk: Desk, lang: str) -> None:
    assert desk.verify(desk.bundle, lang=lang) == 0
    assert desk.err == ""
    zh = lang == "zh"
    assert desk.out.startswith("✓ 有效" if zh else "✓ Valid")
    assert grouped(trace_code(desk.lot)) in desk.out
    for check in CHECKS:
        assert (check.zh if zh else check.en.split()[0]) in desk.out
    # Who signed what, when; what is not confirmed; and where the memory is.
    for told in (
        "2026-03-01 08:",
        "采收出栏" if zh else "harvest",
        "farm",
        mark(pin_of(desk.world).root),
        "--remember",
    ):
        assert told in desk.out
    assert ("1 条记录" if zh else "1 statements") in desk.out
    assert ("首次核验" if zh else "first sight") in desk.out
    assert "{" not in desk.out
    assert "王秀兰" not in desk.out


def test_the_same_as_data(desk: Desk) -> None:
    told = desk.json(desk.bundle)
    assert desk.code == 0
    assert told["valid"] is True
    assert told["about"] == [{"chain": desk.lot, "mark": mark(desk.lot), "trace_code": trace_code(desk.lot)}]
    assert told["checkpoint"]["size"] == len(desk.world.entries)
    assert {(one["code"], one["check"]) for one in told["remarks"]} == {("first-sight", 4), ("unconfirmed-since", 15)}
    harvest = next(one for one in told["statements"] if one["kind"] == "harvest")
    assert (harvest["name"], harvest["suspect"], harvest["settled"]) == ("farm", False, True)
    assert told["complete_as_of"] is not None


def test_what_was_sealed_is_shown_where_the_bundle_opens_it(desk: Desk) -> None:
    statement = desk.world.statements[-1]
    opened = bundle_of(desk.world, desk.lot, disclosures=desk.world.disclosures[statement.hash])
    told = desk.json(desk.file("opened.json", opened.text()))
    assert [one["opened"] for one in told["statements"] if one["hash"] == statement.hash] == [{"person": "王秀兰"}]


@pytest.fixture
def officer(desk: Desk) -> Callable[..., Statement]:
    """States what an inspector does about the lot, and has the bundle told anew."""

    def state(kind: str, *on: ChainId, **body: Json) -> Statement:
        made = desk.world.statement(
            kind, "inspector", body, on or [desk.lot], {"person": "李娜"} if kind == "release" else {}
        )
        desk.world.put(made)
        desk.bundle.write_text(bundle_of(desk.world, desk.lot).text())
        return made

    return state


RECALL: dict[str, Json] = {"instruction": "停售封存", "reason": "农残超标"}


def test_a_recall_is_said_before_that_the_evidence_is_good(desk: Desk, officer: Callable[..., Statement]) -> None:
    recall = officer("recall", **RECALL, scope="batch")
    officer("hold", reason="待检")
    assert desk.verify(desk.bundle) == 0
    assert desk.out.startswith("✗ 已召回（凭证 ✓ 有效）")
    assert "农残超标" in desk.out.splitlines()[1]
    assert desk.verify(desk.bundle, lang="en") == 0
    assert desk.out.startswith("✗ Recalled (evidence ✓ valid)")
    told = desk.json(desk.bundle)
    assert (desk.code, told["valid"]) == (0, True)
    assert [one["kind"] for one in told["stopped"]] == ["recall", "hold"]
    assert told["stopped"][0]["statement"] == recall.hash


def test_a_hold_stands_until_it_is_released_or_taken_back(desk: Desk, officer: Callable[..., Statement]) -> None:
    for end in ("release", "correct"):
        hold = officer("hold", reason="待检")
        desk.verify(desk.bundle)
        assert desk.out.startswith("✗ 已暂停（凭证 ✓ 有效）")
        if end == "release":
            officer("release", answers=[hold.hash], reason="检测合格")
        else:
            officer("correct", statement=hold.hash, void=True, reason="填错批次")
        desk.verify(desk.bundle)
        assert desk.out.startswith("✓ 有效")


def test_what_reaches_a_batch_from_what_it_was_made_of(desk: Desk, officer: Callable[..., Statement]) -> None:
    (planting,) = next(one for one in desk.world.statements if desk.lot in one.created).on
    officer("recall", planting, **RECALL, scope="batch")
    assert desk.json(desk.bundle)["stopped"] == []
    recall = officer("recall", planting, **RECALL, scope="descendants")
    officer("release", planting, answers=[recall.hash], reason="不是这样解除的")
    assert [one["statement"] for one in desk.json(desk.bundle)["stopped"]] == [recall.hash]


def test_it_may_come_on_standard_input(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    class Piped:
        buffer = io.BytesIO(desk.bundle.read_bytes())

    monkeypatch.setattr(sys, "stdin", Piped)
    assert desk.verify("-") == 0


def test_who_witnessed_it_is_said_by_name(desk: Desk) -> None:
    key = secret("witness")
    vkey = VKey("agri.example.org", checkpoint.COSIGNATURE, key.public)
    head = desk.world.checkpoint()
    note = Note.parse(desk.world.note())
    signed = Note(note.text, (*note.signatures, checkpoint.cosign(head, vkey.name, key, desk.world.clock)))
    policy = Policy(((desk.world.vkey, ""),), (Witness("农业农村局", vkey),), quorum="农业农村局")
    desk.pin = desk.file("strict.json", Pin(policy, desk.world.parties["root"]).text())
    bundle = desk.file("witnessed.json", bundle_of(desk.world, desk.lot, note=str(signed)).text())
    assert desk.verify(bundle) == 0
    assert "农业农村局 2026-03-01" in desk.out
    assert desk.json(bundle)["witnessed"] == [{"name": "农业农村局", "time": desk.world.clock}]
    # Without the witness the same log is not enough for this pin.
    assert desk.verify(desk.bundle) == 1
    assert "第 3 项" in desk.out


def test_what_comes_from_another_county_is_shown_with_what_is_not_verified_of_it(desk: Desk) -> None:
    world = desk.world
    far: Json = {
        "chain": "A" * 43, "log": "log.example.org/far", "root": "A" * 43, "size": 9, "statement": "A" * 43,
    }  # fmt: skip
    body: dict[str, Json] = {"from": far, "outputs": [world.output("tomato", "5")]}
    (lot,) = world.state("intake", "coop", body).created
    told = desk.json(desk.file("far.json", bundle_of(world, lot).text()))
    assert ("origin-not-verified", 16) in {(one["code"], one["check"]) for one in told["remarks"]}
    assert desk.verify(desk.folder / "far.json", lang="en") == 0
    assert "log.example.org/far" in desk.out


class Later(World):
    """A log whose policy knows a kind that this verifier does not."""

    def open_body(self) -> dict[str, Json]:
        body = super().open_body()
        table = {role: [*kinds] for role, kinds in POLICY.items()}
        table["farm"] = sorted([*table["farm"], "weigh"])
        return {**body, "policy": table}

    def check(self, statement: Statement) -> None:
        if statement.kind != "weigh":
            super().check(statement)


def test_kinds_that_are_not_known_yet_are_shown_as_such(desk: Desk) -> None:
    """With bodies that nobody here can have checked."""
    world = desk.world = Later()
    world.open()
    world.register("registrar", by="root", type_="authority")
    world.act("role.grant", {"role": "registrar"}, world.parties["registrar"])
    world.register("farm", "farm")
    odd: list[Json] = [{}, {"lot": ["?"], "product": {}, "quantity": "much"}, {"quantity": {"unit": 1, "value": 2}}, {}]
    (lot, *_) = world.state("weigh", "farm", {"outputs": odd}).created
    world.state("weigh", "farm", {}, [lot])
    desk.pin = desk.file("later.json", pin_of(world).text())
    bundle = desk.file("later-bundle.json", bundle_of(world, lot).text())
    assert desk.verify(bundle, lang="en") == 0
    assert desk.out.count("weigh") == 2
    assert [one["kind"] for one in desk.json(bundle)["statements"]][-2:] == ["weigh", "weigh"]


def test_keys_that_prove_little_are_pointed_out(desk: Desk) -> None:
    world = desk.world
    since = "2026-03-01T00:10:00Z"
    kid = world.devices["farm"].key.public.kid
    revoke = {"kid": kid, "reason": "stolen", "compromised_since": since}
    world.state("key.revoke", "registrar", revoke, [world.parties["farm"]])
    bundle = desk.file("suspect.json", bundle_of(world, desk.lot).text())
    told = desk.json(bundle)
    suspect = {one["kind"] for one in told["statements"] if one["suspect"]}
    assert "harvest" in suspect
    assert desk.verify(bundle) == 0
    assert "⚠ 存疑" in desk.out
    assert "⚠ 10  存疑" in desk.out


# What does not hold


def sealed_again(world: World) -> None:
    """The operator rewrites an entry and signs the tree anew."""
    entry = world.entries[-1]
    world.entries[-1] = type(entry)(entry.chain, entry.prev, entry.received + 1, entry.seq + 1, entry.statement)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_an_invalid_one_is_told_with_check_record_and_reason(desk: Desk, lang: str) -> None:
    sealed_again(desk.world)
    bundle = desk.file("bad.json", bundle_of(desk.world, desk.lot).text())
    assert desk.verify(bundle, lang=lang) == 1
    assert desk.out.startswith("✗ 无效" if lang == "zh" else "✗ Invalid")
    check = CHECKS[5]
    for told in ("(chain)", check.zh if lang == "zh" else check.en, desk.world.statements[-1].hash):
        assert told in desk.out
    assert "{" not in desk.out
    told = desk.json(bundle)
    assert (desk.code, told["valid"], told["readable"], told["check"], told["reason"]) == (1, False, True, 6, "chain")
    assert told["cause"]["code"] == "chain-seq"


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "cut off": lambda data: data[: len(data) // 2],
    "not UTF-8": lambda data: b"\xff" + data,
    "a picture": lambda data: b"\x89PNG\r\n\x1a\n" + bytes(100),
    "a newline at its end": lambda data: data + b"\n",
    "an object of something else": lambda data: b'{"v":1}',
    "a list": lambda data: b"[]",
    "very deep": lambda data: b'{"others":' * 5000 + b"1" + b"}" * 5000,
    "controls of a terminal": lambda data: data.replace(b'"v":1', '"v":"\x9b2J\u202e"'.encode()),
    "a hash of 31 bytes": lambda data: data.replace(b'"about":["', b'"about":["A', 1),
    "another version": lambda data: data.replace(b'"v":1', b'"v":2'),
}


@pytest.mark.parametrize("what", BROKEN)
def test_an_unreadable_one_is_told_with_where(desk: Desk, what: str) -> None:
    bundle = desk.file("broken.json", BROKEN[what](desk.bundle.read_bytes()))
    assert desk.verify(bundle, lang="en") == 2
    assert desk.out.startswith("✗ Unreadable")
    assert "where: " in desk.out
    assert all(letter.isprintable() or letter == "\n" for letter in desk.out)
    told = desk.json(bundle)
    assert (desk.code, told["valid"], told["readable"], told["check"]) == (2, False, False, 1)
    assert told["record"] or told["cause"]["params"].get("path")


def test_every_reason_that_the_list_knows_has_a_line_of_its_own(desk: Desk) -> None:
    for check in CHECKS:
        for reason in check.reasons:
            kind: type[Rejected] = Unreadable if check.number == 1 else Invalid
            cause = LedgerError("chain-seq", path="x\x1b[2J", has="a", wanted="b")
            assert str(kind(check.number, reason, "record", cause))


# What was asked, what is remembered, what is attached


@pytest.mark.parametrize("form", [str, mark, trace_code, lambda chain: grouped(trace_code(chain))])
def test_it_is_about_what_was_asked_for(desk: Desk, form: Callable[[ChainId], str]) -> None:
    assert desk.verify(desk.bundle, "--asked", form(desk.lot)) == 0
    other = planted(desk.world)
    assert desk.verify(desk.bundle, "--asked", form(other)) == 1
    assert "第 7 项" in desk.out


def test_a_code_typed_wrong_says_nothing_of_the_bundle(desk: Desk) -> None:
    code = trace_code(desk.lot)
    assert desk.verify(desk.bundle, "--asked", code[:-1] + str((int(code[-1]) + 1) % 10)) == 2
    assert "输错" in desk.err


def test_a_code_left_empty_is_not_a_question_left_out(desk: Desk) -> None:
    """`--asked "$CODE"` where the variable is empty."""
    assert desk.verify(desk.bundle, "--asked", "") == 2
    assert "有效" not in desk.out


def test_two_pins_of_one_log_are_not_both_named_as_what_was_believed(desk: Desk) -> None:
    own = pin_of(desk.world)
    other = desk.file("other.json", Pin(own.policy, ChainId("A" * 43)).text())
    for more in (other, desk.pin):
        assert desk.verify(desk.bundle, "--policy", more) == 2
        assert own.origin in desk.err
        assert desk.out == ""


def test_an_endless_file_is_not_taken_in(desk: Desk) -> None:
    assert desk.verify("/dev/zero", lang="en") == 2
    assert desk.out.startswith("✗ Unreadable")


def test_what_is_reserved_about_another_log_is_said_beside_what_holds_here(desk: Desk) -> None:
    """The near log covers all of its own; the far one has no daily heads, and a stolen key."""
    far = town("log.example.org/far")
    batch = lot(far)
    origin = drawn(far, batch, far.forge("ship", "farm", {"to": far.parties["shop"]}, [batch]).hash)
    stolen: dict[str, Json] = {
        "kid": far.devices["farm"].key.public.kid,
        "reason": "stolen",
        "compromised_since": "2026-03-01T00:00:00Z",
    }
    far.state("key.revoke", "registrar", stolen, [far.parties["farm"]])
    near = desk.world
    (taken,) = near.state("intake", "coop", {"from": origin, "outputs": [near.output("tomato", "5")]}).created
    size = cast(dict[str, int], origin)["size"]
    made = bundle_of(near, taken, daily=daily_heads(near), others=[bundle_of(far, batch, since=[size])])
    pin = desk.file("far-pin.json", pin_of(far).text())
    assert desk.verify(desk.file("both.json", made.text()), "--policy", pin, lang="en") == 0
    assert "complete: nothing withheld as of" in desk.out
    assert f"complete ({far.log}): not shown" in desk.out
    assert f"⚠ 16  {far.log}: suspect" in desk.out


def test_a_log_that_is_remembered_is_not_rewritten_unnoticed(desk: Desk) -> None:
    memory = desk.folder / "heads.json"
    size = len(desk.world.entries)
    assert desk.verify(desk.bundle, "--remember", memory) == 0
    assert desk.verify(desk.bundle, "--remember", memory) == 0
    assert "首次" not in desk.out
    kept = memory.read_bytes()
    assert json.loads(kept) == {"checkpoints": [desk.world.note()]}

    planted(desk.world)
    newer = desk.file("newer.json", bundle_of(desk.world, desk.lot, since=[size]).text())
    unproven = desk.file("unproven.json", bundle_of(desk.world, desk.lot).text())
    assert desk.verify(unproven, "--remember", memory) == 1
    assert "第 4 项" in desk.out
    assert memory.read_bytes() == kept, "what does not hold is not remembered"
    assert desk.verify(newer, "--remember", memory) == 0
    assert json.loads(memory.read_bytes()) == {"checkpoints": [desk.world.note()]}
    # The old file still says what was; only not what is now.
    assert desk.verify(desk.bundle, "--remember", memory) == 0
    assert "这份凭证包比以前见过的旧" in desk.out
    assert json.loads(memory.read_bytes()) == {"checkpoints": [desk.world.note()]}

    sealed_again(desk.world)
    desk.world.entries.append(desk.world.entries[-1])
    forked = desk.file("forked.json", bundle_of(desk.world, desk.lot, since=[size]).text())
    assert desk.verify(forked, "--remember", memory) == 1


@pytest.mark.parametrize(
    "content", ["", "[]", '{"checkpoints":["x"]}', '{"checkpoints":[7]}', '{"checkpoints":[],"more":1}', "\xff"]
)
def test_a_file_of_something_else_is_not_taken_for_memory(desk: Desk, content: str) -> None:
    memory = desk.file("mine.txt", content.encode("latin-1"))
    assert desk.verify(desk.bundle, "--remember", memory) == 2
    assert memory.read_bytes() == content.encode("latin-1")


def test_two_notes_of_one_log_are_no_memory(desk: Desk) -> None:
    head = desk.world.checkpoint()
    older = Checkpoint(head.origin, 1, head.root)
    note = str(Note(str(older), (checkpoint.sign(older, head.origin, desk.world.log_key),)))
    memory = desk.file("two.json", json.dumps({"checkpoints": [desk.world.note(), note]}, separators=(",", ":")))
    assert desk.verify(desk.bundle, "--remember", memory) == 2


def test_a_file_that_the_record_does_not_name_is_no_evidence(desk: Desk) -> None:
    photo = desk.file("photo.jpg", b"not what was signed")
    assert desk.verify(desk.bundle, "--attachment", photo) == 1
    assert "第 13 项" in desk.out
    assert "photo.jpg" in desk.out
