"""Typed values -> parts of a query (docs/queries.md): what a word, quote or link asks for in its field.

A value has a term and a canonical text. Canonical texts are made of tokens, so values of the same meaning have the same
text: `few-shot` and `"Few Shots"` both have `"few shot"`. Parsing a canonical text gives the same term again. `Values`
turns the values of one text into parts of a query. It refuses wrong values, and notes hints on how values were read.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import lru_cache
from typing import NamedTuple

from subscriptions import categories, normalize
from subscriptions.errors import Sentence
from subscriptions.query import (
    ALL,
    AUTHOR,
    CATEGORY,
    DOI,
    FIELDS,
    ID,
    TEXT,
    TEXT_OR_ID,
    Field,
    Fields,
    Form,
    Leaf,
    Or,
    QueryPart,
    Term,
    ValueKind,
    WordsOfPapers,
    joined,
    lexer,
    links,
    sentences,
)

_PLAIN_VALUE = re.compile(r"[a-z0-9][a-z0-9._/-]*")
_PLAIN_PAPERS = re.compile(r"[a-z0-9][a-z0-9._/,-]*")
_WEIGHTED = re.compile(r"(?P<word>[^\s:]+):(?P<weight>[1-9][0-9]{0,3})")
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
        whole = list(map(normalize.fold_plural, whole))
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
    names = name.term.tokens if name and not is_initials(name.term.tokens) else ()
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
    return archive if code.endswith(".") and archive in categories.ARCHIVES else None


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
    return _label(field, lexer.fold_value(value)) if letters(value) else None


def nearness_meaning(field: Field, papers: Iterable[str], near: WordsOfPapers) -> Meaning:
    """Returns the meaning of nearness to some papers. `papers` are bare ids and DOIs, `near` their words, if known.

    The canonical text has the words after the papers: `like:"2601.15529 graph:310 neural:204"`.
    """
    value = ",".join(sorted(set(papers)))
    words = "".join(f" {word.replace(' ', '_')}:{weight}" for word, weight in near)
    return Meaning(Term(field, value=value, near=near), field.canonical_prefix + _quoted(value + words, _PLAIN_PAPERS))


def meaning_meaning(field: Field, text: str, questions: Mapping[str, bytes]) -> Meaning | None:
    """Returns the meaning of a text to which papers are near in meaning; None if it is only punctuation.

    The text keeps its case and accents, since an encoder reads "Größe" better than "grosse". `questions`: text → vector.
    """
    value = _meant(text)
    while (again := _meant(lexer.plain(lexer.Typed(value, range(len(value) + 1))).text)) != value:
        value = again  # an accent before "\\'e" finds its letter only when that is "é"
    if not letters(value):
        return None
    return Meaning(Term(field, value=value, question=questions.get(value, b"")), f'{field.canonical_prefix}"{value}"')


def _meant(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).replace('"', " ").split())


def read_words_of_papers(texts: Sequence[str]) -> WordsOfPapers | None:
    """Reads the words with weights after the papers in a canonical text ("graph:310"); None if a text has another form."""
    found = [_WEIGHTED.fullmatch(text) for text in texts]
    return tuple((one["word"].replace("_", " "), int(one["weight"])) for one in found if one) if all(found) else None


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
        Term(TEXT_OR_ID, tuple(map(normalize.fold_plural, normalize.written_tokens(written))), value=value), written
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
        text = (word if letters(word) >= sentences.SHORTEST_PREFIX else rf"\emph{{{word}}}") + "*"
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
    return token if not wanted or set(names(token)) <= set(wanted) else f"{token}'s"


def _quoted(value: str, plain: re.Pattern[str] = _PLAIN_VALUE) -> str:
    return value if plain.fullmatch(value) else f'"{value}"'


# ------------------------------------------------------------------------------------------------- the values of a text


_COMMA_IN_WORD = re.compile(r"[^\W_],[^\W\d_]|[^\W\d_],[^\W_]")  # not 1,000
_WORDS_BEHIND = re.compile(r"(?:\s+(?!(?:AND|OR|NOT|ANDNOT)\b)[^\W_][\w-]*(?=[\s,;.)]|$)){1,8}")
_PUNCTUATION = " ,;:.!?'‘’`"
_LIKE_A_TYPING_ERROR = 0.75  # least ratio (difflib, from 0 to 1) of a word and its correction


class Values:
    """Turns the values of one text into parts of a query, and notes hints on them."""

    def __init__(
        self, source: lexer.Typed, notes: sentences.Notes, fields: Fields = FIELDS, *, is_canonical: bool = False
    ) -> None:
        self.near: dict[str, None] = {}  # values of nearness, each once
        self.is_canonical = is_canonical  # the text is canonical, so words of papers may follow a value of nearness
        self.source = source
        self.columns = source.columns
        self.notes = notes
        self.fields = fields

    def part(self, lexeme: lexer.Lexeme, field: Field | None) -> QueryPart | None:
        """Returns what a value asks for in a field; None if the value is only punctuation. Raises QueryError."""
        if (
            lexeme.kind is lexer.LexemeKind.LINK
            and lexeme.field
            and (field is None or field.kind is ValueKind.PAPER_ID)
        ):
            return self._leaf(lexeme, paper_id_meaning(lexeme.field, lexeme.text))
        if field is None and lexeme.kind is lexer.LexemeKind.WORD:
            special = None if lexeme.exact else self._category_or_id(lexeme)
            if special:
                return special
            self._note_word(lexeme)
        field = field or TEXT
        match field.kind:
            case ValueKind.WORDS | ValueKind.NAME | ValueKind.COMBINED:
                meaning = self._words(lexeme, field)
            case ValueKind.CATEGORY:
                meaning = self._category(lexeme, field)
            case ValueKind.NEARNESS:
                meaning = self._nearness(lexeme, field)
            case ValueKind.MEANING:
                meaning = self._meaning(lexeme, field)
            case _:
                meaning = self._label(lexeme, field)
        return self._leaf(lexeme, meaning)

    def _leaf(self, lexeme: lexer.Lexeme, meaning: Meaning | None) -> QueryPart | None:
        if meaning is None:
            return None
        words = _shown(lexeme, meaning.term)
        quoted = lexeme.kind is lexer.LexemeKind.QUOTE and meaning.term.field.kind is not ValueKind.NEARNESS
        leaf = Leaf(meaning.term, words, self.columns[lexeme.start], quoted, meaning.canonical)
        return QueryPart(leaf, Form(leaf.canonical, Leaf, term=leaf.term))

    def _words(self, lexeme: lexer.Lexeme, field: Field) -> Meaning | None:
        text, exact, star = lexeme.text, lexeme.exact, lexeme.star
        if field.kind is ValueKind.COMBINED:
            meaning = all_meaning(text, exact=exact, star=star)
        else:
            meaning = words_meaning(field, text, exact=exact, star=star)
        if meaning is None:
            return None
        if meaning.term.prefix and letters(text) < sentences.SHORTEST_PREFIX:
            raise sentences.short_prefix(text, self.columns[lexeme.start])
        if field.kind is ValueKind.NAME and is_initials(meaning.term.tokens):
            behind = self._words_from(lexeme)[len(text.split()) :]
            last_name = next((word for word in behind if not is_initials([word.casefold()])), "")
            raise sentences.initials_only(text, last_name, self.columns[lexeme.start])
        if star and not meaning.term.prefix and not meaning.term.value:
            self.notes.add(
                sentences.Rank.DROPPED,
                Sentence("{word} is found anywhere in a text, so the * after it has no effect.", {"word": text}),
            )
        return meaning

    # ---------------------------------------------------------------------------------- categories

    def _category_or_id(self, lexeme: lexer.Lexeme) -> QueryPart | None:
        if "." not in lexeme.text and "-" not in lexeme.text and "/" not in lexeme.text:
            return None
        if found := self._categories(lexeme):
            return found
        return None if lexeme.star else self._leaf(lexeme, bare_id_meaning(lexeme.text))

    def _categories(self, lexeme: lexer.Lexeme) -> QueryPart | None:
        """Returns what `cs.LG`, `#cs.LG`, `cs.*`, or several of these joined by +, ask for; None for other words."""
        text = (lexeme.text + "*" * lexeme.star).rstrip(",;:")
        codes = [code.removeprefix("#") for code in text.split("+")]
        if not all(map(categories.is_category, codes)) and not all(
            map(categories.is_category, codes := [code.rstrip(".") for code in codes])
        ):
            return None
        found = (self._category(lexeme._replace(text=code, star=False), CATEGORY) for code in codes)
        leaves = (self._leaf(lexeme._replace(text=code), m) for code, m in zip(codes, found, strict=True))
        return joined(Or, [leaf for leaf in leaves if leaf])

    def _category(self, lexeme: lexer.Lexeme, field: Field) -> Meaning | None:
        if lexeme.star:
            archive = starred_archive(lexeme.text)
            if archive is None:
                raise sentences.star_in_category(categories.archive_of(lexeme.text) or "cs", self.columns[lexeme.start])
            return category_meaning(field, archive)
        meaning = category_meaning(field, lexeme.text)
        if meaning:
            self._note_category(meaning.term, lexeme)
        return meaning

    def _note_category(self, term: Term, lexeme: lexer.Lexeme) -> None:
        if term.value.startswith(UNKNOWN):
            self.notes.add(sentences.Rank.NEVER, self._unknown(term, lexeme))
        elif new := categories.successor(term.value):
            self.notes.add(
                sentences.Rank.NEVER,
                Sentence("arXiv closed {old}; its papers are in {new} now.", {"old": term.value, "new": new}),
            )

    def _unknown(self, term: Term, lexeme: lexer.Lexeme) -> Sentence:
        """Returns the hint that a category does not exist, and what to write instead."""
        codes = re.split("[+,]", lexeme.text)
        if len(codes) > 1 and all(map(categories.is_category, codes)):
            return Sentence(
                "There is no category {code}. For any of them write {either}",
                {"code": lexeme.text, "either": " OR ".join(codes)},
            )
        count, named = categories.categories_named(words := self._words_from(lexeme))
        if named:
            return Sentence(
                "There is no category {code}. For {name} write {either}",
                {
                    "code": lexeme.text,
                    "name": " ".join(words[:count]),
                    "either": " OR ".join(f"{term.field.prefix}{code}" for code in named),
                },
            )
        return Sentence(
            'There is no category {code}, so no paper has it. A category looks like {example}; for the words write "{code}".',
            {"code": lexeme.text, "example": "cs.CV"},
        )

    def _words_from(self, lexeme: lexer.Lexeme) -> list[str]:
        """Returns the words of a value and the words after it: ["machine", "learning"] for `cat:machine learning`."""
        behind = _WORDS_BEHIND.match(self.source.text, lexeme.end) if lexeme.kind is lexer.LexemeKind.WORD else None
        return [*lexeme.text.split(), *(behind[0].split() if behind else ())]

    # ----------------------------------------------------------------------------- ids and labels

    def _label(self, lexeme: lexer.Lexeme, field: Field) -> Meaning | None:
        if lexeme.star:
            self.notes.add(sentences.Rank.STAR, sentences.STRAY_STAR)
        read = label_meaning if field.kind is ValueKind.LABEL else paper_id_meaning
        meaning = read(field, lexeme.text)
        if meaning and meaning.term.field is ID and not bare_id_meaning(meaning.term.value):
            self.notes.add(
                sentences.Rank.NEVER,
                Sentence(
                    "{text} is not an arXiv id, so no paper has it. An id looks like {example}",
                    {"text": lexeme.text, "example": "2601.15529"},
                ),
            )
        return meaning

    def _nearness(self, lexeme: lexer.Lexeme, field: Field) -> Meaning | None:
        """Returns the meaning of a value of `like:`. Raises QueryError if it names no paper, or too many."""
        if not letters(lexeme.text):
            return None
        if lexeme.star:
            self.notes.add(sentences.Rank.STAR, sentences.STRAY_STAR)
        column = self.columns[lexeme.start]
        first, *others = lexeme.text.split() if self.is_canonical else (lexeme.text,)
        near = read_words_of_papers(others)
        names = [name for name in re.split(r"[\s,，、;]+", first) if name]
        papers = {paper.value for name in names if (paper := links.named_paper(lexer.fold_value(name)))}
        if near is None or not all(links.named_paper(lexer.fold_value(name)) for name in names):
            raise sentences.no_paper(lexeme.text, field, column)
        meaning = nearness_meaning(field, papers, ())
        self.near[meaning.term.value] = None
        if len(papers) > sentences.MOST_PAPERS or len(self.near) > sentences.MOST_NEAR:
            raise sentences.too_many_papers(column)
        return nearness_meaning(field, papers, near or self.fields.words.get(meaning.term.value, ()))

    def _meaning(self, lexeme: lexer.Lexeme, field: Field) -> Meaning | None:
        if lexeme.star:
            self.notes.add(sentences.Rank.STAR, sentences.STRAY_STAR)
        return meaning_meaning(field, lexeme.text, self.fields.questions)

    # --------------------------------------------------------------------------------------- hints

    def _note_word(self, lexeme: lexer.Lexeme) -> None:
        text = lexeme.text
        sentences.note_word(text, self.notes)
        if "," in text and _COMMA_IN_WORD.search(text):
            either = " OR ".join(part for part in text.split(",") if part)
            self.notes.add(
                sentences.Rank.PHRASE,
                Sentence(
                    "I look for the phrase {phrase}. For any of them write {either}",
                    {"phrase": f'"{text}"', "either": either},
                ),
            )
        if text.startswith("10.") and links.read_doi(text, 0, len(text)):
            self.notes.add(
                sentences.Rank.ONE_VALUE,
                Sentence("For the paper with this DOI write {query}", {"query": f"doi:{text}"}),
            )
        if ":" in text:
            self._note_field(text)

    def _note_field(self, text: str) -> None:
        name, _, rest = text.partition(":")
        name = name.lower()
        field = self.fields.by_name.get(name)
        if field is not None and field.kind is ValueKind.NEARNESS:
            self.notes.add(sentences.Rank.TYPING_ERROR, sentences.takes_papers(name, field))
            return
        if not name.isalpha() or sentences.note_field(name, rest, text, self.notes) or len(name) <= len("abs"):
            return
        # Many words resemble a short name. So a typing error for a short name must begin with this name ("cats:").
        near = [n for n in self.fields.by_name if len(n) > len("abs") or (len(n) == len("abs") and name.startswith(n))]
        for known in get_close_matches(name, near, 1, _LIKE_A_TYPING_ERROR):
            self.notes.add(
                sentences.Rank.TYPING_ERROR,
                Sentence(
                    "There is no field {typed}: so I look for the words. Did you mean {field}:?",
                    {"typed": name, "field": known},
                ),
            )


def _shown(lexeme: lexer.Lexeme, term: Term) -> str:
    """Returns a value as people read it: as typed, but categories in arXiv's spelling and ids in lower case."""
    if term.value:
        if term.field.kind is ValueKind.CATEGORY and (code := categories.canonical_category(term.value)):
            return code
        if term.field.kind in (ValueKind.PAPER_ID, ValueKind.NEARNESS, ValueKind.MEANING):
            return term.value
    words = " ".join(lexeme.text.split())
    return (words.strip(_PUNCTUATION) or words) + "*" * term.prefix
