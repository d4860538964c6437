"""A shop's shelf: the stories in a database, the service over it, and somebody who asks."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from fastapi import FastAPI

from app.config import Settings
from app.main import create_app
from ledger.identity import trace_code
from tests.app.public.stories import Story, sauce
from tests.app.seeding import seed
from tests.app.visiting import Visitor, visiting
from tests.parts.service import serving


@dataclass
class Shop:
    """A service whose log holds ``story``, in ``settings.data``."""

    app: FastAPI
    visitor: Visitor
    story: Story
    settings: Settings

    def page(self, name: str) -> str:
        """The path of a batch of the story, by its trace code."""
        return f"/t/{trace_code(getattr(self.story, name))}"


@pytest.fixture(scope="module")
def story() -> Story:
    return sauce()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, story: Story) -> Iterator[str]:
    """Where a service of its own shows the story to a browser."""
    data = tmp_path_factory.mktemp("data")
    seed(data, story.world)
    with serving(data) as (address, _):
        yield address


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One shop for all that only read."""
    story = sauce()
    settings = seed(tmp_path_factory.mktemp("shop"), story.world)
    app = create_app(settings)
    with visiting(app) as visitor:
        yield Shop(app, visitor, story, settings)
