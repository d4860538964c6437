"""What goes wrong on a party's side, in Chinese and in English, and what to do now."""

# ruff: noqa: E501  (a row of the table is one line, so that it can be read down)

import errno
from collections import defaultdict
from collections.abc import Mapping

from clients.errors import Refused
from ledger import sentences, wordings
from ledger.errors import LedgerError
from ledger.wordings import Lang

WORDINGS: Mapping[str, tuple[str, str]] = {
    "no-device": (
        "{path} 里没有可用的设备（密钥、身份、公开钉）。请先运行 gengji keygen，或用 --home 指定文件夹。",
        "There is no usable device (key, identity, pin) in {path}. Run gengji keygen first, or name the folder with --home.",
    ),
    "no-party": (
        "{path} 的密钥还没有登记到主体。请把 {path}/offer.json 交登记员登记（gengji register），再运行"
        " gengji keygen --party 主体编号 --home {path}",
        "The key in {path} belongs to no party yet. Have a registrar register {path}/offer.json (gengji register), then"
        " run gengji keygen --party ID --home {path}",
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
    "no-answer": (
        "试了 {wanted} 次，{path} 都没有回答。请稍后再试，或请运营方查看服务。",
        "{path} gave no answer in {wanted} tries. Try again later, or have the operator look at the service.",
    ),
    "not-running": (
        "连不上 {path}：服务没有启动？请核对网址，或先启动服务（make run，或 gengji serve）。",
        "{path} can't be reached: is the service running? Check the address, or start it (make run, or gengji serve).",
    ),
    "no-url": (
        "不知道服务在哪里：请加 --url 网址，如 --url http://127.0.0.1:8000（或设环境变量 GENGJI_URL，或用 --home 指定设备"
        "文件夹）。",
        "Where is the service? Add --url, such as --url http://127.0.0.1:8000 (or set GENGJI_URL, or name a device's"
        " folder with --home).",
    ),
    "party-form": (
        "主体编号是 43 个字符的编号，只有字母、数字、- 和 _，由登记员给出；这里写的是“{has}”。",
        "A party's id has 43 characters, letters, digits, - and _, and comes from the registrar; this is “{has}”.",
    ),
    "party-unknown": (
        "服务上没有编号为 {has} 的主体。请核对编号；刚登记的，请确认登记已发送。",
        "The service knows no party {has}. Check the id; if it was registered just now, was that sent?",
    ),
    "party-other": (
        "{path} 的密钥没有登记在“{has}”名下，没有改动。请核对主体编号，或先请登记员登记这把密钥。",
        "The key in {path} is not registered for “{has}”, and nothing was changed. Check the id, or have the registrar"
        " register this key first.",
    ),
    "offer-file": (
        "{path} 不是新设备的文件。请用新设备上 gengji keygen 写出的 offer.json。",
        "{path} is not the file of a new device. It takes the offer.json that gengji keygen writes there.",
    ),
    "offer-new": (
        "{path} 里的密钥不能登记为新主体：它是为别的总账（本总账是 {wanted}）或已有主体生成的。请在新设备上用新文件夹再运行"
        " gengji keygen（不加 --party）。",
        "The key in {path} can't be registered for a new party: it was made for another log than {wanted}, or for a party"
        " that is there already. Run gengji keygen in a new folder on the new device, without --party.",
    ),
    "label-format": (
        "标签可以存为 png 或 svg，不能存为“{has}”。请改文件名的后缀，或加 --format png。",
        "A label can be saved as png or svg, not as “{has}”. Change the file's ending, or add --format png.",
    ),
    "code-words": (
        "“{has}”不是追溯码的一部分。追溯码是 20 位数字，可以有空格；一次查一个。",
        "“{has}” is no part of a trace code. That is 20 digits, spaces allowed; one code at a time.",
    ),
    "no-option": ("没有选项 {has}。用法见 --help", "There is no option {has}. See --help."),
    "at-zone": (
        "时间“{has}”没有写时区，而服务连不上，不知道总账的时区。请写明时区，如 2026-07-20T09:30:00+08:00。",
        "The time “{has}” has no time zone, and the service can't be asked for the log's. Write it as in"
        " 2026-07-20T09:30:00+08:00.",
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
        "第 {path} 行不是一条记录：{has}。每行一个 JSON 对象，须有 kind、at、body，另可有 on、for；写法见 gengji submit --help。",
        "Line {path} is not a record: {has}. Each line is one JSON object with kind, at and body, and perhaps on and for;"
        " gengji submit --help shows one.",
    ),
    "demonstration-other": (
        "{path} 不是演示县的东西。演示数据不能与真实数据放在一起，请用 --data 另选一个空文件夹。",
        "{path} is no part of a demonstration. Made-up and real data are never mixed: choose an empty folder with --data.",
    ),
    "demonstration-step": (
        "装入演示县时“{path}”没有成功：{has}。改好后再运行一次，会从中断处继续。",
        "While the demonstration was loaded, “{path}” failed: {has}. Put that right and run it again: it goes on from there.",
    ),
    "file": ("文件 {path} 读不了：{has}。", "The file {path} can't be read: {has}."),
    "file-encoding": ("{path} 不是 UTF-8 文本：请另存为 UTF-8。", "{path} is no UTF-8 text: save it as UTF-8."),
    "file-write": ("文件 {path} 写不了：{has}。", "The file {path} can't be written: {has}."),
}

REASONS: Mapping[int, tuple[str, str]] = {
    errno.ENOENT: ("没有这个文件或文件夹", "there is no such file or folder"),
    errno.EACCES: ("没有权限", "no permission"),
    errno.EPERM: ("没有权限", "no permission"),
    errno.EISDIR: ("这是文件夹", "it is a folder"),
    errno.ENOTDIR: ("路径中有一段不是文件夹", "part of the path is no folder"),
    errno.ENOSPC: ("磁盘满了", "the disk is full"),
    errno.EROFS: ("磁盘只能读", "the disk is read-only"),
}
"""Why the system refused a file."""


def say(error: LedgerError, lang: Lang) -> str:
    """As ``ledger.wordings.say``, with this side's errors too."""
    wording = WORDINGS.get(error.code)
    if wording is None:
        if isinstance(error, Refused) and error.code not in sentences.WORDINGS and error.detail:
            # A newer service may have words that this program has not.
            return error.detail
        return wordings.say(error, lang)
    return wording[0 if lang == "zh" else 1].format_map(defaultdict(str, error.params))


def reason(error: OSError, lang: Lang) -> str:
    """Why a file could not be read or written."""
    told = REASONS.get(error.errno or 0)
    return told[0 if lang == "zh" else 1] if told else error.strerror or str(error)
