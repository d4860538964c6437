"""What a witness shows to whoever opens its address: which logs it watches, up to where, since when, what it refused.

In Chinese and English at once: nobody has chosen a language here. No script, nothing from elsewhere.
"""

from base64 import b64encode
from datetime import datetime
from hashlib import sha256
from html import escape
from pathlib import Path

from clients.witness.store import Row
from clients.witness.witness import Witness
from ledger.checkpoint import Checkpoint, Note
from ledger.witnessing import checkpoint_path

_STYLE = (Path(__file__).parent / "page.css").read_text("utf-8")

HEADERS = (
    (
        "content-security-policy",
        f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-cache"),
)

_PAGE = """\
<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · 见证 · Witness</title>
<style>{style}</style>
</head>
<body>
<header><div class="wrap">
<p class="kind">见证方 <span lang="en">Witness</span></p>
<h1>{title}</h1>
<p class="mono">{name}</p>
<p>替大家记住总账到过哪里：每个新检查点都要能证明只是在上一个后面添加，本见证方才联署。总账若改写历史，在这里通不过。</p>
<p lang="en" class="en">
Remembers how far a log had come: it cosigns a checkpoint only if that is
proven to continue the last one. A log that rewrites its past does not get by here.</p>
</div></header>
<main class="wrap">
{logs}
<section>
<h2>联署公钥 <span lang="en">Public key</span></h2>
<p>写进总账的见证规则（policy.json）即可据此核对
<span lang="en" class="en">what a policy names this witness by</span></p>
<pre>{vkey}</pre>
</section>
</main>
</body>
</html>
"""

_LOG = """\
<section>
<h2 class="mono">{origin}</h2>
{state}
{alarm}
{table}
</section>
"""

_STATE = """\
<p class="count"><strong>{size}</strong> 条账目已见证 <span lang="en" class="en">entries witnessed</span></p>
<p>最近联署 <span lang="en" class="en">last cosigned</span> <time datetime="{iso}">{time}</time></p>
<p><a href="/{path}">检查点原文 <span lang="en">checkpoint</span></a></p>
"""

_NONE = '<p>还没有见证过它的检查点 <span lang="en" class="en">no checkpoint of it has been cosigned yet</span></p>'

_FORK = """\
<div class="alarm" role="alert">
<p><strong>两段历史！</strong>这本总账为同样的 {size} 条账目签过两个不同的检查点。两份签名都在此，请报告监管人员。</p>
<p lang="en"><strong>Two histories.</strong> This log has signed two different checkpoints of {size} entries. Both are
kept here: tell the regulator.</p></div>
"""

_ROW = """\
<tr><td><time datetime="{iso}">{time}</time></td><td class="number">{size}</td><td class="mono">{root}</td></tr>"""

_TABLE = """\
<h3>{title} <span lang="en">{english}</span></h3>
<div class="table"><table>
<thead><tr><th>时间 <span lang="en">time</span></th>
<th class="number">账目 <span lang="en">entries</span></th><th>根 <span lang="en">root</span></th></tr></thead>
<tbody>{rows}</tbody>
</table></div>
"""


def page(witness: Witness) -> str:
    """The page, as it is now."""
    logs = "".join(_log(witness, origin) for origin in witness.origins)
    return _PAGE.format(
        title=escape(witness.title or witness.vkey.name),
        name=escape(witness.vkey.name),
        style=_STYLE,
        logs=logs,
        vkey=escape(str(witness.vkey)),
    )


def _log(witness: Witness, origin: str) -> str:
    cosigned, refused = witness.store.cosigned(origin), witness.store.refused(origin)
    table = _table("最近联署的检查点", "last cosigned", cosigned) + _table("没有联署", "refused", refused)
    if not cosigned:
        return _LOG.format(origin=escape(origin), state=_NONE, alarm="", table=table)
    newest = cosigned[0]
    roots = {row.size: _root(row) for row in cosigned}
    forks = [row.size for row in refused if roots.get(row.size, _root(row)) != _root(row)]
    state = _STATE.format(size=f"{newest.size:,}", path=checkpoint_path(origin), **_times(newest))
    alarm = _FORK.format(size=f"{forks[0]:,}") if forks else ""
    return _LOG.format(origin=escape(origin), state=state, alarm=alarm, table=table)


def _table(title: str, english: str, rows: list[Row]) -> str:
    if not rows:
        return ""
    said = "\n".join(_ROW.format(size=f"{row.size:,}", root=escape(_root(row)), **_times(row)) for row in rows)
    return _TABLE.format(title=title, english=english, rows=said)


def _root(row: Row) -> str:
    return b64encode(Checkpoint.parse(Note.parse(row.note).text).root).decode()


def _times(row: Row) -> dict[str, str]:
    """In the zone of the witness's own machine, which is said."""
    moment = datetime.fromtimestamp(row.time).astimezone()
    return {"iso": moment.isoformat(), "time": moment.strftime("%Y-%m-%d %H:%M:%S UTC%z")}
