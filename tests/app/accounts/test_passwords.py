import contextlib
import unicodedata

import argon2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts import passwords
from app.accounts.passwords import Throttle, Verifier, hash_password
from app.errors import TooMany
from ledger.errors import Malformed


def test_a_password_is_kept_as_argon2id_with_the_costs_of_rfc_9106_and_a_salt_of_its_own() -> None:
    one, two = hash_password("correct horse"), hash_password("correct horse")
    assert one.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert one != two


def test_only_the_password_fits_however_a_keyboard_composed_it() -> None:
    hashed, verifier = hash_password(unicodedata.normalize("NFC", "café au lait")), Verifier()
    assert verifier.fits(unicodedata.normalize("NFD", "café au lait"), hashed)
    assert not verifier.fits("cafe au lait", hashed)
    assert not verifier.fits("", hashed)
    assert not verifier.fits("café au lait" * 1000, hashed)


def test_for_nobody_the_same_work_is_done_and_nothing_fits() -> None:
    assert not Verifier().fits("correct horse", None)
    costs = [argon2.extract_parameters(hashed) for hashed in (passwords._nobodys(), hash_password("correct horse"))]
    assert costs[0] == costs[1]


@pytest.mark.parametrize("password", ["", "123456789", "x" * 257])
def test_a_password_too_short_or_too_long_is_refused_with_the_length_wanted(password: str) -> None:
    with pytest.raises(Malformed) as error:
        hash_password(password)
    assert error.value.params == {"path": "password", "has": len(password), "wanted": "10–256"}


@given(st.lists(st.integers(0, 400), max_size=60))
def test_no_more_than_so_many_tries_pass_in_a_window(steps: list[int]) -> None:
    at, passed = 0, list[int]()
    throttle = Throttle(3, 1000, lambda: at)
    for step in steps:
        at += step
        with contextlib.suppress(TooMany):
            throttle.take("somebody")
            passed.append(at)
    # A window begins with its first try: three in each, so never seven in what two windows cover.
    assert all(later - earlier >= 1000 for earlier, later in zip(passed, passed[6:], strict=False))


def test_after_the_wait_it_says_there_is_a_try_again_and_success_forgives() -> None:
    at = 0
    throttle = Throttle(2, 1000, lambda: at)
    throttle.take("a")
    throttle.take("a")
    with pytest.raises(TooMany) as error:
        throttle.take("a")
    throttle.take("b")
    at += int(error.value.params["retry_after"]) * 1000
    throttle.take("a")
    throttle.forget("a")
    throttle.take("a")
    throttle.take("a")


def test_the_throttle_does_not_grow_without_end() -> None:
    throttle = Throttle(1, 1000, lambda: 0, remembered=2)
    for key in ("a", "b", "c"):
        throttle.take(key)
    throttle.take("a")
    with pytest.raises(TooMany):
        throttle.take("c")
