"""Subscriptions as text that a person can read, edit and bring elsewhere (docs/commands.md, export)."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from subscriptions import cadence as cadences
from subscriptions import zones
from subscriptions.errors import PaperwireError, Refused, Sentence
from subscriptions.model import Cadence, Chat, ChatAddress, KnownPaper, Subscription
from subscriptions.preferences import check_value, setting_name
from subscriptions.query import Query, parse_query
from subscriptions.service._amending import LONGEST_NAME
from subscriptions.service._changes import changing
from subscriptions.service._quiet import FOLLOWED, follow_quiet
from subscriptions.service._wishes import MOST_PER_CHAT, find, follow_zone, kind_of, span
from subscriptions.store import Store, Transaction, outbox, papers, people
from subscriptions.times import When, read_when

BAR = " | "
MOST_LINES = 500  # of one import in a chat


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


@dataclass(slots=True, kw_only=True)
class _Target:
    """A chat that lines are about, as it is by now."""

    chat: Chat
    wishes: dict[str, Subscription]  # by canonical text


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


def delivered(store: Store, address: ChatAddress, *, since: datetime) -> tuple[KnownPaper, ...]:
    """The papers that messages of a chat showed at `since` or later, in the order they came. Raises NotFound."""
    with store.read() as session:
        chat = find(session, store, address)
        ids = outbox.shown_since(session, chat.id, since)
        known = papers.stored_papers(session, ids)
    return tuple(known[paper_id] for paper_id in ids)


def import_plan(
    store: Store, text: str, address: ChatAddress | None, *, now: datetime, alone: bool = False
) -> ImportPlan:
    """What `import_text` would do; changes nothing. Raises Refused with the line."""
    return _import(store, text, address, now=now, dry=True, alone=alone, who="")


def import_text(
    store: Store, text: str, address: ChatAddress | None, *, now: datetime, alone: bool = False, who: str = ""
) -> ImportPlan:
    """Adds what is new and changes what differs, all or nothing. Nothing is removed. Raises Refused with the line.

    With `alone` only the chat at `address` may be named. `who` is "ID NAME" of the person.
    """
    return _import(store, text, address, now=now, dry=False, alone=alone, who=who)


def _import(
    store: Store, text: str, address: ChatAddress | None, *, now: datetime, dry: bool, alone: bool, who: str
) -> ImportPlan:
    lines = _read(text, address)
    if alone:
        _refuse_others(lines, address)
    changes: tuple[tuple[str, str, str], ...] = ()
    with suppress(_TriedOut), store.write() as session:
        for place in dict.fromkeys(line.chat for line in lines):
            chat = people.find_chat(session, place, zone=store.zone)
            if chat is not None:
                changing(session, chat.id, now=now, who=who)
        chats: dict[ChatAddress, _Target] = {}
        changes = tuple((_apply(session, store, line, chats, now), str(line.chat), line.text) for line in lines)
        if dry:
            raise _TriedOut
    return ImportPlan(changes=changes)


class _TriedOut(Exception):
    """Everything was done to see what it would do, and is undone."""


def _refuse_others(lines: Sequence[_Line], address: ChatAddress | None) -> None:
    for line in lines:
        if line.chat != address:
            raise _refused(
                line.number,
                Sentence("it is for another chat, and here only this one can be changed."),
                Sentence("Leave out the lines that begin with [ and what belongs to them."),
            )
    if len(lines) > MOST_LINES:
        raise Refused(
            Sentence("That is {count} lines, and {most} is what I take at once.", {
                "count": len(lines), "most": MOST_LINES
            }),
            Sentence("Send it in parts."),
        )  # fmt: skip


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
            raise _refused(
                number, Sentence("it belongs to no chat."), Sentence("Say --as CHAT, or put a line [CHAT] above it.")
            )
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
        raise _refused(
            number,
            Sentence("it is not WHEN | QUERY | NAME."),
            Sentence("For example: daily 09:00 UTC | diffusion -survey | "),
        )
    try:
        read = _read_when(when)
    except PaperwireError as error:
        raise _refused(number, error.sentence, error.hint) from error
    if len(name.strip()) > LONGEST_NAME:
        raise _refused(
            number, Sentence("A name has at most {most} characters, and no |.", {"most": LONGEST_NAME}), Sentence("")
        )
    return _Line(
        number=number,
        text=raw.strip(),
        chat=chat,
        cadence=read.cadence,
        zone=read.zone or None,
        query=query,
        name=name.strip(),
    )


def _read_when(text: str) -> When:
    """A time with its zone: as an export writes it, which may end in any name of a zone, or as people do."""
    *words, last = text.split() or [""]
    with suppress(Refused):
        return When(cadences.parse_cadence(" ".join(words)), zones.zone_name(last))
    return read_when(text)


def _apply(session: Transaction, store: Store, line: _Line, chats: dict[ChatAddress, _Target], now: datetime) -> str:
    """Does what one line says; returns its sign. `chats` are those that earlier lines were about."""
    target = chats.get(line.chat) or _target(session, store, line.chat, now)
    chats[line.chat] = target
    if line.setting is not None:
        sign = _apply_setting(session, line, target.chat, now)
        if sign != "=":
            del chats[line.chat]  # its zone may be another, and so may be what is due
        return sign
    if line.cadence is None:  # pragma: no cover - every other line has one
        return "="
    query = _query_of(line)
    own_zone = None if line.zone == target.chat.settings.timezone else line.zone
    known = target.wishes.get(query.canonical)
    if known is not None and (known.cadence, known.zone, known.name) == (line.cadence, own_zone, line.name):
        return "="
    zone = zones.zone(own_zone or target.chat.settings.timezone)
    due = span(line.cadence, zone, cadences.first_due(line.cadence, zone, now))
    if known is not None:
        people.rename(session, known.id, line.name)
        people.change_schedule(session, known.id, cadence=line.cadence, zone=own_zone, due=due)
        target.wishes[query.canonical] = replace(known, cadence=line.cadence, zone=own_zone, name=line.name)
        return "~"
    if len(target.wishes) >= MOST_PER_CHAT:
        too_many = Sentence("A chat can have {most} subscriptions.", {"most": MOST_PER_CHAT})
        raise _refused(line.number, too_many, Sentence("Remove one first."))
    since = now - timedelta(days=7 if line.cadence.kind == "weekly" else 1)
    target.wishes[query.canonical] = people.add_subscription(
        session,
        target.chat.id,
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


def _target(session: Transaction, store: Store, address: ChatAddress, now: datetime) -> _Target:
    """The chat of a line, made if nobody has met it."""
    chat = people.find_chat(session, address, zone=store.zone) or people.add_chat(
        session, address, kind_of(address), now=now, zone=store.zone
    )
    wishes = people.subscriptions_of(session, [chat.id])[chat.id]
    return _Target(chat=chat, wishes={wish.canonical: wish for wish in wishes})


def _query_of(line: _Line) -> Query:
    try:
        return parse_query(line.query)
    except PaperwireError as error:
        raise _refused(line.number, error.sentence, error.hint) from error


def _apply_setting(session: Transaction, line: _Line, chat: Chat, now: datetime) -> str:
    assert line.setting is not None  # noqa: S101 - the caller looked
    name, value = line.setting
    try:
        name = setting_name(name)
        value = check_value(name, value, kind=chat.kind, public=chat.public)
    except PaperwireError as error:
        raise _refused(line.number, error.sentence, error.hint) from error
    if people.chosen_settings(session, chat.id).get(name) == value:
        return "="
    people.choose_setting(session, chat.id, name, value)
    if name == "timezone":
        follow_zone(session, chat, value, now)
    if name in FOLLOWED:
        follow_quiet(session, chat, now)
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


def _refused(number: int, why: Sentence, hint: Sentence) -> Refused:
    return Refused(Sentence("Line {number} cannot be imported: {why}", {"number": number, "why": why}), hint)
