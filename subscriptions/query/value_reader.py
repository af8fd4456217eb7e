"""Turns the values of one text into parts of a query: which are refused, how mistyped fields and unknown categories are noted."""

import re
from difflib import get_close_matches

from subscriptions import categories
from subscriptions.errors import Sentence
from subscriptions.query import CATEGORY, FIELDS, ID, TEXT, Field, Fields, ValueKind, lexer, links, sentences
from subscriptions.query.algebra import Form, QueryPart, joined
from subscriptions.query.lexemes_of import Lexeme, LexemeKind
from subscriptions.query.tree import Leaf, Or, Term
from subscriptions.query.values import (
    UNKNOWN,
    Meaning,
    all_meaning,
    bare_id_meaning,
    category_meaning,
    is_initials,
    label_meaning,
    letters,
    meaning_meaning,
    nearness_meaning,
    paper_id_meaning,
    starred_archive,
    words_meaning,
)

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
        self.is_canonical = is_canonical  # the text is canonical, so a library has its owner
        self.source = source
        self.columns = source.columns
        self.notes = notes
        self.fields = fields

    def part(self, lexeme: Lexeme, field: Field | None) -> QueryPart | None:
        """Returns what a value asks for in a field; None if the value is only punctuation. Raises QueryError."""
        if lexeme.kind is LexemeKind.LINK and lexeme.field and (field is None or field.kind is ValueKind.PAPER_ID):
            return self._leaf(lexeme, paper_id_meaning(lexeme.field, lexeme.text))
        if field is None and lexeme.kind is LexemeKind.WORD:
            special = None
            if not lexeme.exact:
                special = self._category_or_id(lexeme)
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

    def _leaf(self, lexeme: Lexeme, meaning: Meaning | None) -> QueryPart | None:
        if meaning is None:
            return None
        words = _shown(lexeme, meaning.term)
        quoted = lexeme.kind is LexemeKind.QUOTE and meaning.term.field.kind is not ValueKind.NEARNESS
        leaf = Leaf(meaning.term, words, self.columns[lexeme.start], quoted, meaning.canonical)
        return QueryPart(leaf, Form(leaf.canonical, Leaf, term=leaf.term))

    def _words(self, lexeme: Lexeme, field: Field) -> Meaning | None:
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

    def _category_or_id(self, lexeme: Lexeme) -> QueryPart | None:
        if "." not in lexeme.text and "-" not in lexeme.text and "/" not in lexeme.text:
            return None
        if found := self._categories(lexeme):
            return found
        if lexeme.star:
            return None
        return self._leaf(lexeme, bare_id_meaning(lexeme.text))

    def _categories(self, lexeme: Lexeme) -> QueryPart | None:
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

    def _category(self, lexeme: Lexeme, field: Field) -> Meaning | None:
        if lexeme.star:
            archive = starred_archive(lexeme.text)
            if archive is None:
                raise sentences.star_in_category(categories.archive_of(lexeme.text) or "cs", self.columns[lexeme.start])
            return category_meaning(field, archive)
        meaning = category_meaning(field, lexeme.text)
        if meaning:
            self._note_category(meaning.term, lexeme)
        return meaning

    def _note_category(self, term: Term, lexeme: Lexeme) -> None:
        if term.value.startswith(UNKNOWN):
            self.notes.add(sentences.Rank.NEVER, self._unknown(term, lexeme))
        elif new := categories.successor(term.value):
            self.notes.add(
                sentences.Rank.NEVER,
                Sentence("arXiv closed {old}; its papers are in {new} now.", {"old": term.value, "new": new}),
            )

    def _unknown(self, term: Term, lexeme: Lexeme) -> Sentence:
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

    def _words_from(self, lexeme: Lexeme) -> list[str]:
        """Returns the words of a value and the words after it: ["machine", "learning"] for `cat:machine learning`."""
        words = lexeme.text.split()
        if lexeme.kind is LexemeKind.WORD:
            behind = _WORDS_BEHIND.match(self.source.text, lexeme.end)
            words += behind[0].split() if behind else ()
        return words

    def _note_star(self, lexeme: Lexeme) -> None:
        if lexeme.star:
            self.notes.add(sentences.Rank.STAR, sentences.STRAY_STAR)

    def _label(self, lexeme: Lexeme, field: Field) -> Meaning | None:
        self._note_star(lexeme)
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

    def _nearness(self, lexeme: Lexeme, field: Field) -> Meaning | None:
        """Returns the meaning of a value of `like:`. Raises QueryError if it names no paper, or too many."""
        if not letters(lexeme.text):
            return None
        self._note_star(lexeme)
        column = self.columns[lexeme.start]
        papers = {self._paper(name) for name in re.split(r"[\s,，、;]+", lexeme.text) if name}
        if "" in papers:
            raise sentences.no_paper(lexeme.text, field, column)
        meaning = nearness_meaning(field, papers)
        self.near[meaning.term.value] = None
        if len(papers) > sentences.MOST_PAPERS or len(self.near) > sentences.MOST_NEAR:
            raise sentences.too_many_papers(column)
        return meaning

    def _paper(self, name: str) -> str:
        """Returns the bare id or DOI of the paper that a text names, or the library with its owner; "" for another text."""
        if self.is_canonical and links.owner_of(name):
            return name
        named = links.named_paper(lexer.fold_value(name))
        if named is None:
            return ""
        return links.library_of(self.fields.chat) if named.value == links.LIBRARY else named.value

    def _meaning(self, lexeme: Lexeme, field: Field) -> Meaning | None:
        self._note_star(lexeme)
        return meaning_meaning(field, lexeme.text)

    def _note_word(self, lexeme: Lexeme) -> None:
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


def _shown(lexeme: Lexeme, term: Term) -> str:
    """Returns a value as people read it: as typed, but categories in arXiv's spelling and ids in lower case."""
    if term.value:
        if term.field.kind is ValueKind.CATEGORY and (code := categories.canonical_category(term.value)):
            return code
        if term.field.kind is ValueKind.NEARNESS:
            return links.without_owner(term.value)
        if term.field.kind in (ValueKind.PAPER_ID, ValueKind.MEANING):
            return term.value
    words = " ".join(lexeme.text.split())
    return (words.strip(_PUNCTUATION) or words) + "*" * term.prefix
