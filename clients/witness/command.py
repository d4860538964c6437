"""``gengji witness``: remembers how far logs have come, and cosigns what continues it."""

import asyncio
import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from clients.cli import language
from clients.errors import Usage
from clients.speech import Speech
from clients.witness.http import Answer, Asked, Server
from clients.witness.page import HEADERS, page
from clients.witness.witness import Witness, make
from clients.wordings import say
from ledger.checkpoint import ED25519, VKey
from ledger.errors import BadSignature, LedgerError, NotAllowed
from ledger.witnessing import MAX_REQUEST, SIZE_TYPE, size_line

Data = Annotated[Path, Parameter(help="见证方自己的文件夹 · the witness's own folder")]
Language = Annotated[Literal["zh", "en"] | None, Parameter(help="语言 · language")]
Json = Annotated[bool, Parameter(name="--json", negative="", help="输出 JSON · print JSON")]

witness = App(name="witness", help="见证方：联署总账的检查点 · a witness: cosigns what continues a log")


@witness.command
def init(*, name: str, data: Data = Path("witness"), lang: Language = None, as_json: Json = False) -> None:
    """生成见证方的密钥，印出公钥 · make a witness's key; prints the public key that a policy names it by.

    Example: gengji witness init --name witness.agri.example.org/w1 --data ./witness
    """
    vkey = make(data, name)
    if as_json:
        print(json.dumps({"name": vkey.name, "vkey": str(vkey)}, ensure_ascii=False))
    else:
        Speech(lang or language((), os.environ), as_json=False).line("联署公钥", "public key", str(vkey))


@witness.default
def run(
    *,
    log: Annotated[list[str], Parameter(negative="", help="总账的公钥，可给多个 · a log's public key, repeatable")],
    data: Data = Path("witness"),
    title: Annotated[str, Parameter(help="页面上的名称 · what its page calls it")] = "",
    host: str = "127.0.0.1",
    port: int = 8100,
    leashed: Annotated[
        bool, Parameter(negative="", help="标准输入一关就停 · end when standard input does, with whoever started it")
    ] = False,
    lang: Language = None,
    as_json: Json = False,
) -> None:
    """见证：核对并联署总账的检查点 · serve as a witness of these logs.

    总账的公钥是它 policy.json 里 log 那一行的公钥；换钥期间新旧两个都给 · a log's key is in the line "log" of its
    policy.json; while it changes keys, give both.

    Example: gengji witness --data ./witness --log "log.example.org/county+1f2e3d4c+AYLs…" --port 8100
    """
    watching = Witness(data, [_log(text) for text in log], title)
    taken = _take(host, port)
    url = f"http://{f'[{host}]' if ':' in host else host}:{taken.getsockname()[1]}"
    told = {"name": watching.vkey.name, "url": url, "vkey": str(watching.vkey)}
    if as_json:
        print(json.dumps(told, ensure_ascii=False), flush=True)
    else:
        Speech(lang or language((), os.environ), as_json=False).line("见证", "witnessing", f"{told['name']}  {url}/")
    try:
        asyncio.run(_until_told(Server(taken, lambda asked: answer(watching, asked), MAX_REQUEST), leashed))
    finally:
        watching.close()


async def _until_told(server: Server, leashed: bool) -> None:
    """Serves until the program is asked to end."""
    serving = asyncio.create_task(server.serve())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, serving.cancel)
    if leashed:
        loop.add_reader(sys.stdin.fileno(), serving.cancel)
    await asyncio.wait([serving])
    if not serving.cancelled():
        serving.result()


def answer(watching: Witness, asked: Asked) -> Answer:
    """What the witness answers to one request (c2sp.org/tlog-witness)."""
    if asked.path == "/add-checkpoint":
        if asked.method != "POST":
            return Answer(405, headers=(("allow", "POST"),))
        return _cosigned(watching, asked.body)
    if asked.method not in ("GET", "HEAD"):
        return Answer(405, headers=(("allow", "GET, HEAD"),))
    if asked.path == "/":
        return Answer(200, page(watching).encode(), "text/html; charset=utf-8", HEADERS)
    note = watching.checkpoint(asked.path.removeprefix("/"))
    if note is None:
        return Answer(404)
    return Answer(200, note.encode(), headers=(("cache-control", "no-cache"), ("access-control-allow-origin", "*")))


def _cosigned(watching: Witness, body: bytes) -> Answer:
    try:
        return Answer(200, watching.add_checkpoint(body).encode())
    except LedgerError as error:
        if error.code == "witness-old":
            return Answer(409, size_line(int(error.params["wanted"])).encode(), SIZE_TYPE)
        return Answer(_status(error), f"{say(error, 'zh')}\n{say(error, 'en')}\n".encode())


def _status(error: LedgerError) -> int:
    if error.code == "witness-origin":
        return 404
    if error.code == "consistency":
        return 422
    return 403 if isinstance(error, BadSignature | NotAllowed) else 400


def _log(text: str) -> VKey:
    try:
        vkey = VKey.parse(text)
    except LedgerError as error:
        raise Usage("witness-log", has=text) from error
    if vkey.algorithm != ED25519:
        raise Usage("witness-log", has=text)
    return vkey


def _take(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 is any free one. Raises Usage ``witness-port``."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise Usage("witness-port", path=host, has=port, wanted=reason) from None
