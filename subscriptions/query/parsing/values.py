"""A word, quote or link in its field -> a part of the query, its refusal, and hints about how it was read."""

import re

from subscriptions.categories.names import categories_named
from subscriptions.categories.tree import archive_of, canonical_category, is_category, successor
from subscriptions.errors import Sentence
from subscriptions.query.identifiers import read_doi
from subscriptions.query.parsing.lexer import FIELDS, Kind, Lexeme
from subscriptions.query.parsing.meanings import (
    UNKNOWN,
    Meaning,
    all_meaning,
    author_meaning,
    bare_id_meaning,
    category_meaning,
    identifier_meaning,
    is_initials,
    letters,
    starred_category,
    text_meaning,
)
from subscriptions.query.parsing.other_engines import note_field, note_word
from subscriptions.query.parsing.parts import Part, joined, leaf_part
from subscriptions.query.parsing.sentences import (
    SHORTEST_PREFIX,
    STRAY_STAR,
    Notes,
    Rank,
    initials_only,
    short_prefix,
    star_in_category,
)
from subscriptions.query.parsing.typed_text import Typed
from subscriptions.query.syntax import Leaf, Or, Term

CATEGORY_FIELDS = frozenset({"category", "primary"})
_IDENTIFIERS = frozenset({"id", "doi", "source"})
_COMMA_IN_WORD = re.compile(r"[^\W_],[^\W\d_]|[^\W\d_],[^\W_]")  # not 1,000
_WORDS_BEHIND = re.compile(r"(?:\s+(?!(?:AND|OR|NOT|ANDNOT)\b)[^\W_][\w-]*(?=[\s,;.)]|$)){1,8}")
_PUNCTUATION = " ,;:.!?'‘’`"
_LIKE_A_TYPING_ERROR = 0.75  # difflib's ratio, from 0 to 1


class Values:
    """Reads values."""

    def __init__(self, source: Typed, notes: Notes) -> None:
        self.source = source
        self.columns = source.columns
        self.notes = notes

    def part(self, lexeme: Lexeme, field: str) -> Part | None:
        """What a value asks for in a field ("" for none); None when it is nothing but punctuation."""
        if lexeme.kind is Kind.LINK and field in ("", "id", "doi"):
            return self._leaf(lexeme, identifier_meaning(lexeme.field, lexeme.text))
        if not field and lexeme.kind is Kind.WORD:
            special = None if lexeme.exact else self._category_or_id(lexeme)
            if special:
                return special
            self._note_word(lexeme)
        if field in CATEGORY_FIELDS:
            return self._leaf(lexeme, self._category(lexeme, field))
        if field in _IDENTIFIERS:
            return self._leaf(lexeme, self._identifier(lexeme, field))
        return self._leaf(lexeme, self._words(lexeme, field or "text"))

    def _leaf(self, lexeme: Lexeme, meaning: Meaning | None) -> Part | None:
        if meaning is None:
            return None
        words, quoted = _shown(lexeme, meaning.term), lexeme.kind is Kind.QUOTE
        return leaf_part(Leaf(meaning.term, words, self.columns[lexeme.start], quoted, meaning.canonical), meaning)

    def _words(self, lexeme: Lexeme, field: str) -> Meaning | None:
        text, exact, star = lexeme.text, lexeme.exact, lexeme.star
        if field == "author":
            meaning = author_meaning(text, exact=exact, star=star)
        elif field == "all":
            meaning = all_meaning(text, exact=exact, star=star)
        else:
            meaning = text_meaning(field, text, exact=exact, star=star)
        if meaning is None:
            return None
        if meaning.term.prefix and letters(text) < SHORTEST_PREFIX:
            raise short_prefix(text, self.columns[lexeme.start])
        if field == "author" and is_initials(meaning.term.tokens):
            raise initials_only(text, self._words_from(lexeme)[len(text.split()) :], self.columns[lexeme.start])
        if star and not meaning.term.prefix and not meaning.term.value:
            self.notes.add(
                Rank.DROPPED,
                Sentence("{word} is found wherever it stands, so the * after it says nothing.", {"word": text}),
            )
        return meaning

    # ---------------------------------------------------------------------------------- categories

    def _category_or_id(self, lexeme: Lexeme) -> Part | None:
        if "." not in lexeme.text and "-" not in lexeme.text and "/" not in lexeme.text:
            return None
        return self._categories(lexeme) or self._bare_id(lexeme)

    def _categories(self, lexeme: Lexeme) -> Part | None:
        """`cs.LG`, `#cs.LG`, `cs.*`, or several joined by +, standing alone as a word."""
        text = (lexeme.text + "*" * lexeme.star).rstrip(",;:")
        codes = [code.removeprefix("#") for code in text.split("+")]
        if not all(map(is_category, codes)) and not all(
            map(is_category, codes := [code.rstrip(".") for code in codes])
        ):
            return None
        found = (self._category(lexeme._replace(text=code, star=False), "category") for code in codes)
        leaves = (self._leaf(lexeme._replace(text=code), m) for code, m in zip(codes, found, strict=True))
        return joined(Or, [leaf for leaf in leaves if leaf])

    def _category(self, lexeme: Lexeme, field: str) -> Meaning | None:
        if lexeme.star:
            meaning = starred_category(field, lexeme.text)
            if meaning is None:
                raise star_in_category(archive_of(lexeme.text) or "cs", self.columns[lexeme.start])
            return meaning
        meaning = category_meaning(field, lexeme.text)
        if meaning:
            self._note_category(meaning.term, lexeme)
        return meaning

    def _note_category(self, term: Term, lexeme: Lexeme) -> None:
        if term.value.startswith(UNKNOWN):
            self.notes.add(Rank.NEVER, self._unknown(term, lexeme))
        elif new := successor(term.value):
            self.notes.add(
                Rank.NEVER,
                Sentence("arXiv closed {old}; its papers are in {new} now.", {"old": term.value, "new": new}),
            )

    def _unknown(self, term: Term, lexeme: Lexeme) -> Sentence:
        """What to write instead of a category that there is not."""
        codes = re.split("[+,]", lexeme.text)
        if len(codes) > 1 and all(map(is_category, codes)):
            return Sentence(
                "There is no category {code}. For any of them write {either}",
                {"code": lexeme.text, "either": " OR ".join(codes)},
            )
        count, named = categories_named(words := self._words_from(lexeme))
        if named:
            label = "cat" if term.field == "category" else term.field
            return Sentence(
                "There is no category {code}. For {name} write {either}",
                {
                    "code": lexeme.text,
                    "name": " ".join(words[:count]),
                    "either": " OR ".join(f"{label}:{code}" for code in named),
                },
            )
        return Sentence(
            'There is no category {code}, so no paper has it. A category looks like {example}; for the words write "{code}".',
            {"code": lexeme.text, "example": "cs.CV"},
        )

    def _words_from(self, lexeme: Lexeme) -> list[str]:
        """The words of a value, and those behind it: "machine" and "learning"."""
        behind = _WORDS_BEHIND.match(self.source.text, lexeme.end) if lexeme.kind is Kind.WORD else None
        return [*lexeme.text.split(), *(behind[0].split() if behind else ())]

    # --------------------------------------------------------------------------------- identifiers

    def _bare_id(self, lexeme: Lexeme) -> Part | None:
        return None if lexeme.star else self._leaf(lexeme, bare_id_meaning(lexeme.text))

    def _identifier(self, lexeme: Lexeme, field: str) -> Meaning | None:
        if lexeme.star:
            self.notes.add(Rank.STAR, STRAY_STAR)
        meaning = identifier_meaning(field, lexeme.text)
        if meaning and meaning.term.field == "id" and not bare_id_meaning(meaning.term.value):
            self.notes.add(
                Rank.NEVER,
                Sentence(
                    "{text} is not an arXiv id, so no paper has it. An id looks like {example}",
                    {"text": lexeme.text, "example": "2601.15529"},
                ),
            )
        return meaning

    # --------------------------------------------------------------------------------------- hints

    def _note_word(self, lexeme: Lexeme) -> None:
        text = lexeme.text
        note_word(text, self.notes)
        if "," in text and _COMMA_IN_WORD.search(text):
            either = " OR ".join(part for part in text.split(",") if part)
            self.notes.add(
                Rank.PHRASE,
                Sentence(
                    "I look for the phrase {phrase}. For any of them write {either}",
                    {"phrase": f'"{text}"', "either": either},
                ),
            )
        if text.startswith("10.") and read_doi(text, 0, len(text)):
            self.notes.add(
                Rank.ONE_VALUE, Sentence("For the paper with this DOI write {query}", {"query": f"doi:{text}"})
            )
        if ":" in text:
            self._note_field(text)

    def _note_field(self, text: str) -> None:
        name, _, rest = text.partition(":")
        name = name.lower()
        if not name.isalpha() or note_field(name, rest, text, self.notes) or len(name) <= len("abs"):
            return
        from difflib import get_close_matches  # noqa: PLC0415 - only needed for a slip of the pen

        # Short names are near to many a word; of them only more letters are a slip ("cats:").
        near = [n for n in FIELDS if len(n) > len("abs") or (len(n) == len("abs") and name.startswith(n))]
        for field in get_close_matches(name, near, 1, _LIKE_A_TYPING_ERROR):
            self.notes.add(
                Rank.TYPING_ERROR,
                Sentence(
                    "There is no field {typed}: so I look for the words. Did you mean {field}:?",
                    {"typed": name, "field": field},
                ),
            )


def _shown(lexeme: Lexeme, term: Term) -> str:
    """A value as people read it: as typed, but codes and identifiers as they are written."""
    if term.field in CATEGORY_FIELDS and (code := canonical_category(term.value)):
        return code
    if term.field in ("id", "doi"):
        return term.value
    words = " ".join(lexeme.text.split())
    return (words.strip(_PUNCTUATION) or words) + "*" * term.prefix
