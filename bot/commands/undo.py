"""undo, and [undo] under every reply to a change: which change is meant, and how much of it a reply names."""

from collections.abc import Iterator
from dataclasses import replace

from bot.commands import phrasing
from bot.commands.context import Callback, Command, CommandContext
from bot.ports import channel
from subscriptions import model, states
from subscriptions.errors import Sentence
from subscriptions.service import changes
from subscriptions.service.changes import Undone
from subscriptions.texts.cutting import cut_letters

_MOST_NAMED = 5  # subscriptions that a reply lists
_LONGEST = 300  # characters of a changed query that are shown, so that five changes fit into a message


def undo_last(context: CommandContext) -> channel.Reply:
    """Undoes the newest change of the chat, whoever made it."""
    done = changes.undo(context.transaction, context.chat.address, now=context.now)
    if done is None:
        return context.reply("There is nothing to undo.")
    return _undone(context, done)


def on_undo(context: CommandContext) -> channel.Reply:
    """Handles [undo]: undoes the change that the button names, if it is the newest."""
    change = changes.last_change(context.transaction, context.chat.address)
    number = int(context.arguments["change"])
    if change is None or change.id < number:
        return context.toast("That is undone already.")
    if change.id > number:
        return context.toast("Something was changed since. /undo takes back the newest change first.")
    return replace(undo_last(context), replaces=True)


def _undone(context: CommandContext, done: Undone) -> channel.Reply:
    sender, _, name = done.who.partition(" ")
    head = context.say("Undone.")
    if name and sender != context.request.sender and context.chat.kind is not model.ChatKind.PRIVATE:
        head = context.say("Undone: {name} had changed that.", name=name)
    return context.done(head, *_what(context, done))


def _what(context: CommandContext, done: Undone) -> Iterator[str]:
    """Yields lines that say what an undo changed."""
    what = done.what
    for said, subscriptions in ((context.say("Removed:"), what.removed), (context.say("Back:"), what.added)):
        yield from (
            f"{said} {phrasing.subscription_label(subscription)}" for subscription in subscriptions[:_MOST_NAMED]
        )
        yield from _unnamed(context, len(subscriptions))
    for old, new in what.changed[:_MOST_NAMED]:
        yield context.say("{number} was: {old}", number=new.number, old=_state_words(context, old, new))
        yield context.say("{number} is: {new}", number=new.number, new=_state_words(context, new, old))
    yield from _unnamed(context, len(what.changed))
    for name in what.settings:
        yield phrasing.setting_change(name, done.before, done.after, context.localizer)
    if what.paused is not None:
        yield context.say("This chat is paused.") if what.paused else context.say("This chat is not paused any more.")


def _unnamed(context: CommandContext, amount: int) -> Iterator[str]:
    if amount > _MOST_NAMED:
        yield context.count("and {count} more of them", "and {count} more of them", amount - _MOST_NAMED)


def _state_words(context: CommandContext, subscription: model.Subscription, other: model.Subscription) -> str:
    """Returns what is different in one state of a subscription compared with the other: query, name, time, pause."""
    parts = [cut_letters(subscription.text, _LONGEST)] if subscription.text != other.text else []
    if subscription.name != other.name:
        parts.append(subscription.name or context.say("without a name"))
    if (subscription.cadence, subscription.zone) != (other.cadence, other.zone):
        parts.append(phrasing.cadence_words(subscription.cadence, context.localizer, subscription.zone or ""))
    if (subscription.state, subscription.paused_until) != (other.state, other.paused_until):
        until = context.localizer.moment(subscription.paused_until)
        paused = context.say("paused")
        if until:
            paused = context.say("paused until {moment}", moment=until)
        parts.append(paused if subscription.state is states.SubscriptionState.PAUSED else context.say("active"))
    return " · ".join(parts) or phrasing.shortened(subscription.label)


COMMANDS = (
    Command(
        name="undo",
        examples=("/undo",),
        run=undo_last,
        needs_manager=True,
        may_end_right=True,
        summary=Sentence("take back the last change"),
    ),
)

CALLBACKS = {"undo": Callback(run=on_undo, needs_manager=True, may_end_right=True)}
