"""The sentences of findings: what a record breaks, how it is cleared, and the law or standard behind it.

Pure data; ``ledger.wordings`` fills it in. ``{batch}`` is said with its product and trace code, ``{party}`` by name.
"""

# ruff: noqa: E501  (a sentence is one line, so that it can be read)

from collections.abc import Mapping
from typing import NamedTuple


class Finding(NamedTuple):
    """A finding's sentence in both languages, how to clear it, and the law or standard behind it."""

    zh: str
    en: str
    clear_zh: str
    clear_en: str
    law: str = ""


_QUALITY = "农产品质量安全法（2022年修订）"
_CERTIFICATES = "农产品质量安全承诺达标合格证管理办法（农业农村部令2025年第4号，2026-02-01 起施行）"

FINDINGS: Mapping[str, Finding] = {
    # --- what stops it
    "interval": Finding(
        "{batch}：{harvested} 采收时，{name}还在安全间隔期（休药期）内；{stop} 停用，须等 {days} 天，最早 {lawful} 可以采收",
        "{batch}: harvested on {harvested} within the interval of {name}: stopped on {stop}, {days} days to wait, lawful from {lawful}",
        "暂停销售。到 {lawful} 以后，检测合格的，由生产者或监管人员写明理由解除；停用时间填错的请更正。",
        "Stop selling it. From {lawful} on its producer, or an inspector, may release it and say why; correct the day of the last use if it is wrong.",
        f"{_QUALITY}第二十九条",
    ),
    "banned": Finding(
        "{batch}：用了禁用的{name}（{source}）",
        "{batch}: {name} is banned ({source})",
        "停止使用和销售，等监管人员处理；名称填错的请更正。",
        "Stop using and selling it; an inspector decides. Correct the name if it is wrong.",
        f"{_QUALITY}第二十九条；农药管理条例第三十四条",
    ),
    "toxic": Finding(
        "{batch}：{name}不得用于这类农产品（{source}）",
        "{batch}: {name} may not be used on produce of this kind ({source})",
        "停止使用和销售，等监管人员处理；名称填错的请更正。",
        "Stop using and selling it; an inspector decides. Correct the name if it is wrong.",
        "农药管理条例第三十四条：剧毒、高毒农药不得用于蔬菜、瓜果、茶叶、菌类、中草药材的生产",
    ),
    "over-limit": Finding(
        "{batch}：检测不合格（样品 {sample}）：{items}",
        "{batch}: failed its test (sample {sample}): {items}",
        "停止销售，追查去向；由监管人员解除。检测结果填错的，由检测方更正。",
        "Stop selling it and trace where it went; an inspector releases it. Whoever tested corrects a wrong result.",
        f"{_QUALITY}第三十六条；限量以抽样日有效的食品安全国家标准为准",
    ),
    "rapid-failed": Finding(
        "{batch}：快速检测不合格（样品 {sample}）：{items}",
        "{batch}: failed a rapid test (sample {sample}): {items}",
        "四小时内申请复检，复检不得再用快速检测方法；定量复检合格后自动解除。",
        "Ask for a retest within four hours, and not by a rapid method; once that passes, this is cleared.",
        f"{_QUALITY}第三十九条",
    ),
    "certificate-missing": Finding(
        "{batch}：{party}收货时没有收取承诺达标合格证",
        "{batch}: {party} took it in without a certificate",
        "向供货者索取合格证：由其开具，或用更正补填证号。补齐后自动解除。",
        "Ask the supplier for the certificate: once it is issued, or its number is added by a correction, this is cleared.",
        _CERTIFICATES,
    ),
    "certificate-parents": Finding(
        "{batch}：由几家的货混装而成，其中 {count} 批（{name}）没有合格证",
        "{batch}: mixed from several producers' goods, {count} of them ({name}) without a certificate",
        "向各供货者补齐合格证后自动解除；再由混装者开具自己的合格证，写明来源证号。",
        "Once all suppliers' certificates are there this is cleared; then issue your own, naming them.",
        _CERTIFICATES,
    ),
    "on-hold": Finding(
        "{batch}：{party}暂停销售：{reason}",
        "{batch}: {party} stopped its sale: {reason}",
        "由作出暂停的一方或监管人员写明理由后解除。",
        "Whoever stopped it, or an inspector, releases it and says why.",
        f"{_QUALITY}；食品安全法",
    ),
    "recalled": Finding(
        "{batch}：{party}召回：{reason}。要求：{instruction}",
        "{batch}: recalled by {party}: {reason}. To do: {instruction}",
        "停止销售和食用，按要求处置并反馈；由作出召回的一方或监管人员解除。",
        "Stop selling and eating it, do as instructed, and answer the recall; whoever called it back, or an inspector, releases it.",
        "食品安全法第六十三条；食品召回管理办法",
    ),
    # --- what is shown
    "moved-on-hold": Finding(
        "{batch}：暂停期间被{party}发出、卖出或使用",
        "{batch}: shipped, sold or used by {party} while on hold",
        "立即停下，通知收货方，并向监管人员说明。",
        "Stop it at once, tell whoever received it, and explain to the inspector.",
        f"{_QUALITY}；食品安全法",
    ),
    "hold-corrected": Finding(
        "{batch}：因“{grounds:findings}”暂停，{party}更正记录后不再成立",
        "{batch}: was stopped for “{grounds:findings}”, which no longer holds since {party} corrected the record",
        "请监管人员核对原记录和更正的理由，属实的解除。",
        "An inspector compares the record with its correction, and releases this where it is true.",
        _QUALITY,
    ),
    "after-handover": Finding(
        "{batch}：{party}在交货之后更正了记录，{other}还没有同意",
        "{batch}: corrected by {party} after it was handed over; {other} has not agreed yet",
        "请收货方核对后反馈同意。",
        "The receiver checks it and answers that it agrees.",
        _QUALITY,
    ),
    "dose": Finding(
        "{batch}：{name}每亩用了 {has}，标签（{number}）最多 {wanted}",
        "{batch}: {has} of {name} per mu; its label ({number}) allows {wanted}",
        "按标签用药；填错的请更正。",
        "Use as the label says; correct it if it is wrong.",
        "农药管理条例第三十四条",
    ),
    "off-label": Finding(
        "{batch}：{name}（{number}）的登记作物是{crops}，不包括{crop}",
        "{batch}: {name} ({number}) is registered for {crops}, not for {crop}",
        "换用登记在该作物上的产品；填错的请更正。",
        "Use what is registered for this crop; correct it if it is wrong.",
        "农药管理条例第三十四条",
    ),
    "certificate-due": Finding(
        "{batch}：{party}发货时没有开具承诺达标合格证",
        "{batch}: {party} shipped it without issuing a certificate",
        "补开合格证后自动消除。",
        "Issue the certificate; this is then cleared.",
        _CERTIFICATES,
    ),
    "certificate-basis": Finding(
        "{batch}：合格证写的是检测合格，但合格的检测没有覆盖用过的{name}",
        "{batch}: its certificate rests on tests, but no passed test covers {name}, which was applied",
        "用什么药、检什么药：补做检测，或作废后按实际依据重开。",
        "Test for what was applied, or void it and issue one on its true basis.",
        _CERTIFICATES,
    ),
    "certificate-untested": Finding(
        "{batch}：合格证写的是检测合格，但没有一次合格的检测",
        "{batch}: its certificate rests on tests, but none was passed",
        "补上合格的检测，或作废后按实际依据重开。",
        "State the test that it passed, or void it and issue one on its true basis.",
        _CERTIFICATES,
    ),
    "certificate-unnamed": Finding(
        "{batch}：混装或分装后重开的合格证，没有写明{name}的来源合格证",
        "{batch}: a certificate issued anew that does not name the certificates of {name}",
        "作废后重开，写明全部来源合格证。",
        "Void it and issue one that names them all.",
        _CERTIFICATES,
    ),
    "over-labelled": Finding(
        "{batch}：一共 {has}，标签印了 {wanted}，多出 {short}",
        "{batch}: {has} in all, labels were printed for {wanted}: {short} too many",
        "作废多印的标签；每张数量填错的请更正。",
        "Void the labels that are too many; correct what each stands for if it is wrong.",
        _QUALITY,
    ),
    "yield": Finding(
        "{batch}：投料 {has}，产出 {wanted}，出品率 {share}，应在 {low} 到 {high} 之间",
        "{batch}: {has} in, {wanted} out: a yield of {share}, where {low} to {high} is expected",
        "核对投料和产出；填错的请更正，确实如此的写明原因。",
        "Check what went in and came out; correct it, or say why it is so.",
        "GB 14881-2013 食品生产通用卫生规范：生产记录",
    ),
    "more-out": Finding(
        "{batch}：投料一共 {has}，产出和损耗一共 {wanted}，多出 {short}",
        "{batch}: {has} went in, {wanted} came out or was lost: {short} too many",
        "核对数量；漏记的原料请补记，填错的请更正。",
        "Check the quantities: add what was left out, correct what is wrong.",
        "GB 14881-2013 食品生产通用卫生规范：生产记录",
    ),
    "cold-chain": Finding(
        "{batch}：温度到过 {has} ℃，应在 {low} 到 {high} ℃，超出 {minutes} 分钟（容许 {allowed} 分钟）",
        "{batch}: it was at {has} °C where {low} to {high} °C is wanted, outside for {minutes} minutes ({allowed} allowed)",
        "检查货物，由指定的人写明判断后解除。",
        "Examine the goods; a named person releases them and says why.",
        "食品安全法第三十三条；GB 31605-2020 食品冷链物流卫生规范",
    ),
    "cold-reading": Finding(
        "{batch}：量到 {has} ℃，应在 {low} 到 {high} ℃，没有写明持续了多久",
        "{batch}: it was found at {has} °C where {low} to {high} °C is wanted, and nobody says for how long",
        "检查货物，由指定的人写明判断后解除；能查到超温时长的，用更正补上。",
        "Examine the goods; a named person releases them and says why. If you know how long it lasted, add it by a correction.",
        "食品安全法第三十三条；GB 31605-2020 食品冷链物流卫生规范",
    ),
    "place-unlikely": Finding(
        "{party}在外地、别人的场所（{place}）记录",
        "{party} stated this of {place}, somebody else's place in another prefecture",
        "核对场所；选错的请更正。",
        "Check the place; correct it if it is the wrong one.",
    ),
    "too-fast": Finding(
        "{batch}：路上只用了 {minutes} 分钟，这段路至少要 {wanted} 分钟",
        "{batch}: {minutes} minutes on the way, where {wanted} are the least",
        "核对发货和收货的时间、场所；填错的请更正。",
        "Check times and places of sending and receiving; correct what is wrong.",
    ),
    "time-order": Finding(
        "{batch}：收货时间（{received}）早于发货时间（{sent}）",
        "{batch}: received ({received}) before it was sent ({sent})",
        "核对两边的时间，由填错的一方更正。",
        "Compare the times; whoever is wrong corrects it.",
    ),
    "many-at-once": Finding(
        "{batch}：{count} 条以上不同日子的记录在一分钟内签名",
        "{batch}: {count} records or more, of several days, were signed within one minute",
        "无须处理；今后请当天记录。",
        "Nothing to do; please state things on the day.",
    ),
    "over-held": Finding(
        "{batch}：{party}现有 {has}，记录写了 {wanted}，多出 {short}",
        "{batch}: {party} has {has}, the record says {wanted}: {short} too many",
        "核对数量；填错的请更正，漏记的收货或采收请补记。",
        "Check the quantity: correct it, or state the receipt or harvest that is missing.",
        _QUALITY,
    ),
    "over-shipped": Finding(
        "{batch}：在途 {has}，收货写了 {wanted}，多出 {short}",
        "{batch}: {has} on the way, the receipt says {wanted}: {short} too many",
        "与发货方核对数量，由填错的一方更正。",
        "Compare with the sender; whoever is wrong corrects it.",
        _QUALITY,
    ),
    "over-counted": Finding(
        "{batch}：{party}账面有 {has}，盘点写了 {wanted}，多出 {short}",
        "{batch}: by the books {party} has {has}, the count says {wanted}: {short} too many",
        "核对数量和批次；漏记的收货或采收请补记。",
        "Check quantity and batch; state the receipt or harvest that is missing.",
        _QUALITY,
    ),
    "not-holder": Finding(
        "{batch}：{party}从未持有这批货",
        "{batch}: {party} never held this batch",
        "确认批次选对；确已收货的，请先补记收货。",
        "Check that this is the right batch; if it was received, state that first.",
    ),
    "origin-unrecorded": Finding(
        "来源未记录",
        "origin not recorded",
        "向供货者索取合格证或来源信息，用更正补上。",
        "Ask the supplier for the certificate or the origin and add it by a correction.",
        _CERTIFICATES,
    ),
    "origin-unverified": Finding(
        "{batch}：来自总账 {log}，来源尚未在这里核验",
        "{batch}: from the log {log}; the origin is not verified here yet",
        "收货方用 gengji intake-from 补送那本总账的凭证包；运营方须有它的公开钉。",
        "Whoever took it in sends that log's bundle with gengji intake-from; the operator needs that log's pin.",
        _QUALITY,
    ),
    "origin-reused": Finding(
        "{batch}：总账 {log} 的那次发货还可收 {has}，记录写了 {wanted}，多出 {short}",
        "{batch}: of that shipment in the log {log} {has} was left to take in, the record says {wanted}: {short} too many",
        "核对发货单：重复登记的作废，填错的更正。",
        "Compare with the shipment: void what was taken in twice, correct what is wrong.",
        _QUALITY,
    ),
    "clock": Finding(
        "记录的时间比收到时间晚 {ahead} 秒（在未来）",
        "the time stated is {ahead} seconds in the future",
        "校准手机时间；时间填错的请更正。",
        "Set the device's clock; correct the time if it is wrong.",
    ),
    "late": Finding(
        "补记：发生 {days} 天后才提交",
        "late: sent {days} days after it happened",
        "无须处理；今后请当天记录。",
        "Nothing to do; please state things on the day.",
    ),
}
"""A sentence for every finding; parties and batches are named by the one who asks, or stand as codes."""

STOPPING = frozenset(
    "interval banned toxic over-limit rapid-failed certificate-missing certificate-parents on-hold recalled".split()
)
"""The findings that stop a batch, and what came of it; the others are shown."""

TITLES: Mapping[str, tuple[str, str]] = {
    "interval": ("安全间隔期未到", "interval not kept"),
    "banned": ("使用禁用投入品", "banned substance"),
    "toxic": ("违规使用剧毒高毒农药", "toxic substance barred here"),
    "over-limit": ("检测不合格", "failed a test"),
    "rapid-failed": ("快速检测不合格", "failed a rapid test"),
    "certificate-missing": ("未收取合格证", "no certificate collected"),
    "certificate-parents": ("混装来源缺合格证", "parents without certificates"),
    "on-hold": ("已暂停", "on hold"),
    "recalled": ("已召回", "recalled"),
    "moved-on-hold": ("暂停期间流出", "moved while on hold"),
    "hold-corrected": ("更正后不再暂停", "stopped no longer, by a correction"),
    "after-handover": ("交货后更正", "corrected after handover"),
    "dose": ("用量超标签", "dose above the label"),
    "off-label": ("超登记作物使用", "not on the label"),
    "certificate-due": ("应开合格证", "certificate due"),
    "certificate-basis": ("合格证依据不足", "certificate without its test"),
    "certificate-untested": ("合格证缺检测", "certificate without any test"),
    "certificate-unnamed": ("未写明来源合格证", "parent certificates not named"),
    "over-labelled": ("标签多于数量", "more labels than goods"),
    "over-held": ("超出在手数量", "more than was on hand"),
    "over-shipped": ("超出在途数量", "more than was on the way"),
    "over-counted": ("盘盈", "more counted than booked"),
    "yield": ("出品率异常", "yield out of band"),
    "more-out": ("产出多于投料", "more out than in"),
    "cold-chain": ("冷链超温", "cold chain broken"),
    "cold-reading": ("温度超限", "outside its temperature"),
    "not-holder": ("未曾持有", "never held it"),
    "origin-unrecorded": ("来源未记录", "origin not recorded"),
    "origin-unverified": ("来源未核验", "origin not verified"),
    "origin-reused": ("来源重复使用", "origin used again"),
    "clock": ("时间在未来", "time in the future"),
    "late": ("补记", "late entry"),
    "place-unlikely": ("场所存疑", "unlikely place"),
    "too-fast": ("路程过快", "journey too fast"),
    "time-order": ("时间先后不符", "received before sent"),
    "many-at-once": ("集中补录", "many records at one moment"),
}
"""A finding in few words, for lists."""
