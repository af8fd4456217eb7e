"""Decides which subscriptions the words of a sentence mean, and what is left of a query without a word. Pure."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bot.commands.words import intents, names, reader
from subscriptions.model import Subscription
from subscriptions.normalize import tokens
from subscriptions.query import And, Leaf, Node, Not, Or, Query, rewriting
from subscriptions.query.parse import query_of

_FIELD = re.compile(r'^\w+:|"')
_EXCLUDED = re.compile(r'(?:^|\s)-(?:\w+:)?(?:"[^"]*"|\([^)]*\)|\S+)')
_RUN = re.compile(r"[\u4e00-\u9fff]+|[^\s\u4e00-\u9fff]+")
_AND = re.compile(r"\s*(?:[,;、]|\b(?:and|or|nor)\b|[和与及跟或])\s*")
_LAST = ("last", "newest", "latest", "最后", "刚才", "最新")


def is_named(plain: str, one: Subscription) -> bool:
    """Returns whether a folded text contains the name or the query of a subscription."""
    padded = f" {plain} "
    return any(
        name and (f" {name} " in padded or (name in plain and not (name.isascii() and plain.isascii())))
        for name in called(one)
    )


def with_number(text: str, one: Subscription) -> str:
    """Returns a text with the number of a subscription in place of its name or its query."""
    for name in filter(None, (one.name, one.text)):
        at = reader.folded(text).find(reader.folded(name))
        text = f"{text[:at]} #{one.number} {text[at + len(name) :]}" if at >= 0 else text
    return text.strip()


def called(one: Subscription) -> tuple[str, str, str]:
    """Returns what people may call a subscription: its name, its query, and the query without field and quotation marks."""
    return reader.folded(one.name), reader.folded(one.text), _FIELD.sub("", reader.folded(one.text))


def fits(name: str, one: Subscription) -> bool:
    """Returns whether all words of a name are in the name or the query of a subscription; what it excludes does not count."""
    label = reader.folded(f"{one.name} {_EXCLUDED.sub(' ', one.text)}")
    words, whole = set(tokens(label)), label.replace(" ", "")
    runs = _RUN.findall(names.without_general(name))
    return bool(runs) and all(run in whole if reader.is_han(run[0]) else {*tokens(run)} <= words for run in runs)


class Meant(NamedTuple):
    """The subscriptions that words mean, and those of the words that fit none."""

    those: tuple[Subscription, ...]
    strange: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()  # numbers that no subscription has


def meant_by(words: str, there: Sequence[Subscription]) -> Meant:
    """Returns which subscriptions words such as "number 2 and the quantum one" mean, in the order of `there`."""
    plain = reader.folded(words)
    found = [one for one in there if is_named(plain, one)]
    for name in sorted((name for one in found for name in called(one) if name), key=len, reverse=True):
        plain = plain.replace(name, " ")
    numbers = intents.Said(plain, reader.tokens_of(plain)).numbers
    found += [one for one in there if str(one.number) in numbers]
    marks = {token.mark for token in reader.tokens_of(plain)}
    if any(one in marks or (not one.isascii() and one in plain) for one in _LAST):
        found.append(there[-1])
    strange = []
    for name in filter(names.without_general, _AND.split(plain)):
        fitting = [one for one in there if fits(name, one)]
        found += fitting
        if not fitting and names.has_strange_word(name):
            strange.append(name.strip())
    missing = [number for number in numbers if not any(str(one.number) == number for one in there)]
    return Meant(tuple(one for one in there if one in found), tuple(strange), tuple(missing))


def without_word(query: Query, words: str) -> str | None:
    """Returns a query without the parts that have these words; "" if nothing would be left; None if it does not have them."""
    unwanted = set(tokens(words))
    parts = {leaf: set(tokens(leaf.words)) for leaf in _leaves(query.tree)}
    gone = {leaf for leaf, inside in parts.items() if inside and inside <= unwanted}
    if not gone or set[str]().union(*(parts[leaf] for leaf in gone)) != unwanted:
        is_inside = any(unwanted <= inside for inside in parts.values())
        return "" if unwanted and is_inside else None
    tree = rewriting.with_leaves(query.tree, lambda leaf: leaf not in gone)
    text = rewriting.written(tree) if tree else ""
    return text if text and query_of(text) else ""


def excludes(query: Query, words: str) -> bool:
    """Returns whether a query excludes these words already."""
    wanted = {leaf for leaf in _leaves(query.tree, excluded=False) if set(tokens(leaf.words)) & set(tokens(words))}
    return not wanted and without_word(query, words) is not None


def _leaves(node: Node, *, excluded: bool = True) -> Iterator[Leaf]:
    match node:
        case Leaf():
            yield node
        case Not():
            yield from _leaves(node.node) if excluded else ()
        case And() | Or():
            for one in node.nodes:
                yield from _leaves(one, excluded=excluded)
