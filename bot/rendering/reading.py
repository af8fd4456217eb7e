"""How a query was understood, in words that people read and can type again; and where a refused one went wrong.

The reading keeps the person's own words and never shows a stem: `diffusion models -survey` is "diffusion AND models,
not survey", `author:Jane Doe` is "Doe AND author:Jane". Words come before fields, so that no word seems to belong to the
field before it. Typed again, in whichever language, a reading is the same query.
"""

import unicodedata
from collections.abc import Callable, Sequence
from functools import reduce

from rich.cells import cell_len

from subscriptions import (
    MAX_QUERY_LENGTH,
    And,
    Leaf,
    Node,
    Not,
    Or,
    Query,
    QueryError,
    Sentence,
    has_classes,
    parse_query,
    written_value,
)

Translate = Callable[[str], str]

WINDOW = 60  # cells of a refused query that are shown around its error
_CUT = "…"

_READINGS = {
    "title": Sentence("title:{words}"),
    "abstract": Sentence("abstract:{words}"),
    "summary": Sentence("summary:{words}"),
    "author": Sentence("author:{words}"),
    "category": Sentence("category:{words}"),
    "primary": Sentence("primary:{words}"),
    "id": Sentence("id:{words}"),
    "source": Sentence("source:{words}"),
    "all": Sentence("all:{words}"),
}  # of words in any text, and of a bare arXiv id, there is none; a DOI is called so in every language
_IN_ANY_TEXT = frozenset({"text", "text-or-id"})


def words(query: Query, translate: Translate) -> str:
    """What a query asks for, in the person's own words; as typed where that would be too long to be typed again."""
    said = _node(query.tree).say(translate)
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


def _node(node: Node) -> Sentence:
    match node:
        case Leaf():
            return _leaf(node)
        case Not():
            return Sentence("NOT {excluded}", {"excluded": _inner(node.node)})
        case Or():
            return reduce(_or, map(_part, sorted(node.nodes, key=_names_a_field)))
        case And():
            return _all_of(node.nodes)


def _all_of(nodes: Sequence[Node]) -> Sentence:
    """What is wanted first, then what is excluded."""
    wanted = sorted((part for part in nodes if not isinstance(part, Not)), key=_names_a_field)
    excluded = [part.node for part in nodes if isinstance(part, Not)]
    if not wanted:
        return reduce(_and, map(_part, nodes))
    return reduce(_but_not, map(_inner, excluded), reduce(_and, map(_inner, wanted)))


def _names_a_field(node: Node) -> bool:
    return isinstance(node, Leaf) and node.term.field not in _IN_ANY_TEXT


def _part(node: Node) -> Sentence:
    return _node(node) if isinstance(node, Not) else _inner(node)


def _inner(node: Node) -> Sentence:
    """A part of something else: in brackets if it has parts itself."""
    said = _node(node)
    return said if isinstance(node, Leaf) else Sentence("({inner})", {"inner": said})


def _and(first: Sentence, second: Sentence) -> Sentence:
    return Sentence("{first} AND {second}", {"first": first, "second": second})


def _or(first: Sentence, second: Sentence) -> Sentence:
    return Sentence("{first} OR {second}", {"first": first, "second": second})


def _but_not(wanted: Sentence, excluded: Sentence) -> Sentence:
    return Sentence("{wanted}, not {excluded}", {"wanted": wanted, "excluded": excluded})


def _leaf(leaf: Leaf) -> Sentence:
    value = written_value(leaf)
    if leaf.term.field in ("category", "primary") and has_classes(value):
        value = f"{value}.*"
    elif leaf.term.field == "doi":
        value = f"doi:{value}"
    return Sentence(_READINGS.get(leaf.term.field, Sentence("{words}")).template, {"words": value})


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
