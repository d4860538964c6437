"""Verification: the whole list, one function a number (format §8).

    before the walk   1 form · 2 checkpoint · 3 quorum · 4 rollback · 5 inclusion · 6 whose chains · 7 what was asked
    each statement    6 chain · 7 identity · 8 binding, signature · 9 log · 10 key, role · 11 notebook · 12 seen ·
                      13 disclosures; then, and only then, the registry takes it in
    after the walk    13 what is left over · 14 time · 15 heads · 16 origin

What it takes is a bundle and one pin for each log, nothing else: no clock, no network, no database. It stops at the
first failure and names check, reason and record. What it cannot say it remarks on instead of passing it over: nobody
remembered, not covered by the daily heads, another county's log without a pin.
"""

from collections.abc import Iterable, Mapping, Sequence

from ledger.bundle import read
from ledger.checkpoint import Checkpoint
from ledger.errors import LedgerError
from ledger.policy import Pin
from ledger.verdict import Invalid, Rejected, Remark, Step, Unreadable, Verdict
from ledger.verify import after, walk, whole
from ledger.verify.run import Check, Run

__all__ = ["CHECKS", "Check", "Invalid", "Rejected", "Remark", "Step", "Unreadable", "Verdict", "verify"]

CHECKS: Sequence[Check] = (
    Check(1, ("malformed",), "格式严整", "exactly well-formed", before=whole.check_form),
    Check(2, ("checkpoint",), "检查点由总账签名", "checkpoint signed by the log", before=whole.check_checkpoint),
    Check(3, ("quorum",), "见证方足数签名", "enough witnesses signed it", before=whole.check_quorum),
    Check(
        4, ("rollback",), "与上次所见不矛盾", "no contradiction to what was seen before", before=whole.check_rollback
    ),
    Check(5, ("inclusion",), "每笔账目都在总账里", "every entry is in the log", before=whole.check_inclusion),
    Check(
        6, ("chain",), "批次的链一环不缺", "each chain link by link", before=whole.check_chains, each=walk.check_chain
    ),
    Check(
        7,
        ("identity",),
        "正是要查的这一批",
        "the very batch asked for",
        before=whole.check_asked,
        each=walk.check_identity,
    ),
    Check(
        8,
        ("binding", "signature"),
        "每条记录由本人签名",
        "each statement signed by its signer",
        each=walk.check_binding,
    ),
    Check(9, ("wrong-log",), "为这本总账所签", "signed for this log", each=walk.check_log),
    Check(10, ("key", "role"), "签名者当时有权", "the signer was entitled to", each=walk.check_key),
    Check(11, ("notebook",), "签名者的记录没有缺漏颠倒", "each signer's own order kept", each=walk.check_notebook),
    Check(12, ("seen",), "签名者见过的总账没有被改写", "what signers had seen still stands", each=walk.check_seen),
    Check(
        13,
        ("disclosure",),
        "公开的内容与签名相符",
        "what is disclosed is what was sealed",
        each=walk.check_disclosures,
        after=after.check_left_over,
    ),
    Check(14, ("time",), "时间没有倒流", "time never runs back", after=after.check_time),
    Check(15, ("heads",), "没有隐瞒后来的记录", "nothing later was withheld", after=after.check_heads),
    Check(
        16,
        ("origin",),
        "外地来货在当地总账里",
        "what came from another log was shipped there",
        after=after.check_origin,
    ),
)
"""The whole list, in its order."""


def verify(
    text: str | bytes,
    pins: Iterable[Pin],
    *,
    asked: str = "",
    remembered: Iterable[Checkpoint] = (),
    attachments: Mapping[str, bytes] | None = None,
) -> Verdict:
    """What the bundle proves to somebody who has ``pins``.

    ``asked`` is the trace code, mark or chain id that it has to be about, ``remembered`` the newest checkpoint of
    each log that this verifier has seen, ``attachments`` are files by name that the record has to name. Raises
    Unreadable or Invalid.
    """
    data = text if isinstance(text, bytes) else text.encode(errors="surrogatepass")
    try:
        carried = read(data)
    except LedgerError as error:
        raise Unreadable(1, "malformed", str(error.params.get("path", "")), error) from None
    known = {pin.origin: pin for pin in pins}
    heads = {checkpoint.origin: checkpoint for checkpoint in remembered}
    return Run(carried, data, known, CHECKS, asked, heads, attachments or {}).verdict()
