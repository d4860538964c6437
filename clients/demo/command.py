"""``gengji demo``: opens a demonstration log, starts its service, plays a season of the county to it, stops it.

All is done by the commands and the SDK that anybody else uses, over HTTP; the service can't tell the difference. What
stays in the data folder: ``demo/``, a folder for each device; ``demonstration.json``, what to try and who may sign in.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from socket import create_server
from typing import Annotated, Any, Literal

import httpx
from cyclopts import Parameter

from clients.cli import language
from clients.demo import county
from clients.demo.founding import Founding
from clients.demo.season import BEST, STORIES
from clients.demo.stage import DAYS, Stage
from clients.device import Device
from clients.errors import ClientError
from clients.speech import Speech
from clients.witness import witness
from ledger.identity import grouped
from ledger.policy import Pin

PATIENCE = 60.0
SERVED = "http://127.0.0.1:8000"
UTC_PLUS = 8 * 3600
GENGJI = "from clients.cli import main; main()"
LEASHED = f"""
import os, signal, threading
def leash():
    os.read(0, 1)  # until whoever started this is gone
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=leash, daemon=True).start()
{GENGJI}
"""


class NotDemonstration(ClientError):
    """``demonstration-other``: the folder holds another log; ``demonstration-step``: a command failed, in its words."""


def demo(
    *,
    data: Annotated[Path, Parameter(help="数据文件夹 · the data folder")] = Path("var"),
    database_url: Annotated[str | None, Parameter(help="数据库地址 · the database, if not in the folder")] = None,
    url: Annotated[
        str | None, Parameter(help="服务将在的网址，写入各设备 · where it will be served (http://127.0.0.1:8000)")
    ] = None,
    lang: Annotated[Literal["zh", "en"] | None, Parameter(help="语言 · language")] = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="", help="输出 JSON · print JSON")] = False,
) -> int:
    """装入演示县 · load the demonstration county: a season of made-up farms, signed with real keys.

    Takes an empty data folder; refuses one that holds anything else, gengji.toml aside. Broken off, it goes on where it
    was; run again, it says what stands, and with --url tells the devices in demo/ where the service is now.

    Example: gengji demo --data ./var
    """
    speak = Speech(lang or language((), os.environ), as_json=as_json)
    known = _stands(data)
    if known is not None:
        if url:
            _settle(data, url)
        _report(speak, known, new=False)
        return 0
    where = ["--data", str(data), *(["--database-url", database_url] if database_url else [])]
    _load(data, where, url or SERVED, speak)
    _report(speak, _stands(data) or {}, new=True)
    return 0


def _stands(data: Path) -> dict[str, Any] | None:
    """What a demonstration that was loaded to its end tells."""
    marker = data / "demo" / "season.json"
    if not marker.exists() or not json.loads(marker.read_bytes())["done"]:
        return None
    told: dict[str, Any] = json.loads((data / "demonstration.json").read_bytes())
    return told


def _load(data: Path, where: Sequence[str], served: str, speak: Speech) -> None:
    """The whole season, each party with a device of its own, and meanwhile the accounts; then what is told of it."""
    again = (data / "demo").exists()
    start = _begin(data, where)
    stage = Stage(start)
    with ExitStack() as opened:
        url = opened.enter_context(_service(where, data / "demo" / "service.log"))
        a_day_passed = opened.enter_context(speak.counting(DAYS, "青禾县的一季", "a season"))
        aside = opened.enter_context(ThreadPoolExecutor())
        pin = Pin.parse((data / "policy.json").read_text())
        hands = Founding(stage, data / "demo", data / "keys", pin, url, opened).hands()
        let_in = [aside.submit(_add, account, where) for account in _not_yet(where, again)]
        stage.put_on({name: story(hands) for name, story in STORIES.items()}, a_day_passed)
        for added in let_in:
            added.result()
    codes = [{"code": code, "what": what} for what, code in sorted(stage.shown.items(), key=lambda one: one[0] != BEST)]
    sign_ins = [{"login": one.login, "password": one.password, "who": one.who} for one in county.ACCOUNTS]
    told = {"code": codes[0]["code"], "codes": codes, "county": county.NAME, "sign_ins": sign_ins}
    _write(data / "demonstration.json", told)
    _settle(data, served)
    _gengji("heads", *where)
    _write(data / "demo" / "season.json", {"done": True, "start": start})


def _settle(data: Path, url: str) -> None:
    """Every device finds the service where it will be; until now it was on a port of its own."""
    for identity in (data / "demo").glob("*/identity.json"):
        Device.open(identity.parent).at(url)


def _begin(data: Path, where: Sequence[str]) -> int:
    """Opens the log, unless this folder's demonstration has one. The season's first midnight, the same on each run.

    Raises NotDemonstration for a folder or a database that holds anything else.
    """
    marker, pin = data / "demo" / "season.json", data / "policy.json"
    parts = [pin, *(data / name for name in ("ledger.sqlite", "keys", "lock"))]
    if not marker.exists():
        if (other := _foreign(data)) is not None:
            raise NotDemonstration("demonstration-other", path=str(other))
        today = int(time.time() + UTC_PLUS) // 86400
        _write(marker, {"done": False, "start": (today - DAYS) * 86400 - UTC_PLUS})
    if not pin.exists():
        # Broken off while the log was opened. The pin is written last, so nobody has seen that log.
        for path in (*parts, data / "witnesses", data / "ledger.sqlite-wal", data / "ledger.sqlite-shm"):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        try:
            _gengji("init", "--demonstration", "--origin", county.ORIGIN, *_witnesses(data / "witnesses"), *where)
        except NotDemonstration:
            shutil.rmtree(data / "witnesses")
            # The database may be somebody else's; then nothing of a demonstration is here.
            if not any(path.exists() for path in parts):
                marker.unlink()
            raise
    if (origin := Pin.parse(pin.read_text()).origin) != county.ORIGIN:
        raise NotDemonstration("demonstration-other", path=str(pin), has=origin)
    return int(json.loads(marker.read_bytes())["start"])


def _witnesses(folder: Path) -> list[str]:
    """Two supervising sides watch over the log, each with a key of its own; both have to sign."""
    words = ["--quorum", str(len(county.WITNESSES))]
    for key, party in county.WITNESSES.items():
        vkey = witness.make(folder / key, f"{county.ORIGIN}/witness/{key}")
        words += ["--witness", f"{party}={vkey}"]
    return words


def _foreign(data: Path) -> Path | None:
    """What is in the folder that is neither its settings nor the first thing that a demonstration writes."""
    if not data.exists():
        return None
    begun = data / "demo"
    own = {data / "gengji.toml", *([begun] if begun.is_dir() and {*begun.iterdir()} <= {begun / "season.new"} else [])}
    return min({*data.iterdir()} - own, default=None)


@contextmanager
def _service(where: Sequence[str], log: Path) -> Iterator[str]:
    """The service on a free port, as its address; gone afterwards, also when this process is killed."""
    with create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-c", LEASHED, "serve", "--host", "127.0.0.1", "--port", str(port), *where]
    with (
        log.open("wb") as said,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=said, stderr=said) as program,  # noqa: S603 - our own
    ):
        try:
            deadline = time.monotonic() + PATIENCE
            while not _answers(url):
                if program.poll() is not None or time.monotonic() > deadline:
                    raise NotDemonstration("demonstration-step", path="gengji serve", has=_last(log.read_text("utf-8")))
                time.sleep(0.05)
            yield url
        finally:
            program.terminate()
            try:
                program.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                program.kill()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", trust_env=False).is_success
    except httpx.TransportError:
        return False


def _not_yet(where: Sequence[str], again: bool) -> list[county.Account]:
    """The accounts that are still to be added; a first run need not ask."""
    there = {one["login"] for one in json.loads(_gengji("account", "list", "--json", *where))} if again else set()
    return [account for account in county.ACCOUNTS if account.login not in there]


def _add(account: county.Account, where: Sequence[str]) -> None:
    party = next(one.full_name for one in (*county.PARTIES, county.REGISTRAR) if one.key == account.party)
    division = ["--division", county.DIVISION, "--side", account.side] if account.side else []
    _gengji(
        "account", "add", account.login, "--name", account.name, "--party", party, "--role", account.role, *division,
        *where, told=account.password + "\n",
    )  # fmt: skip


def _gengji(*arguments: str, told: str = "") -> str:
    """What the command prints. Raises NotDemonstration in its own words if it fails."""
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", GENGJI, *arguments], input=told, capture_output=True, text=True, encoding="utf-8"
    )
    if done.returncode:
        raise NotDemonstration("demonstration-step", path=f"gengji {arguments[0]}", has=_last(done.stderr))
    return done.stdout


def _last(said: str) -> str:
    return (said.strip().splitlines() or [""])[-1]


def _write(path: Path, value: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")
    os.replace(new, path)


def _report(speak: Speech, known: Mapping[str, Any], *, new: bool) -> None:
    if speak.as_json:
        speak.document({**known, "loaded": new})
        return
    said = ("演示县已装入", "loaded") if new else ("演示县早已装好，没有改动", "stands already, nothing changed")
    speak.line(*said, county.NAME)
    # Whoever keeps the accounts may have rewritten the file since: then it has no list of codes.
    for shown in known.get("codes", ()):
        speak.line("  试试追溯码", "  a trace code to try", f"{grouped(shown['code'])}  {shown['what']}")
    for one in known.get("sign_ins", ()):
        speak.line("  演示账号", "  sign-in", f"{one['login']} / {one['password']}  {one['who']}")
