"""The page's verifier and the one in Python judge every bundle alike."""

import json
import random
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger import b64u
from ledger.checkpoint import Checkpoint
from ledger.policy import Pin
from ledger.verify import Rejected, verify
from tests.parts.verifier import Ask

CASES = Path(__file__).parents[3] / "vectors/bundles"


def cases() -> dict[str, Any]:
    return {path.stem: json.loads(path.read_bytes()) for path in sorted(CASES.glob("*.json"))}


def question(case: Any, **more: Any) -> dict[str, Any]:
    return {
        "ask": "bundle",
        "data": b64encode(case["bundle"].encode()).decode(),
        "pins": case["pins"],
        "asked": case["asked"],
        "remembered": case["remembered"],
        "attachments": {name: b64encode(b64u.decode(data)).decode() for name, data in case["attachments"].items()},
        **more,
    }


def told(case: Any) -> dict[str, Any]:
    """What the verifier in Python says, as the driver would say it."""
    try:
        verdict = verify(
            case["bundle"],
            [Pin.parse(pin) for pin in case["pins"]],
            asked=case["asked"],
            remembered=[Checkpoint.parse(text) for text in case["remembered"]],
            attachments={name: b64u.decode(data) for name, data in case["attachments"].items()},
        )
    except Rejected as error:
        return {"check": error.check, "reason": error.reason, "record": error.record, "cause": error.cause.code}
    return {
        "is": {
            "remarks": [[remark.code, remark.record] for remark in verdict.remarks],
            "completeAsOf": verdict.complete_as_of,
            "witnessed": dict(verdict.witnessed),
            "about": list(verdict.about),
        }
    }


@pytest.mark.parametrize("pure", [False, True], ids=["webcrypto", "pure"])
def test_every_case_ends_as_it_has_to(ask: Ask, pure: bool) -> None:
    given = cases()
    assert len(given) > 60
    answers = dict(zip(given, ask(question(case, pure=pure) for case in given.values()), strict=True))
    wanted = {name: told(case) for name, case in given.items()}
    for name, answer in answers.items():
        expected = given[name]["expected"]
        assert answer.get("check", 0) == expected["check"], (name, answer)
        assert answer.get("reason", "") == expected.get("reason", ""), (name, answer)
        if expected["check"] > 1:
            # Of bytes that are no bundle the two may name different faults: there can be many.
            assert answer == wanted[name], name
        if expected["check"] == 0:
            assert answer == wanted[name], name


def test_both_judge_alike_what_chance_has_changed(ask: Ask) -> None:
    chance = random.Random(20260301)  # noqa: S311 - nothing secret
    names = ("00-valid-seen", "00-valid-complete", "00-valid-from-another-log", "00-valid-2-of-3-witnesses")
    sound = [case for name, case in cases().items() if name in names]
    assert len(sound) == len(names)
    changed = [{**case, "bundle": another(case["bundle"], chance)} for case in sound for _ in range(60)]
    for case, answer in zip(changed, ask(map(question, changed)), strict=True):
        wanted = told(case)
        for said in (answer, wanted):
            said.pop("cause", None)
            if said.get("check") == 1:
                said.pop("record")
        assert answer == wanted, case["bundle"]


def another(text: str, chance: random.Random) -> str:
    """The bundle with one thing in it changed: a character, a number, an item of a list."""
    value = json.loads(text)
    holder, name = chance.choice(list(leaves(value)))
    found = holder[name]
    if isinstance(found, str) and found:
        at = chance.randrange(len(found))
        holder[name] = found[:at] + chance.choice("AB_-0 z") + found[at + 1 :]
    elif isinstance(found, int):
        holder[name] = found + chance.choice([-1, 1, 1000])
    elif isinstance(found, list) and found:
        place = chance.randrange(len(found))
        chance.choice([found.pop, lambda at: found.insert(at, found[at]), lambda at: found.insert(0, found.pop(at))])(
            place
        )
    else:
        holder[name] = None
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def leaves(value: Any) -> Iterator[tuple[Any, Any]]:
    for name in value if isinstance(value, dict) else range(len(value)):
        yield value, name
        if isinstance(value[name], dict | list):
            yield from leaves(value[name])
