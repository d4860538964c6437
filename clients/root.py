"""``gengji root …``: what takes the log's root keys, each on its own, perhaps on machines that are never on line.

A root act is two statements by two root keys: the first says what, the second confirms it (format §7).
"""

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from clients import ready
from clients.admission import read_offer
from clients.commands import Options, speech, writing
from clients.device import read_key, read_party
from clients.errors import Refused, Usage
from clients.notebook import Kept
from clients.rootkey import RootKey
from clients.service import Service
from ledger.canonical import Json
from ledger.identity import ChainId
from ledger.policy import Pin

root = App(name="root", help="根密钥 · acts of the log's root keys: roles of registrars and operators, log key, rules")


@Parameter(name="*")
@dataclass(frozen=True)
class Signing:
    """With which root key, against which log, and where the signed statement goes."""

    key: Annotated[Path, Parameter(help="根密钥文件 · the root key's file")]
    policy: Annotated[Path, Parameter(help="公开钉 policy.json · the pin")]
    url: Annotated[str | None, Parameter(env_var="GENGJI_URL", help="服务网址；离线时不写 · none off line")] = None
    after: Annotated[
        str | None,
        Parameter(help="离线：这把密钥上一条记录的文件，没有则写 none · off line: its last statement's file, or none"),
    ] = None
    output: Annotated[
        Path | None,
        Parameter(name=["-o", "--output"], help="写到文件，由 gengji submit 发送 · to a file that gengji submit sends"),
    ] = None
    lang: Annotated[Literal["zh", "en"] | None, Parameter(help="语言 · language")] = None
    json: Annotated[bool, Parameter(negative="", help="输出 JSON · print JSON")] = False


Confirms = Annotated[
    str | None,
    Parameter(
        help="第二把根密钥确认：第一条记录的编号或文件 · confirm, with another root key: the first's hash or file",
        allow_leading_hyphen=True,
    ),
]
Party = Annotated[str, Parameter(help="主体编号 · the party's id", allow_leading_hyphen=True)]
Power = Literal["registrar", "operator"]


@root.command
def grant(party: Party, role: Power, /, *, confirms: Confirms = None, signing: Signing) -> int:
    """授予登记员或运营方角色 · make a party registrar or operator.

    Example: gengji root grant PARTY registrar --key root-1.pem --policy policy.json --url http://127.0.0.1:8000
    """
    return _state("role.grant", read_party(party), {"role": role}, signing, confirms=confirms)


@root.command
def end(party: Party, role: Power, /, *, confirms: Confirms = None, signing: Signing) -> int:
    """终止登记员或运营方角色 · a party is registrar or operator no more.

    Example: gengji root end PARTY registrar --key root-1.pem --policy policy.json --url http://127.0.0.1:8000
    """
    return _state("role.end", read_party(party), {"role": role}, signing, confirms=confirms)


@root.command(name="log-key")
def log_key(vkey: str, /, *, confirms: Confirms = None, signing: Signing) -> int:
    """公告新的总账密钥 · announce the log's new key, as gengji log-key new has made it.

    Example: gengji root log-key trace.example.org/county+1f2e3d4c+AYLs… --key root-1.pem --policy policy.json
    --url http://127.0.0.1:8000
    """
    return _state("log.key", None, {"vkey": vkey}, signing, confirms=confirms)


@root.command
def policy(
    file: Annotated[Path, Parameter(help='JSON：{"角色":["记录种类"]} · {"role":["kind"]}')],
    /,
    *,
    confirms: Confirms = None,
    signing: Signing,
) -> int:
    """修改规则表：谁能记录什么 · change which role may state which kinds.

    Example: gengji root policy roles.json --key root-1.pem --policy policy.json --url http://127.0.0.1:8000
    """
    try:
        table = json.loads(file.read_bytes())
    except ValueError:
        raise Usage("root-table", path=str(file)) from None
    return _state("log.policy", None, {"policy": table}, signing, confirms=confirms)


@root.command
def close(successor: str, /, *, confirms: Confirms = None, signing: Signing) -> int:
    """关闭总账 · close the log for good, naming the log that goes on.

    Example: gengji root close trace.example.org/county-2 --key root-1.pem --policy policy.json
    --url http://127.0.0.1:8000
    """
    return _state("log.close", None, {"successor": successor}, signing, confirms=confirms)


@root.command
def revoke(
    party: Party,
    kid: Annotated[str, Parameter(help="密钥编号 · the key's id", allow_leading_hyphen=True)],
    /,
    *,
    reason: Annotated[str, Parameter(help="原因，公开 · why; everybody reads it")],
    compromised_since: Annotated[
        str | None, Parameter(help="失密起始，如 2026-07-20T01:30:00Z · since when a thief may have signed")
    ] = None,
    confirms: Confirms = None,
    signing: Signing,
) -> int:
    """吊销任何主体的密钥 · revoke any party's key; one root key is enough, but for a root key.

    吊销另一把根密钥须两把根密钥；根密钥吊销自己、不注明失密起始，一把即可 · another root key takes two; a root key
    that ends itself, and names no time, does so alone.

    Example: gengji root revoke PARTY KID --reason 失窃 --key root-1.pem --policy policy.json
    --url http://127.0.0.1:8000
    """
    since: dict[str, Json] = {"compromised_since": compromised_since} if compromised_since else {}
    body: dict[str, Json] = {"kid": kid, "reason": reason, **since}
    return _state("key.revoke", read_party(party), body, signing, confirms=confirms)


@root.command
def register(
    name: Annotated[str, Parameter(help="主体名称 · the party's name")],
    /,
    *,
    offer: Annotated[Path, Parameter(help="其设备的 offer.json · the file of its device, from gengji keygen")],
    division: Annotated[str, Parameter(help="行政区划代码 · division code")],
    type: Annotated[  # noqa: A002 - the field's name
        Literal["coop", "company", "authority"], Parameter(help="类型 · type of party")
    ] = "authority",
    side: Annotated[Literal["agriculture", "market"], Parameter(help="监管部门 · supervised by")] = "agriculture",
    signing: Signing,
) -> int:
    """登记第一位登记员，一把根密钥即可 · register the first registrar, before there is one; then grant it its role.

    Example: gengji root register 青禾县农业农村局 --offer offer.json --division 510182 --key root-1.pem
    --policy policy.json --url http://127.0.0.1:8000
    """
    given = read_offer(offer, Pin.parse(signing.policy.read_text("utf-8")).origin)
    profile: dict[str, Json] = {"division": division, "name": name, "side": side, "type": type}
    return _state("party.register", None, {"keys": [given], "profile": profile, "roles": []}, signing)


def _state(
    kind: str, party: ChainId | None, body: dict[str, Json], signing: Signing, *, confirms: str | None = None
) -> int:
    """Sign, then send or write to the file; says what comes next."""
    pin = Pin.parse(signing.policy.read_text("utf-8"))
    speak = speech(Options(lang=signing.lang, json=signing.json))
    service = Service(signing.url, lang=speak.lang) if signing.url else None
    if service is None and signing.output is None:
        raise Usage("root-offline", wanted="--url | --output")
    on = [] if kind == "party.register" else [party or pin.root]
    try:
        held = read_key(signing.key)
        signer = RootKey(held, pin, service)
        statement = signer.state(kind, on, body, confirms=confirms, after=signing.after)
        state = "signed"
        if signing.output is not None:
            with writing(signing.output):
                signing.output.write_text(ready.line(statement), "utf-8")
        elif service is not None:
            state = _sent(ready.send(service, Kept(statement, (), "waiting"), pin))
    finally:
        if service is not None:
            service.close()
    told: dict[str, Any] = {"statement": statement.hash, "kind": kind, "n": statement.n, "state": state}
    if signing.json:
        speak.document({**told, "created": [*statement.created], "file": str(signing.output or "")})
        return 0
    said = speak("已记录", "recorded") if state == "receipted" else speak("已签名，未发送", "signed, not sent")
    speak.line(f"✓ {said}", f"✓ {said}", statement.hash)
    for chain in statement.created:
        speak.line("主体编号", "party id", chain)
    if signing.output is not None:
        command = f"gengji submit {shlex.quote(str(signing.output))} --url URL"
        speak.line("在联网的机器上发送", "send it from a machine on line", command)
    ends_itself = body.get("kid") == held.public.kid and "compromised_since" not in body
    alone = kind == "party.register" or (kind == "key.revoke" and (party != pin.root or ends_itself))
    if confirms is None and not alone:
        what = speak("同一命令，另一把根密钥，加上", "the same command, another root key, and")
        speak.line("还须第二把根密钥确认", "a second root key has to confirm it", f"{what} --confirms {statement.hash}")
    return 0


def _sent(kept: Kept) -> str:
    if kept.state == "refused":
        problem = dict(kept.answer or {})
        raise Refused(int(problem.get("status", 0)), {"code": "refused", **problem})
    return kept.state
