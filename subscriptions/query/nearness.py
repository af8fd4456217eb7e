"""The words of papers that queries name (`like:`): kept in canonical texts, and so the same as long as a query is stored."""

from collections.abc import Iterable

from subscriptions.errors import QueryError
from subscriptions.query.parsing.parse import parse_canonical, parse_query
from subscriptions.query.syntax import FIELDS, LIKE, Query, WordsOfPapers


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
