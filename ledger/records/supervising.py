"""Oversight and recall: what inspectors find, what is stopped, released and called back, and who answered."""

# ruff: noqa: E501  (a field is one line, so that the table can be read down)

from ledger.records.kind import BATCH, REASON, Kind, goods
from ledger.records.shapes import Choice, Day, Field, Flag, ListOf, Object, Quantity, Ref, Text, Time, Whole

_LAW = Field(
    "law", Text(200), "法律依据", "law", "依据哪部法的第几条，如《农产品质量安全法》第四十条", "the law and its article"
)
_ABOUT = Field(
    "about",
    Ref("statement"),
    "所针对的记录",
    "record that this answers",
    "因哪条记录而起：不合格检测、检查、发货",
    "the record that gave rise to it: a failed test, an inspection, a shipment",
)
_INSTRUCTION = Field(
    "instruction",
    Text(500),
    "处置要求",
    "instruction",
    "要对方做什么：停售、封存、退回、销毁，向谁报告",
    "what they are to do: stop selling, seal, return, destroy, and whom to tell",
)
_DEADLINE = Field(
    "deadline", Time(), "期限", "deadline", "最迟什么时候做完、答复", "by when it has to be done and answered"
)
_TASK = "检查或抽检任务单上的编号", "the number on the task sheet"
_TESTS = Field(
    "tests",
    ListOf(Ref("statement"), high=32),
    "依据的检测",
    "tests it rests on",
    "凭哪几次合格的检测",
    "which passed tests it rests on",
)

INSPECT = Kind(
    "inspect",
    "监督检查",
    "inspection",
    "到场检查后写，有没有问题都写",
    "after every inspection on the spot, whatever it found",
    "supervising",
    (
        Field("task", Text(60), "任务编号", "task no.", *_TASK, required=True),
        Field("party", Ref("party"), "被检查主体", "party inspected", "检查的是谁：从登记的主体里选", "who was inspected: choose the registered party"),
        Field("form", Text(60), "检查表", "form", "用的哪张检查表，写名称或编号", "the name or number of the form used"),
        Field("result", Choice({"pass": ("符合", "in order"), "rectify": ("责令改正", "to be put right"), "fail": ("不符合", "not in order")}), "检查结果", "result", "检查表上的总结论", "the form's conclusion", required=True),
        Field("remarks", Text(500), "检查情况", "what was found", "看到什么，问题在哪；公众看得到，不写人名", "what was seen and what is wrong; public, so no names of persons"),
        Field("due", Day(), "整改期限", "to be put right by", "责令改正的：最迟哪一天改好", "where something is to be put right: the last day for it"),
        _LAW,
    ),
    cbv="inspecting",
)  # fmt: skip
SAMPLE = Kind(
    "sample",
    "抽样",
    "sampling",
    "监督抽样取走样品时写；结果出来另写检测",
    "when a sample is taken under supervision; its result is a test",
    "supervising",
    (
        Field("sample_no", Text(60), "样品编号", "sample no.", "封样单、样品袋上的编号", "the number on the sealed bag", required=True),
        Field("slip", Text(60), "抽样单号", "sampling slip no.", "抽样单右上角的编号", "the number at the top of the sampling slip"),
        goods("样品数量", "quantity sampled", "从每个批次取走多少", "how much was taken from each batch", required=False),
        Field("holder", Ref("party"), "被抽样主体", "party sampled", "从谁那里抽的：从登记的主体里选", "whose goods they were: choose the registered party"),
        Field("task", Text(60), "任务编号", "task no.", *_TASK),
    ),
    cbv="sampling",
)  # fmt: skip
HOLD = Kind(
    "hold",
    "暂停",
    "hold",
    "怀疑有问题、先停下来时写：这批和由它做成的都停，查清再解除",
    "when something may be wrong: this batch and all that came of it stop until they are released",
    "supervising",
    (
        REASON,
        _ABOUT,
        _LAW,
        Field("until", Day(), "预计至", "expected until", "估计哪天有结果；到期不会自动解除", "when a result is expected; it does not end by itself"),
    ),
    cbv="holding",
)  # fmt: skip
RELEASE = Kind(
    "release",
    "解除",
    "release",
    "问题查清、可以放行时写：写明解除哪些问题、凭什么、谁负责",
    "when it may go on: which problems are answered, on what ground, and by whom",
    "supervising",
    (
        Field("answers", ListOf(Ref("statement"), high=64), "所解除的问题记录", "records whose grounds it answers", "要解除的每一条：暂停、不合格检测、召回等，一条都不能漏", "every one that it answers: holds, failed tests, recalls; none may be left out", required=True),
        REASON,
        _TESTS,
        Field("person", Text(60), "经手人", "person", "决定解除的人的姓名，由他负责；只有监管部门能看到", "who decided it and answers for it; only supervisors can read it", audience="regulator", required=True),
    ),
)  # fmt: skip
_SCOPE = Field(
    "scope",
    Choice(
        {
            "descendants": ("本批及其全部去向", "this batch and all that came of it"),
            "batch": ("仅本批", "this batch only"),
        }
    ),
    "范围",
    "scope",
    "一般选全部去向；只有确定下游没事才选仅本批",
    "all that came of it as a rule; the batch only if what came of it is surely sound",
    required=True,
)
RECALL = Kind(
    "recall",
    "召回",
    "recall",
    "货已经出去、要收回来时写：所有拿着它的主体马上收到通知",
    "when goods that have left must come back: everybody who holds them is told at once",
    "supervising",
    (
        _SCOPE,
        REASON,
        Field("instruction", _INSTRUCTION.shape, "处置要求", "instruction", "要拿到货的人做什么：停售、下架、退回，消费者怎么办", "what holders are to do, and what shoppers should", required=True),
        _DEADLINE,
        _ABOUT,
        _LAW,
    ),
    cbv="holding",
)  # fmt: skip
_REPORT = Object(
    (
        Field("drill", Ref("statement"), "演练记录", "drill", "开始演练的那条记录", "the record that began the drill", required=True),
        Field("finished", Time(), "完成时间", "finished", "最后一个反馈到达、演练结束的时间", "when it ended", required=True),
        Field("seconds", Whole(0), "用时（秒）", "seconds taken", "从开始到结束用了多少秒", "from its beginning to its end", required=True),
        Field("lots", Whole(0), "涉及批次", "batches in scope", "一共牵涉多少个批次", "how many batches it reached", required=True),
        Field("parties", Whole(0), "涉及主体", "parties in scope", "一共牵涉多少个主体", "how many parties it reached", required=True),
        Field("answered", Whole(0), "已反馈主体", "parties that answered", "其中多少个主体答复了", "how many of them answered", required=True),
        Field("located", Whole(0, 1000), "已定位（千分比）", "located, per mille", "找到的数量占全部的千分之几", "how much of the whole was located", required=True),
    )
)  # fmt: skip
DRILL = Kind(
    "drill",
    "演练",
    "recall drill",
    "演练召回时写，不影响货的状态；结束时再写一条附上报告",
    "to rehearse a recall without touching the goods; a second one with the report ends it",
    "supervising",
    (
        _SCOPE,
        REASON,
        _INSTRUCTION,
        _DEADLINE,
        Field("outcome", _REPORT, "演练报告", "report", "结束时填，数字由系统算好，核对后签名", "at the end: the service counts, you check and sign"),
    ),
)  # fmt: skip
_FOUND = Object(
    (
        BATCH,
        Field("found", Quantity(positive=False), "现存", "found on hand", "现在手上还有多少；没有写 0", "how much is still there; 0 if none", required=True),
        Field("stopped", Quantity(positive=False), "已停售", "stopped", "其中已下架、封存多少", "how much of it has been taken off sale or sealed"),
        Field("recovered", Quantity(positive=False), "已追回", "recovered", "已经卖出又收回来多少", "how much that was sold has come back"),
    )
)  # fmt: skip
ACKNOWLEDGE = Kind(
    "acknowledge",
    "反馈",
    "answer",
    "收到召回、演练、警示、更正后答复：还有多少、停了多少、收回多少",
    "to answer a recall, drill, warning or correction: what is there, stopped and recovered",
    "supervising",
    (
        Field("about", Ref("statement"), "所针对的记录", "record that this answers", "答复的是哪条：从通知里点进来会自动填", "what it answers; filled in if you come from the notice", required=True),
        Field("goods", ListOf(_FOUND), "清点结果", "what was found", "每个批次清点的结果，一批一行", "what you counted of each batch, a line for each"),
        Field("agree", Flag(), "同意", "agreed", "对方更正了已交给您的货：认可选是，不认可选否", "where a correction concerns goods handed to you: yes if you accept it"),
        Field("measures", Text(500), "已采取措施", "measures taken", "做了什么：下架、通知买主、封存在哪里", "what was done: taken off sale, buyers told, sealed where"),
    ),
)  # fmt: skip
_TO = Field(
    "party",
    Ref("party"),
    "告知主体",
    "to whom",
    "发给谁：从登记的主体里选",
    "who it is for: choose a registered party",
    required=True,
)
_GROUND = Field(
    "reason",
    REASON.shape,
    "原因",
    "ground",
    "发现了什么、为什么发",
    "what was found and why this is sent",
    required=True,
)
WARN = Kind(
    "warn",
    "风险警示",
    "risk warning",
    "发现风险、还不到召回时提醒主体",
    "to warn a party of a risk that is no recall yet",
    "supervising",
    (_TO, _GROUND, _LAW, _INSTRUCTION),
)
NOTIFY = Kind(
    "notify",
    "告知",
    "notice",
    "把检查、检测结果或要办的事正式告诉主体时写",
    "to tell a party formally of a result or of what it has to do",
    "supervising",
    (_TO, _GROUND, _LAW, _DEADLINE),
)
TRANSFER = Kind(
    "transfer",
    "移交",
    "case handed over",
    "案件不归自己管、交给另一个部门时写",
    "when a case belongs to another authority and is handed to it",
    "supervising",
    (_TO, _GROUND, _LAW, _ABOUT),
)
KINDS = (INSPECT, SAMPLE, HOLD, RELEASE, RECALL, ACKNOWLEDGE, DRILL, WARN, NOTIFY, TRANSFER)
