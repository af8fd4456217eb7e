"""sub: what a chat asks for, said; and a /sub that is edited soon after."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.commands.advising import REWRITE, advice_button, advice_for, advice_line
from bot.commands.asking import awaits
from bot.commands.picking import gone, numbered, shown_buttons
from bot.commands.settings import zone_buttons
from bot.commands.timing import OnlyTime, as_words_button, no_such_time, read_as_time, time_alone
from bot.commands.trying import asked_for, tried
from bot.commands.turn import Callback, Command, CommandContext
from bot.commands.undoing import undo_row
from bot.commands.voice import Localizer
from bot.commands.wishes import one_line, subscribed
from bot.ports.button import Button, Buttons
from bot.ports.reply import Reply
from subscriptions.errors import PaperwireError, QueryError, Refused, Sentence
from subscriptions.model import CallbackToken, ChatKind
from subscriptions.planning.times import Ending, NoSuchTime, as_words, split_when
from subscriptions.platforms import facts_of
from subscriptions.query import parse_query
from subscriptions.service.chats import get_conversation_state, set_conversation_state
from subscriptions.service.subscriptions import Subscribed, SubscriptionRequest, edit, subscribe, unsubscribe

MOST_LINES = 20  # wishes in one message
EDITED_WITHIN = timedelta(minutes=5)  # an edited /sub replaces what it said first


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """One line of a /sub, and what became of it."""

    text: str  # without its WHEN
    when: str | None
    ending: Ending | None = None  # where its WHEN may have been meant as words
    typed: str = ""
    done: Subscribed | None = None
    error: PaperwireError | None = None
    instead: str = ""  # the query that it takes the place of


def sub(turn: CommandContext) -> Reply:
    """Adds a wish for each line; an edited message replaces what it added before."""
    lines = list(_lines(turn.args))
    if not lines and turn.request.trigger_id:
        from bot.commands.sheets import new_subscription  # noqa: PLC0415 - forms end in what this module does

        return new_subscription(turn)
    if not lines:
        raise Refused(
            Sentence("Say what papers should hold."),
            Sentence('For example: /sub diffusion -survey, /sub author:"Jane Doe", /sub cs.LG daily 9'),
        )
    if len(lines) > MOST_LINES:
        raise Refused(
            Sentence("That is {count} lines; I take {most} at once.", {"count": len(lines), "most": MOST_LINES}),
            Sentence("Send the rest in another message."),
        )
    if len(lines) == 1 and not turn.request.callback_data and asked_for(lines[0]) != lines[0]:
        return tried(turn, lines[0])  # a sentence may be understood amiss, so it is offered
    lines = [asked_for(line) for line in lines] if len(lines) > 1 else lines
    before = _said_before(turn)
    said = _replaced(turn, lines, before) if before else [_added(turn, _read(turn, line)) for line in lines]
    if len(said) == 1 and said[0].error is not None:
        return _not_taken(turn, said[0])
    _remember(turn, said, before)
    if len(said) == 1 and said[0].done is not None:
        return echo(turn, said[0].done, instead=said[0].instead, ending=said[0].ending, typed=said[0].typed)
    return _several(turn, said)


def _not_taken(turn: CommandContext, said: _Said) -> Reply:
    """Why the only line was refused; a time that cannot be had comes with buttons that say what can. Raises its error."""
    words = Button(label=turn.say("as words"), verb="subscribe-at", arguments={"text": as_words(said.typed)})
    if isinstance(said.error, NoSuchTime):
        return no_such_time(turn, said.error, lambda when: _at_button(said.text, when), (words,))
    if isinstance(said.error, OnlyTime):
        return time_alone(turn, said.error, words)
    assert said.error is not None  # noqa: S101 - whoever calls looked
    raise said.error


def _at_button(text: str, when: str) -> Button:
    return Button(label=when, verb="subscribe-at", arguments={"text": text, "when": when})


def at(turn: CommandContext, text: str, when: str | None) -> Reply:
    """Subscribes to a query that holds no time, and echoes it. Raises QueryError, Refused."""
    return echo(turn, _subscribed(turn, _Said(text=text, when=when)))


def follow(turn: CommandContext, text: str) -> Reply:
    """Subscribes to one query, as a button or another command asks for it, and echoes it. Raises QueryError, Refused."""
    return echo(turn, _subscribed(turn, _Said(text=text, when=None)))


def echo(
    turn: CommandContext,
    done: Subscribed,
    *,
    instead: str = "",
    replaces: bool = False,
    ending: Ending | None = None,
    typed: str = "",
    number: int | None = None,
) -> Reply:
    """What became of a wish, with advice and buttons; two lines in groups.

    `ending` is how `typed` was taken apart where its time may have been meant as words, `number` the subscription
    that was to be changed.
    """
    private = turn.origin.kind is ChatKind.PRIVATE
    advice = advice_for(turn, done)
    reply = subscribed(
        done,
        _by_its_clock(turn, done),
        reading=turn.formatter.reading(done.query),
        examples=[turn.title(known) for known in done.examples],
        instead=instead,
        advice=advice_line(turn, advice) if advice and private else "",
        short=not private,
        now=turn.now,
    )
    words: tuple[Button, ...] = ()
    if ending is not None and ending.either and done.outcome != "known":
        reply, words = read_as_time(turn, ending, reply), as_words_button(turn, typed, number)
    better = advice_button(turn, advice, done.subscription.number) if advice else None
    zones: Buttons = ()
    if _asks_for_zone(turn, done):
        reply = replace(reply, lines=(*reply.lines, _which_clock(turn, done)))
        zones = zone_buttons(turn)
        awaits(turn, "answer-zone")
    rows = (words, (better,) if better else (), _todays_and_undo(turn, done), *zones)
    return replace(reply, buttons=shown_buttons(turn, rows), replaces=replaces)


def _todays_and_undo(turn: CommandContext, done: Subscribed) -> tuple[Button, ...]:
    undoing = tuple(_undo(turn, done))
    if turn.origin.kind is not ChatKind.PRIVATE or done.outcome != "added" or not done.found:
        return undoing
    number = done.subscription.number
    return (Button(label=turn.say("today's now"), verb="today", arguments={"number": number}), *undoing)


def _by_its_clock(turn: CommandContext, done: Subscribed) -> Localizer:
    """Whoever says a time by the clock of a place reads by it when it comes."""
    own = done.subscription.zone
    return turn.localizer.speaking(turn.origin.settings.lang, own) if own else turn.localizer


def press_rewrite(turn: CommandContext) -> Reply:
    """The advice is followed."""
    wish = numbered(turn, turn.arguments.get("number"))
    if wish is None:
        return gone(turn)
    text = str(turn.arguments["text"])
    done = edit(turn.store, turn.chat.address, wish.number, text, now=turn.now, who=turn.actor)
    return echo(turn, done, instead=turn.formatter.reading(parse_query(wish.text)), replaces=True)


# -------------------------------------------------------------------------------------------------------- line by line


def _lines(text: str) -> Iterator[str]:
    """The wishes of a message; whoever repeats the command in each line need not."""
    again = re.compile(rf"/(?:{'|'.join((COMMANDS[0].name, *COMMANDS[0].aliases))})(?:@\w+)?(?:\s+|$)", re.IGNORECASE)
    for line in text.splitlines():
        if wish := again.sub("", line.strip(), count=1).strip():
            yield wish


def _read(turn: CommandContext, line: str) -> _Said:
    ending = split_when(line)
    error: Refused | None = _of_another_command(turn, line)
    if ending.only_time:
        error = OnlyTime(line)
    return _Said(text=ending.query, when=ending.when, error=error, ending=ending, typed=line)


def _of_another_command(turn: CommandContext, line: str) -> Refused | None:
    """Why a line is not taken for a query: it is something else that can be said here."""
    name = line[1:].split(maxsplit=1)[0].partition("@")[0] if line[:1] == "/" and line[1:].strip() else ""
    if turn.registry.command_named(name) is None:
        return None
    return Refused(Sentence("This is another command. Send it by itself."))


def _added(turn: CommandContext, said: _Said) -> _Said:
    """A line that is refused refuses only itself."""
    if said.error is not None:
        return said
    try:
        return replace(said, done=_subscribed(turn, said))
    except PaperwireError as error:
        return replace(said, error=error)


def _subscribed(turn: CommandContext, said: _Said) -> Subscribed:
    wish = SubscriptionRequest(text=said.text, when=said.when, added_by=turn.request.sender_name)
    return subscribe(turn.store, turn.chat.address, wish, now=turn.now, who=turn.actor)


def _several(turn: CommandContext, said: Sequence[_Said]) -> Reply:
    done = [one for one in said if one.done is not None]
    of = turn.localizer.count("{count} line", "{count} lines", len(said))
    head = turn.localizer.count(
        "{count} of {lines} is a subscription now.",
        "{count} of {lines} are subscriptions now.",
        len(done),
        lines=of,
    )
    lines = [
        one_line(one.done, turn.localizer, reading=turn.formatter.reading(one.done.query)) for one in done if one.done
    ]
    refused = tuple(text for one in said if one.error for text in _refused(turn, one.text, one.error))
    buttons = undo_row(turn) if any(one.done and one.done.outcome != "known" for one in done) else ()
    return Reply(lines=(head, *lines), code=refused, ok=bool(done), buttons=buttons)


def _refused(turn: CommandContext, text: str, error: PaperwireError) -> tuple[str, str]:
    """A line that was refused, and below it where and why."""
    why = error.sentence.say(turn.localizer.translate)
    if not isinstance(error, QueryError):
        return text, f"^ {why}"
    line, mark = turn.formatter.caret(text, error.column)
    return line, f"{mark} {why}"


def _undo(turn: CommandContext, done: Subscribed) -> list[Button]:
    rows = undo_row(turn) if done.outcome != "known" else ()
    return [button for row in rows for button in row]


def _which_clock(turn: CommandContext, done: Subscribed) -> str:
    zone = turn.chat.settings.timezone
    if done.subscription.zone:
        return turn.say("All other times are those of {zone}. Which clock is yours?", zone=zone)
    return turn.say("The times are those of {zone}. Which clock is yours?", zone=zone)


def _asks_for_zone(turn: CommandContext, done: Subscribed) -> bool:
    """At the first wish of a person whose clock nobody knows."""
    return (
        turn.chat.kind is ChatKind.PRIVATE
        and facts_of(turn.chat.address.platform).asks_for_zone
        and turn.chat.address == turn.origin.address
        and (done.outcome, done.subscription.number) == ("added", 1)
        and turn.chat.settings.timezone == turn.bot_info.timezone
    )


# ------------------------------------------------------------------------------------------------- an edited /sub


def _remember(turn: CommandContext, said: Sequence[_Said], before: Sequence[int]) -> None:
    """Which subscriptions this message made, so that its edit can replace them; not those that were there before it."""
    done = [one.done for one in said if one.done]
    made = [d.subscription.number for d in done if d.outcome == "added" or d.subscription.number in before]
    if made and turn.request.message_id and not turn.request.callback_data:
        link = CallbackToken(verb="said", arguments={"numbers": made}, place=str(turn.origin.address))
        set_conversation_state(turn.store, _name(turn), link, now=turn.now)


def _said_before(turn: CommandContext) -> list[int]:
    """The numbers of what this message made before it was edited, without those that are gone."""
    if not turn.request.is_edit:
        return []
    link = get_conversation_state(
        turn.store, _name(turn), since=turn.now - 2 * EDITED_WITHIN
    )  # how late it is was asked before
    numbers = link.arguments["numbers"] if link else []
    return [number for number in numbers if numbered(turn, number) is not None]


def _replaced(turn: CommandContext, lines: Sequence[str], numbers: Sequence[int]) -> list[_Said]:
    """What is asked for as before stays, what is new takes the places of what is gone, in their order."""
    there = {wish.canonical: wish.number for number in numbers if (wish := numbered(turn, number))}
    read = [_read(turn, line) for line in lines]
    kept = [None if one.error else there.get(_canonical(one.text)) for one in read]
    free = [number for number in numbers if number not in kept]
    said = []
    for one, place in zip(read, kept, strict=True):
        number = place or (free.pop(0) if free and not one.error and _canonical(one.text) else None)
        said.append(_edited(turn, one, number) if number else _added(turn, one))
    if not any(one.error for one in said):
        for number in free:
            unsubscribe(turn.store, turn.chat.address, str(number), now=turn.now, who=turn.actor)
    return said


def _edited(turn: CommandContext, said: _Said, number: int) -> _Said:
    before = numbered(turn, number)
    try:
        when = said.when or turn.chat.settings.schedule
        done = edit(turn.store, turn.chat.address, number, said.text, when=when, now=turn.now, who=turn.actor)
    except PaperwireError as error:
        return replace(said, error=error)
    return replace(said, done=done, instead=turn.formatter.reading(parse_query(before.text)) if before else "")


def _canonical(text: str) -> str:
    try:
        return parse_query(text).canonical
    except QueryError:
        return ""


def late_edit(turn: CommandContext) -> Reply:
    """An edit that came too late to be taken for what was meant at first."""
    return Reply(lines=(turn.say("An edit counts within five minutes. Send it as a new message, please."),))


def _name(turn: CommandContext) -> str:
    return f"said:{turn.origin.address}:{turn.request.message_id}"


LATE_EDIT = Callback(run=late_edit)

COMMANDS = (
    Command(
        name="sub",
        aliases=("subscribe", "add", "follow"),
        run=sub,
        needs_manager=True,
        shows_without_args=True,
        many_lines=True,
        usage="QUERY [WHEN]",
        summary=Sentence("subscribe to a query"),
    ),
)
PRESSES = {
    REWRITE: Callback(run=press_rewrite, needs_manager=True),
}
