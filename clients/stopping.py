"""What stops a batch, by the records that its own bundle carries: recalls, and holds that nobody has released.

The evidence of a batch that was recalled holds as well as any other; who checks it has to read that first.
"""

from collections.abc import Iterator

from ledger.identity import ChainId
from ledger.verdict import Step, Verdict


def stopping(verdict: Verdict) -> list[Step]:
    """The recalls, then the holds, that reach one of the batches asked about, also from another log's bundle.

    A recall reaches what came of its batch unless its ``scope`` is the batch alone, a hold always. What its signer
    took back is gone, and so is a hold that a release answers; a recall stays.
    """
    found = list(_of_one(verdict))
    for other in verdict.others:
        found += stopping(other)
    return sorted(found, key=lambda step: step.statement.kind != "recall")


def _of_one(verdict: Verdict) -> Iterator[Step]:
    gone = set[str]()
    for step in verdict.steps:
        body = step.statement.body
        if step.statement.kind == "correct" and body.get("void") is True:
            gone.add(str(body.get("statement")))
        elif step.statement.kind == "release" and isinstance(answers := body.get("answers"), list):
            gone |= {str(one) for one in answers} - _recalls(verdict)
    asked, line = set(verdict.about), _line(verdict)
    for step in verdict.steps:
        on, kind = set(step.statement.on), step.statement.kind
        if step.statement.hash in gone or kind not in ("recall", "hold"):
            continue
        narrow = kind == "recall" and step.statement.body.get("scope") == "batch"
        if on & (asked if narrow else line):
            yield step


def _recalls(verdict: Verdict) -> set[str]:
    return {str(step.statement.hash) for step in verdict.steps if step.statement.kind == "recall"}


def _line(verdict: Verdict) -> set[ChainId]:
    """The batches asked about and all that they were made of, as far as it is carried."""
    made_of = {chain: step.statement.on for step in verdict.steps for chain in step.statement.created}
    line, waiting = set[ChainId](), [*verdict.about]
    while waiting:
        if (chain := waiting.pop()) not in line:
            line.add(chain)
            waiting += made_of.get(chain, ())
    return line
