"""Typed words -> term and canonical text, for each kind of value (docs/queries.md).

A canonical text is made of tokens, so it is the same however the query was typed: `few-shot` and `"Few Shots"` are both
`"few shot"`. Parsed again, it gives the same term.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from subscriptions import normalize
from subscriptions.categories import ARCHIVES, canonical_category
from subscriptions.query import ALL, AUTHOR, DOI, TEXT, TEXT_OR_ID, Field, Term, WordsOfPapers, links
from subscriptions.query.lexer import fold_value
from subscriptions.query.sentences import SHORTEST_PREFIX

_PLAIN_VALUE = re.compile(r"[a-z0-9][a-z0-9._/-]*")
_PLAIN_PAPERS = re.compile(r"[a-z0-9][a-z0-9._/,-]*")
_WEIGHTED = re.compile(r"(?P<word>[^\s:]+):(?P<weight>[1-9][0-9]{0,3})")
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")
_OPERATORS = frozenset({"且", "或"})  # tokens that are words of a query only in quotes; AND and OR are written large
UNKNOWN = "?"  # before the value of a category that does not exist


class Meaning(NamedTuple):
    """The term of a value, and its canonical text."""

    term: Term
    canonical: str


def letters(word: str) -> int:
    """Returns the number of letters and digits in a word."""
    return sum(map(str.isalnum, word))


@lru_cache(maxsize=1 << 14)
def text_meaning(field: Field, words: str, *, exact: bool = False, star: bool = False) -> Meaning | None:
    """Returns the meaning of adjacent words in a text; None if they are only punctuation."""
    written = normalize.exact_tokens(words) if exact else normalize.written_tokens(words)
    if not written:
        return None
    prefix = star and not stands_alone(written[-1])
    found = written if exact else list(map(normalize.fold_plural, written))
    if prefix:
        found[-1] = written[-1]
    canonical = field.canonical_prefix + _spell(found, prefix=prefix, exact=exact)
    return Meaning(Term(field, tuple(found), prefix, exact), canonical)


def name_meaning(field: Field, name: str, *, exact: bool = False, star: bool = False) -> Meaning | None:
    """Returns the meaning of parts of one person's name, in any order; None if they are only punctuation."""
    parts = normalize.exact_author_tokens(name) if exact else normalize.author_tokens(name)
    if not parts:
        return None
    prefix = star and not stands_alone(parts[-1])
    ordered = _any_order(parts, prefix=prefix)
    canonical = field.canonical_prefix + _spell(ordered, prefix=prefix, exact=exact)
    return Meaning(Term(field, tuple(ordered), prefix, exact), canonical)


def all_meaning(words: str, *, exact: bool = False, star: bool = False) -> Meaning | None:
    """Returns the meaning of a value of `all:`: words in any text, parts of one author's name, or a category."""
    plain = _EDGES.sub("", words)
    category = _starred_archive(words) if star else canonical_category(plain)
    star = star and not category
    if category:
        words = plain  # as the canonical text has it: "\\hep-th" is no TeX command here
    text = text_meaning(TEXT, words, exact=exact, star=star)
    if text is None:
        return None
    name = name_meaning(AUTHOR, words, exact=exact, star=star)
    # An initial alone would match most papers; `author:` refuses it, too.
    names = name.term.tokens if name and not is_initials(name.term.tokens) else ()
    term = Term(ALL, text.term.tokens, text.term.prefix, exact, names=names)
    spelled = _spell_all(term, words)
    if not category and (category := canonical_category(spelled.removeprefix("="))):  # "m{ath}" is math
        plain = spelled.removeprefix("=")
    if category:
        term = replace(term, value=category.lower())
        spelled = f'="{plain}"' if exact else f'"{plain.lower()}"'
    return Meaning(term, ALL.canonical_prefix + spelled)


def category_meaning(field: Field, code: str) -> Meaning | None:
    """Returns the meaning of a category or archive; None if the code is only punctuation.

    A code that does not exist has a meaning, too: no paper has it.
    """
    if not letters(code):
        return None
    plain = fold_value(code).lstrip(" '’‘#").rstrip(" '’‘,;.")
    known = canonical_category(plain)
    value = known.lower() if known else UNKNOWN + plain
    return Meaning(Term(field, value=value), field.canonical_prefix + _quoted(value.removeprefix(UNKNOWN)))


def starred_category(field: Field, code: str) -> Meaning | None:
    """Returns the meaning of `cs.*`, where `code` is the text before the star; None if `code` is no archive."""
    archive = _starred_archive(code)
    return category_meaning(field, archive) if archive else None


def paper_id_meaning(field: Field, value: str) -> Meaning | None:
    """Returns the meaning of an arXiv id, a DOI, or a link to a paper; None if the value is only punctuation.

    Of a link, the field is that of the identifier in it.
    """
    if not letters(value):
        return None
    value = fold_value(value)
    if found := links.read_link(value, 0, len(value)) or links.read_doi(value, 0, len(value)):
        field, value = found.field, found.value
    folded = fold_value(value)
    return _label(
        field,
        links.bare_doi(folded) if field is DOI else links.arxiv_id(folded.removeprefix("arxiv:").strip()) or folded,
    )


def label_meaning(field: Field, value: str) -> Meaning | None:
    """Returns the meaning of a label, such as the name of a source; None if it is only punctuation."""
    return _label(field, fold_value(value)) if letters(value) else None


def nearness_meaning(field: Field, papers: Iterable[str], near: WordsOfPapers) -> Meaning:
    """Returns the meaning of nearness to some papers, given by bare ids and DOIs, and their words as far as these are known.

    A canonical text has the words after the papers: `like:"2601.15529 graph:310 neural:204"`.
    """
    value = ",".join(sorted(set(papers)))
    words = "".join(f" {word.replace(' ', '_')}:{weight}" for word, weight in near)
    return Meaning(Term(field, value=value, near=near), field.canonical_prefix + _quoted_papers(value + words))


def read_words_of_papers(texts: Sequence[str]) -> WordsOfPapers | None:
    """Returns the words after the papers in a canonical text; None if the texts are no such words."""
    found = [_WEIGHTED.fullmatch(text) for text in texts]
    return tuple((one["word"].replace("_", " "), int(one["weight"])) for one in found if one) if all(found) else None


def _label(field: Field, folded: str) -> Meaning | None:
    if not letters(folded):  # "doi:doi:" has no DOI after the label
        return None
    return Meaning(Term(field, value=folded), field.canonical_prefix + _quoted(folded))


def bare_id_meaning(word: str) -> Meaning | None:
    """Returns the meaning of an arXiv id without a field: the text or the id. None if the word is no arXiv id."""
    value = links.arxiv_id(word)
    if value is None:
        return None
    written = word.lower().rstrip(",;:.")
    return Meaning(
        Term(TEXT_OR_ID, tuple(map(normalize.fold_plural, normalize.written_tokens(written))), value=value), written
    )


def is_initials(parts: Sequence[str]) -> bool:
    """Whether all parts of a name are initials."""
    return all(map(normalize.is_initial, parts))


@lru_cache(maxsize=1 << 10)
def stands_alone(token: str) -> bool:
    """Whether a token is a single character that makes two tokens if doubled: Han, kana, Hangul."""
    return len(token) == 1 and len(normalize.exact_tokens(token + token)) > 1


def _any_order(parts: list[str], *, prefix: bool) -> list[str]:
    return [*sorted(parts[:-1]), parts[-1]] if prefix else sorted(parts)


def _starred_archive(word: str) -> str | None:
    archive = word.lower().removesuffix(".")
    return archive if word.endswith(".") and archive in ARCHIVES else None


def _spell(tokens: Sequence[str], *, prefix: bool, exact: bool) -> str:
    """Returns a value that is parsed into these tokens."""
    if prefix:
        word = "-".join(tokens)
        # Folding can leave fewer letters than a prefix needs (Mue* is mu*). The name of a TeX command is no token.
        text = (word if letters(word) >= SHORTEST_PREFIX else rf"\emph{{{word}}}") + "*"
    elif len(tokens) == 1 and tokens[0].isalnum() and tokens[0] not in _OPERATORS:
        text = tokens[0]
    else:
        text = f'"{" ".join(tokens)}"'
    return "=" + text if exact else text


def _spell_all(term: Term, words: str) -> str:
    """Returns a value that is parsed into the tokens and the names of an ALL term.

    They differ in plurals, 's and umlauts.
    """
    if term.exact:
        written, names = normalize.exact_tokens(words), normalize.exact_author_tokens
    else:
        written, names = normalize.written_tokens(words), normalize.author_tokens
    spelled = [_with_possessive(token, names, term.names) for token in written]
    return _spell(spelled, prefix=term.prefix, exact=term.exact)


def _with_possessive(token: str, names: Callable[[str], list[str]], wanted: Sequence[str]) -> str:
    return token if not wanted or set(names(token)) <= set(wanted) else f"{token}'s"


def _quoted_papers(value: str) -> str:
    return value if _PLAIN_PAPERS.fullmatch(value) else f'"{value}"'


def _quoted(value: str) -> str:
    return value if _PLAIN_VALUE.fullmatch(value) else f'"{value}"'
