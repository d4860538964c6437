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
    "key-changing": (
        "{path} 正在更换密钥，还没有完成。请再运行一次 gengji key rotate --home {path}，会从中断处继续。",
        "The key in {path} is being changed, and that is not done. Run gengji key rotate --home {path} again: it goes on"
        " from there.",
    ),
    "pin-other": (
        "这份公开钉是另一个总账的（{has}），{path} 属于 {wanted}。没有改动。",
        "This pin is of another log ({has}); {path} belongs to {wanted}. Nothing was changed.",
    ),
    "root-offline": (
        "不连服务时，要给出 {wanted}。",
        "Without the service, {wanted} has to be given.",
    ),
    "root-file": (
        "{path} 里应有 {wanted} 条已签名的记录，有 {has} 条。请给出 gengji root … --output 写出的文件。",
        "{path} should hold {wanted} signed statement and holds {has}. Give the file that gengji root … --output wrote.",
    ),
    "root-table": (
        "{path} 不是规则表。应为 JSON：每个角色一列记录种类。",
        "{path} is no table of roles. It has to be JSON: for each role a list of kinds.",
    ),
    "root-after": (
        "{path} 不是这把密钥的上一条记录。请用它自己写出的文件，或加 --url 向服务查询。",
        "{path} is not the last statement of this key. Give the file that it wrote, or ask the service with --url.",
    ),
    "root-confirms": (
        "要确认的记录 {has} 与这里写的不同：{path} 应为“{wanted}”。没有签名。",
        "The statement to confirm, {has}, is not what is written here: its {path} is “{wanted}”. Nothing was signed.",
    ),
    "root-unknown": (
        "根密钥的签名簿里没有记录 {has}。请核对，或给出第一把根密钥写出的文件。",
        "No root key has stated {has}. Check it, or give the file that the first root key wrote.",
    ),
    "key-readable": (
        "私钥 {path} 的权限是 {has}，别人也能读。请改为 {wanted}：chmod {wanted} {path}",
        "The private key {path} has mode {has}, so others can read it. Make it {wanted}: chmod {wanted} {path}",
    ),
    "draft-blank": (
        "还有没填的“?”：{path}。填好再签名。",
        "There is still a “?” to fill in: {path}. Fill it in before it is signed.",
    ),
    "draft-beside": (
        "{has} 不在这个文件旁边，或不是一条记录。",
        "{has} is not beside this file, or holds no record.",
    ),
    "draft-unsigned": (
        "{has} 还没有签名（或签名后又改过）。请先签名或发送它：gengji submit {has}",
        "{has} is not signed yet, or was changed after it was. Sign or send it first: gengji submit {has}",
    ),
    "folder-there": (
        "{path} 里已经有文件。请用 -o 另选一个文件夹。",
        "There are files in {path} already. Choose another folder with -o.",
    ),
    "season-day": (
        "“{has}”不是日期，应如 2026-03-01。",
        "“{has}” is no day; wanted is one such as 2026-03-01.",
    ),
    "word-form": (
        "“{has}”应写成 项目=内容，如 reason=检测未出结果；内容里有空格的加引号。项目见服务的 /v1/kinds。",
        '“{has}” has to be name=value, such as reason="no result yet"; quote what has spaces. Names: /v1/kinds.',
    ),
    "word-twice": (
        "{has} 写了两次，只能有一个。",
        "{has} is there twice and can have one value only.",
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
    "kid-form": (
        "密钥编号是 43 个字符的编号，gengji key list 会列出；这里写的是“{has}”。",
        "A key's id has 43 characters, as gengji key list shows it; this is “{has}”.",
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
    "offer-other": (
        "{path} 里的密钥不是为主体 {has}、总账 {wanted} 生成的。请在新设备上运行 gengji keygen --party {has}，用它写出的文件。",
        "The key in {path} was not made for party {has} in {wanted}. Run gengji keygen --party {has} on the new device, and"
        " give the file that it writes.",
    ),
    "label-format": (
        "标签可以存为 png 或 svg，不能存为“{has}”。请改文件名的后缀，或加 --format png。",
        "A label can be saved as png or svg, not as “{has}”. Change the file's ending, or add --format png.",
    ),
    "certificate-missing": (
        "合格证上还缺内容，请加上 {wanted}。没有签名。",
        "The certificate lacks something: add {wanted}. Nothing was signed.",
    ),
    "certificate-none-yet": (
        "这批货 {has} 还没有有效的合格证。开具请加 --sign。",
        "No certificate stands for the batch {has}. Add --sign to issue one.",
    ),
    "receive-amount": (
        "--{path} 应为数量（单位 {wanted}），现为“{has}”。没有签名。",
        "--{path} must be an amount (in {wanted}), not “{has}”. Nothing was signed.",
    ),
    "receive-none": (
        "没有发给您、还在路上的这批货：{has}。请核对追溯码，或先请对方记录发货。",
        "Nothing of {has} is on its way to you. Compare the code, or ask the sender to state the shipment first.",
    ),
    "receive-several": (
        "这批货有几次发货在路上：{has}。请加其中一个：{wanted}",
        "Several shipments of {has} are on the way. Add one of: {wanted}",
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
    "fork": (
        "总账自相矛盾：它签了名的两个检查点（{wanted} 条与 {has} 条）不属于同一段历史。本机没有采信后一个，也不会据它签名。"
        "两份原件已写入 {path}，这就是证据：请把它交给监管部门或见证机构；弄清之前，不要凭这个服务的结果放行货物。",
        "The log contradicts itself: two checkpoints that it signed, of {wanted} and {has} entries, are not one history. The"
        " later one is not believed, and nothing is signed with it. Both are kept as they are in {path}, and that is the"
        " proof: hand it to the regulator or a witness, and release no goods on this service's word until it is settled.",
    ),
    "unproven": (
        "服务没能证明新检查点（{has} 条）接着本机核对过的那个（{wanted} 条）：它公布的分块算不出它签名的结果。新的没有采信，"
        "两份已写入 {path}。请过一会儿再试；若仍是这样，请把这个文件交给监管部门。",
        "The service did not prove that its new checkpoint of {has} entries continues the one of {wanted} checked here: the"
        " tiles that it publishes do not come to what it signed. The new one is not believed; both are kept in {path}. Try"
        " again in a while; if it stays so, hand that file to the regulator.",
    ),
    "pin-none": (
        "没有公开钉：请用 --policy 指定 policy.json（从服务以外得来；找过的地方：{has}）。",
        "There is no pin: name policy.json with --policy (have it from elsewhere than the service; looked for: {has}).",
    ),
    "shipment-none": (
        "{has} 没有这样的发货记录（有的是：{wanted}）。请请对方先发货，或核对 --shipment。",
        "There is no such shipment of {has} (there are: {wanted}). Ask them to ship it first, or check --shipment.",
    ),
    "shipment-which": (
        "{has} 发过几次货。请用 --shipment 写明是哪一次：{wanted}",
        "{has} was shipped more than once. Say which with --shipment: {wanted}",
    ),
    "shipment-quantity": (
        "发货记录 {has} 没有写数量。请用 --quantity 和 --unit 写明。",
        "The shipment {has} does not say how much. Give --quantity and --unit.",
    ),
    "intake-source": (
        "请给出对方的网址或凭证包之一（{wanted}）。",
        "Give either the other service's address or its bundle ({wanted}).",
    ),
    "pin-file": (
        "{path} 不是公开钉。它是服务的数据文件夹里的 policy.json 那样的文件，请从可靠的渠道重新取得。",
        "{path} is no pin, the file policy.json of a service's data folder. Get it again from somewhere you trust.",
    ),
    "pin-twice": (
        "{has} 和 {path} 是同一本总账（{wanted}）的公开钉：每本总账只给一个。",
        "{has} and {path} are both pins of {wanted}: name one pin for each log.",
    ),
    "remember-file": (
        "{path} 不是 gengji verify 记住检查点的文件，没有改动。请另选一个文件。",
        "{path} is not a file in which gengji verify remembers checkpoints, and was not changed. Choose another.",
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
    "no-witness": (
        "{path} 里没有见证方的密钥。请先运行 gengji witness init --name 名称 --data {path}",
        "There is no witness in {path}. First run gengji witness init --name NAME --data {path}",
    ),
    "witness-there": (
        "{path} 里已经有一个见证方。它的密钥不能换：请另选一个文件夹。",
        "There is a witness in {path} already, and its key is not exchanged: choose another folder.",
    ),
    "witness-log": (
        "“{has}”不是总账的公钥。请用 policy.json 里 log 那一行的公钥。",
        "“{has}” is no log's public key. It is the one in the line “log” of policy.json.",
    ),
    "witness-port": (
        "不能在 {path} 的端口 {has} 上见证（{wanted}）。请换一个地址或端口。",
        "Can't serve at {path}, port {has} ({wanted}). Choose another address or port.",
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
    "attach-file": ("附件 {path} 读不了：{has}。", "The file {path} can't be read: {wanted}."),
    "attach-type": (
        "附件 {path} 不是照片或 PDF。可以附：{wanted}；表格请用 gengji import。",
        "{path} is no photo or PDF. What can be attached: {wanted}; for tables there is gengji import.",
    ),
    "attach-size": (
        "附件 {path} 有 {has} 字节，最多 {wanted}。请缩小后再附。",
        "{path} has {has} bytes; {wanted} is the most. Make it smaller and attach it again.",
    ),
    "file-encoding": ("{path} 不是 UTF-8 文本：请另存为 UTF-8。", "{path} is no UTF-8 text: save it as UTF-8."),
    "monitor-busy": (
        "{path} 正由另一个监测程序使用。请等它结束，或用 --data 另选一个文件夹。",
        "{path} is in use by another monitor. Wait for it to end, or choose another folder with --data.",
    ),
    "monitor-other": (
        "{path} 里是另一份总账（{has}）的监测记录，不是 {wanted} 的。请用 --data 另选一个文件夹。",
        "{path} holds what was monitored of another log, {has}, not of {wanted}. Choose another folder with --data.",
    ),
    "bundle-other": (
        "服务公布的账目（{path}）不是它签名的检查点（{wanted} 条）里的账目。这些账目没有采信；请过一会儿再试，若仍是这样请报告监管部门。",
        "The entries that the service publishes ({path}) are not those of the checkpoint of {wanted} that it signed. They are"
        " not believed; try again in a while, and report it if it stays so.",
    ),
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
