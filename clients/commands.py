"""A party's commands: make a key, sign, look before signing, send, read.

Records come as files of JSON lines, one record a line, all fields in the clear::

    {"kind":"harvest","at":"2026-07-20T01:30:00Z","body":{"inputs":[…],"outputs":[…],"person":"王芳"},"on":[],"for":null}

``on`` may be left out where the fields name the batches, ``for`` where the party speaks for itself. A line is stated
once: the same line sent again, tomorrow or out of another file, is the record that was sent before.
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from clients.cli import language
from clients.client import Client
from clients.device import Device
from clients.draft import Draft
from clients.errors import ClientError, NoDevice, Refused
from clients.notebook import Kept, Notebook
from clients.service import Service
from clients.speech import Speech, row
from clients.speech import bad as bad_row
from ledger import b64u
from ledger.canonical import dumps
from ledger.errors import LedgerError, Malformed
from ledger.identity import ChainId, read_trace_code
from ledger.policy import Pin
from ledger.wordings import Lang


@Parameter(name="*")
@dataclass(frozen=True)
class Options:
    """What every command of a party's takes."""

    home: Annotated[Path, Parameter(env_var="GENGJI_HOME", help="本设备的文件夹 · this device's folder")] = Path(
        "gengji-party"
    )
    url: Annotated[str | None, Parameter(env_var="GENGJI_URL", help="服务网址 · address of the service")] = None
    lang: Annotated[Literal["zh", "en"] | None, Parameter(help="语言 · language")] = None
    json: Annotated[bool, Parameter(negative="", help="输出 JSON · print JSON")] = False


@dataclass(frozen=True)
class Line:
    """A line of a file: the draft in it, or what is wrong with it."""

    where: str
    draft: Draft | None
    error: LedgerError | None = None


DEFAULT = Options()
GROUP = 200
Files = Annotated[
    list[Path],
    # Or the hyphen that stands for standard input would be taken for an option.
    Parameter(help="JSON 行文件，- 为标准输入 · files of JSON lines, - for standard input", allow_leading_hyphen=True),
]


Code = Annotated[
    # A mark may begin with a dash: one in 64 does.
    str, Parameter(help="追溯码、标识或批次编号 · trace code, mark or id", allow_leading_hyphen=True)
]


def keygen(
    *,
    policy: Annotated[Path | None, Parameter(help="公开钉 policy.json，从服务以外得来 · the pin")] = None,
    party: Annotated[
        str | None,
        Parameter(help="主体编号（登记后）· the party's id, once registered", allow_leading_hyphen=True),
    ] = None,
    options: Options = DEFAULT,
) -> int:
    """生成本设备的密钥 · make this device's key, and say what a registrar needs to add it.

    Run again it shows the same key; with --party it notes the party that the key was registered for.

    Example: gengji keygen --url https://trace.example.org --policy policy.json
    """
    speak = speech(options)
    member = ChainId(party) if party else None
    if (options.home / "identity.json").exists():
        device = Device.open(options.home)
        device = device.join(member) if member else device
    elif options.url is None or policy is None:
        raise NoDevice("keygen", wanted="--url --policy")
    else:
        device = Device.create(options.home, options.url, Pin.parse(policy.read_text("utf-8")), party=member)
    offer = device.offer()
    if options.json:
        speak.document({"home": str(device.folder), "kid": device.key.public.kid, "party": device.party, "key": offer})
        return 0
    speak.line("密钥编号", "key id", device.key.public.kid)
    speak.line("主体", "party", device.party or speak("尚未登记", "not registered yet"))
    speak.line("交登记员", "for the registrar", dumps(offer).decode())
    return 0


def sign(files: Files, /, *, options: Options = DEFAULT) -> int:
    """签名并存入签名簿，不发送 · sign into the notebook without sending: works without a network.

    Example: gengji sign harvest.jsonl
    """
    speak = speech(options)
    with open_client(options) as client:
        lines = [*_lines(client, files)]
        rows: list[dict[str, Any]] = []
        with speak.counting(len(lines), "签名", "signing") as step:
            for start in range(0, len(lines), GROUP):
                signed, bad = _signed(client, lines[start : start + GROUP])
                rows += [*bad, *(row(kept, where) for where, kept in signed)]
                step(len(signed) + len(bad))
    speak.report(_in_order(rows, lines))
    return 1 if any(one["state"] == "error" for one in rows) else 0


def check(files: Files, /, *, options: Options = DEFAULT) -> int:
    """签名前查看问题项 · the findings that the records would have; nothing is signed.

    Example: gengji check harvest.jsonl
    """
    speak, rows = speech(options), []
    with open_client(options) as client:
        for line in speak.progress([*_lines(client, files)], "检查", "checking"):
            try:
                found = client.check(_good(line))
            except Refused as error:
                rows.append(bad_row(line.where, error))
            except ClientError:
                raise
            except LedgerError as error:
                rows.append(bad_row(line.where, error))
            else:
                rows.append({"line": line.where, "state": "checked", "findings": [vars(one) for one in found]})
    speak.report(rows)
    return 1 if any(one["state"] == "error" for one in rows) else 0


def submit(files: Files | None = None, /, *, options: Options = DEFAULT) -> int:
    """签名并发送，逐行报告 · sign and send, reporting each line; without files, send what waits.

    Broken off, run it again: it goes on where it was, and sends nothing twice.

    Example: gengji submit harvest.jsonl shipping.jsonl
    """
    speak = speech(options)
    with open_client(options) as client:
        notebook, lines = client.notebook, [*_lines(client, files or [])]
        bad: list[dict[str, Any]] = []
        places: dict[str, str] = {}
        try:
            # Not all at once: a refusal has everything behind it signed again.
            with speak.counting(len(lines) or len(notebook.outgoing()), "发送", "sending") as step:
                for start in range(0, max(1, len(lines)), GROUP):
                    signed, wrong = _signed(client, lines[start : start + GROUP])
                    bad += wrong
                    places |= {kept.source: where for where, kept in signed if kept.source}
                    notebook.retry([kept.hash for _, kept in signed if kept.state == "refused"])
                    client.send(lambda outcome: step())
        finally:
            # Said also when it broke off: which lines have their receipt by now.
            settled = [(where, notebook.of_source(source)) for source, where in places.items()]
            rows = [row(kept, where) for where, kept in settled if kept is not None]
            if not files:
                rows += [row(kept, f"n {kept.statement.n}") for kept in notebook.outgoing()]
            speak.report(_in_order([*bad, *rows], lines))
    return 1 if bad or any(one["state"] == "refused" for one in rows) else 0


def trace(code: Code, /, *, forward: bool = False, back: bool = False, options: Options = DEFAULT) -> int:
    """溯源与追踪 · what a batch was made of (--back), and what became of it (--forward); both by default.

    Example: gengji trace "1234 5678 9012 3456 7890" --forward
    """
    speak = speech(options)
    direction = "both" if forward == back else "forward" if forward else "back"
    with _service(options) as service:
        graph = service.trace(_code(code), direction)
    speak.document(graph) if options.json else speak.tree(graph)
    return 0


def label(
    code: Code,
    /,
    *,
    format: Annotated[Literal["png", "svg"] | None, Parameter(help="png | svg")] = None,  # noqa: A002
    output: Annotated[Path, Parameter(name=["-o", "--output"], help="写到 · the file to write")],
    options: Options = DEFAULT,
) -> int:
    """取标签 · the label of a batch, as a picture; its format is that of the file's name if none is given.

    Example: gengji label "1234 5678 9012 3456 7890" --format svg -o label.svg
    """
    speak = speech(options)
    with _service(options) as service:
        drawn = service.label(_code(code), format or output.suffix.lstrip(".").lower() or "png")
    output.write_bytes(drawn)
    if options.json:
        speak.document({"file": str(output), "size": len(drawn)})
    else:
        speak.line("已写入", "written", str(output))
    return 0


# --- the party's side ------------------------------------------------------------------------------------------------


@contextmanager
def open_client(options: Options) -> Iterator[Client]:
    """The party's client, with its notebook, for the length of a command. Raises NoDevice where there is none."""
    device = Device.open(options.home)
    if options.url is not None:
        device = replace(device, url=options.url)
    with Notebook(device) as notebook, Client(notebook, lang=_lang(options)) as client:
        yield client


def _service(options: Options) -> Service:
    """Reading needs an address and no key."""
    return Service(options.url or Device.open(options.home).url, lang=_lang(options))


def speech(options: Options) -> Speech:
    """How the command answers: the language asked for or the environment's, in words or as JSON."""
    return Speech(_lang(options), as_json=options.json)


def _lang(options: Options) -> Lang:
    return options.lang or language((), os.environ)


def _code(text: str) -> str:
    """What a person types or scans: a trace code, a mark, a chain id, or the address in the QR."""
    last = text.strip().rstrip("/").rpartition("/")[2].rpartition("?t=")[2]
    return read_trace_code(last) if not any(letter.isalpha() for letter in last) else last


def _lines(client: Client, files: Iterable[Path]) -> Iterator[Line]:
    for file in files:
        text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                where = f"{file.name}:{number}"
                try:
                    yield Line(where, _draft(client, line, where))
                except LedgerError as error:
                    yield Line(where, None, error)


def _draft(client: Client, line: str, where: str) -> Draft:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise Malformed("line", path=where, has=error.msg) from None
    match record:
        case {"kind": str(kind), "at": str(at), "body": dict(body), **more} if more.keys() <= {"on", "for"}:
            on, for_ = more.get("on") or [], more.get("for")
            if isinstance(on, list) and all(isinstance(chain, str) for chain in on) and isinstance(for_, str | None):
                source = f"line:{b64u.encode(sha256(dumps(record)).digest())}"
                return client.draft(
                    kind, body, map(ChainId, on), at, for_=ChainId(for_) if for_ else None, source=source
                )
    raise Malformed("line", path=where, has=line[:80])


def _good(line: Line) -> Draft:
    if line.draft is None:
        raise line.error or Malformed("line", path=line.where)
    return line.draft


def _in_order(rows: Iterable[dict[str, Any]], lines: Sequence[Line]) -> list[dict[str, Any]]:
    place = {line.where: number for number, line in enumerate(lines)}
    return sorted(rows, key=lambda one: place.get(one["line"], len(place)))


def _signed(client: Client, lines: Sequence[Line]) -> tuple[list[tuple[str, Kept]], list[dict[str, Any]]]:
    """The good lines signed, durable together, and the report of the bad ones."""
    signed: list[tuple[str, Kept]] = []
    bad = []
    with client.notebook.together():
        for line in lines:
            try:
                (kept,) = client.notebook.sign([_good(line)])
                signed.append((line.where, kept))
            except NoDevice:
                raise
            except LedgerError as error:
                bad.append(bad_row(line.where, error))
    return signed, bad
