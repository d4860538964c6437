"""The rulebook: all that a batch is judged by.

Each is a small function over a batch as it stands (``kernel``); the docket asks them, opens and closes what they find.
"""

from app.rules import certificates, cold, holding, quantities, residues, testing, timing
from app.rules.kernel import Rule

RULES: tuple[Rule, ...] = (
    holding.held,
    holding.recalled,
    residues.interval,
    residues.banned,
    residues.label,
    testing.failed,
    testing.basis,
    certificates.due,
    certificates.missing,
    certificates.mixed,
    certificates.unnamed,
    quantities.labels,
    quantities.came_out,
    cold.warm,
    timing.journey,
    timing.together,
)
"""All that a batch is judged by. What is said of one statement alone (``goods``, ``timing.late`` and ``elsewhere``,
``origins``) is said where it is posted.
"""
