"""``gengji template …``: the usual steps of a season, and drafts of its records to fill in as it goes."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from clients.commands import DEFAULT, Options, open_client, speech, writing
from clients.device import read_party
from clients.errors import Usage
from clients.speech import Speech
from clients.templates import shelf
from clients.templates.drafting import StepDraft, drafts
from clients.words import Names
from ledger import wordings
from ledger.records import KINDS
from ledger.seasons import Season

template = App(name="template", help="一季的模板 · templates: the usual steps of a crop or a herd, ready to fill in")

Templates = Annotated[Path | None, Parameter(help="自己的模板文件夹 · a folder with templates of your own")]


@template.command(name="list")
def list_(*, templates: Templates = None, options: Options = DEFAULT) -> int:
    """有哪些模板 · what templates there are.

    Example: gengji template list
    """
    speak = speech(options)
    found = shelf.seasons(templates)
    if options.json:
        speak.document([_brief(season) for season in found.values()])
        return 0
    table = Table(box=None, pad_edge=False)
    for head in (speak("名称", "name"), speak("内容", "title"), speak("类别", "category"), speak("步骤", "steps")):
        table.add_column(head)
    for season in found.values():
        table.add_row(season.name, _title(season, speak), season.category, str(len(season.steps)))
    Console(highlight=False, markup=False).print(table)
    return 0


@template.command
def show(name: str, /, *, templates: Templates = None, options: Options = DEFAULT) -> int:
    """看一个模板 · its steps, inputs with dose and interval, usual tests and yield.

    Example: gengji template show tomato
    """
    speak = speech(options)
    season = shelf.season(name, templates)
    if options.json:
        speak.document(asdict(season))
        return 0
    console = Console(soft_wrap=True, highlight=False, markup=False)
    for line in _told(season, speak):
        console.print(line)
    return 0


@template.command
def start(
    name: str,
    /,
    *,
    product: Annotated[str, Parameter(help="产品名称或编号 · the product, by name or id", allow_leading_hyphen=True)],
    place: Annotated[str, Parameter(help="场所名称或编号 · the place, by name or id", allow_leading_hyphen=True)],
    at: Annotated[str, Parameter(help="开始日期 · the day it begins, 2026-03-01")],
    for_: Annotated[
        str | None, Parameter(name="--for", help="代谁记录 · the party that is spoken for", allow_leading_hyphen=True)
    ] = None,
    output: Annotated[
        Path | None, Parameter(name=["-o", "--output"], help="写到的文件夹 · the folder to write")
    ] = None,
    templates: Templates = None,
    options: Options = DEFAULT,
) -> int:
    """开始一季 · write the season's records as drafts: a file a step, with “?” where only you know.

    到了日子，填好那一步的“?”，再 gengji check、gengji submit；顺序照文件编号 · when the day has come, fill in what is
    “?”, then gengji check and gengji submit that file, in the order of their numbers.

    Example: gengji template start tomato --product 番茄 --place 三号棚 --at 2026-03-01
    """
    speak = speech(options)
    season = shelf.season(name, templates)
    begin = _day(at)
    with open_client(options) as client:
        names = Names(client)
        given = {"product": names.id("product", product, "product"), "place": names.id("place", place, "place")}
    folder = output or Path(f"{season.name}-{begin.isoformat()}")
    if folder.exists() and any(folder.iterdir()):
        raise Usage("folder-there", path=str(folder))
    made = drafts(season, begin, given, read_party(for_) if for_ else None)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for one in made:
            text = json.dumps(one.record, ensure_ascii=False)
            (folder / one.file).write_text(f"{text}\n", "utf-8")
    if options.json:
        steps = [{"file": one.file, "day": one.day.isoformat(), "blanks": one.blanks} for one in made]
        speak.document({"folder": str(folder), "steps": steps})
        return 0
    console = Console(soft_wrap=True, highlight=False, markup=False)
    for one in made:
        console.print(_line(one, speak))
    first = shlex.quote(str(folder / made[0].file))
    console.print()
    speak.line("第一步", "first", f"{speak('填好“?”后', 'fill in what is “?”, then')} gengji submit {first}")
    return 0


def _line(one: StepDraft, speak: Speech) -> str:
    """``01-plant.jsonl  2026-03-01  定植：待填 批号、数量``."""
    wanted = speak("、", ", ").join(dict.fromkeys(wordings.place(f"body.{path}", speak.lang) for path in one.blanks))
    left = f"{speak('  待填 ', '  fill in ')}{wanted}" if wanted else ""
    return f"{one.file}  {one.day}  {speak(one.step.title, one.step.title_en)}{left}"


def _told(season: Season, speak: Speech) -> Iterator[str]:
    yield _title(season, speak)
    if season.about:
        yield speak(season.about, season.about_en)
    yield f"{speak('来源：', 'source: ')}{season.source}"
    if season.band:
        band = season.band
        amounts = [wordings.quantity({"value": v, "unit": band.unit}, speak.lang) for v in (band.low, band.high)]
        per = wordings.quantity({"value": "1", "unit": band.per}, speak.lang)
        yield f"{speak('通常产量：', 'usual yield: ')}{speak(' 至 ', ' to ').join(amounts)} / {per}"
    yield ""
    for step in season.steps:
        days = speak("、", ", ").join(f"{day}" for day in step.days())
        kind = KINDS[step.kind]
        when = speak(f"第 {days} 天", f"day {days}")
        yield f"{when}  {speak(step.title, step.title_en)} ({speak(kind.zh, kind.en)})"
        if step.ask:
            asked = [speak(kind.by_name[name].zh, kind.by_name[name].en) for name in step.ask]
            yield f"    {speak('最好也写：', 'better with: ')}{speak('、', ', ').join(asked)}"
        if step.photo:
            yield f"    {speak('拍照：', 'photos: ')}{speak(step.photo, step.photo_en)}"
    yield ""
    for one in season.inputs:
        told = [str(one.fields[name]) for name in ("target", "dose", "method") if name in one.fields]
        if "interval_days" in one.fields:
            interval = one.fields["interval_days"]
            told.append(speak(f"间隔期/休药期 {interval} 天", f"interval {interval} days"))
        yield f"{speak('投入品：', 'input: ')}{one.name}  {speak('，', ', ').join(told)}  [{one.source}]"
    for test in season.tests:
        yield f"{speak('检测：', 'test: ')}{speak(test.title, test.title_en)}  {speak('、', ', ').join(test.analytes)}"


def _title(season: Season, speak: Speech) -> str:
    mark = speak("（示例数据）", " (example data)") if season.demonstration else ""
    return f"{speak(season.title, season.title_en)}{mark}"


def _brief(season: Season) -> dict[str, object]:
    return {
        "name": season.name,
        "title": season.title,
        "title_en": season.title_en,
        "category": season.category,
        "demonstration": season.demonstration,
    }


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Usage("season-day", has=text) from None
