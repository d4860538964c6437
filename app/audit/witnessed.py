"""The notes that witnesses cosigned: of this log, at roots that the entries come to, and truly signed."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Row

from app.audit.report import Tally
from app.audit.rows import select_raw, stream
from app.audit.signatures import Signed
from app.tables import witnessed
from ledger import b64u
from ledger.checkpoint import Checkpoint, Note, cosigned_message
from ledger.errors import BadProof, BadSignature, LedgerError, Malformed
from ledger.merkle import Hash
from ledger.policy import Policy


def check_witnessed(
    connection: Connection,
    log_id: int,
    policy: Policy,
    tally: Tally,
    sign: Callable[[Signed], None],
    root_at: Callable[[int], Hash | None],
) -> None:
    """Checks every stored note against the roots of the walk; its signatures are handed to ``sign``."""
    for row in stream(connection, select_raw(witnessed, log_id)):
        tally.checked["witnessed"] += 1
        try:
            _check(row, policy, sign, root_at)
        except LedgerError as error:
            tally.fail("witnessed", "witnessed", row.size, row.size - 1 if isinstance(row.size, int) else 0, error)


def _check(
    row: Row[Any], policy: Policy, sign: Callable[[Signed], None], root_at: Callable[[int], Hash | None]
) -> None:
    if not isinstance(row.note, str):
        raise Malformed("note", path="text", wanted="text")
    note, origin = Note.parse(row.note), policy.log.name
    checkpoint = Checkpoint.parse(note.text)
    if checkpoint.origin != origin:
        raise BadProof("checkpoint-origin", has=checkpoint.origin, wanted=origin)
    if checkpoint.size != row.size:
        raise Malformed("changed", path="size", has=str(row.size), wanted=checkpoint.size)
    if (root := root_at(checkpoint.size)) != checkpoint.root:
        wanted = b64u.encode(root) if root is not None else ""
        raise Malformed("changed", path="root", has=b64u.encode(checkpoint.root), wanted=wanted)
    logs = {(vkey.name, vkey.id): vkey for vkey, _ in policy.logs}
    # Who was a witness once and is none any more is passed over, as every verifier does.
    witnesses = {(vkey.name, vkey.id): vkey for vkey in policy.witness_keys}
    signers = {(one.name, one.key_id) for one in note.signatures}
    if not signers & logs.keys():
        wanted = ", ".join(map(str, logs.values()))
        raise BadSignature("note-unsigned", has=len(note.signatures), wanted=wanted)
    for one in note.signatures:
        name, at = (one.name, one.key_id), row.size - 1
        if name in logs:
            sign(Signed("witnessed", "witnessed", row.size, at, logs[name].key, one.value, note.text.encode()))
        elif name in witnesses:
            message = cosigned_message(note.text, int.from_bytes(one.value[:8]))
            sign(Signed("witnessed", "witnessed", row.size, at, witnesses[name].key, one.value[8:], message))
