"""Decides which subscriptions words mean ("both", "the last two", a name, a place), and what is left of a query without a word. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from bot.commands.frame import Shown
from bot.sentences.words import names, reader
from bot.sentences.words.said import Said
from subscriptions.model import Subscription
from subscriptions.normalize import tokens
from subscriptions.planning.clock_times import count_of
from subscriptions.query import rewriting
from subscriptions.query.parse import query_of
from subscriptions.query.tree import And, Leaf, Node, Not, Or, Query

_Thing = TypeVar("_Thing")
_AROUND = '"“”„«»「」『』 '
A_PAPER = "2601.00001"  # stands for any paper in a text whose meaning is asked for
_QUOTES = re.compile('["“”„«»「」『』]')
_FIELD = re.compile(r'^\w+:|"')
_EXCLUDED = re.compile(r'(?:^|\s)-(?:\w+:)?(?:"[^"]*"|\([^)]*\)|\S+)')
_RUN = re.compile(r"[\u4e00-\u9fff]+|[^\s\u4e00-\u9fff]+")
_AND = re.compile(r"\s*(?:[,;、]|\b(?:and|or|nor)\b|[和与及跟或])\s*")
_LAST = ("last", "newest", "latest", "最后", "刚才", "最新")
_COUNT = r"(?P<{0}>\d|two|three|four|five|six|seven|eight|nine)"
# "both", "the last two", "all three of them", 前两个
_COUNTED = re.compile(
    rf"\b(?P<both>both)(?: of)?(?: (?:them|these|those))?\b"
    rf"|\b(?:(?:the|my|these|those|all(?: the)?) )*(?:(?P<side>first|last|newest|latest) )?{_COUNT.format('many')}"
    r"(?: (?:ones|subscriptions))?(?: of (?:them|these|those))?(?= (?:to|at|for|until|every|on|daily|weekly|now|please|off|from|can|any ?more|no longer|out|again|over|till|are)\b|\s*[,;]|[\s.!?]*$)"
    r"|(?:这|那)?(?P<end>前|头|最后|后|最新)?(?:的)?(?<![第\d十])(?P<number>[两二三四五六七八九2-9])[个条](?!星期|礼拜|月|小时|钟|周|工作|里|中)(?:订阅)?都?"
)
_PLACE = re.compile(
    r"\b(?:the |my )?(?P<rank>first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last)(?: (?:one|subscription))?\b"
    r"|第(?P<place>[一二三四五六七八九十\d]{1,2})[个条](?:订阅)?|最后(?P<end>那|这)?一?[个条](?:订阅)?"
)
_EVERYTHING = re.compile(
    r"\b(?:everything|(?:all|any)(?: of)? (?:my|the|our)|all (?:papers|subscriptions|digests?|mails?))\b|全部|所有"
)
_PLACES = re.compile(
    r"\b(?:am|'m|are|'re|be|is|go|going|off|out|away) (?:\w+ )?(?:at|in|to)(?: the| a)? \w+"
)  # "I am at sea"
_POLITE = re.compile(r"^(?:and |ok |then |show me |take )+|(?:[\s,.!?]|please|吧|呢)+$")
_RANKS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def is_named(plain: str, one: Subscription) -> bool:
    """Returns whether a folded text contains the name or the query of a subscription."""
    is_ascii = plain.isascii()
    return any(
        name and (_has_words(name, plain) or (name in plain and not (name.isascii() and is_ascii)))
        for name in called(one)
    )


def _has_words(name: str, plain: str) -> bool:
    """Returns whether a folded text has a name as whole words."""
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", plain) is not None


def named_in(clauses: Sequence[str], there: Sequence[Subscription]) -> list[Subscription]:
    """Returns the subscriptions that folded clauses name, unless they are about everything or tell where somebody is."""
    plain = " , ".join(one for one in clauses if not _EVERYTHING.search(one))
    return [one for one in there if is_named(_PLACES.sub(" ", plain), one)]


def with_number(text: str, one: Subscription) -> str:
    """Returns a text with the number of a subscription in place of its name or its query."""
    for name in filter(None, (one.name, one.text)):
        named = re.search(rf"{_QUOTES.pattern}?{re.escape(reader.folded(name))}{_QUOTES.pattern}?", reader.folded(text))
        text = f"{text[: named.start()]} #{one.number} {text[named.end() :]}" if named else text
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


def hinted(text: str, there: Sequence[Subscription]) -> list[Subscription]:
    """Returns the subscription whose query has a word of the text that no example has: "the glacier alerts at 8"; else []."""
    known = reader.learned().known.words
    strange = [one.words for one in reader.tokens_of(text) if one.mark.isalpha() and not known & {one.mark}]
    words = {*tokens(" ".join(one for one in strange if one.isascii()))}
    found = [one for one in there if words & {*tokens(_EXCLUDED.sub(" ", one.text))}]
    return found if len(found) == 1 else []


class Pointed(NamedTuple):
    """Subscriptions that a text means by their number or place, and the text with the number of the first in their place."""

    text: str
    those: tuple[Subscription, ...]  # () if it is not clear which


def counts(text: str) -> bool:
    """Returns whether a text means several things by their count: "both", "the last two"."""
    found = _COUNTED.search(reader.folded(text))
    return found is not None and _is_count_of_things(found)


def _is_count_of_things(found: re.Match[str]) -> bool:
    """Returns whether a count says of what: a bare "2" may be a number of anything."""
    words = found["both"] or found["side"] or found["end"] or found["number"]
    return bool(words) or found[0].startswith(("the ", "my ", "these ", "those ", "all "))


def pointed_at(text: str, shown: Shown, there: Sequence[Subscription]) -> Pointed | None:
    """Returns what a text means by "both", "the last two", or by a place in the list that was shown; None if nothing."""
    plain = reader.folded(text)
    found = _COUNTED.search(plain)
    if found and _is_count_of_things(found):
        those = _counted(found, shown, there)
    elif shown.listed:
        return _placed(text, shown, there)
    else:
        return None
    first = next(iter(those or there), None)
    if first:
        return Pointed(f"{text[: found.start()]} #{first.number} {text[found.end() :]}".strip(), those)
    return None


def _placed(text: str, shown: Shown, there: Sequence[Subscription]) -> Pointed | None:
    """Returns what a text means by places in the list that was shown: "the first and the third"; None if it names none."""
    places = list(_PLACE.finditer(reader.folded(text)))
    numbers = [shown.listed[at] if (at := _place(one)) < len(shown.listed) else 0 for one in places]
    those = tuple(one for one in there if one.number in numbers)
    first = next(iter(those or there), None)
    if not places or first is None:
        return None
    for found, number in reversed([*zip(places, numbers, strict=True)]):
        text = f"{text[: found.start()]} #{number or first.number} {text[found.end() :]}".strip()
    return Pointed(text, those if all(numbers) else ())


def _counted(found: re.Match[str], shown: Shown, there: Sequence[Subscription]) -> tuple[Subscription, ...]:
    """Returns so many subscriptions: the first, the last, all if there are no more, or those that were shown or named last."""
    if (those := _so_many_of(found, there)) or len(there) < _many(found):
        return those
    last = {"list": shown.listed, "number": (shown.former, shown.number)}.get(shown.last, ())
    named = tuple(one for one in there if one.number in last)
    if len(named) == _many(found) and not shown.interrupted:
        return named
    return ()


def so_many(text: str, there: Sequence[Subscription]) -> tuple[Subscription, ...]:
    """Returns the subscriptions that a text means by their count and side: "the first two"; () if it means none so."""
    found = _COUNTED.search(reader.folded(text))
    if found and _is_count_of_things(found):
        return _so_many_of(found, there)
    return ()


_DENIED = r"(?:[,;，；]\s*|\s+(?:and|but)\s+|\s+)(?:(?:but |and )?not|rather than|instead of|而?不是|[别不](?:要|用)?)\s*(?:the |my |number |#)?{}(?: one| papers?)?(?![\w-])"


def without_denied(text: str, there: Sequence[Subscription]) -> str:
    """Returns a text without the subscriptions that it says are not meant, if it names others: "cancel kelp, not moss"."""
    kept = text
    for one in there:
        for name in filter(None, (*called(one), str(one.number))):
            found = re.search(_DENIED.format(re.escape(name)), reader.folded(kept))
            rest = f"{kept[: found.start()]}{kept[found.end() :]}" if found else ""
            others = meant_by(rest, [other for other in there if other != one]).those if rest else ()
            if others:
                kept = rest
    return kept


def _many(found: re.Match[str]) -> int:
    if found["both"]:
        return 2
    return count_of(found["many"] or found["number"])


def _so_many_of(found: re.Match[str], things: Sequence[_Thing]) -> tuple[_Thing, ...]:
    """Returns the first or the last so many things, or all of them if there are no more; () if it is not clear which."""
    many, side = _many(found), found["side"] or found["end"] or ""
    if len(things) < many:
        return ()
    if side in ("first", "前", "头"):
        return tuple(things[:many])
    if side or len(things) == many:
        return tuple(things[-many:])
    return ()


def papers_counted(text: str, papers: Mapping[int, int]) -> tuple[tuple[int, ...], str]:
    """Returns the papers that a text means by their count, and the text with the id of a paper instead; ((), text) if none.

    `papers`: number in the list → paper.
    """
    found = _COUNTED.search(reader.folded(text))
    those = _so_many_of(found, sorted(papers)) if found and _is_count_of_things(found) else ()
    if found is None or not those:
        return (), text
    return tuple(papers[one] for one in those), f"{text[: found.start()]} {A_PAPER} {text[found.end() :]}".strip()


def is_place(text: str) -> bool:
    """Returns whether a text is only a place: "the second one, please"."""
    return _PLACE.fullmatch(_POLITE.sub("", reader.folded(text))) is not None


def place_in(text: str) -> int | None:
    """Returns the index that a text means by a place: 1 for "the second one", -1 for the last; None if it names none."""
    found = _PLACE.search(reader.folded(text))
    return _place(found) if found else None


def _place(found: re.Match[str]) -> int:
    if found["place"]:
        return count_of(found["place"]) - 1
    if found["rank"] in _RANKS:
        return _RANKS.index(found["rank"])
    return -1


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
    numbers = Said(plain, reader.tokens_of(plain)).numbers
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


def only_named(text: str, there: Sequence[Subscription]) -> tuple[Subscription, ...]:
    """Returns the subscriptions that a text names if it says nothing else: "the kelp one"; () otherwise."""
    parts = [one for one in _AND.split(reader.folded(text).strip(" .!?")) if names.without_general(one)]
    fitting = [[one for one in there if fits(part, one)] for part in parts]
    if all(fitting):
        return tuple(one for one in there if any(one in those for those in fitting))
    return ()


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


def with_other_words(text: str, old: str, new: str) -> str:
    """Returns the text of a query with new words in place of some of its words; only the new ones if it does not have the old."""
    words = reader.folded(old.strip(_AROUND))
    edge = r"[\w-]" if words.isascii() else r"(?!)"
    found = re.search(rf"(?<!{edge}){re.escape(words)}(?!{edge})", reader.folded(text)) if words else None
    if found is None:
        return new
    whole = f"({new})" if " OR " in new and found[0] != reader.folded(text) else new
    return f"{text[: found.start()]}{whole}{text[found.end() :]}"


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
