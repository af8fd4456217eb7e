"""pause, resume, stop: pauses and resumes a chat or one of its subscriptions, and offers the papers that waited."""

from dataclasses import replace
from datetime import datetime

from bot.commands.asking import (
    listed_here,
    number_and_rest,
    required_number,
    shown_buttons,
    subscription_gone,
    subscription_numbered,
    undo_row,
)
from bot.commands.context import Callback, Command, CommandContext
from bot.commands.phrasing.subscription_words import paused_line, resumed_line, waiting_lines
from bot.ports.channel import Button, Buttons, Reply
from subscriptions.errors import Refused, Sentence
from subscriptions.model import Subscription
from subscriptions.planning.pauses import parse_pause
from subscriptions.service.pausing import (
    get_waiting_papers,
    match_waiting_ahead,
    pause,
    resume,
    send_waiting,
    skip_waiting,
)
from subscriptions.states import ChatState
from subscriptions.zones import zone

ALL = "all"  # means the whole chat, as no arguments do


def pause_(context: CommandContext) -> Reply:
    """Pauses the chat, or the subscription with the number, for the time given."""
    if not context.chat.id:
        return Reply(lines=(context.say("There is nothing to pause yet."),))
    subscription, until = _parsed(context)
    return _paused(context, subscription, until)


def on_pause(context: CommandContext) -> Reply:
    """Handles [pause] of a subscription: pauses it without an end."""
    subscription = subscription_numbered(context, context.arguments.get("number"))
    return (
        subscription_gone(context)
        if subscription is None
        else replace(_paused(context, subscription, None), replaces=True)
    )


def stop(context: CommandContext) -> Reply:
    """Asks whether the person wants to pause or to unsubscribe."""
    count = len(listed_here(context))
    if not count:
        return Reply(lines=(context.say("There is nothing to stop: this chat has no subscriptions."),))
    paused = context.chat.state is ChatState.PAUSED
    lines = [
        context.localizer.count("This chat has {count} subscription.", "This chat has {count} subscriptions.", count)
    ]
    lines += [context.say("This chat is paused; /resume ends that.")] if paused else []
    if context.read_by_strangers:
        lines.append(context.say("/pause holds everything, /unsub all removes it."))
        return Reply(lines=tuple(lines))
    hold = () if paused else (Button(label=context.say("pause"), verb="pause-all"),)
    everything = Button(label=context.say("remove all"), verb="unsub-all")
    return Reply(lines=tuple(lines), buttons=((*hold, everything),))


def on_pause_all(context: CommandContext) -> Reply:
    """Handles [pause] of the chat: pauses it without an end."""
    return replace(pause_(context), replaces=True)


def resume_(context: CommandContext) -> Reply:
    """Resumes the chat and all its subscriptions, or one."""
    if not context.chat.id:
        return Reply(lines=(context.say("Nothing is paused here."),))
    one = bool(context.args) and context.args.casefold() != ALL
    subscription = required_number(context, context.args, "/resume 4")[0] if one else None
    return _resumed(context, subscription)


def on_resume(context: CommandContext) -> Reply:
    """Handles [resume]."""
    number = context.arguments.get("number")
    subscription = subscription_numbered(context, number)
    if number is not None and subscription is None:
        return subscription_gone(context)
    return replace(_resumed(context, subscription), replaces=True)


def what_waits(context: CommandContext, number: int | None = None) -> tuple[tuple[str, ...], Buttons]:
    """Returns lines and buttons for the papers that wait after a pause; nothing if none do."""
    found = get_waiting_papers(context.store, context.chat.address, now=context.now, number=number)
    if not found.papers:
        return (), ()
    lines = waiting_lines(found, context.localizer)
    if context.read_by_strangers:
        return lines, ()
    of = {} if number is None else {"number": number}
    send = Button(label=context.say("send {count}", count=found.papers), verb="send-waiting", arguments=of)
    offered = {**of, "upto": found.upto, "at": context.now.isoformat()}
    return lines, ((send, Button(label=context.say("skip"), verb="skip-waiting", arguments=offered)),)


def on_send(context: CommandContext) -> Reply:
    """Handles [send]: sends what waits now."""
    subscription = subscription_numbered(context, context.arguments.get("number"))
    if "number" in context.arguments and subscription is None:
        return subscription_gone(context)
    sent = send_waiting(
        context.store, context.chat.address, now=context.now, number=subscription.number if subscription else None
    )
    if not sent:
        return Reply(toast=context.say("Nothing waits any more."))
    said = context.localizer.count("{count} paper is on its way.", "{count} papers are on their way.", sent)
    return Reply(lines=(said,), ok=True, replaces=True)


def on_skip(context: CommandContext) -> Reply:
    """Handles [skip]: what waited when the button was shown is never sent."""
    subscription = subscription_numbered(context, context.arguments.get("number"))
    if "number" in context.arguments and subscription is None:
        return subscription_gone(context)
    skipped = skip_waiting(
        context.store,
        context.chat.address,
        upto=int(context.arguments["upto"]),
        by=datetime.fromisoformat(context.arguments["at"]),
        now=context.now,
        number=subscription.number if subscription else None,
    )
    if not skipped:
        return Reply(toast=context.say("Nothing waits any more."))
    said = context.localizer.count("{count} paper is skipped.", "{count} papers are skipped.", skipped)
    return Reply(lines=(said, context.say("/search still finds what was skipped.")), ok=True, replaces=True)


def _parsed(context: CommandContext) -> tuple[Subscription | None, datetime | None]:
    """Returns which subscription, or None for the chat, and until when.

    "2 weeks" is a time, "2" a subscription, "2 until mon" both. Raises Refused, NotFound.
    """
    text = context.args
    if not text or text.casefold() == ALL:
        return None, None
    clock = zone(context.chat.settings.timezone)
    try:
        return None, parse_pause(text, clock, context.now)
    except Refused:
        subscription, rest = number_and_rest(context, text)
        if subscription is None:
            first = text.split(maxsplit=1)[0].removeprefix("#")
            if first.isdecimal() and not text[len(first) :].strip():
                required_number(context, text, "/pause 4 7d")
            raise
        return subscription, parse_pause(rest, clock, context.now) if rest else None


def _paused(context: CommandContext, subscription: Subscription | None, until: datetime | None) -> Reply:
    number = subscription.number if subscription else None
    held = pause(context.store, context.chat.address, number, until=until, now=context.now, who=context.actor)
    lines = [paused_line(held, context.localizer, now=context.now), context.say("What comes in the meantime waits.")]
    again = context.say("/resume {number} ends it.", number=number) if subscription else context.say("/resume ends it.")
    resume_button = Button(
        label=context.say("resume"), verb="resume", arguments={"number": number} if subscription else {}
    )
    undo = tuple(button for row in undo_row(context) for button in row) if held.changed else ()
    buttons = shown_buttons(context, ((resume_button, *undo),))
    return Reply(lines=(*lines, again), ok=True, buttons=buttons)


def _resumed(context: CommandContext, subscription: Subscription | None) -> Reply:
    number = subscription.number if subscription else None
    held = resume(context.store, context.chat.address, number, now=context.now, who=context.actor)
    head = resumed_line(held, context.localizer)
    if not held.changed:
        return Reply(lines=(head,))
    if held.chat.state is ChatState.PAUSED:
        return Reply(
            lines=(head, context.say("This chat is paused; /resume ends that.")), ok=True, buttons=undo_row(context)
        )
    lines, buttons = what_waits(context, number)
    return Reply(lines=(head, *lines), ok=True, buttons=(*buttons, *undo_row(context)))


def _match_ahead(context: CommandContext) -> None:
    """Matches the papers that wait for the chat."""
    match_waiting_ahead(context.store, context.chat.address)


COMMANDS = (
    Command(
        name="pause",
        aliases=("mute",),
        run=pause_,
        needs_manager=True,
        usage="[N] [7d | until 3 Mar]",
        summary=Sentence("hold papers back for a while"),
    ),
    Command(name="stop", run=stop, summary=Sentence("pause, or remove everything"), listed=False),
    Command(
        name="resume",
        run=resume_,
        needs_manager=True,
        matches_ahead=_match_ahead,
        usage="[N]",
        summary=Sentence("end a pause"),
    ),
)
CALLBACKS = {
    "pause": Callback(run=on_pause, needs_manager=True),
    "pause-all": Callback(run=on_pause_all, needs_manager=True),
    "resume": Callback(run=on_resume, needs_manager=True, matches_ahead=_match_ahead),
    "send-waiting": Callback(run=on_send, needs_manager=True, matches_ahead=_match_ahead),
    "skip-waiting": Callback(run=on_skip, needs_manager=True, matches_ahead=_match_ahead),
}
