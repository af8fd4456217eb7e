"""Replies about times in a query: times that may have been meant as words, and times that are not available."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.commands.core.context import CommandContext
from bot.commands.core.picking import shown_buttons
from bot.commands.phrasing.cadence_words import when_words
from bot.commands.phrasing.refusal_words import refused
from bot.ports.reply import Button, Reply
from subscriptions.errors import Refused, Sentence
from subscriptions.planning.times._ending import Ending, as_words, time_put_last
from subscriptions.planning.times._when import NoSuchTime, read_when
from subscriptions.service.subscriptions.undoing import last_change

AS_WORDS = "as-words"  # verb of the button that undoes the reading as a time


def with_time_note(context: CommandContext, ending: Ending, reply: Reply) -> Reply:
    """Returns the echo of a subscription with a line on its time, if there is anything to say of it."""
    note = time_note(context, ending)
    if not note:
        return reply
    said = context.say("({inner})", inner=note)
    head, *rest = reply.lines
    if context.read_by_group:
        return replace(reply, lines=(context.say("{sentence} {next}", sentence=head, next=said), *rest))
    return replace(reply, lines=(head, said, *rest))


def time_note(context: CommandContext, ending: Ending) -> str:
    """Returns a sentence on words that may be the time or words, and on a time that is no time at the front; "" for neither."""
    if ending.when is None:
        moved = time_put_last(ending.query)
        return context.say("A time counts only at the end: {line}", line=" ".join(moved.split())) if moved else ""
    if not ending.either:
        return ""
    return context.say("I read “{words}” as the time; in quotes it is words.", words=ending.when)


def as_words_button(context: CommandContext, text: str, number: int | None) -> tuple[Button, ...]:
    """Returns [as words] under an echo: it undoes the last change and subscribes to all of `text` as words.

    `number` is the subscription that was edited; None for a new one.
    """
    change = last_change(context.store, context.chat.address)
    if change is None:
        return ()
    arguments = {"text": as_words(text), "change": change.id, "number": number}
    return (Button(label=context.say("as words"), verb=AS_WORDS, arguments=arguments),)


def is_available(when: str) -> bool:
    """Returns whether a time can be scheduled as it was typed."""
    try:
        read_when(when)
    except Refused:
        return False
    return True


class OnlyTime(Refused):
    """Raised when a time was typed without a query."""

    def __init__(self, typed: str) -> None:
        example = Sentence("For example: {example}", {"example": f"/sub diffusion {' '.join(typed.split())}"})
        super().__init__(Sentence("That is a time. Say also what papers should hold."), example)


def only_time_refused(context: CommandContext, error: OnlyTime, words: Button) -> Reply:
    """Returns the refusal of a time without a query; the button `words` searches for it as words."""
    return replace(refused(error, context.localizer), buttons=shown_buttons(context, ((words,),)))


def time_refused_with_nearest(
    context: CommandContext, error: NoSuchTime, button: Callable[[str], Button], others: Sequence[Button] = ()
) -> Reply:
    """Returns the refusal of a time that is not available, with buttons for the nearest available times.

    `button` makes a button from a time.
    """
    names = [when_words(when, context.localizer) for when in error.nearest]
    nearest = tuple(replace(button(when), label=name) for when, name in zip(error.nearest, names, strict=True))
    hint = Sentence(error.hint.template, {**error.hint.values, "when": names[0]})
    return replace(
        refused(Refused(error.sentence, hint), context.localizer),
        buttons=shown_buttons(context, (nearest, tuple(others))),
    )
