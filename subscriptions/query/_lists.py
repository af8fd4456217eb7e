"""Lists: `rlhf, dpo, reward model` asks for any of these, each a phrase; `author:Doe, Jane` for one author."""

import re
from collections.abc import Sequence

from subscriptions.errors import QueryError, Sentence
from subscriptions.query._lexer import FIELDS, Kind, Lexeme, lexemes
from subscriptions.query._model import And, Or
from subscriptions.query._parts import Part, joined
from subscriptions.query._sentences import STRAY_STAR, Notes, Rank, no_value, says_nothing, star_in_category
from subscriptions.query._typed import Typed
from subscriptions.query._values import CATEGORY_FIELDS, Values

_COMMAS = re.compile(r"[,，、]")
_OTHER_GRAMMAR = re.compile(r'["()|]')
_ITEM_KINDS = frozenset({Kind.WORD, Kind.LINK, Kind.FIELD, Kind.STAR})
_NAME_PARTS = 2  # last name, first name

Item = list[Lexeme]


def list_items(text: str) -> list[Item] | None:
    """The items of a list of two or more; None when the text is no list (it has operators, brackets or quotes)."""
    if not _COMMAS.search(text) or _OTHER_GRAMMAR.search(text):
        return None
    end = len(text)
    while end and (text[end - 1].isspace() or _COMMAS.match(text[end - 1])):  # a comma at the end says nothing
        end -= 1
    commas = list(_COMMAS.finditer(text, 0, end))
    if any(comma[0] == "," and not text[comma.end()].isspace() for comma in commas):
        return None
    starts = [0, *(comma.end() for comma in commas)]
    ends = [*(comma.start() for comma in commas), end]
    items = [list(lexemes(text, start, stop, FIELDS)) for start, stop in zip(starts, ends, strict=True)]
    filled = [item for item in items if item]
    if any(lexeme.kind not in _ITEM_KINDS for item in filled for lexeme in item):
        return None
    return filled if len(filled) > 1 else None


class Lists:
    """Reads the items of a list."""

    def __init__(self, source: Typed, notes: Notes) -> None:
        self.source = source
        self.notes = notes
        self.values = Values(source.columns, notes)

    def parse(self, items: Sequence[Item]) -> Part | None:
        """Any of the items, or one author; None when they ask for nothing. Raises QueryError."""
        if author := self._author(items):
            return author
        parts = [part for part in map(self._item, items) if part]
        if not parts:
            return None
        if len(parts) > 1:
            self.notes.add(
                Rank.LIST,
                Sentence(
                    "I look for any of these {count}. For all of them leave out the commas.", {"count": len(parts)}
                ),
            )
        return joined(Or, parts)

    def _author(self, items: Sequence[Item]) -> Part | None:
        """`author:Doe, Jane`: two items, the second without a field; the last name stands first."""
        if len(items) != _NAME_PARTS:
            return None
        fields, last_name = _split(items[0])
        if not (fields and fields[-1].field == "author" and last_name):
            return None
        if any(lexeme.kind is Kind.FIELD for lexeme in (*last_name, *items[1])):
            return None
        # The part of the name that ends in a star comes last, where a star stands.
        first, last = sorted([self._phrase(items[1]), self._phrase(last_name)], key=lambda phrase: phrase.star)
        if first.star:
            self.notes.add(Rank.STAR, STRAY_STAR)
        whole = last._replace(
            start=last_name[0].start, text=f"{first.text} {last.text}", exact=first.exact or last.exact
        )
        part = self.values.part(whole, "author")
        if part is None:
            raise self._no_value(fields)
        return part

    def _item(self, item: Item) -> Part | None:
        """A phrase, or a value of any kind; a field inside it begins another one that must hold, too."""
        parts: list[Part] = []
        while item:
            fields, rest = _split(item)
            stop = next((n for n, lexeme in enumerate(rest) if lexeme.kind is Kind.FIELD), len(rest))
            words, item = rest[:stop], rest[stop:]
            if part := self._value(fields, words):
                parts.append(part)
        return joined(And, parts) if parts else None

    def _value(self, fields: Item, words: Item) -> Part | None:
        field = fields[-1].field if fields else ""
        if field in CATEGORY_FIELDS:
            for star in words:
                if star.kind is Kind.STAR:
                    raise star_in_category("cs", self.source.columns[words[0].start])
        found = [lexeme for lexeme in words if lexeme.kind is not Kind.STAR]
        part = None
        if found:
            part = self.values.part(words[0] if len(words) == 1 else self._phrase(words), field)
        if part is None and fields:
            raise self._no_value(fields)
        if part is None:
            self.notes.add(Rank.DROPPED, says_nothing(self.source.text[words[0].start : words[-1].end]))
        return part

    def _no_value(self, fields: Item) -> QueryError:
        return no_value(fields[-1].text, fields[-1].field, self.source.columns[fields[-1].start])

    def _phrase(self, words: Item) -> Lexeme:
        """Several words as one quoted value; its = stands before the first, its star behind the last."""
        found = [lexeme for lexeme in words if lexeme.kind is not Kind.STAR]
        if not found:
            return Lexeme(Kind.QUOTE, words[0].start, words[-1].end)
        first, last = found[0], found[-1]
        if len(found) < len(words) or any(lexeme.star for lexeme in found[:-1]):
            self.notes.add(Rank.STAR, STRAY_STAR)
        text = " ".join(lexeme.text for lexeme in found)
        if first.text in ("or", "and"):
            self.notes.add(
                Rank.LOWER_CASE,
                Sentence(
                    "I look for the phrase {phrase}. In a list leave out the word {word}.",
                    {"phrase": f'"{text}"', "word": first.text},
                ),
            )
        return Lexeme(Kind.QUOTE, first.start, last.end, text, exact=first.exact, star=last.star)


def _split(item: Item) -> tuple[Item, Item]:
    """The fields that an item begins with, and the rest."""
    stop = next((n for n, lexeme in enumerate(item) if lexeme.kind is not Kind.FIELD), len(item))
    return item[:stop], item[stop:]
