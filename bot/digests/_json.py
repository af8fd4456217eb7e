"""Reads JSON digests object by object: JSON lines, or one document; how large an object may be, and what is lost by damage.

How a format uses it:

    detect   `first_items(text)` yields the first objects of the document; then test `any("paper" in item for item in …)`.
             `head_of(text)` is the object that is the whole document, with its arrays empty.
    parse    `json_lines(text, warnings)` reads one object per line; a damaged line loses only that line.
             `json_items(text, warnings)` reads the objects of `[{…}, {…}]`, or `{…}` alone. If a name is given, it reads
             the array of that name: `{"messages": …, "collection": [{…}, {…}]}`.
    read     Each object is a `Record`: `record.text("title")`, `record.texts("authors")`, `record.record("AI")`,
             … A missing field, or one of another type, is empty; no method raises an error for it.
             `entries_of` makes papers of the records, and raises an error if damage leaves none.

Numbers stay as they are written, so `2601.15520` keeps its last digit. If an object has a name twice, the last member
counts. Objects are made one at a time and none may be longer than MOST_CHARACTERS, so a document takes little more memory
than its text.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from json import JSONDecodeError, JSONDecoder

from bot.digests import _format, _lines, _plain_text
from bot.digests._warnings import Warnings
from bot.errors import BrokenDigest
from subscriptions.errors import Sentence
from subscriptions.model import Paper

_DECODER = JSONDecoder(parse_int=str, parse_float=str, parse_constant=lambda _: None, strict=False)
_SPACE = re.compile("[ \t\n\r\ufeff]*")  # a file that was joined to another may begin with a byte order mark
_BEGINNING = re.compile(r'\{[ \t]*"[^"\\]{1,40}"')
# of an object; one with 3000 authors has a quarter of this. The limit bounds memory: `[11,11,…` takes twenty times its
# length
MOST_CHARACTERS = 1 << 20
_WINDOW = 1 << 18  # characters that are decoded at once; for a longer value a part four times as long is decoded
_NEAR = 32  # characters; an error this close to the end of a part may only mean that the part is too short
_TRIES = 8  # attempts to find an object after damage in its line; bounds the time that a long line takes
_FIRST_ITEMS = 10  # objects from which the format is recognised: more than one, since some may be damaged or empty


@dataclass(frozen=True, slots=True)
class Record:
    """A JSON object. Its texts have single spaces, no control characters and no lone surrogates."""

    members: dict[str, object]
    warnings: Warnings

    def __contains__(self, name: str) -> bool:
        return name in self.members

    def text(self, name: str, change: Callable[[str], str] = str) -> str:
        """Returns a text, or a number as it is written; "" for anything else. `change` gets it with its line ends."""
        value = self.members.get(name)
        if isinstance(value, str):
            return self._plain(change(value))
        return ""

    def written(self, name: str) -> str:
        """Returns a text as it is written, with its line ends; "" for anything else."""
        value = self.members.get(name)
        if isinstance(value, str):
            return _plain_text.without_controls(value, self.warnings)
        return ""

    def records(self, name: str) -> list["Record"]:
        """Returns the objects in an array; a member that is an object counts as an array of one."""
        value = self.members.get(name)
        values = value if isinstance(value, list) else [value]
        return [Record(one, self.warnings) for one in values if isinstance(one, dict)]

    def has_text(self, name: str) -> bool:
        """Returns whether a member is a text, which may be empty."""
        return isinstance(self.members.get(name), str)

    def texts(self, name: str) -> list[str]:
        """Returns the texts of an array. A text alone counts as an array of one."""
        value = self.members.get(name)
        values = value if isinstance(value, list) else [value]
        return [text for text in map(self._plain, values) if text]

    def names(self, name: str) -> list[str]:
        """Returns the names in an array of people, who are texts or objects with a `name`.

        Leaves out those with `hidden`.
        """
        value = self.members.get(name)
        people = value if isinstance(value, list) else []
        shown = (one for one in people if not (isinstance(one, dict) and one.get("hidden") is True))
        names = (self._plain(one.get("name") if isinstance(one, dict) else one) for one in shown)
        return list(filter(None, names))

    def record(self, name: str) -> "Record":
        """Returns the member if it is an object, else an object without members."""
        value = self.members.get(name)
        return Record(value if isinstance(value, dict) else {}, self.warnings)

    def _plain(self, value: object) -> str:
        if isinstance(value, str):
            return _plain_text.plain_words(value, self.warnings)
        return ""


def first_items(text: str, member: str = "") -> Iterator[Record]:
    """Yields the first objects that `json_items` finds, at most _FIRST_ITEMS, up to the first damage."""
    with suppress(BrokenDigest):
        yield from islice(json_items(text, Warnings(), member), _FIRST_ITEMS)


def head_of(text: str) -> Record | None:
    """Returns the first object of a document, with its arrays empty; None if it is damaged."""
    scanner = _Scanner(text, Warnings())
    try:
        return Record(scanner.head(), Warnings()) if scanner.next_character() == "{" else None
    except BrokenDigest:
        return None


def json_items(text: str, warnings: Warnings, member: str = "", line: int = 1) -> Iterator[Record]:
    """Yields the objects of a document, or of its array named `member`. Also reads several joined documents.

    The document begins in `line`. Raises BrokenDigest, with the line, if a document breaks off or is damaged.
    """
    scanner = _Scanner(text, warnings, line)
    end = 0  # the line in which the last document ended
    while (character := scanner.next_character()) in ("[", "{"):
        if end == scanner.line():
            warnings.add("glued_line")
        if character == "[":
            yield from scanner.items()
        elif member:
            yield from scanner.items_of(member)
        else:
            yield from scanner.record()
        end = scanner.line()
    if character:
        warnings.add("bad_json_line")


def entries_of(records: Iterator[Record], warnings: Warnings, make: Callable[[Record], Paper | None]) -> list[Paper]:
    """Returns the papers that `make` makes of records, and warns of those of which it makes none.

    Raises BrokenDigest if no paper was read although there were lines or objects.
    """

    def made(record: Record) -> Paper | None:
        entry = make(record)
        if not entry:
            warnings.add("bad_json_line")
        return entry

    entries = list(filter(None, _format.each(records, made, warnings)))
    if not entries and "bad_json_line" in warnings:
        raise _format.nothing_read()
    return entries


def json_lines(text: str, warnings: Warnings) -> Iterator[Record]:
    """Yields the objects of JSON lines. If files were joined, a line may have two objects; both are read."""
    beginning = _BEGINNING.search(text)
    mark = beginning[0] if beginning else '{"'  # all objects that one program writes begin in the same way
    for line in _lines.lines_of(text):
        if line and not line.isspace():
            yield from _records_of_line(line, mark, warnings)


def _records_of_line(line: str, mark: str, warnings: Warnings) -> Iterator[Record]:
    scanner = _Scanner(line, warnings)
    tries, glued = 0, False
    while scanner.next_character():
        start = scanner.at
        try:
            value = scanner.value()
        except BrokenDigest:
            value, tries = None, tries + 1
            again = line.find(mark, start + 1) if tries < _TRIES else -1
            scanner.at = again if again >= 0 else len(line)
        if isinstance(value, dict):
            if glued:
                warnings.add("glued_line")
            yield Record(value, warnings)
        else:
            warnings.add("bad_json_line")
        glued = True


class _Scanner:
    """Reads a text value by value."""

    def __init__(self, text: str, warnings: Warnings, line: int = 1) -> None:
        self.at = 0
        self._text = text
        self._warnings = warnings
        self._counted, self._lines = 0, line  # a place before `at`, and the number of its line
        self._window, self._start = text[:_WINDOW], 0  # a part of the text, and its place

    def next_character(self) -> str:
        """Skips white space and returns the next character, "" at the end."""
        space = _SPACE.match(self._text, self.at)
        if space:
            self.at = space.end()
        return self._text[self.at : self.at + 1]

    def line(self) -> int:
        """Returns the number of the current line."""
        self._lines += self._text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._lines

    def value(self) -> object:
        """Reads and returns the next value. Raises BrokenDigest if it is damaged or longer than MOST_CHARACTERS.

        Decodes only a part of the text, and no part is longer than the limit. So a value beyond the limit takes no more
        memory.
        """
        self.next_character()
        size = _WINDOW
        while True:
            is_last = self._start + len(self._window) >= len(self._text)
            try:
                value, end = _DECODER.raw_decode(self._window, self.at - self._start)
            except JSONDecodeError as error:
                near_end = error.pos > len(self._window) - _NEAR or error.msg.startswith("Unterminated")
                if is_last or not near_end:
                    self.at = self._start + error.pos
                    raise self._broken(error.msg) from None
            except RecursionError:
                raise self._broken("nested too deeply") from None
            else:
                if is_last or end < len(self._window):
                    self.at = self._start + end
                    found: object = value
                    return found
            if size > MOST_CHARACTERS:
                raise self._broken("an object of more than a million signs")
            self._window, self._start = self._text[self.at : self.at + size], self.at
            size *= 4

    def record(self) -> Iterator[Record]:
        """Yields the next value if it is an object; otherwise warns. Raises BrokenDigest."""
        self.next_character()
        value = self.value()
        if isinstance(value, dict):
            yield Record(value, self._warnings)
        else:
            self._warnings.add("bad_json_line")

    def items(self) -> Iterator[Record]:
        """Yields the objects of the array that begins here. Raises BrokenDigest."""
        for _ in self._parts("]"):
            yield from self.record()

    def items_of(self, member: str) -> Iterator[Record]:
        """Yields the objects of the array named `member` in the object that begins here. Raises BrokenDigest.

        `member` may be a path of names with dots; `*` at its end stands for every object of an object.
        """
        first, _, rest = member.partition(".")
        for name in self._names():
            character = self.next_character()
            if first == "*" and character == "{":
                yield from self.record()
            elif name == first and rest and character == "{":
                yield from self.items_of(rest)
            elif name == first and not rest and character == "[":
                yield from self.items()
            else:
                self._value_without_items()

    def head(self) -> dict[str, object]:
        """Returns the members of the object that begins here, with its arrays empty. Raises BrokenDigest."""
        return {name: self._value_without_items() for name in self._names()}

    def _names(self) -> Iterator[str]:
        """Yields the names of the object that begins here. The caller must read the value before it takes the next name."""
        for _ in self._parts("}"):
            name = self.value() if self.next_character() == '"' else None
            if not isinstance(name, str):
                raise self._broken("Expecting property name enclosed in double quotes")
            if self.next_character() != ":":
                raise self._broken("Expecting ':' delimiter")
            self.at += 1
            yield name

    def _value_without_items(self) -> object:
        """Reads the next value. Returns [] for any array."""
        if self.next_character() != "[":
            return self.value()
        for _ in self._parts("]"):
            self.value()
        return []

    def _parts(self, closing: str) -> Iterator[None]:
        """Yields before each part of the array or object that begins here. Each time, the caller must read that part."""
        self.at += 1
        character = self.next_character()
        while character != closing:
            yield
            character = self.next_character()
            if character not in (",", closing):
                raise self._broken("Expecting ',' delimiter")
            self.at += character == ","
        self.at += 1

    def _broken(self, error: str) -> BrokenDigest:
        return BrokenDigest(
            Sentence("The JSON cannot be read beyond line {line} ({error}).", {"line": self.line(), "error": error})
        )
