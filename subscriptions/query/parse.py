"""Text -> query: chooses the grammar that reads a text, and checks the result."""

import re
from collections.abc import Iterable

from subscriptions.errors import QueryError, Sentence
from subscriptions.query.algebra import QueryPart, expanded, lexemes_with_exclusions
from subscriptions.query.grammar import Parser
from subscriptions.query.lexer import Typed, lexemes, typed
from subscriptions.query.lists import Lists, list_items
from subscriptions.query.other_engines import converted, is_api_query, note_semicolons
from subscriptions.query.sentences import (
    MAX_ALTERNATIVES,
    MAX_QUERY_LENGTH,
    Notes,
    Rank,
    nothing_asked,
    only_excludes,
    too_long,
    too_many_alternatives,
)
from subscriptions.query.syntax import FIELDS, LEFT_OUT, LIKE, And, Fields, Node, Not, Query, WordsOfPapers
from subscriptions.query.values import Values

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


# -------------------------------------------- the words of papers that queries name (`like:`): kept in canonical texts


def papers_named_in(query: Query) -> tuple[str, ...]:
    """Returns the values of `like:` in a query, each once: ids with commas between."""
    return tuple(dict.fromkeys(term.value for term in query.terms if term.field is LIKE))


def asks_for_nearness(text: str) -> bool:
    """Whether a text is a query that names papers to which others shall be near: it does not ask for these papers."""
    return bool(papers_of_wish(text))


def papers_of_wish(text: str) -> tuple[str, ...]:
    """Returns the ids of the papers to which a typed query wants others to be near; () for what is no query."""
    try:
        named = papers_named_in(parse_query(text))
    except QueryError:
        return ()
    return tuple(dict.fromkeys(name for value in named for name in value.split(",")))


def words_kept(canonicals: Iterable[str]) -> dict[str, WordsOfPapers]:
    """Returns the words of papers in canonical texts, by the value that names the papers."""
    texts = [text for text in canonicals if LIKE.canonical_prefix in text]
    return {term.value: term.near for text in texts for term in parse_canonical(text).terms if term.near}


def asked_beside(text: str, canonicals: Iterable[str]) -> Query:
    """Returns the query of a typed text in a chat that has these queries: it asks for the same nearness as they do.

    Raises QueryError.
    """
    query = parse_query(text)
    return parse_query(text, FIELDS.knowing(words_kept(canonicals))) if papers_named_in(query) else query
