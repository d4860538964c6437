"""``/v1/templates``: the usual steps of a crop or a herd, for forms that are half filled in before anybody begins.

Those that are shipped, and those in ``DATA/templates``, whose names go first; read once, at the start.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from fastapi import APIRouter, Response

from app.errors import NotFound
from app.wire import as_json
from ledger.seasons import Season, parse


@dataclass(frozen=True, slots=True)
class SeasonView:
    """A template in a list; its own page has its steps."""

    name: str
    title: str
    title_en: str
    category: str
    source: str
    demonstration: bool
    """Whether its figures are examples and no rule to follow."""
    steps: int


def read(data: Path) -> Mapping[str, Season]:
    """Every template by its name. Raises Malformed with file and line for one that is wrong."""
    shelves: list[Traversable] = [files("clients") / "templates" / "data"]
    if (data / "templates").is_dir():
        shelves.append(data / "templates")
    found = {}
    for shelf in shelves:
        for file in sorted(shelf.iterdir(), key=lambda file: file.name):
            if file.name.endswith(".toml"):
                season = parse(file.read_text("utf-8"), file.name)
                found[season.name] = season
    return found


def router(seasons: Mapping[str, Season]) -> APIRouter:
    """The routes over templates that are read."""
    routes = APIRouter()
    briefs = [
        SeasonView(one.name, one.title, one.title_en, one.category, one.source, one.demonstration, len(one.steps))
        for one in seasons.values()
    ]

    @routes.get("/v1/templates", response_model=list[SeasonView], tags=["kinds"], summary="一季的模板 · templates")
    def templates() -> Response:
        return as_json(briefs)

    @routes.get("/v1/templates/{name}", tags=["kinds"], summary="一个模板 · its steps, inputs, tests and yield")
    def template(name: str) -> Response:
        if name not in seasons:
            raise NotFound("no-season", path="name", has=name[:80], wanted=", ".join(seasons))
        return as_json(seasons[name])

    return routes
