"""Letters: Chinese first, then English, with one id however often they are sent."""

import base64
from email.headerregistry import Address
from pathlib import Path

import orjson
import pytest

from app.config import Mail
from app.notices.mail import check_address, send
from app.notices.said import letter
from app.notices.webhook import Undelivered
from ledger.errors import Malformed
from tests.app.notices.receiving import PostOffice

NOON = 1_780_000_000
TOLD = {
    "id": "notice_abc",
    "event": "recall",
    "log": "log.example.org/county",
    "demonstration": False,
    "text": {"zh": "召回：合作社。请停售。", "en": "Recall: the co-op. Stop selling."},
    "batches": [{"code": "1" * 20, "product": "番茄", "lot": None}],
    "url": "https://trace.example.org/desk",
}
PAYLOAD = orjson.dumps(TOLD).decode()
ME = Address(addr_spec="ledger@example.org")


def through(office: PostOffice, **more: str) -> Mail:
    return Mail(host="127.0.0.1", port=office.port, starttls=False, sender="ledger@example.org", **more)  # type: ignore[arg-type]


def test_a_letter_is_read_in_chinese_then_in_english_then_the_page(office: PostOffice, tmp_path: Path) -> None:
    send(through(office), tmp_path, "li.na@example.com", PAYLOAD, NOON)
    (got,) = office.letters
    assert got["Subject"] == "【耕迹】召回：番茄 · recall"
    assert (got["To"], got["Message-ID"]) == ("li.na@example.com", "<notice_abc@example.org>")
    assert got["Auto-Submitted"] == "auto-generated"
    body = got.get_content()
    order = [body.index(text) for text in ("请停售", "Stop selling", "https://trace.example.org/desk")]
    assert order == sorted(order)


def test_a_demonstration_says_so() -> None:
    assert "演示" in letter(orjson.dumps(TOLD | {"demonstration": True}).decode(), ME, "a@example.com", NOON)["Subject"]


def test_a_product_s_name_adds_no_line_to_a_letter_s_head() -> None:
    evil = TOLD | {"batches": [{"code": "1", "product": "番茄\nBcc: all@example.com", "lot": None}]}
    made = letter(orjson.dumps(evil).decode(), ME, "a@example.com", NOON)
    assert made["Bcc"] is None
    assert "Bcc" in made["Subject"]


def test_the_password_is_read_from_its_file(office: PostOffice, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("pears\n")
    send(through(office, user="ledger", password_file="secret"), tmp_path, "li.na@example.com", PAYLOAD, NOON)
    assert [base64.b64decode(one) for one in office.sign_ins] == [b"\0ledger\0pears"]


@pytest.mark.parametrize(
    ("refuse", "error"),
    [
        ({"RCPT": "550 nobody of that name"}, "mail-refused 550"),
        ({"MAIL": "451 later"}, "mail-refused 451"),
        ({"DATA": "554 no"}, "mail-refused 554"),
        ({"EHLO": "421 closing", "HELO": "421 closing"}, "mail-refused 421"),
    ],
)
def test_what_the_server_refuses_is_told(
    office: PostOffice, tmp_path: Path, refuse: dict[str, str], error: str
) -> None:
    office.refuse = refuse
    with pytest.raises(Undelivered, match=error):
        send(through(office), tmp_path, "li.na@example.com", PAYLOAD, NOON)
    assert office.letters == []


def test_a_wrong_password_is_told_as_that(office: PostOffice, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("plums")
    office.refuse = {"AUTH": "535 no"}
    with pytest.raises(Undelivered, match="mail-login 535"):
        send(through(office, user="ledger", password_file="secret"), tmp_path, "li.na@example.com", PAYLOAD, NOON)


def test_a_server_without_tls_gets_nothing_where_tls_is_wanted(office: PostOffice, tmp_path: Path) -> None:
    wary = Mail(host="127.0.0.1", port=office.port, sender="ledger@example.org")
    with pytest.raises(Undelivered, match="connection"):
        send(wary, tmp_path, "li.na@example.com", PAYLOAD, NOON)
    assert office.letters == []


def test_no_server(free_port: int, tmp_path: Path) -> None:
    away = Mail(host="127.0.0.1", port=free_port, starttls=False, sender="ledger@example.org")
    with pytest.raises(Undelivered, match="connection"):
        send(away, tmp_path, "li.na@example.com", PAYLOAD, NOON)


@pytest.mark.parametrize("text", ["li.na@example.com", "a+b_c@mail.example.com.cn", "1@qq.com"])
def test_an_address(text: str) -> None:
    assert check_address(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "li.na",
        "@example.com",
        "a@b",
        "a b@example.com",
        "a@example.com\nBcc: x@y.cn",
        "a@example.com,b@c.cn",
        ".a@example.com",
        "a..b@example.com",
        "李娜@example.com",
        "a@-x.com",
        "<a@example.com>",
        "a" * 65 + "@x.com",
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(Malformed, match="contact-mail"):
        check_address(text)
