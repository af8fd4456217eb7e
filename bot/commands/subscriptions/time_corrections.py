"""Presses that say a wish anew: words that were read as a time, and a time that there is."""

from dataclasses import replace

from bot.commands.core.context import Callback, Command, CommandContext
from bot.commands.core.picking import gone, numbered
from bot.commands.core.typed_times import AS_WORDS
from bot.commands.subscriptions.echo import at, echo
from bot.commands.subscriptions.echo_advice import REWRITE
from bot.ports.reply import Reply
from subscriptions.planning.cadence import cadence_text
from subscriptions.query import parse_query
from subscriptions.service.subscriptions import edit, find_change


def press_at(turn: CommandContext) -> Reply:
    """Subscribes to a query at a time, each as the button has it."""
    when = turn.arguments.get("when")
    return at(turn, str(turn.arguments["text"]), str(when) if when else None)


def press_as_words(turn: CommandContext) -> Reply:
    """What was read as a time is words: they are asked for, and a time that was there before holds again."""
    change = find_change(turn.store, turn.chat.address, int(turn.arguments["change"]))
    text = str(turn.arguments["text"])
    if change is None or change.undone:
        return Reply(toast=turn.say("That is undone already."))
    if change.what.added:
        return _in_words(turn, change.what.added[0].number, text, turn.chat.settings.schedule, "")
    old = next((old for old, _ in change.what.changed), None)
    if old is None or numbered(turn, old.number) is None:
        return gone(turn)
    when, tz = cadence_text(old.cadence), old.zone or ""
    if turn.arguments.get("number") is not None:  # it was an edit
        return _in_words(turn, old.number, text, when, tz)
    edit(turn.store, turn.chat.address, old.number, old.text, when=when, tz=tz, now=turn.now, who=turn.actor)
    return replace(at(turn, text, None), replaces=True)


def _in_words(turn: CommandContext, number: int, text: str, when: str, tz: str) -> Reply:
    before = numbered(turn, number)
    if before is None:
        return gone(turn)
    done = edit(turn.store, turn.chat.address, number, text, when=when, tz=tz, now=turn.now, who=turn.actor)
    return echo(turn, done, instead=turn.formatter.reading(parse_query(before.text)), replaces=True)


def press_rewrite(turn: CommandContext) -> Reply:
    """The advice is followed."""
    wish = numbered(turn, turn.arguments.get("number"))
    if wish is None:
        return gone(turn)
    text = str(turn.arguments["text"])
    done = edit(turn.store, turn.chat.address, wish.number, text, now=turn.now, who=turn.actor)
    return echo(turn, done, instead=turn.formatter.reading(parse_query(wish.text)), replaces=True)


COMMANDS: tuple[Command, ...] = ()
CALLBACKS = {
    AS_WORDS: Callback(run=press_as_words, needs_manager=True),
    REWRITE: Callback(run=press_rewrite, needs_manager=True),
    "subscribe-at": Callback(run=press_at, needs_manager=True),
}
