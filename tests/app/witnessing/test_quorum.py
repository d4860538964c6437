"""k of n, as `gengji init` is told it."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.errors import ServiceError
from app.witnessing.quorum import NOBODY, k_of_n, read_witness
from ledger.checkpoint import COSIGNATURE, ED25519, VKey
from ledger.errors import Malformed
from ledger.policy import Pin, Policy, Witness
from tests.world import secret

LOG = VKey("log.example.org", ED25519, secret("log").public)
KEYS = [VKey(f"w{number}.example.org", COSIGNATURE, secret(f"w{number}").public) for number in range(3)]
WITNESSES = [Witness(f"w{number}", vkey) for number, vkey in enumerate(KEYS)]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (f"{KEYS[0]}=https://w0.example.org/a=b", Witness("w0.example.org", KEYS[0], "https://w0.example.org/a=b")),
        (f"农业农村局={KEYS[0]}=http://[::1]:8100", Witness("农业农村局", KEYS[0], "http://[::1]:8100")),
        (f"农业农村局={KEYS[0]}", Witness("农业农村局", KEYS[0])),
        (str(KEYS[0]), Witness("w0.example.org", KEYS[0])),
    ],
)
def test_a_witness_is_read_from_words(text: str, read: Witness) -> None:
    assert read_witness(text) == read


@pytest.mark.parametrize(
    "text",
    [
        "",
        "w0",
        f"{KEYS[0]}=ftp://w0.example.org",
        f"{KEYS[0]}=https://",
        f"two words={KEYS[0]}",
        f"{KEYS[0]}=https://w0 x",
        str(LOG) + "=https://x.example",
        str(KEYS[0])[:-1],
        str(KEYS[0]).replace("w0", "w9"),
    ],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ServiceError) as refused:
        read_witness(text)
    assert refused.value.code == "witness-option"


@pytest.mark.parametrize(("n", "k"), [(1, 1), (2, 1), (2, 2), (3, 2), (3, 3)])
def test_k_of_them_are_enough_and_fewer_are_not(n: int, k: int) -> None:
    policy = Policy(((LOG, ""),), *k_of_n(WITNESSES[:n], k))
    assert policy.satisfied(KEYS[:k])
    assert policy.satisfied(KEYS[n - k : n])
    assert not policy.satisfied(KEYS[: k - 1])
    assert Policy.parse(str(policy)) == policy


@pytest.mark.parametrize(("n", "k"), [(0, 0), (1, 1), (2, 2), (3, 2)])
def test_more_than_half_where_nothing_is_said(n: int, k: int) -> None:
    assert k_of_n(WITNESSES[:n]) == (k_of_n(WITNESSES[:n], k) if n else NOBODY)


@pytest.mark.parametrize(("n", "k"), [(0, 1), (1, 0), (2, 3), (3, -1)])
def test_a_number_that_cannot_be_is_refused(n: int, k: int) -> None:
    with pytest.raises(ServiceError, match="quorum-option"):
        k_of_n(WITNESSES[:n], k)


def test_nobody_counts_twice() -> None:
    with pytest.raises(Malformed, match="policy"):
        k_of_n([WITNESSES[0], Witness("again", KEYS[0])])


def test_a_log_is_opened_with_its_witnesses(tmp_path: Path) -> None:
    words = [word for vkey in KEYS for word in ("--witness", f"{vkey}=https://{vkey.name}")]
    command = [sys.executable, "-c", "from clients.cli import main; main()", "init", "--origin", "log.example.org/live"]
    done = subprocess.run([*command, *words, "--quorum", "2", "--data", tmp_path / "var"], timeout=60)
    assert done.returncode == 0
    policy = Pin.parse((tmp_path / "var" / "policy.json").read_text()).policy
    assert [witness.url for witness in policy.witnesses] == [f"https://{vkey.name}" for vkey in KEYS]
    assert policy.groups[0].threshold == 2
    refused = subprocess.run(
        [*command, "--witness", "nobody", "--data", tmp_path / "other"], capture_output=True, text=True, timeout=60
    )
    assert refused.returncode == 1
    assert "nobody" in refused.stderr
    assert not (tmp_path / "other").exists()
