import json
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import b64u
from ledger.checkpoint import (
    COSIGNATURE,
    ED25519,
    MAX_NOTE,
    MAX_SIGNATURES,
    Checkpoint,
    Note,
    Signature,
    VKey,
    cosign,
    cosigned_message,
    open_checkpoint,
    open_note,
    sign,
    verify_signature,
)
from ledger.errors import BadKey, BadProof, BadSignature, LedgerError, Malformed
from ledger.keys import PrivateKey
from ledger.merkle import EMPTY_ROOT, Hash

ORIGIN = "log.example.org/county"
LOG = PrivateKey("Ed25519", bytes(32))
WITNESS = PrivateKey("Ed25519", bytes([1] * 32))
LOG_VKEY = VKey(ORIGIN, ED25519, LOG.public)
WITNESS_VKEY = VKey("witness.example.org", COSIGNATURE, WITNESS.public)
STRANGER_VKEY = VKey("stranger.example.org", COSIGNATURE, LOG.public)
CHECKPOINT = Checkpoint(ORIGIN, 300, Hash(bytes(range(32))))
SIGNED = sign(CHECKPOINT, ORIGIN, LOG)
COSIGNED = cosign(CHECKPOINT, WITNESS_VKEY.name, WITNESS, 1_767_139_200)
NOTE = Note(str(CHECKPOINT), (SIGNED, COSIGNED))

# The worked example of c2sp.org/signed-note.
EXAMPLE_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)

lines = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=1, max_size=20)
names = lines.map(lambda line: "".join(line.split()).replace("+", "")).filter(bool)
checkpoints = st.builds(Checkpoint, lines, st.integers(0, 2**64 - 1), st.binary(min_size=32, max_size=32).map(Hash))
signatures = st.builds(Signature, names, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=80))
texts = st.lists(st.one_of(lines, st.just(""), st.just("— a AAAAAAA=")), max_size=5).map(
    lambda parts: "".join(f"{part}\n" for part in parts) or "\n"
)
notes = st.builds(Note, texts, st.lists(signatures, min_size=1, max_size=3).map(tuple))


@st.composite
def one_byte_changed(draw: st.DrawFn, text: str) -> str:
    raw = text.encode()
    at = draw(st.integers(0, len(raw) - 1))
    how = draw(st.sampled_from(["change", "insert", "remove"]))
    byte = draw(st.one_of(st.sampled_from(b"\n +=A0/\xe2\x80\x00\r\t"), st.integers(0, 255)))
    keep = at if how == "insert" else at + 1
    changed = raw[:at] + (b"" if how == "remove" else bytes([byte])) + raw[keep:]
    # What is not UTF-8 comes as lone surrogates.
    return changed.decode(errors="surrogateescape")


# Checkpoints


def test_three_lines() -> None:
    text = "log.example.org/county\n300\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
    assert str(CHECKPOINT) == text
    assert Checkpoint.parse(text) == CHECKPOINT


def test_the_largest_tree() -> None:
    assert Checkpoint.parse(str(replace(CHECKPOINT, size=2**64 - 1))).size == 2**64 - 1


def test_the_error_says_what_is_wrong() -> None:
    with pytest.raises(Malformed) as error:
        Checkpoint.parse(str(CHECKPOINT) + "extension\n")
    assert error.value.params == {"path": "lines", "has": 4, "wanted": 3}
    with pytest.raises(Malformed) as error:
        VKey.parse(_vkey("name", b"\x01" + KEY[:31]))
    assert error.value.params == {"path": "key", "has": 31, "wanted": 32}


@given(checkpoints)
def test_checkpoints_go_round(checkpoint: Checkpoint) -> None:
    assert Checkpoint.parse(str(checkpoint)) == checkpoint


@given(checkpoints, st.data())
def test_a_changed_checkpoint_is_refused_or_prints_back(checkpoint: Checkpoint, data: st.DataObject) -> None:
    changed = data.draw(one_byte_changed(str(checkpoint)))
    try:
        parsed = Checkpoint.parse(changed)
    except Malformed:
        return
    assert str(parsed) == changed


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", "lines"),
        ("o\n1\n", "lines"),
        ("o\n1\nAAAA", "lines"),
        ("o\n1\n{root}\nextension\n", "lines"),
        ("o\n1\n{root}\n\n", "lines"),
        ("\n1\n{root}\n", "origin"),
        ("o\r\n1\n{root}\n", "origin"),
        ("\ud800\n1\n{root}\n", "origin"),
        ("o\n01\n{root}\n", "size"),
        ("o\n+1\n{root}\n", "size"),
        ("o\n-1\n{root}\n", "size"),
        ("o\n1 \n{root}\n", "size"),
        ("o\n\n{root}\n", "size"),
        ("o\n٣\n{root}\n", "size"),
        ("o\n18446744073709551616\n{root}\n", "size"),
        ("o\n100000000000000000000\n{root}\n", "size"),
        ("o\n" + "9" * 5000 + "\n{root}\n", "size"),
        ("o\n1\nAAAA\n", "root"),
        ("o\n1\n{root}=\n", "root"),
        ("o\n1\n {root}\n", "root"),
        ("o\n1\n{loose}\n", "root"),
    ],
)
def test_no_checkpoint(text: str, path: str) -> None:
    root = b64encode(EMPTY_ROOT).decode()
    filled = text.replace("{root}", root).replace("{loose}", root[:-2] + "V=")
    with pytest.raises(Malformed) as error:
        Checkpoint.parse(filled)
    assert (error.value.code, error.value.params["path"]) == ("checkpoint", path)
    str(error.value).encode()


# Verifier keys


def test_vkey_of_the_specification() -> None:
    vkey = VKey.parse(EXAMPLE_VKEY)
    assert (vkey.name, vkey.algorithm, vkey.id.hex()) == ("example.com/foo", ED25519, "530d903a")
    assert str(vkey) == EXAMPLE_VKEY
    note, signed = open_note(EXAMPLE_NOTE, [vkey])
    assert note.text == "This is an example message.\n"
    assert signed == {vkey: None}
    assert str(note) == EXAMPLE_NOTE


@given(names, st.sampled_from([ED25519, COSIGNATURE]), st.binary(min_size=32, max_size=32))
def test_vkeys_go_round(name: str, algorithm: int, seed: bytes) -> None:
    vkey = VKey(name, algorithm, PrivateKey("Ed25519", seed).public)
    assert VKey.parse(str(vkey)) == vkey


@given(st.data())
def test_a_changed_vkey_is_refused_or_prints_back(data: st.DataObject) -> None:
    changed = data.draw(one_byte_changed(EXAMPLE_VKEY))
    try:
        vkey = VKey.parse(changed)
    except (Malformed, BadKey):
        return
    assert str(vkey) == changed


def test_one_key_has_an_id_for_each_name_and_algorithm() -> None:
    ids = {VKey(name, algorithm, LOG.public).id for name in ("a", "b") for algorithm in (ED25519, COSIGNATURE)}
    assert len(ids) == 4


def _vkey(name: str, material: bytes) -> str:
    key_id = sha256(name.encode() + b"\n" + material).digest()[:4].hex()
    return f"{name}+{key_id}+{b64encode(material).decode()}"


KEY = b64u.decode(LOG.public.x)


@pytest.mark.parametrize(
    ("text", "error", "code"),
    [
        ("", BadKey, "vkey-algorithm"),
        ("name", BadKey, "vkey-algorithm"),
        (_vkey("name", b"\x02" + KEY), BadKey, "vkey-algorithm"),
        (_vkey("name", b"\x06" + KEY), BadKey, "vkey-algorithm"),
        (_vkey("name", b"\x01" + KEY[:31]), Malformed, "vkey"),
        (_vkey("name", b"\x01" + KEY + b"\0"), Malformed, "vkey"),
        (_vkey("a name", b"\x01" + KEY), Malformed, "vkey"),
        (_vkey("a\u3000name", b"\x01" + KEY), Malformed, "vkey"),
        (_vkey("", b"\x01" + KEY), Malformed, "vkey"),
        (_vkey("name", b"\x01" + KEY) + "=", Malformed, "vkey"),
        (_vkey("name", b"\x01" + KEY).replace("name", "eman"), BadKey, "vkey-id"),
        (_vkey("name", b"\x01" + KEY).replace("+", "+ ", 1), BadKey, "vkey-id"),
        (_vkey("name", b"\x01" + bytes(32)), BadKey, "key-point"),
        (_vkey("name", b"\x01\x01" + bytes(31)), BadKey, "key-point"),
    ],
)
def test_no_vkey(text: str, error: type[LedgerError], code: str) -> None:
    with pytest.raises(error) as raised:
        VKey.parse(text)
    assert raised.value.code == code


def test_a_p256_key_signs_no_notes() -> None:
    key = PrivateKey.generate("ES256")
    with pytest.raises(BadKey, match="vkey-algorithm"):
        sign(CHECKPOINT, ORIGIN, key)
    with pytest.raises(BadKey, match="vkey-algorithm"):
        VKey(ORIGIN, 0x02, LOG.public)


# Notes


@given(notes)
def test_notes_go_round(note: Note) -> None:
    assert Note.parse(str(note)) == note


@given(notes, st.data())
def test_a_changed_note_is_refused_or_prints_back(note: Note, data: st.DataObject) -> None:
    changed = data.draw(one_byte_changed(str(note)))
    try:
        parsed = Note.parse(changed)
    except Malformed:
        return
    assert str(parsed) == changed


def test_every_changed_byte_of_a_signed_checkpoint_is_noticed() -> None:
    raw = str(NOTE).encode()
    for at in range(len(raw)):
        changed = (raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]).decode(errors="surrogateescape")
        try:
            opened = open_checkpoint(changed, LOG_VKEY, [WITNESS_VKEY])
        except LedgerError:
            continue
        # A changed name or key id makes a signature a stranger's; the log's own cannot be missing.
        assert opened == (CHECKPOINT, {})


@pytest.mark.parametrize(
    ("note", "path"),
    [
        ("", "signatures"),
        ("text\n", "signatures"),
        ("text\n\n", "signatures"),
        ("text\n— a AAAAAAA=\n", "signatures"),
        ("text\n\n— a AAAAAAA=", "signatures"),
        ("text\n\n— a AAAAAAA=\n\n", "signatures"),
        ("text\n\n- a AAAAAAA=\n", "signature"),
        ("text\n\n—  AAAAAAA=\n", "signature"),
        ("text\n\n— a  AAAAAAA=\n", "signature"),
        ("text\n\n— a+b AAAAAAA=\n", "signature"),
        ("text\n\n— a\u00a0b AAAAAAA=\n", "signature"),
        ("text\n\n— a\n", "signature"),
        ("text\n\n— a AAAAAA==\n", "signature"),
        ("text\n\n— a AAAAAAB=\n", "signature"),
        ("text\n\n— a AAAAAAA\n", "signature"),
        ("te\txt\n\n— a AAAAAAA=\n", "text"),
        ("te\rxt\n\n— a AAAAAAA=\n", "text"),
        ("te\udcffxt\n\n— a AAAAAAA=\n", "text"),
        ("\n\n" + "— a AAAAAAA=\n" * (MAX_SIGNATURES + 1), "signatures"),
        ("a" * MAX_NOTE + "\n\n— a AAAAAAA=\n", "size"),
        ("字" * (MAX_NOTE // 2) + "\n\n— a AAAAAAA=\n", "size"),
    ],
)
def test_no_note(note: str, path: str) -> None:
    with pytest.raises(Malformed) as error:
        Note.parse(note)
    assert (error.value.code, error.value.params["path"]) == ("note", path)


def test_the_largest_notes() -> None:
    assert (MAX_NOTE, MAX_SIGNATURES) == (65_536, 64)
    tail = "\n\n— a AAAAAAA=\n"
    assert Note.parse("a" * (MAX_NOTE - len(tail.encode())) + tail)
    assert len(Note.parse("\n\n" + "— a AAAAAAA=\n" * MAX_SIGNATURES).signatures) == MAX_SIGNATURES


@pytest.mark.parametrize("count", [0, MAX_SIGNATURES + 1])
def test_a_note_has_a_signature_and_not_too_many(count: int) -> None:
    with pytest.raises(Malformed, match="note"):
        Note("text\n", (SIGNED,) * count)


# Opening


def test_a_witnessed_checkpoint() -> None:
    assert open_checkpoint(str(NOTE), LOG_VKEY, [WITNESS_VKEY, STRANGER_VKEY]) == (
        CHECKPOINT,
        {WITNESS_VKEY: 1_767_139_200},
    )
    assert open_checkpoint(str(NOTE), LOG_VKEY) == (CHECKPOINT, {})
    assert open_note(str(NOTE), [WITNESS_VKEY, LOG_VKEY])[1] == {LOG_VKEY: None, WITNESS_VKEY: 1_767_139_200}


def test_unknown_signatures_are_passed_over_even_with_a_known_name_or_id() -> None:
    others = (
        replace(SIGNED, key_id=WITNESS_VKEY.id, value=b"x"),
        replace(SIGNED, name="another.example.org", value=b"x"),
    )
    assert open_checkpoint(str(Note(NOTE.text, (*others, SIGNED))), LOG_VKEY) == (CHECKPOINT, {})


def test_a_failing_signature_of_a_known_key_condemns_the_note() -> None:
    for bad in (replace(COSIGNED, value=COSIGNED.value[:-1]), replace(COSIGNED, value=bytes(72))):
        for signed in ((SIGNED, bad), (bad, SIGNED), (SIGNED, COSIGNED, bad)):
            note = str(Note(NOTE.text, signed))
            with pytest.raises(BadSignature) as error:
                open_checkpoint(note, LOG_VKEY, [WITNESS_VKEY])
            assert error.value.code == "note-signature"
            assert error.value.params["path"] == WITNESS_VKEY.name
            assert open_checkpoint(note, LOG_VKEY)[0] == CHECKPOINT


def test_a_note_that_no_known_key_signed() -> None:
    for vkeys in ([], [STRANGER_VKEY]):
        with pytest.raises(BadSignature, match="note-unsigned"):
            open_note(str(NOTE), vkeys)


def test_witnesses_do_not_stand_in_for_the_log() -> None:
    with pytest.raises(BadSignature, match="note-unsigned"):
        open_checkpoint(str(Note(NOTE.text, (COSIGNED,))), LOG_VKEY, [WITNESS_VKEY])


def test_a_log_signs_for_itself_alone() -> None:
    other = replace(CHECKPOINT, origin="other.example.org")
    note = str(Note(str(other), (sign(other, ORIGIN, LOG),)))
    with pytest.raises(BadProof, match="checkpoint-origin"):
        open_checkpoint(note, LOG_VKEY)


def test_a_signed_text_that_is_no_checkpoint() -> None:
    vkey = VKey.parse(EXAMPLE_VKEY)
    with pytest.raises(Malformed, match="checkpoint"):
        open_checkpoint(EXAMPLE_NOTE, vkey)


def test_a_note_signature_does_not_pass_for_a_cosignature() -> None:
    cosigner = VKey(ORIGIN, COSIGNATURE, LOG.public)
    with pytest.raises(BadSignature, match="note-signature"):
        verify_signature(NOTE.text, replace(SIGNED, key_id=cosigner.id), cosigner)
    with pytest.raises(BadSignature, match="note-signature"):
        verify_signature(NOTE.text, SIGNED, cosigner)


def test_of_two_cosignatures_of_a_witness_the_first_counts() -> None:
    later = cosign(CHECKPOINT, WITNESS_VKEY.name, WITNESS, 1_767_139_300)
    note = str(Note(NOTE.text, (SIGNED, COSIGNED, later)))
    assert open_checkpoint(note, LOG_VKEY, [WITNESS_VKEY])[1] == {WITNESS_VKEY: 1_767_139_200}


def test_two_keys_that_share_name_and_id_cannot_both_be_known() -> None:
    # Found by trying; an id is 32 bits only.
    one, two = (VKey(ORIGIN, ED25519, PrivateKey("Ed25519", n.to_bytes(32)).public) for n in (59015, 115800))
    assert one.id == two.id
    assert one != two
    with pytest.raises(BadKey, match="vkey-ambiguous"):
        open_note(str(NOTE), [one, two])
    assert open_note(str(NOTE), [LOG_VKEY, LOG_VKEY])[1] == {LOG_VKEY: None}


# Cosignatures


def test_cosignature_vectors(vectors: Path) -> None:
    cases = json.loads((vectors / "ledger/cosignature_v1_vectors.json").read_text())
    assert len(cases) == 3
    for case in cases:
        vkey = VKey.parse(case["vkey"])
        assert str(vkey) == case["vkey"]
        note, signed = open_note(case["note"], [vkey])
        assert signed == {vkey: case["timestamp"]}
        assert cosigned_message(note.text, case["timestamp"]).decode() == case["signed_message"]
        assert str(note) == case["note"]
        assert str(Checkpoint.parse(note.text)) == note.text


@given(checkpoints, st.integers(0, 2**63 - 1))
def test_cosignatures_go_round(checkpoint: Checkpoint, time: int) -> None:
    signature = cosign(checkpoint, WITNESS_VKEY.name, WITNESS, time)
    assert verify_signature(str(checkpoint), signature, WITNESS_VKEY) == time
    moved = replace(signature, value=bytes([signature.value[0] ^ 0x40]) + signature.value[1:])
    with pytest.raises(BadSignature, match="note-signature"):
        verify_signature(str(checkpoint), moved, WITNESS_VKEY)


def test_times_beyond_63_bits_are_refused_on_both_sides() -> None:
    last = cosign(CHECKPOINT, WITNESS_VKEY.name, WITNESS, 2**63 - 1)
    assert verify_signature(NOTE.text, last, WITNESS_VKEY) == 2**63 - 1
    for time in (-1, 2**63):
        with pytest.raises(Malformed, match="time"):
            cosign(CHECKPOINT, WITNESS_VKEY.name, WITNESS, time)
    value = (2**63).to_bytes(8) + WITNESS.sign(cosigned_message(NOTE.text, 2**63))
    with pytest.raises(BadSignature, match="time"):
        verify_signature(NOTE.text, replace(COSIGNED, value=value), WITNESS_VKEY)
