"""pause, resume: holds a chat or one of its subscriptions, and tells what waits when it comes back."""

from dataclasses import replace
from datetime import datetime

from bot.commands.holding import held_line, resumed_line, waiting_lines
from bot.commands.picking import gone, listed_here, number_and_rest, numbered, required_number, shown_buttons
from bot.commands.turn import Callback, Command, CommandContext
from bot.commands.undoing import undo_row
from bot.ports.button import Button, Buttons
from bot.ports.reply import Reply
from subscriptions.errors import Refused, Sentence
from subscriptions.model import Subscription
from subscriptions.planning.pauses import parse_pause
from subscriptions.service.subscriptions import pause, resume, send_waiting, skip_waiting, waits
from subscriptions.states import ChatState
from subscriptions.zones import zone

ALL = "all"  # what a number stands against; without it, it is meant as well


def pause_(turn: CommandContext) -> Reply:
    """Holds the chat, or with a number one subscription, for as long as is said."""
    if not turn.chat.id:
        return Reply(lines=(turn.say("There is nothing to pause yet."),))
    wish, until = _meant(turn)
    return _paused(turn, wish, until)


def press_pause(turn: CommandContext) -> Reply:
    """Holds one subscription until somebody resumes it."""
    wish = numbered(turn, turn.arguments.get("number"))
    return gone(turn) if wish is None else replace(_paused(turn, wish, None), replaces=True)


def stop(turn: CommandContext) -> Reply:
    """Asks what is meant: a pause, or the end."""
    count = len(listed_here(turn))
    if not count:
        return Reply(lines=(turn.say("There is nothing to stop: this chat has no subscriptions."),))
    paused = turn.chat.state is ChatState.PAUSED
    lines = [turn.localizer.count("This chat has {count} subscription.", "This chat has {count} subscriptions.", count)]
    lines += [turn.say("This chat is paused; /resume ends that.")] if paused else []
    if turn.in_public:
        lines.append(turn.say("/pause holds everything, /unsub all removes it."))
        return Reply(lines=tuple(lines))
    hold = () if paused else (Button(label=turn.say("pause"), verb="pause-all"),)
    everything = Button(label=turn.say("remove all"), verb="unsub-all")
    return Reply(lines=tuple(lines), buttons=((*hold, everything),))


def press_pause_all(turn: CommandContext) -> Reply:
    """Holds the chat until somebody resumes it."""
    return replace(pause_(turn), replaces=True)


def resume_(turn: CommandContext) -> Reply:
    """Ends the pause of the chat and of all its subscriptions, or of one."""
    if not turn.chat.id:
        return Reply(lines=(turn.say("Nothing is paused here."),))
    one = bool(turn.args) and turn.args.casefold() != ALL
    wish = required_number(turn, turn.args, "/resume 4")[0] if one else None
    return _resumed(turn, wish)


def press_resume(turn: CommandContext) -> Reply:
    """Ends a pause."""
    number = turn.arguments.get("number")
    wish = numbered(turn, number)
    if number is not None and wish is None:
        return gone(turn)
    return replace(_resumed(turn, wish), replaces=True)


def what_waits(turn: CommandContext, number: int | None = None) -> tuple[tuple[str, ...], Buttons]:
    """How many papers wait after a pause, and [send] [skip]; nothing when none do."""
    found = waits(turn.store, turn.chat.address, now=turn.now, number=number)
    if not found.papers:
        return (), ()
    lines = waiting_lines(found, turn.localizer)
    if turn.in_public:
        return lines, ()
    of = {} if number is None else {"number": number}
    send = Button(label=turn.say("send {count}", count=found.papers), verb="send-waiting", arguments=of)
    offered = {**of, "upto": found.upto, "at": turn.now.isoformat()}
    return lines, ((send, Button(label=turn.say("skip"), verb="skip-waiting", arguments=offered)),)


def press_send(turn: CommandContext) -> Reply:
    """What waits goes now."""
    wish = numbered(turn, turn.arguments.get("number"))
    if "number" in turn.arguments and wish is None:
        return gone(turn)
    sent = send_waiting(turn.store, turn.chat.address, now=turn.now, number=wish.number if wish else None)
    if not sent:
        return Reply(toast=turn.say("Nothing waits any more."))
    said = turn.localizer.count("{count} paper is on its way.", "{count} papers are on their way.", sent)
    return Reply(lines=(said,), ok=True, replaces=True)


def press_skip(turn: CommandContext) -> Reply:
    """What waited when it was offered never comes."""
    wish = numbered(turn, turn.arguments.get("number"))
    if "number" in turn.arguments and wish is None:
        return gone(turn)
    skipped = skip_waiting(
        turn.store,
        turn.chat.address,
        upto=int(turn.arguments["upto"]),
        by=datetime.fromisoformat(turn.arguments["at"]),
        now=turn.now,
        number=wish.number if wish else None,
    )
    if not skipped:
        return Reply(toast=turn.say("Nothing waits any more."))
    said = turn.localizer.count("{count} paper is skipped.", "{count} papers are skipped.", skipped)
    return Reply(lines=(said, turn.say("/search still finds what was skipped.")), ok=True, replaces=True)


def _meant(turn: CommandContext) -> tuple[Subscription | None, datetime | None]:
    """Which subscription, and until when. "2 weeks" is a time, "2" a subscription, "2 until mon" both."""
    text = turn.args
    if not text or text.casefold() == ALL:
        return None, None
    clock = zone(turn.chat.settings.timezone)
    try:
        return None, parse_pause(text, clock, turn.now)
    except Refused:
        wish, rest = number_and_rest(turn, text)
        if wish is None:
            first = text.split(maxsplit=1)[0].removeprefix("#")
            if first.isdecimal() and not text[len(first) :].strip():
                required_number(turn, text, "/pause 4 7d")
            raise
        return wish, parse_pause(rest, clock, turn.now) if rest else None


def _paused(turn: CommandContext, wish: Subscription | None, until: datetime | None) -> Reply:
    number = wish.number if wish else None
    held = pause(turn.store, turn.chat.address, number, until=until, now=turn.now, who=turn.actor)
    lines = [held_line(held, turn.localizer, now=turn.now), turn.say("What comes in the meantime waits.")]
    again = turn.say("/resume {number} ends it.", number=number) if wish else turn.say("/resume ends it.")
    resume_button = Button(label=turn.say("resume"), verb="resume", arguments={"number": number} if wish else {})
    undo = tuple(button for row in undo_row(turn) for button in row) if held.changed else ()
    buttons = shown_buttons(turn, ((resume_button, *undo),))
    return Reply(lines=(*lines, again), ok=True, buttons=buttons)


def _resumed(turn: CommandContext, wish: Subscription | None) -> Reply:
    number = wish.number if wish else None
    held = resume(turn.store, turn.chat.address, number, now=turn.now, who=turn.actor)
    head = resumed_line(held, turn.localizer)
    if not held.changed:
        return Reply(lines=(head,))
    if held.chat.state == "paused":
        return Reply(lines=(head, turn.say("This chat is paused; /resume ends that.")), ok=True, buttons=undo_row(turn))
    lines, buttons = what_waits(turn, number)
    return Reply(lines=(head, *lines), ok=True, buttons=(*buttons, *undo_row(turn)))


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
    Command(name="resume", run=resume_, needs_manager=True, usage="[N]", summary=Sentence("end a pause")),
)
PRESSES = {
    "pause": Callback(run=press_pause, needs_manager=True),
    "pause-all": Callback(run=press_pause_all, needs_manager=True),
    "resume": Callback(run=press_resume, needs_manager=True),
    "send-waiting": Callback(run=press_send, needs_manager=True),
    "skip-waiting": Callback(run=press_skip, needs_manager=True),
}
