"""Writes a query as text, and changes it: adds an exclusion, leaves out a part, moves words to other fields."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from subscriptions.errors import Refused, Sentence
from subscriptions.query import ABOUT, AUTHOR, TEXT, TITLE, Field, ValueKind, commas, parse
from subscriptions.query.links import without_owner
from subscriptions.query.parse import query_of
from subscriptions.query.refusals import MAX_QUERY_LENGTH, OnlyExcludes
from subscriptions.query.tree import Alternative, And, Leaf, Node, Not, Or, Query, Term, combined, leaves

PLAIN = re.compile(r"[^\W_][\w.'’+#/-]*")
# such a word is in quotes, so that it is read as a word
_LIKE_OPERATOR = re.compile(rf"(?:and|or|且|或)$|{commas.EXCLUDES}", re.VERBOSE)


def is_word(node: Node) -> bool:
    """Return whether a node is a plain word without field, quotes, = and star.

    The person may have meant it as part of a phrase.
    """
    if not isinstance(node, Leaf) or node.quoted:
        return False
    return node.term.field is TEXT and not node.term.exact and not node.term.prefix


# `diffusion` becomes `diffusion -"video generation"`, `a OR b` becomes `(a OR b) -c`. The list `rlhf, dpo` becomes
# `(rlhf OR dpo) -c`, since a text with brackets is not a list. Each new text is parsed, and used only if it means what
# it should.


def narrowed(query: Query, rule: str) -> Query:
    """Return the query, with a readable text, that finds what `query` finds and `rule` does not find.

    Raise QueryError if `rule` is not a query, and Refused if the text would be too long.
    """
    excluded = parse.parse_query(rule, query.chat).canonical
    return _without(query, excluded, f"-{rule}")


def with_exclusion(query: Query, typed: str) -> Query | None:
    """Return the query with what `typed` excludes, if it only excludes ("-survey -review"); None for any other text.

    Raise QueryError if `typed` is no query in another way, and Refused if the text would be too long.
    """
    try:
        parse.parse_query(typed, query.chat)
    except OnlyExcludes:
        return _without(query, parse.parse_query(f"-({typed})", query.chat).canonical, typed)
    return None


def _without(query: Query, excluded: str, added: str) -> Query:
    """Return the query without what the canonical text `excluded` finds.

    Its text is readable: the old one and `added`.
    """
    meant = parse.parse_canonical(f"({query.canonical}) -({excluded})").canonical
    if meant == query.canonical:
        return query
    bases = [query.text.strip(), written(query.tree), query.canonical]
    if query.text.count("(") != query.text.count(")"):
        del bases[0]
    for base in bases:
        for form in (f"{base} {added}", f"({base}) {added}", f"({base}) ({added})"):
            if _canonical(form, query.chat) == meant:
                return parse.parse_query(form, query.chat)
    raise Refused(
        Sentence("With this the query would be longer than {limit} characters.", {"limit": f"{MAX_QUERY_LENGTH:,}"}),
        Sentence("Make several subscriptions of it."),
    )


def words_rule(words: str) -> str:
    """Return adjacent words as a value: one word as it is, several words in quotes."""
    plain = " ".join(words.replace('"', " ").split())
    if PLAIN.fullmatch(plain) and _reads_as_text(plain):
        return plain
    return f'"{plain}"'


def author_rule(name: str) -> str:
    """Return the query that finds an author: `author:"Jane Doe"`."""
    return f'author:"{" ".join(name.replace(chr(34), " ").split())}"'


def _reads_as_text(word: str) -> bool:
    query = parse.query_of(word)
    return query is not None and isinstance(query.tree, Leaf) and query.tree.term.field is TEXT


_LONGEST_NAME = 4  # most words of an author's name


def rewritten(query: Query, change: Callable[[Node], Node]) -> str:
    """Return the changed query as people type it.

    "" if `change` changes nothing, or the text would mean something else.
    """
    text = written(change(query.tree))
    if text == written(query.tree) or _canonical(written(query.tree), query.chat) != query.canonical:
        return ""
    if _canonical(text, query.chat) not in (None, query.canonical):
        return text
    return ""


def with_leaves(node: Node, is_kept: Callable[[Leaf], bool]) -> Node | None:
    """Return a node with only those leaves for which `is_kept` is true; None if there are no such leaves."""
    match node:
        case Leaf():
            return node if is_kept(node) else None
        case Not():
            inner = with_leaves(node.node, is_kept)
            if inner:
                return replace(node, node=inner)
            return None
        case And() | Or():
            parts = [part for one in node.nodes if (part := with_leaves(one, is_kept))]
            if parts:
                return combined(type(node), parts)
            return None


def changed(node: Node, change: Callable[[Leaf], Node], *, also_excluded: bool = False) -> Node:
    """Return a node with its leaves changed; those that are excluded only with `also_excluded`."""
    if isinstance(node, Leaf):
        return change(node)
    if isinstance(node, Not) and not also_excluded:
        return node
    inner = partial(changed, change=change, also_excluded=also_excluded)
    if isinstance(node, Not):
        return replace(node, node=inner(node.node))
    return type(node)(tuple(map(inner, node.nodes)))


def with_vectors(query: Query, vectors: Mapping[Term, bytes]) -> Query:
    """Return the query with these vectors of its terms (`Query.nearness_terms`)."""

    def told(term: Term) -> Term:
        return replace(term, question=vectors[term]) if term in vectors else term

    alternatives = (
        Alternative(frozenset(map(told, one.positive)), frozenset(map(told, one.negative)))
        for one in query.alternatives
    )
    tree = changed(query.tree, lambda leaf: replace(leaf, term=told(leaf.term)), also_excluded=True)
    return replace(query, alternatives=tuple(alternatives), tree=tree)


def in_field(leaf: Leaf, field: Field) -> Leaf:
    """Return a leaf in another field."""
    return replace(leaf, term=replace(leaf.term, field=field))


def _canonical(text: str, chat: int) -> str | None:
    query = parse.query_of(text, chat)
    return query.canonical if query else None


def written(node: Node) -> str:
    """Write a tree as text, in the way in which people type queries."""
    match node:
        case Leaf():
            return _leaf(node)
        case Not():
            return f"-{_inside(node.node)}"
        case And():
            return " ".join(written(part) if not isinstance(part, And | Or) else _inside(part) for part in node.nodes)
        case Or():
            return " OR ".join(written(part) if not isinstance(part, Or) else _inside(part) for part in node.nodes)


def _inside(node: Node) -> str:
    if isinstance(node, Leaf | Not):
        return written(node)
    return f"({written(node)})"


def _leaf(leaf: Leaf) -> str:
    """Write a value by its words, which a change may have replaced; `written_value` goes by its term."""
    words = leaf.words.strip('"')
    if leaf.term.prefix:
        words = "-".join(words.split())
    quoted = not leaf.term.prefix and (leaf.quoted or any(sign in words for sign in ' ()|:"'))
    return leaf.term.field.prefix + ("=" if leaf.term.exact else "") + (f'"{words}"' if quoted else words)


def in_titles(node: Node) -> Node:
    """Return a node that looks for words in titles only."""
    return changed(node, lambda leaf: in_field(leaf, TITLE) if leaf.term.field is TEXT else leaf)


def about_its_words(query: Query, said: str = "") -> str:
    """Return a query for what is near in meaning to the words that `query` wants; "" if it wants none, or only a text.

    `said` is how the person put these words, if that is known. Other conditions of the query stay.
    """
    parts = query.tree.nodes if isinstance(query.tree, And) else (query.tree,)
    words = [part for part in parts if _has_only_words(part)]
    text = said or " ".join(leaf.words for part in words for leaf in leaves(part))
    if not words or '"' in text:
        return ""
    rest = " ".join(_inside(part) for part in parts if part not in words)
    forms = (f"{ABOUT.prefix}{value} {rest}".rstrip() for value in (text, f'"{text}"'))
    return next((form for form in forms if _asks(form, text, query.chat)), "")


def _asks(form: str, text: str, chat: int) -> bool:
    read = parse.query_of(form, chat)
    return read is not None and read.asked == (text,)


def _has_only_words(node: Node) -> bool:
    if isinstance(node, Leaf):
        return node.term.field is TEXT and not (node.term.exact or node.term.prefix)
    return not isinstance(node, Not) and all(map(_has_only_words, node.nodes))


def as_author(node: Node) -> Node:
    """WriteQueue one to four words into the name of an author. Other nodes stay as they are."""
    parts = node.nodes if isinstance(node, And) else (node,)
    words = [part for part in parts if isinstance(part, Leaf) and is_word(part)]
    if len(words) < len(parts) or len(words) > _LONGEST_NAME:
        return node
    name = " ".join(part.words for part in words)
    return replace(in_field(words[0], AUTHOR), words=name, quoted=True)


def written_value(leaf: Leaf) -> str:
    """Return the value of a leaf as people type it after the field; "" if it cannot be typed."""
    return next((form for form in _forms(leaf) if _means(leaf.term.field.prefix + form, leaf.term)), "")


def _forms(leaf: Leaf) -> Iterator[str]:
    """Yield ways to write a value. The first is the most similar to the typed value."""
    words = " ".join(leaf.words.replace('"', " ").split())
    if leaf.term.field.kind.needs_vectors:
        yield from (words, f'"{words}"')
        return
    forms = ["-".join(words.split())] if leaf.term.prefix else [words, f'"{words}"']
    if leaf.quoted or not PLAIN.fullmatch(words) or _LIKE_OPERATOR.match(words):
        forms.reverse()
    exact = "=" * leaf.term.exact
    yield from (exact + form for form in forms)
    yield leaf.canonical.removeprefix(leaf.term.field.canonical_prefix)


def _means(text: str, term: Term) -> bool:
    """Return whether a text is a query of one value with exactly this term."""
    if term.field.kind is ValueKind.NEARNESS:
        term = replace(term, value=without_owner(term.value))
    query = query_of(text)
    return query is not None and isinstance(query.tree, Leaf) and query.tree.term == replace(term, question=b"")
