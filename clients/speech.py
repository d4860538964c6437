"""How the commands speak: in one language, for the eyes, or as one JSON document for programs."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.tree import Tree

from clients.answers import created, findings
from clients.attaching import Brought
from clients.errors import Refused
from clients.notebook import Kept
from clients.wordings import say
from ledger.canonical import Json
from ledger.errors import LedgerError
from ledger.identity import grouped
from ledger.records import KINDS
from ledger.wordings import Lang, quantity

T = TypeVar("T")

IDS: Mapping[str, tuple[str, str]] = {
    "party.register": ("主体编号", "party id"),
    "place.add": ("场所编号", "place id"),
    "product.add": ("产品编号", "product id"),
}


def row(kept: Kept, where: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "line": where,
        "state": kept.state,
        "kind": kept.statement.kind,
        "statement": kept.hash,
        "created": _made(kept),
        "findings": [vars(one) for one in findings(kept.answer or {})],
    }
    if kept.state == "refused":
        problem = dict(kept.answer or {})
        told["error"] = Refused(int(problem.get("status", 0)), {"code": "refused", **problem})
    return told


def _made(kept: Kept) -> list[dict[str, Any]]:
    """A batch by its names; a party, place or product has an id and a name, and no trace code."""
    statement = kept.statement
    if kept.state == "refused":
        return []
    if KINDS[statement.kind].stage != "registry":
        return [vars(one) for one in created(kept)]
    names = statement.body.get("names", {})
    name = (
        statement.body.get("profile", statement.body).get("name") or names.get("zh") or next(iter(names.values()), "")
    )
    return [{"chain": chain, "name": name} for chain in statement.created]


def bad(where: str, error: LedgerError) -> dict[str, Any]:
    return {"line": where, "state": "error", "error": error}


def _tree(graph: Mapping[str, Any], lang: Lang) -> Tree:
    """The lineage from the batch that was asked for; one that is reached twice is shown in full once."""
    nodes = {node["chain"]: node for node in graph.get("nodes", ())}
    edges = graph.get("edges", ())
    root = graph.get("about") or next(iter(nodes), "")
    grown = Tree(_batch(nodes.get(root, {}), root, lang))
    for word, here, there in ((("来自", "made of"), "child", "parent"), (("去向", "became"), "parent", "child")):
        steps: dict[str, list[str]] = {}
        for edge in edges:
            steps.setdefault(edge[here], []).append(edge[there])
        if root in steps:
            shown = {root}
            waiting = [(grown.add(word[lang == "en"]), root)]
            while waiting:
                branch, chain = waiting.pop()
                for other in steps.get(chain, ()):
                    twig = branch.add(_batch(nodes.get(other, {}), other, lang))
                    if other not in shown:
                        shown.add(other)
                        waiting.append((twig, other))
    return grown


def _batch(node: Mapping[str, Any], chain: str, lang: Lang) -> str:
    """One line: code, product, how much, whose."""
    if not node:
        return chain
    amount = {"unit": str(node["unit"]), "value": str(node["quantity"])} if node.get("quantity") else None
    told = [
        grouped(node["code"]),
        (node.get("product") or {}).get(lang, ""),
        quantity(amount, lang) if amount else "",
        (node.get("producer") or {}).get(lang, ""),
    ]
    return "  ".join(filter(None, told))


class Speech:
    """Says things in one language, or as one JSON document."""

    def __init__(self, lang: Lang, *, as_json: bool) -> None:
        self.lang: Lang = lang
        self.as_json = as_json
        self._console = Console(soft_wrap=True, highlight=False, markup=False)

    def __call__(self, zh: str, en: str) -> str:
        return zh if self.lang == "zh" else en

    def line(self, zh: str, en: str, value: str) -> None:
        self._console.print(f"{self(zh, en)}{self('：', ': ')}{value}")

    def tree(self, graph: Mapping[str, Any]) -> None:
        """A lineage, as a tree from the batch that was asked for."""
        # A line that the terminal wraps is better than a name that the tree has cut.
        wide = Console(width=max(self._console.width, 200), highlight=False, markup=False)
        wide.print(_tree(graph, self.lang))

    def complete(self, known: Mapping[str, Any]) -> None:
        """How complete a record is by each profile: the score, then what keeps it from being full."""
        for one in known["profiles"]:
            self.line(one["zh"], one["en"], "–" if one["score"] is None else f"{one['score']}/100")
            for gap in one["gaps"]:
                where = "".join(f" #{index}" for index in gap["records"])
                self._console.print(f"  {gap['text'][self.lang]}{where}")

    def document(self, value: Any) -> None:
        self._console.print(json.dumps(value, ensure_ascii=False, default=self._plain))

    def _plain(self, value: object) -> Json:
        if isinstance(value, LedgerError):
            return {"code": value.code, "params": dict(value.params), "text": say(value, self.lang)}
        raise TypeError(type(value))

    @contextmanager
    def counting(self, total: int, zh: str, en: str) -> Iterator[Callable[..., None]]:
        """A bar on the terminal; gives what makes it move one on."""
        columns = (TextColumn(self(zh, en)), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        errors = Console(stderr=True)
        with Progress(*columns, console=errors, transient=True, disable=self.as_json or not errors.is_terminal) as bar:
            task = bar.add_task("", total=total)
            yield lambda steps=1: bar.advance(task, steps)

    def progress(self, work: Sequence[T], zh: str, en: str) -> Iterator[T]:
        """Each of ``work``, with a bar."""
        with self.counting(len(work), zh, en) as step:
            for one in work:
                yield one
                step()

    def report(self, rows: Sequence[dict[str, Any]], brought: Sequence[Brought] = ()) -> None:
        """What became of each line, and of each file that went with them."""
        if self.as_json:
            files = [{"sha256": one.sha256, "state": "refused" if one.refused else "brought"} for one in brought]
            self.document({"lines": rows, **({"attachments": files} if files else {})})
            return
        states = {
            "receipted": ("✓", "已记录", "recorded"),
            "adopted": ("✓", "已记录", "recorded"),
            "waiting": ("…", "已签名，待发送", "signed, waits to be sent"),
            "checked": ("✓", "可以签名", "may be signed"),
            "refused": ("✗", "被退回", "refused"),
            "error": ("✗", "没有签名", "not signed"),
        }
        for row in rows:
            sign, zh, en = states[row["state"]]
            kind = KINDS.get(row.get("kind", ""))
            name = f" {self(kind.zh, kind.en)}" if kind else ""
            said = f"{self('：', ': ')}{say(row['error'], self.lang)}" if "error" in row else ""
            if row.get("provisional"):
                said += self("，见证方尚未确认", ", not confirmed by witnesses yet")
            self._console.print(f"{sign} {row['line']}{name} {self(zh, en)}{said}")
            for one in row.get("created", ()):
                if "trace_code" in one:
                    self.line("    追溯码", "    trace code", grouped(one["trace_code"]))
                else:
                    zh, en = IDS.get(row["kind"], ("编号", "id"))
                    self.line(f"    {zh}", f"    {en}", f"{one['chain']}  {one['name']}")
            for finding in row.get("findings", ()):
                text = finding["text"].get(self.lang) or finding["code"]
                self._console.print(f"    {'⛔' if finding['severity'] == 'hold' else '⚠'} {text}")
        for refused in (one.refused for one in brought if one.refused):
            self._console.print(f"✗ {self('附件没有被接收：', 'A file was not taken: ')}{say(refused, self.lang)}")
        if taken := sum(not one.refused for one in brought):
            self.line("已上传附件", "files brought", str(taken))
