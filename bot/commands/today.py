"""today: shows the papers that the subscriptions find, independent of the schedule; in a private chat, they then count as delivered."""

from datetime import date
from typing import Any

from bot.commands import results
from bot.commands.context import Callback, Command, CommandContext, with_stored_chat
from bot.commands.paper_days import day_of, paper_days
from bot.commands.picking import subscription_numbered
from bot.commands.spoken import spoken
from bot.ports import channel
from subscriptions.errors import Sentence
from subscriptions.planning.times import split_when
from subscriptions.service import previews
from subscriptions.service.previews import Trial


def today(context: CommandContext) -> channel.Reply:
    """Sends the newest papers in a private chat, and shows them in other chats; shows those of a day that is named."""
    of_days = spoken(context.args).papers_of_days(context) or _of_day(context)
    return of_days or _today(context, split_when(context.args).query)


def _of_day(context: CommandContext) -> channel.Reply | None:
    """Shows the papers of a day if nothing else is typed: "/today yesterday"; None for anything else."""
    days = paper_days(context.args)
    if days is None or days.rest or not days.is_day:
        return None
    day = day_of(days.words, context.localizer.local(context.now).date())
    if day:
        return papers_of_day(context, "", day)
    return None


def papers_of_day(context: CommandContext, asked: str, day: date) -> channel.Reply:
    """Shows the papers of a day that fit a query; "" stands for the subscriptions."""
    batch = previews.newest_batch(
        context.transaction, context.chat, now=context.now, which=asked, day=day, delivered_too=True
    )
    said = context.localizer.day(day)
    if not batch.subscriptions:
        return results.nothing_active(context, "/today diffusion")
    if not batch.base.of:
        return context.reply("I know no papers of {day}.", day=said)
    found = len(batch.delivery.items) if batch.delivery else 0
    papers = context.count("{count} paper of {day}", "{count} papers of {day}", batch.base.of, day=said)
    head = context.count("{count} of {papers}", "{count} of {papers}", found, papers=papers)
    return channel.Reply(lines=(head,), delivery=batch.delivery, about=channel.About(query=asked) if asked else None)


def on_today(context: CommandContext) -> channel.Reply:
    """Handles [today's now]: does the same as /today for one subscription."""
    which = _still_there(context)
    if which is not None:
        return _today(context, which)
    return _gone(context)


def _still_there(context: CommandContext) -> str | None:
    """Returns the number of the button's subscription, or its query; "" for all; None if the subscription is gone."""
    if "number" not in context.arguments:
        return str(context.arguments.get("text", ""))
    number = int(context.arguments["number"])
    if subscription_numbered(context, number):
        return str(number)
    return None


def _gone(context: CommandContext) -> channel.Reply:
    return context.toast("This subscription is gone.")


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
        return results.nothing_active(context, "/today diffusion")
    if batch.day is None or batch.delivery is None:
        return _nothing_new(context, which, batch)
    found, day = len(batch.delivery.items), context.localizer.day(batch.day)
    before = []
    if batch.delivered:
        before.append(context.count("{count} more came before.", "{count} more came before.", batch.delivered))
    again = _all_of_day_button(context, which, batch)
    if is_sent:
        head = context.count(
            "{count} paper of {day} is on its way.", "{count} papers of {day} are on their way.", found, day=day
        )
        return channel.Reply(lines=(head, *before), buttons=again)
    head = context.count("{count} paper of {day}", "{count} papers of {day}", found, day=day)
    subscribing = results.subscribe_button(context, context.args) if batch.query else ()
    return channel.Reply(lines=(head, *before), delivery=batch.delivery, buttons=(*again, *subscribing))


def _is_sent(context: CommandContext) -> bool:
    """Returns whether the papers are sent as a delivery and not only shown: in a private chat that is active.

    A chat that is paused or waits to be let in is not active.
    """
    return context.is_about_own_chat and context.chat.is_active


def _nothing_new(context: CommandContext, which: str, batch: Trial) -> channel.Reply:
    if batch.day is None:
        return context.reply("No papers are known yet.")
    day = context.localizer.day(batch.day)
    if batch.delivered:
        words = context.count(
            "The only paper of {day} that fits came before.",
            "All {count} papers of {day} that fit came before.",
            batch.delivered,
            day=day,
        )
        return channel.Reply(lines=(words,), buttons=_all_of_day_button(context, which, batch))
    words = context.count(
        "The only paper of {day} does not fit.",
        "Nothing fits among the {count} papers of {day}.",
        batch.base.of,
        day=day,
    )
    if not batch.query:
        return channel.Reply(lines=(words,))
    return channel.Reply(lines=(words,), buttons=results.subscribe_button(context, which))


def _all_of_day_button(context: CommandContext, which: str, batch: Trial) -> channel.Buttons:
    """Returns [show all of that day] if some papers of the day were delivered before; otherwise no button."""
    if not batch.delivered or batch.day is None:
        return ()
    of_one = which and batch.query is None
    about: dict[str, Any] = {"number": batch.subscriptions[0].number} if of_one else {"text": which}
    return ((context.button("show all of that day", "today-again", day=batch.day.isoformat(), **about),),)


def on_today_again(context: CommandContext) -> channel.Reply:
    """Handles [show all of that day]: shows all papers of the day, with those that were delivered before."""
    which, day = _still_there(context), date.fromisoformat(str(context.arguments["day"]))
    if which is None:
        return _gone(context)
    batch = previews.newest_batch(
        context.transaction, context.chat, now=context.now, which=which, day=day, delivered_too=True
    )
    if batch.delivery is None:
        return context.toast("There is nothing any more that fits.")
    found = context.count(
        "{count} paper of {day}", "{count} papers of {day}", len(batch.delivery.items), day=context.localizer.day(day)
    )
    return channel.Reply(lines=(found,), delivery=batch.delivery)


COMMANDS = (
    Command(
        name="today",
        examples=("/today", "/today cat:cs.LG"),
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
