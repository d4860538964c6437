"""Settings: one file ``gengji.toml`` in the data folder, overridden by ``GENGJI_*`` in the environment."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from app.errors import ServiceError


class Mail(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"sender": "from"}):
    """The mail server that notices are handed to; on port 465 TLS is spoken from the first byte."""

    host: str
    port: int = 587
    starttls: bool = True
    user: str = ""
    password_file: Path = Path("keys/mail.password")
    """Where its password lies, read anew each time; from the data folder."""
    sender: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[!-?A-~]+@[A-Za-z0-9.-]+", self.sender):
            raise ValueError(f"mail.from: {self.sender}")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a service is started with; ``data`` is the folder that holds keys, lock and pin."""

    data: Path = Path("var")
    database_url: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    session_hours: int = 12
    attachments_url: str = ""
    """Where attachments lie, such as ``s3://bucket/county``; in the data folder if nowhere else."""
    attachment_size: int = 20 * 1024 * 1024
    """The most bytes that an attachment may have."""
    witnesses: dict[str, str] = {}
    """Where witnesses are asked whose address the policy does not tell, or tells for others; by their names there."""
    mail: Mail | None = None
    """How notices go to e-mail addresses; nobody is told by e-mail without it."""

    @property
    def url(self) -> str:
        """The database: SQLite in the data folder unless another is named."""
        return self.database_url or f"sqlite:///{self.data.absolute() / 'ledger.sqlite'}"

    @property
    def keys(self) -> Path:
        return self.data / "keys"

    @property
    def pin(self) -> Path:
        return self.data / "policy.json"


def load(data: Path, environment: Mapping[str, str], **given: Any) -> Settings:
    """What is given overrides the environment, which overrides the file. Raises ServiceError ``settings``."""
    path = data / "gengji.toml"
    names = {name for name in Settings.__struct_fields__ if name != "data"}
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text()) if path.exists() else {}
        values |= {name: environment[key] for name in names if (key := f"GENGJI_{name.upper()}") in environment}
        values |= {name: value for name, value in given.items() if value is not None}
        for name in ("witnesses", "mail"):
            if isinstance(told := values.get(name), str):
                values[name] = msgspec.json.decode(told)
        if unknown := values.keys() - names:
            raise ServiceError("settings", path=str(path), has=min(unknown), wanted=", ".join(sorted(names)))
        return msgspec.convert({**values, "data": str(data)}, Settings, strict=False, dec_hook=lambda t, v: t(v))
    except (tomllib.TOMLDecodeError, msgspec.DecodeError) as error:
        raise ServiceError("settings", path=str(path), has=str(error)) from None
