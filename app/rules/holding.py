"""What people stop: a hold and a recall are grounds like any other, until they are released or taken back."""

from collections.abc import Iterator

from app.rules.kernel import Context, Judged, Subject, rule


@rule("on-hold", "hold")
def held(subject: Subject, context: Context) -> Iterator[Judged]:
    """农产品质量安全法 (2022), 食品安全法: an inspector, or whoever made it, stops a batch and says why."""
    for fact in subject.of("hold"):
        params = {"party": fact.actor, "reason": fact.body["reason"], "batch": subject.batch.chain}
        yield Judged("on-hold", fact.index, params, "hold")


@rule("recalled", "recall")
def recalled(subject: Subject, context: Context) -> Iterator[Judged]:
    """食品召回管理办法: called back by an inspector or by whoever made it; how far, what to do, and why."""
    for fact in subject.of("recall"):
        params = {"party": fact.actor, "reason": fact.body["reason"], "batch": subject.batch.chain}
        params |= {"instruction": fact.body["instruction"], "scope": fact.body["scope"]}
        yield Judged("recalled", fact.index, params, "hold")
