"""undo: undoes the last changes of a chat, one by one."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from bot.commands.core.context import Callback, Command, CommandContext
from bot.commands.phrasing.cadence_words import cadence_words
from bot.commands.phrasing.setting_words import label_of, value_of, value_words
from bot.commands.phrasing.subscription_words import shortened, subscription_label
from bot.ports.reply import Button, Reply
from subscriptions.cutting import cut_letters
from subscriptions.errors import Refused, Sentence
from subscriptions.model import ChatKind, Subscription
from subscriptions.service.subscriptions.changes import Change, Difference
from subscriptions.service.subscriptions.undoing import Undone, find_change, last_change, undo
from subscriptions.states import Signal, SubscriptionState
from subscriptions.store.papers.known_papers import stored_papers

_MOST_NAMED = 5  # subscriptions that a reply lists
_LONGEST = 300  # characters of a changed query
_JUDGED: Mapping[tuple[Signal, bool], Sentence] = MappingProxyType(
    {
        (Signal.SAVED, True): Sentence("Saved: {title}"),
        (Signal.SAVED, False): Sentence("No longer saved: {title}"),
        (Signal.LIKED, True): Sentence("Liked: {title}"),
        (Signal.LIKED, False): Sentence("No longer liked: {title}"),
        (Signal.DISLIKED, True): Sentence("Disliked: {title}"),
        (Signal.DISLIKED, False): Sentence("No longer disliked: {title}"),
    }
)


def undo_last(context: CommandContext) -> Reply:
    """Undoes the newest change; asks first if another person made it."""
    change = last_change(context.store, context.chat.address)
    if change is None:
        return Reply(lines=(context.say("There is nothing to undo."),))
    return _ask(context, change) if _is_foreign(context, change) else _undo(context, change)


def on_undo(context: CommandContext) -> Reply:
    """Handles [undo]: undoes the change of the button."""
    number = context.arguments.get("change")
    change = find_change(context.store, context.chat.address, number) if isinstance(number, int) else None
    if change is None:
        return Reply(toast=context.say("That was too long ago to be undone. I keep the last five changes."))
    if change.undone:
        return Reply(toast=context.say("That is undone already."))
    if _is_foreign(context, change) and not context.arguments.get("sure"):
        return _ask(context, change)
    try:
        with context.store.savepoint():
            return _undo(context, change, replaces=True)
    except Refused as error:
        return Reply(
            toast=f"{error.sentence.say(context.localizer.translate)} {error.hint.say(context.localizer.translate)}"
        )


def _is_foreign(context: CommandContext, change: Change) -> bool:
    """Returns whether another person made the change; False if it has no author."""
    if context.chat.kind is ChatKind.PRIVATE or not change.who:
        return False
    return change.who.partition(" ")[0] != context.request.sender


def _ask(context: CommandContext, change: Change) -> Reply:
    name = change.who.partition(" ")[2] or context.say("Somebody else")
    said = context.say("{name} did the last change here:", name=name)
    sure = Button(label=context.say("undo it"), verb="undo", arguments={"change": change.id, "sure": True})
    if context.read_by_strangers:
        return Reply(
            lines=(said, *_what(context, change.what), context.say("Only {name} can undo it here.", name=name))
        )
    return Reply(lines=(said, *_what(context, change.what)), buttons=((sure,),))


def _undo(context: CommandContext, change: Change, *, replaces: bool = False) -> Reply:
    redone = _is_undo(context, change)
    done = undo(context.store, context.chat.address, change.id, now=context.now, who=context.actor)
    label = context.say("undo") if redone else context.say("redo")
    again = Button(label=label, verb="undo", arguments={"change": done.again, "sure": True})
    head = context.say("Done again.") if redone else context.say("Undone.")
    buttons = () if context.read_by_strangers else ((again,),)
    return Reply(lines=(head, *_what(context, done.what, done)), ok=True, buttons=buttons, replaces=replaces)


def _is_undo(context: CommandContext, change: Change) -> bool:
    """Returns whether the change was an undo. Undoing an undo makes the first change again, and so on."""
    if change.undoes is None:
        return False
    taken_back = find_change(context.store, context.chat.address, change.undoes)
    return taken_back is None or not _is_undo(context, taken_back)


def _what(context: CommandContext, what: Difference, done: Undone | None = None) -> Iterator[str]:
    """Yields a line for each part of a difference."""
    added = context.say("Back:") if done else context.say("Added:")
    for said, subscriptions in ((context.say("Removed:"), what.removed), (added, what.added)):
        yield from (f"{said} {subscription_label(subscription)}" for subscription in subscriptions[:_MOST_NAMED])
        if len(subscriptions) > _MOST_NAMED:
            yield context.localizer.count(
                "and {count} more of them", "and {count} more of them", len(subscriptions) - _MOST_NAMED
            )
    for old, new in what.changed[:_MOST_NAMED]:
        yield context.say("{number} was: {old}", number=new.number, old=_state_words(context, old, new))
        yield context.say("{number} is: {new}", number=new.number, new=_state_words(context, new, old))
    if len(what.changed) > _MOST_NAMED:
        yield context.localizer.count(
            "and {count} more of them", "and {count} more of them", len(what.changed) - _MOST_NAMED
        )
    for name in what.settings:
        if done is None:
            yield context.say("The setting {name}.", name=label_of(name, context.localizer))
        else:
            old_value, value = value_of(done.before.settings, name), value_of(done.after.settings, name)
            was, now = value_words(name, old_value, context.localizer), value_words(name, value, context.localizer)
            yield context.say(
                "{label}: {value} (was: {old})", label=label_of(name, context.localizer), value=now, old=was
            )
    for (kind, paper), is_there in what.judged[:_MOST_NAMED]:
        if known := stored_papers(context.store, [paper]).get(paper):
            judged = replace(_JUDGED[kind, is_there], values={"title": context.title(known)})
            yield judged.say(context.localizer.translate)
    if what.paused is not None:
        yield context.say("This chat is paused.") if what.paused else context.say("This chat is not paused any more.")


def _state_words(context: CommandContext, subscription: Subscription, other: Subscription) -> str:
    """Returns what distinguishes one state of a subscription from another one."""
    parts = [_as_read(subscription.text)] if subscription.text != other.text else []
    if subscription.name != other.name:
        parts.append(subscription.name or context.say("without a name"))
    if (subscription.cadence, subscription.zone) != (other.cadence, other.zone):
        parts.append(cadence_words(subscription.cadence, context.localizer, subscription.zone or ""))
    if (subscription.state, subscription.paused_until) != (other.state, other.paused_until):
        until = context.localizer.moment(subscription.paused_until) if subscription.paused_until else ""
        paused = context.say("paused until {moment}", moment=until) if until else context.say("paused")
        parts.append(paused if subscription.state is SubscriptionState.PAUSED else context.say("active"))
    return " · ".join(parts) or shortened(subscription.label)


def _as_read(query: str) -> str:
    """Returns a query, cut so that five changes fit into a message."""
    return cut_letters(query, _LONGEST)


COMMANDS = (Command(name="undo", run=undo_last, needs_manager=True, summary=Sentence("take back the last change")),)
CALLBACKS = {"undo": Callback(run=on_undo, needs_manager=True)}
