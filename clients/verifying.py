"""``gengji verify``: a bundle against a pin, with no network, no database and nobody to ask (format §8).

Everything that is judged is in ``ledger``; here files are read, and the verdict is told. Nothing is imported that could
reach the network.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from clients import verdicts
from clients.cli import language
from clients.codes import read_code
from clients.errors import Usage
from clients.remembering import newer, read_checkpoint, read_heads, write_heads
from ledger import bundle
from ledger.errors import LedgerError, Malformed
from ledger.policy import Pin
from ledger.verify import Rejected, Unreadable, verify

VALID, INVALID, UNREADABLE = 0, 1, 2
PLACES = (Path("gengji-party/policy.json"), Path("var/policy.json"))
"""Where a pin is looked for when none is named: with this device, beside a service of one's own."""


def check_bundle(
    file: Annotated[
        Path, Parameter(help="凭证包，- 为标准输入 · the bundle, - for standard input", allow_leading_hyphen=True)
    ],
    /,
    *,
    policy: Annotated[
        list[Path] | None,
        Parameter(help="公开钉 policy.json，每本总账一个，从服务以外得来 · the pin of each log", negative=""),
    ] = None,
    asked: Annotated[
        str | None, Parameter(help="要查的追溯码或标识 · the code that it has to be about", allow_leading_hyphen=True)
    ] = None,
    remember: Annotated[
        Path | None, Parameter(help="记住总账检查点的文件 · keep the newest checkpoints here, and compare")
    ] = None,
    attachment: Annotated[
        list[Path] | None, Parameter(help="照片或报告，须是记录所指的 · files that the record has to name", negative="")
    ] = None,
    lang: Annotated[Literal["zh", "en"] | None, Parameter(help="语言 · language")] = None,
    json: Annotated[bool, Parameter(negative="", help="输出 JSON · print JSON")] = False,
) -> int:
    """离线核验凭证包 · check a bundle, off line: no network, no service, nobody's word.

    退出码 · exit code: 0 有效 valid; 1 无效 invalid (check, record, reason); 2 读不懂 unreadable.

    公开钉不写时取 --policy 之外的 gengji-party/policy.json，其次 var/policy.json · without --policy the pin is the
    device's, else that of ./var. 它须从服务以外得来 · get it by another way than the service.

    Example: gengji verify lot.bundle.json --policy policy.json --asked "1234 5678 9012 3456 7888"
    """
    tell = verdicts.Teller(lang or language((), os.environ), as_json=json)
    pins = read_pins(policy)
    data = _read(file)
    notes = read_heads(remember) if remember else {}
    # An empty code asks for one too: a script whose variable is empty must not be told that all is well.
    wanted = _asked(asked) if asked is not None else ""
    attached = {str(path): path.read_bytes() for path in attachment or ()}
    try:
        verdict = verify(
            data,
            [pin for _, pin in pins],
            asked=wanted,
            remembered=[read_checkpoint(note) for note in notes.values()],
            attachments=attached,
        )
    except Rejected as rejected:
        tell.rejected(rejected, file)
        return UNREADABLE if isinstance(rejected, Unreadable) else INVALID
    if remember:
        write_heads(remember, newer(notes, bundle.parse(data), verdict))
    tell.verdict(verdict, [(path, pin) for path, pin in pins if pin.origin == verdict.checkpoint.origin], remember)
    return VALID


def _read(file: Path) -> bytes:
    """What is too large is not taken in to be told so: one byte more than a bundle may have is enough."""
    if file == Path("-"):
        return sys.stdin.buffer.read(bundle.MAX_BYTES + 1)
    with file.open("rb") as opened:
        return opened.read(bundle.MAX_BYTES + 1)


def _asked(typed: str) -> str:
    """Raises Usage: a code that is typed wrong says nothing about the bundle."""
    try:
        return read_code([typed])
    except Malformed as error:
        raise Usage(error.code, **error.params) from None


def read_pins(paths: Sequence[Path] | None) -> list[tuple[Path, Pin]]:
    """The pins in these files, one for each log, else the one that lies nearest.

    Raises Usage ``pin-none``, ``pin-file`` or ``pin-twice``.
    """
    found = paths or [path for path in PLACES if path.exists()][:1]
    if not found:
        raise Usage("pin-none", has=", ".join(map(str, PLACES)))
    pins: dict[str, tuple[Path, Pin]] = {}
    for path in found:
        try:
            pin = Pin.parse(path.read_text("utf-8"))
        except (LedgerError, UnicodeDecodeError):
            raise Usage("pin-file", path=str(path)) from None
        # Of two one would be believed, and both be named as what was believed.
        if pin.origin in pins:
            raise Usage("pin-twice", path=str(path), has=str(pins[pin.origin][0]), wanted=pin.origin)
        pins[pin.origin] = (path, pin)
    return [*pins.values()]
