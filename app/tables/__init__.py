"""Every table. Constraints carry the law: what two rows may not both say, the database refuses.

Every key leads with ``log_id``, so that one database may hold many counties' logs and be spread by it. Ids and
hashes are 32 bytes in the database and b64u in Python (``Digest``).
"""

from app.tables.columns import Digest, metadata
from app.tables.evidence import attachments, erasures, origins, scrubs, witnessed
from app.tables.people import accounts, contacts, followed, held_keys, outbox, sessions
from app.tables.projections import (
    PROJECTIONS,
    answers,
    arrivals,
    batches,
    findings,
    grounds,
    lineage,
    named,
    postings,
    shipments,
)
from app.tables.rules import rule_changes, rule_runs, rule_tables
from app.tables.truth import TRUTH, checkpoints, disclosures, entries, logs, statements, tile_hashes

__all__ = [
    "PROJECTIONS",
    "TRUTH",
    "Digest",
    "accounts",
    "answers",
    "arrivals",
    "attachments",
    "batches",
    "checkpoints",
    "contacts",
    "disclosures",
    "entries",
    "erasures",
    "findings",
    "followed",
    "grounds",
    "held_keys",
    "lineage",
    "logs",
    "metadata",
    "named",
    "origins",
    "outbox",
    "postings",
    "rule_changes",
    "rule_runs",
    "rule_tables",
    "scrubs",
    "sessions",
    "shipments",
    "statements",
    "tile_hashes",
    "witnessed",
]
