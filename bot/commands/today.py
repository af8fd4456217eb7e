"""preview and today: show the papers that a query or the subscriptions find, independent of the schedule."""

from collections.abc import Iterator, Sequence
from datetime import date

from bot.commands import cards
from bot.commands.asking import with_stored_chat
from bot.commands.context import Callback, Command, CommandContext
from bot.commands.phrasing import next_line
from bot.commands.search import papers_of
from bot.commands.words.days import paper_days
from bot.ports import channel
from subscriptions import model, states
from subscriptions.errors import Sentence
from subscriptions.planning.times import split_when
from subscriptions.service import previews
from subscriptions.service.chat_status import next_deliveries_to
from subscriptions.service.listing import listed
from subscriptions.service.looser_queries import in_last_year
from subscriptions.service.previews import Trial
from subscriptions.service.questions import why_it_rests

# --------------------------------------------------------------------------------------------------------------- today


def today(context: CommandContext) -> channel.Reply:
    """Sends the newest papers in a private chat, and shows them in other chats; shows those of a day that is named."""
    if days := paper_days(context.args):
        return papers_of(context, days)
    return _today(context, split_when(context.args).query)


def on_today(context: CommandContext) -> channel.Reply:
    """Handles [today's now]: does the same as /today for one subscription."""
    which = _still_there(context)
    return _today(context, which) if which is not None else _gone(context)


def _still_there(context: CommandContext) -> str | None:
    """Returns the number of the button's subscription, or its query; "" for all; None if the subscription is gone."""
    if "number" not in context.arguments:
        return str(context.arguments.get("text", ""))
    subscriptions = listed(context.transaction, context.chat.address) if context.chat.id else ()
    number = int(context.arguments["number"])
    return str(number) if any(one.subscription.number == number for one in subscriptions) else None


def _gone(context: CommandContext) -> channel.Reply:
    return channel.Reply(toast=context.say("This subscription is gone."))


def _match_ahead(context: CommandContext) -> None:
    """Matches the papers of the newest day before the writing transaction begins."""
    which = _still_there(context) if context.arguments else split_when(context.args).query
    if which is not None:
        previews.newest_batch(context.transaction, context.chat, now=context.now, which=which)


def _today(context: CommandContext, which: str) -> channel.Reply:
    """Shows the newest papers, or sends them, so that they count as delivered. If none match, a new chat is not stored."""
    is_sent = _is_sent(context)
    if not (is_sent and context.chat.id):
        batch = previews.newest_batch(context.transaction, context.chat, now=context.now, which=which)
    if is_sent and (context.chat.id or batch.delivery):
        context = with_stored_chat(context)
        key = f"{context.chat.id}:today:{context.origin.address.platform}:{context.request.update_id}"
        batch = previews.newest_batch(context.transaction, context.chat, now=context.now, which=which, key=key)
    if not batch.subscriptions:
        return cards.nothing_active(context, "/today diffusion")
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
        return channel.Reply(lines=(head, *before), buttons=again)
    head = context.localizer.count("{count} paper of {day}", "{count} papers of {day}", found, day=day)
    subscribing = cards.subscribe_button(context, context.args) if batch.query else ()
    return channel.Reply(lines=(head, *before), delivery=batch.delivery, buttons=(*again, *subscribing))


def _is_sent(context: CommandContext) -> bool:
    """Returns whether the papers are sent as a delivery and not only shown: in a private chat that is active.

    A chat that is paused or waits to be let in is not active.
    """
    is_own = context.origin.kind is model.ChatKind.PRIVATE and context.chat.address == context.origin.address
    return is_own and context.chat.state is states.ChatState.ACTIVE


def _nothing_new(context: CommandContext, which: str, batch: Trial) -> channel.Reply:
    if batch.day is None:
        return channel.Reply(lines=(context.say("No papers are known yet."),))
    day = context.localizer.day(batch.day)
    if batch.delivered:
        words = context.localizer.count(
            "The only paper of {day} that fits came before.",
            "All {count} papers of {day} that fit came before.",
            batch.delivered,
            day=day,
        )
        return channel.Reply(lines=(words,), buttons=_all_of_day_button(context, which, batch))
    words = context.localizer.count(
        "The only paper of {day} does not fit.",
        "Nothing fits among the {count} papers of {day}.",
        batch.base.of,
        day=day,
    )
    if not batch.query:
        return channel.Reply(lines=(words,))
    older = channel.Button(label=context.say("look for older papers"), verb="look-for", arguments={"text": which})
    return channel.Reply(lines=(words,), buttons=((older,), *cards.subscribe_button(context, which)))


def _all_of_day_button(context: CommandContext, which: str, batch: Trial) -> channel.Buttons:
    """Returns [show all of that day] if some papers of the day were delivered before; otherwise no button."""
    if not batch.delivered or batch.day is None:
        return ()
    of_one = which and batch.query is None
    about = {"number": batch.subscriptions[0].number} if of_one else {"text": which}
    arguments = {"day": batch.day.isoformat(), **about}
    return ((channel.Button(label=context.say("show all of that day"), verb="today-again", arguments=arguments),),)


def on_today_again(context: CommandContext) -> channel.Reply:
    """Handles [show all of that day]: shows all papers of the day, with those that were delivered before."""
    which, day = _still_there(context), date.fromisoformat(str(context.arguments["day"]))
    if which is None:
        return _gone(context)
    batch = previews.newest_batch(
        context.transaction, context.chat, now=context.now, which=which, day=day, delivered_too=True
    )
    if batch.delivery is None:
        return channel.Reply(toast=context.say("There is nothing any more that fits."))
    found = context.localizer.count(
        "{count} paper of {day}", "{count} papers of {day}", len(batch.delivery.items), day=context.localizer.day(day)
    )
    return channel.Reply(lines=(found,), delivery=batch.delivery)


# ------------------------------------------------------------------------------------------------------------- preview


_FEW = 5  # if fewer papers match, a search in the last year is offered


def preview(context: CommandContext) -> channel.Reply:
    """Shows what the papers of the last days would look like as a delivery. Nothing counts as delivered."""
    ending = split_when(context.args)
    if ending.only_time:
        return cards.only_time_reply(context, context.args)
    if ending.when is not None and (refusal := cards.time_refusal(context, ending)):
        return refusal
    tried = previews.preview_recent(context.transaction, context.chat, now=context.now, which=ending.query)
    if not tried.subscriptions:
        return cards.nothing_active(context, "/preview diffusion")
    buttons = cards.subscribe_button(context, context.args, ending) if tried.query else ()
    read = cards.query_lines(context, tried.query, ending) if tried.query else ()
    found = len(tried.delivery.items) if tried.delivery else 0
    year = (
        in_last_year(context.transaction, tried.query, found, now=context.now) if tried.query and found < _FEW else None
    )
    if year:
        label = f"{cards.variant_label(context.localizer, year.variant)} (+{year.more:,})"
        buttons = (*buttons, (channel.Button(label=label, verb="look-for", arguments={"text": context.args}),))
    lines = [cards.count_found(context, found, tried.base), *read, *_resting(context, tried)]
    if tried.delivered and tried.delivered == found:
        lines.append(context.say("This chat has had all of them."))
    elif tried.delivered:
        said = context.localizer.count(
            "This chat has had {count} of them.", "This chat has had {count} of them.", tried.delivered
        )
        lines.append(said)
    return channel.Reply(lines=(*lines, *_waiting(context, tried)), delivery=tried.delivery, buttons=buttons)


def on_fine(context: CommandContext) -> channel.Reply:
    """Handles [fine] under the notice that nothing matches: the notice is not sent again until something has matched."""
    return channel.Reply(
        lines=(context.say("Good. I say no more of it until something has come."),), ok=True, replaces=True
    )


def _resting(context: CommandContext, tried: Trial) -> Iterator[str]:
    """Yields a line for each of the subscriptions that finds nothing near in meaning now."""
    for one in tried.subscriptions:
        if rest := why_it_rests(context.transaction, one.canonical):
            yield f"{one.number}  {one.label} · {rest.say(context.localizer.translate)}"


def _waiting(context: CommandContext, tried: Trial) -> tuple[str, ...]:
    """Returns at most one line: how many of the papers are still to be delivered, and when."""
    if tried.query is not None or not context.chat.id:
        return ()
    if not tried.waiting:
        return (context.say("Nothing of it is still to come."),) if tried.delivered else ()
    words = context.localizer.count(
        "{count} paper is still to come.", "{count} papers are still to come.", tried.waiting
    )
    return (context.say("{sentence} {next}", sentence=words, next=_when(context, tried.subscriptions)),)


def _when(context: CommandContext, subscriptions: Sequence[model.Subscription]) -> str:
    """Returns a sentence that says when these subscriptions deliver next, or why they do not."""
    if context.chat.state is states.ChatState.ASKED:
        return context.say("This chat waits for the operator of this bot.")
    if context.chat.state is states.ChatState.PAUSED:
        return context.say("This chat is paused; /resume ends that.")
    if all(subscription.state is states.SubscriptionState.PAUSED for subscription in subscriptions):
        return context.say("It is paused; /resume {number} ends that.", number=subscriptions[0].number)
    return next_line(
        next_deliveries_to(context.transaction, context.chat.address, subscriptions, now=context.now),
        context.localizer,
        context.now,
    )


CALLBACKS = {
    "today": Callback(run=on_today, writes=_is_sent, matches_ahead=_match_ahead),
    "today-again": Callback(run=on_today_again),
    "preview": Callback(run=preview),
    "try": Callback(run=preview, args_from="text", replaces=True),
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
