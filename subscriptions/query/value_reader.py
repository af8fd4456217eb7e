"""Turns the values of one text into parts of a query: which are refused, how mistyped fields and unknown categories are noted."""

import re
from difflib import get_close_matches

from subscriptions import categories
from subscriptions.query import CATEGORY, FIELD_NAMED, TEXT, Field, ValueKind, lexer, links, refusals
from subscriptions.query.lexer import Lexeme, LexemeKind
from subscriptions.query.normal_form import Part, joined, part_of
from subscriptions.query.refusals import Hints, Rank
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


class Values:
    """Turns the values of one text into parts of a query, and notes hints on them."""

    def __init__(self, source: lexer.Typed, chat: int = 0, *, is_canonical: bool = False) -> None:
        self.near: dict[str, None] = {}  # values of nearness, each once
        self.is_canonical = is_canonical  # the text is canonical, so a library has its owner
        self.source = source
        self.columns = source.columns
        self.hints = Hints()
        self.chat = chat  # the id of the chat whose library `like:library` means; 0: nobody's

    def part(self, lexeme: Lexeme, field: Field | None) -> Part | None:
        """Returns what a value asks for in a field; None if the value is only punctuation. Raises QueryError."""
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
        return part_of(Leaf(meaning.term, words, self.columns[lexeme.start], quoted, meaning.canonical))

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
                return self._meaning(lexeme, field)
            case ValueKind.LABEL:
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
        """Returns what `cs.LG`, `#cs.LG`, `cs.*`, several of these joined by +, or an arXiv id ask for; None for other words."""
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
        count, named = categories.categories_named(words)
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
        """Returns the words of a value and the words after it: ["machine", "learning"] for `cat:machine learning`."""
        words = lexeme.text.split()
        if lexeme.kind is LexemeKind.WORD:
            behind = _WORDS_BEHIND.match(self.source.text, lexeme.end)
            words += behind[0].split() if behind else ()
        return words

    def _nearness(self, lexeme: Lexeme, field: Field) -> Meaning | None:
        """Returns the meaning of a value of `like:`. Raises QueryError if it names no paper, or too many."""
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
        """Returns the bare id or DOI of the paper that a text names, or the library with its owner; "" for another text."""
        if self.is_canonical and links.owner_of(name):
            return name
        named = links.named_paper(lexer.fold_value(name))
        if named is None:
            return ""
        return links.library_of(self.chat) if named.value == links.LIBRARY else named.value

    def _meaning(self, lexeme: Lexeme, field: Field) -> Meaning | None:
        return meaning_meaning(field, lexeme.text)

    def _note_word(self, text: str) -> None:
        """Notes a hint if a word without a field may be meant as an operator, a category, a list or a field."""
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
