"""Buttons of a paper's card that change subscriptions: mute, exclude, follow authors."""

from collections.abc import Sequence
from datetime import timedelta

from bot.commands import cards
from bot.commands.asking import listed_here, undo_row
from bot.commands.context import Callback, CommandContext
from bot.commands.subscription_form import is_author
from bot.commands.undo import subscribe_and_echo
from bot.ports.channel import Button, Buttons, Reply
from subscriptions.cutting import cut_letters, width
from subscriptions.errors import QueryError
from subscriptions.matching.paper_index import matching_papers
from subscriptions.model import Item, Subscription
from subscriptions.portable import mended_name
from subscriptions.query import rewriting
from subscriptions.query.parse import parse_canonical, parse_query
from subscriptions.service.amendments import edit, rename
from subscriptions.service.known_papers import distinctive_words, subscriptions_behind
from subscriptions.service.near_papers import note_signal
from subscriptions.service.pausing import pause
from subscriptions.states import Signal, SubscriptionState

MUTED_FOR = 7  # days, unless a button says otherwise
AUTHORS = 8  # authors of a page
EXCLUDED_AUTHORS = 4
_LABEL = 40  # characters of a button's label
_TOPIC = 30  # of the words in a button's label
_IN_ROW, _HALF = 2, 18  # buttons in a row; columns of a label that fits into half a row on a phone


@cards.of_paper
def on_mute(context: CommandContext, item: Item) -> Reply:
    """Handles [mute ▾]: pauses the topic of the paper or a subscription that brought it, after asking which."""
    subscriptions = subscriptions_behind(context.store, context.chat, item)
    loud = [subscription for subscription in subscriptions if subscription.state is SubscriptionState.ACTIVE]
    if "number" in context.arguments:
        chosen = _chosen(context, loud)
        return _muted(context, chosen) if chosen else _no_subscription(context, _chosen(context, subscriptions))
    if not loud:
        return _no_subscription(context, subscriptions)
    where = cards.paper_arguments(context)

    def quiet(subscription: Subscription, label: str, days: int) -> Button:
        arguments = {**where, "number": subscription.number, "days": days}
        return Button(label=label, verb="card-mute", arguments=arguments)

    rows = tuple(
        (
            quiet(one, context.say("{number} for a day", number=one.number), 1),
            quiet(one, context.say("{number} for a week", number=one.number), MUTED_FOR),
        )
        for one in loud
    )
    lines = (context.say("What shall be quiet?"), *map(_called, loud))
    return Reply(lines=lines, buttons=(*_topic_row(context, item), *rows))


def _topic_row(context: CommandContext, item: Item) -> Buttons:
    """Returns a button that leaves out what a paper is about; nothing if no words of its title can be left out."""
    for subscription in _still_finding(context, item)[:1]:
        for rule, text in _rules(context, subscription, item, ()).items():
            label = context.say("topic: {words}", words=cut_letters(text, _TOPIC))
            arguments = {**cards.paper_arguments(context), "number": subscription.number, "rule": rule}
            return ((Button(label=label, verb="leave-out", arguments=arguments),),)
    return ()


def _muted(context: CommandContext, subscription: Subscription) -> Reply:
    until = context.now + timedelta(days=int(context.arguments.get("days", MUTED_FOR)))
    _note(context, Signal.MUTED)
    pause(context.store, context.chat.address, subscription.number, until=until, now=context.now, who=context.actor)
    said = context.say(
        "{subscription} is quiet until {moment}. Its papers wait until then.",
        subscription=_called(subscription),
        moment=context.localizer.moment(until),
    )
    return Reply(lines=(said,), ok=True, buttons=undo_row(context), replaces=True)


@cards.of_paper
def on_exclude(context: CommandContext, item: Item) -> Reply:
    """Handles [exclude]: shows what the subscription could exclude, so that papers like this one do not come again."""
    finding = _still_finding(context, item)
    if not finding:
        return _no_subscription(context, finding)
    subscription, names = finding[0], item.paper.paper.authors
    authors = [*names[: EXCLUDED_AUTHORS - 1], *names[-1:]]
    buttons = [
        Button(
            label=_short(text),
            verb="leave-out",
            arguments={**cards.paper_arguments(context), "number": subscription.number, "rule": rule},
        )
        for rule, text in _rules(context, subscription, item, authors).items()
    ]
    if buttons:
        asked = context.say("What shall {subscription} leave out from now on?", subscription=_called(subscription))
        return Reply(lines=(asked,), buttons=_in_rows(buttons))
    example = rewriting.narrowed(parse_query(subscription.text), "survey").text
    lines = (
        context.say("I find no words in this title that few of the other papers have."),
        context.say("Write what it shall leave out: /edit {number} {query}", number=subscription.number, query=example),
    )
    return Reply(lines=lines)


def _rules(context: CommandContext, subscription: Subscription, item: Item, authors: Sequence[str]) -> dict[str, str]:
    """Returns rules that the query could exclude → their labels: words of the title, then these authors."""
    rules = {
        rewriting.words_rule(text): text for text in distinctive_words(context.store, context.chat, subscription, item)
    }
    rules |= {rewriting.author_rule(name): name for name in authors}
    return {rule: text for rule, text in rules.items() if _can_leave_out(subscription, rule, item)}


@cards.of_paper
def on_leave_out(context: CommandContext, item: Item) -> Reply:
    """Handles a rule under [exclude]: adds it to the query."""
    subscriptions = subscriptions_behind(context.store, context.chat, item)
    subscription = _chosen(context, subscriptions)
    if subscription is None:
        return _no_subscription(context, ())
    rule = str(context.arguments["rule"])
    less = rewriting.narrowed(parse_query(subscription.text), rule)
    done = edit(context.store, context.chat.address, subscription.number, less.text, now=context.now, who=context.actor)
    _note(context, Signal.EXCLUDED)
    reading = context.formatter.reading(done.query)
    lines = [f"{subscription.number}  {reading}"]
    buttons = undo_row(context) if done.outcome == "edited" else ()
    others = [other for other in _still_finding(context, item) if other.number != subscription.number]
    if others:
        lines.append(context.say("{subscription} still finds such papers.", subscription=_called(others[0])))
        there = {**cards.paper_arguments(context), "number": others[0].number, "rule": rule}
        buttons = ((Button(label=context.say("leave it out there, too"), verb="leave-out", arguments=there),), *buttons)
    return Reply(
        lines=tuple(lines),
        code=(done.subscription.text,) if done.subscription.text != reading else (),
        ok=True,
        buttons=buttons,
        replaces=True,
    )


def _still_finding(context: CommandContext, item: Item) -> tuple[Subscription, ...]:
    """Returns the subscriptions that brought a paper and whose queries still match it."""
    subscriptions = subscriptions_behind(context.store, context.chat, item)
    return tuple(
        subscription
        for subscription in subscriptions
        if matching_papers(parse_canonical(subscription.canonical), [item.paper.paper])
    )


def _can_leave_out(subscription: Subscription, rule: str, item: Item) -> bool:
    """Returns whether the query can take the rule, and would then not find this paper."""
    try:
        less = rewriting.narrowed(parse_query(subscription.text), rule)
    except QueryError:  # such as initials alone, which are no valid author
        return False
    return not matching_papers(less, [item.paper.paper])


@cards.of_paper
def on_follow(context: CommandContext, item: Item) -> Reply:
    """Handles [follow authors]: shows a button for each author of a paper: the first, the last, then the others."""
    names, start = item.paper.paper.authors, int(context.arguments.get("start", 0))
    authors = tuple(dict.fromkeys((*names[:1], *names[-1:], *names)))
    page = authors[start : start + AUTHORS]
    if not page:
        return cards.paper_gone(context)
    buttons = [
        Button(label=_short(name), verb="follow-author", arguments={**cards.paper_arguments(context), "name": name})
        for name in page
        if is_author(name)
    ]
    rows = _in_rows(buttons)
    left = len(authors) - start - len(page)
    if left:
        label = context.localizer.count("{count} more", "{count} more", left)
        further = {**cards.paper_arguments(context), "start": start + AUTHORS}
        rows = (*rows, (Button(label=label, verb="card-follow", arguments=further),))
    return Reply(lines=(context.say("Whose papers shall I tell you of?"),), buttons=rows, replaces=start > 0)


def on_follow_author(context: CommandContext) -> Reply:
    """Handles an author under [follow authors]: subscribes to the author, and names the subscription after them."""
    name = str(context.arguments["name"])
    rule = rewriting.author_rule(name)
    reply = subscribe_and_echo(context, rule, None)
    canonical = parse_query(rule).canonical
    for one in listed_here(context):
        if one.subscription.canonical == canonical and not one.subscription.name:
            called = mended_name(_short(name))
            rename(
                context.store, context.chat.address, one.subscription.number, called, now=context.now, who=context.actor
            )
    _note(context, Signal.FOLLOWED)
    return reply


def _note(context: CommandContext, kind: Signal) -> None:
    """Stores what was done with the paper that the button names, if it names one."""
    item = cards.callback_paper(context) if {"delivery", "paper"} & context.arguments.keys() else None
    if item is not None:
        note_signal(context.store, context.chat, [item.paper.id], kind, now=context.now)


def _query_of_author(context: CommandContext) -> tuple[str, ...]:
    return (rewriting.author_rule(str(context.arguments["name"])),)


def _chosen(context: CommandContext, subscriptions: Sequence[Subscription]) -> Subscription | None:
    """Returns the subscription that the button names, if it is one of these."""
    number = context.arguments.get("number")
    return next((subscription for subscription in subscriptions if subscription.number == number), None)


def _no_subscription(context: CommandContext, subscriptions: object) -> Reply:
    """Returns the answer where nothing can be changed: the subscription is paused already, or there is none."""
    if subscriptions:
        return Reply(toast=context.say("It is paused already."))
    return Reply(toast=context.say("No subscription of this chat brings this paper any more."))


def _called(subscription: Subscription) -> str:
    """Returns the name of a subscription for a button or a line."""
    return f"{subscription.number}  {_short(subscription.label)}"


def _short(text: str) -> str:
    return cut_letters(" ".join(text.split()), _LABEL)


def _in_rows(buttons: Sequence[Button]) -> Buttons:
    """Returns the buttons in rows of two, but each with a long label in a row of its own."""
    rows: list[tuple[Button, ...]] = []
    for button in buttons:
        if rows and len(rows[-1]) < _IN_ROW and all(width(one.label) <= _HALF for one in (*rows[-1], button)):
            rows[-1] = (*rows[-1], button)
        else:
            rows.append((button,))
    return tuple(rows)


CALLBACKS = {
    "card-mute": Callback(run=on_mute, needs_manager=True),
    "card-exclude": Callback(run=on_exclude, needs_manager=True),
    "leave-out": Callback(run=on_leave_out, needs_manager=True),
    "card-follow": Callback(run=on_follow, needs_manager=True),
    "follow-author": Callback(run=on_follow_author, needs_manager=True, queries=_query_of_author),
}
