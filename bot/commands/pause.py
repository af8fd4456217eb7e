"""pause, resume, stop: pauses and resumes a chat or one of its subscriptions, and offers the papers that waited."""

from datetime import datetime

from bot.commands import asking
from bot.commands.context import Callback, Command, CommandContext
from bot.commands.phrasing import subscription_words
from bot.ports.channel import Button, Buttons, Reply
from subscriptions.errors import Refused, Sentence
from subscriptions.model import Subscription
from subscriptions.planning.pauses import parse_pause
from subscriptions.service import pausing
from subscriptions.states import ChatState
from subscriptions.zones import zone

ALL = "all"  # means the whole chat, as no arguments do


def pause_(context: CommandContext) -> Reply:
    """Pauses the chat, or the subscription with the number, for the time given."""
    if not context.chat.id:
        return Reply(lines=(context.say("There is nothing to pause yet."),))
    subscription, until = _parsed(context)
    return _paused(context, subscription, until)


def stop(context: CommandContext) -> Reply:
    """Asks whether the person wants to pause or to unsubscribe."""
    count = len(asking.listed_here(context))
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


def resume_(context: CommandContext) -> Reply:
    """Resumes the chat and all its subscriptions, or one."""
    if not context.chat.id:
        return Reply(lines=(context.say("Nothing is paused here."),))
    one = bool(context.args) and context.args.casefold() != ALL
    subscription = asking.required_number(context, context.args, "/resume 4")[0] if one else None
    return _resumed(context, subscription)


def what_waits(context: CommandContext, number: int | None = None) -> tuple[tuple[str, ...], Buttons]:
    """Returns lines and buttons for the papers that wait after a pause; nothing if none do."""
    found = pausing.get_waiting_papers(context.store, context.chat.address, now=context.now, number=number)
    if not found.papers:
        return (), ()
    lines = subscription_words.waiting_lines(found, context.localizer)
    if context.read_by_strangers:
        return lines, ()
    of = {} if number is None else {"number": number}
    send = Button(label=context.say("send {count}", count=found.papers), verb="send-waiting", arguments=of)
    offered = {**of, "upto": found.upto, "at": context.now.isoformat()}
    return lines, ((send, Button(label=context.say("skip"), verb="skip-waiting", arguments=offered)),)


def on_send(context: CommandContext, subscription: Subscription | None) -> Reply:
    """Handles [send]: sends what waits now."""
    sent = pausing.send_waiting(
        context.store, context.chat.address, now=context.now, number=subscription.number if subscription else None
    )
    if not sent:
        return Reply(toast=context.say("Nothing waits any more."))
    said = context.localizer.count("{count} paper is on its way.", "{count} papers are on their way.", sent)
    return Reply(lines=(said,), ok=True)


def on_skip(context: CommandContext, subscription: Subscription | None) -> Reply:
    """Handles [skip]: what waited when the button was shown is never sent."""
    skipped = pausing.skip_waiting(
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
    return Reply(lines=(said, context.say("/search still finds what was skipped.")), ok=True)


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
        subscription, rest = asking.number_and_rest(context, text)
        if subscription is None:
            first = text.split(maxsplit=1)[0].removeprefix("#")
            if first.isdecimal() and not text[len(first) :].strip():
                asking.required_number(context, text, "/pause 4 7d")
            raise
        return subscription, parse_pause(rest, clock, context.now) if rest else None


def _paused(context: CommandContext, subscription: Subscription | None, until: datetime | None = None) -> Reply:
    number = subscription.number if subscription else None
    held = pausing.pause(context.store, context.chat.address, number, until=until, now=context.now, who=context.actor)
    lines = [
        subscription_words.paused_line(held, context.localizer, now=context.now),
        context.say("What comes in the meantime waits."),
    ]
    again = context.say("/resume {number} ends it.", number=number) if subscription else context.say("/resume ends it.")
    resume_button = Button(
        label=context.say("resume"), verb="resume", arguments={"number": number} if subscription else {}
    )
    undo = tuple(button for row in asking.undo_row(context) for button in row) if held.changed else ()
    buttons = asking.shown_buttons(context, ((resume_button, *undo),))
    return Reply(lines=(*lines, again), ok=True, buttons=buttons)


def _resumed(context: CommandContext, subscription: Subscription | None) -> Reply:
    number = subscription.number if subscription else None
    held = pausing.resume(context.store, context.chat.address, number, now=context.now, who=context.actor)
    head = subscription_words.resumed_line(held, context.localizer)
    if not held.changed:
        return Reply(lines=(head,))
    if held.chat.state is ChatState.PAUSED:
        return Reply(
            lines=(head, context.say("This chat is paused; /resume ends that.")),
            ok=True,
            buttons=asking.undo_row(context),
        )
    lines, buttons = what_waits(context, number)
    return Reply(lines=(head, *lines), ok=True, buttons=(*buttons, *asking.undo_row(context)))


def _match_ahead(context: CommandContext) -> None:
    """Matches the papers that wait for the chat."""
    pausing.match_waiting_ahead(context.store, context.chat.address)


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
    "pause": Callback(run=asking.on_subscription(_paused), needs_manager=True, replaces=True),
    "pause-all": Callback(run=pause_, needs_manager=True, replaces=True),
    **{
        verb: Callback(run=asking.on_all_or_one(run), needs_manager=True, matches_ahead=_match_ahead, replaces=True)
        for verb, run in (("resume", _resumed), ("send-waiting", on_send), ("skip-waiting", on_skip))
    },
}
