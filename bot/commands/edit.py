"""edit, name, schedule and unsub: change a subscription, which keeps its number and its history of deliveries, or remove it; times on buttons."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from bot.commands import asking, phrasing, picking, subscribe
from bot.commands.context import (
    Callback,
    Command,
    CommandContext,
    CommandFunction,
    query_of_button,
    refusal,
)
from bot.commands.everyday import formed_wish
from bot.commands.subscribe import REWRITE, edit_and_echo, meaning_of
from bot.ports import channel
from subscriptions import errors, model
from subscriptions.model import Subscription
from subscriptions.planning.cadence import parse_cadence
from subscriptions.planning.times import (
    NoSuchTime,
    clock_of,
    excluding,
    is_time,
    only_excluded,
    read_when,
    split_exclusion,
    split_when,
)
from subscriptions.query import parse, rewriting
from subscriptions.service import subscribing
from subscriptions.service.known_chats import next_deliveries_to

_NO_NAME = frozenset({"-", "off"})
_TO = re.compile(r"\Ato\s+", re.IGNORECASE)  # "/schedule 1 to daily"
_OFTEN_WANTED = ("now", "when-out", "daily 09:00", "weekdays 09:00", "weekly mon 09:00")
_ALL = frozenset({"all", "everything", "*", "全部", "所有"})


def edit_(context: CommandContext) -> channel.Reply:
    """Changes the query of a subscription, and its time if a time follows the query. Without a query, asks for it."""
    if not context.args:
        return _which(context)
    subscription, text = picking.required_number(context, context.args, "/edit 4 diffusion -survey")
    if text:
        return _edit(context, subscription, text)
    return _ask_query(context, subscription)


def _which(context: CommandContext) -> channel.Reply:
    return picking.pick_list(context, context.say("Which one do you want to change?"), "edit-ask")


def _ask_query(context: CommandContext, subscription: Subscription) -> channel.Reply:
    now = context.say("{number} asks for: {text}", number=subscription.number, text=subscription.text)
    return asking.ask(
        context, "edit-to", now, context.say("Write what it shall be instead."), subscription=subscription.id
    )


def _edit(context: CommandContext, subscription: Subscription, typed: str) -> channel.Reply:
    """Changes the query of a subscription to what was typed, which is the end of the arguments."""
    if wish := formed_wish(typed):
        typed = f"{wish.query} {wish.when}".strip()
    ending = split_when(typed)
    if ending.only_time:  # a time without a query changes only the time
        return set_schedule(context, subscription, typed)
    try:
        text = _query(subscription, ending.query)
    except errors.QueryError as error:  # the caret is shown below all arguments, which begin with the number
        before = len(context.args) - len(typed)
        raise errors.QueryError(error.sentence, error.hint, error.column + before) from None
    return edit_and_echo(context, subscription, text, when=ending.when)


def _query(subscription: Subscription, typed: str) -> str:
    """Returns the new query. A text that only excludes, "-survey" or "no surveys", is added to the old one.

    Raises QueryError, Refused.
    """
    if rules := only_excluded(typed):
        return excluding(subscription.text, rules)
    narrower = rewriting.with_exclusion(parse.parse_query(subscription.text), typed)
    return narrower.text if narrower else " ".join(typed.split())


def _queries(context: CommandContext) -> tuple[str, ...]:
    """Returns the new query that the arguments or an answer contain, without its time."""
    subscription, text = picking.subscription_of_button(context), context.args
    if subscription is None:
        subscription, text = picking.number_and_rest(context, context.args)
    return () if subscription is None else (_query(subscription, split_when(text).query),)


def on_rewrite(context: CommandContext, subscription: Subscription) -> channel.Reply:
    """Handles a button with a better query: changes the query."""
    return edit_and_echo(context, subscription, str(context.arguments["text"]))


def name(context: CommandContext) -> channel.Reply:
    """Names a subscription; "-" removes the name. Without a name, asks for it."""
    if not context.args:
        return picking.pick_list(context, context.say("Which one do you want to name?"), "name-ask")
    subscription, text = picking.required_number(context, context.args, "/name 4 diffusion")
    if text:
        return _name(context, subscription, text)
    return _ask_name(context, subscription)


def _ask_name(context: CommandContext, subscription: Subscription) -> channel.Reply:
    question = context.say("What do you want to call {number}? A - takes the name away.", number=subscription.number)
    return asking.ask(context, "name-to", question, subscription=subscription.id)


def _name(context: CommandContext, subscription: Subscription, text: str) -> channel.Reply:
    called = "" if text.strip().casefold() in _NO_NAME else text
    if called.strip(" #").isdecimal():
        raise refusal("A name needs a letter: numbers are those of subscriptions.")
    try:
        done = subscribing.rename(
            context.transaction, context.chat.address, subscription.number, called, now=context.now, who=context.actor
        )
    except errors.Refused as error:
        example = errors.Sentence("For example: /name {number} diffusion", {"number": subscription.number})
        raise errors.Refused(error.sentence, example) from None
    if done.name == subscription.name and done.name:
        return context.reply("It is called that already.")
    if done.name == subscription.name:
        return context.reply("It has no name.")
    if not done.name:
        said = context.say("{number} has no name any more: {text}", number=done.number, text=done.text)
    else:
        said = context.say("{number} is called {name} now.", number=done.number, name=done.name)
    return context.done(said, buttons=context.undo_row)


def schedule(context: CommandContext) -> channel.Reply:
    """Sets the time of one subscription.

    Without a number, sets the time of all subscriptions and of new ones; without a time, offers times.
    """
    subscription, text = picking.number_and_rest(context, context.args)
    if subscription is None:
        _refuse_foreign_number(text)
    when = _TO.sub("", text)
    if when:
        return set_schedule(context, subscription, when)
    return _offer_times(context, subscription)


def _refuse_foreign_number(text: str) -> None:
    """Raises NotFound if the text begins with a number that no subscription has.

    Otherwise the number would be read as an hour, and all subscriptions would be rescheduled.
    """
    first, *rest = text.split(maxsplit=1) or [""]
    if first.removeprefix("#").isdigit():  # ² too
        typed, when = "".join(rest), "daily 9"
        if is_time(typed):
            when = typed
        elif clock_of(typed):
            when = f"daily {typed}"
        raise errors.NotFound(
            errors.Sentence("This chat has no subscription {which}.", {"which": first}),
            errors.Sentence("For all subscriptions: /schedule {when}", {"when": when}),
        )


def _answer(change: Callable[[CommandContext, Subscription, str], channel.Reply]) -> CommandFunction:
    """Returns a handler of the answer to a question about a subscription: it changes that with the answer."""
    return picking.on_subscription(lambda context, subscription: change(context, subscription, context.args))


def _answer_time(context: CommandContext, subscription: Subscription | None) -> channel.Reply:
    return set_schedule(context, subscription, _TO.sub("", context.args))


def on_schedule(context: CommandContext, subscription: Subscription | None) -> channel.Reply:
    """Handles a button with a time: sets that time."""
    return set_schedule(context, subscription, str(context.arguments["when"]))


def _offer_times(context: CommandContext, subscription: Subscription | None) -> channel.Reply:
    of_chat = parse_cadence(context.chat.settings.schedule)
    if subscription is None:
        now = phrasing.cadence_words(of_chat, context.localizer)
        lines = [context.say("New subscriptions come: {when}", when=now)]
        lines.append(context.say("A new time is for all of them. For one of them: /schedule N daily 9"))
    else:
        now = phrasing.cadence_words(subscription.cadence, context.localizer, subscription.zone or "")
        lines = [context.say("{number} comes: {when}", number=subscription.number, when=now)]
    which, example = subscription.id if subscription else None, "weekdays 8:30"
    if not asking.expect(context, "schedule-to", subscription=which):
        number = f"{subscription.number} " if subscription else ""
        example = context.typed(f"/schedule {number}{example}")
    lines.append(context.say("Or write it: {example}", example=example))
    times = [
        context.labelled(
            phrasing.when_words(when, context.localizer, of_chat), "schedule", subscription=which, when=when
        )
        for when in _OFTEN_WANTED
    ]
    rows = (tuple(times[:2]), tuple(times[2:4]), tuple(times[4:]))
    return channel.Reply(lines=tuple(lines), buttons=rows)


def _is_time(text: str) -> bool:
    """Returns whether a text answers the question for a time, as "tuesday" and "8" do."""
    try:
        read_when(_TO.sub("", text))
    except NoSuchTime:
        return is_time(text)
    return True


def set_schedule(context: CommandContext, subscription: Subscription | None, typed: str) -> channel.Reply:
    """Changes when one subscription delivers, or all of them without one."""
    if subscription is None and not context.chat.id:
        return picking.no_subscriptions(context)
    number = subscription.number if subscription else None
    when, excluded = split_exclusion(typed)
    if subscription is not None and excluded:  # "/schedule 1 monday 9, no surveys" changes the query, too
        text = excluding(subscription.text, excluded)
        return subscribe.edit_and_echo(context, subscription, text, when=when)
    done = subscribing.reschedule(
        context.transaction, context.chat.address, number, typed, now=context.now, who=context.actor
    )
    clock = context.localizer
    if subscription is not None:
        if done[0].zone:  # the next delivery is shown in the subscription's own zone
            clock = clock.in_zone(done[0].zone)
        when = phrasing.cadence_words(done[0].cadence, context.localizer, done[0].zone or "")
        said = context.say("Schedule of {number}: {when}", number=subscription.number, when=when)
    else:
        when = phrasing.when_words(typed, context.localizer, parse_cadence(context.chat.settings.schedule))
        said = context.say("Schedule of all subscriptions, new ones too: {when}", when=when)
    lines = [said]
    if any(one.is_active for one in done):
        next_delivery = next_deliveries_to(context.transaction, context.chat.address, done, now=context.now)
        lines.append(phrasing.next_line(next_delivery, clock, context.now))
    return context.done(*lines, buttons=context.undo_row)


def unsub(context: CommandContext) -> channel.Reply:
    """Removes subscriptions by number or by query, or all of them; without arguments, asks which."""
    if not context.args:
        return _which_to_remove(context)
    if context.args.casefold() in _ALL:
        return unsub_all(context)
    numbers = [int(number) for number in re.findall(r"\d+", context.args)]
    there = {one.number for one in picking.subscriptions_here(context)}.intersection(numbers)
    if not re.fullmatch(picking.NUMBERS, context.args) or not there:
        return _removed(context, [_subscription_of_query(context, numbers).number])
    missing = dict.fromkeys(str(number) for number in numbers if number not in there)
    return _removed(context, there, missing=", ".join(missing))


def _subscription_of_query(context: CommandContext, numbers: Sequence[int]) -> model.Subscription:
    """Returns the subscription with the typed query. Raises QueryError; NotFound, which lists all typed numbers."""
    try:
        return picking.subscription_named(context, context.args)
    except errors.NotFound:
        if not re.fullmatch(picking.NUMBERS, context.args):
            raise
        raise picking.number_not_found(", ".join(map(str, numbers))) from None


def unsub_all(context: CommandContext) -> channel.Reply:
    """Removes all subscriptions. Does not ask first, since the removal can be undone."""
    if not context.chat.id:
        return phrasing.unsubscribed((), context.localizer)
    return _removed(context, [one.number for one in picking.subscriptions_here(context)])


def _unsub_one(context: CommandContext, subscription: model.Subscription) -> channel.Reply:
    return _removed(context, [subscription.number])


def _which_to_remove(context: CommandContext) -> channel.Reply:
    question = context.say("Which one do you want to remove? /unsub 1 3 removes two.")
    return picking.pick_list(context, question, "unsub", everything="unsub-all")


def _removed(context: CommandContext, numbers: Collection[int], missing: str = "") -> channel.Reply:
    address = context.chat.address
    gone = subscribing.unsubscribe_several(context.transaction, address, numbers, now=context.now, who=context.actor)
    return replace(phrasing.unsubscribed(gone, context.localizer, missing=missing), buttons=context.undo_row)


COMMANDS = (
    Command(
        name="edit",
        examples=("/edit 1 diffusion -survey",),
        run=edit_,
        needs_manager=True,
        wants=meaning_of(_queries),
        shows_without_args=True,
        usage="N QUERY",
        summary=errors.Sentence("change a subscription"),
    ),
    Command(
        name="name",
        examples=("/name 1 Diffusion",),
        run=name,
        needs_manager=True,
        shows_without_args=True,
        usage="N TEXT",
        summary=errors.Sentence("name a subscription"),
    ),
    Command(
        name="schedule",
        examples=("/schedule 1 weekly mon 9", "/schedule when-out 08:00-20:00"),
        aliases=("time",),
        run=schedule,
        needs_manager=True,
        shows_without_args=True,
        usage="[N] WHEN",
        summary=errors.Sentence("when papers come"),
    ),
    Command(
        name="unsub",
        examples=("/unsub 1", "/unsub all"),
        aliases=("unsubscribe", "remove"),
        run=unsub,
        needs_manager=True,
        shows_without_args=True,
        usage="[N …|QUERY|all]",
        summary=errors.Sentence("remove a subscription"),
    ),
)

CALLBACKS = {
    "edit-ask": Callback(run=picking.on_subscription(_ask_query), needs_manager=True),
    REWRITE: Callback(
        run=picking.on_subscription(on_rewrite), needs_manager=True, wants=meaning_of(query_of_button), replaces=True
    ),
    "edit-to": Callback(run=_answer(_edit), needs_manager=True, wants=meaning_of(_queries)),
    "name-ask": Callback(run=picking.on_subscription(_ask_name), needs_manager=True),
    "name-to": Callback(run=_answer(_name), needs_manager=True),
    "schedule": Callback(run=picking.on_all_or_one(on_schedule), needs_manager=True, replaces=True),
    "schedule-ask": Callback(run=picking.on_all_or_one(_offer_times), needs_manager=True),
    "schedule-to": Callback(run=picking.on_all_or_one(_answer_time), needs_manager=True, is_answer=_is_time),
    "unsub": Callback(run=picking.on_subscription(_unsub_one), needs_manager=True, replaces=True),
    "unsub-all": Callback(run=unsub_all, needs_manager=True, replaces=True),
}
