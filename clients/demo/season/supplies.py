"""What the co-ops buy before the season begins."""

from collections.abc import Mapping

from clients.demo.hands import Hand
from clients.demo.stage import Story
from clients.demo.supplies import BOUGHT, SUPPLIES


def supplies(hands: Mapping[str, Hand]) -> Story:
    yield 0, 6
    for buyer, list_ in BOUGHT.items():
        for name, amount in list_.items():
            hands[buyer].acquire(SUPPLIES[name], amount)
