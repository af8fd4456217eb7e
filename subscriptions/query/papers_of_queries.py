"""The papers that queries name (`like:`), whose words are kept in canonical texts."""

from collections.abc import Iterable

from subscriptions.query import (
    ABOUT,
    FIELDS,
    LIKE,
    WordsOfPapers,
)
from subscriptions.query.parse import parse_canonical, parse_query, query_of
from subscriptions.query.tree import Query, leaves


def papers_named_in(query: Query) -> tuple[str, ...]:
    """Returns the values of `like:` in a query, each once. A value has the ids of papers, separated by commas."""
    return tuple(dict.fromkeys(term.value for term in query.terms if term.field is LIKE))


def columns_asked(query: Query) -> dict[str, int]:
    """Returns the texts of `about:` in a query, each with the column in which it begins first."""
    found: dict[str, int] = {}
    for leaf in leaves(query.tree):
        if leaf.term.field is ABOUT:
            found[leaf.term.value] = min(leaf.column, found.get(leaf.term.value, leaf.column))
    return found


def asks_for_nearness(text: str) -> bool:
    """Returns whether a text is a query for papers near to papers that it names (`like:`)."""
    return bool(papers_of_wish(text))


def papers_of_wish(text: str) -> tuple[str, ...]:
    """Returns the ids of the papers that a query of nearness names; () if the text is not a query of nearness."""
    query = query_of(text)
    named = papers_named_in(query) if query else ()
    return tuple(dict.fromkeys(name for value in named for name in value.split(",")))


def words_kept(canonicals: Iterable[str]) -> dict[str, WordsOfPapers]:
    """Returns value of `like:` → words of its papers, for all values in these canonical texts."""
    texts = [text for text in canonicals if LIKE.canonical_prefix in text]
    return {term.value: term.near for text in texts for term in parse_canonical(text).terms if term.near}


def asked_beside(text: str, canonicals: Iterable[str]) -> Query:
    """Returns the query of a typed text in a chat that already has the queries `canonicals`. Raises QueryError.

    If these queries name the same papers (`like:`), the new query gets the same words of these papers.
    """
    query = parse_query(text)
    if papers_named_in(query):
        return parse_query(text, FIELDS.knowing(words_kept(canonicals)))
    return query
