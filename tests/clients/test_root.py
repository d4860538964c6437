"""Root keys by the command line: two acts, each with one key file, on line or off."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from clients.ready import line
from ledger import checkpoint
from ledger.checkpoint import VKey
from tests.clients.honest import Service
from tests.clients.test_cli import Shell, shell  # noqa: F401 - the fixture
from tests.world import LOG, POLICY, ROOTS, World, planted, secret, time_text

Act = Callable[..., tuple[str | Path, ...]]


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A folder with the three root keys, as `gengji init` leaves them."""
    for number, name in enumerate(ROOTS, 1):
        path = tmp_path / f"root-{number}.pem"
        path.write_bytes(secret(name).to_pem())
        path.chmod(0o600)
    return tmp_path


@pytest.fixture
def act(keys: Path, service: Service) -> Act:
    """A command line with the root key of that number."""
    pin = keys / "policy.json"
    pin.write_text(service.pin.text() + "\n")

    def command(number: int, *words: str | Path) -> tuple[str | Path, ...]:
        return ("root", *words, "--key", keys / f"root-{number}.pem", "--policy", pin)

    return command


def last_of(world: World, name: str, folder: Path) -> Path:
    """The file of a key's last statement, as it wrote it."""
    own = [one for one in world.statements if one.kid == secret(name).public.kid]
    path = folder / f"last of {name}.jsonl"
    path.write_text(line(own[-1]))
    return path


def test_two_root_keys_grant_a_role(shell: Shell, world: World, act: Act) -> None:  # noqa: F811
    farm = world.parties["farm"]
    first = shell.json(*act(1, "grant", farm, "registrar"))
    assert shell.code == 0
    assert world.registry.parties[farm].roles == {"farm"}
    assert shell(*act(2, "grant", farm, "registrar", "--confirms", first["statement"])) == 0
    assert world.registry.parties[farm].roles == {"farm", "registrar"}
    one, other = world.statements[-2:]
    assert (one.kid, other.kid) == (secret("root").public.kid, secret("root-2").public.kid)
    assert other.body == {"confirms": one.hash}
    # Each in its own notebook: the next one goes on from there.
    assert shell(*act(1, "end", farm, "registrar")) == 0
    assert "还须第二把根密钥确认" in shell.out
    assert world.statements[-1].after == one.hash


def test_what_is_confirmed_is_what_was_read(shell: Shell, world: World, act: Act) -> None:  # noqa: F811
    farm, coop = world.parties["farm"], world.parties["coop"]
    first = shell.json(*act(1, "grant", farm, "operator"))["statement"]
    size = len(world.statements)
    assert shell(*act(2, "grant", farm, "registrar", "--confirms", first)) == 2
    assert "role 应为“operator”" in shell.err
    assert shell(*act(2, "grant", coop, "operator", "--confirms", first)) == 2
    assert f'on 应为“["{farm}"]”' in shell.err
    assert shell(*act(2, "end", farm, "operator", "--confirms", first)) == 2
    assert shell(*act(2, "grant", farm, "operator", "--confirms", "A" * 43)) == 2
    assert "根密钥的签名簿里没有" in shell.err
    assert shell(*act(1, "grant", farm, "operator", "--confirms", first)) == 1
    assert len(world.statements) == size


def test_off_line_a_file_is_signed_and_sent_from_elsewhere(
    shell: Shell,  # noqa: F811
    world: World,
    act: Act,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = os.environ["GENGJI_URL"]
    monkeypatch.delenv("GENGJI_URL")
    farm, one, two = world.parties["farm"], tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    command = act(1, "grant", farm, "operator", "--after", last_of(world, "root", tmp_path))
    assert shell(*command) == 2
    assert "--output" in shell.err
    assert shell(*command, "-o", one) == 0
    assert f"gengji submit {one}" in shell.out
    confirm = act(2, "grant", farm, "operator", "--after", last_of(world, "root-2", tmp_path), "-o", two)
    assert shell(*confirm) == 0
    # Without the first one's file, and without the service, nobody knows what is confirmed.
    first = json.loads(one.read_text())["statement"]
    assert shell(*confirm, "--confirms", "A" * 43) == 2
    assert shell(*confirm, "--confirms", one) == 0
    assert [first in text for text in (one.read_text(), two.read_text())] == [True, False]
    assert shell("submit", one, two, "--url", url) == 0
    assert shell.out.count("授予角色 已记录") == 2
    assert world.registry.parties[farm].roles == {"farm", "operator"}
    # Sent again they are what they were.
    size = len(world.statements)
    assert shell("submit", one, two, "--url", url) == 0
    assert len(world.statements) == size


def test_another_keys_last_statement_is_not_its_own(shell: Shell, world: World, act: Act, tmp_path: Path) -> None:  # noqa: F811
    command = (*act(1, "close", "next.example.org", "-o", tmp_path / "x"), "--after")
    assert shell(*command, last_of(world, "root-2", tmp_path)) == 2
    assert "不是这把密钥的上一条记录" in shell.err
    (tmp_path / "no.jsonl").write_text("{}\n")
    assert shell(*command, tmp_path / "no.jsonl") == 2
    assert not (tmp_path / "x").exists()
    assert shell(*command, "none") == 0
    assert (tmp_path / "x").exists()


def test_a_file_that_is_refused_says_so(shell: Shell, world: World, act: Act, tmp_path: Path) -> None:  # noqa: F811
    assert shell(*act(1, "close", "next.example.org", "-o", tmp_path / "x", "--after", "none")) == 0
    assert shell("submit", tmp_path / "x") == 1
    assert "✗ x:1" in shell.out


def test_the_other_acts(shell: Shell, world: World, act: Act, tmp_path: Path) -> None:  # noqa: F811
    vkey = str(VKey(LOG, checkpoint.ED25519, secret("new log").public))
    table = tmp_path / "roles.json"
    table.write_text(json.dumps({**POLICY, "shop": ["harvest"]}))
    for words in (("log-key", vkey), ("policy", table), ("close", "next.example.org")):
        first = shell.json(*act(1, *words))["statement"]
        assert shell(*act(3, *words, "--confirms", first)) == 0
    assert world.registry.log_keys == [vkey]
    assert world.registry.policy["shop"] == {"harvest"}
    assert world.registry.closed == "next.example.org"


def test_one_root_key_revokes(shell: Shell, world: World, act: Act) -> None:  # noqa: F811
    planted(world)
    since = time_text(world.clock)
    kid = secret("farm").public.kid
    words = ("revoke", world.parties["farm"], kid, "--reason", "失窃", "--compromised-since", since)
    assert shell(*act(3, *words)) == 0
    assert "第二把" not in shell.out
    assert world.registry.suspect(kid, world.clock * 1000)


def test_two_root_keys_revoke_a_third(shell: Shell, world: World, act: Act) -> None:  # noqa: F811
    kid = secret("root-2").public.kid
    words = ("revoke", world.parties["root"], kid, "--reason", "失窃")
    assert shell(*act(1, *words)) == 0
    assert "第二把" in shell.out
    assert world.registry.keys[kid].revoked is None
    assert shell(*act(3, *words, "--confirms", world.statements[-1].hash)) == 0
    assert "第二把" not in shell.out
    assert world.registry.keys[kid].revoked is not None


def test_a_root_key_ends_itself(shell: Shell, world: World, act: Act) -> None:  # noqa: F811
    kid = secret("root-2").public.kid
    assert shell(*act(2, "revoke", world.parties["root"], kid, "--reason", "失窃")) == 0
    assert "第二把" not in shell.out
    assert world.registry.keys[kid].revoked is not None


def test_the_first_registrar_is_registered(shell: Shell, world: World, act: Act, tmp_path: Path) -> None:  # noqa: F811
    home = tmp_path / "office"
    assert shell("keygen", "--home", home, "--policy", act(1)[-1]) == 0
    words = ("register", "青禾县农业农村局", "--offer", home / "offer.json", "--division", "510182")
    (party,) = shell.json(*act(1, *words))["created"]
    assert world.registry.parties[party].profile["name"] == "青禾县农业农村局"


def test_a_table_that_is_none(shell: Shell, act: Act, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "roles.json").write_text("{")
    assert shell(*act(1, "policy", tmp_path / "roles.json")) == 2
    assert "不是规则表" in shell.err
