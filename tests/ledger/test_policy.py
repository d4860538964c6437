import re
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import b64u
from ledger.checkpoint import COSIGNATURE, ED25519, Checkpoint, Note, VKey, cosign, sign
from ledger.errors import BadKey, BadSignature, LedgerError, Malformed
from ledger.identity import ChainId
from ledger.keys import PrivateKey
from ledger.merkle import EMPTY_ROOT
from ledger.policy import MAX_POLICY, Group, Pin, Policy, Witness

ORIGIN = "log.example.org/county"
LOG_KEY, NEW_LOG_KEY, *WITNESS_KEYS = [PrivateKey("Ed25519", bytes([n] * 32)) for n in range(8)]
LOG = VKey(ORIGIN, ED25519, LOG_KEY.public)
NEW_LOG = VKey(ORIGIN, ED25519, NEW_LOG_KEY.public)
X1, X2, X3, Y1, Y2, Y3 = (VKey(f"w{n}.example.org", COSIGNATURE, key.public) for n, key in enumerate(WITNESS_KEYS))
ROOT = ChainId("A" * 43)

# The shape of the example in c2sp.org/tlog-policy, with comments and white space.
EXAMPLE = f"""\
# 县农业农村局
log {LOG}

  witness X1 {X1}
witness\tX2\t{X2} https://x2.example.org/\x20
witness X3 {X3}
group X-witnesses 2 X1 X2 X3
\t
\t# neighbours
witness Y1 {Y1}
witness Y2 {Y2}
witness Y3 {Y3}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""
PLAIN = f"""\
log {LOG}
witness X1 {X1}
witness X2 {X2} https://x2.example.org/
witness X3 {X3}
witness Y1 {Y1}
witness Y2 {Y2}
witness Y3 {Y3}
group X-witnesses 2 X1 X2 X3
group Y-witnesses any Y1 Y2 Y3
group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""
NO_QUORUM = Policy(((LOG, ""),))


def test_the_example_is_read_and_printed_plainly() -> None:
    policy = Policy.parse(EXAMPLE)
    assert policy.log == LOG
    assert policy.witness_keys == (X1, X2, X3, Y1, Y2, Y3)
    assert policy.groups[0] == Group("X-witnesses", 2, ("X1", "X2", "X3"))
    assert str(policy) == PLAIN
    assert Policy.parse(PLAIN) == policy


def test_the_quorum_is_two_of_x_and_one_of_y() -> None:
    policy = Policy.parse(EXAMPLE)
    everyone = policy.witness_keys
    for count in range(len(everyone) + 1):
        for some in combinations(everyone, count):
            enough = len({X1, X2, X3} & set(some)) >= 2 and bool({Y1, Y2, Y3} & set(some))
            assert policy.satisfied(some) == enough


def test_no_quorum_is_satisfied_by_nobody_and_a_single_witness_by_itself() -> None:
    assert NO_QUORUM.satisfied(())
    single = Policy((), (Witness("one", X1), Witness("two", X2)), quorum="one")
    assert single.satisfied({X1})
    assert not single.satisfied({X2})


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    word = st.text(st.characters(min_codepoint=0x21, exclude_categories=["Cs"], exclude_characters="\x7f"), min_size=1)
    names = draw(st.lists(word.filter(lambda name: name != "none"), min_size=6, max_size=12, unique=True))
    url = st.one_of(st.just(""), word)
    keys = draw(st.permutations((X1, X2, X3, Y1, Y2, Y3)))[: draw(st.integers(0, 6))]
    witnesses = tuple(Witness(names.pop(), vkey, draw(url)) for vkey in keys)
    free, groups = [witness.name for witness in witnesses], []
    while free and names and draw(st.booleans()):
        members = [free.pop() for _ in range(draw(st.integers(1, len(free))))]
        groups.append(Group(names.pop(), draw(st.integers(1, len(members))), tuple(members)))
        free.append(groups[-1].name)
    quorum = draw(st.sampled_from(["none", *(one.name for one in witnesses), *(one.name for one in groups)]))
    logs = draw(st.sampled_from([(), ((LOG, draw(url)),), ((LOG, ""), (NEW_LOG, draw(url)))]))
    return Policy(logs, witnesses, tuple(groups), quorum)


@given(policies())
def test_policies_go_round(policy: Policy) -> None:
    assert Policy.parse(str(policy)) == policy


@given(policies(), st.sets(st.sampled_from([X1, X2, X3, Y1, Y2, Y3])), st.sampled_from([X1, X2, X3, Y1, Y2, Y3]))
def test_one_witness_more_never_breaks_a_quorum(policy: Policy, some: set[VKey], one: VKey) -> None:
    assert policy.satisfied(some | {one}) or not policy.satisfied(some)


@given(st.text())
def test_any_other_text_is_refused_in_the_ledgers_own_words(text: str) -> None:
    with pytest.raises(LedgerError):
        Policy.parse(f"{text}\nquorum")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", "quorum"),
        (f"log {LOG}\n", "quorum"),
        (f"log {LOG}\nquorum none", "text"),
        (f"log {LOG}\r\nquorum none\r\n", "text"),
        ("#\x0b\nquorum none\n", "text"),
        ("#\ud800\nquorum none\n", "text"),
        ("quorum none\nquorum none\n", "line 2"),
        ("quorum\n", "line 1"),
        ("quorum none none\n", "line 1"),
        ("quorum X\n", "line 1"),
        (f"quorum X\nwitness X {X1}\n", "line 1"),
        ("Quorum none\n", "line 1"),
        ("quorum\u00a0none\n", "line 1"),
        (f"log {LOG} one two\nquorum none\n", "line 1"),
        ("log\nquorum none\n", "line 1"),
        (f"log {LOG}\nlog {LOG}\nquorum none\n", "log"),
        ("witness X\nquorum none\n", "line 1"),
        (f"witness X {X1} one two\nquorum none\n", "line 1"),
        (f"witness none {X1}\nquorum none\n", "name"),
        (f"witness X {X1}\nwitness X {X2}\nquorum none\n", "name"),
        (f"witness X {X1}\nwitness Y {X1}\nquorum none\n", "witness"),
        (f"witness X {X1}\ngroup X any X\nquorum X\n", "name"),
        (f"witness X {X1}\ngroup none any X\nquorum X\n", "name"),
        (f"witness X {X1}\ngroup G any\nquorum G\n", "line 2"),
        ("group G any none\nquorum G\n", "group G"),
        (f"group G any X\nwitness X {X1}\nquorum G\n", "line 1"),
        (f"witness X {X1}\ngroup G any X X\nquorum G\n", "group G"),
        (f"witness X {X1}\ngroup G any X\ngroup H any X G\nquorum H\n", "group H"),
        (f"witness X {X1}\ngroup G 0 X\nquorum G\n", "line 2"),
        (f"witness X {X1}\ngroup G 01 X\nquorum G\n", "line 2"),
        (f"witness X {X1}\ngroup G 2 X\nquorum G\n", "group G"),
        (f"witness X {X1}\ngroup G ١ X\nquorum G\n", "line 2"),
        (f"witness X {X1}\ngroup G {'9' * 5000} X\nquorum G\n", "line 2"),
        ("#" * MAX_POLICY + "\nquorum none\n", "size"),
    ],
)
def test_a_text_that_breaks_the_rules_is_refused(text: str, path: str) -> None:
    with pytest.raises(Malformed) as caught:
        Policy.parse(text)
    assert (caught.value.code, caught.value.params["path"]) == ("policy", path)


@pytest.mark.parametrize("line", [f"log {X1}", f"witness X {LOG}"])
def test_a_key_for_another_task_is_refused(line: str) -> None:
    with pytest.raises(BadKey, match="vkey-algorithm"):
        Policy.parse(f"{line}\nquorum none\n")


def test_one_key_under_two_names_is_one_witness() -> None:
    again = VKey("other.example.org", COSIGNATURE, X1.key)
    with pytest.raises(Malformed, match="each key once"):
        Policy((), (Witness("X", X1), Witness("Y", again)))


@pytest.mark.parametrize(
    "arguments",
    [
        (((LOG, "two words"),),),
        ((), (Witness("X", X1, "line\nbreak"),)),
        ((), (Witness("two words", X1),)),
        ((), (Witness("", X1),)),
        ((), (), (), "X"),
        ((), (Witness("X" * MAX_POLICY, X1),)),
    ],
)
def test_what_would_not_parse_cannot_be_made(arguments: tuple[object, ...]) -> None:
    with pytest.raises(Malformed, match="policy"):
        Policy(*arguments)  # type: ignore[arg-type]


def test_a_policy_without_logs_has_no_log() -> None:
    with pytest.raises(Malformed, match="at least one"):
        _ = Policy(()).log


# Which log signed


def test_while_a_log_changes_its_key_either_signs() -> None:
    checkpoint = Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    old, new = sign(checkpoint, ORIGIN, LOG_KEY), sign(checkpoint, ORIGIN, NEW_LOG_KEY)
    cosigned = cosign(checkpoint, X1.name, WITNESS_KEYS[0], 1_767_139_200)
    policy = Policy(((LOG, ""), (NEW_LOG, "")))
    assert policy.signer(str(Note(str(checkpoint), (cosigned, new)))) == NEW_LOG
    assert policy.signer(str(Note(str(checkpoint), (new, old)))) == LOG
    with pytest.raises(BadSignature, match="log-key-new"):
        NO_QUORUM.signer(str(Note(str(checkpoint), (new, cosigned))))
    with pytest.raises(BadSignature, match="note-unsigned"):
        NO_QUORUM.signer(str(Note(str(checkpoint), (cosigned,))))


# Pins


@given(policies().filter(lambda policy: policy.logs), st.binary(min_size=32, max_size=32))
def test_pins_go_round(policy: Policy, root: bytes) -> None:
    pin = Pin(policy, ChainId(b64u.encode(root)))
    # JSON of ours holds no C1 controls, which a policy may.
    if not re.search("[\x80-\x9f]", str(policy)):
        assert Pin.parse(pin.text()) == pin


def test_a_pin_is_two_names_and_may_end_in_a_newline() -> None:
    text = f'{{"policy":"log {LOG}\\nquorum none\\n","root":"{ROOT}"}}'
    assert Pin(NO_QUORUM, ROOT).text() == text
    assert Pin.parse(f"{text}\n") == Pin(NO_QUORUM, ROOT)
    assert Pin.parse(text).origin == ORIGIN


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "json"),
        ("[]", "pin"),
        (f'{{"root":"{ROOT}"}}', "pin"),
        (f'{{"extra":1,"policy":"log {LOG}\\nquorum none\\n","root":"{ROOT}"}}', "pin"),
        (f'{{"policy":"log {LOG}\\nquorum none\\n", "root":"{ROOT}"}}', "canonical"),
        (f'{{"policy":"log {LOG}\\nquorum none\\n","root":"{ROOT}="}}', "b64u"),
        (f'{{"policy":"quorum none\\n","root":"{ROOT}"}}', "policy"),
    ],
)
def test_another_shape_is_no_pin(text: str, code: str) -> None:
    with pytest.raises(Malformed) as caught:
        Pin.parse(text)
    assert caught.value.code == code


def test_a_pin_is_of_one_log() -> None:
    other = VKey("log.example.org/other", ED25519, NEW_LOG_KEY.public)
    with pytest.raises(Malformed, match="other"):
        Pin(Policy(((LOG, ""), (other, ""))), ROOT)
