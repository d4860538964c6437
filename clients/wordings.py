"""What goes wrong on a party's side, in Chinese and in English, and what to do now."""

# ruff: noqa: E501  (a row of the table is one line, so that it can be read down)

from collections import defaultdict
from collections.abc import Mapping

from ledger import wordings
from ledger.errors import LedgerError
from ledger.wordings import Lang

WORDINGS: Mapping[str, tuple[str, str]] = {
    "no-device": (
        "{path} 里没有可用的设备（密钥、身份、公开钉）。请先运行 gengji keygen，或用 --home 指定文件夹。",
        "There is no usable device (key, identity, pin) in {path}. Run gengji keygen first, or name the folder with --home.",
    ),
    "no-party": (
        "{path} 的密钥还没有登记到主体。请把公钥交登记员登记，再运行 gengji keygen --party 主体编号。",
        "The key in {path} belongs to no party yet. Have a registrar register it, then run gengji keygen --party ID.",
    ),
    "device-there": (
        "{path} 已经是另一台设备或另一个主体的文件夹。一台设备一个文件夹，请另选一个。",
        "{path} already belongs to another device or party. Each device has its own folder: choose another.",
    ),
    "key-readable": (
        "私钥 {path} 的权限是 {has}，别人也能读。请改为 {wanted}：chmod {wanted} {path}",
        "The private key {path} has mode {has}, so others can read it. Make it {wanted}: chmod {wanted} {path}",
    ),
    "unreachable": (
        "试了 {wanted} 次都连不上 {path}。已签名的记录都保存在本机，恢复后再发送即可。",
        "{path} could not be reached in {wanted} tries. What is signed is kept on this device: send it again later.",
    ),
    "answer": (
        "服务的回答看不懂{path}。记录仍保存在本机；请确认网址是不是耕迹服务。",
        "The service gave an answer that makes no sense {path}. Nothing is lost; is the address that of a Gengji service?",
    ),
    "notebook-fork": (
        "本机签名簿与服务上的记录在 {path} 处矛盾：同一把密钥在两处签过名，或服务改动了记录。请停用此密钥并联系登记员。",
        "This notebook and the service contradict each other at {path}: the key has signed in two places, or the service"
        " changed its records. Stop using the key and tell the registrar.",
    ),
    "receipt-moved": (
        "服务给出的回执与先前已核对的回执不同（{path}）。两份都已保存，请报告监管部门。",
        "The service's receipt differs from one that was checked before ({path}). Both are kept: report it.",
    ),
    "rollback": (
        "总账比本机见过的更旧或被改写（{path}：{has}）。回执未采信，已作为证据保存，请报告监管部门。",
        "The log is older than this device has seen, or rewritten ({path}: {has}). The receipt is not believed, but kept"
        " as evidence: report it.",
    ),
    "hangs-on": (
        "它所依据的上一条记录被退回，所以一并退回。先改正那一条，再重新签名。",
        "It was taken back together with the record that it rests on. Put that one right, then sign again.",
    ),
    "keygen": (
        "第一次生成密钥要给出 {wanted}：服务的网址，和从别处得来的公开钉文件。",
        "The first time, give {wanted}: the service's address, and the pin, which you have from elsewhere.",
    ),
    "refused": ("服务退回了它，没有说明原因。", "The service refused it without saying why."),
    "line": (
        "第 {path} 行不是一条记录：{has}。每行一个 JSON 对象，须有 kind、at、body。",
        "Line {path} is not a record: {has}. Each line is one JSON object with kind, at and body.",
    ),
    "demonstration-other": (
        "{path} 已经在用，里面不是演示县。演示数据不能与真实数据放在一起，请用 --data 另选一个空文件夹。",
        "{path} is in use and holds no demonstration. Made-up and real data are never mixed: choose an empty folder with --data.",
    ),
    "demonstration-step": (
        "装入演示县时“{path}”没有成功：{has}。改好后再运行一次，会从中断处继续。",
        "While the demonstration was loaded, “{path}” failed: {has}. Put that right and run it again: it goes on from there.",
    ),
    "file": ("文件 {path} 读不了：{has}。", "The file {path} can't be read: {has}."),
}


def say(error: LedgerError, lang: Lang) -> str:
    """As ``ledger.wordings.say``, with this side's errors too."""
    wording = WORDINGS.get(error.code)
    if wording is None:
        return wordings.say(error, lang)
    return wording[0 if lang == "zh" else 1].format_map(defaultdict(str, error.params))
