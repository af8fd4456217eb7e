"""Text -> query: brackets and operators, what is closed or left out, single quotes as a phrase, hints on likely mistakes.

The parser has its own stack instead of recursion. Each frame of the stack is an open bracket; the first frame is the
whole text. A frame has alternatives. An alternative is a list of parts, all of which a paper must fulfil. A minus or a
field waits for the value or bracket to which it belongs.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from subscriptions.categories import archive_of
from subscriptions.errors import QueryError, Sentence
from subscriptions.query import FIELDS, LEFT_OUT, Field, Fields, ValueKind, commas, lexer, sentences
from subscriptions.query.algebra import QueryPart, excluding, expanded, joined
from subscriptions.query.lexemes_of import Lexeme, LexemeKind, lexemes
from subscriptions.query.tree import And, Node, Not, Or, Query
from subscriptions.query.value_reader import Values

_OF_WORDS = frozenset({ValueKind.WORDS, ValueKind.NAME, ValueKind.COMBINED})
_SINGLE_QUOTES = re.compile(r"""(?<![\w'’])['‘](\w[^'‘’"()|]*)['’](?!\w)""")


@dataclass(frozen=True, slots=True)
class _Read:
    """A value that the parser has read, with its field."""

    lexeme: Lexeme
    field: Field | None
    # the field directly before it; None if there is none, or if the field is before the bracket around it
    own_field: Lexeme | None


@dataclass(slots=True)
class _Frame:
    """An open bracket."""

    before: list[Lexeme]  # minuses and fields directly before the bracket, which apply to all of its content
    scope: Field | None  # the field of those values in the bracket that have no other field
    alternatives: list[list[QueryPart]] = field(default_factory=lambda: [[]])
    operator: Lexeme | None = None  # an operator after the last part, which waits for the next part
    last: _Read | None = None  # the last value, if nothing came after it
    excludes: Lexeme | None = None  # the lexeme (", not") that excludes the present alternatives
    ended: list[QueryPart] = field(default_factory=list)  # the parts before that lexeme
    is_list: bool = False  # whether the alternatives are items of a list


class Parser:
    """Turns lexemes into a part of a query."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.source = values.source
        self.notes: sentences.Notes = values.notes
        self.frames = [_Frame([], None)]
        self.waiting: list[Lexeme] = []  # minuses and fields before the next value or bracket

    def parse(self, lexemes: Iterable[Lexeme]) -> QueryPart | None:
        """Returns the part that the lexemes ask for; None if they ask for nothing. Raises QueryError."""
        for lexeme in lexemes:
            self._take(lexeme)
        self._needs_no_value()
        for _ in self.frames[1:]:
            self.notes.add(sentences.Rank.CLOSED, Sentence("I closed the bracket."))
            self._close()
        return self._joined(self.frames[0])

    def _take(self, lexeme: Lexeme) -> None:
        match lexeme.kind:
            case LexemeKind.WORD | LexemeKind.QUOTE | LexemeKind.LINK:
                self._value(lexeme)
            case LexemeKind.NOT | LexemeKind.FIELD:
                is_doubled = self.waiting and self.waiting[-1].kind is lexeme.kind is LexemeKind.NOT
                if not is_doubled:  # several minuses in a row count as one
                    self.waiting.append(lexeme)
            case LexemeKind.AND | LexemeKind.OR:
                self._operator(lexeme)
            case LexemeKind.BUT_NOT | LexemeKind.COMMA | LexemeKind.ITEM:
                self._comma(lexeme)
            case LexemeKind.STAR:
                self._star(lexeme)
            case LexemeKind.OPEN:
                self.frames.append(_Frame(self.waiting, self._field()))
                self.waiting = []
            case LexemeKind.CLOSE:
                self._needs_no_value()
                if len(self.frames) == 1:
                    raise sentences.stray_bracket(self._word_before(lexeme.start), self._column(lexeme))
                self._close()

    def _value(self, lexeme: Lexeme) -> None:
        if not lexeme.closed:
            self.notes.add(sentences.Rank.CLOSED, Sentence("I closed the quotation mark."))
        field = self._field()
        if field is LEFT_OUT:
            self._leave_out(lexeme)
            return
        part = self.values.part(lexeme, field)
        if part is None:
            self._needs_no_value(lexeme)
            return
        self._note_neighbours(lexeme)
        own = None
        if self.waiting and self.waiting[-1].kind is LexemeKind.FIELD:
            own = self.waiting[-1]
        self._add(part, self.waiting)
        self.waiting = []
        self.frames[-1].last = _Read(lexeme, field, own)

    def _close(self) -> None:
        """Closes the innermost bracket."""
        frame = self.frames.pop()
        part = self._joined(frame)
        self.waiting = frame.before
        if part is None:
            if frame.scope is LEFT_OUT:
                self.waiting = []
            self._needs_no_value()
            self.notes.add(sentences.Rank.DROPPED, Sentence("I left out an empty bracket."))
            return
        # The query around the bracket cannot have fewer alternatives. This check also limits the depth of parts.
        if min(part.form.alternatives, part.opposite.alternatives) > sentences.MAX_ALTERNATIVES:
            raise sentences.too_many_alternatives()
        self._add(part, self.waiting)
        self.waiting = []

    def _comma(self, comma: Lexeme) -> None:
        """Begins an item of a list, or begins or ends an exclusion: `a OR b, not c, d` means `(a OR b) -c d`."""
        frame = self.frames[-1]
        if comma.kind is LexemeKind.COMMA and frame.excludes is None:
            return
        self._needs_no_value()
        if comma.kind is LexemeKind.ITEM:
            frame.is_list = True
            frame.alternatives.append([])
            frame.last = None
            return
        self._end_item(frame)
        frame.excludes = None
        if comma.kind is LexemeKind.BUT_NOT:
            frame.excludes = comma

    def _joined(self, frame: _Frame) -> QueryPart | None:
        self._end_item(frame)
        if frame.ended:
            return joined(And, frame.ended)
        return None

    def _end_item(self, frame: _Frame) -> None:
        if frame.operator:
            self._note_dropped(frame.operator)
        alternatives = [joined(And, parts) for parts in frame.alternatives if parts]
        if frame.is_list and len(alternatives) > 1:
            count = {"count": len(alternatives)}
            hint = Sentence("I look for any of these {count}. For all of them leave out the commas.", count)
            self.notes.add(sentences.Rank.LIST, hint)
        if alternatives:
            part = joined(Or, alternatives)
            frame.ended.append(excluding(part, self._column(frame.excludes)) if frame.excludes else part)
        elif frame.excludes:
            self._note_dropped(frame.excludes)
        frame.alternatives, frame.operator, frame.last = [[]], None, None

    def _add(self, part: QueryPart, before: list[Lexeme]) -> None:
        signs = [lexeme for lexeme in before if lexeme.kind is LexemeKind.NOT]
        if len(signs) % 2:  # two minuses with a field between them cancel each other: -ti:-x means ti:x
            part = excluding(part, self._column(signs[0]))
        frame = self.frames[-1]
        if frame.operator and frame.operator.kind is LexemeKind.OR and frame.alternatives[-1]:
            frame.alternatives.append([])
        frame.alternatives[-1].append(part)
        frame.operator = frame.last = None

    def _field(self) -> Field | None:
        """Returns the field of the next value: the last one before it, or the field of the bracket around it."""
        for lexeme in reversed(self.waiting):
            if lexeme.kind is LexemeKind.FIELD:
                return lexeme.field
        return self.frames[-1].scope

    def _operator(self, lexeme: Lexeme) -> None:
        self._needs_no_value()
        frame = self.frames[-1]
        if frame.operator or not frame.alternatives[-1]:
            self._note_dropped(frame.operator or lexeme)
        frame.operator = lexeme  # of several operators in a row, the last counts
        frame.last = None

    def _needs_no_value(self, dropped: Lexeme | None = None) -> None:
        """Drops the minuses that wait for a value, since no value comes. Raises QueryError if a field waits."""
        for lexeme in reversed(self.waiting):
            if lexeme.field and lexeme.field is not LEFT_OUT:
                raise sentences.no_value(lexeme.text, lexeme.field, self._column(lexeme))
        for lexeme in (*self.waiting, *((dropped,) if dropped else ())):
            self._note_dropped(lexeme)
        self.waiting = []

    def _leave_out(self, lexeme: Lexeme) -> None:
        self.notes.add(
            sentences.Rank.LEFT_OUT,
            Sentence("No digest has comments, journals or report numbers; I left out {value}.", {"value": lexeme.text}),
        )
        self.waiting = []

    def _star(self, lexeme: Lexeme) -> None:
        last = self.frames[-1].last
        if self.waiting:
            if _is_of_category(self._field()):
                raise sentences.star_in_category("cs", self._column(lexeme))
        elif last and _is_of_category(last.field) and last.lexeme.end == lexeme.start:
            raise sentences.star_in_category(archive_of(last.lexeme.text) or "cs", self._column(last.lexeme))
        self.notes.add(sentences.Rank.STAR, sentences.STRAY_STAR)

    def _note_dropped(self, lexeme: Lexeme) -> None:
        self.notes.add(sentences.Rank.DROPPED, sentences.says_nothing(self.source.text[lexeme.start : lexeme.end]))

    def _note_neighbours(self, lexeme: Lexeme) -> None:
        """Notes a hint if a space between two words looks like a mistake: `GPT -4` and `author:Jane Doe`."""
        last = self.frames[-1].last
        if last is None or lexeme.kind is not LexemeKind.WORD or last.lexeme.kind is not LexemeKind.WORD:
            return
        first, second = last.lexeme.text, lexeme.text
        if not self.waiting and last.own_field and last.field and last.field.kind in _OF_WORDS:
            name = last.own_field.text
            is_name = last.field.kind is ValueKind.NAME
            both = f'{name}:"{first} {second}"' if is_name else f"{name}:({first} {second})"
            self.notes.add(
                sentences.Rank.ONE_VALUE,
                Sentence(
                    "{field}: holds for {first} only, {second} is a word. For both write {both}",
                    {"field": name, "first": first, "second": second, "both": both},
                ),
            )
        signs = [sign for sign in self.waiting if self.source.text[sign.start] == "-"]
        if signs and signs == self.waiting and second[:1].isdigit() and last.lexeme.end + 1 == signs[0].start:
            self.notes.add(
                sentences.Rank.SIGN,
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


def _is_of_category(field: Field | None) -> bool:
    return field is not None and field.kind is ValueKind.CATEGORY


def parse_query(text: str, fields: Fields = FIELDS) -> Query:
    """Returns the query that a person typed. Raises only QueryError, which has the column of the mistake.

    No text takes long: a query has at most 1,000 characters and 64 alternatives.
    """
    if len(text) > sentences.MAX_QUERY_LENGTH:
        raise sentences.too_long()
    notes = sentences.Notes()
    source = lexer.typed(text)
    if sentences.is_api_query(source.text):
        source = sentences.converted(source, notes)
        found = lexemes(source.text, 0, len(source.text), fields.also(LEFT_OUT))
    else:
        found = commas.lexemes_of_list(source, notes, fields) or _lexemes(source, notes, fields)
    return _query(text, Values(source, notes, fields), found)


def query_of(text: str, fields: Fields = FIELDS) -> Query | None:
    """Returns the query that a person typed; None for a text that `parse_query` refuses."""
    try:
        return parse_query(text, fields)
    except QueryError:
        return None


def texts_asked(text: str) -> tuple[str, ...]:
    """Returns the texts whose vectors a typed query needs (`about:`); () for a text that is no query."""
    query = query_of(text)
    return query.asked if query else ()


def papers_named(text: str) -> tuple[str, ...]:
    """Returns the names of the papers to which a typed query wants near ones (`like:`); () for a text that is no query."""
    query = query_of(text)
    return query.named if query else ()


def parse_canonical(text: str, fields: Fields = FIELDS) -> Query:
    """Returns the query of a canonical text (`Query.canonical`), which may have any length. Raises QueryError."""
    source = lexer.typed(text)
    found = lexemes(source.text, 0, len(source.text), fields)
    return _query(text, Values(source, sentences.Notes(), fields, is_canonical=True), found)


def _lexemes(source: lexer.Typed, notes: sentences.Notes, fields: Fields) -> Iterator[Lexeme]:
    phrase = _SINGLE_QUOTES.search(source.text)
    if phrase and " " in phrase[1]:
        hint = Sentence("Single quotes are apostrophes. For the phrase write {phrase}", {"phrase": f'"{phrase[1]}"'})
        notes.add(sentences.Rank.PHRASE, hint)
    return commas.lexemes_with_exclusions(source.text, notes, fields)


def _query(text: str, values: Values, found: Iterable[Lexeme]) -> Query:
    part = Parser(values).parse(found)
    source = values.source
    notes = values.notes
    sentences.note_semicolons(source.text, notes)
    if part is None:
        raise sentences.nothing_asked()
    if part.form.alternatives > sentences.MAX_ALTERNATIVES:
        raise sentences.too_many_alternatives()
    if part.only_excludes is not None:
        raise sentences.only_excludes(part.only_excludes, source.text.strip() if _is_excluded(part.node) else "")
    alternatives = expanded(part.form)
    if all(alternative.positive & alternative.negative for alternative in alternatives):
        notes.add(sentences.Rank.NEVER, Sentence("This wants and excludes the same, so it finds nothing."))
    return Query(text, part.form.text, alternatives, notes.hints(), part.node, values.fields)


def _is_excluded(node: Node) -> bool:
    """Returns whether a query excludes terms and wants none."""
    return all(isinstance(part, Not) for part in (node.nodes if isinstance(node, And) else (node,)))
