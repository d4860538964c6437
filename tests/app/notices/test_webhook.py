"""Webhooks: signed as the standard has it, and never sent to a neighbour of the service."""

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import ssl
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.notices.webhook import Poster, Resolve, Undelivered, check_url, reachable, sign
from ledger.errors import Malformed
from tests.app.notices.receiving import Program

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
AT = 1_780_000_000


def post(
    url: str,
    *,
    demonstration: bool = True,
    patience: float = 10.0,
    names: Resolve | None = None,
    tls: ssl.SSLContext | None = None,
    body: bytes = b"{}",
) -> None:
    async def once() -> None:
        poster = Poster(demonstration=demonstration, tls=tls, **({"names": names} if names else {}))
        try:
            await poster.post(url, SECRET, "notice_1", body, AT, patience)
        finally:
            await poster.close()

    asyncio.run(once())


def leads_to(*addresses: str) -> Resolve:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    return resolve


# --- what is sent --------------------------------------------------------------------------------------------------


def test_it_is_signed_as_the_standard_has_it() -> None:
    """The example of the Standard Webhooks specification."""
    signature = sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_receiver_can_check_what_it_got(receiver: Program) -> None:
    post(receiver.url, body='{"text":"召回"}'.encode())
    ((headers, body),) = receiver.got
    assert headers["content-type"] == "application/json"
    assert headers["host"] == receiver.url.split("/")[2]
    said = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = hmac.new(bytes(range(32)), said, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(mac).decode()
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("notice_1", str(AT))


# --- what fails ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "error"), [(500, "status 500"), (404, "status 404"), (199, "connection")])
def test_what_is_no_success_is_none(receiver: Program, status: int, error: str) -> None:
    receiver.answers = [(status, {})]
    with pytest.raises(Undelivered) as failed:
        post(receiver.url)
    assert str(failed.value).startswith(error)


def test_a_redirect_is_not_followed(receiver: Program) -> None:
    receiver.answers = [(307, {"location": receiver.url})]
    with pytest.raises(Undelivered, match="redirect 307"):
        post(receiver.url)
    assert len(receiver.got) == 1


def test_who_does_not_answer_in_time_is_given_up(receiver: Program) -> None:
    receiver.go_on = threading.Event()
    with pytest.raises(Undelivered, match="timeout"):
        post(receiver.url, patience=0.2)


def test_an_answer_is_not_read(receiver: Program) -> None:
    """Whatever it claims to be long: the status is all that counts."""
    receiver.answers = [(200, {"content-length": str(1 << 40)})]
    post(receiver.url)


def test_nobody_there(free_port: int) -> None:
    with pytest.raises(Undelivered, match="connection"):
        post(f"http://127.0.0.1:{free_port}/")


def test_a_name_that_nobody_has() -> None:
    async def nowhere(host: str, port: int) -> Sequence[str]:
        raise OSError("no such name")

    with pytest.raises(Undelivered, match="unknown-host"):
        post("https://nobody.example/", names=nowhere)


# --- where nothing is sent -----------------------------------------------------------------------------------------

PRIVATE = [
    "127.0.0.1", "10.0.0.7", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200", "0.0.0.1",
    "168.63.129.16", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.0.192",
    "::1", "::", "fe80::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "fec0::1", "::127.0.0.1", "2002:7f00:1::", "2002:a9fe:a9fe::1",
]  # fmt: skip


@pytest.mark.parametrize("ip", PRIVATE)
def test_a_private_address_is_refused_when_it_is_named_and_when_a_name_leads_there(ip: str) -> None:
    assert not reachable(ipaddress.ip_address(ip), "https", demonstration=False)
    host = f"[{ip}]" if ":" in ip else ip
    with pytest.raises(Malformed, match="contact-private"):
        check_url(f"https://{host}/", demonstration=False)
    with pytest.raises(Undelivered, match="private"):
        post("https://party.example/", demonstration=False, names=leads_to(ip))


@pytest.mark.parametrize("ip", ["1.1.1.1", "223.5.5.5", "2400:3200::1", "64:ff9b::101:101"])
def test_what_is_public_is_public(ip: str) -> None:
    assert reachable(ipaddress.ip_address(ip), "https", demonstration=False)
    assert not reachable(ipaddress.ip_address(ip), "http", demonstration=True)


def test_this_machine_is_reached_in_a_demonstration_only(receiver: Program) -> None:
    with pytest.raises(Undelivered, match="address"):
        post(receiver.url, demonstration=False)
    post(receiver.url.replace("127.0.0.1", "localhost"), names=leads_to("127.0.0.1"))
    assert len(receiver.got) == 1


def test_a_name_with_a_public_and_a_private_address_is_refused() -> None:
    with pytest.raises(Undelivered, match="private"):
        post("https://party.example/", demonstration=False, names=leads_to("1.1.1.1", "10.0.0.7"))


def test_what_was_checked_is_what_is_connected_to(receiver: Program) -> None:
    """A name that means another address the next time it is asked: it is asked once."""
    asked = iter([["127.0.0.1"], ["10.0.0.7"]])

    async def fickle(host: str, port: int) -> Sequence[str]:
        return next(asked)

    post(receiver.url.replace("127.0.0.1", "party.example"), names=fickle)
    ((headers, _),) = receiver.got
    assert headers["host"].startswith("party.example:")
    assert next(asked) == ["10.0.0.7"]


@pytest.mark.parametrize(
    "url",
    [
        "http://party.example/",
        "ftp://party.example/",
        "https://",
        "https:///x",
        "https://user:pass@party.example/",
        "https://party.example/#x",
        "https://party.example:99999/",
        "https://party.example:0/",
        "https://[::1/",
        "https://party.example/\nx",
        "https://party.example\\@127.0.0.1/",
        "https://田.example/",
        "party.example",
        "https://party.example/" + "x" * 500,
    ],
)
def test_what_is_no_address_of_a_webhook(url: str) -> None:
    with pytest.raises(Malformed, match="contact-url"):
        check_url(url, demonstration=False)


# --- certificates --------------------------------------------------------------------------------------------------


def certificate(folder: Path, name: str) -> Path:
    """A certificate for ``name`` that signed itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / f"{name}.pem"
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.parametrize(("name", "trusted", "fits"), [("a", True, True), ("b", True, False), ("a", False, False)])
def test_the_certificate_is_for_the_name_and_not_for_the_address(
    tmp_path: Path, name: str, trusted: bool, fits: bool
) -> None:
    class Fine(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    pem = certificate(tmp_path, "a.example")
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(pem)
    theirs = ssl.create_default_context(cafile=pem if trusted else None)

    class Quiet(HTTPServer):
        def handle_error(self, *_: object) -> None:
            pass

    with Quiet(("127.0.0.1", 0), Fine) as server:
        server.socket = ours.wrap_socket(server.socket, server_side=True)
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        url = f"https://{name}.example:{server.server_address[1]}/"
        try:
            if fits:
                post(url, names=leads_to("127.0.0.1"), tls=theirs)
            else:
                with pytest.raises(Undelivered, match="tls"):
                    post(url, names=leads_to("127.0.0.1"), tls=theirs)
        finally:
            server.shutdown()
            serving.join()
