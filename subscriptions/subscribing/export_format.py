"""Subscriptions as text, to edit, import and put into links.

In the store and in exports, each name and each query is on one line and has no control characters.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from subscriptions import errors, model
from subscriptions.chats.addresses import parse_address
from subscriptions.chats.settings import check_value, setting_name
from subscriptions.query.parse import parse_query
from subscriptions.query.tree import Query
from subscriptions.schedule.times import read_when
from subscriptions.schedule.zones import zone_name
from subscriptions.text.cutting import cut_letters
from subscriptions.text.escaping import CONTROLS

_BAR = "|"
BAR = f" {_BAR} "
MOST_LINES = 500  # lines that a chat may import at once
_QUOTED = 80  # most characters of a refused line that the error quotes
_NUMBERED = 10  # further refused lines whose numbers the error lists
_MARK = "\ufeff"  # the byte order mark: at the beginning of a file, and inside a file that was joined from several
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
LONGEST_NAME = 60  # most characters of a subscription's name
# A link that opens the bot contains the query itself, and passes it to /start. So nothing is stored, and the link works for
# ever. The strictest platform allows 64 characters there: letters, digits, `_` and `-`.
_LINK, _LONGEST_LINK = "sub-", 64


class KeptText(NamedTuple):
    """The stored form of a query: the text on one line, and the canonical text."""

    text: str
    canonical: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PortableLine:
    """One line that was read: a subscription, a setting, or the kind of the chat."""

    number: int
    text: str
    chat: model.ChatAddress
    setting: tuple[str, str] | None = None
    kind: model.ChatKind | None = None
    cadence: model.Cadence | None = None
    zone: str | None = None  # None: not named
    query: KeptText | None = None
    name: str | None = None  # None: not named

    def refused(self, why: errors.Sentence, hint: errors.Sentence) -> errors.Refused:
        """Return the error that says that this line cannot be applied."""
        return refused_line(self.number, self.text, why, hint)


def subscription_line(chat: model.Chat, subscription: model.Subscription) -> str:
    """Return a line such as `daily 09:00 Europe/Berlin | diffusion -survey | name`; the name may be empty."""
    when = str(subscription.cadence)
    own = chat.settings.timezone
    if subscription.cadence.kind != "now":
        when += f" {subscription.zone or own}"
    elif subscription.zone and subscription.zone != own:  # `now` needs no zone, but a later schedule may
        when += f" {subscription.zone}"
    return f"{when}{BAR}{one_line(subscription.text)}{BAR}{mended_name(subscription.name)}"


def text_of(data: bytes) -> str:
    """Return the text of a file: UTF-8, or UTF-16 with a byte order mark, as some shells write it.

    Raise UnicodeDecodeError, whose `start` is the position of the first byte that is not text.
    """
    text = data.decode("utf-16" if data[:2] in _UTF_16 else "utf-8")
    if "\0" in text:
        at = data.index(b"\0")
        raise UnicodeDecodeError("utf-8", data, at, at + 1, "no text holds this")
    return text


def read_lines(text: str, address: model.ChatAddress | None = None, *, alone: bool = False) -> tuple[PortableLine, ...]:
    """Return the lines of an export, without empty lines and comments ("# …").

    Raise Refused, which names the lines that cannot be read. `address` is the chat of all lines; if it is None, lines
    [CHAT] name the chats. `alone` says that the text was sent in the chat `address`: a line [CHAT] may then name only
    this chat, its kind is ignored, and more than MOST_LINES lines are refused.
    """
    lines: list[PortableLine] = []
    wrong: list[tuple[int, errors.Refused]] = []
    chat: model.ChatAddress | None = address
    is_readable = True  # False below a heading [CHAT] that names no chat: the lines below it are skipped
    for number, said in _numbered(text):
        try:
            if said.startswith("[") and said.endswith("]"):
                is_readable, chat = False, None
                named = parse_address(said[1:-1])
                if address is not None and (not alone or named != address):
                    raise _of_another_chat(alone=alone)
                chat = named
            elif chat is not None:
                line = _line(number, said, chat)
                if line.kind is None or not alone:  # the platform tells the kind of this chat
                    lines.append(line)
            elif is_readable:
                is_readable = False  # reports only the first of the lines before the first heading
                raise errors.Refused(
                    errors.Sentence("it belongs to no chat."),
                    errors.Sentence("Say --as CHAT, or put a line [CHAT] above it."),
                )
        except errors.PaperwireError as error:
            wrong.append((number, refused_line(number, said, error.sentence, error.hint)))
    if wrong:
        raise _refused_lines(wrong)
    if alone and len(lines) > MOST_LINES:
        raise errors.Refused(
            errors.Sentence("That is {count} lines, and {most} is what I take at once.", {
                "count": len(lines), "most": MOST_LINES
            }),
            errors.Sentence("Send it in parts."),
        )  # fmt: skip
    return tuple(lines)


def _numbered(text: str) -> Iterator[tuple[int, str]]:
    """Yield (number, line) for each line that is neither empty nor a comment ("# …")."""
    raw = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, line in enumerate(raw, 1):
        said = line.strip().lstrip(_MARK).strip()
        if said and said != "#" and not said.startswith("# "):
            yield number, said


def _refused_lines(wrong: Sequence[tuple[int, errors.Refused]]) -> errors.Refused:
    """Return one error for all unreadable lines, which explains the first and lists the numbers of the others."""
    (_, first), *others = wrong
    if not others:
        return first
    numbers = ", ".join(str(number) for number, _ in others[:_NUMBERED])
    values = {"first": first.sentence, "numbers": numbers, "count": len(others) - _NUMBERED}
    if len(others) <= _NUMBERED:
        return errors.Refused(errors.Sentence("{first} Other lines that cannot: {numbers}.", values), first.hint)
    return errors.Refused(
        errors.Sentence("{first} Other lines that cannot: {numbers} and {count} more.", values), first.hint
    )


def refused_line(number: int, text: str, why: errors.Sentence, hint: errors.Sentence) -> errors.Refused:
    """Return the error for a line, which tells the line's number and beginning, and what is wrong with the line."""
    shown = cut_letters(one_line(text), _QUOTED)
    return errors.Refused(
        errors.Sentence("Line {number} cannot be imported: {why} It says: “{line}”.", {
            "number": number, "why": why, "line": shown
        }),
        hint,
    )  # fmt: skip


def _of_another_chat(*, alone: bool) -> errors.Refused:
    if alone:
        return errors.Refused(
            errors.Sentence("it is for another chat, and here only this one can be changed."),
            errors.Sentence("Leave out the lines that begin with [ and what belongs to them."),
        )
    return errors.Refused(
        errors.Sentence("the text names its chats itself, and --as names one, too."),
        errors.Sentence("Leave out --as, or all lines [CHAT]."),
    )


def _line(number: int, said: str, chat: model.ChatAddress) -> PortableLine:
    """Read `set NAME VALUE`, or a subscription. `set kind broadcast` is no setting: it tells the kind of the chat."""
    first, name, value = (*said.split(maxsplit=2), "", "")[:3]
    if first != "set" or _BAR in said:
        return _subscription(number, said, chat)
    if name == "kind":
        if value not in tuple(model.ChatKind):
            raise errors.Refused(
                errors.Sentence("“{value}” is not a value for {name}.", {"value": value, "name": name}),
                errors.Sentence("Possible: {possible}.", {"possible": ", ".join(model.ChatKind)}),
            )
        return PortableLine(number=number, text=said, chat=chat, kind=model.ChatKind(value))
    return PortableLine(number=number, text=said, chat=chat, setting=(name, _possible(name, value)))


def _possible(name: str, value: str) -> str:
    """Return a value of a setting if any chat may have it. Raise Refused."""
    wrong: errors.Refused | None = None
    for kind in model.ChatKind:
        try:
            check_value(setting_name(name), value, kind=kind)
        except errors.Refused as error:
            wrong = wrong or error
        else:
            return value
    assert wrong is not None  # noqa: S101 - there are kinds
    raise wrong


def _subscription(number: int, said: str, chat: model.ChatAddress) -> PortableLine:
    """Read `WHEN | QUERY | NAME` or `WHEN | QUERY`. Take the first of the `_readings` whose WHEN is a time."""
    wrong: errors.PaperwireError | None = None
    for when, query, name in _readings(said):
        try:
            cadence, zone = _when(when)
        except errors.PaperwireError as error:
            wrong = wrong or error
            continue
        called = None if name is None else checked_name(name)
        read = kept_query(query.strip())
        kept = KeptText(read.text, read.canonical)
        return PortableLine(number=number, text=said, chat=chat, cadence=cadence, zone=zone, query=kept, name=called)
    raise wrong or errors.Refused(
        errors.Sentence("it is not WHEN | QUERY | NAME."),
        errors.Sentence("For example: daily 09:00 UTC | diffusion -survey | "),
    )


def _readings(said: str) -> Iterator[tuple[str, str, str | None]]:
    """Yield (WHEN, QUERY, NAME or None) for each way of splitting a line, the most certain first.

    A line of an export is split at its first and its last " | ", since only the query may contain this text. In a line
    that a person wrote, the name or the spaces may be missing.
    """
    if _BAR not in said:
        said = said.replace("｜", _BAR)
    if said.endswith(_BAR):  # the name is empty, and some editors remove the space at the end of a line
        said = said[:-1].rstrip() + BAR
    for bar in (BAR, _BAR):
        first, last = said.find(bar), said.rfind(bar)
        if first >= 0:
            has_name = last > first
            query = said[first + len(bar) : last if has_name else None]
            yield said[:first], query, said[last + len(bar) :] if has_name else None


@lru_cache(maxsize=1024)
def _when(text: str) -> tuple[model.Cadence, str | None]:
    """Read a schedule with its zone, as exports write it or as people type it: (cadence, zone or None).

    Raise Refused.
    """
    written, _, last = " ".join(text.split()).rpartition(" ")
    with suppress(errors.Refused):
        cadence = read_when(written).cadence
        if str(cadence) == written:
            return cadence, zone_name(last)
    read = read_when(text)
    return read.cadence, read.zone or None


def checked_name(typed: str) -> str:
    """Return the name of a subscription as it is stored; "" for no name. Raise Refused."""
    name = typed.strip()
    if CONTROLS.search(name):
        raise errors.Refused(errors.Sentence("A name is one line, without control characters."), _EXAMPLE)
    name = one_line(name)
    if _BAR in name or len(name) > LONGEST_NAME:
        raise errors.Refused(
            errors.Sentence("A name has at most {most} characters, and no |.", {"most": LONGEST_NAME}), _EXAMPLE
        )
    return name


def mended_name(name: str) -> str:
    """Return the most similar name that `checked_name` accepts. Use it for names that are made from other texts."""
    return one_line(name.replace(_BAR, " "))[:LONGEST_NAME].rstrip()


def kept_query(typed: str) -> Query:
    """Read a typed query and puts its text on one line. Raise QueryError with the column in the typed text."""
    query = parse_query(typed)
    text = one_line(typed)
    return query if text == typed else parse_query(text)


def one_line(text: str) -> str:
    """Return the text on one line: each run of spaces, line ends and control characters becomes one space."""
    return " ".join(CONTROLS.sub(" ", text).split())


_EXAMPLE = errors.Sentence("For example: {example}", {"example": "diffusion"})


def link_payload(text: str) -> str:
    """Encode a query, which may end with a time, for a link that offers it; "" if it is too long for a link."""
    payload = _LINK + urlsafe_b64encode(" ".join(text.split()).encode()).decode().rstrip("=")
    return payload if len(payload) <= _LONGEST_LINK else ""


def text_of_payload(payload: str) -> str:
    """Return the text that `link_payload` encoded; "" for anything else."""
    if not payload.startswith(_LINK) or len(payload) > _LONGEST_LINK:
        return ""
    encoded = payload.removeprefix(_LINK)
    try:
        text = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except ValueError:
        return ""
    if link_payload(text) == payload and text.isprintable():
        return text
    return ""
