from pathlib import Path

import pytest

from app.accounts.demonstration import Demonstration, SignIn, forget_sign_in, place, read, tell_sign_in, write
from app.errors import Conflict, ServiceError

ONE, OTHER = SignIn("li.na", "pears in spring", "李娜"), SignIn("ma.ke", "plums in summer", "马可")


def test_what_is_told_is_read_back_and_a_login_stands_there_once(tmp_path: Path) -> None:
    path = place(tmp_path, demonstration=True)
    write(path, Demonstration(code="12345"))
    for sign_in in (ONE, OTHER, SignIn("li.na", "a newer one", "李娜")):
        tell_sign_in(path, sign_in)
    assert read(path) == Demonstration("12345", (OTHER, SignIn("li.na", "a newer one", "李娜")))
    forget_sign_in(path, "ma.ke")
    forget_sign_in(path, "nobody")
    assert [known.login for known in read(path).sign_ins] == ["li.na"]


def test_of_a_real_log_nothing_is_read_and_nothing_written(tmp_path: Path) -> None:
    tell_sign_in(place(tmp_path, demonstration=True), ONE)
    real = place(tmp_path, demonstration=False)
    assert read(real) == Demonstration()
    with pytest.raises(Conflict, match="not-demonstration"):
        tell_sign_in(real, OTHER)
    forget_sign_in(real, "li.na")
    assert read(tmp_path / "demonstration.json").sign_ins == (ONE,)


@pytest.mark.parametrize("data", [b"", b"[]", b'{"sign_ins":[{"login":"a"}]}', b'{"code":"\xff"}'])
def test_a_file_that_is_not_of_its_form_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "demonstration.json"
    path.write_bytes(data)
    with pytest.raises(ServiceError) as error:
        read(path)
    assert error.value.params["path"] == str(path)
