"""What somebody leaves out of a bundle, puts into it or changes on its way, and what its verifier says to that."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clients.client import Client
from clients.device import Device
from ledger.bundle import Bundle
from ledger.canonical import Json
from ledger.checkpoint import Note
from ledger.identity import ChainId, mark
from ledger.policy import Pin
from ledger.statement import Statement
from ledger.verdict import Rejected, Verdict
from ledger.verify import verify
from tests.attacks.operator import gone_on, publish, signed_elsewhere
from tests.attacks.wire import Wire, attached
from tests.bundles import bundle_of, daily_heads
from tests.conformance.bad_walk import without
from tests.conformance.town import Town, lot, observed, town, witnessed, witnessed_pin
from tests.world import Device as Signer
from tests.world import profile, proven, secret


def failed(text: str | bytes, pin: Pin, **more: Any) -> tuple[int, str]:
    """The check that fails, and its reason."""
    with pytest.raises(Rejected) as caught:
        verify(text, [pin], **more)
    return caught.value.check, caught.value.reason


def hiding(bundle: Bundle, *withheld: Statement) -> Bundle:
    """The bundle without these statements, and all else as it was."""
    hashes = {one.hash for one in withheld}
    return without(bundle, lambda one: one.entry.statement in hashes)


def remarks(verdict: Verdict) -> set[str]:
    return {remark.code for remark in verdict.remarks}


# --- what is withheld ----------------------------------------------------------------------------------------------


@pytest.fixture
def revoked(honest: Town, chain: ChainId) -> Statement:
    """The farm's key was stolen, and its revocation is in the log when the day's heads are drawn up."""
    body: dict[str, Json] = {
        "compromised_since": "2026-03-01T00:00:00Z",
        "kid": secret("farm").public.kid,
        "reason": "失窃",
    }
    return honest.state("key.revoke", "registrar", body, [honest.parties["farm"]])


def test_a_revocation_is_withheld(honest: Town, chain: ChainId, pin: Pin, revoked: Statement) -> None:
    whole = bundle_of(honest, chain, daily=daily_heads(honest))
    assert "suspect" in remarks(verify(whole.text(), [pin]))
    assert failed(hiding(whole, revoked).text(), pin) == (15, "heads")


def test_a_revocation_is_withheld_with_the_heads(honest: Town, chain: ChainId, pin: Pin, revoked: Statement) -> None:
    """Without them nothing contradicts it; but nothing says either that this is all, and the verdict says so."""
    daily = daily_heads(honest)
    verdict = verify(hiding(bundle_of(honest, chain), revoked, daily).text(), [pin])
    assert "no-heads" in remarks(verdict)
    assert verdict.complete_as_of is None
    assert not any(step.settled for step in verdict.steps)


def test_the_last_record_is_withheld(honest: Town, chain: ChainId, pin: Pin) -> None:
    last = honest.statements[-1]
    whole = bundle_of(honest, chain, daily=daily_heads(honest))
    verdict = verify(whole.text(), [pin])
    assert verdict.complete_as_of is not None
    assert failed(hiding(whole, last).text(), pin) == (15, "heads")


def test_a_record_in_the_middle_is_withheld(honest: Town, chain: ChainId, pin: Pin) -> None:
    """Daily heads or not: the next record of the batch names the one before it."""
    assert failed(hiding(bundle_of(honest, chain), honest.statements[-2]).text(), pin) == (6, "chain")


def test_what_came_since_the_last_daily_heads_is_not_vouched_for(honest: Town, chain: ChainId, pin: Pin) -> None:
    """It can be withheld, until tomorrow: the verdict says up to when it is complete, and that is before."""
    daily = daily_heads(honest)
    late = observed(honest, chain, "退货")
    received = honest.entries[honest.first[late.hash]].received
    verdict = verify(hiding(bundle_of(honest, chain, daily=daily), late).text(), [pin])
    assert verdict.complete_as_of is not None
    assert verdict.complete_as_of < received
    assert "unconfirmed-since" in remarks(verify(bundle_of(honest, chain, daily=daily).text(), [pin]))


def test_an_older_bundle_is_shown(honest: Town, chain: ChainId, pin: Pin) -> None:
    """True in all it says, and from before something happened: who has seen a newer head is told."""
    old = bundle_of(honest, chain, daily=daily_heads(honest)).text()
    gone_on(honest, chain)
    assert "older" in remarks(verify(old, [pin], remembered=[honest.checkpoint()]))


# --- what is put in ------------------------------------------------------------------------------------------------


def test_another_batch_is_shown(honest: Town, chain: ChainId, pin: Pin) -> None:
    """A good batch's bundle behind a bad batch's label."""
    bad = lot(honest)
    text = bundle_of(honest, chain).text()
    assert verify(text, [pin], asked=mark(chain))
    assert failed(text, pin, asked=mark(bad)) == (7, "identity")


def test_an_entry_that_is_in_no_log(honest: Town, chain: ChainId, pin: Pin) -> None:
    """Signed by the farm, and never recorded: it goes by the proof of another."""
    never = honest.statement("observe", "farm", {"growth_stage": "优质"}, [chain])
    whole = bundle_of(honest, chain)
    last = whole.entries[-1]
    invented = replace(last, entry=replace(last.entry, statement=never.hash))
    shown = replace(whole, entries=(*whole.entries[:-1], invented), statements=(*whole.statements[:-1], never))
    assert failed(shown.text(), pin) == (5, "inclusion")


def test_a_record_of_another_log_is_put_on_the_batch(honest: Town, chain: ChainId, pin: Pin) -> None:
    """The same people with the same keys, in two counties: what was said of a batch there was not said of this one."""
    there = town("log.example.org/elsewhere")
    honest.force(observed(there, lot(there)), targets=[chain])
    assert failed(bundle_of(honest, chain).text(), pin) == (8, "binding")


def test_a_record_signed_for_another_log_is_put_in(honest: Town, chain: ChainId, pin: Pin) -> None:
    """Even one that names this log's batch."""
    honest.force(signed_elsewhere(honest, chain))
    assert failed(bundle_of(honest, chain).text(), pin) == (9, "wrong-log")


def test_a_file_is_exchanged(honest: Town, pin: Pin) -> None:
    """The laboratory's report as it was signed passes; another that is shown under its name does not."""
    report, other = b"cadmium: 0.021 mg/kg", b"cadmium: 0.002 mg/kg"
    chain = lot(honest)
    honest.state("observe", "farm", {"attachments": [attached(report)]}, [chain])
    text = bundle_of(honest, chain).text()
    assert verify(text, [pin], attachments={"report.pdf": report})
    assert failed(text, pin, attachments={"report.pdf": other}) == (13, "disclosure")


def test_the_service_signs_with_a_key_that_it_holds(honest: Town, pin: Pin) -> None:
    """In the name of a farm without a device: it may, and everybody who verifies is told that it could."""
    key = secret("held")
    held: dict[str, Json] = {**proven(key, log=honest.log), "custody": "service"}
    body: dict[str, Json] = {"keys": [held], "profile": profile("无机户", "household"), "roles": ["farm"]}
    (party,) = honest.state("party.register", "registrar", body).created
    honest.devices["held"] = Signer(key, party)
    honest.add_product("leek", "held")
    (chain,) = honest.state("plant", "held", {"outputs": [honest.output("leek", "10")]}).created
    told = verify(bundle_of(honest, chain).text(), [pin])
    assert "custody" in remarks(told)
    assert {step.custody for step in told.steps if chain in step.statement.targets} == {"service"}


# --- witnesses and their times -------------------------------------------------------------------------------------


def test_a_checkpoint_is_signed_with_another_key(honest: Town, chain: ChainId, pin: Pin) -> None:
    """By somebody who has everything but the log's key."""
    honest.log_key = secret("somebody")
    assert failed(bundle_of(honest, chain).text(), pin) == (2, "checkpoint")


def test_a_cosignature_is_dropped(honest: Town, chain: ChainId) -> None:
    pin = witnessed_pin(honest)
    assert verify(bundle_of(honest, chain, note=witnessed(honest, "archive", "school")).text(), [pin])
    assert failed(bundle_of(honest, chain, note=witnessed(honest, "archive")).text(), pin) == (3, "quorum")


def test_a_cosignature_is_forged(honest: Town, chain: ChainId) -> None:
    pin = witnessed_pin(honest)
    note = witnessed(honest, "archive", "school", key=secret("operator"))
    assert failed(bundle_of(honest, chain, note=note).text(), pin) == (3, "quorum")


def test_a_device_does_not_take_a_head_without_its_cosignatures_for_seen(
    wire: Wire, data: Path, honest: Town, tmp_path: Path, party: Callable[[Device], Client]
) -> None:
    """It is followed, but no statement says that it was seen; with them one does."""
    client = party(Device.create(tmp_path / "device", "https://county.example", witnessed_pin(honest)))
    publish(data, honest)
    whole, dropped = witnessed(honest, "archive", "school"), witnessed(honest, "school")
    shown = dropped

    def bend(path: str, data: bytes) -> bytes:
        return shown.encode() if path == "/log/checkpoint" else data

    wire.bend = bend
    with wire.to(data):
        assert client.follow() is None
        assert client.notebook.heads.newest() is not None
        assert client.notebook.heads.seen() is None
        shown = whole
        head = client.follow()
    assert head is not None
    assert len(Note.parse(head.note).signatures) == 3


def test_a_record_is_said_to_be_younger_than_its_witnesses(honest: Town, chain: ChainId) -> None:
    """The log's own clock may not run ahead of those who saw it."""
    pin = witnessed_pin(honest)
    late = honest.statement("observe", "farm", {"growth_stage": "装箱"}, [chain])
    honest.force(late, received=[(honest.clock + 3600) * 1000])
    note = witnessed(honest, "archive", "school")
    assert failed(bundle_of(honest, chain, note=note).text(), pin) == (14, "time")


# --- changed on the way --------------------------------------------------------------------------------------------


def test_a_bundle_is_changed_on_the_way(wire: Wire, data: Path, honest: Town, chain: ChainId, pin: Pin) -> None:
    """Any byte of it, one in forty tried; as it was it passes."""
    with wire.to(data) as visitor:
        good = visitor.get(f"/v1/batches/{mark(chain)}/bundle").content
    assert verify(good, [pin], asked=mark(chain))
    for place in range(0, len(good), 40):
        changed = bytearray(good)
        changed[place] ^= 1
        with pytest.raises(Rejected):
            verify(bytes(changed), [pin], asked=mark(chain))
