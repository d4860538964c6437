"""Our statements read by libraries that are not ours: npm's jose and @sd-jwt/core, before and after an erasure."""

import fcntl
import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from ledger import b64u
from ledger.keys import PublicKey
from ledger.statement import Statement, open_sealed, present
from tests.parts.need import need
from tests.world import World, county, harvested, planted, secret

SOURCE = Path(__file__).parents[1] / "foreign" / "jose"
PHONE = "13987654321"
SEALED = {
    "supplier": "张三丰",
    "supplier_contact": PHONE,
    "source_reference": {"type": "gln", "value": "6901234567892"},
}

Ask: TypeAlias = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def ask() -> Ask:
    """Asks the two libraries about a presentation, under a key."""
    node, npm = need("node"), need("npm")
    search = os.pathsep.join((str(Path(node).parent), os.environ.get("PATH", os.defpath)))
    with open(SOURCE / "package-lock.json") as lock:
        # One at a time: tests run in several processes.
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = SOURCE / "node_modules" / ".package-lock.json"
        if not made.exists() or made.stat().st_mtime < (SOURCE / "package-lock.json").stat().st_mtime:
            installed = _run([npm, "ci", "--no-audit", "--no-fund"], path=search)
            if installed.returncode and not os.environ.get("CI"):
                pytest.skip(f"jose and @sd-jwt/core are not to be had: {installed.stderr.strip()[-300:]}")
            assert installed.returncode == 0, installed.stderr

    def ask(presentation: str, key: PublicKey, now: int = 1_800_000_000) -> dict[str, Any]:
        question = {"presentation": presentation, "jwk": key.jwk, "alg": key.alg, "now": now}
        answered = _run([node, "check.mjs"], path=search, text=json.dumps(question) + "\n")
        assert answered.returncode == 0, answered.stderr
        answer: dict[str, Any] = json.loads(answered.stdout)
        return answer

    return ask


def _run(command: list[str], path: str, text: str = "") -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PATH": path}
    return subprocess.run(
        command, cwd=SOURCE, input=text, capture_output=True, text=True, timeout=300, env=environment, check=False
    )


def story() -> tuple[World, Statement, Statement]:
    """A statement under an Ed25519 key, with what it seals, and one under a P-256 key."""
    world = county()
    body = {"outputs": [world.output("sauce", "12")], "origin": "彭州", "unrecorded": True}
    intake = world.state("intake", "coop", body, sealed=SEALED)
    lot = harvested(world, planted(world))
    sealed = {"driver": "赵六", "plate": "川A12345"}
    load = world.statement("load", "carrier", {"shipment": "A" * 43, "vehicle": "冷藏车"}, [lot], sealed)
    return world, intake, load


def without(body: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}


def test_what_is_sealed_is_read_by_others(ask: Ask) -> None:
    world, intake, load = story()
    for statement, key, sealed in (
        (intake, secret("coop").public, SEALED),
        (load, secret("carrier", "ES256").public, {"driver": "赵六", "plate": "川A12345"}),
    ):
        read = ask(world.presentation(statement), key)
        assert "error" not in read, read
        assert read["header"] == {"alg": key.alg, "kid": key.kid, "typ": "statement+sd-jwt"}
        assert read["jws"]["body"] == dict(statement.body)
        assert read["claims"]["body"] == {**without(statement.body, "_sd"), **sealed}


def test_after_an_erasure_they_read_what_is_left(ask: Ask) -> None:
    world, intake, _ = story()
    key = secret("coop").public
    by_name = {name: one for name, (_, one) in open_sealed(intake, world.disclosures[intake.hash]).items()}
    del by_name["supplier_contact"]
    read = ask(present(intake.jws, by_name.values()), key)
    assert "error" not in read, read
    assert read["claims"]["body"] == {**without(intake.body, "_sd"), **without(SEALED, "supplier_contact")}
    assert PHONE not in str(read)
    bare = ask(present(intake.jws, []), key)
    assert bare["claims"]["body"] == without(intake.body, "_sd")
    assert ask(intake.jws + "~", key)["jws"]["body"] == dict(intake.body)


@pytest.mark.parametrize("what", ["another's key", "signature", "disclosure"])
def test_they_believe_no_more_than_we_do(ask: Ask, what: str) -> None:
    world, intake, _ = story()
    key = secret("farm" if what == "another's key" else "coop").public
    jws, disclosures = intake.jws, world.disclosures[intake.hash]
    if what == "signature":
        head, _, signature = jws.rpartition(".")
        raw = bytearray(b64u.decode(signature))
        raw[0] ^= 1
        jws = f"{head}.{b64u.encode(bytes(raw))}"
    if what == "disclosure":
        stranger = world.statement("intake", "coop", dict(without(intake.body, "_sd")), sealed={"supplier": "李四"})
        disclosures = [*disclosures[1:], *world.disclosures[stranger.hash]]
        read = ask(present(jws, disclosures), key)
        assert "李四" not in str(read.get("claims"))
        return
    assert "error" in ask(present(jws, disclosures), key)
