"""edit, name, schedule, pause, resume, stop: change a subscription, which keeps its number and its history of deliveries.

At the end of a pause, the papers that waited are offered.
"""

import re
from dataclasses import replace
from datetime import datetime

from bot.commands import asking, phrasing
from bot.commands.context import Callback, Command, CommandContext, query_of_button
from bot.commands.search import query_of
from bot.commands.subscription_form import edit_subscription
from bot.commands.undo import REWRITE, echo
from bot.ports import channel
from subscriptions import errors, states
from subscriptions.model import Subscription
from subscriptions.planning.cadence import parse_cadence
from subscriptions.planning.pauses import parse_pause
from subscriptions.planning.times import NoSuchTime, as_words, split_when, split_wish
from subscriptions.planning.times._reading import clock_of, is_time
from subscriptions.query import links, parse
from subscriptions.service import amendments, pausing
from subscriptions.service.chat_status import next_deliveries_to
from subscriptions.zones import zone

_NO_NAME = frozenset({"-", "off"})
_TO = re.compile(r"\Ato\s+", re.IGNORECASE)  # "/schedule 1 to daily"
_OFTEN_WANTED = ("now", "when-out", "daily 09:00", "weekdays 09:00", "weekly mon 09:00")


# ---------------------------------------------------------------------------------------------------------------- edit


def edit_(context: CommandContext) -> channel.Reply:
    """Changes the query of a subscription, and its time if a time follows the query. Without a query, asks for it."""
    if not context.args:
        return _which(context)
    subscription, text = asking.required_number(context, context.args, "/edit 4 diffusion -survey")
    return _edit(context, subscription, text) if text else _ask_query(context, subscription)


def _which(context: CommandContext) -> channel.Reply:
    return asking.pick_list(
        context, context.say("Which one do you want to change? /edit N QUERY does it, too."), "edit-ask"
    )


def answer_edit(context: CommandContext, subscription: Subscription) -> channel.Reply | None:
    """Handles the answer to the question for the new query."""
    return None if _is_a_paper(context.args) else _edit(context, subscription, query_of(context.args))


def _ask_query(context: CommandContext, subscription: Subscription) -> channel.Reply:
    if context.request.trigger_id:
        return edit_subscription(context, subscription)
    now = context.say("{number} asks for: {text}", number=subscription.number, text=subscription.text)
    if not asking.can_ask(context):
        example = context.say("Say it in one line: /edit {number} diffusion -survey", number=subscription.number)
        return channel.Reply(lines=(now, example))
    return asking.ask(
        context, "edit", {"number": subscription.number}, now, context.say("Write what it shall be instead.")
    )


def _edit(context: CommandContext, subscription: Subscription, typed: str) -> channel.Reply:
    ending = split_wish(typed)
    if ending.only_time:  # a time without a query changes only the time
        return _schedule(context, subscription, typed)
    try:
        parse.parse_query(ending.query)
    except errors.QueryError as error:  # the caret is shown below all arguments, which begin with the number
        before = len(context.args) - len(typed)
        raise errors.QueryError(error.sentence, error.hint, error.column + before) from None
    text = " ".join(ending.query.split())
    try:
        with context.transaction.savepoint():
            done = amendments.edit(
                context.transaction,
                context.chat.address,
                subscription.number,
                text,
                when=ending.when,
                now=context.now,
                who=context.actor,
            )
    except NoSuchTime as error:
        words = replace(_edit_button(subscription, as_words(typed)), label=context.say("as words"))
        return asking.time_refused_with_nearest(context, error, _edit_button(subscription, text), (words,))
    instead = context.reading(parse.parse_query(subscription.text))
    return echo(context, done, instead=instead, ending=ending, typed=typed, number=subscription.number)


def _queries(context: CommandContext) -> tuple[str, ...]:
    """Returns the new query that the arguments contain, without its time."""
    _, text = asking.number_and_rest(context, context.args)
    return (split_when(text).query,)


def _query_of_answer(context: CommandContext) -> tuple[str, ...]:
    return (split_when(query_of(context.args)).query,)


def _edit_button(subscription: Subscription, text: str) -> channel.Button:
    return channel.Button(label="", verb="edit-at", arguments={"number": subscription.number, "text": text, "when": ""})


def on_rewrite(context: CommandContext, subscription: Subscription) -> channel.Reply:
    """Handles a button with a better query or an available time: changes the query, and the time if the button has one."""
    text, when = str(context.arguments["text"]), str(context.arguments.get("when", "")) or None
    done = amendments.edit(
        context.transaction,
        context.chat.address,
        subscription.number,
        text,
        when=when,
        now=context.now,
        who=context.actor,
    )
    return echo(context, done, instead=context.reading(parse.parse_query(subscription.text)))


# ---------------------------------------------------------------------------------------------------------------- name


def name(context: CommandContext) -> channel.Reply:
    """Names a subscription; "-" removes the name."""
    if context.args:
        subscription, text = asking.required_number(context, context.args, "/name 4 diffusion")
        number = subscription.number
        if text:
            return _name(context, subscription, text)
        if asking.can_ask(context):
            question = context.say("What do you want to call {number}? A - takes the name away.", number=number)
            return asking.ask(context, "name", {"number": number}, question)
    example = errors.Sentence("For example: {example}", {"example": "/name 4 diffusion"})
    raise errors.Refused(errors.Sentence("Say the number and the name."), example)


def answer_name(context: CommandContext, subscription: Subscription) -> channel.Reply | None:
    """Handles the answer to the question for the name."""
    return None if _is_a_paper(context.args) else _name(context, subscription, context.args)


def _is_a_paper(text: str) -> bool:
    """Returns whether a text is only the id of a paper or a link, so that it is neither a query nor a name."""
    names_one = len(text.split()) == 1 and bool(links.mentioned(text) or links.links_to_no_paper(text))
    return names_one and not parse.asks_for_nearness(text)


def _name(context: CommandContext, subscription: Subscription, text: str) -> channel.Reply:
    called = "" if text.strip().casefold() in _NO_NAME else text
    try:
        done = amendments.rename(
            context.transaction, context.chat.address, subscription.number, called, now=context.now, who=context.actor
        )
    except errors.Refused as error:
        example = errors.Sentence("For example: /name {number} diffusion", {"number": subscription.number})
        raise errors.Refused(error.sentence, example) from None
    if done.name == subscription.name:
        said = context.say("It is called that already.") if done.name else context.say("It has no name.")
        return channel.Reply(lines=(said,))
    if not done.name:
        said = context.say("{number} has no name any more: {text}", number=done.number, text=done.text)
    else:
        said = context.say("{number} is called {name} now.", number=done.number, name=done.name)
    return channel.Reply(lines=(said,), ok=True, buttons=asking.undo_row(context))


# ------------------------------------------------------------------------------------------------------------ schedule


def schedule(context: CommandContext) -> channel.Reply:
    """Sets the time of one subscription.

    Without a number, sets the time of all subscriptions and of new ones; without a time, offers times.
    """
    subscription, text = asking.number_and_rest(context, context.args)
    if subscription is None:
        _refuse_foreign_number(text)
    when = _TO.sub("", text)
    return _schedule(context, subscription, when) if when else _offer_times(context, subscription)


def _refuse_foreign_number(text: str) -> None:
    """Raises NotFound if the text begins with a number that no subscription has.

    Otherwise the number would be read as an hour, and all subscriptions would be rescheduled.
    """
    first, *rest = text.split(maxsplit=1) or [""]
    if first.removeprefix("#").isdecimal():
        typed = rest[0] if rest else ""
        hour = f"daily {typed}" if clock_of(typed) else "daily 9"
        when = typed if is_time(typed) else hour
        raise errors.NotFound(
            errors.Sentence("This chat has no subscription {which}.", {"which": first}),
            errors.Sentence("For all subscriptions: /schedule {when}", {"when": when}),
        )


def on_schedule(context: CommandContext, subscription: Subscription | None) -> channel.Reply:
    """Handles a button with a time: sets that time."""
    return _schedule(context, subscription, str(context.arguments["when"]))


def _offer_times(context: CommandContext, subscription: Subscription | None) -> channel.Reply:
    of_chat = parse_cadence(context.chat.settings.schedule)
    if subscription is None:
        now = phrasing.cadence_words(of_chat, context.localizer)
        lines = [context.say("New subscriptions come: {when}", when=now)]
        lines.append(context.say("A new time is for all of them. For one of them: /schedule N daily 9"))
    else:
        now = phrasing.cadence_words(subscription.cadence, context.localizer, subscription.zone or "")
        lines = [context.say("{number} comes: {when}", number=subscription.number, when=now)]
    example = f"{subscription.number} weekdays 8:30" if subscription else "weekdays 8:30"
    lines.append(context.say("Or write it: /schedule {example}", example=example))
    of = {"number": subscription.number} if subscription else {}
    times = [
        channel.Button(
            label=phrasing.when_words(when, context.localizer, of_chat), verb="schedule", arguments={**of, "when": when}
        )
        for when in _OFTEN_WANTED
    ]
    rows = (tuple(times[:2]), tuple(times[2:4]), tuple(times[4:]))
    return channel.Reply(lines=tuple(lines), buttons=rows)


def _schedule(context: CommandContext, subscription: Subscription | None, typed: str) -> channel.Reply:
    if subscription is None and not context.chat.id:
        return asking.no_subscriptions(context)
    number = subscription.number if subscription else None
    try:
        with context.transaction.savepoint():
            done = amendments.reschedule(
                context.transaction, context.chat.address, number, typed, now=context.now, who=context.actor
            )
    except NoSuchTime as error:
        of = {"number": number} if subscription else {}
        return asking.time_refused_with_nearest(context, error, channel.Button(label="", verb="schedule", arguments=of))
    clock = context.localizer
    if subscription is not None:
        if done[0].zone:  # the next delivery is shown in the subscription's own zone
            clock = clock.speaking(context.origin.settings.lang, done[0].zone)
        when = phrasing.cadence_words(done[0].cadence, context.localizer, done[0].zone or "")
        said = context.say("Schedule of {number}: {when}", number=subscription.number, when=when)
    else:
        when = phrasing.when_words(typed, context.localizer, parse_cadence(context.chat.settings.schedule))
        said = context.say("Schedule of all subscriptions, new ones too: {when}", when=when)
    next_delivery = next_deliveries_to(context.transaction, context.chat.address, done, now=context.now)
    first = (
        [phrasing.next_line(next_delivery, clock, context.now)]
        if any(one.state is states.SubscriptionState.ACTIVE for one in done)
        else []
    )
    return channel.Reply(lines=(said, *first), ok=True, buttons=asking.undo_row(context))


_rewrite = asking.on_subscription(on_rewrite)


# -------------------------------------------------------------------------------------------------- pause, resume, stop


ALL = "all"  # this argument means the whole chat, as if there were no arguments


def pause_(context: CommandContext) -> channel.Reply:
    """Pauses the chat, or the subscription with the given number, for the given time."""
    if not context.chat.id:
        return channel.Reply(lines=(context.say("There is nothing to pause yet."),))
    subscription, until = _parsed(context)
    return _paused(context, subscription, until)


def stop(context: CommandContext) -> channel.Reply:
    """Asks whether the person wants to pause or to unsubscribe."""
    count = len(asking.listed_here(context))
    if not count:
        return channel.Reply(lines=(context.say("There is nothing to stop: this chat has no subscriptions."),))
    paused = context.chat.state is states.ChatState.PAUSED
    lines = [
        context.localizer.count("This chat has {count} subscription.", "This chat has {count} subscriptions.", count)
    ]
    lines += [context.say("This chat is paused; /resume ends that.")] if paused else []
    if context.read_by_strangers:
        lines.append(context.say("/pause holds everything, /unsub all removes it."))
        return channel.Reply(lines=tuple(lines))
    hold = () if paused else (channel.Button(label=context.say("pause"), verb="pause-all"),)
    everything = channel.Button(label=context.say("remove all"), verb="unsub-all")
    return channel.Reply(lines=tuple(lines), buttons=((*hold, everything),))


def resume_(context: CommandContext) -> channel.Reply:
    """Resumes the chat with all its subscriptions, or one subscription."""
    if not context.chat.id:
        return channel.Reply(lines=(context.say("Nothing is paused here."),))
    one = bool(context.args) and context.args.casefold() != ALL
    subscription = asking.required_number(context, context.args, "/resume 4")[0] if one else None
    return _resumed(context, subscription)


def what_waits(context: CommandContext, number: int | None = None) -> tuple[tuple[str, ...], channel.Buttons]:
    """Returns (lines, buttons) about the papers that wait after a pause; both are empty if no papers wait."""
    found = pausing.get_waiting_papers(context.transaction, context.chat.address, now=context.now, number=number)
    if not found.papers:
        return (), ()
    lines = [context.localizer.count("{count} paper waits.", "{count} papers wait.", found.papers)]
    if found.delivered_at is not None:
        comes = context.localizer.count(
            "Without a word from you it comes {moment}.",
            "Without a word from you they come {moment}.",
            found.papers,
            moment=context.localizer.moment(found.delivered_at),
        )
        lines.append(comes)
    if context.read_by_strangers:
        return tuple(lines), ()
    of = {} if number is None else {"number": number}
    send = channel.Button(label=context.say("send {count}", count=found.papers), verb="send-waiting", arguments=of)
    offered = {**of, "upto": found.upto, "at": context.now.isoformat()}
    return tuple(lines), ((send, channel.Button(label=context.say("skip"), verb="skip-waiting", arguments=offered)),)


def on_send(context: CommandContext, subscription: Subscription | None) -> channel.Reply:
    """Handles [send]: sends the waiting papers at once."""
    sent = pausing.send_waiting(
        context.transaction, context.chat.address, now=context.now, number=subscription.number if subscription else None
    )
    if not sent:
        return channel.Reply(toast=context.say("Nothing waits any more."))
    said = context.localizer.count("{count} paper is on its way.", "{count} papers are on their way.", sent)
    return channel.Reply(lines=(said,), ok=True)


def on_skip(context: CommandContext, subscription: Subscription | None) -> channel.Reply:
    """Handles [skip]: the papers that waited when the button was shown are never sent."""
    skipped = pausing.skip_waiting(
        context.transaction,
        context.chat.address,
        upto=int(context.arguments["upto"]),
        by=datetime.fromisoformat(context.arguments["at"]),
        now=context.now,
        number=subscription.number if subscription else None,
    )
    if not skipped:
        return channel.Reply(toast=context.say("Nothing waits any more."))
    said = context.localizer.count("{count} paper is skipped.", "{count} papers are skipped.", skipped)
    return channel.Reply(lines=(said, context.say("/search still finds what was skipped.")), ok=True)


def _parsed(context: CommandContext) -> tuple[Subscription | None, datetime | None]:
    """Returns (the subscription to pause, or None for the whole chat; the end of the pause, or None for no end).

    "2 weeks" is read as a time, "2" as a subscription, "2 until mon" as both. Raises Refused, NotFound.
    """
    text = context.args
    if not text or text.casefold() == ALL:
        return None, None
    clock = zone(context.chat.settings.timezone)
    try:
        return None, parse_pause(text, clock, context.now)
    except errors.Refused:
        subscription, rest = asking.number_and_rest(context, text)
        if subscription is None:
            first = text.split(maxsplit=1)[0].removeprefix("#")
            if first.isdecimal() and not text[len(first) :].strip():
                asking.required_number(context, text, "/pause 4 7d")
            raise
        return subscription, parse_pause(rest, clock, context.now) if rest else None


def _paused(context: CommandContext, subscription: Subscription | None, until: datetime | None = None) -> channel.Reply:
    number = subscription.number if subscription else None
    address = context.chat.address
    changed = pausing.pause(context.transaction, address, number, until=until, now=context.now, who=context.actor)
    words = phrasing.subscription_label(subscription) if subscription else ""
    moment = context.localizer.moment(until, now=context.now) if until else ""
    if words and moment:
        said = context.say("{subscription} is paused until {moment}.", subscription=words, moment=moment)
    elif words:
        said = context.say("{subscription} is paused.", subscription=words)
    elif moment:
        said = context.say("This chat is paused until {moment}.", moment=moment)
    else:
        said = context.say("This chat is paused.")
    again = context.say("/resume {number} ends it.", number=number) if subscription else context.say("/resume ends it.")
    resume_button = channel.Button(
        label=context.say("resume"), verb="resume", arguments={"number": number} if subscription else {}
    )
    undo = tuple(button for row in asking.undo_row(context) for button in row) if changed else ()
    return channel.Reply(
        lines=(said, context.say("What comes in the meantime waits."), again),
        ok=True,
        buttons=((resume_button, *undo),),
    )


def _resumed(context: CommandContext, subscription: Subscription | None) -> channel.Reply:
    number = subscription.number if subscription else None
    chat = pausing.resume(context.transaction, context.chat.address, number, now=context.now, who=context.actor)
    if chat is None:
        return channel.Reply(lines=(context.say("Nothing is paused here."),))
    words = phrasing.subscription_label(subscription) if subscription else ""
    head = (
        context.say("{subscription} is active again.", subscription=words)
        if words
        else context.say("Papers come again.")
    )
    if chat.state is states.ChatState.PAUSED:
        return channel.Reply(
            lines=(head, context.say("This chat is paused; /resume ends that.")),
            ok=True,
            buttons=asking.undo_row(context),
        )
    lines, buttons = what_waits(context, number)
    return channel.Reply(lines=(head, *lines), ok=True, buttons=(*buttons, *asking.undo_row(context)))


def _match_ahead(context: CommandContext) -> None:
    """Matches the papers that wait for the chat, before the writing transaction begins."""
    pausing.match_waiting_ahead(context.transaction, context.chat.address)


COMMANDS = (
    Command(
        name="edit",
        run=edit_,
        needs_manager=True,
        queries=_queries,
        shows_without_args=True,
        usage="N QUERY",
        summary=errors.Sentence("change a subscription"),
    ),
    Command(name="name", run=name, needs_manager=True, usage="N TEXT", summary=errors.Sentence("name a subscription")),
    Command(
        name="schedule",
        aliases=("time", "when"),
        run=schedule,
        needs_manager=True,
        shows_without_args=True,
        usage="[N] WHEN",
        summary=errors.Sentence("when papers come"),
    ),
    Command(
        name="pause",
        aliases=("mute",),
        run=pause_,
        needs_manager=True,
        usage="[N] [7d | until 3 Mar]",
        summary=errors.Sentence("hold papers back for a while"),
    ),
    Command(name="stop", run=stop, summary=errors.Sentence("pause, or remove everything"), listed=False),
    Command(
        name="resume",
        run=resume_,
        needs_manager=True,
        matches_ahead=_match_ahead,
        usage="[N]",
        summary=errors.Sentence("end a pause"),
    ),
)

CALLBACKS = {
    "edit-ask": Callback(run=asking.on_subscription(_ask_query), needs_manager=True),
    "edit-ask-page": Callback(run=_which, writes=True, replaces=True),
    "edit-at": Callback(run=_rewrite, needs_manager=True, queries=query_of_button, replaces=True),
    REWRITE: Callback(run=_rewrite, needs_manager=True, queries=query_of_button, replaces=True),
    "edit": Callback(run=asking.on_subscription(answer_edit), needs_manager=True, queries=_query_of_answer),
    "name": Callback(run=asking.on_subscription(answer_name), needs_manager=True),
    "schedule": Callback(run=asking.on_all_or_one(on_schedule), needs_manager=True, replaces=True),
    "pause": Callback(run=asking.on_subscription(_paused), needs_manager=True, replaces=True),
    "pause-all": Callback(run=pause_, needs_manager=True, replaces=True),
    **{
        verb: Callback(run=asking.on_all_or_one(run), needs_manager=True, matches_ahead=_match_ahead, replaces=True)
        for verb, run in (("resume", _resumed), ("send-waiting", on_send), ("skip-waiting", on_skip))
    },
}
