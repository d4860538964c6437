"""A small log with a row in every table, and everything that somebody with the database in hands could do to it."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.tables import PROJECTIONS, TRUTH, disclosures
from ledger.canonical import Json
from ledger.origin import Origin
from ledger.statement import Statement
from tests.world import World, county, harvested, kg, planted

TABLES = {
    table.name: [column.name for column in table.c if column.name != "log_id"]
    for table in (*TRUTH, disclosures, *PROJECTIONS)
    if table.name != "logs"
}
KEYS = {
    table.name: [column.name for column in table.primary_key if column.name != "log_id"]
    for table in (*TRUTH, disclosures, *PROJECTIONS)
    if table.name != "logs"
}


def story() -> World:
    """Some five hundred entries: goods made, sent, received, oversold, corrected, by people with names and plates."""
    world = county()
    planting = planted(world)
    many: list[Json] = [world.output("tomato", "1", lot=f"L{number}") for number in range(250)]
    for _ in range(2):
        body: dict[str, Json] = {"inputs": [{"batch": planting}], "outputs": many}
        world.state("harvest", "farm", body, [planting], sealed={"person": "王秀兰"})
        many = [world.output("tomato", "1") for _ in range(246)]
    lot = harvested(world, planting)
    for value in ("300", "200", "100"):
        goods: dict[str, Json] = {"goods": [{"batch": lot, "quantity": kg(value)}]}
        ship = world.state(
            "ship",
            "farm",
            {**goods, "receiver": world.parties["coop"], "carrier": world.parties["carrier"]},
            [lot],
            sealed={"plate": "川A·D5678", "person": "李四"},
        )
        world.state("receive", "coop", {**goods, "shipment": ship.hash}, [lot], sealed={"note": f"收到 {value}"})
        world.state("sell", "shop", {**goods, "channel": "shop"}, [lot], sealed={"note": "从未到店"})
    elsewhere = Origin("log.example.org/other", ship.hash, lot, 40, ship.hash)
    taken = [_taken_in(world, elsewhere, value) for value in ("40", "20")]
    changes: list[dict[str, Json]] = [{"new": {"outputs": [world.output("tomato", "45")]}}, {"void": True}]
    for one, more in zip(taken, changes, strict=True):
        world.state("correct", "coop", {"statement": one.hash, "reason": "过磅", **more}, one.created)
    world.state(
        "correct",
        "farm",
        {"statement": ship.hash, "reason": "重量", "new": {"goods": [{"batch": lot, "quantity": kg("90")}]}},
        [lot],
    )
    hold = world.state("hold", "farm", {"reason": "自查"}, [lot])
    answer: dict[str, Json] = {"answers": [hold.hash], "reason": "查清了"}
    world.state("release", "farm", answer, [lot], sealed={"person": "王秀兰"})
    recall: dict[str, Json] = {"scope": "descendants", "reason": "异味", "instruction": "停止销售"}
    recalled = world.state("recall", "farm", recall, [lot])
    found: list[Json] = [{"batch": lot, "found": kg("90"), "recovered": kg("20")}]
    world.state("acknowledge", "coop", {"about": recalled.hash, "goods": found}, [lot])
    return world


def _taken_in(world: World, elsewhere: Origin, value: str) -> Statement:
    return world.state("intake", "coop", {"from": elsewhere.body(), "outputs": [world.output("tomato", value)]})


class Database(Protocol):
    """What a database driver's connection offers; ``mark`` is its placeholder."""

    mark: str

    def execute(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]: ...


@dataclass(frozen=True)
class File:
    """A SQLite file opened past the service: no triggers, no constraints that could refuse."""

    connection: sqlite3.Connection
    mark: str = "?"

    @classmethod
    def open(cls, path: str) -> "File":
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA ignore_check_constraints=ON")
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        return cls(connection)

    def execute(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, tuple(values)).fetchall()


def rows(database: Database, table: str) -> list[tuple[Any, ...]]:
    """All rows of a table in the order of its key, ``log_id`` left out."""
    columns, keys = ", ".join(TABLES[table]), ", ".join(KEYS[table])
    return database.execute(f"SELECT {columns} FROM {table} ORDER BY {keys}")


def sample(count: int) -> list[int]:
    """Places of rows to meddle with: the first, one in the middle, the last."""
    return sorted({0, count // 2, count - 1})


def changed(value: Any, at: int) -> Iterator[Any]:
    """``value`` with a byte changed, of three at its beginning, middle and end the one that ``at`` says."""
    if value is None:
        yield bytes(32)
        yield "川"
    elif isinstance(value, bool | int):
        yield from (value + 1, value - 1, value + 1_000_003, value ^ 1 << 33)
    elif isinstance(value, bytes):
        place = (0, len(value) // 2, len(value) - 1)[at % 3]
        yield value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :]
    elif value == "":
        yield "x"
    else:
        place = (0, len(value) // 2, len(value) - 1)[at % 3]
        for other in "Ax0":
            if value[place] != other:
                yield value[:place] + other + value[place + 1 :]


def set_field(database: Database, table: str, row: Sequence[Any], column: str, value: Any) -> None:
    where, keys = _where(database, table, row)
    database.execute(f"UPDATE {table} SET {column} = {database.mark} WHERE {where}", [value, *keys])


def delete(database: Database, table: str, row: Sequence[Any]) -> None:
    where, keys = _where(database, table, row)
    database.execute(f"DELETE FROM {table} WHERE {where}", keys)


def insert(database: Database, table: str, row: Sequence[Any]) -> None:
    marks = ", ".join([database.mark] * len(row))
    names = ", ".join(TABLES[table])
    database.execute(f"INSERT INTO {table} (log_id, {names}) VALUES (1, {marks})", row)


def swap(database: Database, table: str, one: Sequence[Any], other: Sequence[Any]) -> bool:
    """Each row under the other's key; False where that is no change."""
    keys = [TABLES[table].index(name) for name in KEYS[table]]
    new_one = [one[i] if i in keys else other[i] for i in range(len(one))]
    new_other = [other[i] if i in keys else one[i] for i in range(len(one))]
    if new_one == list(one):
        return False
    for row in (one, other):
        delete(database, table, row)
    for row in (new_one, new_other):
        insert(database, table, row)
    return True


def key_of(table: str, row: Sequence[Any]) -> list[Any]:
    return [row[TABLES[table].index(name)] for name in KEYS[table]]


def _where(database: Database, table: str, row: Sequence[Any]) -> tuple[str, list[Any]]:
    clauses = " AND ".join(f"{name} = {database.mark}" for name in KEYS[table])
    return clauses, key_of(table, row)
