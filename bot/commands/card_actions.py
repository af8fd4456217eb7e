"""The buttons of a card that change subscriptions: mute (for how long), exclude (which authors), follow authors (how many)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bot.commands import asking, cities, paper_buttons, phrasing, picking
from bot.commands.confirmation import edit_here, subscribe_and_echo
from bot.commands.context import Callback, CommandContext, matching
from bot.ports import channel
from subscriptions import errors, model, states
from subscriptions.matching.paper_index import matching_papers
from subscriptions.portable import mended_name
from subscriptions.query import parse, rewriting
from subscriptions.service import amendments, asked_papers, signals
from subscriptions.service.pausing import pause
from subscriptions.service.questions import with_known_vectors

MUTED_FOR = 7  # days
AUTHORS = 8  # authors on a page
EXCLUDED_AUTHORS = 4
_LABEL = 40  # characters of a button's label
_IN_ROW = 2  # buttons in a row
_HALF = 18  # columns of the longest label that fits into half a row on a phone


@paper_buttons.of_paper
def on_mute(context: CommandContext, item: model.Item) -> channel.Reply:
    """Handles [mute ▾]: asks what to mute; if the button names a subscription, pauses that one."""
    subscriptions = asked_papers.subscriptions_behind(context.transaction, context.chat, item)
    loud = [subscription for subscription in subscriptions if subscription.is_active]
    if "number" in context.arguments:
        chosen = _chosen(context, loud)
        if chosen:
            return _muted(context, chosen)
        return _no_subscription(context, _chosen(context, subscriptions))
    if not loud:
        return _no_subscription(context, subscriptions)
    rows = tuple(
        (
            _button(context, context.say("{number} for a day", number=one.number), "card-mute", one, days=1),
            _button(context, context.say("{number} for a week", number=one.number), "card-mute", one, days=MUTED_FOR),
        )
        for one in loud
    )
    lines = (context.say("What shall be quiet?"), *map(_called, loud))
    return channel.Reply(lines=lines, buttons=rows)


def _button(
    context: CommandContext, label: str, verb: str, subscription: model.Subscription, **arguments: object
) -> channel.Button:
    """Returns a button about the same paper as the pressed one, and about a subscription."""
    about = {**paper_buttons.paper_arguments(context), "number": subscription.number, **arguments}
    return channel.Button(label=label, verb=verb, arguments=about)


def _muted(context: CommandContext, subscription: model.Subscription) -> channel.Reply:
    until = context.now + timedelta(days=int(context.arguments["days"]))
    _note(context, states.Signal.MUTED)
    pause(
        context.transaction, context.chat.address, subscription.number, until=until, now=context.now, who=context.actor
    )
    return context.reply(
        "{subscription} is quiet until {moment}. Its papers wait until then.",
        subscription=_called(subscription),
        moment=context.localizer.moment(until),
        ok=True,
        buttons=context.undo_row,
        replaces=True,
    )


@paper_buttons.of_paper
def on_exclude(context: CommandContext, item: model.Item) -> channel.Reply:
    """Handles [exclude]: asks for a word that the subscription shall exclude; buttons exclude an author of the paper."""
    finding = _still_finding(context, item)
    if not finding:
        return _no_subscription(context, finding)
    subscription, names = finding[0], item.paper.paper.authors
    rules = {rewriting.author_rule(name): name for name in (*names[: EXCLUDED_AUTHORS - 1], *names[-1:])}
    buttons = [
        _button(context, phrasing.shortened(name, _LABEL), "leave-out", subscription, rule=rule)
        for rule, name in rules.items()
        if _can_leave_out(subscription, rule, item)
    ]
    rows = cities.button_rows(buttons, _IN_ROW, 2 * _HALF)
    said = context.say("What shall {subscription} leave out from now on?", subscription=_called(subscription))
    if asking.can_ask(context):
        about = {**paper_buttons.paper_arguments(context), "number": subscription.number}
        asked = asking.ask(context, "leave-out", about, said, context.say("Write a word, or choose an author."))
        return replace(asked, buttons=(*rows, *asked.buttons))
    example = rewriting.narrowed(parse.parse_query(subscription.text), "survey").text
    hint = context.say("A word: /edit {number} {query}", number=subscription.number, query=example)
    return channel.Reply(lines=(said, hint), buttons=rows)


@paper_buttons.of_paper
def on_leave_out(context: CommandContext, item: model.Item) -> channel.Reply:
    """Handles the answer to [exclude], a word or an author: excludes it from the query."""
    subscriptions = asked_papers.subscriptions_behind(context.transaction, context.chat, item)
    subscription = _chosen(context, subscriptions)
    if subscription is None:
        return _no_subscription(context, ())
    is_answer = "rule" not in context.arguments
    if not is_answer:
        asking.drop_question(context, "leave-out")
    rule = rewriting.words_rule(context.args.lstrip(" -")) if is_answer else str(context.arguments["rule"])
    less = rewriting.narrowed(parse.parse_query(subscription.text), rule)
    done = edit_here(context, subscription.number, less.text)
    _note(context, states.Signal.EXCLUDED)
    reading = context.reading(done.query)
    return channel.Reply(
        lines=(f"{subscription.number}  {reading}",),
        code=(done.subscription.text,) if done.subscription.text != reading else (),
        ok=True,
        buttons=context.undo_row,
        replaces=not is_answer,
    )


def _still_finding(context: CommandContext, item: model.Item) -> tuple[model.Subscription, ...]:
    """Returns the subscriptions that brought a paper and whose queries still match it."""
    subscriptions = asked_papers.subscriptions_behind(context.transaction, context.chat, item)
    return tuple(
        subscription
        for subscription in subscriptions
        if matching_papers(
            with_known_vectors(context.transaction, parse.parse_canonical(subscription.canonical)), [item.paper.paper]
        )
    )


def _can_leave_out(subscription: model.Subscription, rule: str, item: model.Item) -> bool:
    """Returns whether the query can exclude the rule, and would then no longer find this paper."""
    try:
        less = rewriting.narrowed(parse.parse_query(subscription.text), rule)
    except errors.QueryError:  # for example if the author has only initials, which no query accepts
        return False
    return not matching_papers(less, [item.paper.paper])


@paper_buttons.of_paper
def on_follow(context: CommandContext, item: model.Item) -> channel.Reply:
    """Handles [follow authors]: shows a button for each author of the paper: the first, the last, then the others."""
    names, start = item.paper.paper.authors, int(context.arguments.get("start", 0))
    authors = tuple(dict.fromkeys((*names[:1], *names[-1:], *names)))
    page = authors[start : start + AUTHORS]
    if not page:
        return paper_buttons.paper_gone(context)
    buttons = [
        context.labelled(
            phrasing.shortened(name, _LABEL), "follow-author", **paper_buttons.paper_arguments(context), name=name
        )
        for name in page
        if _is_author(name)
    ]
    rows = cities.button_rows(buttons, _IN_ROW, 2 * _HALF)
    left = len(authors) - start - len(page)
    if left:
        label = context.count("{count} more", "{count} more", left)
        where = paper_buttons.paper_arguments(context)
        rows = (*rows, (context.labelled(label, "card-follow", **where, start=start + AUTHORS),))
    return context.reply("Whose papers should I tell you about?", buttons=rows, replaces=start > 0)


def _is_author(author: str) -> bool:
    """Returns whether a query can name this author; initials alone are refused, since they would match too many."""
    try:
        parse.parse_query(rewriting.author_rule(author))
    except errors.QueryError:
        return False
    return True


def on_follow_author(context: CommandContext) -> channel.Reply:
    """Handles the choice of an author after [follow authors]: makes a subscription to that author, with the author's name."""
    name = str(context.arguments["name"])
    rule = rewriting.author_rule(name)
    reply = subscribe_and_echo(context, rule, None)
    canonical = parse.parse_query(rule).canonical
    for one in picking.subscriptions_here(context):
        if one.canonical == canonical and not one.name:
            called, address = mended_name(phrasing.shortened(name, _LABEL)), context.chat.address
            amendments.rename(context.transaction, address, one.number, called, now=context.now, who=context.actor)
    _note(context, states.Signal.FOLLOWED)
    return reply


def _note(context: CommandContext, kind: states.Signal) -> None:
    """Stores the signal for the paper that the button names; does nothing if the button names none."""
    if not {"delivery", "paper"} & context.arguments.keys():
        return
    if item := paper_buttons.callback_paper(context):
        signals.note_signal(context.transaction, context.chat, [item.paper.id], kind, now=context.now)


def _query_of_author(context: CommandContext) -> tuple[str, ...]:
    return (rewriting.author_rule(str(context.arguments["name"])),)


def _chosen(context: CommandContext, subscriptions: Sequence[model.Subscription]) -> model.Subscription | None:
    """Returns the subscription that the button names, if it is one of these."""
    number = context.arguments.get("number")
    return next((subscription for subscription in subscriptions if subscription.number == number), None)


def _no_subscription(context: CommandContext, subscriptions: object) -> channel.Reply:
    """Returns the reply if there is nothing to change: the subscription is paused already, or there is none."""
    if subscriptions:
        return context.toast("It is paused already.")
    return context.toast("No subscription of this chat brings this paper any more.")


def _called(subscription: model.Subscription) -> str:
    """Returns the number and the shortened label of a subscription."""
    return phrasing.subscription_label(subscription, _LABEL)


CALLBACKS = {
    "card-mute": Callback(letter="q", run=on_mute, needs_manager=True),
    "card-exclude": Callback(letter="x", run=on_exclude, needs_manager=True),
    "leave-out": Callback(run=on_leave_out, needs_manager=True),
    "card-follow": Callback(letter="a", run=on_follow, needs_manager=True),
    "follow-author": Callback(run=on_follow_author, needs_manager=True, matches_ahead=matching(_query_of_author)),
}
