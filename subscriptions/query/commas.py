"""Replaces commas by operators: a list, one author, several papers, or an exclusion.

Adjacent words of an item are a phrase.

rlhf, dpo, not reward model         any of the items, without the excluded one
author:Doe, Jane                    one author
like:2601.15529, 2601.15530         one value of nearness
"graph neural", not survey, agents  not a list, since it has quotes: only the words after "not" are excluded
"""

import re
from collections.abc import Iterator, Sequence
from itertools import chain, groupby, takewhile

from subscriptions.query import ValueKind
from subscriptions.query.lexer import Lexeme, LexemeKind, lexemes
from subscriptions.query.links import named_paper
from subscriptions.query.refusals import Hints, Rank, star_in_category
from subscriptions.query.value_reader import Values, letters

Item = list[Lexeme]

# "no" excludes, but "No" is a name (author:Kim, No), and "NO" is nitric oxide.
EXCLUDES = r"""(?:
    (?: (?:[Bb]ut\s+)? (?: [Nn]ot | no | [Ww]ithout | [Ee]xcept(?:\s+for)? ) (?=[\s"(]|$) | No(?=\s+[^\s,)]) )
  | 但?(?:不含|不要)
)"""
_EXCLUDED = re.compile(rf"\s*(?P<word>{EXCLUDES})", re.VERBOSE)
_ITEM = re.compile(r"[^\s,，、][^,，、]*")
_NO_LIST = re.compile(r'["()|]|,\S')
_MARK = re.compile(rf'"[^"]*"?|(?P<comma>(?:,(?=\s)|[，、])\s*)(?P<excludes>{EXCLUDES})?', re.VERBOSE)
_MARKS = frozenset({LexemeKind.FIELD, LexemeKind.BUT_NOT})
_IN_ITEMS = _MARKS | {LexemeKind.WORD, LexemeKind.LINK, LexemeKind.STAR}


def lexemes_of(values: Values) -> list[Lexeme]:
    """Return the lexemes of a typed text, with operators for its commas."""
    return _list(values) or list(_with_exclusions(values))


def _list(values: Values) -> list[Lexeme]:
    """Return the lexemes of a list, the excluded items last; [] if the text is not a list of two or more items.

    A text with operators, a minus, brackets or quotes is not a list, nor is one with a comma without a space after it.
    """
    text, hints = values.source.text, values.hints
    end = len(text)
    while end and (text[end - 1].isspace() or text[end - 1] in ",，、"):  # commas at the end mean nothing
        end -= 1
    spans = [item.span() for item in _ITEM.finditer(text, 0, end)]
    if len(spans) < 2 or _NO_LIST.search(text, 0, end):  # noqa: PLR2004 - a list
        return []
    wanted: list[Item] = []
    excluded: list[Item] = []
    for span in spans:
        if word := _EXCLUDED.match(text, *span):
            but_not = Lexeme(LexemeKind.BUT_NOT, *word.span("word"), word["word"])
            excluded.append([but_not, *lexemes(text, word.end(), span[1])])
        elif item := list(lexemes(text, *span)):
            wanted.append(item)
    if any(lexeme.kind not in _IN_ITEMS for item in (*wanted, *excluded) for lexeme in item):
        return []
    if len(wanted) > 1 or _EXCLUDED.match(text):  # else one thing is wanted, whose words are no phrase
        wanted = [_with_phrases(item, values) for item in _as_one_value(wanted, hints)]
    count = sum(any(letters(lexeme.text) for lexeme in item) for item in wanted)
    if count > 1:
        hints.say("I look for any of these {count}. For all of them leave out the commas.", Rank.LIST, count=count)
    found = list(chain.from_iterable([Lexeme(LexemeKind.ITEM, 0, 0), *item] for item in wanted))[1:]
    return [*found, *(lexeme for item in excluded for lexeme in _with_phrases(item, values))]


def _as_one_value(items: list[Item], hints: Hints) -> list[Item]:
    """Join the items of `author:Doe, Jane` and of `like:2601.15529, 2601.15530` to one. Other items stay."""
    if len(items) < 2:  # noqa: PLR2004 - two items
        return items
    fields = list(takewhile(lambda lexeme: lexeme.kind is LexemeKind.FIELD, items[0]))
    values = [items[0][len(fields) :], *items[1:]]
    together = [lexeme for value in values for lexeme in value]
    if not fields or not values[0] or any(lexeme.kind is LexemeKind.FIELD for lexeme in together):
        return items
    kind = fields[-1].field and fields[-1].field.kind
    if kind is ValueKind.NAME and len(values) == 2:  # noqa: PLR2004 - last name, first name
        last, first = values
        # a star has a meaning only at the end
        name = phrase([*last, *first] if first[-1].star else [*first, *last], hints)
        if len(last) > 1 and not name.star:  # only the comma says that the family name has several words
            name = name._replace(text=", ".join(" ".join(lexeme.text for lexeme in part) for part in (last, first)))
        return [[*fields, name._replace(start=last[0].start, exact=first[0].exact or last[0].exact)]]
    if kind is ValueKind.NEARNESS and all(
        lexeme.kind is LexemeKind.WORD and named_paper(lexeme.text) for lexeme in together
    ):
        return [[*fields, together[0]._replace(text=",".join(lexeme.text for lexeme in together))]]
    return items


def _with_phrases(item: Item, values: Values) -> Item:
    """Return the lexemes of an item, adjacent words joined to a phrase. Raise QueryError for a star in a category."""
    found: Item = []
    for are_marks, group in groupby(item, lambda lexeme: lexeme.kind in _MARKS):
        words = list(group)
        has_star = any(lexeme.kind is LexemeKind.STAR for lexeme in words)
        if has_star and found and found[-1].field and found[-1].field.kind is ValueKind.CATEGORY:
            raise star_in_category("cs", values.columns[words[0].start])
        found += words if are_marks or (len(words) == 1 and not has_star) else [phrase(words, values.hints)]
    return found


def _with_exclusions(values: Values) -> Iterator[Lexeme]:
    """Yield the lexemes of a text that is not a list. Its commas mean something only if it has an exclusion."""
    text = values.source.text
    marks = [mark for mark in _MARK.finditer(text) if mark["comma"]]
    if not any(mark["excludes"] for mark in marks):
        marks = []
    ends = [*(mark.start() for mark in marks), len(text)]
    yield from lexemes(text, 0, ends[0])
    for mark, end in zip(marks, ends[1:], strict=True):
        found = list(lexemes(text, mark.end(), end))
        if mark["excludes"]:
            yield Lexeme(LexemeKind.BUT_NOT, *mark.span("excludes"), mark["excludes"])
            words = list(takewhile(lambda lexeme: lexeme.kind is LexemeKind.WORD, found))
            is_item = all(lexeme.kind is LexemeKind.CLOSE for lexeme in found[len(words) :][:1])
            if len(words) > 1 and is_item:
                found = [phrase(words, values.hints), *found[len(words) :]]
        else:
            yield Lexeme(LexemeKind.COMMA, *mark.span("comma"), mark["comma"])
        yield from found


def phrase(words: Sequence[Lexeme], hints: Hints) -> Lexeme:
    """Return adjacent words as one quoted value, with the = of the first word and the star of the last."""
    found = [lexeme for lexeme in words if lexeme.kind is not LexemeKind.STAR]
    if not found:
        return Lexeme(LexemeKind.QUOTE, words[0].start, words[-1].end)
    first, last = found[0], found[-1]
    if len(found) < len(words) or any(lexeme.star for lexeme in found[:-1]):
        hints.stray_star()
    text = " ".join(lexeme.text for lexeme in found)
    if first.text in ("or", "and"):
        hints.say(
            "I look for the phrase {phrase}. In a list leave out the word {word}.",
            Rank.LOWER_CASE,
            phrase=f'"{text}"',
            word=first.text,
        )
    return Lexeme(LexemeKind.QUOTE, first.start, last.end, text, exact=first.exact, star=last.star)
