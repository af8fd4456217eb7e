"""The value of a leaf in the words of the person, such that it is parsed into the same term."""

import re
from collections.abc import Callable, Iterable, Iterator

from subscriptions.errors import QueryError, Refused, Sentence
from subscriptions.query.fields import FIELDS, TEXT, ValueKind
from subscriptions.query.parsing.algebra import EXCLUDES
from subscriptions.query.parsing.lexer import LexemeKind, lexemes, typed
from subscriptions.query.parsing.parse import parse_canonical, parse_query
from subscriptions.query.parsing.sentences import MAX_QUERY_LENGTH
from subscriptions.query.syntax import And, Leaf, Node, Not, Or, Query, Term

PLAIN = re.compile(r"[^\W_][\w.'’+#/-]*")
_LIKE_OPERATOR = re.compile(rf"(?:and|or|且|或)$|{EXCLUDES}", re.VERBOSE)  # quotes show that such a word is a word


def written_value(leaf: Leaf) -> str:
    """Returns the value of a leaf as people type it after the field; "" if it cannot be typed."""
    return next((form for form in _forms(leaf) if _means(leaf.term.field.prefix + form, leaf.term)), "")


def _forms(leaf: Leaf) -> Iterator[str]:
    """Yields ways to write a value, the one most like the typed value first."""
    words = " ".join(leaf.words.replace('"', " ").split())
    if leaf.term.field.kind is ValueKind.NEARNESS:
        yield from (words, f'"{words}"')
        return
    forms = ["-".join(words.split())] if leaf.term.prefix else [words, f'"{words}"']
    if leaf.quoted or not PLAIN.fullmatch(words) or _LIKE_OPERATOR.match(words):
        forms.reverse()
    exact = "=" * leaf.term.exact
    yield from (exact + form for form in forms)
    yield leaf.canonical.removeprefix(leaf.term.field.canonical_prefix)


def _means(text: str, term: Term) -> bool:
    """Whether a text is parsed into one value with this term."""
    field = term.field
    fields = FIELDS if field.is_bare or field in FIELDS else FIELDS.also(field)
    fields = fields.knowing({term.value: term.near}) if term.near else fields
    try:
        tree = parse_query(text, fields).tree
    except QueryError:
        return False
    return isinstance(tree, Leaf) and tree.term == term


# ---------------------------------------------------------------------------------------------------------------------
# Adds an exclusion to a query in the words of the person who typed it.
#
# `diffusion` becomes `diffusion -"video generation"`, `a OR b` becomes `(a OR b) -c`. The list `rlhf, dpo` becomes
# `(rlhf OR dpo) -c`, since brackets end a list. Each text is parsed again and taken only if it has the meaning that it should.


_JOINING = frozenset({LexemeKind.AND, LexemeKind.OR, LexemeKind.NOT})


def narrowed(query: Query, rule: str) -> Query:
    """Returns a query that finds what `query` finds without what `rule` finds, as a text that people can read.

    Raises QueryError for a rule that is no query, and Refused if the text would be too long.
    """
    excluded = parse_query(rule, query.fields).canonical
    meant = parse_canonical(f"({query.canonical}) -({excluded})", query.fields)
    return _written_as(meant, query, lambda text: (f"{text} -{rule}", f"({text}) -{rule}"))


def words_rule(words: str) -> str:
    """Returns adjacent words as a value: one word as it is, several words in quotes."""
    plain = " ".join(words.replace('"', " ").split())
    return plain if PLAIN.fullmatch(plain) and _reads_as_text(plain) else f'"{plain}"'


def author_rule(name: str) -> str:
    """Returns an author as a value in the field of authors."""
    return f'author:"{" ".join(name.replace(chr(34), " ").split())}"'


def _written_as(meant: Query, query: Query, texts: Callable[[str], Iterable[str]]) -> Query:
    """Returns `meant` with the first text that means it.

    The texts are made of the typed text, then of the query written again, then of the canonical text.
    """
    if meant.canonical == query.canonical:
        return query
    for base in _bases(query):
        for text in texts(base):
            try:
                found = parse_query(text, query.fields)
            except QueryError:
                continue
            if found.canonical == meant.canonical:
                return found
    raise Refused(
        Sentence("With this the query would be longer than {limit} characters.", {"limit": f"{MAX_QUERY_LENGTH:,}"}),
        Sentence("Make several subscriptions of it."),
    )


def _bases(query: Query) -> Iterator[str]:
    yield _closed(query)
    if written := _written(query.tree):
        yield written
    yield query.canonical


def _closed(query: Query) -> str:
    """Returns the typed text without operators at its end, and with its open quote and brackets closed."""
    text = query.text.strip()
    source = typed(text)
    found = list(lexemes(source.text, 0, len(source.text), query.fields))
    while found and found[-1].kind in _JOINING:
        text = text[: source.columns[found.pop().start] - 1].rstrip()
    open_quote = any(lexeme.kind is LexemeKind.QUOTE and not lexeme.closed for lexeme in found)
    kinds = [lexeme.kind for lexeme in found]
    return text + '"' * open_quote + ")" * (kinds.count(LexemeKind.OPEN) - kinds.count(LexemeKind.CLOSE))


def _written(node: Node) -> str:
    """Returns a node in the words of the person; "" if a part of it cannot be written so."""
    match node:
        case Leaf():
            value = written_value(node)
            return f"{node.term.field.prefix}{value}" if value else ""
        case Not():
            inner = _inner(node.node)
            return f"-{inner}" if inner else ""
        case And() | Or():
            parts = [_inner(part) for part in node.nodes]
            return (" " if isinstance(node, And) else " OR ").join(parts) if all(parts) else ""


def _inner(node: Node) -> str:
    text = _written(node)
    return text if isinstance(node, Leaf | Not) or not text else f"({text})"


def _reads_as_text(word: str) -> bool:
    try:
        tree = parse_query(word).tree
    except QueryError:
        return False
    return isinstance(tree, Leaf) and tree.term.field is TEXT
