"""Which checkpoints to believe: the logs known, the witnesses known, and how many of them are enough.

A policy is a text that off-the-shelf tools read too, here one log and two of three witnesses::

    log log.example.org/county+1f2e3d4c+AYLs…
    witness county-archive archive.example.org+5a6b7c8d+BDke…
    witness school school.example.org+9e8f7a6b+BNvx…
    witness co-op co-op.example.org+0a1b2c3d+BPq0…
    group neighbours 2 county-archive school co-op
    quorum neighbours

Comments and white space are read past as the standard says, and not kept: what is printed is the plain form
above. A pin is a policy together with the chain id of the log's ``log.open``: all that a verifier has to have
beforehand (format §8), and has to have from elsewhere than the service that is to be held against it.

Source: c2sp.org/tlog-policy; of its opaque octets those that are UTF-8.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ledger import b64u
from ledger.canonical import dumps, loads
from ledger.checkpoint import COSIGNATURE, ED25519, Note, VKey
from ledger.errors import BadKey, BadSignature, Malformed
from ledger.identity import ChainId

MAX_POLICY = 64 * 1024
NONE = "none"

_TEXT = re.compile(r"(?:[^\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]*\n)*")
_WORD = re.compile(r"[^\x00-\x20\x7f\ud800-\udfff]+")
_COUNT = re.compile(r"[1-9][0-9]{0,5}")
_WHITE = re.compile(r"[ \t]+")


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness under the name that it has in this policy only; ``url`` is where to ask it, or empty."""

    name: str
    vkey: VKey
    url: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, ("witness", self.name, str(self.vkey), self.url)))


@dataclass(frozen=True, slots=True)
class Group:
    """Witnesses what at least ``threshold`` of its members do, which are witnesses or earlier groups."""

    name: str
    threshold: int
    members: tuple[str, ...]

    def __str__(self) -> str:
        count = {1: "any", len(self.members): "all"}.get(self.threshold, str(self.threshold))
        return " ".join(("group", self.name, count, *self.members))


@dataclass(frozen=True, slots=True)
class Policy:
    """Any one of ``logs`` signs, and ``quorum`` names the witness or group that has to witness, or ``none``.

    Raises Malformed ``policy``, or BadKey ``vkey-algorithm`` for a key that is not one for its task.
    """

    logs: tuple[tuple[VKey, str], ...]
    """Each with its address, or an empty one."""
    witnesses: tuple[Witness, ...] = ()
    groups: tuple[Group, ...] = ()
    quorum: str = NONE

    def __post_init__(self) -> None:
        _check_keys("log", ED25519, [vkey for vkey, _ in self.logs])
        _check_keys("witness", COSIGNATURE, self.witness_keys)
        for url in filter(None, (*(url for _, url in self.logs), *(one.url for one in self.witnesses))):
            _check_word("url", url)
        known = {NONE}
        for witness in self.witnesses:
            _define(known, witness.name)
        member_of: set[str] = {NONE}
        for group in self.groups:
            for member in group.members:
                # Once only, in all groups together: so a witness counts towards the quorum in one way.
                if member not in known or member in member_of:
                    wanted = "a name defined above, in one group only"
                    raise Malformed("policy", path=f"group {group.name}", has=member, wanted=wanted)
                member_of.add(member)
            if not 1 <= group.threshold <= len(group.members):
                wanted = f"1 to {len(group.members)}"
                raise Malformed("policy", path=f"group {group.name}", has=group.threshold, wanted=wanted)
            _define(known, group.name)
        if self.quorum not in known:
            raise Malformed("policy", path="quorum", has=self.quorum, wanted="a name defined above")
        if (size := len(str(self).encode())) > MAX_POLICY:
            raise Malformed("policy", path="size", has=size, wanted=MAX_POLICY)

    @property
    def log(self) -> VKey:
        """The first log listed. Raises Malformed ``policy`` where there is none, which the format allows."""
        if not self.logs:
            raise Malformed("policy", path="log", has=0, wanted="at least one")
        return self.logs[0][0]

    @property
    def witness_keys(self) -> tuple[VKey, ...]:
        return tuple(witness.vkey for witness in self.witnesses)

    def signer(self, note: str) -> VKey:
        """The log whose key ``note`` claims to be signed with; nothing is verified yet.

        Two keys of one log are listed while it changes from one to the other. Raises Malformed, or BadSignature
        ``note-unsigned``, or ``log-key-new`` where only a key of that name has signed that is not listed: after
        the change a new policy is needed.
        """
        signatures = Note.parse(note).signatures
        claimed = {(signature.name, signature.key_id) for signature in signatures}
        for vkey, _ in self.logs:
            if (vkey.name, vkey.id) in claimed:
                return vkey
        names = {vkey.name for vkey, _ in self.logs}
        if others := [key_id.hex() for name, key_id in sorted(claimed) if name in names]:
            raise BadSignature("log-key-new", has=", ".join(others), wanted=", ".join(v.id.hex() for v, _ in self.logs))
        raise BadSignature("note-unsigned", has=len(signatures), wanted=", ".join(str(vkey) for vkey, _ in self.logs))

    def satisfied(self, cosigned: Collection[VKey]) -> bool:
        """Whether these witnesses' cosignatures, each verified before, are a quorum."""
        witnessed = {NONE} | {witness.name for witness in self.witnesses if witness.vkey in cosigned}
        for group in self.groups:
            if sum(member in witnessed for member in group.members) >= group.threshold:
                witnessed.add(group.name)
        return self.quorum in witnessed

    def __str__(self) -> str:
        logs = (" ".join(filter(None, ("log", str(vkey), url))) for vkey, url in self.logs)
        return "".join(f"{line}\n" for line in (*logs, *self.witnesses, *self.groups, f"quorum {self.quorum}"))

    @classmethod
    def parse(cls, text: str) -> "Policy":
        if len(text) > MAX_POLICY:
            raise Malformed("policy", path="size", has=len(text), wanted=MAX_POLICY)
        if not _TEXT.fullmatch(text):
            raise Malformed("policy", path="text", wanted="lines of UTF-8, each ended, tabs but no other controls")
        logs: list[tuple[VKey, str]] = []
        witnesses: list[Witness] = []
        groups: list[Group] = []
        # The constructor sees witnesses and groups apart and can't tell which line came first.
        above: set[str] = {NONE}
        quorum = ""
        for number, line in enumerate(text.split("\n"), 1):
            stripped = line.strip(" \t")
            match _WHITE.split(stripped):
                case [word, *_] if not word or word.startswith("#"):
                    continue
                case ["log", vkey, *url] if len(url) <= 1:
                    logs.append((VKey.parse(vkey), "".join(url)))
                case ["witness", name, vkey, *url] if len(url) <= 1:
                    witnesses.append(Witness(name, VKey.parse(vkey), "".join(url)))
                    above.add(name)
                case ["group", name, count, *members] if members and above.issuperset(members):
                    groups.append(Group(name, _threshold(count, len(members), number), tuple(members)))
                    above.add(name)
                case ["quorum", name] if name in above and not quorum:
                    quorum = name
                case _:
                    wanted = "log | witness | group | quorum, of names defined above, one quorum"
                    raise Malformed("policy", path=f"line {number}", has=ascii(stripped[:80]), wanted=wanted)
        if not quorum:
            raise Malformed("policy", path="quorum", has=0, wanted=1)
        return cls(tuple(logs), tuple(witnesses), tuple(groups), quorum)


@dataclass(frozen=True, slots=True)
class Pin:
    """One log: its policy and the chain id of its ``log.open``. Raises Malformed."""

    policy: Policy
    root: ChainId

    def __post_init__(self) -> None:
        b64u.decode(self.root, 32, path="pin.root")
        origin = self.origin
        for vkey, _ in self.policy.logs:
            if vkey.name != origin:
                raise Malformed("pin", path="pin.policy", has=vkey.name, wanted=origin)

    @property
    def origin(self) -> str:
        return self.policy.log.name

    def text(self) -> str:
        """The canonical JSON, ``{"policy":<text>,"root":<chain id>}``."""
        return dumps({"policy": str(self.policy), "root": self.root}).decode()

    @classmethod
    def parse(cls, text: str) -> "Pin":
        # A pin is kept in files that people open, and editors end them with a newline.
        match loads(text.removesuffix("\n"), path="pin"):
            case {"policy": str(policy), "root": str(root), **rest} if not rest:
                return cls(Policy.parse(policy), ChainId(root))
        raise Malformed("pin", path="pin", wanted="{policy,root}")


def _threshold(count: str, members: int, number: int) -> int:
    if count in ("any", "all"):
        return 1 if count == "any" else members
    if not _COUNT.fullmatch(count):
        raise Malformed("policy", path=f"line {number}", has=ascii(count[:80]), wanted="all | any | a number")
    return int(count)


def _check_keys(task: str, algorithm: int, vkeys: Iterable[VKey]) -> None:
    seen = set()
    for vkey in vkeys:
        if vkey.algorithm != algorithm:
            raise BadKey("vkey-algorithm", path=vkey.name, has=f"{vkey.algorithm:#04x}", wanted=f"{algorithm:#04x}")
        # The key itself counts: under a second name it would vote twice.
        if vkey.key in seen:
            raise Malformed("policy", path=task, has=vkey.name, wanted="each key once")
        seen.add(vkey.key)


def _check_word(what: str, word: str) -> None:
    if not _WORD.fullmatch(word):
        raise Malformed("policy", path=what, has=ascii(word[:80]), wanted="one word")


def _define(known: set[str], name: str) -> None:
    _check_word("name", name)
    if name in known:
        raise Malformed("policy", path="name", has=name, wanted="a name defined once, not none")
    known.add(name)
