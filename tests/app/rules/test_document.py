"""The document of the rules is the one that the program writes, and severities are those that rules have."""

from pathlib import Path

from app.rules import document
from ledger.findings import FINDINGS, STOPPING
from tests.app.rules.stories import STORIES

ROOT = Path(__file__).parents[3]


def test_it_is_current() -> None:
    assert (ROOT / document.PATH).read_text("utf-8") == document.text(), "python -m app.rules.document"


def test_what_stops_is_what_stories_say_stops() -> None:
    assert {code for code, story in STORIES.items() if story.severity == "hold"} == STOPPING
    assert all(f"`{code}`" in document.text() for code in FINDINGS)
