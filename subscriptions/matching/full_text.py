"""A question to a full-text index, as a tree that each kind of database translates, and its words."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from subscriptions.matching import term_matching as fulfilment
from subscriptions.model import Paper
from subscriptions.query import AUTHOR, CATEGORY, FIELDS, PRIMARY, Field, ValueKind
from subscriptions.query.tree import Term
from subscriptions.text import words as normalize
from subscriptions.text.lines import Line, lines_of
from subscriptions.text.stems import cached, stem


@dataclass(frozen=True, slots=True)
class Phrase:
    """Asks for words that follow each other in one of the columns."""

    columns: tuple[str, ...]
    words: str  # as the index stores them, separated by spaces
    prefix: bool = False  # the last word is only a beginning


@dataclass(frozen=True, slots=True)
class Near:
    """Asks for single words of one name in any order, with at most `distance` other words between them."""

    parts: tuple[Phrase, ...]
    distance: int


@dataclass(frozen=True, slots=True)
class AllOf:
    """Asks for papers that fulfil each part."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Asks for papers that fulfil at least one part. Without parts it finds no paper."""

    parts: tuple["Expression", ...]


Expression: TypeAlias = Phrase | Near | AllOf | AnyOf


# WriteQueue a paper into a document of a full-text index, and a term into expressions for that index.
#
# The index splits only at spaces, and gets words that `normalize` has split. So it finds the same whole words as the
# matcher. For words, phrases, fields, categories and most names it finds just these papers. For other terms it finds all
# papers that may fulfil them, and tells which of these have to be read.
#
# Some words of the document are not from a text. They begin with the mark ˑ, with which no word of a text begins:
#
#     ˑ           between two lines or names, so that no phrase crosses them      ˑsmodels   a word as written, if its
#     ˑxRAG       a word with capitals inside                                                stem is another one
#     ˑij         a part of a name that begins with j                             ˑccs.lg ˑpcs.lg   category, primary
#     ˑodd        the index lacks an exact word of the paper                      multi ˑsmodalities   such a word behind
#                                                                                those before it, unless its end is regular
#     ˑlong       a name of the paper has more parts than the index can compare


MOST_WORDS = 1 << 15  # words that are cached, about 200 bytes each

_MARK = "ˑ"
# characters to encode, since the index would split a word there, fold them, or take them for the mark
_UNSAFE = re.compile(f"[^a-z0-9 \u0080-\U0010ffff]|{_MARK}")
_REGULAR = ("s", "es", "e")  # what is left out of a word at the end of step 6: models, classes, cache
_MOST_BEFORE = 4  # words before a word whose end is not regular
_LONGEST_NAME = 4  # parts of a name that the index can compare, each with its first letter
_NEAR = 2 * _LONGEST_NAME - 1
_GAP = f" {' '.join(_MARK for _ in range(_NEAR + 1))} "  # keeps parts of two names too far apart to be near
_TEXT_FIELDS = tuple(field for field in FIELDS if field.in_any_text)  # in the order of the index's columns
_TEXTS = tuple(field.column for field in _TEXT_FIELDS)
_LABEL = ("label",)
# ASCII except \, with which TeX commands begin, and the characters of Chinese texts
_PLAIN = re.compile(r"[\x00-\x5b\x5d-\x7f‐‑–—‘’“”•…、。《》「」『』【】！（），：；？\u3400-\u9fff]*")


@dataclass(frozen=True, slots=True)
class IndexQuestion:
    """What to ask the index about a simple term."""

    # finds all papers that fulfil the term, and perhaps others; None: any paper may fulfil it
    wanted: Expression | None
    doubtful: Expression | None = None  # those of them that have to be read; None: all that it finds fulfil the term


_ANY_PAPER = IndexQuestion(None)


def index_document(paper: Paper) -> tuple[str, ...]:
    """Return the words of a paper, one text for each column: title, abstract, summary, author, label."""
    columns = []
    odd = False
    for field, texts in fulfilment.texts_of(paper).items():
        if field in _TEXT_FIELDS:
            words = [_words_of(text) for text in texts if text]
            odd = odd or any(is_odd for *_, is_odd in words)
            others = set[str]().union(*(forms for _, forms, _ in words))
            folded = (one for one, *_ in words)
            columns.append(f" {_MARK} ".join((*folded, " ".join(filter(None, others)))))
    names = list(AUTHOR.values(paper))
    spellings = [parts for name in names for parts in normalize.author_spellings(name)]
    flags = {"odd": odd or any(map(_is_odd_name, names)), "long": any(len(one) > _LONGEST_NAME for one in spellings)}
    labels = [_MARK + name for name, is_set in flags.items() if is_set]
    return (*columns, _GAP.join(map(_name, spellings)), " ".join((*labels, *_categories(paper))))


def _name(parts: Sequence[str]) -> str:
    initials = (f" {_MARK}i{part[0]}" for part in parts if normalize.is_initial(part[0]))
    return _encoded("", " ".join(parts)) + "".join(initials)


def index_question(term: Term) -> IndexQuestion:
    """Return what to ask the index about a simple term. If its field has no column, any paper may fulfil the term."""
    if not term.field.column and not term.field.is_bare:
        return _ANY_PAPER
    match term.field.kind:
        case ValueKind.WORDS:
            return _for_words(term)
        case ValueKind.NAME:
            return _for_name(term)
        case ValueKind.CATEGORY:
            return IndexQuestion(Phrase(_LABEL, _encoded(_MARK + term.field.name[0], term.value)))
        case _:
            return _ANY_PAPER


_cached = cached(MOST_WORDS)  # most words of a paper also occur in earlier papers


@_cached
def _written_alone(word: str) -> str:
    """Return the tokens of a text that has only this word."""
    return " ".join(normalize.written_tokens(word))


@_cached
def _part_of_name(word: str) -> str:
    """Return the parts of a name that has only this word."""
    return " ".join(normalize.author_tokens(word))


@_cached
def _unstemmed(word: str) -> str:
    """Return a word as the index stores it beside its stem."""
    return _encoded(_MARK + "s", word)


@_cached
def _with_capitals(word: str) -> str:
    """Return an exact word with capitals as the index stores it; "" if only its first letter is one."""
    return _encoded(_MARK + "x", word) if _has_inner_capital(word) else ""


def _words_of(text: str) -> tuple[str, set[str], bool]:
    """Return (the words of a text as the index stores them, their other forms, whether its exact words are missing)."""
    words = normalize.words_of(text)
    lines = [*lines_of(words)]
    phrases = dict.fromkeys(phrase for line in lines for phrase in _irregular(line))
    stemmed = {word for line in lines for word, folded in zip(line.written, line.folded, strict=True) if word != folded}
    capitals = {word for word in words.exact if not word.islower()}
    return (
        f" {_MARK} ".join(
            (_encoded("", "  ".join(" ".join(line.folded) for line in lines)).replace("  ", f" {_MARK} "), *phrases)
        ),
        {*map(_unstemmed, stemmed), *map(_with_capitals, capitals)},
        not (_is_plain(text) or _agree(words.written, words.exact, _written_alone)),
    )


def _irregular(line: Line) -> Iterator[str]:
    """Yield each word as written, behind the stems before it, whose end is not regular: multi ˑsmodalities."""
    for place, (written, folded) in enumerate(zip(line.written, line.folded, strict=True)):
        if written != folded and place and written.removeprefix(folded) not in _REGULAR:
            before = line.folded[max(0, place - _MOST_BEFORE) : place]
            yield f"{_encoded('', ' '.join(before))} {_unstemmed(written)}"


def _is_odd_name(name: str) -> bool:
    """Return whether the index lacks an exact part of a name."""
    exact = normalize.exact_tokens(name, name=True)
    return not _is_plain(name) and not _agree(normalize.author_tokens(name), exact, _part_of_name)


def _is_plain(text: str) -> bool:
    """Return whether each word of a text is folded as it would be alone.

    True for ASCII without TeX, and most Chinese.
    """
    return (text.isascii() and "\\" not in text) or _PLAIN.fullmatch(text) is not None


def _agree(folded: Sequence[str], exact: Iterable[str], folded_alone: Callable[[str], str]) -> bool:
    """Return whether folding each exact word alone gives the folded words. It almost always does."""
    return " ".join(folded) == " ".join(filter(None, map(folded_alone, exact)))


def _has_inner_capital(word: str) -> bool:
    return not word.islower() and word[1:] != word[1:].lower()  # most words are in lower case, and this check is fast


def _categories(paper: Paper) -> Iterator[str]:
    for field in (CATEGORY, PRIMARY):
        yield from dict.fromkeys(label for code in field.values(paper) for label in _category(field, code))


@lru_cache(maxsize=1 << 10)
def _category(field: Field, code: str) -> tuple[str, ...]:
    """Return the words of the index for a category of a paper, in the field `field` (CATEGORY or PRIMARY)."""
    return tuple(
        _encoded(_MARK + field.name[0], label.partition(":")[2]) for label in fulfilment.labels_of(field, code)
    )


def _encoded(mark: str, words: str) -> str:
    """Return words as the index stores them.

    Characters at which it would split, or that it would fold, are encoded.
    """
    return mark + _UNSAFE.sub(lambda sign: f"{_MARK}{ord(sign[0]):x}{_MARK}", words)


def _perhaps(expression: Expression) -> IndexQuestion:
    return IndexQuestion(expression, doubtful=expression)


def _phrase(columns: tuple[str, ...], words: Sequence[str], *, mark: str = "", prefix: bool = False) -> Phrase:
    return Phrase(columns, _encoded(mark, " ".join(words)), prefix=prefix)


def _for_words(term: Term) -> IndexQuestion:
    columns = _TEXTS if term.field.is_bare else (term.field.column,)
    if term.exact:
        return _for_exact_words(term, columns)
    if not term.prefix:
        return IndexQuestion(_phrase(columns, term.tokens))
    *whole, last = term.tokens
    begun, written = _phrase(columns, term.tokens, prefix=True), _encoded(_MARK + "s", last)
    if not whole:
        return IndexQuestion(AnyOf((begun, Phrase(columns, written, prefix=True))))
    before = _encoded("", " ".join(whole))
    sure = AnyOf((begun, Phrase(columns, f"{before} {written}", prefix=True)))
    forms = [Phrase(columns, written), Phrase(columns, f"{written}s")]  # those that have a regular end
    if len(whole) > _MOST_BEFORE:
        forms = [Phrase(columns, written, prefix=True)]
    apart = AllOf((Phrase(columns, before), AnyOf(tuple(forms))))
    return IndexQuestion(AnyOf((sure, apart)), doubtful=apart)


def _for_exact_words(term: Term, columns: tuple[str, ...]) -> IndexQuestion:
    """Return the question for exact words. The index has the exact form only of words with capitals inside."""
    if len(term.tokens) == 1 and not term.prefix and _has_inner_capital(term.tokens[0]):
        return IndexQuestion(_phrase(columns, term.tokens, mark=_MARK + "x"))
    if term.prefix:
        return _ANY_PAPER
    folded = [stem(part) for word in term.tokens for part in normalize.written_tokens(word)]
    return _perhaps(AnyOf((_phrase(columns, folded), _flag("odd")))) if folded else _ANY_PAPER


def _for_name(term: Term) -> IndexQuestion:
    tokens = (
        [part for word in term.tokens for part in normalize.author_tokens(word)] if term.exact else list(term.tokens)
    )
    if not tokens or (term.exact and term.prefix):
        return _ANY_PAPER
    columns = (term.field.column,)
    if term.given:
        return _for_initials([_phrase(columns, [part]) for part in tokens], term, columns)
    whole, begun = (tokens[:-1], tokens[-1:]) if term.prefix else (tokens, [])
    parts = (
        *(_phrase(columns, [part]) for part in whole if not normalize.is_initial(part)),
        *(_phrase(columns, [part], mark=_MARK + "i") for part in whole if normalize.is_initial(part)),
        *(_phrase(columns, [part], prefix=True) for part in begun),
    )
    somewhere = AllOf(tuple(dict.fromkeys(parts)))
    if len(parts) == 1:
        question = IndexQuestion(parts[0])
    elif _stand_apart(whole, begun):
        long = AllOf((_flag("long"), somewhere))
        question = IndexQuestion(AnyOf((Near(parts, _NEAR), long)), doubtful=long)
    else:
        question = _perhaps(somewhere)
    if term.exact and question.wanted:
        return _perhaps(AnyOf((question.wanted, _flag("odd"))))
    return question


def _for_initials(family: Sequence[Phrase], term: Term, columns: tuple[str, ...]) -> IndexQuestion:
    """Return the question for a family name beside any initial of the given names, which the index has as a word."""
    names = [(*family, _phrase(columns, [initial])) for initial in dict.fromkeys(part[0] for part in term.given)]
    long = AllOf((_flag("long"), *dict.fromkeys(family)))
    return _perhaps(AnyOf((*(Near(parts, _NEAR) for parts in names), long)))


def _stand_apart(whole: Sequence[str], begun: Sequence[str]) -> bool:
    """Return whether no part of a name can fulfil two of the wanted parts. `begun`: parts that end in a star."""
    beginnings = [part for part in whole if normalize.is_initial(part)] + list(begun)
    others = [part for part in whole if not normalize.is_initial(part)]
    return len({*beginnings, *others}) == len(beginnings) + len(others) and not any(
        one != other and other.startswith(one) for one in beginnings for other in (*beginnings, *others)
    )


def _flag(name: str) -> Phrase:
    return Phrase(_LABEL, f"{_MARK}{name}")
