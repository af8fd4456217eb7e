"""schedule: changes when one subscription delivers, or all of them and new ones; which times are offered as buttons."""

import re

from bot.commands import asking, confirmation, phrasing, picking
from bot.commands.context import Callback, Command, CommandContext
from bot.ports import channel
from subscriptions import errors
from subscriptions.model import Subscription
from subscriptions.planning.cadence import parse_cadence
from subscriptions.planning.times import clock_of, excluding, is_time, split_exclusion, split_when
from subscriptions.service import amendments
from subscriptions.service.chat_status import next_deliveries_to

_TO = re.compile(r"\Ato\s+", re.IGNORECASE)  # "/schedule 1 to daily"
_OFTEN_WANTED = ("now", "when-out", "daily 09:00", "weekdays 09:00", "weekly mon 09:00")


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
    if first.removeprefix("#").isdecimal():
        typed, when = "".join(rest), "daily 9"
        if is_time(typed):
            when = typed
        elif clock_of(typed):
            when = f"daily {typed}"
        raise errors.NotFound(
            errors.Sentence("This chat has no subscription {which}.", {"which": first}),
            errors.Sentence("For all subscriptions: /schedule {when}", {"when": when}),
        )


def on_schedule(context: CommandContext, subscription: Subscription | None) -> channel.Reply:
    """Handles a button with a time: sets that time."""
    return set_schedule(context, subscription, str(context.arguments["when"]))


def _offer_times(context: CommandContext, subscription: Subscription | None) -> channel.Reply:
    of_chat = parse_cadence(context.chat.settings.schedule)
    number = None
    if subscription is None:
        now = phrasing.cadence_words(of_chat, context.localizer)
        lines = [context.say("New subscriptions come: {when}", when=now)]
        lines.append(context.say("A new time is for all of them. For one of them: /schedule N daily 9"))
    else:
        number = subscription.number
        now = phrasing.cadence_words(subscription.cadence, context.localizer, subscription.zone or "")
        lines = [context.say("{number} comes: {when}", number=number, when=now)]
    lines.append(context.say("Or write it: /schedule {example}", example=f"{number or ''} weekdays 8:30".lstrip()))
    asking.expect(context, "schedule", begins=str(number or ""))
    times = [
        context.labelled(phrasing.when_words(when, context.localizer, of_chat), "schedule", number=number, when=when)
        for when in _OFTEN_WANTED
    ]
    rows = (tuple(times[:2]), tuple(times[2:4]), tuple(times[4:]))
    return channel.Reply(lines=tuple(lines), buttons=rows)


def _is_time(text: str) -> bool:
    return split_when(text).only_time


def set_schedule(context: CommandContext, subscription: Subscription | None, typed: str) -> channel.Reply:
    """Changes when one subscription delivers, or all of them without one."""
    if subscription is None and not context.chat.id:
        return picking.no_subscriptions(context)
    number = subscription.number if subscription else None
    when, excluded = split_exclusion(typed)
    if subscription is not None and excluded:  # "/schedule 1 monday 9, no surveys" changes the query, too
        text = excluding(subscription.text, excluded)
        return confirmation.edit_and_echo(context, subscription, text, when=when)
    done = amendments.reschedule(
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


COMMANDS = (
    Command(
        name="schedule",
        examples=("/schedule 1 weekly mon 9", "/schedule when-out 08:00-20:00"),
        aliases=("time",),
        is_answer=_is_time,
        run=schedule,
        needs_manager=True,
        shows_without_args=True,
        usage="[N] WHEN",
        summary=errors.Sentence("when papers come"),
    ),
)

CALLBACKS = {
    "schedule": Callback(run=picking.on_all_or_one(on_schedule), needs_manager=True, replaces=True),
    "schedule-ask": Callback(run=picking.on_all_or_one(_offer_times), needs_manager=True),
}
