"""Replies about times in a query: how one was read, and which times there are near to a refused one."""

from collections.abc import Sequence
from dataclasses import replace

from bot.commands import phrasing
from bot.commands.context import CommandContext, refusal
from bot.ports import channel
from bot.rendering.language import refused
from subscriptions import errors
from subscriptions.planning.times import Ending, NoSuchTime, as_words, time_put_last
from subscriptions.service.undoing import last_change

AS_WORDS = "as-words"  # verb of the button that says: these words are part of the query, not its time


def with_time_note(context: CommandContext, ending: Ending, reply: channel.Reply) -> channel.Reply:
    """Returns `reply`, which shows a subscription. If `time_note` returns a note about its time, adds the note."""
    note = time_note(context, ending)
    if not note:
        return reply
    said = context.say("({inner})", inner=note)
    head, *rest = reply.lines
    if context.read_by_group:
        return replace(reply, lines=(context.localizer.joined(head, said), *rest))
    return replace(reply, lines=(head, said, *rest))


def time_note(context: CommandContext, ending: Ending) -> str:
    """Returns a note if the words of the time may belong to the query, or if the time is not at the end; otherwise ""."""
    if ending.when is None:
        moved = time_put_last(ending.query)
        if moved:
            return context.say("A time counts only at the end: {line}", line=" ".join(moved.split()))
        return ""
    if not ending.either:
        return ""
    return context.say("I read “{words}” as the time; in quotes it is words.", words=ending.when)


def as_words_button(context: CommandContext, text: str, number: int | None) -> channel.Row:
    """Returns [as words], which undoes the last change and subscribes with all of `text` as the query.

    The button is below the reply to a subscription that was added or edited. `number` is that of the edited
    subscription; None for a new one.
    """
    change = last_change(context.transaction, context.chat.address)
    if change is None:
        return ()
    return (context.button("as words", AS_WORDS, text=as_words(text), change=change.id, number=number),)


def only_time(typed: str) -> errors.Refused:
    """Returns the error for a time without a query."""
    example = f"/sub diffusion {' '.join(typed.split())}"
    return refusal("That is a time. Say what papers should contain, too.", "For example: {example}", example=example)


def only_time_refused(context: CommandContext, typed: str, words: channel.Button) -> channel.Reply:
    """Returns the reply that refuses a time without a query.

    `words` is its button, which treats the typed time as a query.
    """
    return replace(refused(only_time(typed), context.localizer), buttons=((words,),))


def time_refused_with_nearest(
    context: CommandContext,
    error: NoSuchTime,
    button: channel.Button,
    others: Sequence[channel.Button] = (),
    *,
    argument: str = "when",
) -> channel.Reply:
    """Returns the reply that refuses an unavailable time, with a button for each of the nearest times.

    Each is a copy of `button`; its argument `argument` is the time.
    """
    names = [phrasing.when_words(when, context.localizer) for when in error.nearest]
    nearest = tuple(
        replace(button, label=name, arguments={**button.arguments, argument: when})
        for when, name in zip(error.nearest, names, strict=True)
    )
    hint = errors.Sentence(error.hint.template, {**error.hint.values, "when": names[0]})
    return replace(
        refused(errors.Refused(error.sentence, hint), context.localizer),
        buttons=(nearest, tuple(others)),
    )
