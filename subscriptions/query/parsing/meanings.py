"""Typed words -> term and canonical text, for each field (docs/queries.md).

A canonical text holds tokens only, so that it reads the same however it was typed: `few-shot` and `"Few Shots"` are both
`"few shot"`. Read again, it gives the same term.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from subscriptions.categories.tree import ARCHIVES, canonical_category
from subscriptions.normalize import (
    author_tokens,
    exact_author_tokens,
    exact_tokens,
    fold_plural,
    is_initial,
    written_tokens,
)
from subscriptions.query.identifiers import arxiv_id, bare_doi, read_doi, read_link
from subscriptions.query.parsing.sentences import SHORTEST_PREFIX
from subscriptions.query.parsing.typed_text import fold_source, fold_value
from subscriptions.query.syntax import Term

_PLAIN_VALUE = re.compile(r"[a-z0-9][a-z0-9._/-]*")
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")
UNKNOWN = "?"  # begins the value of a category that does not exist; no real one begins so


class Meaning(NamedTuple):
    """What a value means, and how it is written in a canonical text."""

    term: Term
    canonical: str


def letters(word: str) -> int:
    """How many letters and digits a word has."""
    return sum(map(str.isalnum, word))


@lru_cache(maxsize=1 << 14)
def text_meaning(field: str, words: str, *, exact: bool = False, star: bool = False) -> Meaning | None:
    """Words that stand side by side in a text; None when they are punctuation only."""
    written = exact_tokens(words) if exact else written_tokens(words)
    if not written:
        return None
    prefix = star and not stands_alone(written[-1])
    found = written if exact else list(map(fold_plural, written))
    if prefix:
        found[-1] = written[-1]
    label = "" if field == "text" else f"{field}:"
    return Meaning(Term(field, tuple(found), prefix, exact), label + _spell(found, prefix=prefix, exact=exact))


def author_meaning(name: str, *, exact: bool = False, star: bool = False) -> Meaning | None:
    """Parts of one author's name, in any order."""
    parts = exact_author_tokens(name) if exact else author_tokens(name)
    if not parts:
        return None
    prefix = star and not stands_alone(parts[-1])
    ordered = _any_order(parts, prefix=prefix)
    return Meaning(
        Term("author", tuple(ordered), prefix, exact), "author:" + _spell(ordered, prefix=prefix, exact=exact)
    )


def all_meaning(words: str, *, exact: bool = False, star: bool = False) -> Meaning | None:
    """Words in any text, or in one author's name, or a category."""
    plain = _EDGES.sub("", words)
    category = _starred_archive(words) if star else canonical_category(plain)
    star = star and not category
    text = text_meaning("text", words, exact=exact, star=star)
    if text is None:
        return None
    name = author_meaning(words, exact=exact, star=star)
    # An initial alone would fit most papers; `author:` refuses it, too.
    names = name.term.tokens if name and not is_initials(name.term.tokens) else ()
    term = Term("all", text.term.tokens, text.term.prefix, exact, names=names)
    spelled = _spell_all(term, words)
    if not category and (category := canonical_category(spelled.removeprefix("="))):  # "m{ath}" is math
        plain = spelled.removeprefix("=")
    if category:
        term = replace(term, value=category.lower())
        spelled = f'="{plain}"' if exact else f'"{plain.lower()}"'
    return Meaning(term, f"all:{spelled}")


def category_meaning(field: str, code: str) -> Meaning | None:
    """A category, or an archive for all below it; an unknown one is taken too, and no paper has it."""
    if not letters(code):
        return None
    plain = fold_value(code).lstrip(" '’‘#").rstrip(" '’‘,;.")
    known = canonical_category(plain)
    value = known.lower() if known else UNKNOWN + plain
    label = "cat" if field == "category" else field
    return Meaning(Term(field, value=value), f"{label}:{_quoted(value.removeprefix(UNKNOWN))}")


def starred_category(field: str, code: str) -> Meaning | None:
    """`cs.*`, of which `code` is the part before the star; None when it is no archive."""
    archive = _starred_archive(code)
    return category_meaning(field, archive) if archive else None


def identifier_meaning(field: str, value: str) -> Meaning | None:
    """An arXiv id, a DOI, or the name of a source."""
    if not letters(value):
        return None
    if field == "source":
        folded = fold_source(value)
    else:
        value = fold_value(value)
        if found := read_link(value, 0, len(value)) or read_doi(value, 0, len(value)):
            field, value = found.field, found.value
        folded = fold_value(value)
        folded = bare_doi(folded) if field == "doi" else arxiv_id(folded.removeprefix("arxiv:").strip()) or folded
    if not letters(folded):  # "doi:doi:" is a label without a DOI
        return None
    return Meaning(Term(field, value=folded), f"{field}:{_quoted(folded)}")


def bare_id_meaning(word: str) -> Meaning | None:
    """An arXiv id without a field asks for the text or the id; None when it is not one."""
    value = arxiv_id(word)
    if value is None:
        return None
    written = word.lower().rstrip(",;:.")
    return Meaning(Term("text-or-id", tuple(map(fold_plural, written_tokens(written))), value=value), written)


def is_initials(parts: Sequence[str]) -> bool:
    """Whether a name has nothing but initials."""
    return all(map(is_initial, parts))


@lru_cache(maxsize=1 << 10)
def stands_alone(token: str) -> bool:
    """Whether a token is a Han character, kana or Hangul syllable: two of them side by side are two tokens."""
    return len(token) == 1 and len(exact_tokens(token + token)) > 1


def _any_order(parts: list[str], *, prefix: bool) -> list[str]:
    return [*sorted(parts[:-1]), parts[-1]] if prefix else sorted(parts)


def _starred_archive(word: str) -> str | None:
    archive = word.lower().removesuffix(".")
    return archive if word.endswith(".") and archive in ARCHIVES else None


def _spell(tokens: Sequence[str], *, prefix: bool, exact: bool) -> str:
    """Tokens as a value that is read as the same tokens."""
    if prefix:
        word = "-".join(tokens)
        # Folding can leave fewer letters than a prefix needs (Mue* is mu*). The name of a TeX command is no token.
        text = (word if letters(word) >= SHORTEST_PREFIX else rf"\emph{{{word}}}") + "*"
    elif len(tokens) == 1 and tokens[0].isalnum():
        text = tokens[0]
    else:
        text = f'"{" ".join(tokens)}"'
    return "=" + text if exact else text


def _spell_all(term: Term, words: str) -> str:
    """As `_spell`, for words that are read as a text and as a name, which differ in plurals, 's and umlauts."""
    if term.exact:
        written, names = exact_tokens(words), exact_author_tokens
    else:
        written, names = written_tokens(words), author_tokens
    spelled = [_with_possessive(token, names, term.names) for token in written]
    return _spell(spelled, prefix=term.prefix, exact=term.exact)


def _with_possessive(token: str, names: Callable[[str], list[str]], wanted: Sequence[str]) -> str:
    return token if not wanted or set(names(token)) <= set(wanted) else f"{token}'s"


def _quoted(value: str) -> str:
    return value if _PLAIN_VALUE.fullmatch(value) else f'"{value}"'
