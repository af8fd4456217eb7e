"""A text, understood: which of the grammars reads it, and what became of it."""

import re

from subscriptions.errors import Sentence
from subscriptions.query.parsing.arxiv_api import converted, is_api_query
from subscriptions.query.parsing.commas import parts_of
from subscriptions.query.parsing.grammar import Parser
from subscriptions.query.parsing.lexer import API_FIELDS, lexemes
from subscriptions.query.parsing.lists import Lists, list_items
from subscriptions.query.parsing.other_engines import note_semicolons
from subscriptions.query.parsing.parts import Part, expanded
from subscriptions.query.parsing.sentences import (
    MAX_ALTERNATIVES,
    MAX_QUERY_LENGTH,
    Notes,
    Rank,
    nothing_asked,
    only_excludes,
    too_long,
    too_many_alternatives,
)
from subscriptions.query.parsing.typed_text import Typed, typed
from subscriptions.query.syntax import And, Node, Not, Query

_SINGLE_QUOTES = re.compile(r"""(?<![\w'’])['‘](\w[^'‘’"()|]*)['’](?!\w)""")


def parse_query(text: str) -> Query:
    """What a person typed, understood. Raises QueryError, with its column, and nothing else.

    The work is bounded by the length of the text, which is at most 1,000 characters, and by 64 alternatives.
    """
    if len(text) > MAX_QUERY_LENGTH:
        raise too_long()
    notes = Notes()
    source = typed(text)
    if is_api_query(source.text):
        source = converted(source, notes)
        part = Parser(source, notes).parse(lexemes(source.text, 0, len(source.text), API_FIELDS))
    elif items := list_items(source.text):
        part = Lists(source, notes).parse(items)
    else:
        part = _parsed(source, notes)
    if ";" in source.text or "；" in source.text:
        note_semicolons(source.text, notes)
    return _query(text, source, part, notes)


def parse_canonical(text: str) -> Query:
    """A canonical text, as `Query.canonical` has it: of any length, and neither a list nor a query of arXiv's API."""
    notes = Notes()
    source = typed(text)
    return _query(text, source, _parsed(source, notes), notes)


def _parsed(source: Typed, notes: Notes) -> Part | None:
    phrase = _SINGLE_QUOTES.search(source.text)
    if phrase and " " in phrase[1]:
        hint = Sentence("Single quotes are apostrophes. For the phrase write {phrase}", {"phrase": f'"{phrase[1]}"'})
        notes.add(Rank.PHRASE, hint)
    return Parser(source, notes).parse(parts_of(source.text, notes))


def _query(text: str, source: Typed, part: Part | None, notes: Notes) -> Query:
    if part is None:
        raise nothing_asked()
    if part.form.alternatives > MAX_ALTERNATIVES:
        raise too_many_alternatives()
    if part.only_excludes is not None:
        raise only_excludes(part.only_excludes, source.text.strip() if _is_excluded(part.node) else "")
    alternatives = expanded(part.form)
    if all(alternative.positive & alternative.negative for alternative in alternatives):
        notes.add(Rank.NEVER, Sentence("This wants and excludes the same, so it finds nothing."))
    return Query(text, part.form.text, alternatives, notes.hints(), part.node)


def _is_excluded(node: Node) -> bool:
    """Whether all of a query only excludes."""
    return all(isinstance(part, Not) for part in (node.nodes if isinstance(node, And) else (node,)))
