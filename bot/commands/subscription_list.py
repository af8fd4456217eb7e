"""list and unsub: which subscriptions a chat has, and their removal."""

from collections.abc import Sequence
from dataclasses import replace

from bot.commands import asking
from bot.commands.context import Callback, Command, CommandContext, always
from bot.commands.phrasing import subscription_words
from bot.commands.phrasing.setting_words import next_line
from bot.commands.phrasing.subscription_words import Row
from bot.commands.undo import echo
from bot.ports.channel import Button, Buttons, Reply
from subscriptions.errors import NotFound, Sentence
from subscriptions.model import ChatKind, Subscription
from subscriptions.query.parse import parse_query
from subscriptions.service import amendments
from subscriptions.service.chat_status import next_deliveries_to
from subscriptions.service.exporting import Overlap, merge, nearly_same
from subscriptions.service.next_deliveries import Listed
from subscriptions.service.paper_search import MatchCount, activity
from subscriptions.service.requests import unsubscribe, unsubscribe_several
from subscriptions.states import ChatState, SubscriptionState

A_PAGE = 10
_ROW = 5  # numbers side by side


def list_(context: CommandContext) -> Reply:
    """Shows the subscriptions of the chat; "list 2" shows the second page."""
    text = context.args.strip()
    return _page(context, int(text) - 1 if text.isdecimal() and len(text) < _ROW else 0)


def on_list(context: CommandContext) -> Reply:
    """Handles [back] and [more]: shows another page."""
    return _page(context, int(context.arguments.get("page", 0)))


def change_buttons(context: CommandContext, subscription: Subscription) -> tuple[Button, ...]:
    """Returns [edit], [pause] or [resume], and [remove]."""
    number = {"number": subscription.number}
    held = subscription.state is SubscriptionState.PAUSED
    return (
        Button(label=context.say("edit"), verb="edit-ask", arguments=number),
        Button(label=context.say("resume"), verb="resume", arguments=number)
        if held
        else Button(label=context.say("pause"), verb="pause", arguments=number),
        Button(label=context.say("remove"), verb="unsub", arguments=number),
    )


def show_one(context: CommandContext, subscription: Subscription) -> Reply:
    """Handles a number: shows one subscription, with buttons to change it."""
    one = next(one for one in asking.listed_here(context) if one.subscription.number == subscription.number)
    back = Button(label=context.say("list"), verb="list", arguments={"page": int(context.arguments.get("page", 0))})
    lines = [*_lines(context, _rows(context, [one]), [one]), *([subscription.text] if subscription.name else [])]
    if subscription_words.state_of(one) == "active":
        lines.append(
            next_line(
                next_deliveries_to(context.store, context.chat.address, [subscription], now=context.now),
                context.localizer,
                context.now,
            )
        )
    return Reply(
        lines=tuple(lines), buttons=asking.shown_buttons(context, (change_buttons(context, subscription), (back,)))
    )


def _page(context: CommandContext, page: int) -> Reply:
    found = asking.listed_here(context)
    new = _new_button(context)
    if not found:
        return replace(asking.no_subscriptions(context), buttons=asking.shown_buttons(context, (new,)))
    pages = -(-len(found) // A_PAGE)
    page = min(max(page, 0), pages - 1)
    shown = found[page * A_PAGE : (page + 1) * A_PAGE]
    head = context.localizer.count("{count} subscription", "{count} subscriptions", len(found))
    if pages > 1:
        head = f"{head} · {context.say('page {page} of {pages}', page=page + 1, pages=pages)}"
    rows = _rows(context, shown)
    if context.chat.state is not ChatState.ACTIVE:  # the same reason holds all of them
        head, rows = f"{head} · {rows[0].state}", [replace(row, state="") for row in rows]
    rows = [replace(row, reading=subscription_words.shortened(row.reading)) for row in rows]
    buttons = asking.shown_buttons(context, (*_buttons(context, shown, page, pages), new))
    more = [context.say("/list {page} shows the next.", page=page + 2)] if page + 1 < pages and not buttons else []
    near = _nearly_same(context, found) if page == 0 and buttons else None
    if near is not None:
        more.append(
            context.localizer.count(
                "{first} and {second} bring nearly the same: {count} of {either} papers.",
                "{first} and {second} bring nearly the same: {count} of {either} papers.",
                near.shared,
                first=near.first,
                second=near.second,
                either=near.either,
            )
        )
        label = context.say("merge {first} and {second}", first=near.first, second=near.second)
        numbers = {"first": near.first, "second": near.second}
        buttons = (*buttons, (Button(label=label, verb="merge", arguments=numbers),))
    return Reply(lines=(head, *_lines(context, rows, shown), *more), buttons=buttons)


def _new_button(context: CommandContext) -> tuple[Button, ...]:
    """Returns [new subscription], which opens a form, where the platform has forms."""
    return (
        (Button(label=context.say("new subscription"), verb="new-subscription"),) if context.request.trigger_id else ()
    )


def _nearly_same(context: CommandContext, found: Sequence[Listed]) -> Overlap | None:
    """Returns two that could be one; nothing in groups, where a list is read by many."""
    if context.origin.kind is not ChatKind.PRIVATE:
        return None
    return nearly_same(context.store, context.chat, [one.subscription for one in found], now=context.now)


def on_merge(context: CommandContext) -> Reply:
    """Handles [merge 2 and 5]: puts one subscription in the place of two."""
    numbers = int(context.arguments["first"]), int(context.arguments["second"])
    done = merge(context.store, context.chat.address, *numbers, now=context.now, who=context.actor)
    return echo(context, done)


def _buttons(context: CommandContext, shown: Sequence[Listed], page: int, pages: int) -> Buttons:
    numbers = [
        Button(
            label=str(one.subscription.number),
            verb="subscription",
            arguments={"number": one.subscription.number, "page": page},
        )
        for one in shown
    ]
    rows = [tuple(numbers[start : start + _ROW]) for start in range(0, len(numbers), _ROW)]
    return (*rows, asking.pager(context, page, pages, "list"))


def _rows(context: CommandContext, shown: Sequence[Listed]) -> list[Row]:
    return subscription_words.subscription_rows(
        shown, lambda text: context.formatter.reading(parse_query(text)), lambda _: context.localizer, context.now
    )


def _lines(context: CommandContext, rows: Sequence[Row], shown: Sequence[Listed]) -> list[str]:
    """Returns a line for each: number, name or query, time, papers found, last delivery, what holds it."""
    about = activity(context.store, context.chat, [one.subscription for one in shown], now=context.now)
    lines = []
    for one, row in zip(shown, rows, strict=True):
        subscription = one.subscription
        parts = [f"{row.number}  {row.reading}", row.when]
        parts += [_often(context, about, about.found[subscription.canonical])] if about.base.days else []
        if subscription.number in about.came:
            parts.append(context.say("last {moment}", moment=context.localizer.moment(about.came[subscription.number])))
        lines.append(" · ".join((*parts, *([row.state] if row.state else []))))
    return lines


def _often(context: CommandContext, about: MatchCount, found: int) -> str:
    """Returns how many papers it found in the days known: "6 a week", "6 in 3 days"."""
    if about.base.week and about.base.whole:
        return context.localizer.count("{count} a week", "{count} a week", found)
    days = subscription_words.of_the_newest(
        context.localizer, context.localizer.count("{count} day", "{count} days", about.base.days), about.base
    )
    return context.localizer.count("{count} in {days}", "{count} in {days}", found, days=days)


# --------------------------------------------------------------------------------------------------------------- unsub


_ALL = frozenset({"all", "everything", "*", "全部", "所有"})


def unsub(context: CommandContext) -> Reply:
    """Removes by numbers, by query, or all; without arguments asks which."""
    if not context.args:
        return _which(context)
    if context.args.casefold() in _ALL:
        return unsub_all(context)
    said = amendments.numbers_in(context.args)
    there = amendments.numbers_among(said, {one.subscription.number for one in asking.listed_here(context)})
    if not there:
        return _removed(context, str(_subscription_of_query(context, said).number))
    gone = unsubscribe_several(context.store, context.chat.address, there, now=context.now, who=context.actor)
    missing = amendments.numbers_missing(said, there)
    return replace(
        subscription_words.unsubscribed(gone, context.localizer, missing=missing), buttons=asking.undo_row(context)
    )


def _subscription_of_query(context: CommandContext, said: Sequence[tuple[int, int]]) -> Subscription:
    """Returns the subscription with this query. Raises QueryError, and NotFound, which lists all the numbers typed."""
    try:
        return asking.subscription_named(context, context.args)
    except NotFound:
        if not said:
            raise
        which = amendments.numbers_missing(said, ())
        raise NotFound(
            Sentence("This chat has no subscription {which}.", {"which": which}),
            Sentence("/list shows those that are there."),
        ) from None


def unsub_all(context: CommandContext) -> Reply:
    """Removes all subscriptions without a question, since that can be undone."""
    return _removed(context, "all") if context.chat.id else subscription_words.unsubscribed((), context.localizer)


def _unsub_one(context: CommandContext, subscription: Subscription) -> Reply:
    return _removed(context, str(subscription.number))


def _which(context: CommandContext) -> Reply:
    question = context.say("Which one do you want to remove? /unsub 1 does it, too, and /unsub 1 3 removes two.")
    everything = Button(label=context.say("remove all"), verb="unsub-all")
    return asking.pick_list(context, question, "unsub", last=(everything,))


def _removed(context: CommandContext, which: str) -> Reply:
    found = unsubscribe(context.store, context.chat.address, which, now=context.now, who=context.actor)
    return replace(
        subscription_words.unsubscribed(found, context.localizer), buttons=asking.undo_row(context) if found else ()
    )


CALLBACKS = {
    "list": Callback(run=on_list, replaces=True),
    "subscription": Callback(run=asking.on_subscription(show_one), replaces=True),
    "merge": Callback(run=on_merge, needs_manager=True),
    "unsub": Callback(run=asking.on_subscription(_unsub_one), needs_manager=True, replaces=True),
    "unsub-all": Callback(run=unsub_all, needs_manager=True, replaces=True),
    "unsub-page": Callback(run=_which, writes=always, replaces=True),
}

COMMANDS = (
    Command(
        name="list", aliases=("subscriptions", "ls"), run=list_, usage="[PAGE]", summary=Sentence("your subscriptions")
    ),
    Command(
        name="unsub",
        aliases=("unsubscribe", "remove"),
        run=unsub,
        needs_manager=True,
        shows_without_args=True,
        usage="[N …|QUERY|all]",
        summary=Sentence("remove a subscription"),
    ),
    Command(
        name="unsuball", run=unsub_all, needs_manager=True, summary=Sentence("remove all subscriptions"), listed=False
    ),
)
