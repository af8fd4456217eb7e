"""Typed values → terms → parts of a query: what a word, quote or link asks for in its field.

A value has a term and a canonical text. Canonical texts are made of tokens, so values of the same meaning have the same
text: `few-shot` and `"Few Shots"` both have `"few shot"`. Parsing a canonical text gives the same term again.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import lru_cache
from typing import NamedTuple

from subscriptions.query import (
    ALL,
    AUTHOR,
    CATEGORY,
    DOI,
    FIELD_NAMED,
    HAS,
    TEXT,
    TEXT_OR_ID,
    Field,
    ValueKind,
    categories,
    category_names,
    lexer,
    links,
    refusals,
)
from subscriptions.query.lexer import Lexeme, LexemeKind
from subscriptions.query.normal_form import Part, joined, part_of
from subscriptions.query.refusals import Hints, Rank
from subscriptions.query.tree import Leaf, Or, Term
from subscriptions.query.typed_names import given_names, read_name
from subscriptions.text import words as normalize
from subscriptions.text.folding import Traced
from subscriptions.text.statements import ARTEFACTS
from subscriptions.text.stems import stem, stem_of_beginning

# a word that looks like an operator -> the operator
_OPERATORS = {
    "and": "AND",
    "or": "OR",
    "not": "NOT",
    "和": "且",
    "与": "且",
    "并且": "且",
    "或者": "或",
    "非": "不含",
    "不要": "不含",
    "排除": "不含",
    "除了": "不含",
}
_COMMA_IN_WORD = re.compile(r"[^\W_],[^\W\d_]|[^\W\d_],[^\W_]")  # not 1,000
_LIKE_A_CATEGORY = re.compile(r"[A-Za-z-]+\.[A-Za-z]{2}")
_WORDS_BEHIND = re.compile(r"(?:\s+(?!(?:AND|OR|NOT|ANDNOT)\b)[^\W_][\w-]*(?=[\s,;.)]|$)){1,8}")
_PUNCTUATION = " ,;:.!?'‘’`"
_LIKE_A_TYPING_ERROR = 0.75  # least ratio (difflib, from 0 to 1) of a word and its correction
_PLAIN_VALUE = re.compile(r"[a-z0-9][a-z0-9._/-]*")
_PLAIN_PAPERS = re.compile(r"[a-z0-9][a-z0-9._/,-]*")
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")
# tokens that must be in quotes to be read as words; "and" and "or" need no quotes, since operators are upper case
_QUOTED_WORDS = frozenset({"且", "或"})
UNKNOWN = "?"  # begins the value of a category that does not exist


class Meaning(NamedTuple):
    """The term of a value, and its canonical text."""

    term: Term
    canonical: str
    excluded: str = ""  # the canonical text after a minus, if that is another


def letters(word: str) -> int:
    """Return the number of letters and digits in a word."""
    return sum(map(str.isalnum, word))


@lru_cache(maxsize=1 << 14)
def words_meaning(field: Field, words: str, *, exact: bool = False, star: bool = False) -> Meaning | None:
    """Return the meaning of adjacent words in a text, or of parts of one name in any order.

    Return None if the words are only punctuation.
    """
    is_name = field.kind is ValueKind.NAME
    written = _tokens(words, name=is_name, exact=exact)
    if not written:
        return None
    prefix = star and not stands_alone(written[-1])
    if is_name and not (exact or prefix):
        name = read_name(words)
        term = Term(field, name.tokens, given=name.given)
        text, in_full = (_spell(words, prefix=False, exact=False) for words in (name.words, name.tokens))
        return Meaning(term, field.canonical_prefix + text, field.canonical_prefix + in_full)
    whole, begun = (written[:-1], written[-1:]) if prefix else (written, [])
    if is_name:
        whole = sorted(whole)
    elif not exact:
        whole, begun = list(map(stem, whole)), list(map(stem_of_beginning, begun))
    tokens = (*whole, *begun)
    return Meaning(
        Term(field, tokens, prefix, exact), field.canonical_prefix + _spell(tokens, prefix=prefix, exact=exact)
    )


def _tokens(words: str, *, name: bool, exact: bool) -> list[str]:
    if exact:
        return normalize.exact_tokens(words, name=name)
    return normalize.author_tokens(words) if name else normalize.written_tokens(words)


def all_meaning(words: str, *, exact: bool = False, star: bool = False) -> Meaning | None:
    """Return the meaning of a value of `all:`: words in any text, parts of one author's name, or a category."""
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
    given: tuple[str, ...] = ()
    if name and not is_initials(name.term.tokens):
        names = name.term.tokens
        parts = _tokens(words, name=True, exact=exact)  # the order of a phrase counts, so the family name is the last
        last = normalize.written_tokens(words)[-1:]
        given = () if exact or name.term.prefix else given_names(parts[:-1], parts[-1:], last)
    term = Term(ALL, text.term.tokens, text.term.prefix, exact, names=names, given=given)
    spelled = _spell_all(term, words)
    if not category and (category := categories.canonical_category(spelled.removeprefix("="))):  # "m{ath}" means math
        plain = spelled.removeprefix("=")
    if category:
        term = replace(term, value=category.lower())
        spelled = f'="{plain}"' if exact else f'"{plain.lower()}"'
    return Meaning(term, ALL.canonical_prefix + spelled)


def category_meaning(field: Field, code: str) -> Meaning | None:
    """Return the meaning of a category or archive; None if the code is only punctuation.

    An unknown code has a meaning, too, but no paper has this category.
    """
    if not letters(code):
        return None
    plain = lexer.fold_value(code).lstrip(" '’‘#").rstrip(" '’‘,;.")
    known = categories.canonical_category(plain)
    value = known.lower() if known else UNKNOWN + plain
    return Meaning(Term(field, value=value), field.canonical_prefix + _quoted(value.removeprefix(UNKNOWN)))


def starred_archive(code: str) -> str | None:
    """Return "cs" for `cs.*`, where `code` is the text before the star; None if that is not an archive and a dot."""
    archive = code.lower().removesuffix(".")
    if code.endswith(".") and archive in categories.ARCHIVES:
        return archive
    return None


def paper_id_meaning(field: Field, value: str) -> Meaning | None:
    """Return the meaning of an arXiv id, a DOI, or a link to a paper; None if the value is only punctuation.

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
    """Return the meaning of a label, such as the name of a source; None if it is only punctuation."""
    if letters(value):
        return _label(field, lexer.fold_value(value))
    return None


def nearness_meaning(field: Field, papers: Iterable[str]) -> Meaning:
    """Return the meaning of nearness to some papers: bare ids and DOIs, and the library of a chat."""
    value = ",".join(sorted(set(papers)))
    return Meaning(Term(field, value=value), field.canonical_prefix + _quoted(value, _PLAIN_PAPERS))


def meaning_meaning(field: Field, text: str) -> Meaning | None:
    """Return the meaning of a text to which papers are near in meaning; None if it is only punctuation.

    The text keeps its case and accents, since an encoder reads "Größe" better than "grosse".
    """
    value = _meant(text)
    while (again := _meant(lexer.plain(Traced.of(value)).text)) != value:
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
    """Return the meaning of an arXiv id without a field: papers with this text or this id.

    None if it is not an arXiv id.
    """
    value = links.arxiv_id(word)
    if value is None:
        return None
    written = categories.bare_id(word.lower().rstrip(",;:."))
    return Meaning(Term(TEXT_OR_ID, tuple(map(stem, normalize.written_tokens(written))), value=value), written)


def is_initials(parts: Sequence[str]) -> bool:
    """Return whether all parts of a name are initials."""
    return all(map(normalize.is_initial, parts))


@lru_cache(maxsize=1 << 10)
def stands_alone(token: str) -> bool:
    """Return whether a token is a single character of Han, kana or Hangul, which is always its own token."""
    return len(token) == 1 and len(normalize.exact_tokens(token + token)) > 1


def _spell(tokens: Sequence[str], *, prefix: bool, exact: bool) -> str:
    """Return a value that is parsed into these tokens."""
    if prefix:
        word = "-".join(tokens)
        # Folding can leave fewer letters than a prefix needs (Mue* becomes mu*). A TeX command adds letters but no
        # tokens.
        text = (word if letters(word) >= refusals.SHORTEST_PREFIX else rf"\emph{{{word}}}") + "*"
    elif len(tokens) == 1 and tokens[0].isalnum() and tokens[0] not in _QUOTED_WORDS:
        text = tokens[0]
    else:
        text = f'"{" ".join(tokens)}"'
    return "=" + text if exact else text


def _spell_all(term: Term, words: str) -> str:
    """Return a value that is parsed into the tokens and the names of an ALL term.

    The tokens and the names of the same words may differ in plurals, 's and umlauts.
    """
    exact, wanted, spelled = term.exact, set(term.names), list[str]()
    for token in _tokens(words, name=False, exact=exact):
        is_possessive = wanted and not wanted.issuperset(_tokens(token, name=True, exact=exact))
        spelled.append(f"{token}'s" if is_possessive else token)
    return _spell(spelled, prefix=term.prefix, exact=exact)


def _quoted(value: str, plain: re.Pattern[str] = _PLAIN_VALUE) -> str:
    if plain.fullmatch(value):
        return value
    return f'"{value}"'


class Values:
    """WriteQueue the values of one text into parts of a query, and notes hints on them."""

    def __init__(self, source: Traced, chat: int = 0, *, is_canonical: bool = False) -> None:
        self.near: dict[str, None] = {}  # values of nearness, each once
        self.is_canonical = is_canonical  # the text is canonical, so a library has its owner
        self.source = source
        self.columns = source.starts
        self.hints = Hints()
        self.chat = chat  # the id of the chat whose library `like:library` means; 0: nobody's

    def part(self, lexeme: Lexeme, field: Field | None) -> Part | None:
        """Return what a value asks for in a field; None if the value is only punctuation. Raise QueryError."""
        if lexeme.kind is LexemeKind.LINK and lexeme.field and (field is None or field.kind is ValueKind.PAPER_ID):
            return self._leaf(lexeme, paper_id_meaning(lexeme.field, lexeme.text))
        if field is None and lexeme.kind is LexemeKind.WORD and not lexeme.exact:
            if special := self._category_or_id(lexeme):
                return special
            self._note_word(lexeme.text)
        return self._leaf(lexeme, self._meaning_in(field or TEXT, lexeme))

    def _leaf(self, lexeme: Lexeme, meaning: Meaning | None) -> Part | None:
        if meaning is None:
            return None
        quoted = lexeme.kind is LexemeKind.QUOTE and meaning.term.field.kind is not ValueKind.NEARNESS
        words = _shown(lexeme, meaning.term)
        return part_of(
            Leaf(meaning.term, words, self.columns[lexeme.start], quoted, meaning.canonical, meaning.excluded)
        )

    def _meaning_in(self, field: Field, lexeme: Lexeme) -> Meaning | None:
        match field.kind:
            case ValueKind.WORDS | ValueKind.NAME | ValueKind.COMBINED:
                return self._words(lexeme, field)
            case ValueKind.CATEGORY:
                return self._category(lexeme, field)
        if lexeme.star:
            self.hints.stray_star()
        match field.kind:
            case ValueKind.NEARNESS:
                return self._nearness(lexeme, field)
            case ValueKind.MEANING:
                return meaning_meaning(field, lexeme.text)
            case ValueKind.LABEL:
                if field is HAS and lexer.fold_value(lexeme.text) not in ARTEFACTS:
                    self.hints.say("has: takes code or data, so no paper has {word}.", Rank.NEVER, word=lexeme.text)
                return label_meaning(field, lexeme.text)
        return paper_id_meaning(field, lexeme.text)

    def _words(self, lexeme: Lexeme, field: Field) -> Meaning | None:
        text, exact, star = lexeme.text, lexeme.exact, lexeme.star
        if field.kind is ValueKind.COMBINED:
            meaning = all_meaning(text, exact=exact, star=star)
        else:
            meaning = words_meaning(field, text, exact=exact, star=star)
        if meaning is None:
            return None
        if meaning.term.prefix and letters(text) < refusals.SHORTEST_PREFIX:
            raise refusals.short_prefix(text, self.columns[lexeme.start])
        if field.kind is ValueKind.NAME and is_initials(meaning.term.tokens):
            behind = self._words_from(lexeme)[len(text.split()) :]
            last_name = next((word for word in behind if not is_initials([word.casefold()])), "")
            raise refusals.initials_only(text, last_name, self.columns[lexeme.start])
        return meaning

    def _category_or_id(self, lexeme: Lexeme) -> Part | None:
        """Return what `cs.LG`, `#cs.LG`, `cs.*`, several of these joined by +, or an arXiv id ask for.

        None for other words.
        """
        text = (lexeme.text + "*" * lexeme.star).rstrip(",;:")
        codes = [code.removeprefix("#").rstrip(".") for code in text.split("+")]
        if all(map(categories.is_category, codes)):
            leaves = (self._leaf(lexeme._replace(text=code), category_meaning(CATEGORY, code)) for code in codes)
            return joined(Or, [leaf for leaf in leaves if leaf])
        return None if lexeme.star else self._leaf(lexeme, bare_id_meaning(lexeme.text))

    def _category(self, lexeme: Lexeme, field: Field) -> Meaning | None:
        archive = starred_archive(lexeme.text) if lexeme.star else None
        meaning = category_meaning(field, archive or lexeme.text)
        is_cut = archive is None if lexeme.star else meaning and self.source.text.startswith("*", lexeme.end)
        if is_cut:
            raise refusals.star_in_category(categories.archive_of(lexeme.text) or "cs", self.columns[lexeme.start])
        if meaning and meaning.term.value.startswith(UNKNOWN):
            self._note_category(meaning.term.field, lexeme)
        return meaning

    def _note_category(self, field: Field, lexeme: Lexeme) -> None:
        words = self._words_from(lexeme)
        count, named = category_names.categories_named(words)
        if named:
            either = " OR ".join(f"{field.prefix}{code}" for code in named)
            self.hints.say(
                "There is no category {code}. For {name} write {either}",
                Rank.NEVER,
                code=lexeme.text,
                name=" ".join(words[:count]),
                either=either,
            )
        else:
            self.hints.say(
                'There is no category {code}, so no paper has it. A category looks like {example}; for the words write "{code}".',
                Rank.NEVER,
                code=lexeme.text,
                example="cs.CV",
            )

    def _words_from(self, lexeme: Lexeme) -> list[str]:
        """Return the words of a value and the words after it: ["machine", "learning"] for `cat:machine learning`."""
        words = lexeme.text.split()
        if lexeme.kind is LexemeKind.WORD:
            behind = _WORDS_BEHIND.match(self.source.text, lexeme.end)
            words += behind[0].split() if behind else ()
        return words

    def _nearness(self, lexeme: Lexeme, field: Field) -> Meaning | None:
        """Return the meaning of a value of `like:`. Raise QueryError if it names no paper, or too many."""
        if not letters(lexeme.text):
            return None
        column = self.columns[lexeme.start]
        papers = {self._paper(name) for name in re.split(r"[\s,，、;]+", lexeme.text) if name}
        if "" in papers:
            raise refusals.no_paper(lexeme.text, field, column)
        meaning = nearness_meaning(field, papers)
        self.near[meaning.term.value] = None
        if len(papers) > refusals.MOST_PAPERS or len(self.near) > refusals.MOST_NEAR:
            raise refusals.too_many_papers(column)
        return meaning

    def _paper(self, name: str) -> str:
        """Return the bare id or DOI of the paper that a text names, or the library with its owner.

        "" for another text.
        """
        if self.is_canonical and links.owner_of(name):
            return name
        named = links.named_paper(lexer.fold_value(name))
        if named is None:
            return ""
        return links.library_of(self.chat) if named.value == links.LIBRARY else named.value

    def _note_word(self, text: str) -> None:
        """Note a hint if a word without a field may be meant as an operator, a category, a list or a field."""
        if operator := _OPERATORS.get(text.lower()):
            self.hints.say(
                "I look for the word {word}. As an operator it is written {operator}.",
                Rank.LOWER_CASE,
                word=text,
                operator=operator,
            )
        code = text.removeprefix("#")
        if _LIKE_A_CATEGORY.fullmatch(code) and categories.archive_of(code) and not categories.is_category(code):
            self.hints.say(
                "There is no category {code}, so I look for the words. A category looks like {example}.",
                Rank.NEVER,
                code=text,
                example="cs.CV",
            )
        if "," in text and _COMMA_IN_WORD.search(text):
            self.hints.say(
                "I look for the phrase {phrase}. For any of them write {either}",
                Rank.PHRASE,
                phrase=f'"{text}"',
                either=" OR ".join(filter(None, text.split(","))),
            )
        if ":" in text:
            self._note_field(text.partition(":")[0].lower())

    def _note_field(self, name: str) -> None:
        field = FIELD_NAMED.get(name)
        if field is not None and field.kind is ValueKind.NEARNESS:
            hint = refusals.takes_papers(name, field)
            self.hints.say(hint.template, Rank.TYPING_ERROR, **hint.values)
        if field is not None or not name.isalpha() or len(name) <= len("abs"):
            return
        # Many words resemble a short name. So a typing error for a short name must begin with this name ("cats:").
        near = [n for n in FIELD_NAMED if len(n) > len("abs") or (len(n) == len("abs") and name.startswith(n))]
        for known in get_close_matches(name, near, 1, _LIKE_A_TYPING_ERROR):
            self.hints.say(
                "There is no field {typed}: so I look for the words. Did you mean {field}:?",
                Rank.TYPING_ERROR,
                typed=name,
                field=known,
            )


def _shown(lexeme: Lexeme, term: Term) -> str:
    """Return a value as people read it: as typed, but categories in arXiv's spelling and ids in lower case."""
    if term.value:
        if term.field.kind is ValueKind.CATEGORY and (code := categories.canonical_category(term.value)):
            return code
        if term.field.kind is ValueKind.NEARNESS:
            return links.without_owner(term.value)
        if term.field.kind in (ValueKind.PAPER_ID, ValueKind.MEANING):
            return term.value
    words = " ".join(lexeme.text.split())
    return (words.strip(_PUNCTUATION) or words) + "*" * term.prefix
