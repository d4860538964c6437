"""A party's commands: look before signing, sign, send, read. Files of records are read by ``clients.lines``."""

import os
import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from clients import lines as files_of_lines
from clients import ready, words
from clients.attaching import Brought
from clients.cli import language
from clients.client import Client
from clients.codes import read_code
from clients.device import Device
from clients.draft import Draft
from clients.errors import ClientError, NoDevice, Refused, Unreachable, Usage
from clients.lines import Line
from clients.notebook import Kept, Notebook
from clients.remembering import read_checkpoint, read_heads
from clients.service import Service
from clients.speech import Speech, row
from clients.speech import bad as bad_row
from clients.wordings import reason
from ledger.errors import LedgerError, Malformed
from ledger.identity import ChainId
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


DEFAULT = Options()
GROUP = 200
Files = Annotated[
    list[str],
    Parameter(
        help="JSON 行文件，- 为标准输入；或 种类 项目=内容 · files of JSON lines, - for stdin; or KIND name=value",
        # Or the hyphen that stands for standard input would be taken for an option.
        allow_leading_hyphen=True,
    ),
]


Code = Annotated[
    # A mark may begin with a dash: one in 64 does. A code typed with its spaces arrives as five words.
    list[str],
    Parameter(
        help="追溯码（可带空格）、标识或批次编号 · trace code, with or without spaces, mark or id",
        allow_leading_hyphen=True,
    ),
]


def sign(files: Files, /, *, options: Options = DEFAULT) -> int:
    """签名并存入签名簿，不发送 · sign into the notebook without sending: works without a network.

    每行一条记录 · one record a line:

    ```json
    {"kind":"plant","at":"2026-07-20","body":{"outputs":[{"product":"产品编号","quantity":{"value":"2","unit":"mu"}}]}}
    ```

    可加 "on"（所涉批次）和 "for"（代谁记录）· "on" and "for" may be added.
    各种记录的项目见服务的 /v1/kinds · the fields of each kind: /v1/kinds at the service.

    at 可写 2026-07-20T01:30:00Z、2026-07-20T09:30:00+08:00，或按总账时区写 2026-07-20 09:30、2026-07-20（当日正午），
    签名时都换成 UTC · at takes any of these; without an offset it is the log's time zone; it is signed as UTC.

    一条记录也可直接写在命令里 · one record may be typed as words: gengji sign hold on=1234… reason="检测未出结果"

    Example: gengji sign harvest.jsonl
    """
    speak = speech(options)
    with open_client(options) as client:
        lines = _lines(client, files)
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

    每行一条记录 · one record a line:

    ```json
    {"kind":"plant","at":"2026-07-20","body":{"outputs":[{"product":"产品编号","quantity":{"value":"2","unit":"mu"}}]}}
    ```

    写法详见 gengji sign --help，项目见服务的 /v1/kinds · more in gengji sign --help, the fields at /v1/kinds.

    Example: gengji check harvest.jsonl
    """
    speak, rows = speech(options), []
    with open_client(options) as client:
        for line in speak.progress(_lines(client, files), "检查", "checking"):
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

    每行一条记录 · one record a line:

    ```json
    {"kind":"plant","at":"2026-07-20","body":{"outputs":[{"product":"产品编号","quantity":{"value":"2","unit":"mu"}}]}}
    ```

    写法详见 gengji sign --help，项目见服务的 /v1/kinds · more in gengji sign --help, the fields at /v1/kinds.
    已在别处签名的文件（gengji root --output）原样发送 · a file signed elsewhere is sent as it is.

    Example: gengji submit harvest.jsonl shipping.jsonl
    """
    speak = speech(options)
    if signed_elsewhere := ready.read(map(Path, files or [])):
        return _send_ready(signed_elsewhere, options, speak)
    with open_client(options) as client:
        notebook, lines = client.notebook, _lines(client, files or [])
        bad: list[dict[str, Any]] = []
        brought: list[Brought] = []
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
            brought = _bring(client, speak)
            with suppress(Unreachable, Refused):
                client.forget_erased()
        finally:
            # Said also when it broke off: which lines have their receipt by now.
            settled = [(where, notebook.of_source(source)) for source, where in places.items()]
            rows = [row(kept, where) for where, kept in settled if kept is not None]
            provisional = {kept.hash for kept in notebook.provisional()}
            for told in rows:
                told["provisional"] = told["statement"] in provisional
            if not files:
                rows += [row(kept, f"n {kept.statement.n}") for kept in notebook.outgoing()]
            speak.report(_in_order([*bad, *rows], lines), brought)
    failed = any(one["state"] == "refused" for one in rows) or any(one.refused for one in brought)
    return 1 if bad or failed else 0


def _bring(client: Client, speak: Speech) -> list[Brought]:
    """The files that the statements name, with a bar of their own."""
    with speak.counting(len(client.outbox.waiting()), "附件", "files") as step:
        return client.upload(lambda _: step())


def trace(
    code: Code,
    /,
    *,
    forward: bool = False,
    back: bool = False,
    completeness: bool = False,
    options: Options = DEFAULT,
) -> int:
    """溯源与追踪 · what a batch was made of (--back), and what became of it (--forward); both by default.

    --completeness 改为说明记录完整度：分数和缺少的内容 · --completeness tells instead how complete its record is, and
    what it lacks.

    服务网址取自 --url、环境变量 GENGJI_URL 或 --home 的设备；追溯码可用 make run 打印的 · the service is that of --url,
    GENGJI_URL or the device in --home; make run prints codes to try.

    Example: gengji trace 1234 5678 9012 3456 7888 --forward --url http://127.0.0.1:8000
    """
    speak = speech(options)
    direction = "both" if forward == back else "forward" if forward else "back"
    with _service(options) as service:
        known = service.completeness(read_code(code)) if completeness else service.trace(read_code(code), direction)
    if options.json:
        speak.document(known)
    elif completeness:
        speak.complete(known)
    else:
        speak.tree(known)
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

    Example: gengji label 1234 5678 9012 3456 7888 -o label.svg --url http://127.0.0.1:8000
    """
    speak = speech(options)
    wanted = format or output.suffix.lstrip(".").lower() or "png"
    if wanted not in ("png", "svg"):
        raise Usage("label-format", has=output.suffix)
    with _service(options) as service:
        drawn = service.label(read_code(code), wanted)
    with writing(output):
        output.write_bytes(drawn)
    if options.json:
        speak.document({"file": str(output), "size": len(drawn)})
    else:
        speak.line("已写入", "written", str(output))
    return 0


def _send_ready(found: Sequence[tuple[str, Kept]], options: Options, speak: Speech) -> int:
    """Send what was signed with a key that is not here; receipts are held against the pin, if there is one here."""
    there = (options.home / "identity.json").exists()
    pin = Device.open(options.home).pin if there else None
    with _service(options) as service:
        rows = [row(ready.send(service, kept, pin), where) for where, kept in found]
    speak.report(rows)
    return 1 if any(one["state"] == "refused" for one in rows) else 0


def bundle(
    code: Code,
    /,
    *,
    output: Annotated[Path, Parameter(name=["-o", "--output"], help="写到 · the file to write")],
    remember: Annotated[
        Path | None, Parameter(help="gengji verify --remember 的文件 · the file that gengji verify --remember keeps")
    ] = None,
    options: Options = DEFAULT,
) -> int:
    """取凭证包 · the bundle of a batch: all that is needed to check it off line, years later, without the service.

    核验用 gengji verify · gengji verify checks it. 用同一个 --remember 文件，包里就有与上次所见对照的证明 · with the
    same --remember file it carries the proof that the log continues what was seen last.

    Example: gengji bundle 1234 5678 9012 3456 7888 -o lot.bundle.json --url http://127.0.0.1:8000
    """
    speak = speech(options)
    known = [read_checkpoint(note).size for note in read_heads(remember).values()] if remember else []
    with _service(options) as service:
        data = service.bundle(read_code(code), known)
    with writing(output):
        output.write_bytes(data)
    if options.json:
        speak.document({"file": str(output), "size": len(data)})
    else:
        speak.line("已写入", "written", f"{output}")
        speak.line("核验", "check it", f"gengji verify {shlex.quote(str(output))}")
    return 0


# --- the party's side ------------------------------------------------------------------------------------------------


@contextmanager
def open_client(options: Options, device: Device | None = None) -> Iterator[Client]:
    """The party's client, with its notebook, for the length of a command: of the device in ``home``, or of another.

    Raises NoDevice where there is none.
    """
    device = device or Device.open(options.home)
    if options.url is not None:
        device = replace(device, url=options.url)
    with Notebook(device) as notebook, Client(notebook, lang=_lang(options)) as client:
        yield client


@contextmanager
def reading(options: Options) -> Iterator[tuple[Service, ChainId | None]]:
    """The service, and whose device asks where there is one: what is public needs none."""
    there = (options.home / "identity.json").exists()
    with _service(options) as service:
        yield service, Device.open(options.home).party if there else None


def _service(options: Options) -> Service:
    """Reading needs an address and no key."""
    if options.url is not None:
        return Service(options.url, lang=_lang(options))
    if not (options.home / "identity.json").exists():
        raise Usage("no-url", path=str(options.home))
    return Service(Device.open(options.home).url, lang=_lang(options))


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raises Usage ``file-write`` for what the system does not let us write."""
    try:
        yield
    except OSError as error:
        raise Usage("file-write", path=str(path), has=reason(error, language((), os.environ))) from None


def speech(options: Options) -> Speech:
    """How the command answers: the language asked for or the environment's, in words or as JSON."""
    return Speech(_lang(options), as_json=options.json)


def _lang(options: Options) -> Lang:
    return options.lang or language((), os.environ)


def _lines(client: Client, files: Sequence[str]) -> list[Line]:
    """The records in the files, or the one that is typed in their place."""
    if words.typed(files):
        return [words.read(client, files)]
    return [*files_of_lines.read(client, map(Path, files))]


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
