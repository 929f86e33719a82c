"""Building blocks of a report: one page of HTML that needs nothing but itself."""

from __future__ import annotations

import base64
import html
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from wignercq.plotting import formula_svg

STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --faint: #6e6e6e; --line: #bbb; --stripe: #f4f4f1; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #dcdad5; --paper: #17191c; --faint: #9a9a96; --line: #55585c; --stripe: #22252a; }
  .formula img { filter: invert(.87); }
  figure img { background: #fff; padding: .4rem; border-radius: .3rem; filter: brightness(.9); }
}
body { font: 15px/1.5 Georgia, "Times New Roman", serif; color: var(--ink); background: var(--paper);
       max-width: 66rem; margin: 2rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.7rem; font-weight: normal; line-height: 1.2; margin-bottom: .2rem; }
h2 { font-size: 1.25rem; font-weight: normal; border-bottom: 1px solid var(--line); margin-top: 2.2rem; }
p.lead { font-size: 1.1rem; margin: .6rem 0 1.2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: .8rem 0; font-size: .84rem; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .6rem .15rem 0; text-align: right; vertical-align: top; white-space: nowrap; }
th:first-child, td:first-child, .text { text-align: left; }
td.text { white-space: normal; }
thead th { border-bottom: 1px solid var(--line); }
tbody th { font-weight: normal; }
tbody tr:nth-child(odd) { background: var(--stripe); }
td.above { font-weight: bold; }
td.faint { color: var(--faint); }
sub, sup { line-height: 0; font-size: .75em; }
caption { text-align: left; font-style: italic; padding-bottom: .3rem; }
figure { margin: 1.2rem 0; }
figure img { max-width: 100%; height: auto; display: block; box-sizing: border-box; }
figcaption { font-size: .9rem; max-width: 50rem; }
.formula { margin: .5rem 0 .5rem 1.5rem; }
.formula img { max-width: 100%; }
.beside { display: flex; flex-wrap: wrap; gap: 0 2rem; }
.beside > div { max-width: 100%; }
pre { font-size: .8rem; background: var(--stripe); padding: .8rem; white-space: pre-wrap; }
@media (max-width: 40rem) { body { margin: 1rem auto; padding: 0 .8rem; } .formula { margin-left: 0; } }
@media print {
  @page { margin: 16mm 15mm; }
  body { font-size: 10pt; max-width: none; margin: 0; padding: 0; }
  h1, h2, caption { break-after: avoid; }
  h2 { margin-top: 1.4rem; }
  table { font-size: 7.2pt; }
  table, tr, figure, .formula { break-inside: avoid; }
  table.long { break-inside: auto; }
  thead { display: table-header-group; }
  .beside { gap: 0 1rem; }
  .wide { overflow: visible; }
  figure img { max-height: 215mm; width: auto; }
  p, pre { orphans: 3; widows: 3; }
  pre { font-size: 8pt; }
}
"""
LONG = 30  # rows of a table that may be split between two pages of print
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Markup(str):
    """Text that is HTML already."""


@dataclass(frozen=True)
class Cell:
    """A cell of a table."""

    text: str
    kind: str = ""  # a class of the style sheet: ``text``, ``above``, ``faint`` or none


def number(value: float, digits: int = 6) -> str:
    """A number with so many digits at most, and a power of ten where it is needed: ``1.05457 × 10⁻³⁴``."""
    mantissa, sign, exponent = f"{value:.{digits}g}".partition("e")
    return f"{mantissa} \N{MULTIPLICATION SIGN} 10{str(int(exponent)).translate(SUPERSCRIPTS)}" if sign else mantissa


def symbol(observable: str) -> Markup:
    """What an observable is called: ``mean_q`` is an average of q, ``cov_xy`` a covariance."""
    kind, _, variables = observable.partition("_")
    if kind == "mean":
        return Markup(f"⟨<i>{variables}</i>⟩")
    if kind == "cov":
        return Markup(f"<i>&sigma;<sub>{variables}</sub></i>")
    return Markup(SYMBOLS.get(observable, html.escape(observable.replace("_", " "))))


def parameter(name: str) -> Markup:
    """What a parameter of a model or a swept number is called: ``k_C``, ``omega_1`` and ``lam`` get their signs."""
    base, _, index = name.partition("_")
    case = "CAPITAL" if base[:1].isupper() else "SMALL"
    with suppress(KeyError):
        base = unicodedata.lookup(f"GREEK {case} LETTER {LETTERS.get(base, base)}")
    if len(base) > 1:
        return Markup(html.escape(name.replace("_", " ")))
    lower = f"<sub>{html.escape(index)}</sub>" if index else ""
    return Markup(f"<i>{html.escape(base)}</i>{lower}")


LETTERS: Mapping[str, str] = {"lam": "lamda"}  # as Unicode spells it
SYMBOLS: Mapping[str, str] = {
    "energy": "⟨<i>H</i>⟩",
    "energy_classical": "⟨<i>H</i><sub>C</sub>⟩",
    "energy_quantum": "⟨<i>H</i><sub>Q</sub>⟩",
    "energy_interaction": "⟨<i>V</i><sub>I</sub>⟩",
    "occupation": "<i>n</i>",
    "W": "<i>W</i>",
    "density_matrix": "<i>&rho;&#770;</i>",
}


def page(title: str, lead: Sequence[str], parts: Iterable[str]) -> str:
    """A whole page from a title, sentences that say the result, and HTML."""
    sentences = "<br>".join(map(_escaped, lead))
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{html.escape(title)}</title>\n'
        f"<style>{STYLE}</style>\n</head>\n<body>\n<h1>{html.escape(title)}</h1>\n"
        f'<p class="lead">{sentences}</p>\n' + "\n".join(parts) + "\n</body>\n</html>\n"
    )


def _escaped(text: str) -> str:
    return text if isinstance(text, Markup) else html.escape(text)


def heading(text: str) -> str:
    """The title of a section."""
    return f"<h2>{html.escape(text)}</h2>"


def paragraph(text: str) -> str:
    """Plain text."""
    return f"<p>{_escaped(text)}</p>"


def formula(latex: str, text: str) -> str:
    """A typeset formula; `text` stands for it where images are not shown."""
    data = base64.b64encode(formula_svg(latex).encode()).decode()
    return f'<div class="formula"><img alt="{html.escape(text)}" src="data:image/svg+xml;base64,{data}"></div>'


def figure(png: bytes, caption: str, alt: str) -> str:
    """A picture, a caption that says how to read it, and what it shows in words."""
    data = base64.b64encode(png).decode()
    picture = f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}">'
    return f"<figure>{picture}<figcaption>{html.escape(caption)}</figcaption></figure>"


def table(head: Sequence[str | Cell], rows: Iterable[Sequence[str | Cell]], *, caption: str = "") -> str:
    """A table; the first column holds names."""
    body = [_row(row) for row in rows]
    lines = ['<div class="wide"><table class="long">' if len(body) > LONG else '<div class="wide"><table>']
    if caption:
        lines.append(f"<caption>{_escaped(caption)}</caption>")
    if head:
        lines.append("<thead><tr>" + "".join(_cell(name, "col") for name in head) + "</tr></thead>")
    return "\n".join([*lines, "<tbody>", *body, "</tbody></table></div>"])


def _row(cells: Sequence[str | Cell]) -> str:
    first, *others = cells
    return "<tr>" + _cell(first, "row") + "".join(map(_cell, others)) + "</tr>"


def _cell(content: str | Cell, scope: str = "") -> str:
    """A cell; one with a scope names its row or column, unless it is empty."""
    cell = content if isinstance(content, Cell) else Cell(content)
    kind = f' class="{cell.kind}"' if cell.kind else ""
    if not scope or not cell.text:
        return f"<td{kind}>{_escaped(cell.text)}</td>"
    return f'<th scope="{scope}"{kind}>{_escaped(cell.text)}</th>'


def settings(rows: Mapping[str, str], *, caption: str = "") -> str:
    """A table of names and values."""
    return table((), ((name, Cell(value, "text")) for name, value in rows.items()), caption=caption)


def beside(*parts: str) -> str:
    """Parts side by side where there is room."""
    return '<div class="beside"><div>' + "</div><div>".join(parts) + "</div></div>"


def verbatim(text: str) -> str:
    """Preformatted text."""
    return f"<pre>{html.escape(text)}</pre>"
