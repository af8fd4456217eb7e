"""Lists: `rlhf, dpo, not reward model` asks for any of these, each a phrase; `author:Doe, Jane` for one author."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from subscriptions.errors import QueryError, Sentence
from subscriptions.query.parsing.commas import EXCLUDES, phrase
from subscriptions.query.parsing.lexer import FIELDS, Kind, Lexeme, lexemes
from subscriptions.query.parsing.parts import Part, excluding, joined
from subscriptions.query.parsing.sentences import STRAY_STAR, Notes, Rank, no_value, says_nothing, star_in_category
from subscriptions.query.parsing.typed_text import Typed
from subscriptions.query.parsing.values import CATEGORY_FIELDS, Values
from subscriptions.query.syntax import And, Or

_COMMAS = re.compile(r"[,，、]")
_OTHER_GRAMMAR = re.compile(r'["()|]')
_ITEM_KINDS = frozenset({Kind.WORD, Kind.LINK, Kind.FIELD, Kind.STAR})
_EXCLUDED = re.compile(rf"\s*(?P<word>{EXCLUDES})", re.VERBOSE)
_NAME_PARTS = 2  # last name, first name

Item = list[Lexeme]


class Items(NamedTuple):
    """What stands between the commas of a list."""

    wanted: list[Item]
    excluded: list[tuple[Lexeme, Item]]  # the word that excludes, and what it excludes


def list_items(text: str) -> Items | None:
    """The items of a list of two or more; None when the text is no list (it has operators, brackets or quotes)."""
    if not _COMMAS.search(text) or _OTHER_GRAMMAR.search(text):
        return None
    end = len(text)
    while end and (text[end - 1].isspace() or _COMMAS.match(text[end - 1])):  # a comma at the end says nothing
        end -= 1
    commas = list(_COMMAS.finditer(text, 0, end))
    if any(comma[0] == "," and not text[comma.end()].isspace() for comma in commas):
        return None
    items = Items([], [])
    starts = [0, *(comma.end() for comma in commas)]
    for start, stop in zip(starts, [*(comma.start() for comma in commas), end], strict=True):
        word = _EXCLUDED.match(text, start, stop)
        item = list(lexemes(text, word.end() if word else start, stop, FIELDS))
        if any(lexeme.kind not in _ITEM_KINDS for lexeme in item):
            return None
        if word:
            items.excluded.append((Lexeme(Kind.BUT_NOT, *word.span("word"), word["word"]), item))
        elif item:
            items.wanted.append(item)
    return items if len(items.wanted) + len(items.excluded) > 1 else None


class Lists:
    """Reads the items of a list."""

    def __init__(self, source: Typed, notes: Notes) -> None:
        self.source = source
        self.notes = notes
        self.values = Values(source, notes)

    def parse(self, items: Items) -> Part | None:
        """Any of the items, or one author, without the excluded; None when they ask for nothing. Raises QueryError."""
        wanted = self._author(items.wanted) or self._any_of(items.wanted)
        excluded = [part for word, item in items.excluded if (part := self._without(word, item))]
        parts = [wanted, *excluded] if wanted else excluded
        return joined(And, parts) if parts else None

    def _any_of(self, items: Sequence[Item]) -> Part | None:
        parts = [part for part in map(self._item, items) if part]
        if len(parts) > 1:
            self.notes.add(
                Rank.LIST,
                Sentence(
                    "I look for any of these {count}. For all of them leave out the commas.", {"count": len(parts)}
                ),
            )
        return joined(Or, parts) if parts else None

    def _without(self, word: Lexeme, item: Item) -> Part | None:
        part = self._item(item)
        if part is None:
            self.notes.add(Rank.DROPPED, says_nothing(word.text))
            return None
        return excluding(part, self.source.columns[word.start])

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
        names = [phrase(items[1], self.notes), phrase(last_name, self.notes)]
        first, last = sorted(names, key=lambda name: name.star)
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
            part = self.values.part(words[0] if len(words) == 1 else phrase(words, self.notes), field)
        if part is None and fields:
            raise self._no_value(fields)
        if part is None:
            self.notes.add(Rank.DROPPED, says_nothing(self.source.text[words[0].start : words[-1].end]))
        return part

    def _no_value(self, fields: Item) -> QueryError:
        return no_value(fields[-1].text, fields[-1].field, self.source.columns[fields[-1].start])


def _split(item: Item) -> tuple[Item, Item]:
    """The fields that an item begins with, and the rest."""
    stop = next((n for n, lexeme in enumerate(item) if lexeme.kind is not Kind.FIELD), len(item))
    return item[:stop], item[stop:]
