"""Building blocks of a report: one page of HTML that needs nothing but itself."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from wignercq.plotting import formula_svg

STYLE = """
body { font: 15px/1.5 Georgia, "Times New Roman", serif; color: #1a1a1a; background: #fff; max-width: 66rem;
       margin: 2rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.7rem; font-weight: normal; margin-bottom: .2rem; }
h2 { font-size: 1.25rem; font-weight: normal; border-bottom: 1px solid #bbb; margin-top: 2.2rem; }
p.lead { font-size: 1.1rem; margin: .6rem 0 1.2rem; }
table { border-collapse: collapse; margin: .8rem 0; font-size: .84rem; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .6rem .15rem 0; text-align: right; vertical-align: top; white-space: nowrap; }
th:first-child, td:first-child, .text { text-align: left; }
td.text { white-space: normal; }
thead th { border-bottom: 1px solid #888; }
tbody tr:nth-child(odd) { background: #f6f6f4; }
td.above { font-weight: bold; }
td.faint { color: #888; }
caption { text-align: left; font-style: italic; padding-bottom: .3rem; }
figure { margin: 1.2rem 0; }
figure img { max-width: 100%; height: auto; display: block; }
figcaption { font-size: .9rem; color: #333; max-width: 50rem; }
.formula { margin: .5rem 0 .5rem 1.5rem; }
.formula img { max-width: 100%; }
.beside { display: flex; flex-wrap: wrap; gap: 0 2rem; }
pre { font-size: .8rem; background: #f6f6f4; padding: .8rem; white-space: pre-wrap; }
summary { cursor: pointer; }
"""


@dataclass(frozen=True)
class Cell:
    """A cell of a table."""

    text: str
    kind: str = ""  # a class of the style sheet: ``text``, ``above``, ``faint`` or none


def page(title: str, lead: Sequence[str], parts: Iterable[str]) -> str:
    """A whole page from a title, sentences that say the result, and HTML."""
    sentences = "<br>".join(map(html.escape, lead))
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{html.escape(title)}</title>\n'
        f"<style>{STYLE}</style>\n</head>\n<body>\n<h1>{html.escape(title)}</h1>\n"
        f'<p class="lead">{sentences}</p>\n' + "\n".join(parts) + "\n</body>\n</html>\n"
    )


def heading(text: str) -> str:
    """The title of a section."""
    return f"<h2>{html.escape(text)}</h2>"


def paragraph(text: str) -> str:
    """Plain text."""
    return f"<p>{html.escape(text)}</p>"


def formula(latex: str, text: str) -> str:
    """A typeset formula; `text` stands for it where images are not shown."""
    data = base64.b64encode(formula_svg(latex).encode()).decode()
    return f'<div class="formula"><img alt="{html.escape(text)}" src="data:image/svg+xml;base64,{data}"></div>'


def figure(png: bytes, caption: str) -> str:
    """A picture and what it shows."""
    data, text = base64.b64encode(png).decode(), html.escape(caption)
    return f'<figure><img alt="{text}" src="data:image/png;base64,{data}"><figcaption>{text}</figcaption></figure>'


def table(head: Sequence[str | Cell], rows: Iterable[Sequence[str | Cell]], *, caption: str = "") -> str:
    """A table; the first column holds names."""
    lines = ["<table>"]
    if caption:
        lines.append(f"<caption>{html.escape(caption)}</caption>")
    if head:
        lines.append("<thead><tr>" + "".join(_cell(name, "th") for name in head) + "</tr></thead>")
    lines += ["<tbody>", *("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows), "</tbody></table>"]
    return "\n".join(lines)


def _cell(content: str | Cell, tag: str = "td") -> str:
    cell = content if isinstance(content, Cell) else Cell(content)
    kind = f' class="{cell.kind}"' if cell.kind else ""
    return f"<{tag}{kind}>{html.escape(cell.text)}</{tag}>"


def settings(rows: Mapping[str, str], *, caption: str = "") -> str:
    """A table of names and values."""
    return table((), ((name, Cell(value, "text")) for name, value in rows.items()), caption=caption)


def beside(*parts: str) -> str:
    """Parts side by side where there is room."""
    return '<div class="beside"><div>' + "</div><div>".join(parts) + "</div></div>"


def hidden(title: str, text: str) -> str:
    """Preformatted text that unfolds."""
    return f"<details><summary>{html.escape(title)}</summary><pre>{html.escape(text)}</pre></details>"
