"""docs/trust.md promises nothing that is not tried here, and nothing is tried here that it does not tell."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TRUST = ROOT / "docs/trust.md"
HERE = "tests/attacks/"

_named = re.compile(r"`(test_\w+)\.py::(test_\w+)`").findall


def told() -> list[list[str]]:
    """The rows of its tables, each with its cells."""
    rows = [line for line in TRUST.read_text("utf-8").splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


def tried() -> set[tuple[str, str]]:
    """The tests of this folder: module and function."""
    return {
        (path.stem, node.name)
        for path in Path(__file__).parent.glob("test_*.py")
        if path.name != Path(__file__).name
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_every_test_that_is_named_is_there_and_every_one_is_named() -> None:
    named = {pair for row in told() for pair in _named(row[-1])}
    assert named - tried() == set(), "named in docs/trust.md, and there is no such test"
    assert tried() - named == set(), "not named in docs/trust.md"


def test_every_row_that_says_stopped_or_exposed_names_its_test() -> None:
    rows = [row for row in told() if len(row) == 6 and re.search("stopped|exposed|open", row[2])]
    assert len(rows) > 40
    for row in rows:
        assert re.match(r"\*\*(挡住 · stopped|查得出 · exposed|尚存 · open)\*\*", row[2]), row
        if "open" not in row[2]:
            assert _named(row[-1]), row
