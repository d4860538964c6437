"""How a party comes to take part: its device makes a key, a registrar registers it, the device notes its party."""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from cyclopts import Parameter

from clients.commands import DEFAULT, Options, open_client, speech, writing
from clients.device import NEW, Device, read_party
from clients.errors import NoDevice, Refused, Unreachable, Usage
from clients.notebook import Notebook
from clients.rotation import settled
from clients.service import Service
from clients.speech import Speech
from ledger import b64u
from ledger.canonical import Json, dumps
from ledger.errors import LedgerError
from ledger.identity import ChainId
from ledger.keys import PublicKey, check_proof
from ledger.policy import Pin
from ledger.records import ROLES
from ledger.wordings import Lang

OFFER = "offer.json"


@dataclass(frozen=True)
class Membership:
    """What the service says of a key and a party; ``checked`` is None where it could not be asked."""

    name: str = ""
    checked: bool | None = None


def keygen(
    *,
    policy: Annotated[Path | None, Parameter(help="公开钉 policy.json，从服务以外得来 · the pin")] = None,
    party: Annotated[
        str | None,
        Parameter(help="主体编号（登记后）· the party's id, once registered", allow_leading_hyphen=True),
    ] = None,
    offer: Annotated[
        Path | None, Parameter(help="交登记员的文件写到这里 · write the registrar's file here (HOME/offer.json)")
    ] = None,
    options: Options = DEFAULT,
) -> int:
    """生成本设备的密钥 · make this device's key, and the file that a registrar needs to register it.

    新主体三步 · a new party in three steps:

    1. 本设备生成密钥：gengji keygen --home ./my-device --url http://127.0.0.1:8000 --policy var/policy.json ·
    make the key; it writes my-device/offer.json. 公开钉在服务的数据文件夹里（DATA/policy.json），须从服务以外得来 ·
    the pin is in the service's data folder; get it by another way than the service.

    2. 登记员登记 · the registrar registers the party: gengji register 绿源合作社 --type coop --roles farm,processor
    --division 990101 --side agriculture --key my-device/offer.json --home var/demo/registrar
    （演示县的登记员在 var/demo/registrar · the demonstration's registrar）

    3. 本设备记下主体编号：gengji keygen --party 主体编号 --home ./my-device · note the party's id; the service is asked
    whether the key is registered there.

    再运行一次显示同一把密钥 · run again it shows the same key. 总账换了密钥，再运行并写 --policy 新公开钉 · after a
    change of the log's key run it again with the new pin. 给已有主体加一台设备：另用新文件夹，第一次就写 --party ·
    another device of a party: a new folder, with --party from the start.

    Example: gengji keygen --home ./my-device --url http://127.0.0.1:8000 --policy var/policy.json
    """
    speak = speech(options)
    member = read_party(party) if party else None
    found = Membership()
    if (options.home / "identity.json").exists():
        device = Device.open(options.home)
        if policy is not None:
            device = device.believing(Pin.parse(policy.read_text("utf-8")))
        if member:
            found = _membership(options.url or device.url, member, device, speak.lang)
            if found.checked is False:
                raise Usage("party-other", has=found.name, path=str(device.folder))
            device = device.join(member, instead=_unused(device))
    elif options.url is None or policy is None:
        raise NoDevice("keygen", wanted="--url --policy")
    else:
        pin = Pin.parse(policy.read_text("utf-8"))
        device = Device.create(options.home, options.url, pin, party=member)
        if member:
            found = _membership(device.url, member, device, speak.lang)
    told = dumps(device.offer())
    file = offer or device.folder / OFFER
    # What a registrar was given stays as it is: registered again with it, it is the same registration.
    if offer or device.party is None or not file.exists():
        with writing(file):
            file.write_bytes(told + b"\n")
    if options.json:
        speak.document(
            {
                "home": str(device.folder),
                "kid": device.key.public.kid,
                "party": device.party,
                "checked": found.checked,
                "key": device.offer(),
                "offer": str(file),
            }
        )
    else:
        _tell(device, found, file, speak)
    return 0


def register(
    name: Annotated[str, Parameter(help="主体名称 · the party's name")],
    /,
    *,
    type: Annotated[  # noqa: A002 - the field's name
        Literal["person", "household", "coop", "company", "lab", "authority"],
        Parameter(
            help="自然人 person | 农户 household | 合作社 coop | 企业 company | 检测机构 lab | 主管部门 authority"
        ),
    ],
    roles: Annotated[
        str,
        Parameter(
            help="角色，用逗号分开 · roles, with commas: farm 生产者, processor 加工, warehouse 仓储, carrier 承运, "
            "shop 销售者, lab 检测机构, inspector 监督人员"
        ),
    ],
    division: Annotated[str, Parameter(help="行政区划代码，6、9 或 12 位 · division code")],
    side: Annotated[
        Literal["agriculture", "market"],
        Parameter(help="农业农村 agriculture | 市场监管 market · which side supervises it"),
    ] = "agriculture",
    uscc: Annotated[str | None, Parameter(help="统一社会信用代码 · its 18-character code")] = None,
    key: Annotated[
        list[Path] | None,
        Parameter(help="新设备的 offer.json，可重复 · the file of each device, from gengji keygen", negative=""),
    ] = None,
    options: Options = DEFAULT,
) -> int:
    """登记新主体（登记员用）· register a party with its devices' keys: a registrar's command.

    --home 是登记员设备的文件夹，演示县是 var/demo/registrar · --home is the registrar's device (the demonstration's).
    没有设备的农户不写 --key，由代理方记录 · a farmer without a device has no --key.
    同样的内容再运行一次不会登记两次 · the same again registers nothing twice.

    Example: gengji register 绿源合作社 --type coop --roles farm,processor --division 990101 --key my-device/offer.json
    --home var/demo/registrar
    """
    speak = speech(options)
    chosen = [role for role in re.split(r"[,，、\s]+", roles) if role]
    with open_client(options) as client:
        keys = [read_offer(path, client.notebook.device.pin.origin) for path in key or ()]
        # A registrar's act is done now or not at all: nothing is signed while the service can't be asked.
        client.log()
        said: dict[str, Any] = {"name": name, "type": type, "roles": chosen, "division": division, "side": side}
        told: dict[str, Json] = {**said, "uscc": uscc, "keys": [*keys]}
        source = f"register:{b64u.encode(sha256(dumps(told)).digest())}"
        done = settled(client, client.register_party(**said, uscc=uscc, keys=keys, source=source))
    party = done.statement.created[0]
    following = [_next(party, path) for path in key or ()]
    if options.json:
        speak.document({"party": party, "name": name, "statement": done.hash, "state": done.state, "next": following})
        return 0
    both = [ROLES[role] for role in chosen]
    speak.line("✓ 已登记", "✓ registered", name)
    speak.line("主体编号", "party id", party)
    speak.line("角色", "roles", speak("、".join(zh for zh, _ in both), ", ".join(en for _, en in both)))
    for command in following:
        speak.line("下一步，在新主体的设备上运行", "next, on the new party's device", command)
    return 0


def _membership(url: str, party: ChainId, device: Device, lang: Lang) -> Membership:
    """Whether the key is one of the party's now. Raises Usage ``party-unknown`` where there is no such party."""
    try:
        with Service(url, lang=lang) as service:
            told = service.get(f"/v1/parties/{quote(party, safe='')}")
    except Unreachable:
        return Membership()
    except Refused as error:
        if error.status == 404:
            raise Usage("party-unknown", has=party) from None
        raise
    keys = told.get("keys")
    own = any(
        isinstance(one, Mapping) and one.get("kid") == device.key.public.kid and one.get("revoked") is None
        for one in (keys if isinstance(keys, list) else ())
    )
    return Membership(str(told.get("name", "")), own)


def _unused(device: Device) -> bool:
    """Whether the notebook has stated nothing: then the party can still be put right."""
    if not (device.folder / "notebook.sqlite").exists():
        return True
    with Notebook(device) as notebook:
        return not notebook.all()


def read_offer(path: Path, log: str, party: str = NEW) -> dict[str, Json]:
    """What a device offers to ``party``, checked here, so that who adds it hears it in terms of the file."""
    try:
        offer = json.loads(path.read_bytes())
    except ValueError:
        raise Usage("offer-file", path=str(path)) from None
    match offer:
        case {"jwk": dict(jwk), "proof": str(proof), **more} if not more:
            try:
                check_proof(PublicKey.from_jwk(jwk), proof, log, party)
            except LedgerError:
                code = "offer-new" if party == NEW else "offer-other"
                raise Usage(code, path=str(path), has=party, wanted=log) from None
            return {"jwk": jwk, "proof": proof}
    raise Usage("offer-file", path=str(path))


def _next(party: ChainId, offer: Path) -> str:
    there = (offer.parent / "identity.json").exists()
    return f"gengji keygen --party {party}" + (f" --home {shlex.quote(str(offer.parent))}" if there else "")


def _tell(device: Device, found: Membership, offer: Path, speak: Speech) -> None:
    speak.line("密钥编号", "key id", device.key.public.kid)
    if device.party is None:
        speak.line("主体", "party", speak("尚未登记", "not registered yet"))
        speak.line("交登记员的文件", "file for the registrar", str(offer))
        home = shlex.quote(str(device.folder))
        steps: Sequence[tuple[str, str, str]] = (
            (
                "下一步，登记员运行",
                "next, the registrar runs",
                f"gengji register {speak('名称', 'NAME')} --type coop --roles farm --division "
                f"{speak('区划代码', 'DIVISION')} --key {shlex.quote(str(offer))} --home "
                f"{speak('登记员的文件夹', 'THEIR_FOLDER')}",
            ),
            (
                "然后在本设备运行",
                "then, on this device",
                f"gengji keygen --party {speak('主体编号', 'ID')} --home {home}",
            ),
        )
        for zh, en, command in steps:
            speak.line(zh, en, command)
        return
    speak.line("主体", "party", "  ".join(filter(None, (found.name, device.party))))
    said = {
        True: speak("已登记在该主体名下", "registered for this party"),
        False: speak(
            "还没有登记到该主体：请用该主体已有的设备加入（key.add）",
            "not registered yet: have one of the party's devices add it (key.add)",
        ),
    }
    if found.checked is not None:
        speak.line("密钥", "key", said[found.checked])
        if found.checked is False:
            speak.line("加入用的文件", "file to add it with", str(offer))
    elif not found.name:
        speak.line(
            "密钥", "key", speak("没有核对是否登记在该主体名下", "not checked whether it is registered for this party")
        )
