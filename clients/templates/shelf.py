"""Where templates lie: those that are shipped, and a folder of one's own, whose names go first."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from clients.errors import Usage
from ledger.errors import Malformed
from ledger.seasons import Season, parse


def seasons(folder: Path | None = None) -> Mapping[str, Season]:
    """Every template by its name. Raises Malformed for one that is wrong, Usage ``file-encoding``, or OSError."""
    shelves = [files("clients.templates") / "data", *([folder] if folder else [])]
    found = {}
    for shelf in shelves:
        for file in sorted(shelf.iterdir(), key=lambda file: file.name):
            if file.name.endswith(".toml"):
                try:
                    season = parse(file.read_text("utf-8"), file.name)
                except UnicodeDecodeError:
                    raise Usage("file-encoding", path=file.name) from None
                found[season.name] = season
    return found


def season(name: str, folder: Path | None = None) -> Season:
    """Raises Malformed ``no-season``."""
    found = seasons(folder)
    if name not in found:
        raise Malformed("no-season", path="name", has=name, wanted=", ".join(found))
    return found[name]
