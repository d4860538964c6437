"""Checks 1 to 5, and what 6 and 7 ask of the whole: before any statement is looked at."""

from ledger import b64u
from ledger.bundle import form
from ledger.checkpoint import Checkpoint, Note, VKey, open_note, verify_signature
from ledger.errors import BadProof
from ledger.identity import mark, trace_code
from ledger.merkle import verify_inclusion
from ledger.verdict import Remark
from ledger.verify.run import Run


def check_form(run: Run) -> None:
    """1: written exactly as a bundle is written."""
    # The bundles in ``others`` are parts of these bytes: their form was asked with the outermost one's.
    if run.depth == 0:
        form(run.bundle, run.data)


def check_checkpoint(run: Run) -> None:
    """2: the checkpoint is the pinned log's, by its signature."""
    run.record = "checkpoint"
    origin = run.pin.origin
    note, _ = open_note(run.bundle.checkpoint, [vkey for vkey, _ in run.pin.policy.logs])
    if Checkpoint.parse(note.text).origin != origin:  # pragma: no cover - the pin was chosen by it
        raise BadProof("checkpoint-origin", has=run.checkpoint.origin, wanted=origin)


def check_quorum(run: Run) -> None:
    """3: as many of the policy's witnesses signed it as the policy asks for; who of them signed, signed well."""
    run.record = "checkpoint"
    note, policy = Note.parse(run.bundle.checkpoint), run.pin.policy
    witnesses = {(one.vkey.name, one.vkey.id): one for one in policy.witnesses}
    cosigned: set[VKey] = set()
    for signature in note.signatures:
        witness = witnesses.get((signature.name, signature.key_id))
        if witness is not None:
            time = verify_signature(note.text, signature, witness.vkey)
            cosigned.add(witness.vkey)
            run.witnessed[witness.name] = max(time or 0, run.witnessed.get(witness.name, 0))
    if not policy.satisfied(cosigned):
        raise BadProof("quorum", path="checkpoint", has=len(cosigned), wanted=policy.quorum)


def check_rollback(run: Run) -> None:
    """4: it does not contradict the checkpoint that this verifier remembers."""
    run.record = "checkpoint"
    known, new = run.remembered.get(run.checkpoint.origin), run.checkpoint
    if known is None:
        run.remarks.append(Remark("first-sight", "checkpoint"))
    elif new.size < known.size:
        run.remarks.append(Remark("older", "checkpoint", {"has": new.size, "wanted": known.size}))
    elif new.size == known.size:
        if new.root != known.root:
            raise BadProof("rollback", path="checkpoint", has=b64u.encode(new.root), wanted=b64u.encode(known.root))
    else:
        run.want_consistent(known.size, b64u.encode(known.root), "checkpoint")


def check_inclusion(run: Run) -> None:
    """5: every entry stands in the log where it says."""
    size, root = run.checkpoint.size, run.checkpoint.root
    for place, proven in enumerate(run.bundle.entries):
        run.record = f"entries[{place}]"
        verify_inclusion(proven.entry.hash(), proven.index, size, proven.proof, root)


def check_chains(run: Run) -> None:
    """6, of the whole: it carries the chains of these batches, their ancestors and signers, and no others."""
    carried = {proven.entry.chain for proven in run.bundle.entries}
    if strangers := carried - run.allowed():
        raise BadProof("chain-stranger", path="entries", has=min(strangers))


def check_asked(run: Run) -> None:
    """7, of the whole: it is about what was asked for, and carries that."""
    carried = {proven.entry.chain for proven in run.bundle.entries}
    for chain in run.bundle.about:
        if chain not in carried:
            raise BadProof("identity", path="about", has=chain, wanted="a chain carried")
    if run.asked and not any(run.asked in (chain, mark(chain), trace_code(chain)) for chain in run.bundle.about):
        about = ", ".join(trace_code(chain) for chain in run.bundle.about)
        raise BadProof("not-asked", path="about", has=about, wanted=run.asked)
