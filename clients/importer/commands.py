"""``gengji import``: the command, and how its report is told."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from clients.commands import DEFAULT, Options, open_client, speech, writing
from clients.importer import blank, importing
from clients.importer import mapping as mappings
from clients.importer.catalogue import Parties
from clients.importer.importing import OWN, Recorded, Report
from clients.importer.problems import BadMapping, BadSheet, say
from clients.speech import Speech
from ledger.errors import Malformed
from ledger.identity import grouped
from ledger.records import KINDS


def import_sheets(
    files: Annotated[list[Path], Parameter(help="csv 或 xlsx 表格 · sheets, csv or xlsx")],
    /,
    *,
    mapping: Annotated[Path | None, Parameter(help="列对应文件 · mapping file, see docs/import.md")] = None,
    parties: Annotated[Path | None, Parameter(help="名称与主体编号 · names and party ids (HOME/parties.toml)")] = None,
    dry_run: Annotated[bool, Parameter(negative="", help="只检查，不签名 · show the findings, sign nothing")] = False,
    options: Options = DEFAULT,
) -> int:
    """导入表格 · read sheets (csv, xlsx), sign what they say and send it; run again, it sends nothing twice.

    PTI 三张表和 gengji sheet 的表直接认得 · the three PTI sheets and those of gengji sheet are known; any other needs a
    mapping file. Bad rows are reported and the others sent.

    Example: gengji import receiving.csv transformation.csv shipping.csv
    """
    speak = speech(options)
    try:
        chosen = mappings.read(mapping) if mapping else None
        known = Parties(parties or options.home / "parties.toml")
        with open_client(options) as client:
            report = importing.run(
                client,
                files,
                known,
                lambda total: speak.counting(total, "导入", "importing"),
                mapping=chosen,
                trial=dry_run,
            )
    except (BadSheet, BadMapping) as error:
        Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(say(error, speak.lang))
        return 2
    if options.json:
        speak.document(importing.as_json(report, speak.lang))
    else:
        _tell(report, known, speak)
    return 1 if report.bad else 0


def blank_sheet(
    kind: Annotated[str, Parameter(help="记录种类 · the kind of record, such as apply")],
    /,
    *,
    output: Annotated[Path | None, Parameter(name=["-o", "--output"], help="写到 · the file to write, csv")] = None,
    options: Options = DEFAULT,
) -> int:
    """空白表格 · an empty sheet for a kind of record; filled in, gengji import knows it by its first head.

    不用的列可以删掉 · columns that you don't need may be taken out. 不写 -o 只列出各列填什么 · without -o it only says
    what belongs in each.

    Example: gengji sheet apply -o spraying.csv
    """
    speak = speech(options)
    found = KINDS.get(kind)
    if found is None or found.stage == "registry":
        raise Malformed("kind", path="kind", has=kind[:80])
    listed = blank.columns(found)
    if output is not None:
        with writing(output):
            output.write_text(blank.text(found), "utf-8")
    if options.json:
        told = [{"head": one.head, "help": speak(one.help_zh, one.help_en), "required": one.required} for one in listed]
        speak.document({"kind": found.name, "columns": told, "file": str(output) if output else None})
        return 0
    console = Console(soft_wrap=True, highlight=False, markup=False)
    console.print(f"{_kind(kind, speak)}{speak('：', ': ')}{speak(found.help_zh, found.help_en)}")
    for one in listed:
        console.print(f"{'*' if one.required else ' '} {one.head}  {speak(one.help_zh, one.help_en)}")
    if output is not None:
        speak.line("已写入", "written", str(output))
    return 0


def _tell(report: Report, parties: Parties, speak: Speech) -> None:
    console = Console(soft_wrap=True, highlight=False, markup=False)
    said = [one for one in report.recorded if one.kind not in OWN]
    console.print(_summary(report, speak))
    # A trial signs nothing: what it would be called is not known yet.
    made = [] if report.trial else [(one, each) for one in said for each in one.created]
    for one, each in made[:20]:
        code = f"{speak('追溯码', 'trace code')} {grouped(each.trace_code)}"
        console.print(f"✓ {_where(one, speak)}  {_kind(one.kind, speak)}  {code}")
    if len(made) > 20:
        console.print(speak(f"  … 另有 {len(made) - 20} 个批次", f"  … and {len(made) - 20} more batches"))
    for one in report.recorded:
        for finding in one.findings:
            console.print(f"! {_where(one, speak)}  {_kind(one.kind, speak)}  {finding.say(speak.lang)}")
    for name, problem in report.problems:
        sign = "✗" if problem.severity == "bad" else "!"
        column = f" [{problem.column}]" if problem.column else ""
        where = f"{name}:{problem.line}" if name else _earlier(speak)
        console.print(f"{sign} {where}{column}  {problem.reason(speak.lang)}")
    if report.missing_parties:
        _tell_missing(report, parties, speak, console)


def _tell_missing(report: Report, parties: Parties, speak: Speech, console: Console) -> None:
    console.print()
    console.print(speak("还不认识的收货方：", "Receivers that are not known yet:"))
    for party in report.missing_parties:
        console.print(f"  · {party.name}" + (f"  ({party.number})" if party.number else ""))
    console.print(
        speak(
            f"请把它们的主体编号写进 {parties.path}（没有登记的，请登记员先登记），再运行同一条命令：已发送的不会重发，"
            "这几行会补发。",
            f"Put their party ids into {parties.path} (have a registrar register those that have none) and run the"
            " same command again: nothing is sent twice, and these rows will be.",
        )
    )


def _summary(report: Report, speak: Speech) -> Table:
    done = speak("可签名的行", "rows to sign") if report.trial else speak("已发送的行", "rows sent")
    table = Table(box=None, pad_edge=False)
    heads = (
        speak("表格", "sheet"),
        speak("行", "rows"),
        done,
        speak("有误的行", "bad rows"),
        # Several rows may be one record.
        speak("合成记录", "making records"),
        speak("提醒", "warnings"),
    )
    for head in heads:
        table.add_column(head)
    for name, count in report.rows.items():
        own = [one for one in report.recorded if one.sheet == name and one.kind not in OWN]
        bad = {line for sheet, one in report.bad if sheet == name for line in (one.line, *one.lines)}
        told = {line for one in own for line in one.lines}
        warnings = [p for sheet, p in report.problems if sheet == name and p.severity == "warning"]
        title = f"{name} ({report.titles[name]})"
        table.add_row(title, *(str(number) for number in (count, len(told), len(bad), len(own), len(warnings))))
    notes = [
        (report.already, speak("先前已导入、没有重发的记录", "records imported before, not sent again")),
        (report.opened, speak("来源未记录的批次", "lots opened without a recorded origin")),
        (report.filled_in, speak("补上了来源的批次", "lots whose origin was added")),
    ]
    table.caption = " · ".join(f"{words} {count}" for count, words in notes if count) or None
    table.caption_justify = "left"
    return table


def _where(one: Recorded, speak: Speech) -> str:
    return f"{one.sheet}:{','.join(map(str, one.lines))}" if one.sheet else _earlier(speak)


def _earlier(speak: Speech) -> str:
    return speak("先前签名的记录", "signed earlier")


def _kind(name: str, speak: Speech) -> str:
    return speak(KINDS[name].zh, KINDS[name].en)
