"""What went wrong, in Chinese and in English, for the person at the counter: the thing, what it has, what is wanted,
and what to do now.

Pure data and a few functions over it. Fields, kinds and roles are called what ``ledger.records`` calls them. In a
wording ``{where}`` is the place that ``path`` leads to; ``{has}`` and ``{wanted}`` may be asked for as a ``:batch``
(its trace code), a ``:kind`` or ``:roles``.
"""

# ruff: noqa: E501  (a row of the table is one line, so that it can be read down)

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Literal, NamedTuple, TypeAlias

from ledger.errors import LedgerError
from ledger.identity import ChainId, grouped, trace_code
from ledger.records import KINDS, ROLES
from ledger.records.shapes import Field, ListOf, Object, Shape

Lang: TypeAlias = Literal["zh", "en"]


class Wording(NamedTuple):
    """A sentence in both languages, and what to do now: the name of an ``ADVICE``."""

    zh: str
    en: str
    advice: str = "field"


class Finding(NamedTuple):
    """A finding's sentence in both languages, how to clear it, and the law or standard behind it."""

    zh: str
    en: str
    clear_zh: str
    clear_en: str
    law: str = ""


ADVICE: Mapping[str, tuple[str, str]] = {
    "field": ("请改正后重新签名提交。", "Please correct it, sign again and send it again."),
    "code": ("请对照标签再输入一次。", "Please compare with the label and type it again."),
    "pick": ("请从列表中选择。", "Please choose from the list."),
    "seal": ("请使用本系统的表单重新填写。", "Please fill it in again with this system's form."),
    "registrar": ("请联系登记员办理。", "Please ask your registrar."),
    "root": ("请由两位总账负责人用各自的根密钥办理。", "Two root key holders have to do this, each with their own key."),
    "key": ("请换用本主体的有效密钥，或请登记员登记新密钥。", "Please use a valid key of your own, or have a new one added."),
    "program": ("不是您填错了：请把这段话发给软件的维护人员。", "You did nothing wrong: please send these words to whoever looks after the program."),
    "distrust": ("请不要采信，并把这段话报告给监管人员。", "Please do not rely on it, and report these words to the regulator."),
    "resend": ("请稍候再试；已签名的记录会保留。", "Please wait a little and try again; what you have signed is kept."),
    "sync": ("请先取回漏掉的记录，再重新签名提交。", "Please fetch the statements that are missing first, then sign and send again."),
    "sign-in": ("请核对后重试；忘记密码请联系本主体的管理员。", "Please check both and try again; if you forgot it, ask whoever manages your accounts."),
    "wait": ("到时请再试。", "Please try again then."),
    "own-page": ("请回到本站页面，刷新后再提交。", "Please go back to this site's own page, reload it and send it again."),
    "account": ("请换用有权限的账号登录，或联系管理员。", "Please sign in with an account that may, or ask whoever manages accounts."),
    "again": ("请核对后再试。", "Please check and try again."),
    "label": ("请换用更大的标签或改短内容。", "Please take a larger label or say less on it."),
    "operator": ("请联系运营方；总账没有被改动。", "Please tell the operator; nothing in the log was changed."),
    "keeper": ("请改正后再办理一次。", "Please correct it and try again."),
    "nothing": ("", ""),
}  # fmt: skip

WORDINGS: Mapping[str, Wording] = {
    # --- what somebody typed
    "code-check": Wording("追溯码 {has} 有数字输错或颠倒", "trace code {has}: a digit is wrong, or two are swapped", "code"),
    "code-digits": Wording("追溯码应为 {wanted} 位数字，输入的是“{has}”", "a trace code has {wanted} digits; this is “{has}”", "code"),
    "missing": Wording("缺少必填内容：{where}", "{where} is missing"),
    "unknown": Wording("不认识的项目：{where}", "{where} is not a field of this record", "seal"),
    "empty": Wording("{where}是空的，至少要有一项", "{where} is empty; at least one is wanted"),
    "text-length": Wording("{where}应为 1 至 {wanted} 个字", "{where} must be 1 to {wanted} characters"),
    "pattern": Wording("{where}现为“{has}”，格式应为：{wanted}", "{where} is “{has}”; the form wanted is: {wanted}"),
    "choice": Wording("{where}现为“{has}”，不在可选范围内（{wanted}）", "{where} is “{has}”, not one of: {wanted}", "pick"),
    "quantity": Wording("{where}现为“{has}”，应是大于零的数量，如 1250.5，小数最多 6 位", "{where} is “{has}”; wanted is a quantity such as 1250.5, above zero, at most 6 decimal places"),
    "unit": Wording("{where}现为“{has}”，应为单位代码，如 {wanted}", "{where} is “{has}”; wanted is the code of a unit, such as {wanted}", "pick"),
    "time": Wording("{where}现为“{has}”，应是真实存在的时间，格式 {wanted}", "{where} is “{has}”; wanted is a real time, as {wanted}"),
    "day": Wording("{where}现为“{has}”，应是真实存在的日期，格式 {wanted}", "{where} is “{has}”; wanted is a real date, as {wanted}"),
    "list": Wording("{where}应有 {wanted} 项", "{where} must have {wanted} items"),
    "number": Wording("{where}应是规定范围内的整数", "{where} must be a whole number within its range"),
    "text": Wording("{where}里有看不见的控制字符：{has}", "{where} has invisible control characters: {has}"),
    "nfc": Wording("{where}里的文字写法不规范（{wanted}）：{has}", "{where} is not written in normal form ({wanted}): {has}"),
    "type": Wording("{where}的内容类型不对，应为：{wanted}", "{where} is of the wrong type; wanted: {wanted}", "program"),
    # --- what a record may touch and seal
    "kind": Wording("没有“{has}”这种记录", "there is no kind of record called “{has}”", "pick"),
    "must-seal": Wording("{where}不能公开，须加密封存后提交", "{where} is not for the public and must be sealed", "seal"),
    "must-not-seal": Wording("{where}是公开内容，不能封存", "{where} is public and must not be sealed", "seal"),
    "undisclosed": Wording("有 {has} 项封存内容没有随附原文", "{has} sealed fields came without what they seal", "seal"),
    "disclosure": Wording("{where}的封存原文与签名不符：{has}", "{where}: what was sealed does not fit what was signed: {has}", "program"),
    "on-none": Wording("这种记录不针对已有批次，现写了 {has} 个", "this kind of record is about no existing batch; it names {has}"),
    "on-some": Wording("还没有选批次", "no batch has been chosen"),
    "on-one": Wording("应只针对 {wanted} 个主体，现有 {has} 个", "this must name {wanted} party; it names {has}"),
    "on-inputs": Wording("所涉批次应与所用原料批次完全一致", "the batches touched must be exactly the batches used", "program"),
    "on-registry": Wording("{has:batch} 是主体、场所或产品，不是批次，不能写这种记录", "{has:batch} is a party, a place or a product and not a batch; this record cannot be about it", "pick"),
    "on-corrected": Wording("更正只能针对原记录涉及的批次", "a correction may only touch the batches of the record that it corrects", "pick"),
    "not-on": Wording("{where}里的批次 {has:batch} 不在所涉批次之中", "{where}: batch {has:batch} is not among the batches touched", "program"),
    "repeated": Wording("批次 {has:batch} 写了两次：{where}", "batch {has:batch} is there twice: {where}"),
    "targets": Wording("一条记录最多涉及 {wanted} 个批次，现有 {has} 个：请分成几条", "a record may touch at most {wanted} batches and this has {has}: split it"),
    "correction": Wording("更正要么写新内容，要么作废，二者选一", "a correction gives new values or voids: one of the two"),
    "correction-batch": Wording("更正不能加入原记录没有的批次 {has:batch}", "a correction cannot bring in batch {has:batch}, which the record did not name"),
    "correction-outputs": Wording("更正不能改变产出了哪些产品和批号，只能改数量等内容", "a correction may change how much was made, not what, nor its lot"),
    "correction-shipment": Wording("更正不能换成另一次发货（{has}）：请作废后重新收货", "a correction cannot turn to another shipment ({has}): void it and receive again", "pick"),
    "correction-registry": Wording("登记类记录（{has:kind}）不能更正，请另行登记", "a registry record ({has:kind}) is not corrected but made anew", "registrar"),
    # --- who may sign
    "signature": Wording("签名与内容或密钥不符", "the signature does not fit the record or the key", "program"),
    "key-unknown": Wording("签名密钥 {has} 没有登记", "the signing key {has} is not registered", "key"),
    "key-revoked": Wording("签名密钥 {has} 已被吊销", "the signing key {has} has been revoked", "key"),
    "key-party": Wording("签名密钥属于主体 {wanted}，记录写的是 {has}", "the signing key is that of party {wanted}; the record says {has}", "key"),
    "key-taken": Wording("密钥 {has} 已经登记过，每把密钥只能登记一次", "key {has} is registered already; a key is registered once", "key"),
    "key-point": Wording("{where}不是可用的公钥：{has}", "{where} is not a usable public key: {has}", "key"),
    "key-proof": Wording("{where}不能证明持有该密钥", "{where} does not show that the key is held", "key"),
    "key-file": Wording("密钥文件读不出（{has}），应为 {wanted}", "the key file cannot be read ({has}); wanted: {wanted}", "key"),
    "jwk": Wording("{where}的公钥写法不对，应为 {wanted}", "{where}: the public key must be written as {wanted}", "program"),
    "unknown-key": Wording("该主体没有密钥 {has}，或已吊销", "the party has no key {has}, or it is revoked already", "pick"),
    "unknown-party": Wording("没有登记过主体 {has}", "party {has} is not registered", "pick"),
    "role": Wording("现有角色（{has:roles}）不能填写“{wanted:kind}”", "the roles held ({has:roles}) do not allow “{wanted:kind}”", "registrar"),
    "signer": Wording("签名方 {has} 无权办理，应由以下一方签名：{wanted:roles}", "{has} may not sign this; wanted: {wanted:roles}", "registrar"),
    "agent": Wording("没有主体 {has} 的委托，不能代其填写“{wanted:kind}”", "party {has} has given no grant to state “{wanted:kind}” for it", "registrar"),
    "for": Wording("代理的主体不能是签名方自己（{has}）", "the party acted for is the signer itself ({has})"),
    "for-registry": Wording("这种登记不能代主体 {has} 办理", "this registration cannot be made for party {has} by an agent", "registrar"),
    "principal-signs": Wording("主体 {has} 有自己的密钥，须由其本人委托", "party {has} has a key of its own and must sign its grants itself", "registrar"),
    "root-act": Wording("角色（{has:roles}）只能由总账负责人授予", "the roles ({has:roles}) are granted by root only", "root"),
    "root-keys": Wording("总账根密钥在开立时确定，不能增加", "the root keys are those of the log's opening; none are added", "root"),
    "second-key": Wording("确认须用另一把根密钥，不能仍用 {has}", "the confirmation needs another root key than {has}", "root"),
    "confirms": Wording("没有可供确认的记录 {has}，或内容不一致，或已确认过", "there is no record {has} to confirm, or it differs, or it is confirmed already", "root"),
    "compromised-by-party": Wording("失密起始时间只能由登记员填写", "only a registrar may say since when a key was compromised", "registrar"),
    "wrong-log": Wording("这条记录属于总账 {has}，不是 {wanted}", "this belongs to the log {has}, not to {wanted}", "program"),
    "log-open": Wording("“{has:kind}”不合时序：总账只开立一次，且须最先开立", "“{has:kind}” is out of turn: a log is opened first, and once", "program"),
    "log-closed": Wording("总账 {has} 已关闭，后继为 {wanted}", "the log {has} is closed; its successor is {wanted}", "registrar"),
    "log-key": Wording("总账公钥名为 {has}，应为 {wanted}", "the log key is named {has}; wanted: {wanted}", "root"),
    # --- what programs write
    "notebook": Wording("签名簿不连续：{where}", "the notebook does not follow on: {where}", "sync"),
    "seen": Wording("{where}写法不对，应为 {wanted}", "{where} must be {wanted}", "program"),
    "version": Wording("格式版本是 {has}，应为 {wanted}", "the format's version is {has}; wanted: {wanted}", "program"),
    "size": Wording("内容太大：{has} 字节，最多 {wanted}", "this is too large: {has} bytes, at most {wanted}", "field"),
    "depth": Wording("{where}嵌套太深，最多 {wanted} 层", "{where} is nested deeper than {wanted}", "program"),
    "b64u": Wording("{where}的编码有误：{has}", "{where} is not well encoded: {has}", "program"),
    "b64u-size": Wording("{where}的编码应为 {wanted} 字节，现为 {has}", "{where} must encode {wanted} bytes and has {has}", "program"),
    "canonical": Wording("{where}不是规范写法（{wanted}）", "{where} is not in canonical form ({wanted})", "program"),
    "json": Wording("{where}不是有效的 JSON：{has}", "{where} is not JSON: {has}", "program"),
    "name": Wording("{where}里的名称 {has} 不合规定", "{where}: {has} may not be a name", "program"),
    "order": Wording("{where}须按升序排列且不重复", "{where} must be ascending, without repeats", "program"),
    "header": Wording("签名头不对，应为 {wanted}", "the signature's header must be {wanted}", "program"),
    "jws": Wording("不是一条签名记录：{has}", "this is not a signed record: {has}", "program"),
    "presentation": Wording("记录与封存原文的连接写法不对，应为 {wanted}", "record and disclosures must be joined as {wanted}", "program"),
    "sd-alg": Wording("封存算法标注不对，应为 {wanted}", "the sealing algorithm must be {wanted}", "program"),
    "sealed": Wording("{where}的封存摘要写法不对，应为 {wanted}", "{where}: the sealed digests must be {wanted}", "program"),
    # --- what the log shows
    "entry": Wording("{where}不是有效账目：{has}", "{where} is not an entry: {has}", "distrust"),
    "receipt": Wording("回执有误：{where}", "the receipt is wrong: {where}", "distrust"),
    "inclusion": Wording("该账目不在总账之中：{where} 现为 {has}，应为 {wanted}", "the log does not contain this entry: {where} is {has}, wanted {wanted}", "distrust"),
    "consistency": Wording("总账前后不一致：{where} 现为 {has}，应为 {wanted}", "the log contradicts its own past: {where} is {has}, wanted {wanted}", "distrust"),
    "checkpoint": Wording("检查点的{where}不对：{has}，应为 {wanted}", "the checkpoint's {where} is {has}; wanted: {wanted}", "distrust"),
    "checkpoint-origin": Wording("检查点属于总账 {has}，不是 {wanted}", "the checkpoint is of the log {has}, not of {wanted}", "distrust"),
    "note": Wording("检查点文本的{where}不对，应为 {wanted}", "the checkpoint's text: {where} must be {wanted}", "distrust"),
    "note-signature": Wording("检查点上 {where} 的签名不对：{has}", "the checkpoint's signature by {where} is wrong: {has}", "distrust"),
    "note-unsigned": Wording("检查点缺少所需签名：{wanted}", "the checkpoint lacks a signature that is wanted: {wanted}", "distrust"),
    "vkey": Wording("验证公钥的{where}写法不对，应为 {wanted}", "the verifier key's {where} must be {wanted}", "program"),
    "vkey-algorithm": Wording("验证公钥 {where} 的算法是 {has}，应为 {wanted}", "verifier key {where} is of algorithm {has}; wanted: {wanted}", "program"),
    "vkey-ambiguous": Wording("验证公钥 {where} 重名（{has}）：{wanted}", "verifier keys {where} share a name and id ({has}); wanted: {wanted}", "program"),
    "vkey-id": Wording("验证公钥 {where} 的编号是 {has}，应为 {wanted}", "verifier key {where} has the id {has}; wanted: {wanted}", "program"),
    "tile": Wording("总账分块应为 {wanted}", "a tile of the log must be {wanted}", "program"),
    "pin": Wording("验证依据文件的{where}不对，应为 {wanted}", "the pin's {where} must be {wanted}", "program"),
    "policy": Wording("见证规则的{where}不对，应为 {wanted}", "the witness policy's {where} must be {wanted}", "program"),
    # --- what the service answers
    "internal": Wording("服务内部出错（{has}）", "the service failed inside ({has})", "resend"),
    "http": Wording("请求没有办成（{has}）：{path}", "the request failed ({has}): {path}", "resend"),
    "request": Wording("请求里的{where}不对：{has}", "the request's {where} is wrong: {has}", "program"),
    "media-type": Wording("内容类型是 {has}，应为 {wanted}", "the media type is {has}; wanted: {wanted}", "program"),
    "cursor": Wording("翻页标记无效：{has}", "this is not a page's cursor: {has}", "again"),
    "range": Wording("{where}应为 {wanted} 条，现为 {has}", "{where} must be {wanted}; it is {has}", "program"),
    "as-of": Wording("时点“{has}”应为 {wanted}", "the moment “{has}” must be {wanted}", "again"),
    "no-page": Wording("没有这个页面：{path}", "there is no such page: {path}", "again"),
    "no-code": Wording("查无此码：{has}", "no batch has this code: {has}", "code"),
    "no-statement": Wording("没有编号为 {has} 的记录", "there is no statement {has}", "again"),
    "no-checkpoint": Wording("总账还没有检查点", "the log has no checkpoint yet", "resend"),
    "code-taken": Wording("追溯码 {has} 碰巧已被占用", "the trace code {has} happens to be taken", "field"),
    "lot-taken": Wording("该产品已有批号“{has}”", "the product has a lot “{has}” already"),
    "lot-product": Wording("批号“{has}”只能由产品登记方 {wanted} 或其允许的主体使用", "lot “{has}” is for the product's issuer {wanted} or those it lets"),
    "gtin-taken": Wording("条码 {has} 已登记给另一产品", "GTIN {has} belongs to another product already"),
    "gtin": Wording("条码“{has}”应为 {wanted}", "GTIN “{has}” must be {wanted}"),
    "digits": Wording("“{has}”应全是数字", "“{has}” must be digits only"),
    "not-a-batch": Wording("{has:batch} 不是批次", "{has:batch} is not a batch", "pick"),
    "unknown-chain": Wording("总账里没有批次 {has:batch}", "the log has no batch {has:batch}", "pick"),
    "unknown-place": Wording("没有登记过场所 {has}", "place {has} is not registered", "pick"),
    "unknown-product": Wording("没有登记过产品 {has}", "product {has} is not registered", "pick"),
    "unknown-shipment": Wording("没有发货记录 {has}", "there is no shipment {has}", "pick"),
    "unknown-statement": Wording("没有要更正的记录 {has}", "there is no record {has} to correct", "pick"),
    "account-most": Wording("这批货已记到 {has} {wanted}，再多账上就写不下了", "the books have {has} {wanted} of this batch already and cannot hold that much more"),
    "unit-most": Wording("{where}现为“{has}”，换算成“{wanted}”后太大", "{where} is “{has}”, too much when turned into “{wanted}”"),
    "unit-part": Wording("{where}现为“{has}”，单位“{wanted}”须为整数", "{where} is “{has}”; of the unit “{wanted}” there are only whole ones"),
    "not-carrier": Wording("这批货的承运方是 {wanted}，不是 {has}", "the shipment's carrier is {wanted}, not {has}"),
    "not-receiver": Wording("这批货的收货方是 {wanted}，不是 {has}", "the shipment's receiver is {wanted}, not {has}"),
    "not-shipped": Wording("那次发货里没有批次 {has:batch}", "that shipment had no batch {has:batch}", "pick"),
    "not-signer": Wording("更正须由原签名方 {wanted} 或监督人员作出，不是 {has}", "a correction is for the signer {wanted} or an inspector, not {has}"),
    "not-correctable": Wording("“{has:kind}”记录不能更正", "a record of the kind “{has:kind}” is not corrected"),
    "seen-falls": Wording("已核对的检查点变小了：{has}，之前是 {wanted}", "the checkpoint seen shrank: {has}, before it {wanted}", "distrust"),
    "no-public-url": Wording("总账没有公开网址，不能印制正式标签", "the log has no public URL, and real labels are not drawn without", "operator"),
    # --- why the service stands still
    "closing": Wording("服务正在停止", "the service is closing down", "resend"),
    "clock-back": Wording("服务器时钟倒退：{has}，最后一次是 {wanted}", "the service's clock went back: {has}, last {wanted}", "operator"),
    "lock-moved": Wording("另一个服务写了总账锁", "another service has written the log's lock", "operator"),
    "database-ahead": Wording("数据库有 {has} 条账目，总账锁有 {wanted} 条", "the database has {has} entries, the lock {wanted}", "operator"),
    "database-behind": Wording("数据库只有 {has} 条账目，总账锁有 {wanted} 条", "the database has only {has} entries, the lock {wanted}", "operator"),
    "database-beside": Wording("数据库（{has} 条）与总账锁（{wanted} 条）不是同一历史", "the database ({has}) and the lock ({wanted}) are two histories", "operator"),
    "database-root": Wording("数据库与检查点（{has} 条）的根不符", "the database's root is not that of its checkpoint of {has}", "operator"),
    "database-tail": Wording("数据库有 {has} 条账目，检查点是 {wanted} 条", "the database has {has} entries, its checkpoint {wanted}", "operator"),
    "database-tile": Wording("数据库的分块 {path} 有 {has} 个摘要，应为 {wanted}", "the database's {path} has {has} hashes; wanted: {wanted}", "operator"),
    "port-taken": Wording("端口 {has} 已被占用：用 --port 或 make run PORT=… 换一个", "port {has} is taken: choose another with --port or make run PORT=…", "nothing"),
    "port-refused": Wording("不能在 {path} 的端口 {has} 上提供服务（{wanted}）：请换一个地址或端口", "cannot serve at {path}, port {has} ({wanted}): choose another address or port", "nothing"),
    "schema-behind": Wording("数据库结构是 {has}，程序需要 {wanted}", "the database's schema is {has}, the program's {wanted}", "operator"),
    "no-log": Wording("还没有开立总账：{path}", "no log has been opened: {path}", "operator"),
    "no-key": Wording("没有总账密钥：{path}", "the log's key is not there: {path}", "operator"),
    "log-exists": Wording("总账已经开立：{path}", "a log is there already: {path}", "operator"),
    "demonstration-mixed": Wording("数据库里已有别的总账（{has}）", "the database holds another log already ({has})", "operator"),
    "settings": Wording("配置文件 {path} 有误：{has}", "the settings in {path} are wrong: {has}", "operator"),
    "route-without-row": Wording("页面 {path} 没有规定谁可以看", "nobody has said who may see {path}", "operator"),
    "unposted": Wording("有记录不能入账（{has}）", "a record could not be posted ({has})", "operator"),
    # --- what an audit finds
    "changed": Wording("{where}被改动过：现为 {has}，应为 {wanted}", "{where} has been changed: it is {has}, wanted {wanted}", "distrust"),
    "absent": Wording("不见了：应有而没有", "it is gone: it should be there", "distrust"),
    "extra": Wording("不该存在：没有记录与它对应", "it should not be there: nothing recorded stands behind it", "distrust"),
    "beyond": Wording("检查点有 {wanted} 条账目，只剩 {has} 条", "the checkpoint has {wanted} entries and only {has} are left", "distrust"),
    "time-falls": Wording("收到时间倒退：{has}，之前是 {wanted}", "the time of receipt goes back: {has}, before it {wanted}", "distrust"),
    "notebook-gap": Wording("签名簿有缺口，{where}现为 {has}，应为 {wanted}", "the notebook has a gap: {where} is {has}, wanted {wanted}", "distrust"),
    "seen-other": Wording("签名人核对过的检查点（{has} 条）不是这本总账的", "the checkpoint of {has} that the signer saw is not of this log", "distrust"),
    # --- labels
    "link-disagrees": Wording("网址里的两个码不是同一批次：{has} 与 {wanted}", "the link names two different batches: {has} and {wanted}", "distrust"),
    "digital-link": Wording("网址“{has}”应为 {wanted}", "the link “{has}” must be {wanted}", "again"),
    "qr": Wording("二维码内容有 {has} 个字符，装不下（{wanted}）", "{has} characters do not fit into a QR code ({wanted})", "label"),
    "label-qr": Wording("标签 {size} 放不下二维码：每格 {has}，应为 {wanted}", "a label of {size} cannot hold the QR code: a module has {has}, wanted {wanted}", "label"),
    "label-size": Wording("标签尺寸是 {has}，应为 {wanted}", "the label's size is {has}; wanted: {wanted}", "label"),
    "label-text": Wording("标签 {size} 放不下文字“{wanted}”", "a label of {size} has no room for “{wanted}”", "label"),
    "label-dpi": Wording("打印精度是 {has} dpi，应为 {wanted}", "the resolution is {has} dpi; wanted: {wanted}", "label"),
    "label-empty": Wording("标签上没有产品名称", "the label has no product on it", "label"),
    # --- accounts
    "sign-in-needed": Wording("这里要登录后才能看", "this is for people who have signed in", "account"),
    "sign-in-wrong": Wording("登录名或密码不对", "the login or the password is wrong", "sign-in"),
    "too-many-tries": Wording("试错次数太多，请等 {retry_after} 秒", "there were too many tries; the next one is in {retry_after} seconds", "wait"),
    "account-role": Wording("您以“{has:roles}”身份登录，这里只对“{wanted:roles}”开放", "you have signed in as {has:roles}; this is open to: {wanted:roles}", "account"),
    "csrf": Wording("这个表单已经过期，或不是从本站页面提交的，没有执行", "this form has expired or did not come from this site, and nothing was done", "own-page"),
    "other-site": Wording("这个请求来自别的网站（{has}），没有执行", "this request came from another site ({has}), and nothing was done", "own-page"),
    "account-login": Wording("登录名“{has}”写法不对，应为：{wanted}", "the login “{has}” must be: {wanted}", "keeper"),
    "account-name": Wording("姓名“{has}”应为 {wanted} 个字", "the name “{has}” must have {wanted} characters", "keeper"),
    "account-choice": Wording("没有账号角色“{has}”，可选：{wanted}", "there is no account role “{has}”; choose from: {wanted}", "keeper"),
    "account-division": Wording("行政区划代码“{has}”应为 {wanted}", "the division code “{has}” must be {wanted}", "keeper"),
    "account-side": Wording("监管侧“{has}”应为：{wanted}", "the side “{has}” must be one of: {wanted}", "keeper"),
    "password-length": Wording("密码有 {has} 个字符，应为 {wanted}", "the password has {has} characters; wanted: {wanted}", "keeper"),
    "login-taken": Wording("登录名“{has}”已有人用", "the login “{has}” is taken", "keeper"),
    "no-account": Wording("没有登录名为“{has}”的账号", "there is no account with the login “{has}”", "keeper"),
    "account-supervises": Wording("监督和审计账号要写明辖区（行政区划代码）和监管侧，这里缺少一项", "an inspector's or auditor's account needs both a division and a side, and one of them is missing", "keeper"),
    "account-authority": Wording("“{has}”不是主管部门，也没有登记为监督人员，不能开监督或审计账号", "“{has}” is no authority and not registered as an inspector, so it can have no inspector's or auditor's account", "keeper"),
    "no-party": Wording("没有登记过叫“{has}”的主体", "no party “{has}” is registered", "keeper"),
    "party-name": Wording("没有叫“{has}”的主体", "no party is called “{has}”", "keeper"),
    "party-names": Wording("有几个主体都叫“{has}”，请改用主体编号：{wanted}", "several parties are called “{has}”; give its id: {wanted}", "keeper"),
    "not-demonstration": Wording("这是真实总账，不能公开演示账号", "this log is a real one: no sign-in of it is shown to everybody", "keeper"),
}  # fmt: skip
"""A sentence for every code that ``ledger`` raises, and for what the service and its labels answer with."""

FINDINGS: Mapping[str, Finding] = {
    "over-held": Finding(
        "{batch}：{party}现有 {has}，记录写了 {wanted}，多出 {short}",
        "{batch}: {party} has {has}, the record says {wanted}: {short} too many",
        "核对数量；填错的请更正，漏记的收货或采收请补记。",
        "Check the quantity: correct it, or state the receipt or harvest that is missing.",
        "农产品质量安全法",
    ),
    "over-shipped": Finding(
        "{batch}：在途 {has}，收货写了 {wanted}，多出 {short}",
        "{batch}: {has} on the way, the receipt says {wanted}: {short} too many",
        "与发货方核对数量，由填错的一方更正。",
        "Compare with the sender; whoever is wrong corrects it.",
        "农产品质量安全法",
    ),
    "over-counted": Finding(
        "{batch}：{party}账面有 {has}，盘点写了 {wanted}，多出 {short}",
        "{batch}: by the books {party} has {has}, the count says {wanted}: {short} too many",
        "核对数量和批次；漏记的收货或采收请补记。",
        "Check quantity and batch; state the receipt or harvest that is missing.",
        "农产品质量安全法",
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
        "农产品质量安全承诺达标合格证管理办法",
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
    "check-digit": Finding(
        "编码 {has} 的校验位不对",
        "the check digit of {has} is wrong",
        "对照包装或证书核对编码并更正。",
        "Compare the code with the package or certificate and correct it.",
        "GS1 General Specifications §7.9",
    ),
}
"""A sentence for every finding; parties and batches are named by the one who asks, or stand as codes."""

UNITS: Mapping[str, tuple[str, str, str]] = {
    "kg": ("公斤", "kg", "kg"),
    "g": ("克", "g", "g"),
    "t": ("吨", "t", "t"),
    "mL": ("毫升", "mL", "mL"),
    "L": ("升", "L", "L"),
    "mu": ("亩", "mu", "mu"),
    "head": ("头（只）", "head", "head"),
    "piece": ("个", "piece", "pieces"),
    "egg": ("枚", "egg", "eggs"),
    "box": ("箱", "box", "boxes"),
    "bag": ("袋", "bag", "bags"),
    "bottle": ("瓶", "bottle", "bottles"),
    "CS": ("箱", "case", "cases"),
    "EA": ("个", "each", "each"),
    "LB": ("磅", "lb", "lb"),
    "C": ("℃", "°C", "°C"),
    "%": ("%", "%", "%"),
}
"""Each unit's code with its wordings: Chinese, English for one, English for many."""

_CLAIMS: Mapping[str, tuple[str, str]] = {
    "after": ("上一条记录", "statement before"),
    "amount": ("数量", "amount"),
    "at": ("发生时间", "time of the event"),
    "body": ("记录内容", "record"),
    "chain": ("链", "chain"),
    "checkpoint": ("检查点", "checkpoint"),
    "code": ("追溯码", "trace code"),
    "disclosure": ("封存原文", "disclosure"),
    "entries": ("账目", "entries"),
    "entry": ("账目", "entry"),
    "first_index": ("首个账目号", "first index"),
    "for": ("代理的主体", "party acted for"),
    "hash": ("摘要", "hash"),
    "header": ("签名头", "header"),
    "iat": ("签名时间", "time of signing"),
    "iss": ("签名主体", "signing party"),
    "jwk": ("公钥", "public key"),
    "kid": ("密钥编号", "key"),
    "kind": ("记录种类", "kind of record"),
    "log": ("总账", "log"),
    "log_index": ("账目号", "log index"),
    "mark": ("二维码标识", "mark"),
    "n": ("签名簿序号", "notebook number"),
    "on": ("所涉批次", "batches touched"),
    "payload": ("记录内容", "payload"),
    "prev": ("上一账目", "entry before"),
    "proof": ("证明", "proof"),
    "received": ("收到时间", "time of receipt"),
    "root": ("根", "root"),
    "seen": ("已核对的检查点", "checkpoint seen"),
    "seq": ("链上序号", "place in the chain"),
    "signature": ("签名", "signature"),
    "size": ("大小", "size"),
    "v": ("格式版本", "format version"),
}
_STEP = re.compile(r"\[([0-9]+)\]|[^.\[]+")


def say(error: LedgerError | tuple[str, Mapping[str, str | int]], lang: Lang) -> str:
    """The error as a sentence and what to do now; a code that is not worded here stands as itself."""
    code, params = (error.code, error.params) if isinstance(error, LedgerError) else error
    values = {name: _Value(value, lang) for name, value in params.items()}
    values["where"] = _Value(place(str(params.get("path", "")), lang), lang)
    wording = WORDINGS.get(code)
    if wording is None:
        told = [str(params[name]) for name in ("path", "has", "wanted") if params.get(name) not in (None, "")]
        return f"{code} ({', '.join(told)})" if told else code
    sentence = _pick(wording[:2], lang).format_map(_Given(values))
    return _join(sentence, _pick(ADVICE[wording.advice], lang), lang)


def say_finding(code: str, params: Mapping[str, str | int], lang: Lang) -> str:
    """The finding as a sentence and how to clear it; ``batch`` is a chain id, ``product`` what it is called, if that is
    known; amounts bring a ``unit``."""
    finding = FINDINGS.get(code)
    if finding is None:
        return code
    values = {name: _Value(value, lang) for name, value in params.items()}
    values["batch"] = _Value(_batch(values, lang), lang)
    if "unit" in params:
        for name in ("has", "wanted", "short"):
            values[name] = _Value(quantity({"unit": str(params["unit"]), "value": str(params[name])}, lang), lang)
    sentence = _pick(finding[:2], lang).format_map(_Given(values))
    return _join(sentence, _pick((finding.clear_zh, finding.clear_en), lang), lang)


def _batch(values: Mapping[str, "_Value"], lang: Lang) -> str:
    """``番茄（追溯码 9677 …）``: names and figures kept apart, for an amount follows."""
    if "batch" not in values:
        return "–"
    code = _pick((f"追溯码 {values['batch']:batch}", f"trace code {values['batch']:batch}"), lang)
    if "product" not in values:
        return code
    return _pick((f"{values['product']}（{code}）", f"{values['product']} ({code})"), lang)


def quantity(amount: Mapping[str, str], lang: Lang) -> str:
    """A quantity or reading as it is read out: ``1250.5 公斤``, ``3 boxes``."""
    value, unit = amount["value"], amount["unit"]
    zh, one, many = UNITS.get(unit, (unit, unit, unit))
    return f"{value} {zh if lang == 'zh' else one if value == '1' else many}"


def place(path: str, lang: Lang) -> str:
    """Where ``path`` leads, in the words of the form: ``body.outputs[0].quantity`` is 产出批次 › 第 1 项 › 数量."""
    words = list(_steps(path, lang))
    if not words:
        return _pick(("这条记录", "this record"), lang)
    return f"“{' › '.join(words)}”"


def _steps(path: str, lang: Lang) -> Iterator[str]:
    steps = [match for match in _STEP.finditer(path) if match[0]]
    inside = bool(steps) and steps[0][0] == "body" and len(steps) > 1
    for step in steps[1:] if inside else steps:
        if step[1] is not None:
            yield _pick((f"第 {int(step[1]) + 1} 项", f"item {int(step[1]) + 1}"), lang)
        else:
            known = _fields() if inside else _CLAIMS
            yield _pick(known.get(step[0]) or _CLAIMS.get(step[0]) or (step[0], step[0]), lang)


@cache
def _fields() -> Mapping[str, tuple[str, str]]:
    """What every field, at any depth, is called; of two by one name the first kind's, measures apart."""
    called = {"unit": ("单位", "unit"), "value": ("数值", "value")}
    for kind in KINDS.values():
        for field in _within(kind.fields):
            called.setdefault(field.name, (field.zh, field.en))
    return called


def _within(fields: tuple[Field, ...]) -> Iterator[Field]:
    for field in fields:
        yield field
        shape: Shape = field.shape
        while isinstance(shape, ListOf):
            shape = shape.item
        if isinstance(shape, Object):
            yield from _within(shape.fields)


class _Given(dict[str, "_Value"]):
    """The parameters that came; one that did not is a dash, for an error is never a reason for another."""

    def __missing__(self, name: str) -> "_Value":
        return _Value("–", "zh")


class _Value:
    """One parameter, said as the wording asks for it."""

    def __init__(self, value: str | int, lang: Lang) -> None:
        self._text, self._lang = str(value), lang

    def __format__(self, spec: str) -> str:
        text, lang = self._text, self._lang
        if spec == "kind" and text in KINDS:
            return _pick((KINDS[text].zh, KINDS[text].en), lang)
        if spec == "roles":
            words = [_pick(_ACTORS.get(word, (word, word)), lang) for word in re.split(", | \\| ", text)]
            return _pick(("、", ", "), lang).join(words)
        if _HASH(text):
            # Nobody reads out 43 characters: a batch goes by its trace code, anything else by its beginning.
            return grouped(trace_code(ChainId(text))) if spec == "batch" else f"{text[:8]}…"
        return text


_HASH = re.compile("[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]").fullmatch
_ACTORS = {**ROLES, "root": ("总账负责人", "root"), "party": ("该主体", "the party itself")}
_ACTORS |= {"member": ("工作人员", "member"), "manager": ("主体管理员", "manager"), "auditor": ("审计人员", "auditor")}


def _pick(both: tuple[str, ...], lang: Lang) -> str:
    return both[0] if lang == "zh" else both[1]


def _join(sentence: str, advice: str, lang: Lang) -> str:
    said = f"{sentence}。{advice}" if lang == "zh" else f"{sentence[:1].upper()}{sentence[1:]}. {advice}"
    return said.rstrip()
