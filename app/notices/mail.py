"""E-mail: a notice handed to the operator's own mail server (RFC 5321), as ``[mail]`` in ``gengji.toml`` names it."""

import re
import smtplib
import ssl
from email.headerregistry import Address
from pathlib import Path

from app.config import Mail
from app.notices.said import letter
from app.notices.webhook import Undelivered
from ledger.errors import Malformed

PATIENCE = 10.0
"""How long, in s, each step may take."""

TLS_PORT = 465
"""Where TLS is spoken from the first byte (RFC 8314)."""

_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?=.{4,190}$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)


def check_address(text: str) -> str:
    """An address that letters may be sent to. Raises Malformed ``contact-mail``."""
    name = text.partition("@")[0]
    if not _ADDRESS.fullmatch(text) or name.startswith(".") or name.endswith(".") or ".." in name:
        raise Malformed("contact-mail", path="address", has=text[:80])
    return text


def send(mail: Mail, data: Path, to: str, payload: str, now: float, tls: ssl.SSLContext | None = None) -> None:
    """Raises Undelivered. Waits for the server, so never on an event loop; ``now`` is in seconds."""
    sender = Address(display_name="耕迹 Gengji", addr_spec=mail.sender)
    told = letter(payload, sender, check_address(to), now)
    context = tls or ssl.create_default_context()
    try:
        with _connected(mail, context) as server:
            if mail.starttls and mail.port != TLS_PORT:
                server.starttls(context=context)
            if mail.user:
                server.login(mail.user, (data / mail.password_file).read_text().strip())
            server.send_message(told, from_addr=mail.sender, to_addrs=[to])
    except smtplib.SMTPAuthenticationError as error:
        raise Undelivered("mail-login", str(error.smtp_code)) from None
    except smtplib.SMTPRecipientsRefused as error:
        code = next(iter(error.recipients.values()))[0]
        raise Undelivered("mail-refused", str(code)) from None
    except smtplib.SMTPResponseException as error:
        raise Undelivered("mail-refused", str(error.smtp_code)) from None
    except ssl.SSLError:
        raise Undelivered("tls") from None
    except TimeoutError:
        raise Undelivered("timeout") from None
    except (smtplib.SMTPException, OSError) as error:
        raise Undelivered("connection", type(error).__name__) from None


def _connected(mail: Mail, context: ssl.SSLContext) -> smtplib.SMTP:
    if mail.port == TLS_PORT:
        return smtplib.SMTP_SSL(mail.host, mail.port, timeout=PATIENCE, context=context)
    return smtplib.SMTP(mail.host, mail.port, timeout=PATIENCE)
