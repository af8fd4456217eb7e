"""Text → query: brackets, operators, and to which values a field or a minus applies.

A bracket has alternatives. An alternative is a list of parts, all of which a paper must fulfil. A minus or a field
waits for the value or bracket to which it belongs. Open brackets are kept in a list, since a text may have hundreds
inside each other, more than Python calls functions inside each other.
"""

import re
from collections.abc import Sequence

from subscriptions.errors import QueryError
from subscriptions.query import Field, ValueKind, lexer, refusals
from subscriptions.query.commas import lexemes_of
from subscriptions.query.lexer import Lexeme, LexemeKind
from subscriptions.query.normal_form import (
    Part,
    alternatives_of,
    check_alternatives,
    column_of_exclusion,
    excluding,
    joined,
)
from subscriptions.query.refusals import Rank
from subscriptions.query.tree import And, Node, Not, Or, Query
from subscriptions.query.value_reader import Values, letters

_OF_WORDS = frozenset({ValueKind.WORDS, ValueKind.NAME, ValueKind.COMBINED})


def parse_query(text: str, chat: int = 0) -> Query:
    """Return the query that a person typed. Raise only QueryError, which has the column of the mistake.

    `chat` is the id of the chat whose library `like:library` means; 0: nobody's. No text takes long: a query has at
    most 1,000 characters and 64 alternatives.
    """
    if len(text) > refusals.MAX_QUERY_LENGTH:
        raise refusals.too_long()
    values = Values(lexer.plain(lexer.unquoted(lexer.typed(text))), chat)
    return _query(text, values, lexemes_of(values))


def query_of(text: str, chat: int = 0) -> Query | None:
    """Return the query that a person typed; None for a text that `parse_query` refuses."""
    try:
        return parse_query(text, chat)
    except QueryError:
        return None


def texts_asked(text: str) -> tuple[str, ...]:
    """Return the texts whose vectors a typed query needs (`about:`); () for a text that is no query."""
    query = query_of(text)
    return query.asked if query else ()


def papers_named(text: str) -> tuple[str, ...]:
    """Return the names of the papers to which a typed query wants near ones (`like:`).

    () for a text that is no query.
    """
    query = query_of(text)
    return query.named if query else ()


def parse_canonical(text: str) -> Query:
    """Return the query of a canonical text (`Query.canonical`), which may have any length. Raise QueryError."""
    values = Values(lexer.typed(text), is_canonical=True)
    return _query(text, values, list(lexer.lexemes(values.source.text, 0, len(values.source.text))))


def _query(text: str, values: Values, lexemes: Sequence[Lexeme]) -> Query:
    part = _part(values, lexemes)
    if part is None:
        raise refusals.nothing_asked()
    check_alternatives(part.form)
    column = column_of_exclusion(part.node)
    if column is not None:
        raise refusals.only_excludes(column, values.source.text.strip() if _is_excluded(part.node) else "")
    alternatives = alternatives_of(part.form)
    if all(alternative.positive & alternative.negative for alternative in alternatives):
        values.hints.say("This wants and excludes the same, so it finds nothing.", Rank.NEVER)
    return Query(text, part.form.text, alternatives, values.hints.in_order(), part.node, values.chat)


def _is_excluded(node: Node) -> bool:
    """Return whether a query excludes terms and wants none."""
    return all(isinstance(part, Not) for part in (node.nodes if isinstance(node, And) else (node,)))


def _part(values: Values, lexemes: Sequence[Lexeme]) -> Part | None:
    """Return the part that the lexemes ask for; None if they ask for nothing. Raise QueryError."""
    brackets = [_Bracket(values, None)]
    for lexeme in lexemes:
        if lexeme.kind is LexemeKind.OPEN:
            brackets.append(_Bracket(values, brackets[-1].field))
        elif lexeme.kind is not LexemeKind.CLOSE:
            brackets[-1].take(lexeme)
        else:
            brackets[-1].needs_no_value()
            if len(brackets) == 1:
                raise refusals.stray_bracket(_word_before(values, lexeme), values.columns[lexeme.start])
            _close(brackets)
    brackets[-1].needs_no_value()
    while len(brackets) > 1:
        values.hints.say("I closed the bracket.", Rank.CLOSED)
        _close(brackets)
    _note_neighbours(values, lexemes)
    return brackets[0].joined()


def _close(brackets: list["_Bracket"]) -> None:
    """Close the innermost bracket."""
    part = brackets.pop().joined()
    if part is None:
        brackets[-1].needs_no_value()
        brackets[-1].values.hints.say("I left out an empty bracket.", Rank.DROPPED)
        return
    # The query around the bracket cannot have fewer alternatives. This check also limits the depth of parts.
    check_alternatives(part.form, part.opposite)
    brackets[-1].add(part)


class _Bracket:
    """What is in a bracket, or in the whole text."""

    def __init__(self, values: Values, scope: Field | None) -> None:
        self.values = values
        self.scope = scope  # the field of those values inside that have no other field
        self.waiting: list[Lexeme] = []  # minuses and fields before the next value or bracket
        self.alternatives: list[list[Part]] = [[]]
        self.operator: Lexeme | None = None  # an operator after the last part, which waits for the next part
        self.excludes: Lexeme | None = None  # the lexeme (", not") that excludes the present alternatives
        self.ended: list[Part] = []  # the parts before that lexeme

    @property
    def field(self) -> Field | None:
        """The field of the next value: the last one before it, or that of the bracket."""
        for lexeme in reversed(self.waiting):
            if lexeme.field:
                return lexeme.field
        return self.scope

    def take(self, lexeme: Lexeme) -> None:
        match lexeme.kind:
            case LexemeKind.NOT | LexemeKind.FIELD:
                is_doubled = self.waiting and self.waiting[-1].kind is lexeme.kind is LexemeKind.NOT
                if not is_doubled:  # several minuses in a row count as one
                    self.waiting.append(lexeme)
            case LexemeKind.AND | LexemeKind.OR:
                self._operator(lexeme)
            case LexemeKind.BUT_NOT | LexemeKind.COMMA:
                self._comma(lexeme)
            case LexemeKind.ITEM:
                self.needs_no_value()
                self.alternatives.append([])
            case LexemeKind.STAR:
                if self.waiting and self.field and self.field.kind is ValueKind.CATEGORY:
                    raise refusals.star_in_category("cs", self.values.columns[lexeme.start])
                self.values.hints.stray_star()
            case _:
                self._value(lexeme)

    def add(self, part: Part) -> None:
        """Add a value or a bracket, with the minuses that wait for it."""
        signs = [lexeme for lexeme in self.waiting if lexeme.kind is LexemeKind.NOT]
        if len(signs) % 2:  # two minuses with a field between them cancel each other: -ti:-x means ti:x
            part = excluding(part, self.values.columns[signs[0].start])
        if self.operator and self.operator.kind is LexemeKind.OR and self.alternatives[-1]:
            self.alternatives.append([])
        self.alternatives[-1].append(part)
        self.operator, self.waiting = None, []

    def needs_no_value(self) -> None:
        """Drop the minuses that wait for a value, since no value comes. Raise QueryError if a field waits."""
        for lexeme in reversed(self.waiting):
            if lexeme.field:
                raise refusals.no_value(lexeme.text, lexeme.field, self.values.columns[lexeme.start])
        for lexeme in self.waiting:
            self._leave_out(lexeme)
        self.waiting = []

    def joined(self) -> Part | None:
        """Return all that is inside as one part; None if there is nothing."""
        self._end_alternatives()
        if self.ended:
            return joined(And, self.ended)
        return None

    def _value(self, lexeme: Lexeme) -> None:
        if not lexeme.closed:
            self.values.hints.say("I closed the quotation mark.", Rank.CLOSED)
        part = self.values.part(lexeme, self.field)
        if part:
            self.add(part)
        else:
            self.needs_no_value()
            self._leave_out(lexeme)

    def _operator(self, lexeme: Lexeme) -> None:
        self.needs_no_value()
        if self.operator or not self.alternatives[-1]:
            self._leave_out(self.operator or lexeme)
        self.operator = lexeme  # of several operators in a row, the last counts

    def _comma(self, comma: Lexeme) -> None:
        """Begin or end an exclusion: `a OR b, not c, d` means `(a OR b) -c d`."""
        if comma.kind is LexemeKind.COMMA and self.excludes is None:
            return
        self.needs_no_value()
        self._end_alternatives()
        self.excludes = comma if comma.kind is LexemeKind.BUT_NOT else None

    def _end_alternatives(self) -> None:
        if self.operator:
            self._leave_out(self.operator)
        alternatives = [joined(And, parts) for parts in self.alternatives if parts]
        if alternatives and self.excludes:
            self.ended.append(excluding(joined(Or, alternatives), self.values.columns[self.excludes.start]))
        elif alternatives:
            self.ended.append(joined(Or, alternatives))
        elif self.excludes:
            self._leave_out(self.excludes)
        self.alternatives, self.operator = [[]], None

    def _leave_out(self, lexeme: Lexeme) -> None:
        typed = self.values.source.text[lexeme.start : lexeme.end]
        self.values.hints.say("{typed} has no meaning here; I left it out.", Rank.DROPPED, typed=typed)


def _word_before(values: Values, lexeme: Lexeme) -> str:
    words = re.findall(r"[^\W_ʼ]+", values.source.text[: lexeme.start])
    return words[-1] if words else ""


def _note_neighbours(values: Values, lexemes: Sequence[Lexeme]) -> None:
    """Note a hint if a space between two words looks like a mistake: `author:Jane Doe` and `GPT -4`."""
    for before, middle, word in zip(lexemes, lexemes[1:], lexemes[2:], strict=False):
        if not letters(word.text):
            continue
        kinds = (before.kind, middle.kind, word.kind)
        field = before.field
        if field and field.kind in _OF_WORDS and kinds == (LexemeKind.FIELD, LexemeKind.WORD, LexemeKind.WORD):
            both = f"{middle.text} {word.text}"
            values.hints.say(
                "{field}: holds for {first} only, {second} is a word. For both write {both}",
                Rank.ONE_VALUE,
                field=before.text,
                first=middle.text,
                second=word.text,
                both=before.text + (f':"{both}"' if field.kind is ValueKind.NAME else f":({both})"),
            )
        is_sign = middle.text == "-" and middle.start == before.end + 1 and word.text[:1].isdigit()
        if is_sign and kinds == (LexemeKind.WORD, LexemeKind.NOT, LexemeKind.WORD):
            values.hints.say(
                "I read -{second} as: not {second}. For the name write {name}",
                Rank.SIGN,
                second=word.text,
                name=f"{before.text}-{word.text}",
            )
