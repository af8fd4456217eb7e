"""A paper as words of a full-text index (SQLite's FTS5), and a term as what is asked of that index.

The index splits at blanks only what was split before (`normalize`), so it finds whole words as the matcher does. Of a
term it is asked twice: what certainly has it, and what may have it. Between the two a paper has to be read. For words,
phrases, fields, categories and most names both are the same question.

Words that are no words of a text begin with a mark that none of these begins with:

    ˑ           between two texts or names, so that no phrase runs across       ˑsmodels   a word as written, if the
    ˑxRAG       a word with its capitals, if it has some inside                            plural step changes it
    ˑij         a part of a name that begins with j                             ˑccs.lg ˑpcs.lg   category, primary one
    ˑodd ˑlong  its exact words, or a name of it, the index does not know       ˑhabstract …      what the paper has
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from subscriptions.matching.tokenized_paper import TEXT_FIELDS, category_labels, primary_of, texts_of
from subscriptions.model import Paper
from subscriptions.normalize import (
    author_tokens,
    exact_author_tokens,
    fold_plural,
    is_initial,
    written_and_exact_tokens,
    written_beginnings,
    written_tokens,
)
from subscriptions.query import Term

_MARK = "ˑ"
_PLAIN = re.compile(f"[^a-z0-9 \u0080-\U0010ffff]|{_MARK}")  # what the index would split at, fold, or take for a mark
_LONGEST_NAME = 4  # parts of a name that stand near each other in the index, each with its first letter
_NEAR = 2 * _LONGEST_NAME - 1
_GAP = f" {' '.join(_MARK for _ in range(_NEAR + 1))} "  # so names that stand side by side are never near
_TEXTS = "{title abstract summary}"
_CJK = re.compile("[\u3400-\u9fff]")  # CJK Unified Ideographs with extension A; rarer ones stand beside these


@dataclass(frozen=True, slots=True)
class Asked:
    """What a simple term asks the index: expressions of FTS5, "" for nothing that is stored."""

    sure: str  # finds only papers that have it
    maybe: str | None  # finds every paper that has it; None: any may


def indexed(paper: Paper) -> tuple[str, ...]:
    """The words of a paper, one text for each column: title, abstract, summary, author, label."""
    texts = {field: [_Words.of(text) for text in texts if text] for field, texts in texts_of(paper).items()}
    odd = any(words.odd for of_field in texts.values() for words in of_field)
    names = [(author_tokens(name), exact_author_tokens(name)) for name in paper.authors]
    odd = odd or any(not _agree(parts, exact, author_tokens) for parts, exact in names)
    long = any(len(parts) > _LONGEST_NAME for parts, _ in names)
    flags = [name for name, there in (("odd", odd), ("long", long)) if there]
    labels = [_encoded(_MARK + name, "") for name in (*flags, *(f"h{name}" for name in _had(paper)))]
    return (
        *(_column(texts[field]) for field in ("title", "abstract", "summary")),
        _GAP.join(_encoded("", " ".join(parts)) + _initials(parts) for parts, _ in names),
        " ".join((*labels, *_categories(paper))),
    )


def asks_for(kind: str) -> str:
    """What finds the papers that have a category, an author, an abstract, a summary, or Chinese text ("chinese")."""
    return f'label : "{_MARK}h{kind}"'


def asked_of_index(term: Term) -> Asked | None:
    """What a simple term asks the index; None where the index knows nothing of its field: id, doi, source."""
    if term.field in TEXT_FIELDS:
        return _asked_of_texts(term)
    if term.field == "author":
        return _asked_of_names(term)
    if term.field in ("category", "primary"):
        return _same(f'label : "{_encoded(_MARK + term.field[0], term.value)}"')
    return None


# ------------------------------------------------------------------------------------------------------------- papers


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of one text."""

    folded: list[str]
    written: list[str]
    exact: list[str]
    odd: bool

    @classmethod
    def of(cls, text: str) -> "_Words":
        written, exact = written_and_exact_tokens(text)
        plain = text.isascii() and "\\" not in text
        odd = not plain and not _agree(written, exact, written_tokens)
        return cls(list(map(fold_plural, written)), written, exact, odd)


def _agree(folded: Sequence[str], exact: Iterable[str], fold: object) -> bool:
    """Whether the folded words are the exact ones, each folded: almost always."""
    return list(folded) == [part for word in exact for part in _folded(word, fold)]


@lru_cache(maxsize=1 << 15)
def _folded(word: str, fold: object) -> tuple[str, ...]:
    return tuple(fold(word))  # type: ignore[operator]


def _column(texts: Sequence[_Words]) -> str:
    """Texts of a field, each in its own stretch, then the words that are looked for in another form."""
    changed = {written for words in texts for written, folded in zip(words.written, words.folded, strict=True) if written != folded}  # fmt: skip
    capital = {word for words in texts for word in words.exact if _has_inner_capital(word)}
    stretches = [_encoded("", " ".join(words.folded)) for words in texts]
    tail = [*(_encoded(_MARK + "s", word) for word in changed), *(_encoded(_MARK + "x", word) for word in capital)]
    return f" {_MARK} ".join((*stretches, " ".join(tail)))


def _has_inner_capital(word: str) -> bool:
    return word[1:] != word[1:].lower()


def _initials(parts: Iterable[str]) -> str:
    return "".join(f" {_MARK}i{part[0]}" for part in parts if is_initial(part[0]))


def _categories(paper: Paper) -> Iterator[str]:
    codes = {label.partition(":")[2] for code in paper.categories for label in category_labels("category", code)}
    yield from (_encoded(_MARK + "c", code) for code in codes)
    if primary := primary_of(paper):
        codes = {label.partition(":")[2] for label in category_labels("primary", primary)}
        yield from (_encoded(_MARK + "p", code) for code in codes)


def _had(paper: Paper) -> Iterator[str]:
    """What the paper has, of what some sources never bring."""
    texts = texts_of(paper)
    if paper.categories:
        yield "category"
    if paper.authors:
        yield "author"
    if any(texts["abstract"]):
        yield "abstract"
    if texts["summary"]:
        yield "summary"
    languages = {*(one.language for one in paper.summaries), *(one.language for one in paper.translations)}
    if "zh" in languages or _CJK.search(paper.title) or _CJK.search(paper.abstract):
        yield "chinese"


def _encoded(mark: str, words: str) -> str:
    """Words as the index stores them: it would split at signs, and take capitals for small letters."""
    return mark + _PLAIN.sub(lambda sign: f"{_MARK}{ord(sign[0]):x}{_MARK}", words)


# -------------------------------------------------------------------------------------------------------------- terms


def _same(expression: str) -> Asked:
    return Asked(expression, expression)


def _phrase(words: Sequence[str], *, mark: str = "", prefix: bool = False) -> str:
    return f'"{_encoded(mark, " ".join(words))}"{" *" if prefix else ""}'


def _asked_of_texts(term: Term) -> Asked:
    column = _TEXTS if term.field == "text" else term.field
    if term.exact:
        return _asked_exactly(term, column)
    if not term.prefix:
        return _same(f"{column} : {_phrase(term.tokens)}")
    *whole, last = term.tokens
    forms = " OR ".join(_phrase([word], mark=_MARK + "s") for word in written_beginnings(last))
    begun = f"{column} : {_phrase(term.tokens, prefix=True)}"
    if not whole:
        return _same(f"({begun} OR {column} : ({forms}))")
    return Asked(begun, f"({begun} OR ({column} : {_phrase(whole)} AND {column} : ({forms})))")


def _asked_exactly(term: Term, column: str) -> Asked:
    """Only a word with capitals inside stands in the index as it is written."""
    if len(term.tokens) == 1 and not term.prefix and _has_inner_capital(term.tokens[0]):
        return _same(f"{column} : {_phrase(term.tokens, mark=_MARK + 'x')}")
    if term.prefix:
        return Asked("", None)
    folded = [fold_plural(part) for word in term.tokens for part in written_tokens(word)]
    return Asked("", f"({column} : {_phrase(folded)} OR {_flag('odd')})" if folded else None)


def _asked_of_names(term: Term) -> Asked:
    tokens = [part for word in term.tokens for part in author_tokens(word)] if term.exact else list(term.tokens)
    if not tokens or (term.exact and term.prefix):
        return Asked("", None)
    whole, begun = (tokens[:-1], tokens[-1:]) if term.prefix else (tokens, [])
    parts = [
        *(_phrase([part]) for part in whole if not is_initial(part)),
        *(_phrase([part], mark=_MARK + "i") for part in whole if is_initial(part)),
        *(_phrase([part], prefix=True) for part in begun),
    ]
    apart = _stand_apart(whole, begun)
    somewhere = " AND ".join(f"author : {part}" for part in dict.fromkeys(parts))
    if len(parts) == 1:
        near = f"author : {parts[0]}"
    elif apart:
        near = f"(author : NEAR({' '.join(parts)}, {_NEAR}) OR ({_flag('long')} AND {somewhere}))"
    else:
        near = f"({somewhere})"
    if term.exact:
        return Asked("", f"({near} OR {_flag('odd')})")
    if len(parts) == 1:
        return _same(near)
    return Asked(f"author : NEAR({' '.join(parts)}, {_NEAR})" if apart else "", near)


def _stand_apart(whole: Sequence[str], begun: Sequence[str]) -> bool:
    """Whether no two parts that are asked for can be the same part of a name."""
    beginnings = [part for part in whole if is_initial(part)] + list(begun)
    others = [part for part in whole if not is_initial(part)]
    return len({*beginnings, *others}) == len(beginnings) + len(others) and not any(
        one != other and other.startswith(one) for one in beginnings for other in (*beginnings, *others)
    )


def _flag(name: str) -> str:
    return f'label : "{_MARK}{name}"'
