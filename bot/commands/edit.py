"""edit, name, schedule and undo: a changed subscription keeps its number and its history of deliveries."""

import re
from collections.abc import Callable, Iterator

from bot.commands.asking import (
    ask,
    expect,
    no_subscriptions,
    number_and_rest,
    on_all_or_one,
    on_subscription,
    pick_list,
    required_number,
)
from bot.commands.base import Callback, Change, Command, CommandFunction, Context
from bot.commands.phrasing import (
    cadence_words,
    next_line,
    setting_change,
    shortened,
    subscription_labels,
    unnamed,
    when_words,
    why_paused,
)
from bot.commands.sub import REWRITE, edit_and_echo
from bot.free_text.wishes import formed_wish, is_name
from bot.messages import Reply
from subscriptions.chats.known import next_deliveries_to
from subscriptions.errors import NotFound, QueryError, Refused, Sentence
from subscriptions.model import ChatKind, Subscription, SubscriptionState
from subscriptions.papers.stored.papers import stored_papers
from subscriptions.query.parse import parse_query
from subscriptions.query.rewriting import with_exclusion
from subscriptions.schedule.times import excluding, is_schedule, is_time, only_excluded, split_exclusion, split_when
from subscriptions.subscribing import subscribe as subscribing
from subscriptions.subscribing import undo as changes
from subscriptions.subscribing.undo import Undone
from subscriptions.text.cutting import cut_letters

_NO_NAME = frozenset({"-", "off"})
_TO = re.compile(r"\Ato\s+", re.IGNORECASE)  # "/schedule 1 to daily", "/edit 1 to diffusion"
_OFTEN_WANTED = ("now", "when-out", "daily 09:00", "weekdays 09:00", "weekly mon 09:00")
_MOST_NAMED = 5  # subscriptions that a reply lists
_LONGEST = 300  # characters of a changed query that are shown, so that five changes fit into a message


def edit_(context: Context) -> Reply:
    """Change the query of a subscription, and its time if a time follows the query. Without a query, asks for it."""
    if not context.args:
        return pick_list(context, context.say("Which one do you want to change?"), "edit-ask")
    subscription, text = required_number(context, context.args, "/edit 4 diffusion -survey")
    return _edit(context, subscription, text) if text else _ask_query(context, subscription)


def _ask_query(context: Context, subscription: Subscription) -> Reply:
    now = context.say("{number} asks for: {text}", number=subscription.number, text=subscription.text)
    return ask(context, "edit-to", now, context.say("Write what it shall be instead."), subscription=subscription.id)


def _edit(context: Context, subscription: Subscription, typed: str) -> Reply:
    """Change the query of a subscription to what was typed, which is the end of the arguments."""
    if wish := formed_wish(typed):
        typed = f"{wish.query} {wish.when}".strip()
    typed = _TO.sub("", typed)
    ending = split_when(typed)
    if ending.only_time:  # a time without a query changes only the time
        return set_schedule(context, subscription, typed)
    try:
        text = _query(subscription, ending.query)
    except QueryError as error:  # the caret is shown below all arguments, which begin with the number
        before = len(context.args) - len(typed)
        raise QueryError(error.sentence, error.hint, error.column + before) from None
    return edit_and_echo(context, subscription, text, when=ending.when)


def _query(subscription: Subscription, typed: str) -> str:
    """Return the new query. A text that only excludes, "-survey" or "no surveys", is added to the old one.

    Raise QueryError, Refused.
    """
    if rules := only_excluded(typed):
        return excluding(subscription.text, rules)
    narrower = with_exclusion(parse_query(subscription.text), typed)
    return narrower.text if narrower else " ".join(typed.split())


def name(context: Context) -> Reply:
    """Names a subscription; "-" removes the name. Without a name, asks for it."""
    if not context.args:
        return pick_list(context, context.say("Which one do you want to name?"), "name-ask")
    subscription, text = required_number(context, context.args, "/name 4 diffusion")
    return _name(context, subscription, text) if text else _ask_name(context, subscription)


def _ask_name(context: Context, subscription: Subscription) -> Reply:
    question = context.say("What do you want to call {number}? A - takes the name away.", number=subscription.number)
    return ask(context, "name-to", question, subscription=subscription.id)


def _name(context: Context, subscription: Subscription, text: str) -> Reply:
    number, called = subscription.number, "" if text.strip().casefold() in _NO_NAME else text
    try:
        done = subscribing.rename(
            context.transaction, context.chat.address, number, called, now=context.now, who=context.actor
        )
    except Refused as error:
        raise Refused(error.sentence, Sentence("For example: /name {number} diffusion", {"number": number})) from None
    if done.name == subscription.name:
        return context.reply("It is called that already.") if done.name else context.reply("It has no name.")
    said = context.say("{number} is called {name} now.", number=number, name=done.name)
    if not done.name:
        said = context.say("{number} has no name any more: {text}", number=number, text=done.text)
    return context.done(said, buttons=context.undo_row)


def schedule(context: Context) -> Reply:
    """Set the time of one subscription.

    Without a number, sets the time of all subscriptions and of new ones; without a time, offers times.
    """
    subscription, text = number_and_rest(context, context.args)
    if subscription is None:
        _refuse_foreign_number(text)
    when = _TO.sub("", text)
    return set_schedule(context, subscription, when) if when else _offer_times(context, subscription)


def _refuse_foreign_number(text: str) -> None:
    """Raise NotFound if the text begins with a number that no subscription has.

    Otherwise the number would be read as an hour, and all subscriptions would be rescheduled.
    """
    first, *rest = text.split(maxsplit=1) or [""]
    if first.removeprefix("#").isdigit():  # ² too
        typed = "".join(rest) or "9"
        when = next((one for one in (typed, f"daily {typed}") if is_time(one)), "daily 9")
        raise NotFound(
            Sentence("This chat has no subscription {which}.", {"which": first}),
            Sentence("For all subscriptions: /schedule {when}", {"when": when}),
        )


def _answer(change: Callable[[Context, Subscription, str], Reply]) -> CommandFunction:
    """Return a handler that changes a subscription with the answer to a question about it, or with a button's query."""
    return on_subscription(lambda context, subscription: change(context, subscription, context.args))


def _offer_times(context: Context, subscription: Subscription | None) -> Reply:
    schedule = context.chat.settings.schedule
    if subscription is None:
        which, number = None, ""
        lines = [
            context.say("New subscriptions come: {when}", when=when_words(schedule, context.localizer)),
            context.say("A new time is for all of them. For one of them: /schedule N daily 9"),
        ]
    else:
        which, number = subscription.id, f"{subscription.number} "
        now = cadence_words(subscription.cadence, context.localizer, subscription.zone or "")
        lines = [context.say("{number} comes: {when}", number=subscription.number, when=now)]
    example = "weekdays 8:30"
    if not expect(context, "schedule-to", subscription=which):
        example = context.typed(f"/schedule {number}{example}")
    lines.append(context.say("Or write it: {example}", example=example))
    times = [
        context.labelled(when_words(when, context.localizer, schedule), "schedule-to", subscription=which, text=when)
        for when in _OFTEN_WANTED
    ]
    return Reply(lines, buttons=(tuple(times[:2]), tuple(times[2:4]), tuple(times[4:])))


def _is_time(text: str) -> bool:
    """Return whether a text answers the question for a time, as "tuesday" and "8" do."""
    return is_schedule(_TO.sub("", text)) or is_time(text)


def set_schedule(context: Context, subscription: Subscription | None, typed: str) -> Reply:
    """Change when one subscription delivers, or all of them without one."""
    if subscription is None and not context.chat.id:
        return no_subscriptions(context)
    address, number = context.chat.address, subscription.number if subscription else None
    when, excluded = split_exclusion(typed)
    if subscription is not None and excluded:  # "/schedule 1 monday 9, no surveys" changes the query, too
        return edit_and_echo(context, subscription, excluding(subscription.text, excluded), when=when)
    done = subscribing.reschedule(context.transaction, address, number, typed, now=context.now, who=context.actor)
    clock = context.localizer
    if subscription is not None:
        zone = done[0].zone or ""
        clock = clock.in_zone(zone)  # the next delivery is shown in the subscription's own zone
        when = cadence_words(done[0].cadence, context.localizer, zone)
        lines = [context.say("Schedule of {number}: {when}", number=number, when=when)]
    else:
        when = when_words(typed, context.localizer, context.chat.settings.schedule)
        lines = [context.say("Schedule of all subscriptions, new ones too: {when}", when=when)]
    if any(one.is_active for one in done):
        next_delivery = next_deliveries_to(context.transaction, address, done, now=context.now)
        lines.append(next_line(next_delivery, clock, context.now))
    return context.done(*lines, buttons=context.undo_row)


def undo_last(context: Context) -> Reply:
    """Undo the newest change of the chat, whoever made it."""
    done = changes.undo(context.transaction, context.chat.address, now=context.now)
    if done is None:
        return context.reply("There is nothing to undo.")
    sender, _, name = done.change.who.partition(" ")
    head = context.say("Undone.")
    if name and sender != context.request.sender and context.chat.kind is not ChatKind.PRIVATE:
        head = context.say("Undone: {name} had changed that.", name=name)
    return context.done(head, *_what(context, done))


def on_undo(context: Context) -> Reply:
    """Handle [undo]: undoes the change that the button names, if it is the newest."""
    change = changes.last_change(context.transaction, context.chat.address, now=context.now)
    number = int(context.arguments["change"])
    if change is None or change.id < number:
        return context.toast("That is undone already.")
    if change.id > number:
        return context.toast("Something was changed since. /undo takes back the newest change first.")
    return undo_last(context)


def _what(context: Context, done: Undone) -> Iterator[str]:
    """Yield lines that say what an undo changed."""
    change, localizer = done.change, context.localizer
    for said, subscriptions in ((context.say("Removed:"), change.added), (context.say("Back:"), change.removed)):
        yield from subscription_labels(subscriptions, localizer, most=_MOST_NAMED, before=f"{said} ")
    for new, old in change.changed[:_MOST_NAMED]:
        yield context.say("{number} was: {old}", number=new.number, old=_state_words(context, old, new))
        yield context.say("{number} is: {new}", number=new.number, new=_state_words(context, new, old))
    yield from unnamed(len(change.changed) - _MOST_NAMED, localizer)
    for setting in change.settings:
        yield setting_change(setting, done.before, done.after, localizer)
    for paper in stored_papers(context.transaction, change.saved).values():
        yield context.say("No longer saved: {title}", title=context.title(paper))
    if (done.before.state, done.before.paused_until) != (done.after.state, done.after.paused_until):
        yield why_paused(done.after, (), localizer) or context.say("This chat is not paused any more.")


def _state_words(context: Context, subscription: Subscription, other: Subscription) -> str:
    """Return what is different in one state of a subscription compared with the other: query, name, time, pause."""
    parts = [cut_letters(subscription.text, _LONGEST)] if subscription.text != other.text else []
    if subscription.name != other.name:
        parts.append(subscription.name or context.say("without a name"))
    if (subscription.cadence, subscription.zone) != (other.cadence, other.zone):
        parts.append(cadence_words(subscription.cadence, context.localizer, subscription.zone or ""))
    if (subscription.state, subscription.paused_until) != (other.state, other.paused_until):
        said = context.say("active")
        if subscription.state is SubscriptionState.PAUSED:
            until = context.localizer.moment(subscription.paused_until)
            said = context.say("paused until {moment}", moment=until) if until else context.say("paused")
        parts.append(said)
    return " · ".join(parts) or shortened(subscription.label)


COMMANDS = (
    Command(
        edit_,
        "edit",
        "change a subscription",
        examples=("/edit 1 diffusion -survey",),
        needs_manager=True,
        shows_without_args=True,
        usage="N QUERY",
    ),
    Command(
        name,
        "name",
        "name a subscription",
        examples=("/name 1 Diffusion",),
        needs_manager=True,
        shows_without_args=True,
        usage="N TEXT",
    ),
    Command(
        schedule,
        "schedule",
        "when papers come",
        examples=("/schedule 1 weekly mon 9", "/schedule when-out 08:00-20:00"),
        aliases=("time",),
        needs_manager=True,
        shows_without_args=True,
        usage="[N] WHEN",
    ),
    Command(
        undo_last,
        "undo",
        "take back the last change",
        examples=("/undo",),
        needs_manager=True,
        may_end_right=True,
    ),
)


CALLBACKS = {
    "edit-ask": Callback(on_subscription(_ask_query), needs_manager=True),
    REWRITE: Change(_answer(edit_and_echo)),
    "edit-to": Change(_answer(_edit)),
    "name-ask": Callback(on_subscription(_ask_name), needs_manager=True),
    "name-to": Change(_answer(_name), is_answer=is_name, offer=Sentence("call {number} “{answer}”")),
    "schedule-ask": Callback(on_all_or_one(_offer_times), needs_manager=True),
    "schedule-to": Change(
        on_all_or_one(lambda context, one: set_schedule(context, one, _TO.sub("", context.args))),
        is_answer=_is_time,
    ),
    "undo": Change(on_undo, may_end_right=True),
}
