"""The conformance cases: every verifier says the same of each, and without any one check some would go wrong."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ledger import b64u, bundle, verify
from ledger.canonical import loads
from ledger.checkpoint import Checkpoint
from ledger.errors import LedgerError
from ledger.policy import Pin
from ledger.verdict import Rejected, Unreadable
from tests.conformance.cases import cases

FILES = sorted((Path(__file__).parents[2] / "vectors" / "bundles").glob("*.json"))


@dataclass(frozen=True)
class Told:
    """What a verifier is given, and what it has to say."""

    text: str
    given: dict[str, Any]
    expected: dict[str, Any]

    def judged(self) -> dict[str, Any]:
        """As a file says it; what is no error of the ledger's is said too."""
        try:
            verdict = verify.verify(self.text, **self.given)
        except Rejected as error:
            return {"check": error.check, "reason": error.reason}
        return {"check": 0, "remarks": sorted(one.code for one in verdict.remarks)}


def read(path: Path) -> Told:
    value: Any = loads(path.read_bytes().removesuffix(b"\n"))
    given = {
        "asked": value["asked"],
        "attachments": {name: b64u.decode(data) for name, data in value["attachments"].items()},
        "pins": [Pin.parse(pin) for pin in value["pins"]],
        "remembered": [Checkpoint.parse(text) for text in value["remembered"]],
    }
    return Told(value["bundle"], given, value["expected"])


TOLD = {path.stem: read(path) for path in FILES}


@pytest.mark.parametrize("name", TOLD)
def test_a_case_is_judged_as_it_says(name: str) -> None:
    assert TOLD[name].judged() == TOLD[name].expected


@pytest.mark.parametrize("name", [name for name, told in TOLD.items() if told.expected["check"] != 1])
def test_what_is_read_prints_back(name: str) -> None:
    assert bundle.parse(TOLD[name].text).text() == TOLD[name].text


@pytest.mark.parametrize("name", [name for name, told in TOLD.items() if told.expected["check"] == 1])
def test_what_is_not_well_formed_does_not_parse(name: str) -> None:
    with pytest.raises(LedgerError):
        bundle.parse(TOLD[name].text)
    with pytest.raises(Unreadable):
        verify.verify(TOLD[name].text, **TOLD[name].given)


def test_there_are_enough_of_each() -> None:
    failing = [told for told in TOLD.values() if told.expected["check"]]
    assert len(TOLD) >= 60
    assert len(failing) >= 45
    assert {told.expected["check"] for told in failing} == {*range(1, 17)}
    reasons = {reason for check in verify.CHECKS for reason in check.reasons}
    assert {told.expected["reason"] for told in failing} == reasons


@pytest.mark.parametrize("number", range(1, 17))
def test_no_check_can_be_taken_out(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it some case is judged otherwise: none of the list is there for show."""
    monkeypatch.setattr(verify, "CHECKS", [check for check in verify.CHECKS if check.number != number])
    mine = [told for told in TOLD.values() if told.expected["check"] == number]

    def wrong(told: Told) -> bool:
        try:
            return told.judged() != told.expected
        except (LedgerError, LookupError, TypeError, ValueError):
            return True  # it let through what the next step could not take

    assert any(map(wrong, mine))


def test_the_files_are_what_the_cases_make() -> None:
    """Each file is one that is still made, and its expectation the same; signatures of P-256 keys are never alike."""
    made = {f"{case.check:02}-{case.name}": case.value() for case in cases()}
    assert made.keys() == TOLD.keys()
    assert {name: value["expected"] for name, value in made.items()} == {
        name: told.expected for name, told in TOLD.items()
    }


def test_a_verdict_tells_who_said_what_and_when() -> None:
    told = TOLD["00-valid-disclosed"]
    verdict = verify.verify(told.text, **told.given)
    last = verdict.steps[-1]
    assert (last.statement.kind, last.opened) == ("observe", {"note": "第二棚", "person": "王五"})
    assert last.received == last.entries[0].entry.received > verdict.steps[0].received
    assert verdict.registry.parties[last.statement.actor or verdict.about[0]].profile["name"]
