"""preview and today: papers that a query or the subscriptions find, without a schedule."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from bot.commands import results
from bot.commands.asking import shown_buttons, with_stored_chat
from bot.commands.context import Callback, Command, CommandContext
from bot.commands.phrasing.setting_words import next_line
from bot.ports.channel import Button, Buttons, Reply
from subscriptions.errors import Sentence
from subscriptions.model import ChatKind, Subscription
from subscriptions.planning.times import split_when
from subscriptions.service.chat_status import next_deliveries_to
from subscriptions.service.loosening import in_last_year
from subscriptions.service.next_deliveries import listed
from subscriptions.service.previews import Batch, TrialResult, newest_batch, preview_recent
from subscriptions.states import ChatState, SubscriptionState

# --------------------------------------------------------------------------------------------------------------- today


def today(context: CommandContext) -> Reply:
    """Shows or sends the newest batch."""
    return _today(context, split_when(context.args).query)


def on_today(context: CommandContext) -> Reply:
    """Handles [today's now]: the newest batch for one subscription."""
    which = _still_there(context)
    return _today(context, which) if which is not None else _gone(context)


def _still_there(context: CommandContext) -> str | None:
    """Returns the number of the button's subscription, or its query, or "" for all; None if it no longer exists."""
    if "number" not in context.arguments:
        return str(context.arguments.get("text", ""))
    subscriptions = listed(context.store, context.chat.address) if context.chat.id else ()
    number = int(context.arguments["number"])
    return str(number) if any(one.subscription.number == number for one in subscriptions) else None


def _gone(context: CommandContext) -> Reply:
    return Reply(toast=context.say("This subscription is gone."))


def _match_ahead(context: CommandContext) -> None:
    """Matches the newest day, for the chat as it is now."""
    which = _still_there(context) if context.arguments else split_when(context.args).query
    if which is not None:
        newest_batch(context.store, context.chat, now=context.now, which=which)


def _today(context: CommandContext, which: str) -> Reply:
    """Shows the newest batch, or sends it, so that its papers count as delivered. Where nothing fits, no chat is stored."""
    is_sent = _is_sent(context)
    if not (is_sent and context.chat.id):
        batch = newest_batch(context.store, context.chat, now=context.now, which=which)
    if is_sent and (context.chat.id or batch.delivery):
        context = with_stored_chat(context)
        key = f"{context.chat.id}:today:{context.origin.address.platform}:{context.request.update_id}"
        batch = newest_batch(context.store, context.chat, now=context.now, which=which, key=key)
    if not batch.subscriptions:
        return results.nothing_active(context, "/today diffusion")
    if batch.day is None or batch.delivery is None:
        return _nothing_new(context, which, batch)
    found, day = len(batch.delivery.items), context.localizer.day(batch.day)
    before = (
        (context.localizer.count("{count} more came before.", "{count} more came before.", batch.delivered),)
        if batch.delivered
        else ()
    )
    again = _all_of_day_button(context, which, batch)
    if is_sent:
        head = context.localizer.count(
            "{count} paper of {day} is on its way.", "{count} papers of {day} are on their way.", found, day=day
        )
        return Reply(lines=(head, *before), buttons=again)
    head = context.localizer.count("{count} paper of {day}", "{count} papers of {day}", found, day=day)
    subscribing = results.subscribe_button(context, context.args) if batch.query else ()
    return Reply(lines=(head, *before), delivery=batch.delivery, buttons=(*again, *subscribing))


def _is_sent(context: CommandContext) -> bool:
    """Returns whether the papers are sent through the outbox: in a private chat, unless its deliveries are held.

    Deliveries are held while the chat is paused or waits to be let in.
    """
    is_own = context.origin.kind is ChatKind.PRIVATE and context.chat.address == context.origin.address
    return is_own and context.chat.state is ChatState.ACTIVE


def _nothing_new(context: CommandContext, which: str, batch: Batch) -> Reply:
    if batch.day is None:
        return Reply(lines=(context.say("No papers are known yet."),))
    day = context.localizer.day(batch.day)
    if batch.delivered:
        words = context.localizer.count(
            "The only paper of {day} that fits came before.",
            "All {count} papers of {day} that fit came before.",
            batch.delivered,
            day=day,
        )
        return Reply(lines=(words,), buttons=_all_of_day_button(context, which, batch))
    words = context.localizer.count(
        "The only paper of {day} does not fit.",
        "Nothing fits among the {count} papers of {day}.",
        batch.known,
        day=day,
    )
    if not batch.query or context.read_by_strangers:
        return Reply(lines=(words,))
    older = Button(label=context.say("look for older papers"), verb="look-for", arguments={"text": which})
    return Reply(lines=(words,), buttons=((older,), *results.subscribe_button(context, which)))


def _all_of_day_button(context: CommandContext, which: str, batch: Batch) -> Buttons:
    """Returns [show all of that day] if some of its papers were delivered before."""
    if not batch.delivered or batch.day is None or context.read_by_strangers:
        return ()
    of_one = which and batch.query is None
    about = {"number": batch.subscriptions[0].number} if of_one else {"text": which}
    arguments = {"day": batch.day.isoformat(), **about}
    return ((Button(label=context.say("show all of that day"), verb="today-again", arguments=arguments),),)


def on_today_again(context: CommandContext) -> Reply:
    """Handles [show all of that day]: shows also the papers that were delivered before."""
    which, day = _still_there(context), date.fromisoformat(str(context.arguments["day"]))
    if which is None:
        return _gone(context)
    batch = newest_batch(context.store, context.chat, now=context.now, which=which, day=day, delivered_too=True)
    if batch.delivery is None:
        return Reply(toast=context.say("There is nothing any more that fits."))
    found = context.localizer.count(
        "{count} paper of {day}", "{count} papers of {day}", len(batch.delivery.items), day=context.localizer.day(day)
    )
    return Reply(lines=(found,), delivery=batch.delivery)


# ------------------------------------------------------------------------------------------------------------- preview


_FEW = 5  # papers; where fewer fit, a longer time is offered


def preview(context: CommandContext) -> Reply:
    """Shows the delivery that the known days would give, as the chat would see it; nothing counts as delivered."""
    ending = split_when(context.args)
    if ending.only_time:
        return results.only_time_reply(context, context.args)
    if ending.when is not None and (refusal := results.time_refusal(context, ending)):
        return refusal
    tried = preview_recent(context.store, context.chat, now=context.now, which=ending.query)
    if not tried.subscriptions:
        return results.nothing_active(context, "/preview diffusion")
    buttons = results.subscribe_button(context, context.args, ending) if tried.query else ()
    read = results.query_lines(context, tried.query, ending) if tried.query else ()
    found = len(tried.delivery.items) if tried.delivery else 0
    year = in_last_year(context.store, tried.query, found, now=context.now) if tried.query and found < _FEW else None
    if year:
        label = f"{results.variant_label(context.localizer, year.variant)} (+{year.more:,})"
        buttons = (*buttons, (Button(label=label, verb="look-for", arguments={"text": context.args}),))
    lines = [results.count_found(context, found, tried.base), *read]
    if tried.delivered and tried.delivered == found:
        lines.append(context.say("This chat has had all of them."))
    elif tried.delivered:
        said = context.localizer.count(
            "This chat has had {count} of them.", "This chat has had {count} of them.", tried.delivered
        )
        lines.append(said)
    return Reply(
        lines=(*lines, *_waiting(context, tried)), delivery=tried.delivery, buttons=shown_buttons(context, buttons)
    )


def on_preview(context: CommandContext) -> Reply:
    """Handles [preview] under the notice that nothing has matched for days."""
    return preview(replace(context, args=""))


def on_fine(context: CommandContext) -> Reply:
    """Handles [fine] under that notice: it is not sent again until something has matched."""
    return Reply(lines=(context.say("Good. I say no more of it until something has come."),), ok=True, replaces=True)


def on_try_as_words(context: CommandContext) -> Reply:
    """Handles [as words] under a preview: the words that were read as a time are part of the query."""
    return replace(preview(replace(context, args=str(context.arguments["text"]), arguments={})), replaces=True)


def _waiting(context: CommandContext, tried: TrialResult) -> tuple[str, ...]:
    """Returns how many of the papers are still to be delivered, and when."""
    if tried.query is not None or not context.chat.id:
        return ()
    if not tried.waiting:
        return (context.say("Nothing of it is still to come."),) if tried.delivered else ()
    words = context.localizer.count(
        "{count} paper is still to come.", "{count} papers are still to come.", tried.waiting
    )
    return (context.say("{sentence} {next}", sentence=words, next=_when(context, tried.subscriptions)),)


def _when(context: CommandContext, subscriptions: Sequence[Subscription]) -> str:
    """Returns when these subscriptions deliver the papers that are still to be delivered."""
    if context.chat.state is ChatState.ASKED:
        return context.say("This chat waits for the operator of this bot.")
    if context.chat.state is ChatState.PAUSED:
        return context.say("This chat is paused; /resume ends that.")
    if all(subscription.state is SubscriptionState.PAUSED for subscription in subscriptions):
        return context.say("It is paused; /resume {number} ends that.", number=subscriptions[0].number)
    return next_line(
        next_deliveries_to(context.store, context.chat.address, subscriptions, now=context.now),
        context.localizer,
        context.now,
    )


CALLBACKS = {
    "today": Callback(run=on_today, writes=_is_sent, matches_ahead=_match_ahead),
    "today-again": Callback(run=on_today_again),
    "preview": Callback(run=on_preview),
    "try": Callback(run=on_try_as_words),
    "fine": Callback(run=on_fine),
}

COMMANDS = (
    Command(
        name="today",
        aliases=("latest",),
        run=today,
        writes=_is_sent,
        matches_ahead=_match_ahead,
        usage="[QUERY|N]",
        summary=Sentence("get the newest papers now"),
    ),
    Command(
        name="preview",
        aliases=("test", "check"),
        run=preview,
        usage="[QUERY|N]",
        summary=Sentence("see what would come"),
    ),
)
