"""Subscriptions as text that a person can read, edit and bring elsewhere (docs/commands.md, export)."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from subscriptions import cadence as cadences
from subscriptions.errors import PaperwireError, Refused, Sentence
from subscriptions.model import Cadence, Chat, ChatAddress, Subscription
from subscriptions.preferences import check_value, setting_name
from subscriptions.query import parse_query
from subscriptions.service._wishes import find, kind_of, span
from subscriptions.store import Store, Transaction, papers, people

BAR = " | "


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPlan:
    """What an import does, line by line: ("+", new), ("~", changed), ("=", there already), each with its chat."""

    changes: tuple[tuple[str, str, str], ...]  # sign, chat, the line


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One line of an export, understood."""

    number: int
    text: str
    chat: ChatAddress
    setting: tuple[str, str] | None = None
    cadence: Cadence | None = None
    zone: str | None = None
    query: str = ""
    name: str = ""


def export(store: Store, address: ChatAddress | None) -> str:
    """One chat's subscriptions, or with None those of all chats with their settings. Raises NotFound."""
    with store.read() as session:
        if address is not None:
            chat = find(session, store, address)
            return _subscription_lines(chat, people.subscriptions_of(session, [chat.id])[chat.id])
        parts = []
        for chat in people.all_chats(session, zone=store.zone):
            settings = people.chosen_settings(session, chat.id)
            lines = [f"[{chat.address}]", *(f"set {name} {value}" for name, value in sorted(settings.items()))]
            wishes = people.subscriptions_of(session, [chat.id])[chat.id]
            parts.append("\n".join(lines) + "\n" + _subscription_lines(chat, wishes))
        return "\n".join(parts)


def _subscription_lines(chat: Chat, wishes: tuple[Subscription, ...]) -> str:
    return "".join(export_line(chat, s) + "\n" for s in wishes)


def export_line(chat: Chat, subscription: Subscription) -> str:
    """`daily 09:00 Europe/Berlin | diffusion -survey | name`; the name may be empty."""
    when = cadences.cadence_text(subscription.cadence)
    if subscription.cadence.kind != "now":
        when += f" {subscription.zone or chat.settings.timezone}"
    text = " ".join(subscription.text.split())
    return f"{when}{BAR}{text}{BAR}{subscription.name}"


def import_plan(store: Store, text: str, address: ChatAddress | None, *, now: datetime) -> ImportPlan:
    """What `import_text` would do; changes nothing. Raises Refused or QueryError with the line."""
    return _import(store, text, address, now=now, dry=True)


def import_text(store: Store, text: str, address: ChatAddress | None, *, now: datetime) -> ImportPlan:
    """Adds what is new and changes what differs, all or nothing. Nothing is removed."""
    return _import(store, text, address, now=now, dry=False)


def _import(store: Store, text: str, address: ChatAddress | None, *, now: datetime, dry: bool) -> ImportPlan:
    lines = _read(text, address)
    changes: tuple[tuple[str, str, str], ...] = ()
    with suppress(_TriedOut), store.write() as session:
        changes = tuple((_apply(session, store, line, now), str(line.chat), line.text) for line in lines)
        if dry:
            raise _TriedOut
    return ImportPlan(changes=changes)


class _TriedOut(Exception):
    """Everything was done to see what it would do, and is undone."""


def _read(text: str, address: ChatAddress | None) -> list[_Line]:
    lines = []
    chat = address
    for number, raw in enumerate(text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n"), 1):
        line = raw.strip()
        if not line or line == "#" or line.startswith("# "):
            continue
        if line.startswith("[") and line.endswith("]"):
            chat = parse_address(line[1:-1])
            continue
        if chat is None:
            raise _refused(number, "it belongs to no chat", "Say --as CHAT, or put a line [CHAT] above it.")
        lines.append(_read_line(number, raw, chat))
    return lines


def _read_line(number: int, raw: str, chat: ChatAddress) -> _Line:
    if raw.strip().startswith("set "):
        name, _, value = raw.strip()[4:].strip().partition(" ")
        return _Line(number=number, text=raw.strip(), chat=chat, setting=(name, value))
    line = raw.lstrip() + (" " if raw.rstrip().endswith(" |") and not raw.endswith(BAR) else "")
    when, first, rest = line.partition(BAR)
    query, last, name = rest.rpartition(BAR)
    if not first or not last:
        raise _refused(number, "it is not WHEN | QUERY | NAME", "For example: daily 09:00 UTC | diffusion -survey | ")
    words = when.split()
    zone = words.pop() if words and _names_zone(words[-1]) else None
    try:
        cadence = cadences.parse_cadence(" ".join(words))
        zone = cadences.zone_name(zone) if zone else None
    except PaperwireError as error:
        raise _refused(number, str(error), "") from error
    return _Line(number=number, text=raw.strip(), chat=chat, cadence=cadence, zone=zone, query=query, name=name.strip())


def _names_zone(word: str) -> bool:
    """A word of letters with a slash, a zone such as UTC, or an offset; no time, no weekday, no word of a cadence."""
    return "/" in word or word[:1] in "+-" or word.upper() == "UTC" or (word[:1].isupper() and not word.istitle())


def _apply(session: Transaction, store: Store, line: _Line, now: datetime) -> str:
    """Does what one line says; returns its sign."""
    chat = people.find_chat(session, line.chat, zone=store.zone)
    if line.setting is not None:
        return _apply_setting(session, store, line, chat, now)
    if line.cadence is None:  # pragma: no cover - every other line has one
        return "="
    try:
        query = parse_query(line.query)
    except PaperwireError as error:
        raise _refused(line.number, str(error), "") from error
    if chat is None:
        chat = people.add_chat(session, line.chat, kind_of(line.chat), now=now, zone=store.zone)
    own_zone = None if line.zone == chat.settings.timezone else line.zone
    zone = cadences.zone(own_zone or chat.settings.timezone)
    due = span(line.cadence, zone, cadences.first_due(line.cadence, zone, now))
    known = next(
        (s for s in people.subscriptions_of(session, [chat.id])[chat.id] if s.canonical == query.canonical), None
    )
    if known is None:
        since = now - timedelta(days=7 if line.cadence.kind == "weekly" else 1)
        people.add_subscription(
            session,
            chat.id,
            text=line.query.strip(),
            canonical=query.canonical,
            cadence=line.cadence,
            zone=own_zone,
            since=since,
            seen=papers.change_before(session, since),
            due=due,
            name=line.name,
            added_by="import",
        )
        return "+"
    if (known.cadence, known.zone, known.name) == (line.cadence, own_zone, line.name):
        return "="
    people.rename(session, known.id, line.name)
    people.change_schedule(session, known.id, cadence=line.cadence, zone=own_zone, due=due)
    return "~"


def _apply_setting(session: Transaction, store: Store, line: _Line, chat: Chat | None, now: datetime) -> str:
    assert line.setting is not None  # noqa: S101 - the caller looked
    if chat is None:
        chat = people.add_chat(session, line.chat, kind_of(line.chat), now=now, zone=store.zone)
    name, value = line.setting
    try:
        name = setting_name(name)
        value = check_value(name, value, kind=chat.kind)
    except PaperwireError as error:
        raise _refused(line.number, str(error), "") from error
    if people.chosen_settings(session, chat.id).get(name) == value:
        return "="
    people.choose_setting(session, chat.id, name, value)
    return "~"


def parse_address(text: str) -> ChatAddress:
    """A chat as people write it: `telegram:-100123/7`, `slack:T1/C2/171.5`, `console:me`. Raises Refused."""
    platform, colon, rest = text.strip().partition(":")
    if not colon or not rest or platform not in ("console", "web", "telegram", "slack") or any(map(str.isspace, rest)):
        raise Refused(
            Sentence("“{text}” is not a chat.", {"text": text}),
            Sentence(
                "Write console:NAME, web:NAME, telegram:CHAT_ID[/TOPIC_ID] or slack:[TEAM_ID/]CHANNEL_ID[/THREAD_TS]."
            ),
        )
    if platform == "telegram":
        return _telegram_address(text, rest)
    if platform == "slack":
        return _slack_address(text, rest)
    return ChatAddress(platform, rest)


def _telegram_address(text: str, rest: str) -> ChatAddress:
    chat_id, _, topic = rest.partition("/")
    if chat_id.startswith("@") and len(chat_id) > 1:
        return ChatAddress("telegram", chat_id, topic)
    if not chat_id.removeprefix("-").isdecimal() or (topic and not topic.isdecimal()):
        raise Refused(
            Sentence("“{text}” is not a Telegram chat.", {"text": text}),
            Sentence("A Telegram chat is telegram:12345, telegram:-10012345, telegram:-10012345/7 or telegram:@name."),
        )
    return ChatAddress("telegram", chat_id, "" if topic == "1" else topic)  # General has no topic of its own


def _slack_address(text: str, rest: str) -> ChatAddress:
    parts = rest.split("/")
    topic = parts.pop() if len(parts) > 1 and parts[-1][:1].isdigit() else ""
    if not all(part.isalnum() for part in parts) or len(parts) > 2:  # noqa: PLR2004 - team and channel
        raise Refused(
            Sentence("“{text}” is not a Slack chat.", {"text": text}),
            Sentence("A Slack chat is slack:C0123ABCD, slack:T0123ABCD/C0123ABCD, with /THREAD_TS for a thread."),
        )
    return ChatAddress("slack", "/".join(parts), topic)


def _refused(number: int, why: str, hint: str) -> Refused:
    return Refused(
        Sentence("Line {number} cannot be imported: {why}.", {"number": number, "why": why.rstrip(".")}), Sentence(hint)
    )
