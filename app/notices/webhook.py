"""Webhooks: a notice posted to a party's own program, signed so that it knows whose it is.

Signed as Standard Webhooks has it (github.com/standard-webhooks/standard-webhooks, v1)::

    webhook-id: notice_…              the same however often it is sent
    webhook-timestamp: 1780000000     seconds; older than some minutes is somebody else's replay
    webhook-signature: v1,<base64 of HMAC-SHA256 over "{id}.{timestamp}.{body}">

under the 32 bytes behind ``whsec_`` in the secret that the party was shown. A status from 200 to 299 within the time
limit is "delivered"; a redirect is not followed, and what the answer says is not read.

An address is what a stranger wrote down, and the service stands where the stranger may not reach: every name is
resolved here, all that it resolves to must be public, and what was checked is what is connected to.
"""

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit

import httpx

from ledger.errors import Malformed

PATIENCE = 10.0
"""How long, in s, all of it may take."""

PREFIX = "whsec_"
MOST = 500
"""The most characters of an address."""

IpAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host, for a port."""

_PLATFORM = (ipaddress.ip_network("168.63.129.16/32"), ipaddress.ip_network("192.0.0.0/24"))
"""Public by their numbers, but answered by the machine's own host: virtual public addresses of clouds."""

_UNICAST = ipaddress.ip_network("2000::/3")
"""All of IPv6 that is given out to the open Internet (RFC 4291 §2.4)."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_URL = re.compile(r"[!-~]+")


class Undelivered(Exception):
    """A try that failed: a code of ``REASONS`` and what more is known; ``final`` if no other try would do better."""

    def __init__(self, code: str, detail: str = "", *, final: bool = False) -> None:
        super().__init__(f"{code} {detail}".strip())
        self.final = final


def sign(secret: str, id_: str, at: int, body: bytes) -> str:
    """The ``webhook-signature`` of ``body``; ``at`` is in seconds."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    mac = hmac.new(key, f"{id_}.{at}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(mac).decode()}"


def check_url(url: str, *, demonstration: bool) -> SplitResult:
    """The parts of an address that notices may be sent to. Raises Malformed ``contact-url``, ``contact-private``.

    ``https`` alone; in a demonstration ``http`` to this machine too.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Malformed("contact-url", path="address", has=url[:80]) from None
    fits = len(url) <= MOST and _URL.fullmatch(url) and parts.hostname and port != 0
    schemes = ("https", "http") if demonstration else ("https",)
    if not fits or parts.scheme not in schemes or "@" in parts.netloc or parts.fragment or "\\" in url:
        raise Malformed("contact-url", path="address", has=url[:80])
    ip = _ip(parts.hostname or "")
    if ip is not None and not reachable(ip, parts.scheme, demonstration=demonstration):
        raise Malformed("contact-private", path="address", has=str(ip))
    return parts


def reachable(ip: IpAddress, scheme: str, *, demonstration: bool) -> bool:
    """Whether an address is anybody's in the open Internet, and so not a neighbour of the service."""
    ip = _inner(ip)
    if demonstration and ip.is_loopback:
        return True
    if isinstance(ip, ipaddress.IPv6Address):
        known = ip in _UNICAST
    else:
        known = not (ip.is_multicast or ip.is_reserved or any(ip in network for network in _PLATFORM))
    return known and ip.is_global and scheme == "https"


def _inner(ip: IpAddress) -> IpAddress:
    """The IPv4 address that an IPv6 address is another spelling of, or leads to."""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _NAT64:
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        teredo = ip.teredo
        return ip.ipv4_mapped or ip.sixtofour or (teredo[1] if teredo else ip)
    return ip


def _ip(host: str) -> IpAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


async def resolve(host: str, port: int) -> Sequence[str]:
    """As the machine resolves it. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class Poster:
    """Posts notices; ``tls`` is what certificates are checked by, ``names`` how hosts are found."""

    def __init__(self, *, demonstration: bool, tls: ssl.SSLContext | None = None, names: Resolve = resolve) -> None:
        self._demonstration = demonstration
        self._names = names
        # No proxy of the environment: it would resolve the name again. No connection is kept for another notice.
        self._http = httpx.AsyncClient(
            verify=tls or ssl.create_default_context(),
            trust_env=False,
            follow_redirects=False,
            limits=httpx.Limits(max_keepalive_connections=0),
            timeout=PATIENCE,
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def post(self, url: str, secret: str, id_: str, body: bytes, at: int, patience: float = PATIENCE) -> None:
        """Raises Undelivered; ``at`` is in seconds."""
        try:
            async with asyncio.timeout(patience):
                await self._post(url, secret, id_, body, at)
        except TimeoutError:
            raise Undelivered("timeout", f"{patience:g} s") from None

    async def _post(self, url: str, secret: str, id_: str, body: bytes, at: int) -> None:
        try:
            parts = check_url(url, demonstration=self._demonstration)
        except Malformed as error:
            raise Undelivered("private" if error.code == "contact-private" else "address", final=True) from None
        ip = await self._checked(parts)
        told = {
            "content-type": "application/json",
            "user-agent": "gengji-notices/1",
            "webhook-id": id_,
            "webhook-timestamp": str(at),
            "webhook-signature": sign(secret, id_, at, body),
            "host": parts.netloc,
            "connection": "close",
        }
        # To the address that was checked, under the name that its certificate has.
        target = httpx.URL(url).copy_with(host=ip)
        request = self._http.build_request("POST", target, headers=told, content=body)
        request.extensions["sni_hostname"] = parts.hostname
        try:
            answer = await self._http.send(request, stream=True)
        except httpx.TimeoutException:
            raise Undelivered("timeout") from None
        except httpx.TransportError as error:
            tls = isinstance(error.__context__ or error, ssl.SSLError) or "CERTIFICATE" in str(error)
            raise Undelivered("tls" if tls else "connection", type(error).__name__) from None
        await answer.aclose()
        if answer.is_redirect:
            raise Undelivered("redirect", str(answer.status_code))
        if not answer.is_success:
            raise Undelivered("status", str(answer.status_code))

    async def _checked(self, parts: SplitResult) -> str:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            found = await self._names(parts.hostname or "", port)
        except (OSError, UnicodeError):
            raise Undelivered("unknown-host", (parts.hostname or "")[:100]) from None
        ips = [ip for text in found if (ip := _ip(text.partition("%")[0])) is not None]
        if not ips:
            raise Undelivered("unknown-host", (parts.hostname or "")[:100])
        # All of them: who answers with one of each hopes that the other is taken.
        if not all(reachable(ip, parts.scheme, demonstration=self._demonstration) for ip in ips):
            raise Undelivered("private", (parts.hostname or "")[:100])
        return str(ips[0])
