"""A rule more in a query that somebody typed: what it leaves out from now on, or finds as well. Their own words stay.

What was typed is only added to, as long as that means what it should: `diffusion` becomes `diffusion -"video generation"`,
`a OR b` becomes `(a OR b) -c`, and `rlhf, dpo`, which is a list only without brackets, `(rlhf OR dpo) -c`. Every text is
read again before it is taken.
"""

from collections.abc import Callable, Iterable, Iterator

from subscriptions.errors import QueryError, Refused, Sentence
from subscriptions.query.parsing.lexer import FIELDS, Kind, lexemes
from subscriptions.query.parsing.parse import parse_canonical, parse_query
from subscriptions.query.parsing.sentences import MAX_QUERY_LENGTH
from subscriptions.query.parsing.typed_text import typed
from subscriptions.query.syntax import And, Leaf, Node, Not, Or, Query
from subscriptions.query.writing import FIELD_LABELS, PLAIN, written_value

_JOINING = frozenset({Kind.AND, Kind.OR, Kind.NOT})


def narrowed(query: Query, rule: str) -> Query:
    """What the query finds, without what the rule finds. Raises QueryError, and Refused when no text can say so."""
    meant = parse_canonical(f"({query.canonical}) -({parse_query(rule).canonical})")
    return _said(meant, query, lambda text: (f"{text} -{rule}", f"({text}) -{rule}"))


def words_rule(words: str) -> str:
    """Words that stand side by side, as a value: one by itself, several in quotes."""
    plain = " ".join(words.replace('"', " ").split())
    return plain if PLAIN.fullmatch(plain) and _reads_as_text(plain) else f'"{plain}"'


def author_rule(name: str) -> str:
    """An author, as a value in its field."""
    return f'author:"{" ".join(name.replace(chr(34), " ").split())}"'


def _said(meant: Query, query: Query, texts: Callable[[str], Iterable[str]]) -> Query:
    """The first text that means it: of what was typed, of the same written out, and in the end of the canonical text."""
    if meant.canonical == query.canonical:
        return query
    for base in _bases(query):
        for text in texts(base):
            try:
                found = parse_query(text)
            except QueryError:
                continue
            if found.canonical == meant.canonical:
                return found
    raise Refused(
        Sentence("With this the query would be longer than {limit} characters.", {"limit": f"{MAX_QUERY_LENGTH:,}"}),
        Sentence("Make several subscriptions of it."),
    )


def _bases(query: Query) -> Iterator[str]:
    yield _mended(query.text.strip())
    if written := _written(query.tree):
        yield written
    yield query.canonical


def _mended(text: str) -> str:
    """What was typed, closed at its end as it was read: without an operator that joins nothing, with what closes it."""
    source = typed(text)
    found = list(lexemes(source.text, 0, len(source.text), FIELDS))
    while found and found[-1].kind in _JOINING:
        text = text[: source.columns[found.pop().start] - 1].rstrip()
    open_quote = any(lexeme.kind is Kind.QUOTE and not lexeme.closed for lexeme in found)
    kinds = [lexeme.kind for lexeme in found]
    return text + '"' * open_quote + ")" * (kinds.count(Kind.OPEN) - kinds.count(Kind.CLOSE))


def _written(node: Node) -> str:
    """The query from its parts, in the person's words; "" when some part cannot be written so."""
    match node:
        case Leaf():
            value = written_value(node)
            return f"{FIELD_LABELS.get(node.term.field, '')}{value}" if value else ""
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
    return isinstance(tree, Leaf) and tree.term.field == "text"
