"""today: the newest batch of papers now."""

from datetime import date

from bot.commands.core.asking import with_stored_chat
from bot.commands.core.context import Callback, Command, CommandContext
from bot.commands.papers.results import (
    nothing_active,
    subscribe_button,
)
from bot.ports.reply import Button, Buttons, Reply
from subscriptions.errors import Sentence
from subscriptions.model import ChatKind
from subscriptions.planning.times._ending import split_when
from subscriptions.service.planner.previews import Batch, newest_batch
from subscriptions.service.subscriptions.selection import listed
from subscriptions.states import ChatState

# ------------------------------------------------------------------------------------------------------------- preview


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
    if _is_sent(context):
        looked = None if context.chat.id else newest_batch(context.store, context.chat, now=context.now, which=which)
        if looked is not None and looked.delivery is None:
            return _shown_now(context, which, looked)
        context = with_stored_chat(context)
        key = f"{context.chat.id}:today:{context.origin.address.platform}:{context.request.update_id}"
        return _sent_now(
            context, which, newest_batch(context.store, context.chat, now=context.now, which=which, key=key)
        )
    return _shown_now(context, which, newest_batch(context.store, context.chat, now=context.now, which=which))


def _is_sent(context: CommandContext) -> bool:
    """Returns whether the papers are sent through the outbox: in a private chat, unless its deliveries are held.

    Deliveries are held while the chat is paused or waits to be let in.
    """
    is_own = context.origin.kind is ChatKind.PRIVATE and context.chat.address == context.origin.address
    return is_own and context.chat.state is ChatState.ACTIVE


def _sent_now(context: CommandContext, which: str, batch: Batch) -> Reply:
    """Returns the reply that says how many papers are on their way through the outbox."""
    if not batch.subscriptions:
        return nothing_active(context, "/today diffusion")
    if batch.day is None or batch.delivery is None:
        return _nothing_new(context, which, batch)
    found = context.localizer.count(
        "{count} paper of {day} is on its way.",
        "{count} papers of {day} are on their way.",
        len(batch.delivery.items),
        day=context.localizer.day(batch.day),
    )
    return Reply(lines=(found, *_delivered_before(context, batch)), buttons=_all_of_day_button(context, which, batch))


def _shown_now(context: CommandContext, which: str, batch: Batch) -> Reply:
    """Returns the papers as a reply. They do not count as delivered."""
    if not batch.subscriptions:
        return nothing_active(context, "/today diffusion")
    if batch.day is None or batch.delivery is None:
        return _nothing_new(context, which, batch)
    found = context.localizer.count(
        "{count} paper of {day}",
        "{count} papers of {day}",
        len(batch.delivery.items),
        day=context.localizer.day(batch.day),
    )
    subscribing = subscribe_button(context, context.args) if batch.query else ()
    again = _all_of_day_button(context, which, batch)
    return Reply(
        lines=(found, *_delivered_before(context, batch)), delivery=batch.delivery, buttons=(*again, *subscribing)
    )


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
    return Reply(lines=(words,), buttons=((older,), *subscribe_button(context, which)))


def _delivered_before(context: CommandContext, batch: Batch) -> tuple[str, ...]:
    if not batch.delivered:
        return ()
    return (context.localizer.count("{count} more came before.", "{count} more came before.", batch.delivered),)


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


# -------------------------------------------------------------------------------------------------------------- search


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
)
CALLBACKS = {
    "today": Callback(run=on_today, writes=_is_sent, matches_ahead=_match_ahead),
    "today-again": Callback(run=on_today_again),
}
