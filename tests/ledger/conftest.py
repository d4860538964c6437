import pytest

from tests.world import World, county


@pytest.fixture
def world() -> World:
    return county()
