"""The notes that have a quorum: which stand in the database, who cosigned them, and which one to show.

A note is witnessed when the policy says that those who cosigned it are enough. Where the policy asks for nobody, every
checkpoint is as good as witnessed, and the table stays empty.
"""

from collections.abc import Mapping

from sqlalchemy import Connection, insert, select

from app.tables import checkpoints, witnessed
from ledger.checkpoint import Checkpoint, Note
from ledger.policy import Policy, Witness


def newest_witnessed(connection: Connection, log_id: int, at_most: int | None = None) -> str | None:
    """The stored note of the largest size, at most ``at_most``, that had a quorum when it was stored."""
    query = select(witnessed.c.note).where(witnessed.c.log_id == log_id)
    if at_most is not None:
        query = query.where(witnessed.c.size <= at_most)
    note: str | None = connection.execute(query.order_by(witnessed.c.size.desc()).limit(1)).scalar()
    return note


def published(
    connection: Connection, log_id: int, policy: Policy, latest: str | None, at_most: int | None = None
) -> str | None:
    """The newest note that a verifier with this ``policy`` takes, None before there is one.

    ``latest`` is what the lock holds: nothing newer is ever shown.
    """
    if latest is None or not wants_witnesses(policy):
        if latest is None or at_most is None or Checkpoint.parse(Note.parse(latest).text).size <= at_most:
            return latest
        query = select(checkpoints.c.note).where(checkpoints.c.log_id == log_id, checkpoints.c.size <= at_most)
        older: str | None = connection.execute(query.order_by(checkpoints.c.size.desc()).limit(1)).scalar()
        return older
    note = newest_witnessed(connection, log_id, at_most)
    # The policy may ask for more today than it did when the note was stored.
    return note if note is not None and has_quorum(note, policy) else None


def wants_witnesses(policy: Policy) -> bool:
    """Whether a checkpoint that nobody cosigned is not enough."""
    return not policy.satisfied(())


def has_quorum(note: str, policy: Policy) -> bool:
    """Whether those named below one of our own notes are enough; their signatures were checked when it was stored."""
    return policy.satisfied([witness.vkey for witness in cosigners(note, policy)])


def cosigners(note: str, policy: Policy) -> Mapping[Witness, int]:
    """Who is named below one of our own notes, each with the time of the cosignature, POSIX seconds."""
    known = {(witness.vkey.name, witness.vkey.id): witness for witness in policy.witnesses}
    found: dict[Witness, int] = {}
    for signature in Note.parse(note).signatures:
        witness = known.get((signature.name, signature.key_id))
        if witness is not None:
            found.setdefault(witness, int.from_bytes(signature.value[:8]))
    return found


def keep(connection: Connection, log_id: int, size: int, note: str) -> None:
    """Stores a note with its quorum, unless one of this size is stored: what was shown is not exchanged."""
    there = select(witnessed.c.size).where(witnessed.c.log_id == log_id, witnessed.c.size == size)
    if connection.execute(there).first() is None:
        connection.execute(insert(witnessed), {"log_id": log_id, "size": size, "note": note})
