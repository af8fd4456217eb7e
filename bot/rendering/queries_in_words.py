"""Queries in words; how a refused one is answered, with a caret below the place that cannot be read.

The reading of a query explains the query in the person's own words, never stems: the reading of `diffusion -survey` is
"diffusion, not survey", that of `author:Jane Doe` is "Doe author:Jane". Words come before fields; otherwise a word
would seem to belong to the field before it. In every language, a reading is itself a query with the same matches.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from itertools import repeat

from rich.cells import cell_len, chop_cells

from bot.messages import Reply
from subscriptions.errors import PaperwireError, QueryError, Sentence
from subscriptions.language import Language
from subscriptions.matching.term_matching import simple_terms
from subscriptions.query import ValueKind, parse, rewriting
from subscriptions.query.categories import has_classes
from subscriptions.query.refusals import MAX_QUERY_LENGTH
from subscriptions.query.tree import And, Leaf, Node, Not, Or, Query, Term, leaves
from subscriptions.schedule.times import read_when, typed_query
from subscriptions.text.cutting import cut_letters

Translate = Callable[[str], str]

WINDOW = 60  # terminal cells of a refused query that are shown around its error
_CUT = "…"
_HYPHEN = re.compile("[-‐‑]")
_LONGEST_TYPED = 60  # characters of a typed text that is repeated

_AND = Sentence("{first} {second}")
_OR = Sentence("{first} OR {second}")
_BUT_NOT = Sentence("{wanted}, not {excluded}")
_WITHOUT = Sentence("{wanted} -{excluded}")


def query_in_words(query: Query, translate: Translate) -> str:
    """Return the reading of a query. If that is longer than a query may be, returns the query as it was typed."""
    reading = _reading(query.tree, translate)
    if len(reading) <= MAX_QUERY_LENGTH:
        return reading
    return " ".join(query.text.split())


def explain(text: str, translate: Translate) -> dict[str, object]:
    """Return the document of `explain --json` (docs/commands.md): what a query means, or why it is refused.

    A time at the end of the text is no part of the query, as after /sub.
    """
    typed = {"query": text, "text": text}
    try:
        ending = typed_query(text)
        query = parse.parse_query(ending.query)
    except QueryError as error:
        return {**typed, "canonical": None, "words": None, "hints": [], "error": error.document(), "when": None}
    return {
        **typed,
        "canonical": query.canonical,
        "words": query_in_words(query, translate),
        "hints": [hint.say(translate) for hint in query.hints],
        "error": None,
        "when": str(read_when(ending.when)) if ending.when else None,
    }


def as_one_word(query: Query) -> list[str]:
    """Return what was typed with hyphens and is also looked for as one word: ["multimodal"] for multi-modal."""
    return [
        _HYPHEN.sub("", leaf.words)
        for leaf in leaves(query.tree)
        if _HYPHEN.search(leaf.words) and any(map(_is_joined, simple_terms(leaf.term), repeat(leaf.term)))
    ]


def _is_joined(spelling: Term, term: Term) -> bool:
    return spelling.field.kind is ValueKind.WORDS and len(spelling.tokens) < len(term.tokens)


def _reading(node: Node, translate: Translate) -> str:
    if isinstance(node, Leaf):
        return _leaf(node, translate)
    if isinstance(node, Not):
        return Sentence("NOT {excluded}", {"excluded": _inner(node.node, translate)}).say(translate)
    excluded = [part for part in node.nodes if isinstance(part, Not)]
    wanted: list[Node] = [part for part in node.nodes if not isinstance(part, Not)]
    if isinstance(node, Or) or not wanted:  # all parts count as wanted
        wanted, excluded = [*node.nodes], []
    parts = sorted(wanted, key=lambda part: isinstance(part, Leaf) and not part.term.field.is_bare)  # words first
    # a comprehension would add a stack frame for each nested bracket of a query
    reading, *more = map(_inner, parts, repeat(translate))
    for second in more:
        both = {"first": reading, "second": second}
        reading = replace(_OR if isinstance(node, Or) else _AND, values=both).say(translate)
    for part in excluded:  # after several wanted words "-" is written, since "a b, not c" would make a phrase of "a b"
        values = {"wanted": reading, "excluded": _inner(part.node, translate)}
        reading = replace(_WITHOUT if more else _BUT_NOT, values=values).say(translate)
    return reading


def _inner(node: Node, translate: Translate) -> str:
    """Return the reading of a part. The reading is in brackets if the part has parts itself."""
    reading = _reading(node, translate)
    if isinstance(node, And | Or):
        return Sentence("({inner})", {"inner": reading}).say(translate)
    return reading


def _leaf(leaf: Leaf, translate: Translate) -> str:
    value, field = rewriting.written_value(leaf), leaf.term.field
    if field.kind is ValueKind.CATEGORY and has_classes(value):
        value = f"{value}.*"
    if field.is_bare:
        return value
    if field.reading:
        return replace(field.reading, values={"words": value}).say(translate)
    return f"{field.name}:{value}"


def caret(text: str, column: int) -> tuple[str, str]:
    """Return (line of a refused query, line with ^ below `column`), for a font of fixed width.

    Columns count code points, from 1.

    A long query is cut on both sides of the column, to 60 cells. "…" marks where text is left out.
    """
    shown = [_visible(char) for char in text]
    at = min(max(column, 1) - 1, len(shown))
    before, after = "".join(shown[:at]), "".join(shown[at:])
    room = WINDOW - 1
    if cell_len(before) + cell_len(after) <= room:
        return before + after, " " * cell_len(before) + "^"
    tail = _fitting(after, max(room // 3, room - cell_len(before)))
    head = _fitting(before[::-1], room - cell_len(tail))[::-1]
    while head and not cell_len(head[0]):  # a combining mark whose letter was cut off
        head = head[1:]
    head = head if head == before else _CUT + head
    return head + (tail if tail == after else tail + _CUT), " " * cell_len(head) + "^"


def _visible(char: str) -> str:
    """Return the character for a line: a space instead of white space, "" instead of control and format characters."""
    if char.isspace():
        return " "
    if unicodedata.category(char) in ("Cc", "Cf", "Cs"):
        return ""
    return char


def _fitting(text: str, room: int) -> str:
    """Return the beginning of a text that fits into `room` cells. If the text is cut, one cell stays free for "…"."""
    return text if cell_len(text) <= room else chop_cells(text, room - 1)[0]


def refused(error: PaperwireError, language: Language, typed: str = "") -> Reply:
    """Return the reply to a refused request.

    For a QueryError, also shows `typed` with a caret under the error's column.
    """
    code = caret(typed, error.column) if isinstance(error, QueryError) else ()
    hint = language.say(error.hint)
    return Reply((language.say(short(error.sentence)), *([hint] if hint else [])), ok=False, code=code)


def short(sentence: Sentence) -> Sentence:
    """Return the sentence with long values cut, since a message may have only 4,096 characters."""
    return Sentence(sentence.template, {name: _cut(value) for name, value in sentence.values.items()})


def _cut(value: object) -> object:
    if isinstance(value, Sentence):
        return short(value)
    if isinstance(value, str):
        return cut_letters(value, _LONGEST_TYPED)
    return value
