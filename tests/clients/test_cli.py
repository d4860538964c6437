"""The command line, as a person or a script meets it: words, exit codes, files, one line at a time."""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from clients import cli
from clients.device import Device
from clients.wordings import WORDINGS, say
from ledger.checkpoint import COSIGNATURE, VKey
from ledger.errors import LedgerError, NotAllowed
from ledger.identity import grouped, trace_code
from ledger.policy import Pin, Policy, Witness
from tests.clients.honest import Service, listening
from tests.world import World, secret

AT = "2026-03-01T06:00:00Z"
COMMANDS = ("bundle", "check", "keygen", "label", "register", "sign", "submit", "trace", "verify")


class Shell:
    """Runs a command in this process; `out` and `err` are what it said last."""

    def __init__(self, capsys: pytest.CaptureFixture[str], environment: dict[str, str]) -> None:
        self.capsys, self.environment = capsys, environment
        self.out = self.err = ""

    def __call__(self, *arguments: str | Path) -> int:
        code = cli.run([str(argument) for argument in arguments], self.environment)
        self.out, self.err = self.capsys.readouterr()
        return code

    def json(self, *arguments: str | Path) -> Any:
        self.code = self(*arguments, "--json")
        return json.loads(self.out)


@pytest.fixture
def shell(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, service: Service, device: Device
) -> Iterator[Shell]:
    with listening(service) as url:
        for name in ("LC_ALL", "LC_MESSAGES"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("LANG", "zh_CN.UTF-8")
        monkeypatch.setenv("GENGJI_URL", url)
        monkeypatch.setenv("GENGJI_HOME", str(device.folder))
        yield Shell(capsys, {"LANG": "zh_CN.UTF-8"})


def record(world: World, value: str = "1", **more: Any) -> dict[str, Any]:
    return {"kind": "plant", "at": AT, "body": {"outputs": [world.output("tomato", value)], "note": "秘密"}, **more}


def written(path: Path, *records: Any) -> Path:
    lines = (one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in records)
    path.write_text("\n\n".join(lines) + "\n", "utf-8")
    return path


def test_submit_reports_each_line_and_says_its_trace_code(
    shell: Shell, service: Service, world: World, tmp_path: Path
) -> None:
    file = written(tmp_path / "day.jsonl", record(world), record(world, "2"))
    assert shell("submit", file) == 0
    assert shell.err == ""
    assert "✓ day.jsonl:1 种植 已记录" in shell.out
    assert "✓ day.jsonl:3 种植 已记录" in shell.out
    for statement in world.statements[-2:]:
        assert f"追溯码：{grouped(trace_code(statement.created[0]))}" in shell.out
    assert "秘密" not in shell.out


def test_what_no_witness_has_confirmed_yet_is_said_to_be_so(
    shell: Shell, service: Service, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    witness = Witness("w", VKey("w.example.org", COSIGNATURE, secret("w").public))
    pin = Pin(Policy(((world.vkey, ""),), (witness,), quorum="w"), world.parties["root"])
    device = Device.create(tmp_path / "d", os.environ["GENGJI_URL"], pin, party=world.parties["coop"])
    world.state("key.add", "coop", device.offer(), [world.parties["coop"]])
    monkeypatch.setenv("GENGJI_HOME", str(device.folder))
    file = written(tmp_path / "day.jsonl", record(world))
    service.published = lambda path: httpx.Response(404)  # type: ignore[method-assign]
    assert shell("submit", file) == 0
    assert "✓ day.jsonl:1 种植 已记录，见证方尚未确认" in shell.out
    (told,) = shell.json("submit", file)["lines"]
    assert (told["state"], told["provisional"]) == ("receipted", True)


def test_the_same_line_is_sent_once(shell: Shell, service: Service, world: World, tmp_path: Path) -> None:
    one, two = record(world), record(world, "2")
    first = shell.json("submit", written(tmp_path / "a", one))["lines"][0]
    again = shell.json("submit", written(tmp_path / "b", two, dict(reversed(one.items()))))["lines"]
    assert shell.code == 0
    assert again[1]["statement"] == first["statement"]
    assert again[1]["line"] == "b:3"
    assert len(service.own(world.statements[-1].kid)) == 2


def test_bad_lines_are_said_with_where_and_the_good_ones_are_sent(
    shell: Shell, service: Service, world: World, tmp_path: Path
) -> None:
    bad: list[Any] = [
        "not json",
        [],
        {"kind": "plant", "body": {}},
        record(world, at="yesterday"),
        record(world, extra=1),
        record(world, on="A" * 43),
        {**record(world), "for": 7},
        record(world, body={"outputs": []}),
        record(world, body={"outputs": [{"product": "A" * 43}]}),
        record(world, body={"outputs": [{"product": "A" * 43, "quantity": 1.5}]}),
        record(world, kind="sow"),
    ]
    told = shell.json("submit", written(tmp_path / "y", bad[0], record(world, "9"), bad[1]))["lines"]
    assert [one["state"] for one in told] == ["error", "receipted", "error"]
    told = shell.json("submit", written(tmp_path / "x", *bad, record(world)))["lines"]
    assert shell.code == 1
    assert [one["state"] for one in told] == ["error"] * len(bad) + ["receipted"]
    assert [one["error"]["code"] for one in told[:-1]] == [
        "line", "line", "line", "time", "line", "line", "line", "empty", "missing", "number", "kind",
    ]  # fmt: skip
    assert told[8]["error"]["params"]["path"] == "body.outputs[0].quantity"
    assert shell("submit", tmp_path / "x") == 1
    assert "第 x:1 行不是一条记录" in shell.out


def test_what_is_refused_is_said_in_words_and_tried_again_next_time(
    shell: Shell, service: Service, world: World, tmp_path: Path
) -> None:
    service.refusing = lambda statement: (
        NotAllowed("role", path="kind", has="shop", wanted="plant")
        if statement.body["outputs"][0]["quantity"]["value"] == "1"
        else None
    )
    file = written(tmp_path / "x", record(world), record(world, "2"))
    assert shell("submit", file, "--lang", "en") == 1
    assert "✗ x:1 planting refused: " in shell.out
    assert "✓ x:3 planting recorded" in shell.out
    assert "hangs-on" not in shell.out
    service.refusing = lambda statement: None
    told = shell.json("submit", file)["lines"]
    assert [one["state"] for one in told] == ["receipted", "receipted"]
    assert shell.code == 0
    assert len(service.own(world.statements[-1].kid)) == 2


def test_sign_works_without_the_service_and_submit_sends_it_later(
    shell: Shell, service: Service, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = shell.json("sign", written(tmp_path / "x", record(world)))["lines"]
    assert (shell.code, told[0]["state"], service.requests) == (0, "waiting", [])
    assert shell("submit") == 0
    assert world.statements[-1].hash == told[0]["statement"]
    (again,) = shell.json("sign", tmp_path / "x")["lines"]
    assert again["state"] == "receipted"


def test_many_lines_go_in_groups_and_each_is_reported(
    shell: Shell, service: Service, world: World, tmp_path: Path
) -> None:
    service.refusing = lambda statement: (
        NotAllowed("role", path="kind", has="shop", wanted="plant")
        if statement.body["outputs"][0]["quantity"]["value"].endswith("50")
        else None
    )
    file = written(tmp_path / "x", *(record(world, str(number)) for number in range(1, 451)))
    told = shell.json("submit", file)["lines"]
    assert [one["line"] for one in told] == [f"x:{2 * number - 1}" for number in range(1, 451)]
    assert {one["line"]: one["state"] for one in told if one["state"] != "receipted"} == {
        f"x:{2 * number - 1}": "refused" for number in (50, 150, 250, 350, 450)
    }


def test_standard_input_is_a_file_too(shell: Shell, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(record(world))))
    assert [one["state"] for one in shell.json("submit", "-")["lines"]] == ["receipted"]


def test_check_asks_and_signs_nothing(shell: Shell, world: World, tmp_path: Path) -> None:
    file = written(tmp_path / "x", record(world), "?", record(world, body={}))
    told = shell.json("check", file)["lines"]
    assert [one["state"] for one in told] == ["checked", "error", "checked"]
    assert told[0]["findings"][0]["code"] == "asked"
    assert shell("check", file) == 1
    assert "⚠ asked" in shell.out
    assert shell.json("sign", written(tmp_path / "y", record(world)))["lines"][0]["state"] == "waiting"


def test_a_receipt_that_does_not_hold_ends_in_words(
    shell: Shell, service: Service, world: World, tmp_path: Path
) -> None:
    service.tamper = lambda answer: answer["receipt"]["entries"][0].update(index=0)
    assert shell("submit", written(tmp_path / "x", record(world))) == 1
    assert "✗" not in shell.out
    assert "… x:1 种植 已签名，待发送" in shell.out
    assert shell.err.strip()
    assert "Traceback" not in shell.err


# Keys


def test_keygen_makes_a_key_once(shell: Shell, service: Service, world: World, tmp_path: Path) -> None:
    home = tmp_path / "new"
    (tmp_path / "policy.json").write_text(service.pin.text() + "\n")
    told = shell.json("keygen", "--home", home, "--policy", tmp_path / "policy.json")
    assert (told["party"], told["key"]) == (None, Device.open(home).offer())
    assert shell("keygen", "--home", home) == 0
    assert f"密钥编号：{told['kid']}" in shell.out
    assert "尚未登记" in shell.out
    assert shell("sign", written(tmp_path / "x", record(world)), "--home", home) == 2
    assert "还没有登记到主体" in shell.err
    assert "offer.json" in shell.err
    assert shell("keygen", "--home", tmp_path / "other") == 2
    assert "--policy" in shell.err


# Reading


def test_trace_draws_the_lineage(shell: Shell, service: Service) -> None:
    chains = {name: name * 42 + "A" for name in "abc"}
    codes = {name: trace_code(chain) for name, chain in chains.items()}  # type: ignore[arg-type]
    service.lineage = {
        "about": chains["b"],
        "nodes": [
            {"chain": chains[n], "code": codes[n], "product": {"zh": f"产品{n}"}, "quantity": "5", "unit": "kg"}
            for n in "abc"
        ],
        "edges": [{"parent": chains["a"], "child": chains["b"]}, {"parent": chains["b"], "child": chains["c"]}],
    }
    assert shell("trace", grouped(codes["b"])) == 0
    lines = shell.out.splitlines()
    assert [line.strip(" │├└─") for line in lines] == [
        f"{grouped(codes['b'])}  产品b  5 公斤",
        "来自",
        f"{grouped(codes['a'])}  产品a  5 公斤",
        "去向",
        f"{grouped(codes['c'])}  产品c  5 公斤",
    ]
    assert service.requests[-1].url.path == f"/v1/batches/{codes['b']}/lineage"
    for flags, direction in (((), "both"), (("--forward",), "forward"), (("--back",), "back")):
        assert shell.json("trace", f"https://x.example/t/{chains['b'][:22]}", *flags)["direction"] == direction


def test_label_writes_the_picture(shell: Shell, service: Service, tmp_path: Path) -> None:
    code = trace_code("A" * 43)  # type: ignore[arg-type]
    assert shell("label", code, "-o", tmp_path / "x.svg") == 0
    assert (tmp_path / "x.svg").read_bytes() == b"svg"
    assert shell("label", code, "--format", "png", "-o", tmp_path / "y") == 0
    assert (tmp_path / "y").read_bytes() == b"png"
    asked = len(service.requests)
    assert shell("label", code, "-o", tmp_path / "x.pdf") == 2
    assert "png 或 svg" in shell.err
    assert len(service.requests) == asked
    assert shell("label", code, "-o", tmp_path / "none" / "x.png") == 2
    assert "写不了：没有这个文件或文件夹" in shell.err


def test_a_code_may_be_typed_with_its_spaces(shell: Shell, service: Service, tmp_path: Path) -> None:
    code = trace_code("A" * 43)  # type: ignore[arg-type]
    assert shell("trace", *grouped(code).split(), "--forward") == 0
    assert service.requests[-1].url.path == f"/v1/batches/{code}/lineage"
    assert shell("label", "-o", tmp_path / "x.svg", *grouped(code).split()) == 0
    assert service.requests[-1].url.path == f"/v1/batches/{code}/label.svg"
    assert shell("trace", *grouped(code).split(), "--colour") == 2
    assert "--colour" in shell.err


@pytest.mark.parametrize("command", ["trace", "label"])
def test_the_example_in_the_help_works_as_it_is_written(
    shell: Shell, service: Service, command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert shell(command, "--help") == 0
    example = shell.out.partition("Example: gengji ")[2].partition("\n\n")[0].split()
    served = example.index("--url") + 1
    assert example[served] == "http://127.0.0.1:8000"
    example[served] = os.environ["GENGJI_URL"]
    for name in ("GENGJI_URL", "GENGJI_HOME"):
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    assert shell(*example) == 0
    assert len(service.requests) == 1


def test_reading_wants_an_address_and_says_so(
    shell: Shell, service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GENGJI_URL")
    monkeypatch.delenv("GENGJI_HOME")
    assert shell("trace", "A" * 22) == 2
    assert "--url http://127.0.0.1:8000" in shell.err
    assert "keygen" not in shell.err


def test_a_service_that_is_not_running_is_said_to_be_so(
    shell: Shell, world: World, tmp_path: Path, free_port: int
) -> None:
    for command in (("trace", "A" * 22), ("check", written(tmp_path / "x", record(world)))):
        assert shell(*command, "--url", f"http://127.0.0.1:{free_port}") == 2
        assert "服务没有启动？" in shell.err
        assert "签名" not in shell.err


def test_a_mistyped_code_is_found_before_anyone_is_asked(shell: Shell, service: Service) -> None:
    assert shell("trace", "1234 5678 9012 3456 7890") == 1
    assert service.requests == []
    assert shell.err.strip()


# What goes wrong


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nonsense"], 2),
        (["submit", "--colour"], 2),
        (["submit", "missing.jsonl"], 2),
        (["submit", "--home", "missing"], 2),
        (["label", "A" * 22], 2),
        (["label", "A" * 22, "--format", "pdf", "-o", "x"], 2),
        (["register", "X"], 2),
        (["trace"], 2),
        (["trace", "B" * 22], 0),
        (["trace", "1"], 1),
        ([], 0),
        (["--help"], 0),
        (["--version"], 0),
    ],
)
def test_exit_codes(shell: Shell, arguments: list[str], code: int) -> None:
    assert shell(*arguments) == code
    assert "Traceback" not in shell.err
    assert (code == 0) == (shell.err == "")


@pytest.mark.parametrize(
    ("arguments", "zh", "en"),
    [
        (["nonsense"], "没有命令 nonsense", "Unknown command"),
        (["check", "--colour", "x"], "没有选项 --colour", "no option --colour"),
        (["keygen", "--colour"], "没有选项 --colour", "Unknown option"),
        (["trace"], "缺少 追溯码", "requires an argument"),
        (["label", "1", "-o"], "-o 后面缺少内容", "requires an argument"),
        (["label", "1", "-o", "x", "--format", "pdf"], "可选：png、svg", "Choose from"),
    ],
)
def test_a_command_typed_wrong_is_said_in_the_language_spoken(
    shell: Shell, arguments: list[str], zh: str, en: str
) -> None:
    assert shell(*arguments) == 2
    assert zh in shell.err
    assert "--help" in shell.err
    shell.environment = {"LANG": "en_GB.UTF-8"}
    assert shell(*arguments) == 2
    assert en in shell.err
    assert not re.search("[一-龥]|Traceback|Function defined", shell.err)


def test_a_registry_record_is_told_by_its_id_and_a_refused_one_by_nothing(
    shell: Shell, service: Service, world: World, tmp_path: Path
) -> None:
    product = {"kind": "product.add", "at": AT, "body": {"names": {"zh": "土豆"}, "base_unit": "kg", "own_code": "TD"}}
    file = written(tmp_path / "x", product, record(world))
    service.refusing = lambda statement: NotAllowed("role") if statement.kind == "plant" else None
    assert shell("submit", file) == 1
    (created,) = world.statements[-1].created
    assert f"产品编号：{created}  土豆" in shell.out
    assert "追溯码" not in shell.out
    told = shell.json("sign", file)["lines"]
    assert [one["created"] for one in told] == [[{"chain": created, "name": "土豆"}], []]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_an_example(shell: Shell, command: str) -> None:
    assert shell(command, "--help") == 0
    assert f"gengji {command}" in shell.out.partition("Example:")[2]
    assert "--json" in shell.out


def test_all_commands_are_listed_and_none_is_imported_for_it() -> None:
    program = (
        "import sys, clients.cli as c; c.run(['--help'], {}); print([m for m in sys.modules if m in "
        "('httpx', 'sqlite3', 'fastapi', 'sqlalchemy', 'clients.commands', 'app.commands')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"
    for command in COMMANDS:
        assert f" {command} " in done.stdout
    assert "签名并发送" in done.stdout


def test_other_packages_bring_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "visiting.py").write_text(
        "from cyclopts import App\n"
        "from ledger.errors import Malformed\n"
        "group = App(name='group', help='一组命令')\n"
        "@group.command\n"
        "def inner(): print('inside')\n"
        "def fails():\n"
        "    '''坏了 · fails'''\n"
        "    raise Malformed('code-check', path='code', has='1')\n"
    )
    info = tmp_path / "visiting-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: visiting\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[gengji.commands]\ngroup = visiting:group\nfails = visiting:fails\ngone = nowhere:gone\nless = visiting:less\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert cli.run(["--help"], {}) == 0
    out = capsys.readouterr().out
    assert "一组命令" in out
    assert "坏了" in out
    assert "visiting" not in sys.modules
    assert cli.run(["group", "inner"], {}) == 0
    assert capsys.readouterr().out == "inside\n"
    assert cli.run(["fails"], {"LANG": "en_GB"}) == 1
    assert capsys.readouterr().err.isascii()


@pytest.mark.parametrize(
    ("arguments", "environment", "lang"),
    [
        ([], {}, "zh"),
        ([], {"LANG": "C.UTF-8"}, "zh"),
        ([], {"LANG": "en_US.UTF-8"}, "en"),
        ([], {"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN"}, "zh"),
        (["submit", "--lang", "zh"], {"LANG": "en_US.UTF-8"}, "zh"),
        (["submit", "--lang=en"], {}, "en"),
        (["submit", "--lang"], {}, "zh"),
    ],
)
def test_the_language_is_asked_for_or_that_of_the_terminal(
    arguments: list[str], environment: dict[str, str], lang: str
) -> None:
    assert cli.language(arguments, environment) == lang


@pytest.mark.parametrize("code", WORDINGS)
def test_every_wording_is_whole_in_both_languages(code: str) -> None:
    error = LedgerError(code, path="here", has="this", wanted="that")
    zh, en = say(error, "zh"), say(error, "en")
    chinese = re.compile("[一-龥]")
    assert chinese.search(zh)
    assert not chinese.search(en)
    assert "{" not in zh + en
    assert say(LedgerError(code), "zh")
