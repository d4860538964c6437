"""`gengji demo` as it is run: on a fresh folder, again, on somebody else's, and broken off."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select

from app.db import connect
from app.tables import (
    accounts,
    answers,
    batches,
    disclosures,
    entries,
    findings,
    logs,
    named,
    postings,
    statements,
    witnessed,
)
from clients.demo.county import ACCOUNTS, DIVISION, MARK, ORIGIN, PARTIES
from clients.demo.stage import DAYS
from ledger import b64u
from ledger.canonical import Json
from ledger.checkpoint import VKey, open_checkpoint
from ledger.policy import Pin
from ledger.records import KINDS
from ledger.statement import Statement, parse
from tests.parts.postgres import database

LIMIT = 180
OPEN = {
    "over-held": "辣椒",
    "origin-unrecorded": "生姜",
    "certificate-missing": "生姜",
    "moved-on-hold": "生姜",
    "over-limit": "猪腿肉 香肠",
    "on-hold": "鲜鸡蛋",
}
"""What is still found of which goods when the season is over: two deliberate wrongs, a failed sample, a hold."""
GOODS = {name for name, kind in KINDS.items() if kind.stage != "registry"}


def gengji(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("gengji"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)


@dataclass(frozen=True)
class Loaded:
    """A demonstration that was loaded: its folder, its database, what it said."""

    data: Path
    url: str
    told: dict[str, Any]

    def rows(self, table: Table) -> list[Any]:
        engine = connect(self.url)
        with engine.connect() as connection:
            rows = list(connection.execute(select(table)))
        engine.dispose()
        return rows

    def statements(self) -> list[Statement]:
        return [parse(row.jws) for row in self.rows(statements)]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    data = tmp_path_factory.mktemp("demo") / "var"
    done = gengji("demo", "--data", data, "--json")
    assert done.returncode == 0, done.stderr
    return Loaded(data, f"sqlite:///{data / 'ledger.sqlite'}", json.loads(done.stdout))


def whole(loaded: Loaded) -> None:
    """All of the season is there, and nothing twice."""
    kinds = Counter(statement.kind for statement in loaded.statements())
    assert kinds.keys() >= GOODS
    assert kinds["party.register"] == len(PARTIES) + 2
    assert kinds["log.heads"] >= 1
    assert kinds["place.add"] == sum(len(party.places) for party in PARTIES)
    assert sum(row.kind == "lot" for row in loaded.rows(batches)) == 52
    found, names = loaded.rows(findings), {row.chain: row.name for row in loaded.rows(named)}
    called = {row.chain: names[row.product] for row in loaded.rows(batches) if row.product}
    still: dict[str, list[str]] = defaultdict(list)
    for row in found:
        if row.closed is None:
            still[row.code].append(called[row.batch])
    assert {code: " ".join(sorted(goods)) for code, goods in still.items()} == OPEN
    assert Counter((row.code, row.closed_by) for row in found if row.closed is not None) == {
        ("cold-chain", "released"): 1,
        ("recalled", "released"): 1,
    }
    assert sorted(row.login for row in loaded.rows(accounts)) == sorted(one.login for one in ACCOUNTS)


def test_the_whole_season_stands(loaded: Loaded) -> None:
    whole(loaded)
    (log,) = loaded.rows(logs)
    assert (log.origin, log.demonstration) == (ORIGIN, True)


def test_the_recall_is_over_and_the_drill_has_its_report(loaded: Loaded) -> None:
    said = [statement for statement in loaded.statements() if statement.kind in ("recall", "drill", "acknowledge")]
    drill, report, recall = sorted((one for one in said if one.kind != "acknowledge"), key=lambda one: one.at)
    assert report.body["outcome"]["drill"] == drill.hash
    assert Counter((row.about, row.kind) for row in loaded.rows(answers)) >= Counter(
        {(recall.hash, "acknowledge"): 3, (recall.hash, "release"): 1, (drill.hash, "acknowledge"): 2}
    )
    # What is still called back while it is loaded must not be overdue already.
    assert recall.body["deadline"] > datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_every_batch_sums_to_zero_and_only_the_chillies_are_short(loaded: Loaded) -> None:
    held: Counter[tuple[str, str]] = Counter()
    sums: Counter[str] = Counter()
    for row in loaded.rows(postings):
        sums[row.batch] += row.amount
        if row.account in ("held", "transit"):
            held[row.batch, row.owner] += row.amount
    assert set(sums.values()) == {0}
    assert [amount for amount in held.values() if amount < 0] == [-60_000_000]
    assert not [owner for (_, owner), amount in held.items() if amount and owner not in parties(loaded)], "on the road"


def test_two_supervising_sides_have_cosigned_it(loaded: Loaded) -> None:
    policy = Pin.parse((loaded.data / "policy.json").read_text()).policy
    assert [one.name.endswith(MARK) for one in policy.witnesses] == [True, True]
    assert not policy.satisfied(policy.witness_keys[:1])
    newest = max(loaded.rows(witnessed), key=lambda row: int(row.size))
    _, signed = open_checkpoint(newest.note, policy.log, policy.witness_keys)
    assert policy.satisfied(signed)
    folders = [VKey.parse(path.read_text().strip()) for path in loaded.data.glob("witnesses/*/witness.vkey")]
    assert set(folders) == set(policy.witness_keys)


def parties(loaded: Loaded) -> dict[str, str]:
    return {row.chain: row.name for row in loaded.rows(named) if row.type == "party"}


def test_each_party_is_marked_and_signs_with_its_own_key(loaded: Loaded) -> None:
    names = parties(loaded)
    assert all(name.endswith(MARK) for name in names.values() if name != ORIGIN)
    signed = loaded.statements()
    keys = defaultdict(set)
    for statement in signed:
        keys[statement.iss].add(statement.kid)
    root = keys.pop(next(statement.created[0] for statement in signed if statement.kind == "log.open"))
    assert len(root) == 2, "the root acts that let in the registrar and the operator"
    del keys[None]
    assert {len(kids) for kids in keys.values()} == {1}
    assert len(keys) == 2 + sum(party.agent is None for party in PARTIES)
    headers = {json.loads(b64u.decode(statement.jws.split(".")[0]))["alg"] for statement in signed}
    assert headers == {"Ed25519", "ES256"}
    assert {statement.kind for statement in signed if statement.for_} >= {"plant", "harvest", "ship", "place.add"}
    registered = [statement.body["profile"] for statement in signed if statement.kind == "party.register"]
    assert {profile["division"] for profile in registered} == {DIVISION}
    assert DIVISION.startswith("99")


def test_times_lie_in_the_season_and_intervals_were_kept(loaded: Loaded) -> None:
    now = datetime.now(UTC)
    first, last = ((now + timedelta(days=days)).isoformat()[:10] for days in (-DAYS - 1, 0))
    signed = loaded.statements()
    stops: dict[str, list[datetime]] = defaultdict(list)
    for statement in signed:
        if statement.kind == "log.open" or statement.iss is None:
            continue
        assert first <= statement.at[:10] <= last
        assert 0 <= statement.iat - moment(statement.at).timestamp() < 60, "a device's clock shows the season's time"
        if statement.kind == "apply":
            free = moment(statement.body["stop"]) + timedelta(days=statement.body.get("interval_days", 0))
            for chain in statement.on:
                stops[chain].append(free)
    harvests = [statement for statement in signed if statement.kind == "harvest"]
    assert harvests
    for statement in harvests:
        assert all(free <= moment(statement.at) for chain in statement.on for free in stops[chain])


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_batch_is_told_in_the_order_in_which_it_happened(loaded: Loaded) -> None:
    at = {row.first_index: parse(row.jws) for row in loaded.rows(statements)}
    before: dict[str, str] = {}
    for row in sorted(loaded.rows(entries), key=lambda row: row.log_index):
        if at[row.first_index].kind in GOODS:
            assert before.get(row.chain, "") <= at[row.first_index].at
            before[row.chain] = at[row.first_index].at


def test_what_is_sealed_stands_in_no_public_form(loaded: Loaded) -> None:
    public = "".join(b64u.decode(statement.jws.split(".")[1]).decode() for statement in loaded.statements())
    sealed = [json.loads(b64u.decode(row.disclosure)) for row in loaded.rows(disclosures)]
    assert {name for _, name, _ in sealed} >= {"person", "plate", "price", "position", "driver", "supplier_contact"}
    for _, _, value in sealed:
        assert not [text for text in texts(value) if text in public]


def texts(value: Json) -> Iterator[str]:
    """What a reader would recognise: a name, a plate, a price, a coordinate."""
    if isinstance(value, str):
        yield f'"{value}"'
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)


def test_it_tells_what_to_try_and_who_may_sign_in(loaded: Loaded) -> None:
    told = json.loads((loaded.data / "demonstration.json").read_text())
    assert {**told, "loaded": True} == loaded.told
    codes = {row.code for row in loaded.rows(batches)}
    assert {told["code"], *(shown["code"] for shown in told["codes"])} <= codes
    assert "绿茶" in told["codes"][0]["what"]
    assert [one["login"] for one in told["sign_ins"]] == [account.login for account in ACCOUNTS]


def test_the_audit_finds_nothing(loaded: Loaded) -> None:
    done = gengji("audit", "--data", loaded.data)
    assert done.returncode == 0, done.stdout + done.stderr


def test_run_again_it_says_so_and_changes_nothing(loaded: Loaded) -> None:
    before = (loaded.data / "demonstration.json").stat()
    done = gengji("demo", "--data", loaded.data, "--lang", "zh")
    assert done.returncode == 0
    assert "没有改动" in done.stdout
    whole(loaded)
    assert (loaded.data / "demonstration.json").stat() == before


def test_it_loads_into_postgresql(tmp_path: Path, postgres: str) -> None:
    with database(postgres) as url:
        done = gengji("demo", "--data", tmp_path / "var", "--database-url", url, "--json")
        assert done.returncode == 0, done.stderr
        whole(Loaded(tmp_path / "var", url, json.loads(done.stdout)))


def test_a_folder_with_another_log_is_left_alone(tmp_path: Path) -> None:
    assert gengji("init", "--origin", "trace.example.org/real", "--data", tmp_path).returncode == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    done = gengji("demo", "--data", tmp_path, "--lang", "zh")
    assert done.returncode == 1
    assert "不能与真实数据放在一起" in done.stderr
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_folder_with_anything_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "gengji.toml").write_text("port = 8001\n")
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "notes.txt").write_text("mine")
    done = gengji("demo", "--data", tmp_path, "--lang", "zh")
    assert done.returncode == 1
    assert str(tmp_path / "demo") in done.stderr
    (tmp_path / "demo" / "notes.txt").rename(tmp_path / "notes.txt")
    done = gengji("demo", "--data", tmp_path, "--lang", "zh")
    assert done.returncode == 1
    assert str(tmp_path / "notes.txt") in done.stderr
    assert {path.name for path in tmp_path.rglob("*")} == {"gengji.toml", "demo", "notes.txt"}


def test_the_devices_find_the_service_where_it_will_be(loaded: Loaded) -> None:
    def urls() -> set[str]:
        found = [*(loaded.data / "demo").glob("*/identity.json")]
        assert len(found) == 3 + sum(party.agent is None for party in PARTIES)
        return {json.loads(path.read_bytes())["url"] for path in found}

    assert urls() == {"http://127.0.0.1:8000"}
    assert gengji("demo", "--data", loaded.data, "--url", "http://127.0.0.1:8123").returncode == 0
    assert urls() == {"http://127.0.0.1:8123"}


def test_a_database_with_another_log_is_left_alone(tmp_path: Path) -> None:
    real, url = tmp_path / "real", f"sqlite:///{tmp_path / 'real' / 'ledger.sqlite'}"
    assert gengji("init", "--origin", "trace.example.org/real", "--data", real).returncode == 0
    for _ in range(2):
        done = gengji("demo", "--data", tmp_path / "demo", "--database-url", url)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
    assert [row.origin for row in Loaded(real, url, {}).rows(logs)] == ["trace.example.org/real"]


@pytest.mark.parametrize("enough", [1, 250])  # while the log is opened; in the middle of the season
def test_broken_off_it_goes_on_where_it_was(tmp_path: Path, enough: int) -> None:
    data = tmp_path / "var"
    command = [Path(sys.executable).with_name("gengji"), "demo", "--data", data]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as program:
        while recorded(data / "ledger.sqlite") < enough:
            with contextlib.suppress(subprocess.TimeoutExpired):
                pytest.fail(f"it ended before it could be broken off: {program.communicate(timeout=0.02)[1]}")
        os.kill(program.pid, signal.SIGKILL)
    done = gengji("demo", "--data", data, "--json")
    assert done.returncode == 0, done.stderr
    whole(Loaded(data, f"sqlite:///{data / 'ledger.sqlite'}", json.loads(done.stdout)))


def recorded(ledger: Path) -> int:
    if not ledger.exists():
        return 0
    with contextlib.closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as database_:
        try:
            return int(database_.execute("SELECT count(*) FROM statements").fetchone()[0])
        except sqlite3.OperationalError:
            return 0
