"""undo, cancel, and [undo] under every reply to a change: which change is meant, when it asks first, how much of a change it names.

`undo` takes back what the last message changed. If that changed nothing, `undo` closes the question that it asked, or
asks whether an older change is meant.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress

from bot.commands import asking, frame, phrasing
from bot.commands.context import Callback, Command, CommandContext
from bot.commands.spoken import spoken
from bot.ports import channel
from subscriptions import model, states
from subscriptions.errors import Refused, Sentence
from subscriptions.service import undoing
from subscriptions.service.changes import Change, Difference
from subscriptions.service.undoing import Undone
from subscriptions.store.known_papers import stored_papers
from subscriptions.store.updates import is_later_update
from subscriptions.texts.cutting import cut_letters

_PATIENCE = 2  # undos in a row, after which a removal is undone before other changes
_LABEL = 40  # characters of a button's label
_MOST_NAMED = 5  # subscriptions that a reply lists
_LONGEST = 300  # characters of a changed query that are shown, so that five changes fit into a message
_JUDGED: Mapping[tuple[states.Signal, bool], Sentence] = {
    (states.Signal.SAVED, True): Sentence("Saved: {title}"),
    (states.Signal.SAVED, False): Sentence("No longer saved: {title}"),
    (states.Signal.LIKED, True): Sentence("Liked: {title}"),
    (states.Signal.LIKED, False): Sentence("No longer liked: {title}"),
    (states.Signal.DISLIKED, True): Sentence("Disliked: {title}"),
    (states.Signal.DISLIKED, False): Sentence("No longer disliked: {title}"),
}


def undo_last(context: CommandContext) -> channel.Reply:
    """Undoes the newest change. If another person made it, or if the last message changed nothing, asks first.

    Who undoes a third time in a row misses something: then a subscription that was removed comes first. "Undo the other one
    too" means what was changed before that which was just undone; if nothing was, the reply asks which change is meant.
    """
    is_another = context.message is not None and spoken(context.message.text).names_another
    if not is_another and (sure := asking.agreed(context, "undo")) is not None:
        return sure
    if not is_another and (closed := asking.closed(context)) is not None:
        return closed
    address = context.chat.address
    change = undoing.last_change(context.transaction, address)
    if change is None:
        return context.reply("There is nothing to undo.")
    is_last = _is_of_last_message(context, change)
    if is_another and not (is_last and _follows_an_undo(context, change)):
        return _ask_which(context)
    removal = undoing.last_removal(context.transaction, address)
    if (
        removal
        and is_last
        and undoing.undos_in_a_row(context.transaction, address) == _PATIENCE
        and not _is_foreign(context, removal)
    ):
        with suppress(Refused), context.transaction.savepoint():
            return _undone(context, removal)
    return _undone(context, change) if is_last and not _is_foreign(context, change) else _ask(context, change)


def cancel(context: CommandContext) -> channel.Reply:
    """Closes the open question; if there is none, takes back what the last message just changed, in a private chat.

    Who says "forget it" hours later means something else.
    """
    if (closed := asking.closed(context)) is not None:
        return closed
    change = undoing.last_change(context.transaction, context.chat.address)
    is_newest = change is not None and not undoing.undos_in_a_row(context.transaction, context.chat.address)
    is_recent = change is not None and context.now - change.at <= frame.WITHIN
    if change and is_newest and is_recent and asking.can_ask(context) and _is_of_last_message(context, change):
        return _undone(context, change)
    return context.reply("There is nothing to cancel.")


def _is_of_last_message(context: CommandContext, change: Change) -> bool:
    """Returns whether nothing was said here since a change, or since the undo of a newer one, nor pressed to change anything.

    True where nobody could answer the question whether to undo it.
    """
    transaction = context.transaction
    if context.read_by_strangers:
        return True
    if context.chat.id in transaction.begun_changes:  # by another wish of this message
        return False
    since = undoing.changed_at(transaction, context.chat.address) or change.at
    ours = (context.request.update_id, *frame.load(context).shown.presses)
    return not is_later_update(transaction, context.origin.address, since, without=ours)


def on_undo(context: CommandContext) -> channel.Reply:
    """Handles [undo]: undoes the change that the button names."""
    number = context.arguments.get("change")
    change = undoing.find_change(context.transaction, context.chat.address, number) if isinstance(number, int) else None
    if change is None:
        return context.toast("That was too long ago to be undone. I keep the last five changes.")
    if change.undone:
        return context.toast("That is undone already.")
    if _is_foreign(context, change) and not context.arguments.get("sure"):
        return _ask(context, change)
    try:
        with context.transaction.savepoint():
            return _undone(context, change, replaces=True)
    except Refused as error:
        return channel.Reply(toast=f"{context.say(error.sentence)} {context.say(error.hint)}")


def _follows_an_undo(context: CommandContext, change: Change) -> bool:
    """Returns whether a newer change than this one was just undone, in the same conversation."""
    in_a_row = undoing.undos_in_a_row(context.transaction, context.chat.address)
    return in_a_row > 0 and context.now - change.at <= frame.WITHIN


def _is_foreign(context: CommandContext, change: Change) -> bool:
    """Returns whether another person made the change; False if it is unknown who made it, and in private chats."""
    if context.chat.kind is model.ChatKind.PRIVATE or not change.who:
        return False
    return change.who.partition(" ")[0] != context.request.sender


def _ask(context: CommandContext, change: Change) -> channel.Reply:
    """Asks whether to undo a change of another person, or one that was not made by the last message."""
    is_foreign = _is_foreign(context, change)
    name = change.who.partition(" ")[2] or context.say("Somebody else")
    if is_foreign:
        head = context.say("{name} did the last change here:", name=name)
    elif context.transaction.begun_changes:
        head = context.say("The last change here:")
    else:
        head = context.say("Your last message changed nothing. The last change before it:")
    lines = (head, *_what(context, change.what))
    if context.read_by_strangers:
        return channel.Reply(lines=(*lines, context.say("Only {name} can undo it here.", name=name)))
    sure = context.button("undo it", "undo", change=change.id, sure=True)
    asking.expect_yes_or_no(context, sure, context.button("no", "cancel"))
    return channel.Reply(lines=lines, buttons=((sure,),), about=channel.About())


def _ask_which(context: CommandContext) -> channel.Reply:
    """Asks which change shall be undone, the newest first; where strangers read, about the newest."""
    changes = undoing.changes_to_undo(context.transaction, context.chat.address)
    if len(changes) == 1 or context.read_by_strangers:
        return _ask(context, changes[0])
    asking.drop_passing_questions(context)
    buttons = [
        context.labelled(cut_letters("; ".join(_what(context, one.what)), _LABEL), "undo", change=one.id)
        for one in changes
    ]
    return context.reply(
        "Which change do you want to undo?", buttons=tuple((one,) for one in buttons), about=channel.About(asks=True)
    )


def _undone(context: CommandContext, change: Change, *, replaces: bool = False) -> channel.Reply:
    redone = _is_undo(context, change)
    done = undoing.undo(context.transaction, context.chat.address, change.id, now=context.now, who=context.actor)
    label = context.say("undo") if redone else context.say("redo")
    again = context.labelled(label, "undo", change=done.again, sure=True)
    head = context.say("Undone.")
    if redone:
        head = context.say("Done again.")
    removal = undoing.last_removal(context.transaction, context.chat.address) if not redone else None
    missed = (_bring_back(context, removal),) if removal else ()
    return context.done(head, *_what(context, done.what, done), buttons=((again,), missed), replaces=replaces)


def _bring_back(context: CommandContext, removal: Change) -> channel.Button:
    """Returns a button that undoes an older change, which removed subscriptions."""
    gone = removal.what.removed
    numbers = ", ".join(str(one.number) for one in gone)
    label = context.say("bring back {label}", label=f"{numbers}  {gone[0].label}" if len(gone) == 1 else numbers)
    return context.labelled(cut_letters(label, _LABEL), "undo", change=removal.id)


def _is_undo(context: CommandContext, change: Change) -> bool:
    """Returns whether the change is an undo.

    The undo of an undo makes the original change again, so it does not count as an undo.
    """
    if not change.is_undo or change.undoes is None:
        return False
    taken_back = undoing.find_change(context.transaction, context.chat.address, change.undoes)
    return taken_back is None or not _is_undo(context, taken_back)


def _what(context: CommandContext, what: Difference, done: Undone | None = None) -> Iterator[str]:
    """Yields lines that describe a difference; with `done`, as the result of an undo."""
    added = context.say("Back:") if done else context.say("Added:")
    for said, subscriptions in ((context.say("Removed:"), what.removed), (added, what.added)):
        yield from (
            f"{said} {phrasing.subscription_label(subscription)}" for subscription in subscriptions[:_MOST_NAMED]
        )
        yield from _unnamed(context, len(subscriptions))
    for old, new in what.changed[:_MOST_NAMED]:
        yield context.say("{number} was: {old}", number=new.number, old=_state_words(context, old, new))
        yield context.say("{number} is: {new}", number=new.number, new=_state_words(context, new, old))
    yield from _unnamed(context, len(what.changed))
    for name in what.settings:
        if done is None:
            yield context.say("The setting {name}.", name=phrasing.label_of(name, context.localizer))
        else:
            yield phrasing.setting_change(name, done.before, done.after, context.localizer)
    for (kind, paper), is_there in what.judged[:_MOST_NAMED]:
        if known := stored_papers(context.transaction, [paper]).get(paper):
            yield context.say(_JUDGED[kind, is_there], title=context.title(known))
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
        keeps_question=True,
        summary=Sentence("take back the last change"),
    ),
    Command(
        name="cancel",
        examples=("/cancel",),
        run=cancel,
        summary=Sentence("never mind the question"),
        listed=False,
        stays_here=True,
        writes=True,
        keeps_question=True,
    ),
)

CALLBACKS = {"undo": Callback(run=on_undo, needs_manager=True)}
