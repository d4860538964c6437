"""``gengji key …``: a party's keys, one for each of its devices, from the first to the last (format §7)."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from cyclopts import App, Parameter

from clients.admission import read_offer
from clients.client import Client
from clients.commands import DEFAULT, Options, open_client, speech
from clients.device import read_party
from clients.errors import NoDevice, Usage
from clients.lines import Clock
from clients.rotation import rotate as rotate_device
from clients.rotation import settled
from ledger import b64u
from ledger.errors import Malformed
from ledger.identity import ChainId
from ledger.keys import KeyId

Id = Annotated[str, Parameter(allow_leading_hyphen=True)]
Party = Annotated[
    str | None,
    Parameter(
        help="主体编号，缺省为本设备的主体 · the party's id, this device's own by default", allow_leading_hyphen=True
    ),
]

key = App(name="key", help="密钥 · a party's keys: change one, add one, end one")


@key.command
def rotate(
    *,
    keep: Annotated[
        bool, Parameter(negative="", help="旧密钥暂不吊销 · leave the old key valid until gengji key revoke")
    ] = False,
    options: Options = DEFAULT,
) -> int:
    """更换本设备的密钥 · give this device a new key: the old one adds it, then the new one revokes the old.

    待发送的记录先发完 · what waits is sent first. 中断后再运行一次，从中断处继续 · broken off, run it again.
    旧密钥和它的签名簿留在 HOME/retired · the old key and its notebook stay in HOME/retired.

    Example: gengji key rotate --home ./my-device
    """
    speak = speech(options)

    done = rotate_device(options.home, partial(open_client, options), keep=keep)
    if options.json:
        speak.document({"party": done.party, "old": done.old, "new": done.new, "revoked": done.revoked})
        return 0
    speak.line("✓ 新密钥", "✓ new key", done.new)
    state = speak("已吊销", "revoked") if done.revoked else speak("仍有效", "still valid")
    speak.line("旧密钥", "old key", f"{done.old} {state}")
    if not done.revoked:
        speak.line("以后吊销", "revoke it later", f"gengji key revoke {done.old} --reason … --home {options.home}")
    return 0


@key.command
def add(
    offer: Annotated[Path, Parameter(help="新设备的 offer.json · the new device's file")],
    /,
    *,
    party: Party = None,
    options: Options = DEFAULT,
) -> int:
    """加入一台设备的密钥 · add another device's key: by a device of the party, or by a registrar with --party.

    新设备先运行 · first, on the new device: gengji keygen --party 主体编号 --home … --url … --policy …

    Example: gengji key add new-device/offer.json --home ./my-device
    """
    speak = speech(options)
    with open_client(options) as client:
        whose = _whose(client, party)
        given = read_offer(offer, client.notebook.device.pin.origin, whose)
        # Done now or not at all: nothing is signed while the service can't be asked.
        client.log()
        source = f"key.add:{whose}:{given['proof']}"
        done = settled(client, client.state("key.add", given, [whose], source=source))
    speak.document({"party": whose, "statement": done.hash}) if options.json else speak.line(
        "✓ 已加入", "✓ added", whose
    )
    return 0


@key.command
def revoke(
    kid: Annotated[Id, Parameter(help="密钥编号，gengji key list 列出 · the key's id")],
    /,
    *,
    reason: Annotated[str, Parameter(help="原因，公开 · why; everybody reads it")],
    compromised_since: Annotated[
        str | None,
        Parameter(help="自何时起可能被盗用（登记员或根密钥）· since when a thief may have signed; registrar or root"),
    ] = None,
    party: Party = None,
    options: Options = DEFAULT,
) -> int:
    """吊销密钥 · revoke a key: by its party, or by a registrar with --party. What it signed before stays valid.

    --compromised-since 起收到的记录会标为“存疑”，不会删除 · what was received from then on is shown as suspect, never
    deleted; it can also be said, or said to be earlier, after the key was revoked. 由它加入的密钥一并存疑，请登记员另加
    新密钥 · so are keys that it added since: have the registrar add a new one.

    Example: gengji key revoke 8fQk… --reason 手机丢失 --home ./my-device
    """
    speak = speech(options)
    _check_kid(kid)
    with open_client(options) as client:
        whose = _whose(client, party)
        client.log()
        # A day without an hour counts from its beginning: better too much is suspect than too little.
        begun = compromised_since if not compromised_since or ":" in compromised_since else f"{compromised_since} 00:00"
        since = Clock(client).utc(begun) if begun else None
        fields: dict[str, Any] = {"kid": kid, "reason": reason, **({"compromised_since": since} if since else {})}
        source = f"key.revoke:{kid}:{since or ''}"
        done = settled(client, client.state("key.revoke", fields, [whose], source=source))
    if options.json:
        speak.document({"party": whose, "kid": kid, "compromised_since": since, "statement": done.hash})
        return 0
    speak.line("✓ 已吊销", "✓ revoked", kid)
    if since:
        speak.line("存疑自", "suspect since", since)
    return 0


@key.command(name="list")
def list_(*, party: Party = None, options: Options = DEFAULT) -> int:
    """列出主体的密钥 · a party's keys, those that were revoked too.

    Example: gengji key list --home ./my-device
    """
    speak = speech(options)
    with open_client(options) as client:
        whose, own = _whose(client, party), client.notebook.device.key.public.kid
        told = client.service.get(f"/v1/parties/{quote(whose, safe='')}")
    if options.json:
        speak.document({"party": whose, "keys": told.get("keys", [])})
        return 0
    for one in told.get("keys", []):
        states = [
            speak("有效", "valid") if one.get("revoked") is None else speak("已吊销", "revoked"),
            speak("服务代管", "held by the service") if one.get("custody") == "service" else "",
            speak("本设备", "this device") if one.get("kid") == own else "",
            f"{speak('存疑自', 'suspect since')} {one['compromised_since']}" if one.get("compromised_since") else "",
        ]
        speak.line(str(one.get("kid")), str(one.get("kid")), "  ".join(filter(None, states)))
    return 0


def _whose(client: Client, party: str | None) -> ChainId:
    if party is not None:
        return read_party(party)
    device = client.notebook.device
    if device.party is None:
        raise NoDevice("no-party", path=str(device.folder))
    return device.party


def _check_kid(text: str) -> KeyId:
    try:
        b64u.decode(text, 32, path="kid")
    except Malformed:
        raise Usage("kid-form", path="kid", has=text[:80], wanted=43) from None
    return KeyId(text)
