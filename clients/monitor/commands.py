"""``gengji monitor``: somebody outside who looks whether a log keeps to its own history."""

import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from clients.cli import language
from clients.errors import Refused, Unreachable, Usage
from clients.heads import Head
from clients.monitor.monitor import Monitor, silent
from clients.monitor.monitor import Progress as Told
from clients.service import Service
from clients.speech import Speech
from clients.wordings import say
from ledger import b64u
from ledger.errors import LedgerError, Malformed
from ledger.fork import parse as parse_fork
from ledger.policy import Pin
from ledger.replay import Fault

SOUND, BAD, UNTRIED = 0, 1, 2

PROVES = (
    "它们证明：有人用这份总账的密钥签了两段互相矛盾的历史。任何人只凭这个文件和公开钉就能核对。",
    "They prove that two histories which contradict each other were signed with this log's key. Anybody can check that"
    " with this file and the pin alone.",
)


def monitor(
    url: str,
    *,
    pin: Annotated[Path, Parameter(help="从别处得来的公开钉 · the pin, had from elsewhere: policy.json")],
    data: Annotated[Path, Parameter(help="监测方自己的文件夹 · the monitor's own folder")] = Path("monitor"),
    once: Annotated[bool, Parameter(negative="", help="只看一次 · look once, and end")] = False,
    every: Annotated[float, Parameter(help="隔多少秒看一次 · look every so many seconds")] = 60.0,
    lang: Annotated[Literal["zh", "en"] | None, Parameter(help="语言 · language")] = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="", help="每件事一行 JSON · JSON lines")] = False,
) -> int:
    """监测总账 · follow a log from outside: keeps a copy, recomputes everything, and keeps the proof of a fork.

    Exit code 0: all of it holds; 1: something is wrong, now or before; 2: it could not be looked at. A fork ends it.

    Example: gengji monitor https://trace.example.org --pin policy.json --data ./monitor
    """
    speak = Speech(lang or language((), os.environ), as_json=as_json)
    reporter = _Reporter(speak)
    believed = Pin.parse(pin.read_text("utf-8"))
    with (
        Service(url, lang=speak.lang) as service,
        closing(Monitor(data, believed, service, reporter.fault)) as watching,
    ):
        while True:
            code = _look(watching, reporter)
            if once or (code == BAD and watching.forks()):
                return code
            time.sleep(every)


def fork(
    file: Path,
    *,
    pin: Annotated[Path, Parameter(help="从别处得来的公开钉 · the pin, had from elsewhere: policy.json")],
    lang: Annotated[Literal["zh", "en"] | None, Parameter(help="语言 · language")] = None,
) -> int:
    """核对分叉证明 · check a proof that a log has signed two histories, off line, with nobody's word.

    Exit code 0: proven; 1: it proves nothing; 2: it can't be read.

    Example: gengji fork monitor/fork-300-412.json --pin policy.json
    """
    speak = Speech(lang or language((), os.environ), as_json=False)
    try:
        smaller, larger = parse_fork(file.read_text("utf-8")).verify(Pin.parse(pin.read_text("utf-8")))
    except Malformed as error:
        raise Usage(error.code, **error.params) from None
    roots = [b64u.encode(one.root) for one in (smaller, larger)]
    sizes = f"{smaller.size} {roots[0]} ≠ {larger.size} {roots[1]}"
    speak.line("已证明分叉", "a fork is proven", f"{smaller.origin}  {sizes}")
    print(speak(*PROVES))
    return SOUND


def _look(watching: Monitor, reporter: "_Reporter") -> int:
    """One look, and what came of it; what is wrong once stays wrong."""
    before = watching.size
    try:
        with _bar(reporter.speak) as progress:
            head = watching.look(progress)
    except (Unreachable, Refused) as error:
        reporter.failed(error)
        return UNTRIED
    except LedgerError as error:
        reporter.failed(error)
        return BAD
    known = len(watching.faults()) + len(watching.forks())
    reporter.followed(head, before, known)
    return BAD if known else SOUND


class _Reporter:
    """Says what happens: as sentences, or as JSON lines."""

    def __init__(self, speak: Speech) -> None:
        self.speak = speak
        self._console = Console(soft_wrap=True, highlight=False, markup=False)

    def followed(self, head: Head | None, before: int, known: int) -> None:
        size, root = (head.size, b64u.encode(head.root)) if head else (0, "")
        self._event({"event": "followed", "size": size, "root": root, "new": size - before, "wrong": known})
        if known:
            self._say(
                f"✗ 已核对 {size} 条账目，累计发现 {known} 处问题", f"✗ {size} entries checked; {known} wrong so far"
            )
        else:
            self._say(f"✓ 已核对 {size} 条账目，前后一致", f"✓ {size} entries checked, all of one history")

    def fault(self, fault: Fault) -> None:
        told = {"event": "fault", "index": fault.at, "check": fault.check, "what": fault.what}
        self._event({**told, **self._error(fault.error)})
        self._say(
            f"✗ 账目 {fault.at}（{fault.check}）：{say(fault.error, 'zh')}",
            f"✗ entry {fault.at} ({fault.check}): {say(fault.error, 'en')}",
        )

    def failed(self, error: LedgerError) -> None:
        event = "fork" if error.code == "fork" else "failed"
        proves = PROVES if event == "fork" else ("", "")
        self._event({"event": event, **self._error(error)})
        self._say(f"✗ {say(error, 'zh')}{proves[0]}", f"✗ {say(error, 'en')} {proves[1]}".rstrip())

    def _error(self, error: LedgerError) -> dict[str, Any]:
        return {"code": error.code, "params": dict(error.params), "text": say(error, self.speak.lang)}

    def _event(self, told: dict[str, Any]) -> None:
        if self.speak.as_json:
            self.speak.document(told)

    def _say(self, zh: str, en: str) -> None:
        if not self.speak.as_json:
            self._console.print(self.speak(zh, en))


@contextmanager
def _bar(speak: Speech) -> Iterator[Told]:
    """A bar on the terminal's error side, gone when it is done."""
    errors = Console(stderr=True)
    if speak.as_json or not errors.is_terminal:
        yield silent
        return
    columns = (TextColumn(speak("核对", "checking")), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, size: bar.update(task, completed=done, total=size)
