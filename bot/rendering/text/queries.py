"""How a query was understood, in words that people read and can type again; and where a refused one went wrong.

The reading keeps the person's own words and never shows a stem: `diffusion models -survey` is "diffusion AND models,
not survey", `author:Jane Doe` is "Doe AND author:Jane". Words come before fields, so that no word seems to belong to the
field before it. Typed again, in whichever language, a reading is the same query.
"""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace

from rich.cells import cell_len

from subscriptions.categories.tree import has_classes
from subscriptions.errors import QueryError, Sentence
from subscriptions.query import MAX_QUERY_LENGTH, And, Leaf, Node, Not, Or, Query, parse_query, written_value
from subscriptions.query.fields import ValueKind

Translate = Callable[[str], str]

WINDOW = 60  # cells of a refused query that are shown around its error
_CUT = "…"

_AND = Sentence("{first} AND {second}")
_OR = Sentence("{first} OR {second}")


def words(query: Query, translate: Translate) -> str:
    """What a query asks for, in the person's own words; as typed where that would be too long to be typed again."""
    said = _said(query.tree, translate)
    return said if len(said) <= MAX_QUERY_LENGTH else " ".join(query.text.split())


def explain(text: str, translate: Translate) -> dict[str, object]:
    """What a query means, or why it is refused: the document of `explain --json` (docs/commands.md)."""
    try:
        query = parse_query(text)
    except QueryError as error:
        told = {"column": error.column, "message": error.sentence.say(translate), "hint": error.hint.say(translate)}
        return {"query": text, "text": text, "canonical": None, "words": None, "hints": [], "error": told}
    hints = [hint.say(translate) for hint in query.hints]
    return {
        "query": text,
        "text": text,
        "canonical": query.canonical,
        "words": words(query, translate),
        "hints": hints,
        "error": None,
    }


# --------------------------------------------------------------------------------------------------------- the reading


def _said(node: Node, translate: Translate) -> str:
    if isinstance(node, Leaf):
        return _leaf(node, translate)
    if isinstance(node, Not):
        return Sentence("NOT {excluded}", {"excluded": _inner(node.node, translate)}).say(translate)
    wanted, excluded = _parted(node)
    said, *more = [_inner(part, translate) for part in sorted(wanted, key=_names_a_field)]
    for second in more:
        said = replace(_OR if isinstance(node, Or) else _AND, values={"first": said, "second": second}).say(translate)
    for part in excluded:
        values = {"wanted": said, "excluded": _inner(part.node, translate)}
        said = Sentence("{wanted}, not {excluded}", values).say(translate)
    return said


def _parted(node: And | Or) -> tuple[Sequence[Node], Sequence[Not]]:
    """What is said first, and what is said to be left out of it: `, not` needs something before it."""
    excluded = [part for part in node.nodes if isinstance(part, Not)]
    if isinstance(node, Or) or len(excluded) == len(node.nodes):
        return node.nodes, ()
    return [part for part in node.nodes if not isinstance(part, Not)], excluded


def _names_a_field(node: Node) -> bool:
    return isinstance(node, Leaf) and not node.term.field.is_bare


def _inner(node: Node, translate: Translate) -> str:
    """A part of something else: in brackets if it has parts itself."""
    said = _said(node, translate)
    return Sentence("({inner})", {"inner": said}).say(translate) if isinstance(node, And | Or) else said


def _leaf(leaf: Leaf, translate: Translate) -> str:
    value, field = written_value(leaf), leaf.term.field
    if field.kind is ValueKind.CATEGORY and has_classes(value):
        value = f"{value}.*"
    if field.is_bare:
        return value
    return replace(field.reading, values={"words": value}).say(translate) if field.reading else f"{field.name}:{value}"


# ----------------------------------------------------------------------------------------------------------- the caret


def caret(text: str, column: int) -> tuple[str, str]:
    """The line of a refused query and a line with ^ under a column (code points from 1), for a font of fixed width.

    A long query is cut to a window around the column, with … where something is left out.
    """
    shown = [_visible(char) for char in text]
    at = min(max(column, 1) - 1, len(shown))
    before, after = "".join(shown[:at]), "".join(shown[at:])
    room = WINDOW - 1
    if cell_len(before) + cell_len(after) <= room:
        return before + after, " " * cell_len(before) + "^"
    tail = _fitting(after, max(room // 3, room - cell_len(before)))
    head = _fitting(before[::-1], room - cell_len(tail))[::-1]
    while head and not cell_len(head[0]):  # a mark whose letter is cut off
        head = head[1:]
    head = head if head == before else _CUT + head
    return head + (tail if tail == after else tail + _CUT), " " * cell_len(head) + "^"


def _visible(char: str) -> str:
    """A character as one line shows it: any white space a blank, nothing for what has no width or would turn the line."""
    if char.isspace():
        return " "
    return "" if unicodedata.category(char) in ("Cc", "Cf", "Cs") else char


def _fitting(text: str, room: int) -> str:
    """As much of the beginning of a text as fits, with one cell to spare if that is not all."""
    if cell_len(text) <= room:
        return text
    width = 0
    for place, char in enumerate(text):
        width += cell_len(char)
        if width >= room:
            return text[:place]
    return text
