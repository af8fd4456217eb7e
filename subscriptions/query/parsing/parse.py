"""Text -> query: chooses the grammar that reads a text, and checks the result."""

import re

from subscriptions.errors import Sentence
from subscriptions.query.parsing.algebra import QueryPart, expanded, lexemes_with_exclusions
from subscriptions.query.parsing.grammar import Parser
from subscriptions.query.parsing.lexer import Typed, lexemes, typed
from subscriptions.query.parsing.lists import Lists, list_items
from subscriptions.query.parsing.other_engines import converted, is_api_query, note_semicolons
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
from subscriptions.query.parsing.values import Values
from subscriptions.query.syntax import FIELDS, LEFT_OUT, And, Fields, Node, Not, Query

_SINGLE_QUOTES = re.compile(r"""(?<![\w'’])['‘](\w[^'‘’"()|]*)['’](?!\w)""")


def parse_query(text: str, fields: Fields = FIELDS) -> Query:
    """Returns the query that a person typed. Raises QueryError, with its column, and nothing else.

    The work is bounded by the length of the text, which is at most 1,000 characters, and by 64 alternatives.
    """
    if len(text) > MAX_QUERY_LENGTH:
        raise too_long()
    notes = Notes()
    source = typed(text)
    if is_api_query(source.text):
        source = converted(source, notes)
        found = lexemes(source.text, 0, len(source.text), fields.also(LEFT_OUT))
        part = Parser(Values(source, notes, fields)).parse(found)
    elif items := list_items(source.text, fields):
        part = Lists(Values(source, notes, fields)).parse(items)
    else:
        part = _parsed(source, notes, fields)
    if ";" in source.text or "；" in source.text:
        note_semicolons(source.text, notes)
    return _query(text, source, part, notes, fields)


def parse_canonical(text: str, fields: Fields = FIELDS) -> Query:
    """Returns the query of a canonical text (`Query.canonical`), which may be of any length. Raises QueryError."""
    notes = Notes()
    source = typed(text)
    return _query(text, source, _parsed(source, notes, fields, is_canonical=True), notes, fields)


def _parsed(source: Typed, notes: Notes, fields: Fields, *, is_canonical: bool = False) -> QueryPart | None:
    phrase = _SINGLE_QUOTES.search(source.text)
    if phrase and " " in phrase[1]:
        hint = Sentence("Single quotes are apostrophes. For the phrase write {phrase}", {"phrase": f'"{phrase[1]}"'})
        notes.add(Rank.PHRASE, hint)
    values = Values(source, notes, fields, is_canonical=is_canonical)
    return Parser(values).parse(lexemes_with_exclusions(source.text, notes, fields))


def _query(text: str, source: Typed, part: QueryPart | None, notes: Notes, fields: Fields) -> Query:
    if part is None:
        raise nothing_asked()
    if part.form.alternatives > MAX_ALTERNATIVES:
        raise too_many_alternatives()
    if part.only_excludes is not None:
        raise only_excludes(part.only_excludes, source.text.strip() if _is_excluded(part.node) else "")
    alternatives = expanded(part.form)
    if all(alternative.positive & alternative.negative for alternative in alternatives):
        notes.add(Rank.NEVER, Sentence("This wants and excludes the same, so it finds nothing."))
    return Query(text, part.form.text, alternatives, notes.hints(), part.node, fields)


def _is_excluded(node: Node) -> bool:
    """Whether a query only excludes."""
    return all(isinstance(part, Not) for part in (node.nodes if isinstance(node, And) else (node,)))
