"""sub: makes subscriptions: how many in one message, and what is asked if words may be a time or a part of the query."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot.commands import asking, confirmation, phrasing, typed_times
from bot.commands.context import Callback, Command, CommandContext, match_button, matching, refusal
from bot.ports import channel
from bot.rendering.queries_in_words import caret
from subscriptions import errors
from subscriptions.planning.times import Ending, is_doubtful, split_when
from subscriptions.service.requests import Subscribed

MOST_LINES = 20  # subscriptions in one message


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One line of a /sub message, and its outcome."""

    typed: str
    ending: Ending  # how the line was split into query and time
    done: Subscribed | None = None
    error: errors.PaperwireError | None = None


def sub(context: CommandContext) -> channel.Reply:
    """Subscribes to the query in each line."""
    lines = list(_lines(context.args))
    if not lines:
        example = context.say('For example: /sub diffusion -survey, /sub author:"Ranjay Krishna", /sub cs.LG daily 9')
        return asking.ask(context, "sub", context.say("What should papers contain?"), example)
    if len(lines) > MOST_LINES:
        raise refusal(
            "That is {count} lines; I take {most} at once.",
            "Send the rest in another message.",
            count=len(lines),
            most=MOST_LINES,
        )
    if len(lines) == 1 and is_doubtful(ending := split_when(lines[0])) and not context.read_by_strangers:
        return typed_times.which_reading(context, lines[0], ending)
    said = [_subscribed(context, _read(context, line)) for line in lines]
    if len(said) == 1 and said[0].error is not None:
        raise said[0].error
    if len(said) == 1 and said[0].done is not None:
        return confirmation.echo(context, said[0].done)
    return _several(context, said)


def _queries(context: CommandContext) -> Iterator[str]:
    """Yields the queries of a message without their times."""
    for line in list(_lines(context.args))[:MOST_LINES]:
        yield split_when(line).query


def _lines(text: str) -> Iterator[str]:
    """Yields the lines of a message that are not empty, without a /sub that is repeated at the beginning of a line."""
    again = re.compile(rf"/(?:{'|'.join((COMMANDS[0].name, *COMMANDS[0].aliases))})(?:@\w+)?(?:\s+|$)", re.IGNORECASE)
    for line in text.splitlines():
        if subscription := again.sub("", line.strip(), count=1).strip():
            yield subscription


def _read(context: CommandContext, line: str) -> _Line:
    ending = split_when(line)
    name = ""
    if line[:1] == "/" and line[1:].strip():
        name = line[1:].split(maxsplit=1)[0].partition("@")[0]
    error: errors.Refused | None = None
    if ending.only_time:
        error = typed_times.only_time(line)
    elif context.registry.command_named(name):
        error = refusal("This is another command. Send it by itself.")
    return _Line(typed=line, ending=ending, error=error)


def _subscribed(context: CommandContext, said: _Line) -> _Line:
    """Subscribes to a line. Returns the line with its outcome.

    A refusal is put into the line and not raised, so that it does not affect the other lines.
    """
    if said.error is not None:
        return said
    try:
        with context.transaction.savepoint():
            return replace(said, done=confirmation.subscribe_here(context, said.ending.query, said.ending.when))
    except errors.PaperwireError as error:
        return replace(said, error=error)


def _several(context: CommandContext, said: Sequence[_Line]) -> channel.Reply:
    done = [one for one in said if one.done is not None]
    of = context.count("{count} line", "{count} lines", len(said))
    head = context.count(
        "{count} of {lines} is a subscription now.",
        "{count} of {lines} are subscriptions now.",
        len(done),
        lines=of,
    )
    lines = [phrasing.subscribed_line(one.done, context.localizer) for one in done if one.done]
    refused = tuple(text for one in said if one.error for text in _refused(context, one.ending.query, one.error))
    return channel.Reply(lines=(head, *lines), code=refused, ok=bool(done), buttons=context.undo_row)


def _refused(context: CommandContext, text: str, error: errors.PaperwireError) -> tuple[str, str]:
    """Returns two lines to show: the refused line, and below it a caret at the error, with the reason."""
    why = context.say(error.sentence)
    if not isinstance(error, errors.QueryError):
        return text, f"^ {why}"
    line, mark = caret(text, error.column)
    return line, f"{mark} {why}"


def on_subscribe_at(context: CommandContext) -> channel.Reply:
    """Handles the button of a reading: subscribes to its query, at its time if it has one."""
    when = context.arguments.get("when")
    return confirmation.subscribe_and_echo(context, str(context.arguments["text"]), str(when) if when else None)


COMMANDS = (
    Command(
        name="sub",
        examples=(
            "/sub diffusion models -survey",
            '/sub author:"Ranjay Krishna" now',
            "/sub cat:cs.CL agents weekdays at 8:30",
        ),
        aliases=("subscribe", "add", "follow"),
        run=sub,
        needs_manager=True,
        matches_ahead=matching(_queries),
        shows_without_args=True,
        many_lines=True,
        usage="QUERY [WHEN]",
        summary=errors.Sentence("subscribe to a query"),
    ),
)

CALLBACKS = {
    "subscribe-to": Callback(run=sub, needs_manager=True, args_from="text", matches_ahead=matching(_queries)),
    "subscribe-at": Callback(run=on_subscribe_at, needs_manager=True, matches_ahead=match_button, replaces=True),
}
