"""Lexemes -> one part: the grammar of the query language, with a stack of its own.

Every frame of the stack is an open bracket, the first one the whole text. In a frame stand alternatives, each a list of
parts that all must hold; signs and fields wait for the value or bracket that they belong to.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from subscriptions.categories.tree import archive_of
from subscriptions.errors import Sentence
from subscriptions.query.parsing.lexer import LEFT_OUT, Kind, Lexeme
from subscriptions.query.parsing.parts import Part, check_bracket, excluding, joined
from subscriptions.query.parsing.sentences import (
    STRAY_STAR,
    Notes,
    Rank,
    no_value,
    says_nothing,
    star_in_category,
    stray_bracket,
)
from subscriptions.query.parsing.typed_text import Typed
from subscriptions.query.parsing.values import CATEGORY_FIELDS, Values
from subscriptions.query.syntax import And, Or

_READS_TOGETHER = frozenset({"author", "title", "abstract", "summary", "all"})  # fields whose values are words


@dataclass(frozen=True, slots=True)
class _Read:
    """A value that was read."""

    lexeme: Lexeme
    field: str  # that it stands in
    own: Lexeme | None  # its own field, not one of a bracket around it


@dataclass(slots=True)
class _Frame:
    """An open bracket."""

    before: list[Lexeme]  # signs and fields that wait for the bracket as a whole
    scope: str  # the field in which its values stand, "" for none
    alternatives: list[list[Part]] = field(default_factory=lambda: [[]])
    operator: Lexeme | None = None  # since the last part
    last: _Read | None = None  # the value just before
    excludes: Lexeme | None = None  # the word behind a comma that excludes these alternatives
    ended: list[Part] = field(default_factory=list)  # what stands before that comma


class Parser:
    """Takes lexemes one by one and gives the part that they make."""

    def __init__(self, source: Typed, notes: Notes) -> None:
        self.source = source
        self.notes = notes
        self.values = Values(source, notes)
        self.frames = [_Frame([], "")]
        self.waiting: list[Lexeme] = []  # signs and fields before the next value or bracket

    def parse(self, lexemes: Iterable[Lexeme]) -> Part | None:
        """The part that the lexemes ask for; None when they ask for nothing. Raises QueryError."""
        for lexeme in lexemes:
            self._take(lexeme)
        self._needs_no_value()
        for _ in self.frames[1:]:
            self.notes.add(Rank.CLOSED, Sentence("I closed the bracket."))
            self._close()
        return self._joined(self.frames[0])

    def _take(self, lexeme: Lexeme) -> None:
        match lexeme.kind:
            case Kind.WORD | Kind.QUOTE | Kind.LINK:
                self._value(lexeme)
            case Kind.NOT | Kind.FIELD:
                is_doubled = self.waiting and self.waiting[-1].kind is lexeme.kind is Kind.NOT
                if not is_doubled:  # several signs are one
                    self.waiting.append(lexeme)
            case Kind.AND | Kind.OR:
                self._operator(lexeme)
            case Kind.BUT_NOT | Kind.COMMA:
                self._comma(lexeme)
            case Kind.STAR:
                self._star(lexeme)
            case Kind.OPEN:
                self.frames.append(_Frame(self.waiting, self._field()))
                self.waiting = []
            case Kind.CLOSE:
                self._needs_no_value()
                if len(self.frames) == 1:
                    raise stray_bracket(self._word_before(lexeme.start), self._column(lexeme))
                self._close()

    # ------------------------------------------------------------------------- values and brackets

    def _value(self, lexeme: Lexeme) -> None:
        if not lexeme.closed:
            self.notes.add(Rank.CLOSED, Sentence("I closed the quotation mark."))
        field = self._field()
        if field == LEFT_OUT:
            self._leave_out(lexeme)
            return
        part = self.values.part(lexeme, field)
        if part is None:
            self._needs_no_value(lexeme)
            return
        self._note_neighbours(lexeme)
        own = self.waiting[-1] if self.waiting and self.waiting[-1].kind is Kind.FIELD else None
        self._add(part, self.waiting)
        self.waiting = []
        self.frames[-1].last = _Read(lexeme, field, own)

    def _close(self) -> None:
        """Ends the innermost bracket."""
        frame = self.frames.pop()
        part = self._joined(frame)
        self.waiting = frame.before
        if part is None:
            if frame.scope == LEFT_OUT:
                self.waiting = []
            self._needs_no_value()
            self.notes.add(Rank.DROPPED, Sentence("I left out an empty bracket."))
            return
        check_bracket(part)
        self._add(part, self.waiting)
        self.waiting = []

    def _comma(self, comma: Lexeme) -> None:
        """Begins or ends what is excluded: `a OR b, not c, d` is `(a OR b) -c d`."""
        frame = self.frames[-1]
        if comma.kind is Kind.COMMA and frame.excludes is None:
            return
        self._needs_no_value()
        self._end_item(frame)
        frame.excludes = comma if comma.kind is Kind.BUT_NOT else None

    def _joined(self, frame: _Frame) -> Part | None:
        self._end_item(frame)
        return joined(And, frame.ended) if frame.ended else None

    def _end_item(self, frame: _Frame) -> None:
        if frame.operator:
            self._note_dropped(frame.operator)
        alternatives = [joined(And, parts) for parts in frame.alternatives if parts]
        if alternatives:
            part = joined(Or, alternatives)
            frame.ended.append(excluding(part, self._column(frame.excludes)) if frame.excludes else part)
        elif frame.excludes:
            self._note_dropped(frame.excludes)
        frame.alternatives, frame.operator, frame.last = [[]], None, None

    def _add(self, part: Part, before: list[Lexeme]) -> None:
        signs = [lexeme for lexeme in before if lexeme.kind is Kind.NOT]
        if len(signs) % 2:  # a field between two signs keeps them apart: -ti:-x is ti:x
            part = excluding(part, self._column(signs[0]))
        frame = self.frames[-1]
        if frame.operator and frame.operator.kind is Kind.OR and frame.alternatives[-1]:
            frame.alternatives.append([])
        frame.alternatives[-1].append(part)
        frame.operator = frame.last = None

    def _field(self) -> str:
        """The field of the next value: the innermost wins."""
        for lexeme in reversed(self.waiting):
            if lexeme.kind is Kind.FIELD:
                return lexeme.field
        return self.frames[-1].scope

    # -------------------------------------------------------------- what does not mean anything

    def _operator(self, lexeme: Lexeme) -> None:
        self._needs_no_value()
        frame = self.frames[-1]
        if frame.operator or not frame.alternatives[-1]:
            self._note_dropped(frame.operator or lexeme)
        frame.operator = lexeme  # of adjacent operators the last counts
        frame.last = None

    def _needs_no_value(self, dropped: Lexeme | None = None) -> None:
        """No value comes here: refuses a field that waits for one, drops signs."""
        for lexeme in reversed(self.waiting):
            if lexeme.kind is Kind.FIELD and lexeme.field != LEFT_OUT:
                raise no_value(lexeme.text, lexeme.field, self._column(lexeme))
        for lexeme in (*self.waiting, *((dropped,) if dropped else ())):
            self._note_dropped(lexeme)
        self.waiting = []

    def _leave_out(self, lexeme: Lexeme) -> None:
        self.notes.add(
            Rank.LEFT_OUT,
            Sentence(
                "No digest tells comments, journals or report numbers; I left out {value}.", {"value": lexeme.text}
            ),
        )
        self.waiting = []

    def _star(self, lexeme: Lexeme) -> None:
        last = self.frames[-1].last
        if self.waiting:
            if self._field() in CATEGORY_FIELDS:
                raise star_in_category("cs", self._column(lexeme))
        elif last and last.field in CATEGORY_FIELDS and last.lexeme.end == lexeme.start:
            raise star_in_category(archive_of(last.lexeme.text) or "cs", self._column(last.lexeme))
        self.notes.add(Rank.STAR, STRAY_STAR)

    # --------------------------------------------------------------------------------------- hints

    def _note_dropped(self, lexeme: Lexeme) -> None:
        self.notes.add(Rank.DROPPED, says_nothing(self.source.text[lexeme.start : lexeme.end]))

    def _note_neighbours(self, lexeme: Lexeme) -> None:
        """Two slips that only the blank between two words tells: GPT -4, author:Jane Doe."""
        last = self.frames[-1].last
        if last is None or lexeme.kind is not Kind.WORD or last.lexeme.kind is not Kind.WORD:
            return
        first, second = last.lexeme.text, lexeme.text
        if not self.waiting and last.own and last.field in _READS_TOGETHER:
            name = last.own.text
            both = f'{name}:"{first} {second}"' if last.field == "author" else f"{name}:({first} {second})"
            self.notes.add(
                Rank.ONE_VALUE,
                Sentence(
                    "{field}: holds for {first} only, {second} is a word. For both write {both}",
                    {"field": name, "first": first, "second": second, "both": both},
                ),
            )
        signs = [sign for sign in self.waiting if self.source.text[sign.start] == "-"]
        if signs and signs == self.waiting and second[:1].isdigit() and last.lexeme.end + 1 == signs[0].start:
            self.notes.add(
                Rank.SIGN,
                Sentence(
                    "I read -{second} as: not {second}. For the name write {name}",
                    {"second": second, "name": f"{first}-{second}"},
                ),
            )

    def _column(self, lexeme: Lexeme) -> int:
        return self.source.columns[lexeme.start]

    def _word_before(self, position: int) -> str:
        words = re.findall(r"[^\W_ʼ]+", self.source.text[:position])
        return words[-1] if words else ""
