"""The operator: the party that makes the daily heads, and can do nothing else (format §7: by root act only)."""

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Engine

from app.config import Settings
from app.errors import Stopped
from app.heads.making import KEY
from app.heads.signing import Hand
from app.keyring import read_key, write_key
from app.log import Log
from ledger.canonical import Json
from ledger.identity import ChainId
from ledger.keys import PrivateKey, prove

ROLE = "operator"


async def admit_operator(
    settings: Settings, engine: Engine, log: Log, profile: Mapping[str, Json], now: int
) -> ChainId:
    """Register it and give it its role with two root keys of the data folder; what stands already is left.

    Its key is made in the folder of keys. Raises Stopped ``root-keys-away``, or what the journal refuses.
    """
    first, second = (Hand(engine, log, key) for key in _root_keys(settings.keys, log))
    path = settings.keys / KEY
    if not path.exists():
        write_key(path, PrivateKey.generate())
    key = read_key(path)
    registry = log.journal.registry
    if key.public.kid not in registry.keys:
        given: list[Json] = [{"jwk": key.public.jwk, "proof": prove(key, log.origin, "new")}]
        await first.state("party.register", {"keys": given, "profile": {**profile}, "roles": []}, now)
    party = registry.keys[key.public.kid].party
    if ROLE not in registry.parties[party].roles:
        act = await first.state("role.grant", {"role": ROLE}, now, party)
        await second.state("role.grant", {"confirms": act.statement.hash}, now, party)
    return party


def _root_keys(folder: Path, log: Log) -> tuple[PrivateKey, PrivateKey]:
    """Two that are not revoked."""
    standing = log.journal.registry.parties[log.pin.root].keys
    found = [key for key in map(read_key, sorted(folder.glob("root-*.pem"))) if key.public.kid in standing]
    if len(found) < 2:
        raise Stopped("root-keys-away", path=str(folder), has=len(found), wanted=2)
    return found[0], found[1]
