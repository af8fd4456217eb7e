"""Text -> query: chooses the grammar that reads a text, and checks the result.

The parser has its own stack instead of recursion. Each frame of the stack is an open bracket; the first frame is the
whole text. A frame has alternatives. An alternative is a list of parts, all of which a paper must fulfil. A minus or a
field waits for the value or bracket to which it belongs.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from subscriptions import errors
from subscriptions.categories import archive_of
from subscriptions.query import (
    ABOUT,
    FIELDS,
    LEFT_OUT,
    LIKE,
    And,
    Field,
    Fields,
    Leaf,
    Node,
    Not,
    Or,
    Query,
    QueryPart,
    Term,
    ValueKind,
    WordsOfPapers,
    commas,
    excluding,
    expanded,
    joined,
    lexer,
    sentences,
)
from subscriptions.query.lexer import lexemes
from subscriptions.query.values import Values

_OF_WORDS = frozenset({ValueKind.WORDS, ValueKind.NAME, ValueKind.COMBINED})
_SINGLE_QUOTES = re.compile(r"""(?<![\w'’])['‘](\w[^'‘’"()|]*)['’](?!\w)""")


@dataclass(frozen=True, slots=True)
class _Read:
    """A value that the parser has read, with its field."""

    lexeme: lexer.Lexeme
    field: Field | None
    # the field directly before it; None if there is none, or if the field is before the bracket around it
    own_field: lexer.Lexeme | None


@dataclass(slots=True)
class _Frame:
    """An open bracket."""

    before: list[lexer.Lexeme]  # minuses and fields directly before the bracket, which apply to all of its content
    scope: Field | None  # the field of those values in the bracket that have no other field
    alternatives: list[list[QueryPart]] = field(default_factory=lambda: [[]])
    operator: lexer.Lexeme | None = None  # an operator after the last part, which waits for the next part
    last: _Read | None = None  # the last value, if nothing came after it
    excludes: lexer.Lexeme | None = None  # the lexeme (", not") that excludes the present alternatives
    ended: list[QueryPart] = field(default_factory=list)  # the parts before that lexeme
    is_list: bool = False  # whether the alternatives are items of a list


class Parser:
    """Turns lexemes into a part of a query."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.source = values.source
        self.notes: sentences.Notes = values.notes
        self.frames = [_Frame([], None)]
        self.waiting: list[lexer.Lexeme] = []  # minuses and fields before the next value or bracket

    def parse(self, lexemes: Iterable[lexer.Lexeme]) -> QueryPart | None:
        """Returns the part that the lexemes ask for; None if they ask for nothing. Raises QueryError."""
        for lexeme in lexemes:
            self._take(lexeme)
        self._needs_no_value()
        for _ in self.frames[1:]:
            self.notes.add(sentences.Rank.CLOSED, errors.Sentence("I closed the bracket."))
            self._close()
        return self._joined(self.frames[0])

    def _take(self, lexeme: lexer.Lexeme) -> None:
        match lexeme.kind:
            case lexer.LexemeKind.WORD | lexer.LexemeKind.QUOTE | lexer.LexemeKind.LINK:
                self._value(lexeme)
            case lexer.LexemeKind.NOT | lexer.LexemeKind.FIELD:
                is_doubled = self.waiting and self.waiting[-1].kind is lexeme.kind is lexer.LexemeKind.NOT
                if not is_doubled:  # several minuses in a row count as one
                    self.waiting.append(lexeme)
            case lexer.LexemeKind.AND | lexer.LexemeKind.OR:
                self._operator(lexeme)
            case lexer.LexemeKind.BUT_NOT | lexer.LexemeKind.COMMA | lexer.LexemeKind.ITEM:
                self._comma(lexeme)
            case lexer.LexemeKind.STAR:
                self._star(lexeme)
            case lexer.LexemeKind.OPEN:
                self.frames.append(_Frame(self.waiting, self._field()))
                self.waiting = []
            case lexer.LexemeKind.CLOSE:
                self._needs_no_value()
                if len(self.frames) == 1:
                    raise sentences.stray_bracket(self._word_before(lexeme.start), self._column(lexeme))
                self._close()

    # ------------------------------------------------------------------------- values and brackets

    def _value(self, lexeme: lexer.Lexeme) -> None:
        if not lexeme.closed:
            self.notes.add(sentences.Rank.CLOSED, errors.Sentence("I closed the quotation mark."))
        field = self._field()
        if field is LEFT_OUT:
            self._leave_out(lexeme)
            return
        part = self.values.part(lexeme, field)
        if part is None:
            self._needs_no_value(lexeme)
            return
        self._note_neighbours(lexeme)
        own = self.waiting[-1] if self.waiting and self.waiting[-1].kind is lexer.LexemeKind.FIELD else None
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
            self.notes.add(sentences.Rank.DROPPED, errors.Sentence("I left out an empty bracket."))
            return
        # The query around the bracket cannot have fewer alternatives. This check also limits the depth of parts.
        if min(part.form.alternatives, part.opposite.alternatives) > sentences.MAX_ALTERNATIVES:
            raise sentences.too_many_alternatives()
        self._add(part, self.waiting)
        self.waiting = []

    def _comma(self, comma: lexer.Lexeme) -> None:
        """Begins an item of a list, or begins or ends an exclusion: `a OR b, not c, d` means `(a OR b) -c d`."""
        frame = self.frames[-1]
        if comma.kind is lexer.LexemeKind.COMMA and frame.excludes is None:
            return
        self._needs_no_value()
        if comma.kind is lexer.LexemeKind.ITEM:
            frame.is_list = True
            frame.alternatives.append([])
            frame.last = None
            return
        self._end_item(frame)
        frame.excludes = comma if comma.kind is lexer.LexemeKind.BUT_NOT else None

    def _joined(self, frame: _Frame) -> QueryPart | None:
        self._end_item(frame)
        return joined(And, frame.ended) if frame.ended else None

    def _end_item(self, frame: _Frame) -> None:
        if frame.operator:
            self._note_dropped(frame.operator)
        alternatives = [joined(And, parts) for parts in frame.alternatives if parts]
        if frame.is_list and len(alternatives) > 1:
            count = {"count": len(alternatives)}
            hint = errors.Sentence("I look for any of these {count}. For all of them leave out the commas.", count)
            self.notes.add(sentences.Rank.LIST, hint)
        if alternatives:
            part = joined(Or, alternatives)
            frame.ended.append(excluding(part, self._column(frame.excludes)) if frame.excludes else part)
        elif frame.excludes:
            self._note_dropped(frame.excludes)
        frame.alternatives, frame.operator, frame.last = [[]], None, None

    def _add(self, part: QueryPart, before: list[lexer.Lexeme]) -> None:
        signs = [lexeme for lexeme in before if lexeme.kind is lexer.LexemeKind.NOT]
        if len(signs) % 2:  # two minuses with a field between them cancel each other: -ti:-x means ti:x
            part = excluding(part, self._column(signs[0]))
        frame = self.frames[-1]
        if frame.operator and frame.operator.kind is lexer.LexemeKind.OR and frame.alternatives[-1]:
            frame.alternatives.append([])
        frame.alternatives[-1].append(part)
        frame.operator = frame.last = None

    def _field(self) -> Field | None:
        """Returns the field of the next value: the last one before it, or the field of the bracket around it."""
        for lexeme in reversed(self.waiting):
            if lexeme.kind is lexer.LexemeKind.FIELD:
                return lexeme.field
        return self.frames[-1].scope

    # -------------------------------------------------------------- what has no meaning

    def _operator(self, lexeme: lexer.Lexeme) -> None:
        self._needs_no_value()
        frame = self.frames[-1]
        if frame.operator or not frame.alternatives[-1]:
            self._note_dropped(frame.operator or lexeme)
        frame.operator = lexeme  # of several operators in a row, the last counts
        frame.last = None

    def _needs_no_value(self, dropped: lexer.Lexeme | None = None) -> None:
        """Drops the minuses that wait for a value, since no value comes. Raises QueryError if a field waits."""
        for lexeme in reversed(self.waiting):
            if lexeme.field and lexeme.field is not LEFT_OUT:
                raise sentences.no_value(lexeme.text, lexeme.field, self._column(lexeme))
        for lexeme in (*self.waiting, *((dropped,) if dropped else ())):
            self._note_dropped(lexeme)
        self.waiting = []

    def _leave_out(self, lexeme: lexer.Lexeme) -> None:
        self.notes.add(
            sentences.Rank.LEFT_OUT,
            errors.Sentence(
                "No digest has comments, journals or report numbers; I left out {value}.", {"value": lexeme.text}
            ),
        )
        self.waiting = []

    def _star(self, lexeme: lexer.Lexeme) -> None:
        last = self.frames[-1].last
        if self.waiting:
            if _is_of_category(self._field()):
                raise sentences.star_in_category("cs", self._column(lexeme))
        elif last and _is_of_category(last.field) and last.lexeme.end == lexeme.start:
            raise sentences.star_in_category(archive_of(last.lexeme.text) or "cs", self._column(last.lexeme))
        self.notes.add(sentences.Rank.STAR, sentences.STRAY_STAR)

    # --------------------------------------------------------------------------------------- hints

    def _note_dropped(self, lexeme: lexer.Lexeme) -> None:
        self.notes.add(sentences.Rank.DROPPED, sentences.says_nothing(self.source.text[lexeme.start : lexeme.end]))

    def _note_neighbours(self, lexeme: lexer.Lexeme) -> None:
        """Notes a hint if a space between two words looks like a mistake: `GPT -4` and `author:Jane Doe`."""
        last = self.frames[-1].last
        if last is None or lexeme.kind is not lexer.LexemeKind.WORD or last.lexeme.kind is not lexer.LexemeKind.WORD:
            return
        first, second = last.lexeme.text, lexeme.text
        if not self.waiting and last.own_field and last.field and last.field.kind in _OF_WORDS:
            name = last.own_field.text
            is_name = last.field.kind is ValueKind.NAME
            both = f'{name}:"{first} {second}"' if is_name else f"{name}:({first} {second})"
            self.notes.add(
                sentences.Rank.ONE_VALUE,
                errors.Sentence(
                    "{field}: holds for {first} only, {second} is a word. For both write {both}",
                    {"field": name, "first": first, "second": second, "both": both},
                ),
            )
        signs = [sign for sign in self.waiting if self.source.text[sign.start] == "-"]
        if signs and signs == self.waiting and second[:1].isdigit() and last.lexeme.end + 1 == signs[0].start:
            self.notes.add(
                sentences.Rank.SIGN,
                errors.Sentence(
                    "I read -{second} as: not {second}. For the name write {name}",
                    {"second": second, "name": f"{first}-{second}"},
                ),
            )

    def _column(self, lexeme: lexer.Lexeme) -> int:
        return self.source.columns[lexeme.start]

    def _word_before(self, position: int) -> str:
        words = re.findall(r"[^\W_ʼ]+", self.source.text[:position])
        return words[-1] if words else ""


def _is_of_category(field: Field | None) -> bool:
    return field is not None and field.kind is ValueKind.CATEGORY


# ------------------------------------------------------------------------------------------- which grammar reads a text


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
    except errors.QueryError:
        return None


def texts_asked(text: str) -> tuple[str, ...]:
    """Returns the texts whose vectors a typed query needs (`about:`); () for a text that is no query."""
    query = query_of(text)
    return query.asked if query else ()


def parse_canonical(text: str, fields: Fields = FIELDS) -> Query:
    """Returns the query of a canonical text (`Query.canonical`), which may have any length. Raises QueryError."""
    source = lexer.typed(text)
    found = lexemes(source.text, 0, len(source.text), fields)
    return _query(text, Values(source, sentences.Notes(), fields, is_canonical=True), found)


def _lexemes(source: lexer.Typed, notes: sentences.Notes, fields: Fields) -> Iterator[lexer.Lexeme]:
    phrase = _SINGLE_QUOTES.search(source.text)
    if phrase and " " in phrase[1]:
        hint = errors.Sentence(
            "Single quotes are apostrophes. For the phrase write {phrase}", {"phrase": f'"{phrase[1]}"'}
        )
        notes.add(sentences.Rank.PHRASE, hint)
    return commas.lexemes_with_exclusions(source.text, notes, fields)


def _query(text: str, values: Values, found: Iterable[lexer.Lexeme]) -> Query:
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
        notes.add(sentences.Rank.NEVER, errors.Sentence("This wants and excludes the same, so it finds nothing."))
    return Query(text, part.form.text, alternatives, notes.hints(), part.node, values.fields)


def _is_excluded(node: Node) -> bool:
    """Returns whether a query excludes terms and wants none."""
    return all(isinstance(part, Not) for part in (node.nodes if isinstance(node, And) else (node,)))


# -------------------------------------------- the words of papers that queries name (`like:`): kept in canonical texts


def papers_named_in(query: Query) -> tuple[str, ...]:
    """Returns the values of `like:` in a query, each once. A value has the ids of papers, separated by commas."""
    return tuple(dict.fromkeys(term.value for term in query.terms if term.field is LIKE))


def columns_asked(query: Query) -> dict[str, int]:
    """Returns the texts of `about:` in a query, each with the column in which it begins first."""
    found: dict[str, int] = {}
    nodes = [query.tree]
    while nodes:
        node = nodes.pop()
        if isinstance(node, Leaf):
            if node.term.field is ABOUT:
                found[node.term.value] = min(node.column, found.get(node.term.value, node.column))
        else:
            nodes += [node.node] if isinstance(node, Not) else node.nodes
    return found


def asks_for_nearness(text: str) -> bool:
    """Returns whether a text is a query for papers near to papers that it names (`like:`)."""
    return bool(papers_of_wish(text))


def papers_of_wish(text: str) -> tuple[str, ...]:
    """Returns the ids of the papers that a query of nearness names; () if the text is not a query of nearness."""
    query = query_of(text)
    named = papers_named_in(query) if query else ()
    return tuple(dict.fromkeys(name for value in named for name in value.split(",")))


def words_kept(canonicals: Iterable[str]) -> dict[str, WordsOfPapers]:
    """Returns value of `like:` → words of its papers, for all values in these canonical texts."""
    texts = [text for text in canonicals if LIKE.canonical_prefix in text]
    return {term.value: term.near for text in texts for term in parse_canonical(text).terms if term.near}


def asked_beside(text: str, canonicals: Iterable[str]) -> Query:
    """Returns the query of a typed text in a chat that already has the queries `canonicals`. Raises QueryError.

    If these queries name the same papers (`like:`), the new query gets the same words of these papers.
    """
    query = parse_query(text)
    return parse_query(text, FIELDS.knowing(words_kept(canonicals))) if papers_named_in(query) else query


# ----------------------------------------------------------------------------------- writes a value so that it is read alike


PLAIN = re.compile(r"[^\W_][\w.'’+#/-]*")
# such a word is in quotes, so that it is read as a word
_LIKE_OPERATOR = re.compile(rf"(?:and|or|且|或)$|{commas.EXCLUDES}", re.VERBOSE)


def written_value(leaf: Leaf) -> str:
    """Returns the value of a leaf as people type it after the field; "" if it cannot be typed."""
    return next((form for form in _forms(leaf) if _means(leaf.term.field.prefix + form, leaf.term)), "")


def _forms(leaf: Leaf) -> Iterator[str]:
    """Yields ways to write a value. The first is the most similar to the typed value."""
    words = " ".join(leaf.words.replace('"', " ").split())
    if leaf.term.field.kind in (ValueKind.NEARNESS, ValueKind.MEANING):
        yield from (words, f'"{words}"')
        return
    forms = ["-".join(words.split())] if leaf.term.prefix else [words, f'"{words}"']
    if leaf.quoted or not PLAIN.fullmatch(words) or _LIKE_OPERATOR.match(words):
        forms.reverse()
    exact = "=" * leaf.term.exact
    yield from (exact + form for form in forms)
    yield leaf.canonical.removeprefix(leaf.term.field.canonical_prefix)


def _means(text: str, term: Term) -> bool:
    """Returns whether a text is a query of one value with exactly this term."""
    field = term.field
    fields = FIELDS if field.is_bare or field in FIELDS else FIELDS.also(field)
    fields = fields.knowing({term.value: term.near}) if term.near else fields
    fields = fields.asking({term.value: term.question}) if term.question else fields
    query = query_of(text, fields)
    return query is not None and isinstance(query.tree, Leaf) and query.tree.term == term
