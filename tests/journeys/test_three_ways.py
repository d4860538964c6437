"""One story, entered by a program, by spreadsheet and by command line: three logs that end in the same state.

Ids and hashes differ, as they must; products, lots, parties, quantities, findings and verdicts may not.
"""

import csv
import io
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.db import connect
from app.tables import batches, findings, grounds, lineage, named, postings, shipments, statements
from clients.cli import run
from clients.client import Client
from clients.device import Device
from clients.importer import blank
from clients.notebook import Notebook
from ledger.canonical import Json
from ledger.identity import ChainId, mark, trace_code
from ledger.records import KINDS
from tests.journeys.land import CHINA, Land, Party, measured, settled

SHOP = "城东菜摊"


@dataclass(frozen=True)
class Step:
    """Who states what of which lots: ``lines`` are those of the kind's tables, ``on`` lots that it is about.

    A value ``@harvest`` is the record of that kind that was stated before.
    """

    who: str
    kind: str
    at: str
    lines: Mapping[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)
    on: Sequence[str] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)


def line(lot: str, quantity: str = "", **more: str) -> Mapping[str, str]:
    return {"lot": lot, **({"quantity": quantity} if quantity else {}), **more}


STORY = (
    Step("coop", "plant", "2026-04-02 08:00", {"outputs": [line("P-1", "6 mu")]}, fields={"plot": "一号地"}),
    Step(
        "coop", "apply", "2026-05-01 16:30", on=["P-1"],
        fields={
            "name": "示例吡虫啉粉剂", "type": "pesticide", "ingredients": ["吡虫啉"], "interval_days": 7,
            "start": "2026-05-01 14:00", "stop": "2026-05-01 16:00",
        },
    ),
    Step(
        "coop", "harvest", "2026-05-05 07:00",
        {"inputs": [line("P-1")], "outputs": [line("FQ-1", "1000 kg", grade="一级")]},
        fields={"origin": "清河镇", "person": "王小芳"},
    ),
    Step(
        "lab", "test", "2026-05-06 09:00", on=["FQ-1"],
        fields={
            "sample_no": "S-1", "type": "quantitative", "conclusion": "pass", "sampler": "林检验",
            "items": {"analyte": "吡虫啉", "value": "0.08", "unit": "mg/kg", "limit": "1", "passed": True},
        },
    ),
    Step("coop", "ship", "2026-05-07 08:00", {"goods": [line("FQ-1", "600 kg")]}, fields={"receiver": SHOP}),
    Step(
        "shop", "receive", "2026-05-07 11:00",
        {"goods": [line("FQ-1", "590 kg")], "short": [line("FQ-1", "10 kg", reason="damaged")]},
        fields={"shipment": "@ship", "certificate_checked": False},
    ),
    Step(
        "coop", "release", "2026-05-08 08:00", on=["FQ-1"],
        fields={"answers": ["@harvest", "@receive"], "reason": "间隔期已满，检测合格", "person": "王小芳"},
    ),
    Step(
        "bureau", "release", "2026-05-08 09:00", on=["FQ-1"],
        fields={"answers": ["@harvest", "@receive"], "reason": "间隔期已满，检测合格", "person": "李娜"},
    ),
    Step(
        "coop", "certify", "2026-05-08 10:00", {"goods": [line("FQ-1", "400 kg")]},
        fields={
            "form": "own", "product_name": "番茄", "origin": "清河镇", "issued": "2026-05-08",
            "basis": ["commissioned"], "tests": ["@test"], "contact": "0718-示例",
        },
    ),
    Step("shop", "sell", "2026-05-09 19:00", {"goods": [line("FQ-1", "650 kg")]}, fields={"channel": "stall"}),
)  # fmt: skip
"""The second release is refused to the co-op, for no certificate was collected: that is the inspector's to lift."""


@dataclass
class Teller:
    """A county of its own for each way; ``enter`` gives a step its form and states it, or is refused."""

    land: Land
    folder: Path
    parties: dict[str, Party] = field(init=False)
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        land = self.land
        coop, shop = land.enrol("清河合作社", "coop", "farm"), land.enrol(SHOP, "company", "shop")
        self.parties = {"coop": coop, "shop": shop, "lab": land.lab, "bureau": land.bureau}
        self.product = coop.product("番茄")
        book = coop.device.notebook.device.folder / "parties.toml"
        book.write_text(f'"{shop.name}" = "{shop.chain}"\n', "utf-8")

    def tell(self, enter: Callable[["Teller", Step], bool]) -> None:
        for step in STORY:
            if not enter(self, step):
                self.refused.append(f"{step.who} {step.kind}")

    def home(self, step: Step) -> Path:
        return self.parties[step.who].device.notebook.device.folder

    def lot(self, lot: str) -> ChainId:
        (found,) = self.land.get("/v1/batches", product=self.product, lot=lot)["batches"]
        return ChainId(found["chain"])

    def value(self, text: Any) -> Any:
        """What ``@kind`` stands for, as anybody can look it up."""
        if isinstance(text, list):
            return [self.value(one) for one in text]
        if isinstance(text, str) and text[:1] == "@":
            events = self.land.get(f"/v1/batches/{self.lot('FQ-1')}/events")
            return next(event["hash"] for event in events if event["kind"] == text[1:])
        return text


# --- the three ways --------------------------------------------------------------------------------------------------


def by_program(teller: Teller, step: Step) -> bool:
    fields: dict[str, Json] = {}
    for table, lines in step.lines.items():
        fields[table] = [program_line(teller, table, one) for one in lines]
    for name, value in step.fields.items():
        value = teller.value(value)
        match name:
            case "start" | "stop":
                value = utc(value)
            case "items":
                value = [value]
            case "receiver":
                value = teller.parties["shop"].chain
        fields[name] = value
    with Notebook(Device.open(teller.home(step))) as notebook, Client(notebook) as client:
        client.state(step.kind, fields, map(teller.lot, step.on), utc(step.at))
        (outcome,) = client.send()
    return outcome.refused is None


def program_line(teller: Teller, table: str, line: Mapping[str, str]) -> dict[str, Json]:
    more: dict[str, Json] = {name: text for name, text in line.items() if name not in ("lot", "quantity")}
    if "quantity" in line:
        value, unit = line["quantity"].split()
        more["quantity"] = measured(value, unit)
    if table == "outputs":
        return {"product": teller.product, "lot": line["lot"], **more}
    return {"batch": teller.lot(line["lot"]), **more}


def utc(local: str) -> str:
    return datetime.fromisoformat(local).replace(tzinfo=CHINA).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def by_command(teller: Teller, step: Step) -> bool:
    words = [f"at={step.at}", *(f"on={trace_code(teller.lot(lot))}" for lot in step.on)]
    for table, lines in step.lines.items():
        words += [
            f"{table}.{name}={text}" for one in lines for name, text in called(teller, table, one, "batch").items()
        ]
    for name, value in step.fields.items():
        if isinstance(value, dict):
            words += [f"{name}.{inner}={cell(text)}" for inner, text in value.items()]
        else:
            words.append(f"{name}={cell(teller.value(value))}")
    return run(["submit", step.kind, *words, "--home", str(teller.home(step))], os.environ) == 0


def by_spreadsheet(teller: Teller, step: Step) -> bool:
    """A row for each line; what stands once for all is on the first of them."""
    rows: list[dict[str, str]] = []
    columns = blank.columns(KINDS[step.kind])
    for number in range(max([1, *map(len, step.lines.values())])):
        row: dict[str, str] = {}
        for column in columns:
            match column.to:
                case ("at",):
                    row[column.head] = step.at
                case ("batch", "on", "code") if step.on:
                    row[column.head] = trace_code(teller.lot(step.on[0]))
                case ("batch", table, key) if len(step.lines.get(table, ())) > number:
                    row[column.head] = called(teller, table, step.lines[table][number], "code").get(key, "")
                case ("field", name):
                    row[column.head] = cell(teller.value(step.fields.get(name, "")))
                case ("field", name, inner) if name in step.fields:
                    row[column.head] = cell(step.fields[name].get(inner, ""))
        rows.append(row)
    written = io.StringIO()
    writer = csv.DictWriter(written, [column.head for column in columns])
    writer.writeheader()
    writer.writerows(rows)
    sheet = teller.folder / f"{step.who} {step.kind}.csv"
    sheet.write_text(written.getvalue(), "utf-8-sig")
    return run(["import", str(sheet), "--home", str(teller.home(step))], os.environ) == 0


def called(teller: Teller, table: str, line: Mapping[str, str], code: str) -> dict[str, str]:
    """A new batch goes by its product and lot, one that is there by the ``code`` on its label."""
    if table == "outputs":
        return {"product": "番茄", "own_code": "番茄", **line} if code == "code" else {"product": "番茄", **line}
    return {code: trace_code(teller.lot(line["lot"])), **{name: text for name, text in line.items() if name != "lot"}}


def cell(value: Any) -> str:
    """As a clerk writes it."""
    if isinstance(value, bool):
        return "是" if value else "否"
    return "、".join(value) if isinstance(value, list) else str(value)


# --- and what they come to -------------------------------------------------------------------------------------------


def test_by_program_by_spreadsheet_and_by_command_line_the_ledger_ends_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ends = []
    for enter in (by_program, by_spreadsheet, by_command):
        folder = tmp_path / enter.__name__
        folder.mkdir()
        with settled(folder, f"trace.example.org/{enter.__name__}") as land:
            teller = Teller(land, folder)
            teller.tell(enter)
            ends.append({**state(teller), "refused": teller.refused})
            land.holds(teller.lot("FQ-1"))
    program, spreadsheet, command = ends
    assert program["refused"] == ["coop release"]
    told = capsys.readouterr().out
    assert ("2026-05-08" in told, "{" in told) == (True, False)
    assert [one for one in program["findings"] if one[0] != "late"] == [
        ("interval", "hold", "FQ-1", "harvest", "release", "released"),
        ("moved-on-hold", "flag", "FQ-1", "ship", "", ""),
        ("certificate-due", "flag", "FQ-1", "ship", "certify", "record"),
        ("certificate-missing", "hold", "FQ-1", "receive", "release", "released"),
        ("over-held", "flag", "FQ-1", "sell", "", ""),
    ]
    assert program["accounts"]["FQ-1", "held", SHOP] == -60_000_000
    assert (program["verdict"], program["certificates"]) == ("doubtful", ["valid"])
    assert spreadsheet == program
    assert command == program


def state(teller: Teller) -> dict[str, Any]:
    """All that follows from the statements, by names: lots, accounts, lineage, findings, grounds, verdicts."""
    engine = connect(f"sqlite:///{teller.land.data / 'ledger.sqlite'}")
    with engine.connect() as connection:
        read = {table.name: list(connection.execute(select(table))) for table in (
            named, batches, lineage, postings, shipments, findings, grounds, statements)}  # fmt: skip
    engine.dispose()
    names: dict[Any, str] = {row.chain: row.name for row in read["named"]}
    names |= {row.chain: row.lot for row in read["batches"]}
    names |= {row.hash: "shipment" for row in read["shipments"]}
    said = {row.first_index: row.kind for row in read["statements"]} | {None: ""}
    sums: dict[tuple[str, str, str], int] = {}
    for row in read["postings"]:
        key = names[row.batch], row.account, names[row.owner]
        sums[key] = sums.get(key, 0) + row.amount
    return {
        "batches": sorted((names[row.chain], names[row.product], row.kind, names[row.party], row.unit, row.made)
                          for row in read["batches"]),
        "accounts": {key: amount for key, amount in sums.items() if amount},
        "lineage": {(names[row.parent], names[row.child], said[row.first_index]) for row in read["lineage"]},
        "shipments": [(names[row.sender], names[row.receiver]) for row in read["shipments"]],
        "findings": [
            (row.code, row.severity, names.get(row.batch), said[row.about], said[row.closed], row.closed_by or "")
            for row in sorted(read["findings"], key=lambda row: (row.first_index, row.line))
        ],
        "grounds": sorted((names[row.batch], said[row.first_index], said[row.until]) for row in read["grounds"]),
        "verdict": teller.land.get(f"/t/{mark(teller.lot('FQ-1'))}")["verdict"]["status"],
        "certificates": [one["state"] for one in teller.land.get(
            f"/v1/batches/{teller.lot('FQ-1')}/certificates")["certificates"]],
    }  # fmt: skip
