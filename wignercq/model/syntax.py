"""The text of a formula as a syntax tree, or where it breaks."""

from __future__ import annotations

import ast
import keyword
import re
import warnings
from collections.abc import Iterator
from typing import NamedTuple

from wignercq.errors import ExpressionError, brief

MAX_LENGTH = 2000  # characters
AROUND = 24  # characters shown before and after the place where a formula breaks
OPERAND = "a number, a name or ("

TOKENS = re.compile(
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<operator>\*\*|[-+*/^])|(?P<bracket>[(),])"
)


class Token(NamedTuple):
    """A piece of a formula."""

    kind: str  # number, name, operator, bracket or other
    text: str
    start: int


def syntax_tree(text: str, where: str) -> ast.expr:
    """The tree that Python makes of a formula, of anything that is an expression to it.

    ExpressionError, which says in which column the formula breaks, where it makes none, and for too long a text.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(where, f"at most {MAX_LENGTH} characters", len(text))
    if not text.isascii():
        odd = next(c for c in text if not c.isascii())
        raise ExpressionError(where, "plain ASCII text", f"the character {odd!a}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Python reads "1or x" and prints that it will not do so for ever
            return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, Warning, ValueError, RecursionError, MemoryError):
        raise ExpressionError(where, *_fault(text)) from None


def _fault(text: str) -> tuple[str, str]:
    """What was expected where a formula breaks, and what came."""
    opened: list[int] = []
    before: Token | None = None  # the last piece; an operand is complete after a number, a name or )
    for token in _tokens(text):
        complete = before is not None and (before.kind in ("number", "name") or before.text == ")")
        place = f"(column {token.start + 1})"
        if token.kind == "name" and keyword.iskeyword(token.text):
            return "names that are no words of Python", f"{token.text!r} {place}: {_excerpt(text, token.start)}"
        if token.kind == "other":
            came = f"the character {token.text!a} {place}: {_excerpt(text, token.start)}"
            return "a formula of numbers, names, + - * / ** ( )", came
        if token.kind in ("number", "name") or token.text == "(":
            called = token.text == "(" and before is not None and before.kind == "name"
            if complete and not called:
                assert before is not None
                between = f"between {brief(before.text)} and {brief(token.text)}"
                return f"an operator {between} {place}", f"none: {_excerpt(text, token.start)}"
            if token.text == "(":
                opened.append(token.start)
        elif not complete and token.text not in ("+", "-"):
            return f"{OPERAND} {_after(before)} {place}", f"{token.text!r}: {_excerpt(text, token.start)}"
        elif token.text == ")":
            if not opened:
                return f"a ( for the ) in column {token.start + 1}", f"none: {_excerpt(text, token.start)}"
            opened.pop()
        before = token
    if before is None:
        return "a formula", brief(text)
    if before.kind == "operator" or before.text in ("(", ","):
        return f"{OPERAND} {_after(before)}", f"the end of the formula: {_excerpt(text, len(text))}"
    if opened:
        return f"a ) for the ( in column {opened[-1] + 1}", f"none: {_excerpt(text, opened[-1])}"
    return "a formula", brief(text)


def _tokens(text: str) -> Iterator[Token]:
    start = 0
    while start < len(text):
        match = TOKENS.match(text, start)
        if match is not None:
            yield Token(str(match.lastgroup), match.group(), start)
        elif not text[start].isspace():
            yield Token("other", text[start], start)
        start = start + 1 if match is None else match.end()


def _after(token: Token | None) -> str:
    return "at the beginning" if token is None else f"after {brief(token.text)}"


def _excerpt(text: str, place: int) -> str:
    """The text around a place, which is marked."""
    first, last = max(0, place - AROUND), min(len(text), place + AROUND)
    before, after = ("..." if first else "") + text[first:place], text[place:last] + ("..." if last < len(text) else "")
    return ascii(f"{before.rstrip()} <here> {after}".strip())
