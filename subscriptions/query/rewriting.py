"""Writes a query as text, and changes it: adds an exclusion, leaves out a part, moves words to other fields."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby, pairwise, takewhile

from subscriptions import categories
from subscriptions.errors import Refused, Sentence
from subscriptions.normalize import is_initial
from subscriptions.query import (
    ABOUT,
    AUTHOR,
    CATEGORY,
    PRIMARY,
    TEXT,
    TITLE,
    Field,
    Fields,
    ValueKind,
    lexer,
    parse,
    written_values,
)
from subscriptions.query.lexemes_of import LexemeKind, lexemes
from subscriptions.query.sentences import MAX_QUERY_LENGTH
from subscriptions.query.tree import Alternative, And, Leaf, Node, Not, Or, Query, Term, combined, leaves


def is_word(node: Node) -> bool:
    """Returns whether a node is a plain word without field, quotes, = and star.

    The person may have meant it as part of a phrase.
    """
    if not isinstance(node, Leaf) or node.quoted:
        return False
    return node.term.field is TEXT and not node.term.exact and not node.term.prefix


def as_one_author(node: Node) -> Node:
    """Extends the name of each author by all capitalised words after it; if there are none, by the next word."""
    return _with_words_after(node, _one_author)


def _one_author(leaf: Leaf, after: Sequence[Leaf]) -> tuple[Node, int]:
    if not after or not _is_part_of_a_name(leaf):
        return leaf, 0
    count = len(list(takewhile(_is_name, after))) or 1
    words = " ".join(one.words for one in (leaf, *after[:count]))
    return replace(leaf, words=words, quoted=True), count


def _with_words_after(node: Node, join: Callable[[Leaf, Sequence[Leaf]], tuple[Node, int]]) -> Node:
    """Returns a node with its leaves changed by `join`.

    `join` gets a leaf and the words after the leaf. Its result is the new node, and how many of these words it used.
    """
    match node:
        case Leaf():
            return join(node, ())[0]
        case Not():
            return replace(node, node=_with_words_after(node.node, join))
    parts: list[Node] = []
    rest = list(node.nodes)
    while rest:
        part = rest.pop(0)
        after = []
        if isinstance(node, And):
            after = [one for one in takewhile(is_word, rest) if isinstance(one, Leaf)]
        if isinstance(part, Leaf):
            joined, count = join(part, after)
        else:
            joined, count = _with_words_after(part, join), 0
        parts.append(joined)
        rest = rest[count:]
    return combined(type(node), parts)


def _is_part_of_a_name(node: Node) -> bool:
    return isinstance(node, Leaf) and node.term.field.kind is ValueKind.NAME and not (node.quoted or node.term.prefix)


def _is_name(node: Node) -> bool:
    """Returns whether a word looks like the name of a person: "LeCun" does, "GAN" does not."""
    word = node.words if isinstance(node, Leaf) else ""
    return word[:1].isupper() and (len(word) == 1 or not word.isupper())


def has_a_name_in_two(node: Node) -> bool:
    """Returns whether a word that looks like a name follows an author."""
    if isinstance(node, Leaf | Not):
        return False
    if any(_is_part_of_a_name(first) and is_word(then) and _is_name(then) for first, then in pairwise(node.nodes)):
        return True
    return any(map(has_a_name_in_two, node.nodes))


def by_its_code(node: Node) -> Node:
    """Replaces the names of categories by their codes: `cat:machine learning` becomes cs.LG OR stat.ML."""
    return _with_words_after(node, _coded)


def _coded(leaf: Leaf, after: Sequence[Leaf]) -> tuple[Node, int]:
    """Returns the categories that a leaf and the words after it name, and the number of these words."""
    if leaf.term.field.kind is not ValueKind.CATEGORY or categories.canonical_category(leaf.term.value):
        return leaf, 0
    own = leaf.words.split()
    more = [] if leaf.quoted else [part.words for part in after]
    count, codes = categories.categories_named([*own, *more])
    if count < len(own):
        return leaf, 0
    coded = [replace(leaf, words=code, term=replace(leaf.term, value=code.lower()), quoted=False) for code in codes]
    return combined(Or, coded), count - len(own)


# `diffusion` becomes `diffusion -"video generation"`, `a OR b` becomes `(a OR b) -c`. The list `rlhf, dpo` becomes
# `(rlhf OR dpo) -c`, since a text with brackets is not a list. Each new text is parsed, and used only if it means what
# it should.


_JOINING = frozenset({LexemeKind.AND, LexemeKind.OR, LexemeKind.NOT})


def narrowed(query: Query, rule: str) -> Query:
    """Returns the query, with a readable text, that finds what `query` finds and `rule` does not find.

    Raises QueryError if `rule` is not a query, and Refused if the text would be too long.
    """
    excluded = parse.parse_query(rule, query.fields).canonical
    meant = parse.parse_canonical(f"({query.canonical}) -({excluded})", query.fields).canonical
    if meant == query.canonical:
        return query
    # tries the typed text, then the query written from its tree, then the canonical text
    for base in (_closed(query), written(query.tree), query.canonical):
        for text in (f"{base} -{rule}", f"({base}) -{rule}"):
            if _canonical(text, query.fields) == meant:
                return parse.parse_query(text, query.fields)
    raise Refused(
        Sentence("With this the query would be longer than {limit} characters.", {"limit": f"{MAX_QUERY_LENGTH:,}"}),
        Sentence("Make several subscriptions of it."),
    )


def words_rule(words: str) -> str:
    """Returns adjacent words as a value: one word as it is, several words in quotes."""
    plain = " ".join(words.replace('"', " ").split())
    if written_values.PLAIN.fullmatch(plain) and _reads_as_text(plain):
        return plain
    return f'"{plain}"'


def author_rule(name: str) -> str:
    """Returns the query that finds an author: `author:"Jane Doe"`."""
    return f'author:"{" ".join(name.replace(chr(34), " ").split())}"'


def _closed(query: Query) -> str:
    """Returns the typed text without operators at its end, and with open quotes and brackets closed."""
    text = query.text.strip()
    source = lexer.typed(text)
    found = list(lexemes(source.text, 0, len(source.text), query.fields))
    while found and found[-1].kind in _JOINING:
        text = text[: source.columns[found.pop().start] - 1].rstrip()
    open_quote = any(lexeme.kind is LexemeKind.QUOTE and not lexeme.closed for lexeme in found)
    kinds = [lexeme.kind for lexeme in found]
    return text + '"' * open_quote + ")" * (kinds.count(LexemeKind.OPEN) - kinds.count(LexemeKind.CLOSE))


def _reads_as_text(word: str) -> bool:
    query = parse.query_of(word)
    return query is not None and isinstance(query.tree, Leaf) and query.tree.term.field is TEXT


_LONGEST_NAME = 4  # most words of an author's name


def rewritten(query: Query, change: Callable[[Node], Node]) -> str:
    """Returns the changed query as people type it; "" if `change` changes nothing, or the text would mean something else."""
    text = written(change(query.tree))
    if text == written(query.tree) or not can_be_written(query):
        return ""
    if _canonical(text, query.fields) not in (None, query.canonical):
        return text
    return ""


def can_be_written(query: Query) -> bool:
    """Returns whether the tree of a query, written as people type it, is parsed into the same query."""
    return _canonical(written(query.tree), query.fields) == query.canonical


def with_leaves(node: Node, is_kept: Callable[[Leaf], bool]) -> Node | None:
    """Returns a node with only those leaves for which `is_kept` is true; None if there are no such leaves."""
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
    """Returns a node with its leaves changed; those that are excluded only with `also_excluded`."""
    if isinstance(node, Leaf):
        return change(node)
    if isinstance(node, Not) and not also_excluded:
        return node
    inner = partial(changed, change=change, also_excluded=also_excluded)
    if isinstance(node, Not):
        return replace(node, node=inner(node.node))
    return type(node)(tuple(map(inner, node.nodes)))


def with_vectors(query: Query, vectors: Mapping[str, bytes]) -> Query:
    """Returns the query with these vectors of the texts that it asks (`Query.asked`)."""

    def told(term: Term) -> Term:
        is_known = term.field is ABOUT and term.value in vectors
        if is_known:
            return replace(term, question=vectors[term.value])
        return term

    alternatives = (
        Alternative(frozenset(map(told, one.positive)), frozenset(map(told, one.negative)))
        for one in query.alternatives
    )
    tree = changed(query.tree, lambda leaf: replace(leaf, term=told(leaf.term)), also_excluded=True)
    return replace(query, alternatives=tuple(alternatives), tree=tree, fields=query.fields.asking(vectors))


def in_field(leaf: Leaf, field: Field) -> Leaf:
    """Returns a leaf in another field."""
    return replace(leaf, term=replace(leaf.term, field=field))


def without_part(node: Node, place: int) -> Node:
    """Returns a node without the part at position `place`. A node without parts stays as it is."""
    if not isinstance(node, And | Or):
        return node
    return combined(type(node), node.nodes[:place] + node.nodes[place + 1 :])


def _canonical(text: str, fields: Fields) -> str | None:
    query = parse.query_of(text, fields)
    return query.canonical if query else None


def written(node: Node) -> str:
    """Writes a tree as text, in the way in which people type queries."""
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
    words = leaf.words.strip('"')
    if leaf.term.prefix:
        words = "-".join(words.split())
    quoted = not leaf.term.prefix and (leaf.quoted or any(sign in words for sign in ' ()|:"'))
    return leaf.term.field.prefix + ("=" if leaf.term.exact else "") + (f'"{words}"' if quoted else words)


def as_phrase(node: Node, *, head: int = 0, tail: int = 0) -> Node:
    """Joins adjacent words of a node to a phrase. The first `head` and the last `tail` words stay outside of it."""
    change = partial(as_phrase, head=head, tail=tail)
    if isinstance(node, Or):  # stays as it is with `head` or `tail`, which would cut words from every alternative
        if head or tail:
            return node
        return Or(tuple(map(change, node.nodes)))
    if not isinstance(node, And):
        return node
    parts: list[Node] = []
    for words, group in groupby(node.nodes, is_word):
        side_by_side = []
        if words:
            side_by_side = [part for part in group if isinstance(part, Leaf)]
        stop = len(side_by_side) - tail
        if stop - head > 1:
            joined = " ".join(leaf.words for leaf in side_by_side[head:stop])
            phrase = replace(side_by_side[head], words=joined, quoted=True)
            parts += (*side_by_side[:head], phrase, *side_by_side[stop:])
        else:
            parts += side_by_side or [part if isinstance(part, Leaf) else change(part) for part in group]
    return combined(And, parts)


def without_crosslists(node: Node) -> Node:
    """Returns a node that looks only at the first category of a paper."""
    return changed(node, lambda leaf: in_field(leaf, PRIMARY) if leaf.term.field is CATEGORY else leaf)


def in_titles(node: Node) -> Node:
    """Returns a node that looks for words in titles only."""
    return changed(node, lambda leaf: in_field(leaf, TITLE) if leaf.term.field is TEXT else leaf)


def in_any_text(node: Node) -> Node:
    """Returns a node that looks for words in any text."""
    return changed(node, lambda leaf: in_field(leaf, TEXT) if leaf.term.field.kind is ValueKind.WORDS else leaf)


def about_its_words(query: Query, said: str = "") -> str:
    """Returns a query for what is near in meaning to the words that `query` wants; "" if it wants none, or only a text.

    `said` is how the person put these words, if that is known. Other conditions of the query stay.
    """
    parts = query.tree.nodes if isinstance(query.tree, And) else (query.tree,)
    words = [part for part in parts if _has_only_words(part)]
    text = said or " ".join(leaf.words for part in words for leaf in leaves(part))
    if not words or '"' in text:
        return ""
    rest = " ".join(_inside(part) for part in parts if part not in words)
    forms = (f"{ABOUT.prefix}{value} {rest}".rstrip() for value in (text, f'"{text}"'))
    return next((form for form in forms if _asks(form, text, query.fields)), "")


def _asks(form: str, text: str, fields: Fields) -> bool:
    read = parse.query_of(form, fields)
    return read is not None and read.asked == (text,)


def _has_only_words(node: Node) -> bool:
    if isinstance(node, Leaf):
        return node.term.field is TEXT and not (node.term.exact or node.term.prefix)
    return not isinstance(node, Not) and all(map(_has_only_words, node.nodes))


def joined_by_or(node: Node) -> Node:
    """Returns a node for which any of its words is enough. Nodes that do not only have words stay as they are."""
    if isinstance(node, And) and all(map(is_word, node.nodes)):
        return Or(node.nodes)
    return node


def as_author(node: Node) -> Node:
    """Turns one to four words into the name of an author. Other nodes stay as they are."""
    parts = node.nodes if isinstance(node, And) else (node,)
    words = [part for part in parts if isinstance(part, Leaf) and is_word(part)]
    if len(words) < len(parts) or len(words) > _LONGEST_NAME:
        return node
    name = " ".join(part.words for part in words)
    return replace(in_field(words[0], AUTHOR), words=name, quoted=True)


def with_initials(node: Node) -> Node:
    """Returns a node that finds each author by the whole name or with the initial: "Jane Doe" or "J. Doe"."""
    return changed(node, _also_initial)


def _also_initial(leaf: Leaf) -> Node:
    first, *others = leaf.words.replace(".", " ").split() or [""]
    is_changed = leaf.term.field is AUTHOR and not leaf.term.prefix and not leaf.term.exact
    if not is_changed or not others or is_initial(first.casefold()) or not first[0].isascii():
        return leaf
    return Or((leaf, replace(leaf, words=f"{first[0].upper()}. {others[-1]}", quoted=True)))
