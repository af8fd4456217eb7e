"""edit, name, schedule: change a subscription, which keeps its number and what it has delivered."""

import re
from dataclasses import replace

from bot.commands import asking
from bot.commands.context import Callback, Command, CommandContext, always, query_of_button
from bot.commands.phrasing import setting_words
from bot.commands.phrasing.subscription_words import name_given, renamed
from bot.commands.search import query_of
from bot.commands.subscription_form import edit_subscription
from bot.commands.typed_times import time_refused_with_nearest
from bot.commands.undo import REWRITE, echo
from bot.ports.channel import Button, Reply
from subscriptions.errors import NotFound, QueryError, Refused, Sentence
from subscriptions.model import Subscription
from subscriptions.planning.cadence import parse_cadence
from subscriptions.planning.times import NoSuchTime, as_words, split_when
from subscriptions.planning.times._reading import clock_of, is_time
from subscriptions.query.links import links_to_no_paper, mentioned
from subscriptions.query.parse import asks_for_nearness, parse_query
from subscriptions.service import amendments
from subscriptions.service.chat_status import next_deliveries_to
from subscriptions.states import SubscriptionState

_TO = re.compile(r"\Ato\s+", re.IGNORECASE)  # "/schedule 1 to daily"
_OFTEN_WANTED = ("now", "when-out", "daily 09:00", "weekdays 09:00", "weekly mon 09:00")


# ---------------------------------------------------------------------------------------------------------------- edit


def edit_(context: CommandContext) -> Reply:
    """Changes the query of a subscription, and its time if a time follows the query. Without a query asks for it."""
    if not context.args:
        return _which(context)
    subscription, text = asking.required_number(context, context.args, "/edit 4 diffusion -survey")
    return _edit(context, subscription, text) if text else _ask_query(context, subscription)


def _which(context: CommandContext) -> Reply:
    return asking.pick_list(
        context, context.say("Which one do you want to change? /edit N QUERY does it, too."), "edit-ask"
    )


def answer_edit(context: CommandContext, subscription: Subscription) -> Reply | None:
    """Handles the answer to the question for the new query."""
    return None if _is_a_paper(context.args) else _edit(context, subscription, query_of(context.args))


def _ask_query(context: CommandContext, subscription: Subscription) -> Reply:
    if context.request.trigger_id:
        return edit_subscription(context, subscription)
    now = context.say("{number} asks for: {text}", number=subscription.number, text=subscription.text)
    if not asking.can_ask(context):
        example = context.say("Say it in one line: /edit {number} diffusion -survey", number=subscription.number)
        return Reply(lines=(now, example))
    return asking.ask(
        context, "edit", {"number": subscription.number}, now, context.say("Write what it shall be instead.")
    )


def _edit(context: CommandContext, subscription: Subscription, typed: str) -> Reply:
    ending = split_when(typed)
    if ending.only_time:  # the query is not changed
        return _schedule(context, subscription, typed)
    try:
        parse_query(ending.query)
    except QueryError as error:  # the caret is shown below the whole arguments, which begin with the number
        before = len(context.args) - len(typed)
        raise QueryError(error.sentence, error.hint, error.column + before) from None
    text = " ".join(ending.query.split())
    try:
        with context.store.savepoint():
            done = amendments.edit(
                context.store,
                context.chat.address,
                subscription.number,
                text,
                when=ending.when,
                now=context.now,
                who=context.actor,
            )
    except NoSuchTime as error:
        words = replace(_edit_button(subscription, as_words(typed)), label=context.say("as words"))
        return time_refused_with_nearest(context, error, _edit_button(subscription, text), (words,))
    instead = context.formatter.reading(parse_query(subscription.text))
    return echo(context, done, instead=instead, ending=ending, typed=typed, number=subscription.number)


def _queries(context: CommandContext) -> tuple[str, ...]:
    """Returns the new query without its time."""
    _, text = asking.number_and_rest(context, context.args)
    return (split_when(text).query,)


def _query_of_answer(context: CommandContext) -> tuple[str, ...]:
    return (split_when(query_of(context.args)).query,)


def _edit_button(subscription: Subscription, text: str) -> Button:
    return Button(label="", verb="edit-at", arguments={"number": subscription.number, "text": text, "when": ""})


def on_rewrite(context: CommandContext, subscription: Subscription) -> Reply:
    """Changes the query to that of the button, an advice, and the time, if it offers one after a refusal."""
    text, when = str(context.arguments["text"]), str(context.arguments.get("when", "")) or None
    done = amendments.edit(
        context.store, context.chat.address, subscription.number, text, when=when, now=context.now, who=context.actor
    )
    return echo(context, done, instead=context.formatter.reading(parse_query(subscription.text)))


# ---------------------------------------------------------------------------------------------------------------- name


def name(context: CommandContext) -> Reply:
    """Names a subscription; "-" removes the name."""
    if context.args:
        subscription, text = asking.required_number(context, context.args, "/name 4 diffusion")
        number = subscription.number
        if text:
            return _name(context, subscription, text)
        if asking.can_ask(context):
            question = context.say("What do you want to call {number}? A - takes the name away.", number=number)
            return asking.ask(context, "name", {"number": number}, question)
    example = Sentence("For example: {example}", {"example": "/name 4 diffusion"})
    raise Refused(Sentence("Say the number and the name."), example)


def answer_name(context: CommandContext, subscription: Subscription) -> Reply | None:
    """Handles the answer to the question for the name."""
    return None if _is_a_paper(context.args) else _name(context, subscription, context.args)


def _is_a_paper(text: str) -> bool:
    """Returns whether a text is only the id of a paper or a link, and so neither a query nor a name."""
    names_one = len(text.split()) == 1 and bool(mentioned(text) or links_to_no_paper(text))
    return names_one and not asks_for_nearness(text)


def _name(context: CommandContext, subscription: Subscription, text: str) -> Reply:
    called = name_given(text)
    try:
        done = amendments.rename(
            context.store, context.chat.address, subscription.number, called, now=context.now, who=context.actor
        )
    except Refused as error:
        example = Sentence("For example: /name {number} diffusion", {"number": subscription.number})
        raise Refused(error.sentence, example) from None
    return replace(
        renamed(subscription, done, context.localizer),
        buttons=asking.undo_row(context) if done.name != subscription.name else (),
    )


# ------------------------------------------------------------------------------------------------------------ schedule


def schedule(context: CommandContext) -> Reply:
    """Sets the time of one subscription.

    Without a number, sets it for all and for new ones; without a time, offers times.
    """
    subscription, text = asking.number_and_rest(context, context.args)
    if subscription is None:
        _refuse_foreign_number(text)
    when = _TO.sub("", text)
    return _schedule(context, subscription, when) if when else _offer_times(context, subscription)


def _refuse_foreign_number(text: str) -> None:
    """Raises NotFound for a number that no subscription has, since read as an hour it would reschedule all of them."""
    first, *rest = text.split(maxsplit=1) or [""]
    if first.removeprefix("#").isdecimal():
        typed = rest[0] if rest else ""
        hour = f"daily {typed}" if clock_of(typed) else "daily 9"
        when = typed if is_time(typed) else hour
        raise NotFound(
            Sentence("This chat has no subscription {which}.", {"which": first}),
            Sentence("For all subscriptions: /schedule {when}", {"when": when}),
        )


def on_schedule(context: CommandContext, subscription: Subscription | None) -> Reply:
    """Handles a time that was picked."""
    return _schedule(context, subscription, str(context.arguments["when"]))


def _offer_times(context: CommandContext, subscription: Subscription | None) -> Reply:
    if subscription is None:
        now = setting_words.cadence_words(parse_cadence(context.chat.settings.schedule), context.localizer)
        lines = [context.say("New subscriptions come: {when}", when=now)]
        lines.append(context.say("A new time is for all of them. For one of them: /schedule N daily 9"))
    else:
        now = setting_words.cadence_words(subscription.cadence, context.localizer, subscription.zone or "")
        lines = [context.say("{number} comes: {when}", number=subscription.number, when=now)]
    example = f"{subscription.number} weekdays 8:30" if subscription else "weekdays 8:30"
    lines.append(context.say("Or write it: /schedule {example}", example=example))
    of = {"number": subscription.number} if subscription else {}
    times = [
        Button(label=_time(context, when), verb="schedule", arguments={**of, "when": when}) for when in _OFTEN_WANTED
    ]
    rows = (tuple(times[:2]), tuple(times[2:4]), tuple(times[4:]))
    return Reply(lines=tuple(lines), buttons=asking.shown_buttons(context, rows))


def _time(context: CommandContext, when: str) -> str:
    """Returns the label of a button with a time."""
    return setting_words.when_words(when, context.localizer, parse_cadence(context.chat.settings.schedule))


def _schedule(context: CommandContext, subscription: Subscription | None, typed: str) -> Reply:
    if subscription is None and not context.chat.id:
        return asking.no_subscriptions(context)
    number = subscription.number if subscription else None
    try:
        with context.store.savepoint():
            done = amendments.reschedule(
                context.store, context.chat.address, number, typed, now=context.now, who=context.actor
            )
    except NoSuchTime as error:
        of = {"number": number} if subscription else {}
        return time_refused_with_nearest(context, error, Button(label="", verb="schedule", arguments=of))
    clock = context.localizer
    if subscription is not None:
        if done[0].zone:  # told by the clock that the line above names
            clock = clock.speaking(context.origin.settings.lang, done[0].zone)
        when = setting_words.cadence_words(done[0].cadence, context.localizer, done[0].zone or "")
        said = context.say("Schedule of {number}: {when}", number=subscription.number, when=when)
    else:
        when = setting_words.when_words(typed, context.localizer, parse_cadence(context.chat.settings.schedule))
        said = context.say("Schedule of all subscriptions, new ones too: {when}", when=when)
    next_delivery = next_deliveries_to(context.store, context.chat.address, done, now=context.now)
    first = (
        [setting_words.next_line(next_delivery, clock, context.now)]
        if any(one.state is SubscriptionState.ACTIVE for one in done)
        else []
    )
    return Reply(lines=(said, *first), ok=True, buttons=asking.undo_row(context))


_rewrite = asking.on_subscription(on_rewrite)
COMMANDS = (
    Command(
        name="edit",
        run=edit_,
        needs_manager=True,
        queries=_queries,
        shows_without_args=True,
        usage="N QUERY",
        summary=Sentence("change a subscription"),
    ),
    Command(name="name", run=name, needs_manager=True, usage="N TEXT", summary=Sentence("name a subscription")),
    Command(
        name="schedule",
        aliases=("time", "when"),
        run=schedule,
        needs_manager=True,
        shows_without_args=True,
        usage="[N] WHEN",
        summary=Sentence("when papers come"),
    ),
)
CALLBACKS = {
    "edit-ask": Callback(run=asking.on_subscription(_ask_query), needs_manager=True),
    "edit-ask-page": Callback(run=_which, writes=always, replaces=True),
    "edit-at": Callback(run=_rewrite, needs_manager=True, queries=query_of_button, replaces=True),
    REWRITE: Callback(run=_rewrite, needs_manager=True, queries=query_of_button, replaces=True),
    "edit": Callback(run=asking.on_subscription(answer_edit), needs_manager=True, queries=_query_of_answer),
    "name": Callback(run=asking.on_subscription(answer_name), needs_manager=True),
    "schedule": Callback(run=asking.on_all_or_one(on_schedule), needs_manager=True, replaces=True),
}
