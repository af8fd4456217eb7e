"""sub: makes subscriptions, and asks about times that may be meant otherwise."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.commands import asking, typed_times, undo
from bot.commands.context import Callback, Command, CommandContext, query_of_button
from bot.commands.phrasing.subscription_words import subscribed_line
from bot.commands.search import query_of, try_query
from bot.commands.subscription_form import new_subscription
from bot.commands.typed_times import OnlyTime
from bot.ports.channel import Button, Reply
from bot.ports.conversation import Interaction
from subscriptions.errors import PaperwireError, QueryError, Refused, Sentence
from subscriptions.model import CallbackToken
from subscriptions.planning.cadence import cadence_text
from subscriptions.planning.times import Ending, NoSuchTime, as_words, split_when
from subscriptions.query.parse import parse_query
from subscriptions.service.amendments import edit
from subscriptions.service.requests import Subscribed, unsubscribe
from subscriptions.service.undoing import find_change
from subscriptions.store.conversations import get_conversation_state, set_conversation_state

MOST_LINES = 20  # subscriptions of one message
EDITED_WITHIN = timedelta(minutes=5)  # after it an edit of a /sub message replaces no subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One line of a /sub, and the outcome of it."""

    text: str  # without its time
    when: str | None
    ending: Ending | None = None  # how the line was split into query and time
    typed: str = ""
    done: Subscribed | None = None
    error: PaperwireError | None = None
    instead: str = ""  # the query that it replaces, in words


def sub(context: CommandContext) -> Reply:
    """Subscribes to each line; an edited message replaces its earlier subscriptions."""
    lines = list(_lines(context.args))
    if not lines and context.request.trigger_id:
        return new_subscription(context)
    if not lines:
        raise Refused(
            Sentence("Say what papers should hold."),
            Sentence('For example: /sub diffusion -survey, /sub author:"Ranjay Krishna", /sub cs.LG daily 9'),
        )
    if len(lines) > MOST_LINES:
        raise Refused(
            Sentence("That is {count} lines; I take {most} at once.", {"count": len(lines), "most": MOST_LINES}),
            Sentence("Send the rest in another message."),
        )
    if len(lines) > 1:
        lines = [query_of(line) for line in lines]
    elif not isinstance(context.request, Interaction) and _is_sentence(lines[0]):
        return try_query(context, lines[0])  # a sentence may be misunderstood, so its query is only offered
    before = _numbers_before_edit(context)
    said = (
        _replaced(context, lines, before) if before else [_subscribed(context, _read(context, line)) for line in lines]
    )
    if len(said) == 1 and said[0].error is not None:
        return _refused_reply(context, said[0], said[0].error)
    _remember(context, said, before)
    if len(said) == 1 and said[0].done is not None:
        return undo.echo(context, said[0].done, instead=said[0].instead, ending=said[0].ending, typed=said[0].typed)
    return _several(context, said)


def _is_sentence(line: str) -> bool:
    """Returns whether a line has words around its query and its time; a "please" after the time does not count."""
    return split_when(query_of(line)).query != split_when(line).query


def _queries(context: CommandContext) -> Iterator[str]:
    """Yields the queries of a message without their times."""
    lines = list(_lines(context.args))[:MOST_LINES]
    for line in lines:
        yield split_when(query_of(line) if len(lines) > 1 else line).query


def _refused_reply(context: CommandContext, said: _Line, error: PaperwireError) -> Reply:
    """Returns the refusal of a single line, with buttons that offer times if its time was wrong; else raises its error."""
    words = Button(label=context.say("as words"), verb="subscribe-at", arguments={"text": as_words(said.typed)})
    if isinstance(error, NoSuchTime):
        return typed_times.time_refused_with_nearest(
            context, error, replace(words, arguments={"text": said.text}), (words,)
        )
    if isinstance(error, OnlyTime):
        return typed_times.only_time_refused(context, error, words)
    raise error


# -------------------------------------------------------------------------------------------------------- line by line


def _lines(text: str) -> Iterator[str]:
    """Yields the queries of a message, without a command that is repeated at the beginning of a line."""
    again = re.compile(rf"/(?:{'|'.join((COMMANDS[0].name, *COMMANDS[0].aliases))})(?:@\w+)?(?:\s+|$)", re.IGNORECASE)
    for line in text.splitlines():
        if subscription := again.sub("", line.strip(), count=1).strip():
            yield subscription


def _read(context: CommandContext, line: str) -> _Line:
    ending = split_when(line)
    name = line[1:].split(maxsplit=1)[0].partition("@")[0] if line[:1] == "/" and line[1:].strip() else ""
    error: Refused | None = None
    if ending.only_time:
        error = OnlyTime(line)
    elif context.registry.command_named(name):
        error = Refused(Sentence("This is another command. Send it by itself."))
    return _Line(text=ending.query, when=ending.when, error=error, ending=ending, typed=line)


def _subscribed(context: CommandContext, said: _Line, number: int | None = None) -> _Line:
    """Subscribes to a line, in the place of the subscription with this number, if any.

    A refusal is stored in the line, so that the other lines are not refused with it.
    """
    if said.error is not None:
        return said
    before = asking.subscription_numbered(context, number) if number else None
    try:
        with context.store.savepoint():
            if before is None:
                return replace(said, done=undo.subscribe_here(context, said.text, said.when))
            address, when = context.chat.address, said.when or context.chat.settings.schedule
            done = edit(context.store, address, before.number, said.text, when=when, now=context.now, who=context.actor)
    except PaperwireError as error:
        return replace(said, error=error)
    return replace(said, done=done, instead=context.formatter.reading(parse_query(before.text)))


def _several(context: CommandContext, said: Sequence[_Line]) -> Reply:
    done = [one for one in said if one.done is not None]
    of = context.localizer.count("{count} line", "{count} lines", len(said))
    head = context.localizer.count(
        "{count} of {lines} is a subscription now.",
        "{count} of {lines} are subscriptions now.",
        len(done),
        lines=of,
    )
    lines = [
        subscribed_line(one.done, context.localizer, reading=context.formatter.reading(one.done.query))
        for one in done
        if one.done
    ]
    refused = tuple(text for one in said if one.error for text in _refused(context, one.text, one.error))
    buttons = asking.undo_row(context) if any(one.done and one.done.outcome != "known" for one in done) else ()
    return Reply(lines=(head, *lines), code=refused, ok=bool(done), buttons=buttons)


def _refused(context: CommandContext, text: str, error: PaperwireError) -> tuple[str, str]:
    """Returns (a refused line, the place and the reason of the error)."""
    why = error.sentence.say(context.localizer.translate)
    if not isinstance(error, QueryError):
        return text, f"^ {why}"
    line, mark = context.formatter.caret(text, error.column)
    return line, f"{mark} {why}"


# ------------------------------------------------------------------------------------------------- an edited /sub


def _remember(context: CommandContext, said: Sequence[_Line], before: Sequence[int]) -> None:
    """Stores which subscriptions this message created, so that an edit of the message replaces only those."""
    done = [one.done for one in said if one.done]
    made = [d.subscription.number for d in done if d.outcome == "added" or d.subscription.number in before]
    if made and context.request.message_id and not isinstance(context.request, Interaction):
        token = CallbackToken(verb="said", arguments={"numbers": made}, place=str(context.origin.address))
        set_conversation_state(context.store, _state_name(context), token, lasts=2 * EDITED_WITHIN, now=context.now)


def _numbers_before_edit(context: CommandContext) -> list[int]:
    """Returns the numbers of the subscriptions that this message made before it was edited and that still exist."""
    if context.message is None or not context.message.is_edit:
        return []
    # Whether the edit came in time was checked before.
    token = get_conversation_state(context.store, _state_name(context), since=context.now - 2 * EDITED_WITHIN)
    return (
        [number for number in token.arguments["numbers"] if asking.subscription_numbered(context, number)]
        if token
        else []
    )


def _replaced(context: CommandContext, lines: Sequence[str], numbers: Sequence[int]) -> list[_Line]:
    """Replaces the subscriptions of an edited message: equal queries stay, new queries take the other numbers in order."""
    there = {
        subscription.canonical: subscription.number
        for number in numbers
        if (subscription := asking.subscription_numbered(context, number))
    }
    read = [_read(context, line) for line in lines]
    kept = [None if one.error else there.get(_canonical(one.text)) for one in read]
    free = [number for number in numbers if number not in kept]
    said = []
    for one, place in zip(read, kept, strict=True):
        number = place or (free.pop(0) if free and not one.error and _canonical(one.text) else None)
        said.append(_subscribed(context, one, number))
    if not any(one.error for one in said):
        for number in free:
            unsubscribe(context.store, context.chat.address, str(number), now=context.now, who=context.actor)
    return said


def _canonical(text: str) -> str:
    try:
        return parse_query(text).canonical
    except QueryError:
        return ""


def late_edit(context: CommandContext) -> Reply:
    """Answers an edit that came too late to count."""
    return Reply(lines=(context.say("An edit counts within five minutes. Send it as a new message, please."),))


def _state_name(context: CommandContext) -> str:
    return f"said:{context.origin.address}:{context.request.message_id}"


LATE_EDIT = Callback(run=late_edit)


def on_subscribe_to(context: CommandContext) -> Reply:
    """Handles [subscribe] under a preview: subscribes to exactly that text."""
    return sub(replace(context, args=str(context.arguments["text"]), arguments={}))


def _queries_of_button(context: CommandContext) -> Iterator[str]:
    return _queries(replace(context, args=str(context.arguments["text"])))


# ---------------------------------------------------------------------------------- buttons that reword a subscription


def on_subscribe_at(context: CommandContext) -> Reply:
    """Handles an available time under a refused one: subscribes to the query and the time of the button."""
    when = context.arguments.get("when")
    return undo.subscribe_and_echo(context, str(context.arguments["text"]), str(when) if when else None)


def on_as_words(context: CommandContext) -> Reply:
    """Handles [as words]: reads the whole text as a query, with the former time."""
    change = find_change(context.store, context.chat.address, int(context.arguments["change"]))
    text = str(context.arguments["text"])
    if change is None or change.undone:
        return Reply(toast=context.say("That is undone already."))
    added, chat = next(iter(change.what.added), None), context.chat
    old = added or next((old for old, _ in change.what.changed), None)
    before = asking.subscription_numbered(context, old.number) if old else None
    if old is None or before is None:
        return asking.subscription_gone(context)
    when, tz = (chat.settings.schedule, "") if added else (cadence_text(old.cadence), old.zone or "")
    if not added and context.arguments.get("number") is None:  # the words were not read as the time of an edit
        edit(context.store, chat.address, old.number, old.text, when=when, tz=tz, now=context.now, who=context.actor)
        return undo.subscribe_and_echo(context, text, None)
    done = edit(context.store, chat.address, old.number, text, when=when, tz=tz, now=context.now, who=context.actor)
    return undo.echo(context, done, instead=context.formatter.reading(parse_query(before.text)))


CALLBACKS = {
    "subscribe-to": Callback(run=on_subscribe_to, needs_manager=True, queries=_queries_of_button),
    typed_times.AS_WORDS: Callback(run=on_as_words, needs_manager=True, queries=query_of_button, replaces=True),
    "subscribe-at": Callback(run=on_subscribe_at, needs_manager=True, queries=query_of_button),
}

COMMANDS = (
    Command(
        name="sub",
        aliases=("subscribe", "add", "follow"),
        run=sub,
        needs_manager=True,
        queries=_queries,
        shows_without_args=True,
        many_lines=True,
        usage="QUERY [WHEN]",
        summary=Sentence("subscribe to a query"),
    ),
)
