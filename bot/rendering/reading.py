"""How a query was understood, in words that people read; and where a refused one went wrong.

The reading keeps the person's own words and never shows a stem: `diffusion models -survey` is "diffusion AND models,
not survey", `author:Jane Doe` is "the author Jane AND the word Doe".
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import reduce
from itertools import pairwise

from rich.cells import cell_len

from subscriptions import And, Leaf, Node, Not, Or, Query, QueryError, Sentence, has_classes, parse_query

Translate = Callable[[str], str]

WINDOW = 60  # cells of a refused query that are shown around its error
_CUT = "…"
_ONE_WORD = re.compile(r"[\w.'’+#*/-]+")
_WORD_FIELDS = frozenset({"title", "abstract", "summary", "author", "all"})

_READINGS = {
    "title": Sentence("{words} in the title"),
    "abstract": Sentence("{words} in the abstract"),
    "summary": Sentence("{words} in a summary"),
    "author": Sentence("the author {words}"),
    "category": Sentence("the category {words}"),
    "primary": Sentence("the first category {words}"),
    "id": Sentence("the paper {words}"),
    "text-or-id": Sentence("the paper {words} (or a text that names it)"),
    "doi": Sentence("the DOI {words}"),
    "source": Sentence("the source {words}"),
    "all": Sentence("{words} anywhere (authors and categories too)"),
}
_ARCHIVES = {
    "category": Sentence("any category of {words}"),
    "primary": Sentence("a first category of {words}"),
}


def words(query: Query, translate: Translate) -> str:
    """What a query asks for, in the person's own words."""
    return _node(query.tree).say(translate)


def explain(text: str, translate: Translate) -> dict[str, object]:
    """What a query means, or why it is refused: the document of `explain --json` (docs/commands.md)."""
    try:
        query = parse_query(text)
    except QueryError as error:
        told = {"column": error.column, "message": error.sentence.say(translate), "hint": error.hint.say(translate)}
        return {"query": text, "canonical": None, "words": None, "hints": [], "error": told}
    hints = [hint.say(translate) for hint in query.hints]
    return {
        "query": text,
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
            return Sentence("not {excluded}", {"excluded": _inner(node.node)})
        case Or():
            return reduce(_or, [_node(part) if isinstance(part, Not) else _inner(part) for part in node.nodes])
        case And():
            return _all_of(node.nodes)


def _all_of(nodes: Sequence[Node]) -> Sentence:
    """What is wanted first, then what is excluded."""
    wanted = [part for part in nodes if not isinstance(part, Not)]
    excluded = [part.node for part in nodes if isinstance(part, Not)]
    if not wanted:
        return reduce(_and, map(_node, nodes))
    said = [_inner(wanted[0])]
    for before, part in pairwise(wanted):
        said.append(_stressed(part) if isinstance(part, Leaf) and _taken_together(before, part) else _inner(part))
    return reduce(_but_not, map(_inner, excluded), reduce(_and, said))


def _taken_together(before: Node, leaf: Leaf) -> bool:
    """Whether people may believe that a bare word belongs to the field before it, as in `author:Jane Doe`."""
    return isinstance(before, Leaf) and before.term.field in _WORD_FIELDS and leaf.term.field == "text"


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
    term = leaf.term
    is_archive = term.field in _ARCHIVES and has_classes(term.value)
    template = (_ARCHIVES if is_archive else _READINGS).get(term.field)
    shown = _typed(leaf)
    return Sentence(template.template, {"words": shown}) if template else shown


def _stressed(leaf: Leaf) -> Sentence:
    if leaf.quoted:
        return Sentence("the phrase {words}", {"words": _typed(leaf)})
    return Sentence("the word {words}", {"words": _typed(leaf)})


def _typed(leaf: Leaf) -> Sentence:
    """The words of a leaf, in quotes where they would not read as one."""
    shown = leaf.words
    if leaf.term.field not in ("author", "id", "doi", "category", "primary"):
        quoted = leaf.quoted or not _ONE_WORD.fullmatch(shown)
        shown = f'"{shown}"' if quoted else shown
    plain = Sentence("{words}", {"words": shown})
    return Sentence("exactly {words}", {"words": plain}) if leaf.term.exact else plain


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
