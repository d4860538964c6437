"""The published sheets, as they are, into a service as it is run: from the command to the shopper's phone."""

import io
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page

from clients.device import Device
from ledger.identity import grouped
from tests.clients.importer.live import GENGJI, County
from tests.parts.need import need

ROOT = Path(__file__).parents[3]


def imported(device: Device, *files: Path, mapping: Path | None = None, more: tuple[str, ...] = ()) -> tuple[int, Any]:
    options = ["--home", str(device.folder), "--json", *more, *(["--mapping", str(mapping)] if mapping else [])]
    done = subprocess.run(
        [GENGJI, "import", *map(str, files), *options], capture_output=True, text=True, check=False, timeout=120
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


def problems(report: Any, severity: str) -> list[tuple[str, int, str]]:
    return [(p["sheet"], p["line"], p["code"]) for p in report["problems"] if p["severity"] == severity]


def statements(live: County, device: Device) -> int:
    got = httpx.get(f"{live.url}/v1/keys/{device.key.public.kid}/statements").raise_for_status().json()
    return len(got["statements"])


def found(live: County, gtin: str, lot: str) -> Any:
    got = httpx.get(f"{live.url}/v1/batches", params={"product": gtin, "lot": lot}).raise_for_status().json()
    return got["batches"][0]


def test_the_published_sheets(live: County, samples: Path, phone: Page, tmp_path: Path) -> None:
    device = live.joins("Company Distribution Center", "processor")
    # In the worst order: what is shipped first, what was received last.
    sheets = [samples / "pti" / f"{name}.csv" for name in ("shipping", "transformation", "receiving")]

    code, report = imported(device, *sheets, more=("--dry-run",))
    assert code == 1
    assert statements(live, device) == 0
    assert {tuple(one["created"]) for one in report["recorded"]} == {()}

    # The receivers are no parties of the log yet: everything else goes.
    code, report = imported(device, *sheets)
    assert code == 1
    assert problems(report, "bad") == [("shipping.csv", line, "unknown-receiver") for line in (2, 4, 5)]
    assert [one["name"] for one in report["missing_parties"]] == [
        "Customer A Ship To Location",
        "Customer B Ship To Location",
    ]
    assert sorted(one["kind"] for one in report["recorded"]) == sorted(
        ["product.add"] * 5 + ["place.add"] * 2 + ["intake"] * 5 + ["process"]
    )
    first = statements(live, device)
    assert first == 13
    code, report = imported(device, *sheets)
    assert (code, report["recorded"], report["already"], statements(live, device)) == (1, [], 5, first)

    # A registrar registers them, their ids go where the command says, and the rest goes too.
    names = device.folder / "parties.toml"
    for name in ("Customer A Ship To Location", "Customer B Ship To Location"):
        party = live.register(name, "shop")
        names.write_text(names.read_text("utf-8").replace(f'"{name}" = ""', f'"{name}" = "{party}"'), "utf-8")
    code, report = imported(device, *sheets)
    assert (code, problems(report, "bad"), report["already"], report["opened"]) == (0, [], 5, 3)
    assert sorted(one["kind"] for one in report["recorded"]) == sorted(
        ["product.add"] * 2 + ["place.add"] + ["intake"] * 3 + ["ship"] * 3
    )
    assert set(problems(report, "warning")) == {
        ("shipping.csv", 2, "opened"),  # 186 was never received
        ("shipping.csv", 2, "before-made"),  # 187 was shipped the day before it came
        ("shipping.csv", 4, "check-digit"),
        ("shipping.csv", 4, "opened"),  # 188 of another product than the 188 that was received
        ("shipping.csv", 5, "check-digit"),
        ("shipping.csv", 5, "opened"),
        ("transformation.csv", 2, "check-digit"),
    }
    findings = [finding["code"] for one in report["recorded"] for finding in one["findings"]]
    # The sheets are years old, and are stated today.
    assert [code for code in findings if code != "late"] == ["origin-unrecorded"] * 3
    last = statements(live, device)
    code, report = imported(device, *sheets)
    assert (code, report["recorded"], report["already"], statements(live, device)) == (0, [], 8, last)

    # What was received less what was shipped is still there.
    lot = found(live, "10333830000016", "187")
    holdings = httpx.get(f"{live.url}/v1/batches/{lot['mark']}/holdings").raise_for_status().json()
    assert sorted((row["account"], row["amount"], row["unit"]) for row in holdings if row["account"] != "origin") == [
        ("held", "10", "CS"),
        ("transit", "10", "CS"),
    ]

    made = found(live, "30071430011066", "2074562447")
    assert made["quantity"] == "20"
    back = httpx.get(f"{live.url}/v1/batches/{made['mark']}/lineage", params={"direction": "back"})
    graph = back.raise_for_status().json()
    used = found(live, "30071430011059", "2071231339")
    assert [(edge["parent"], edge["child"]) for edge in graph["edges"]] == [(used["chain"], made["chain"])]
    assert "100" in json.dumps(graph["edges"])

    png = httpx.get(f"{live.url}/v1/batches/{made['mark']}/label.png").raise_for_status().content
    (symbol,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(png)))
    (tmp_path / "label.png").write_bytes(png)
    zbar = subprocess.run(
        [need("zbarimg"), "--raw", "--quiet", "-Sdisable", "-Sqrcode.enable", str(tmp_path / "label.png")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert zbar.stdout.strip() == symbol.text
    assert symbol.text.startswith(live.url)
    assert made["mark"] in symbol.text

    answer = phone.goto(symbol.text)
    assert answer is not None
    assert answer.ok
    text = phone.inner_text("body")
    assert "Romaine- 4 pack" in text
    assert grouped(made["code"]) in text or made["code"] in text
    # Persons, phones and who supplied it are for others to see.
    assert "555" not in text.replace(made["code"], "").replace(grouped(made["code"]), "")


MAPPING = """
kind = "intake"
at = "date"
[outputs]
own_code = "code"
lot = "lot"
quantity = "qty"
unit = { value = "kg" }
"""


@pytest.fixture
def sheet(tmp_path: Path) -> tuple[Path, Path]:
    """Twelve rows of two products, and their mapping."""
    rows = "".join(f"2026-03-01,{'AB'[n % 2]},L{n},{n + 1}\n" for n in range(12))
    (tmp_path / "sheet.csv").write_text("date,code,lot,qty\n" + rows, "utf-8")
    (tmp_path / "mapping.toml").write_text(MAPPING, "utf-8")
    return tmp_path / "sheet.csv", tmp_path / "mapping.toml"


def test_killed_anywhere_and_run_again_nothing_is_sent_twice(live: County, sheet: tuple[Path, Path]) -> None:
    device = live.joins("Farm", "farm")
    for what, count, there in (
        ("signing", 0, 0),
        ("signing", 9, 0),  # in the transaction: none of it was signed
        ("signed", 0, 0),
        ("sending", 0, 14),  # all taken by the service, no answer noted
        ("sending", 3, 14),
    ):
        arguments = [str(device.folder), *map(str, sheet), what, str(count)]
        command = [sys.executable, "-m", "tests.clients.importer.dying", *arguments]
        died = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
        assert died.returncode == -signal.SIGKILL, died.stderr
        assert statements(live, device) == there
    code, report = imported(device, sheet[0], mapping=sheet[1])
    assert (code, report["already"], problems(report, "bad")) == (0, 12, [])
    assert [one["lines"] for one in report["recorded"] if one["kind"] == "intake"] == [[n] for n in range(2, 14)]
    assert statements(live, device) == 14


def test_two_imports_at_once_send_each_row_once(live: County, sheet: tuple[Path, Path]) -> None:
    device = live.joins("Farm", "farm")
    options = ["--home", str(device.folder), "--mapping", str(sheet[1]), "--json"]
    running = [
        subprocess.Popen([GENGJI, "import", str(sheet[0]), *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    for one in running:
        _, said = one.communicate(timeout=120)
        assert one.returncode == 0, said.decode()
    assert statements(live, device) == 14


def test_the_command_says_it_in_words(live: County, sheet: tuple[Path, Path], tmp_path: Path) -> None:
    device = live.joins("Farm", "farm")
    table, mapping = sheet
    table.write_text(table.read_text("utf-8") + "soon,A,L99,1\n2026-03-01,A,L98,many\n", "utf-8")
    command = [GENGJI, "import", str(table), "--home", str(device.folder), "--mapping", str(mapping)]
    told = {
        lang: subprocess.run([*command, "--lang", lang], capture_output=True, text=True, check=False, timeout=60)
        for lang in ("zh", "en")
    }
    assert {done.returncode for done in told.values()} == {1}
    assert "sheet.csv:14 [date]  “soon”不是认得的日期" in told["zh"].stdout
    assert "sheet.csv:15 [qty]  “many” is no quantity" in told["en"].stdout
    assert "imported before, not sent again 12" in " ".join(told["en"].stdout.split())
    assert "追溯码" in told["zh"].stdout
    trial = subprocess.run([*command, "--dry-run"], capture_output=True, text=True, check=False, timeout=60)
    assert "可签名的行" in trial.stdout
    assert "追溯码" not in trial.stdout
    # Lines 14 and 15 are bad; the twelve others were sent before.
    row = next(line for line in told["zh"].stdout.splitlines() if line.startswith("sheet.csv ("))
    assert row.split()[-5:] == ["14", "12", "2", "12", "0"]

    for arguments, said in (
        ([str(table)], "sheet-unknown"),
        ([str(tmp_path / "none.csv")], "none.csv"),
        ([str(table), "--mapping", str(table)], "sheet.csv"),
    ):
        done = subprocess.run(
            [GENGJI, "import", *arguments, "--home", str(device.folder), "--lang", "en"],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert ("--mapping" if said == "sheet-unknown" else said) in done.stderr


def test_a_party_that_may_not_is_told_so_by_the_service(live: County, sheet: tuple[Path, Path]) -> None:
    device = live.joins("Carrier", "carrier")
    code, report = imported(device, sheet[0], mapping=sheet[1])
    assert code == 1
    bad = [p for p in report["problems"] if p["severity"] == "bad"]
    assert {p["code"] for p in bad} == {"role"}
    assert [p["line"] for p in bad] == [*range(2, 14)]
    assert all("登记员" in p["reason"] for p in bad)
    command = [GENGJI, "import", str(sheet[0]), "--home", str(device.folder), "--mapping", str(sheet[1])]
    done = subprocess.run([*command, "--lang", "en"], capture_output=True, text=True, check=False, timeout=60)
    assert "The roles held (carrier) do not allow" in done.stdout
    assert "请" not in done.stdout
    assert "trace code" not in done.stdout


def test_an_origin_found_later_is_added_to_what_was_shipped(live: County, tmp_path: Path) -> None:
    device = live.joins("Packers", "processor")
    shop = live.register("Shop", "shop")
    (device.folder / "parties.toml").write_text(f'"Shop" = "{shop}"\n', "utf-8")
    (tmp_path / "ship.csv").write_text("date,gtin,lot,qty,to\n2026-03-02,00614141007349,186,10 CS,Shop\n", "utf-8")
    (tmp_path / "ship.toml").write_text(
        'kind = "ship"\nat = "date"\nunknown_lots = "open"\n'
        '[goods]\ngtin = "gtin"\nlot = "lot"\nquantity = "qty"\n[fields]\nreceiver = "to"\n',
        "utf-8",
    )
    (tmp_path / "come.csv").write_text(
        "date,gtin,lot,qty,from,store,doc\n2026-03-01,00614141007349,186,25 CS,Farm,Store 1,ASN-1\n", "utf-8"
    )
    (tmp_path / "come.toml").write_text(
        'kind = "intake"\nat = "date"\n[outputs]\ngtin = "gtin"\nlot = "lot"\nquantity = "qty"\n'
        '[fields]\nsupplier = "from"\nplace = "store"\n[[fields.refs]]\ntype = { value = "doc" }\nnumber = "doc"\n',
        "utf-8",
    )
    code, report = imported(device, tmp_path / "ship.csv", mapping=tmp_path / "ship.toml")
    assert (code, report["opened"]) == (0, 1)
    assert found(live, "00614141007349", "186")["quantity"] == "10"
    code, report = imported(device, tmp_path / "come.csv", mapping=tmp_path / "come.toml", more=("--dry-run",))
    assert (code, [one["kind"] for one in report["recorded"]]) == (0, ["place.add", "correct"])
    code, report = imported(device, tmp_path / "come.csv", mapping=tmp_path / "come.toml")
    assert (code, report["filled_in"], problems(report, "bad")) == (0, 1, [])
    lot = found(live, "00614141007349", "186")
    assert lot["quantity"] == "25"
    holdings = httpx.get(f"{live.url}/v1/batches/{lot['mark']}/holdings").raise_for_status().json()
    assert {row["account"]: row["amount"] for row in holdings if row["account"] != "origin"} == {
        "held": "15",
        "transit": "10",
    }
    code, report = imported(device, tmp_path / "come.csv", mapping=tmp_path / "come.toml")
    assert (code, report["already"], report["recorded"]) == (0, 1, [])
