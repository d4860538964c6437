"""The season's stories by name; each is told by the hands of the county, by their keys."""

from clients.demo.season import eggs, fruit, pork, rice, tea, vegetables
from clients.demo.season.supplies import supplies
from clients.demo.season.tea import BEST

__all__ = ["BEST", "STORIES"]

STORIES = {
    "supplies": supplies,
    **vegetables.STORIES,
    **fruit.STORIES,
    **tea.STORIES,
    **rice.STORIES,
    **eggs.STORIES,
    **pork.STORIES,
}
