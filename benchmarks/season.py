"""Signed statements to measure with: ``devices`` farms, each with its own key and notebook, a season each."""

from pathlib import Path

from app.config import Settings
from ledger.statement import Statement
from tests.app.seeding import seed
from tests.world import World, county, planted


def prepared(data: Path, url: str, devices: int, each: int) -> tuple[Settings, World, list[list[Statement]]]:
    """A data folder whose registry is in place, and for each device ``each`` statements that are not yet sent.

    The season's mix: of six statements two bring a lot in (harvest), four record work on it.
    """
    world = county()
    plots = []
    for number in range(devices):
        name = f"farm-{number}"
        world.register(name, "farm", type_="household")
        plots.append((name, planted(world, name)))
    settings = seed(data, world, url)
    return settings, world, [_season(world, name, plot, each) for name, plot in plots]


def _season(world: World, name: str, plot: str, each: int) -> list[Statement]:
    statements: list[Statement] = []
    lot = ""
    for number in range(each):
        step = number % 6
        if step in (0, 3):
            body = {"inputs": [{"batch": plot}], "outputs": [world.output("tomato", "120.5", grade="一级")]}
            made = world.statement("harvest", name, body, [plot], {"person": "李秀英"})
            (lot,) = made.created
        elif step in (1, 4):
            made = world.statement("store", name, {"location": "A-03"}, [lot], {"person": "李秀英"})
        elif step == 2:
            made = world.statement("observe", name, {"growth_stage": "结果期", "weather": "晴"}, [plot])
        else:
            goods = [{"batch": lot, "quantity": {"unit": "kg", "value": "1.5"}}]
            made = world.statement("dispose", name, {"goods": goods, "reason": "spoiled"}, [lot])
        statements.append(made)
    return statements
