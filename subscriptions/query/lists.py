"""Lists with commas: `rlhf, dpo, not reward model` asks for any of its items, `author:Doe, Jane` for one author."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from subscriptions.errors import QueryError, Sentence
from subscriptions.query import FIELDS, And, Field, Fields, Or, ValueKind, algebra, sentences
from subscriptions.query.lexer import Lexeme, LexemeKind, lexemes
from subscriptions.query.links import named_paper
from subscriptions.query.values import Values

_COMMAS = re.compile(r"[,，、]")
_OTHER_GRAMMAR = re.compile(r'["()|]')
_ITEM_KINDS = frozenset({LexemeKind.WORD, LexemeKind.LINK, LexemeKind.FIELD, LexemeKind.STAR})
_EXCLUDED = re.compile(rf"\s*(?P<word>{algebra.EXCLUDES})", re.VERBOSE)
_NAME_PARTS = 2  # last name, first name

Item = list[Lexeme]


class Items(NamedTuple):
    """The items of a list."""

    wanted: list[Item]
    excluded: list[tuple[Lexeme, Item]]  # each with the word that excludes it


def list_items(text: str, fields: Fields = FIELDS) -> Items | None:
    """Returns the items of a list of two or more; None if the text is no list.

    A text with operators, a minus, brackets or quotes is no list.
    """
    if not _COMMAS.search(text) or _OTHER_GRAMMAR.search(text):
        return None
    end = len(text)
    while end and (text[end - 1].isspace() or _COMMAS.match(text[end - 1])):  # a comma at the end has no meaning
        end -= 1
    commas = list(_COMMAS.finditer(text, 0, end))
    if any(comma[0] == "," and not text[comma.end()].isspace() for comma in commas):
        return None
    items = Items([], [])
    starts = [0, *(comma.end() for comma in commas)]
    for start, stop in zip(starts, [*(comma.start() for comma in commas), end], strict=True):
        word = _EXCLUDED.match(text, start, stop)
        item = list(lexemes(text, word.end() if word else start, stop, fields))
        if any(lexeme.kind not in _ITEM_KINDS for lexeme in item):
            return None
        if word:
            items.excluded.append((Lexeme(LexemeKind.BUT_NOT, *word.span("word"), word["word"]), item))
        elif item:
            items.wanted.append(item)
    return items if len(items.wanted) + len(items.excluded) > 1 else None


class Lists:
    """Makes a part of the items of a list."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.source = values.source
        self.notes = values.notes

    def parse(self, items: Items) -> algebra.QueryPart | None:
        """Returns any of the items, or one author, without the excluded items; None if they ask for nothing.

        Raises QueryError.
        """
        wanted = self._author(items.wanted) or self._papers(items.wanted) or self._any_of(items.wanted)
        excluded = [part for word, item in items.excluded if (part := self._without(word, item))]
        parts = [wanted, *excluded] if wanted else excluded
        return algebra.joined(And, parts) if parts else None

    def _any_of(self, items: Sequence[Item]) -> algebra.QueryPart | None:
        parts = [part for part in map(self._item, items) if part]
        if len(parts) > 1:
            self.notes.add(
                sentences.Rank.LIST,
                Sentence(
                    "I look for any of these {count}. For all of them leave out the commas.", {"count": len(parts)}
                ),
            )
        return algebra.joined(Or, parts) if parts else None

    def _without(self, word: Lexeme, item: Item) -> algebra.QueryPart | None:
        part = self._item(item)
        if part is None:
            self.notes.add(sentences.Rank.DROPPED, sentences.says_nothing(word.text))
            return None
        return algebra.excluding(part, self.source.columns[word.start])

    def _author(self, items: Sequence[Item]) -> algebra.QueryPart | None:
        """Returns the author of `author:Doe, Jane`: two items, the second without a field. Else None."""
        if len(items) != _NAME_PARTS:
            return None
        fields, last_name = _split(items[0])
        field = _field_of(fields)
        if not (field and field.kind is ValueKind.NAME and last_name):
            return None
        if any(lexeme.kind is LexemeKind.FIELD for lexeme in (*last_name, *items[1])):
            return None
        # The part of the name with a star comes last: only there a star has a meaning.
        names = [algebra.phrase(items[1], self.notes), algebra.phrase(last_name, self.notes)]
        first, last = sorted(names, key=lambda name: name.star)
        if first.star:
            self.notes.add(sentences.Rank.STAR, sentences.STRAY_STAR)
        whole = last._replace(
            start=last_name[0].start, text=f"{first.text} {last.text}", exact=first.exact or last.exact
        )
        part = self.values.part(whole, field)
        if part is None:
            raise self._no_value(fields[-1], field)
        return part

    def _papers(self, items: Sequence[Item]) -> algebra.QueryPart | None:
        """Returns the nearness of `like:2601.15529, 2601.15530`: items that are papers, only the first with a field. Else None."""
        if len(items) < 2:  # noqa: PLR2004 - two papers
            return None
        fields, first = _split(items[0])
        field = _field_of(fields)
        if not (field and field.kind is ValueKind.NEARNESS):
            return None
        papers = [lexeme for item in (first, *items[1:]) for lexeme in item]
        if not all(lexeme.kind is LexemeKind.WORD and named_paper(lexeme.text) for lexeme in papers):
            return None
        return self.values.part(papers[0]._replace(text=",".join(lexeme.text for lexeme in papers)), field)

    def _item(self, item: Item) -> algebra.QueryPart | None:
        """Returns the part of an item: a phrase or another value. A field inside the item begins another value of it."""
        parts: list[algebra.QueryPart] = []
        while item:
            fields, rest = _split(item)
            stop = next((n for n, lexeme in enumerate(rest) if lexeme.kind is LexemeKind.FIELD), len(rest))
            words, item = rest[:stop], rest[stop:]
            if part := self._value(fields, words):
                parts.append(part)
        return algebra.joined(And, parts) if parts else None

    def _value(self, fields: Item, words: Item) -> algebra.QueryPart | None:
        field = _field_of(fields)
        if field and field.kind is ValueKind.CATEGORY:
            for star in words:
                if star.kind is LexemeKind.STAR:
                    raise sentences.star_in_category("cs", self.source.columns[words[0].start])
        found = [lexeme for lexeme in words if lexeme.kind is not LexemeKind.STAR]
        part = None
        if found:
            part = self.values.part(words[0] if len(words) == 1 else algebra.phrase(words, self.notes), field)
        if part is None and field:
            raise self._no_value(fields[-1], field)
        if part is None:
            self.notes.add(
                sentences.Rank.DROPPED, sentences.says_nothing(self.source.text[words[0].start : words[-1].end])
            )
        return part

    def _no_value(self, typed: Lexeme, field: Field) -> QueryError:
        return sentences.no_value(typed.text, field, self.source.columns[typed.start])


def _field_of(fields: Item) -> Field | None:
    """Returns the field right before a value."""
    return fields[-1].field if fields else None


def _split(item: Item) -> tuple[Item, Item]:
    """Returns the fields that an item begins with, and its other lexemes."""
    stop = next((n for n, lexeme in enumerate(item) if lexeme.kind is not LexemeKind.FIELD), len(item))
    return item[:stop], item[stop:]
