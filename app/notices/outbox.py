"""The outbox: what is to be told to which contact, what became of it, and who sends it now.

A row waits until ``done``: sent then, or given up with the ``error`` that was the last. It is claimed by writing down
beforehand when it would be tried again, so that whoever dies while sending has lost nothing, and no two send it at
once: it is sent at least once, always under the same id.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, case, func, insert, select, update

from app.stored import chunks
from app.tables import contacts, logs, outbox, statements
from ledger.identity import ChainId, StatementHash

BACK_OFF = (60_000, 300_000, 1_800_000, 7_200_000, 43_200_000)
"""How long, in ms, after each failure it is tried again; after the last it is given up."""

TRIES = len(BACK_OFF) + 1

LEASE = 60_000
"""How long, in ms, whoever makes the last try has for it."""

REASONS = {
    "address": ("地址写法不对", "the address is malformed"),
    "unknown-host": ("找不到这个网址的主机", "no such host"),
    "private": ("地址在内部网络，不能发送", "the address is in a private network"),
    "connection": ("连不上对方", "no connection"),
    "tls": ("对方的证书不可信", "the other side's certificate is not trusted"),
    "timeout": ("对方没有按时答复", "no answer in time"),
    "redirect": ("对方要求转到别处，没有跟随", "sent elsewhere, which is not followed"),
    "status": ("对方答复出错", "the other side answered with an error"),
    "mail-off": ("服务没有设置邮件服务器", "the service has no mail server"),
    "mail-login": ("邮件服务器不接受账号", "the mail server refused the sign-in"),
    "mail-refused": ("邮件服务器拒收", "the mail server refused the letter"),
    "secret": ("签名密钥打不开，请删除后重新添加", "the secret can't be opened: remove the contact and add it again"),
    "interrupted": ("发送时服务中断", "the service was interrupted while sending"),
    "removed": ("联系方式已删除", "the contact was removed"),
    "failed": ("发送出错", "sending failed"),
}
"""Why a notice did not arrive, by the first word of ``error``."""

REMOVED = "removed"
"""The error of what waited for a contact that is no more."""

STATES = {
    "sent": ("已送达", "delivered"),
    "waiting": ("待发送", "waiting"),
    "given-up": ("已放弃", "given up"),
    "dropped": ("已取消", "withdrawn"),
}


class Queued(NamedTuple):
    """One notice to one contact; ``first_index`` −1 where it is about no statement."""

    contact_id: str
    party: ChainId
    first_index: int
    event: str
    payload: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """A notice that is ours to send now; ``channel`` is None where its contact was removed."""

    number: int
    tries: int
    payload: str
    contact_id: str
    channel: str | None
    address: str
    secret: str


def queue(connection: Connection, log_id: int, notices: Iterable[Queued], now: int) -> int:
    """Puts in what is not there yet; how many those were. In the transaction of whoever asks."""
    wanted = {(one.first_index, one.event, one.contact_id): one for one in notices}
    if not wanted:
        return 0
    # One at a time: numbers are counted on.
    connection.execute(select(logs.c.log_id).where(logs.c.log_id == log_id).with_for_update(key_share=True))
    for some in chunks({index for index, _, _ in wanted}):
        query = select(outbox.c.first_index, outbox.c.event, outbox.c.contact_id)
        for known in connection.execute(query.where(outbox.c.log_id == log_id, outbox.c.first_index.in_(some))):
            wanted.pop(tuple(known), None)
    last = connection.execute(select(func.max(outbox.c.number)).where(outbox.c.log_id == log_id)).scalar()
    start = 0 if last is None else last + 1
    rows = [
        {"log_id": log_id, "number": number, "at": now, "tries": 0, "next_at": now, **one._asdict()}
        for number, one in enumerate(wanted.values(), start)
    ]
    if rows:
        connection.execute(insert(outbox), rows)
    return len(rows)


def waits(connection: Connection, log_id: int, now: int) -> bool:
    """Whether anything is due now."""
    query = select(outbox.c.number).where(outbox.c.log_id == log_id, outbox.c.next_at <= now)
    return connection.execute(query.limit(1)).first() is not None


def claim(connection: Connection, log_id: int, now: int, busy: Collection[str], most: int) -> list[Claimed]:
    """At most so many that are due now, the oldest of each contact that is not ``busy``; they are ours from now on."""
    waiting = (outbox.c.log_id == log_id, outbox.c.next_at <= now)
    oldest = (
        select(func.min(outbox.c.number).label("number"))
        .where(*waiting, outbox.c.contact_id.not_in(busy))
        .group_by(outbox.c.contact_id)
        .order_by(func.min(outbox.c.number))
        .limit(most)
        .subquery()
    )
    known = (contacts.c.log_id == outbox.c.log_id) & (contacts.c.contact_id == outbox.c.contact_id)
    query = (
        select(outbox, contacts.c.channel, contacts.c.address, contacts.c.secret)
        .select_from(outbox.outerjoin(contacts, known))
        .join(oldest, outbox.c.number == oldest.c.number)
        .where(*waiting)
        .order_by(outbox.c.number)
    )
    claimed = []
    for row in connection.execute(query).all():
        again = row.tries < TRIES
        pause = BACK_OFF[row.tries] if row.tries < len(BACK_OFF) else LEASE
        taken = connection.execute(
            update(outbox)
            .where(
                outbox.c.log_id == log_id,
                outbox.c.number == row.number,
                outbox.c.tries == row.tries,
                outbox.c.next_at == row.next_at,
            )
            .values(
                {"tries": row.tries + 1, "next_at": now + pause}
                if again
                # Whoever made the last try did not live to say how it went.
                else {"next_at": None, "done": now, "error": row.error or "interrupted"}
            )
        )
        if taken.rowcount and again:
            address = row.address or ""
            claimed.append(
                Claimed(row.number, row.tries + 1, row.payload, row.contact_id, row.channel, address, row.secret or "")
            )
    return claimed


def settle(connection: Connection, log_id: int, one: Claimed, error: str | None, now: int, *, final: bool) -> None:
    """What became of a try: no ``error`` is delivered; ``final`` is not tried again whatever its number."""
    values: dict[str, Any] = {"error": error[:200] if error else None}
    if error is None or final or one.tries >= TRIES:
        values |= {"done": now, "next_at": None}
    connection.execute(
        update(outbox)
        .where(outbox.c.log_id == log_id, outbox.c.number == one.number, outbox.c.done.is_(None))
        .values(values)
    )


# --- what became of them -------------------------------------------------------------------------------------------


def state(done: int | None, error: str | None) -> str:
    """One of ``STATES``."""
    if done is None:
        return "waiting"
    return "sent" if error is None else "dropped" if error == REMOVED else "given-up"


def told(connection: Connection, log_id: int, statement: StatementHash) -> dict[ChainId, str]:
    """Whether each party was told of a statement: the best of ``STATES`` that any of its contacts is in.

    A party without a contact is not in it.
    """
    query = (
        select(outbox.c.party, outbox.c.done, outbox.c.error)
        .join(statements, (statements.c.log_id == outbox.c.log_id) & (statements.c.first_index == outbox.c.first_index))
        .where(outbox.c.log_id == log_id, statements.c.hash == statement)
    )
    best: dict[ChainId, str] = {}
    order = [*STATES]
    for party, done, error in connection.execute(query):
        one = state(done, error)
        best[party] = min(best.get(party, one), one, key=order.index)
    return best


@dataclass(frozen=True, slots=True)
class Sent:
    """A notice as supervisors see it: ``contact`` says how it goes, no more of an address than is needed; ms."""

    number: int
    at: int
    party: ChainId
    channel: str | None
    contact: str
    event: str
    index: int
    state: str
    tries: int
    next_at: int | None
    done: int | None
    error: str | None


def listed(connection: Connection, log_id: int, wanted: str, before: int | None, most: int) -> list[Sent]:
    """The newest notices below number ``before``, all or those in one of ``STATES``."""
    known = (contacts.c.log_id == outbox.c.log_id) & (contacts.c.contact_id == outbox.c.contact_id)
    query = (
        select(outbox, contacts.c.channel, contacts.c.address)
        .select_from(outbox.outerjoin(contacts, known))
        .where(outbox.c.log_id == log_id)
        .order_by(outbox.c.number.desc())
        .limit(most)
    )
    if before is not None:
        query = query.where(outbox.c.number < before)
    done = {
        "waiting": (outbox.c.done.is_(None),),
        "sent": (outbox.c.done.is_not(None), outbox.c.error.is_(None)),
        "given-up": (outbox.c.done.is_not(None), outbox.c.error.is_not(None), outbox.c.error != REMOVED),
        "dropped": (outbox.c.done.is_not(None), outbox.c.error == REMOVED),
    }
    query = query.where(*done.get(wanted, ()))
    return [
        Sent(
            row.number,
            row.at,
            row.party,
            row.channel,
            masked(row.channel, row.address or ""),
            row.event,
            row.first_index,
            state(row.done, row.error),
            row.tries,
            row.next_at,
            row.done,
            row.error,
        )
        for row in connection.execute(query)
    ]


def counted(connection: Connection, log_id: int) -> dict[str, int]:
    """How many notices are in each state."""
    counts = dict.fromkeys(STATES, 0)
    finished, failed = outbox.c.done.is_not(None), outbox.c.error.is_not(None)
    dropped = case((finished & failed & (outbox.c.error == REMOVED), 1), else_=0)
    columns = (case((finished, 1), else_=0), case((finished & failed, 1), else_=0), dropped)
    query = select(*columns, func.count()).where(outbox.c.log_id == log_id).group_by(*columns)
    for done, given_up, gone, count in connection.execute(query):
        counts["waiting" if not done else "dropped" if gone else "given-up" if given_up else "sent"] += count
    return counts


@dataclass(frozen=True, slots=True)
class Last:
    """The newest notice to a contact; ``at`` is when it was settled, or queued, in ms."""

    event: str
    state: str
    at: int
    error: str | None


def latest(connection: Connection, log_id: int, contact_ids: Sequence[str]) -> dict[str, Last]:
    """The newest notice to each contact that has one."""
    found: dict[str, Last] = {}
    for some in chunks(contact_ids):
        newest = (
            select(func.max(outbox.c.number))
            .where(outbox.c.log_id == log_id, outbox.c.contact_id.in_(some))
            .group_by(outbox.c.contact_id)
        )
        query = select(outbox).where(outbox.c.log_id == log_id, outbox.c.number.in_(newest))
        for row in connection.execute(query):
            found[row.contact_id] = Last(row.event, state(row.done, row.error), row.done or row.at, row.error)
    return found


def masked(channel: str | None, address: str) -> str:
    """So much of an address as tells two apart: a host, or a mailbox without its name."""
    if channel == "email":
        name, _, host = address.partition("@")
        return f"{name[:1]}***@{host}"
    return address.partition("://")[2].partition("/")[0]
