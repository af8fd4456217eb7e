"""Typed values → terms (docs/queries.md): what a word, quote or link asks for in its field.

A value has a term and a canonical text. Canonical texts are made of tokens, so values of the same meaning have the same
text: `few-shot` and `"Few Shots"` both have `"few shot"`. Parsing a canonical text gives the same term again.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from subscriptions import categories, normalize
from subscriptions.normalize import folding
from subscriptions.query import (
    ALL,
    AUTHOR,
    DOI,
    TEXT,
    TEXT_OR_ID,
    Field,
    ValueKind,
    lexer,
    links,
    refusals,
)
from subscriptions.query.tree import Term

_PLAIN_VALUE = re.compile(r"[a-z0-9][a-z0-9._/-]*")
_PLAIN_PAPERS = re.compile(r"[a-z0-9][a-z0-9._/,-]*")
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")
# tokens that must be in quotes to be read as words; "and" and "or" need no quotes, since operators are upper case
_OPERATORS = frozenset({"且", "或"})
UNKNOWN = "?"  # begins the value of a category that does not exist

# (whether a value is a name, whether it is exact) -> the function that makes its tokens
_TOKENS = {
    (False, False): normalize.written_tokens,
    (False, True): normalize.exact_tokens,
    (True, False): normalize.author_tokens,
    (True, True): normalize.exact_author_tokens,
}


class Meaning(NamedTuple):
    """The term of a value, and its canonical text."""

    term: Term
    canonical: str


def letters(word: str) -> int:
    """Returns the number of letters and digits in a word."""
    return sum(map(str.isalnum, word))


@lru_cache(maxsize=1 << 14)
def words_meaning(field: Field, words: str, *, exact: bool = False, star: bool = False) -> Meaning | None:
    """Returns the meaning of adjacent words in a text, or of parts of one name in any order.

    Returns None if the words are only punctuation.
    """
    is_name = field.kind is ValueKind.NAME
    written = _TOKENS[is_name, exact](words)
    if not written:
        return None
    prefix = star and not stands_alone(written[-1])
    whole, begun = (written[:-1], written[-1:]) if prefix else (written, [])
    if is_name:
        whole = sorted(whole)
    elif not exact:
        whole = list(map(folding.fold_plural, whole))
    tokens = (*whole, *begun)
    return Meaning(
        Term(field, tokens, prefix, exact), field.canonical_prefix + _spell(tokens, prefix=prefix, exact=exact)
    )


def all_meaning(words: str, *, exact: bool = False, star: bool = False) -> Meaning | None:
    """Returns the meaning of a value of `all:`: words in any text, parts of one author's name, or a category."""
    plain = _EDGES.sub("", words)
    category = starred_archive(words) if star else categories.canonical_category(plain)
    star = star and not category
    if category:
        words = plain  # as in the canonical text; the backslash of "\\hep-th" does not begin a TeX command here
    text = words_meaning(TEXT, words, exact=exact, star=star)
    if text is None:
        return None
    name = words_meaning(AUTHOR, words, exact=exact, star=star)
    # An initial alone would match most papers; `author:` refuses it, too.
    names: tuple[str, ...] = ()
    if name and not is_initials(name.term.tokens):
        names = name.term.tokens
    term = Term(ALL, text.term.tokens, text.term.prefix, exact, names=names)
    spelled = _spell_all(term, words)
    if not category and (category := categories.canonical_category(spelled.removeprefix("="))):  # "m{ath}" means math
        plain = spelled.removeprefix("=")
    if category:
        term = replace(term, value=category.lower())
        spelled = f'="{plain}"' if exact else f'"{plain.lower()}"'
    return Meaning(term, ALL.canonical_prefix + spelled)


def category_meaning(field: Field, code: str) -> Meaning | None:
    """Returns the meaning of a category or archive; None if the code is only punctuation.

    An unknown code has a meaning, too, but no paper has this category.
    """
    if not letters(code):
        return None
    plain = lexer.fold_value(code).lstrip(" '’‘#").rstrip(" '’‘,;.")
    known = categories.canonical_category(plain)
    value = known.lower() if known else UNKNOWN + plain
    return Meaning(Term(field, value=value), field.canonical_prefix + _quoted(value.removeprefix(UNKNOWN)))


def starred_archive(code: str) -> str | None:
    """Returns "cs" for `cs.*`, where `code` is the text before the star; None if that is not an archive and a dot."""
    archive = code.lower().removesuffix(".")
    if code.endswith(".") and archive in categories.ARCHIVES:
        return archive
    return None


def paper_id_meaning(field: Field, value: str) -> Meaning | None:
    """Returns the meaning of an arXiv id, a DOI, or a link to a paper; None if the value is only punctuation.

    For a link, the field of the result is ID or DOI, depending on the identifier in it.
    """
    if not letters(value):
        return None
    value = lexer.fold_value(value)
    if found := links.read_link(value, 0, len(value)) or links.read_doi(value, 0, len(value)):
        field, value = found.field, found.value
    folded = lexer.fold_value(value)
    return _label(
        field,
        links.bare_doi(folded) if field is DOI else links.arxiv_id(folded.removeprefix("arxiv:").strip()) or folded,
    )


def label_meaning(field: Field, value: str) -> Meaning | None:
    """Returns the meaning of a label, such as the name of a source; None if it is only punctuation."""
    if letters(value):
        return _label(field, lexer.fold_value(value))
    return None


def nearness_meaning(field: Field, papers: Iterable[str]) -> Meaning:
    """Returns the meaning of nearness to some papers: bare ids and DOIs, and the library of a chat."""
    value = ",".join(sorted(set(papers)))
    return Meaning(Term(field, value=value), field.canonical_prefix + _quoted(value, _PLAIN_PAPERS))


def meaning_meaning(field: Field, text: str) -> Meaning | None:
    """Returns the meaning of a text to which papers are near in meaning; None if it is only punctuation.

    The text keeps its case and accents, since an encoder reads "Größe" better than "grosse".
    """
    value = _meant(text)
    while (again := _meant(lexer.plain(lexer.Typed(value, range(len(value) + 1))).text)) != value:
        value = again  # an accent before "\\'e" finds its letter only when that is "é"
    if not letters(value):
        return None
    return Meaning(Term(field, value=value), f'{field.canonical_prefix}"{value}"')


def _meant(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).replace('"', " ").split())


def _label(field: Field, folded: str) -> Meaning | None:
    if not letters(folded):  # "doi:doi:" has no DOI after the label
        return None
    return Meaning(Term(field, value=folded), field.canonical_prefix + _quoted(folded))


def bare_id_meaning(word: str) -> Meaning | None:
    """Returns the meaning of an arXiv id without a field: papers with this text or this id. None if it is not an arXiv id."""
    value = links.arxiv_id(word)
    if value is None:
        return None
    written = categories.bare_id(word.lower().rstrip(",;:."))
    return Meaning(
        Term(TEXT_OR_ID, tuple(map(folding.fold_plural, normalize.written_tokens(written))), value=value), written
    )


def is_initials(parts: Sequence[str]) -> bool:
    """Returns whether all parts of a name are initials."""
    return all(map(normalize.is_initial, parts))


@lru_cache(maxsize=1 << 10)
def stands_alone(token: str) -> bool:
    """Returns whether a token is a single character of Han, kana or Hangul, which is always its own token."""
    return len(token) == 1 and len(normalize.exact_tokens(token + token)) > 1


def _spell(tokens: Sequence[str], *, prefix: bool, exact: bool) -> str:
    """Returns a value that is parsed into these tokens."""
    if prefix:
        word = "-".join(tokens)
        # Folding can leave fewer letters than a prefix needs (Mue* becomes mu*). A TeX command adds letters but no
        # tokens.
        text = (word if letters(word) >= refusals.SHORTEST_PREFIX else rf"\emph{{{word}}}") + "*"
    elif len(tokens) == 1 and tokens[0].isalnum() and tokens[0] not in _OPERATORS:
        text = tokens[0]
    else:
        text = f'"{" ".join(tokens)}"'
    return "=" + text if exact else text


def _spell_all(term: Term, words: str) -> str:
    """Returns a value that is parsed into the tokens and the names of an ALL term.

    The tokens and the names of the same words may differ in plurals, 's and umlauts.
    """
    written, names = _TOKENS[False, term.exact](words), _TOKENS[True, term.exact]
    spelled = [_with_possessive(token, names, term.names) for token in written]
    return _spell(spelled, prefix=term.prefix, exact=term.exact)


def _with_possessive(token: str, names: Callable[[str], list[str]], wanted: Sequence[str]) -> str:
    if not wanted or set(names(token)) <= set(wanted):
        return token
    return f"{token}'s"


def _quoted(value: str, plain: re.Pattern[str] = _PLAIN_VALUE) -> str:
    if plain.fullmatch(value):
        return value
    return f'"{value}"'
