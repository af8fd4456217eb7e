"""[less of this] on a card: leaves an author, a category or a word out of the subscription that brought the paper, or pauses it."""

from collections.abc import Iterator
from datetime import timedelta

from bot.commands import asking, cities, paper_buttons, phrasing
from bot.commands.confirmation import edit_here
from bot.commands.context import Callback, CommandContext
from bot.ports import channel
from subscriptions import errors, model, states
from subscriptions.matching.paper_index import matching_papers
from subscriptions.query import parse, rewriting
from subscriptions.service import asked_papers, signals
from subscriptions.service.pausing import pause
from subscriptions.service.questions import with_known_vectors

_PAUSED_FOR = timedelta(days=7)
_AUTHORS = 3  # authors that are offered: the first ones and the last
_LABEL = 40  # characters of a name in a label


@paper_buttons.of_paper
def on_less(context: CommandContext, item: model.Item) -> channel.Reply:
    """Asks what the subscription that brought a paper shall leave out: an author, a category, a word that one writes."""
    behind = asked_papers.subscriptions_behind(context.transaction, context.chat, item)
    finding = [one for one in behind if _finds(context, one, item)]
    if not finding:
        return _nothing_to_change(context)
    subscription = finding[0]
    here = {**paper_buttons.paper_arguments(context), "number": subscription.number}
    buttons = [
        context.button(
            errors.Sentence(
                "leave {what} out of {number}",
                {"what": phrasing.shortened(what, _LABEL), "number": subscription.number},
            ),
            "leave-out",
            **here,
            rule=rule,
        )
        for what, rule in _offered(item)
        if _can_leave_out(subscription, rule, item)
    ]
    pauses = [
        context.button(
            errors.Sentence("pause {number} for a week", {"number": one.number}),
            "pause-week",
            **{**here, "number": one.number},
        )
        for one in behind
        if one.is_active
    ]
    called = phrasing.subscription_label(subscription, _LABEL)
    said = context.say("What shall {subscription} leave out from now on? Write a word, or press:", subscription=called)
    asked = asking.ask(context, "leave-out", said, **here)
    return channel.Reply(lines=asked.lines, buttons=(*cities.button_rows([*buttons, *pauses]), *asked.buttons))


def _finds(context: CommandContext, subscription: model.Subscription, item: model.Item) -> bool:
    """Returns whether the query of a subscription, which may have been changed, still matches a paper."""
    query = with_known_vectors(context.transaction, parse.parse_canonical(subscription.canonical))
    return bool(matching_papers(query, [item.paper.paper]))


def _offered(item: model.Item) -> Iterator[tuple[str, str]]:
    """Yields (what can be left out, its query): authors, then categories of the paper."""
    paper = item.paper.paper
    names = dict.fromkeys((*paper.authors[: _AUTHORS - 1], *paper.authors[-1:]))
    yield from ((name, rewriting.author_rule(name)) for name in names)
    yield from ((code, f"cat:{code}") for code in paper.categories)


def _can_leave_out(subscription: model.Subscription, rule: str, item: model.Item) -> bool:
    """Returns whether the query can exclude the rule, and would then no longer find this paper."""
    try:
        less = rewriting.narrowed(parse.parse_query(subscription.text), rule)
    except errors.PaperwireError:  # for example if the author has only initials, which no query accepts
        return False
    return not matching_papers(less, [item.paper.paper])


@paper_buttons.of_paper
def on_leave_out(context: CommandContext, item: model.Item) -> channel.Reply:
    """Handles an offer or the word that a person wrote: excludes it from the query."""
    subscription = _chosen(context, item)
    if subscription is None:
        return _nothing_to_change(context)
    is_answer = "rule" not in context.arguments
    if not is_answer:
        asking.drop_question(context, "leave-out")
    rule = rewriting.words_rule(context.args.lstrip(" -")) if is_answer else str(context.arguments["rule"])
    less = rewriting.narrowed(parse.parse_query(subscription.text), rule)
    done = edit_here(context, subscription.number, less.text)
    signals.note_signal(context.transaction, context.chat, [item.paper.id], states.Signal.EXCLUDED, now=context.now)
    reading = context.reading(done.query)
    return channel.Reply(
        lines=(f"{subscription.number}  {reading}",),
        code=(done.subscription.text,) if done.subscription.text != reading else (),
        ok=True,
        buttons=context.undo_row,
        replaces=not is_answer,
    )


@paper_buttons.of_paper
def on_pause_week(context: CommandContext, item: model.Item) -> channel.Reply:
    """Handles [pause N for a week]: its papers wait until then."""
    subscription = _chosen(context, item)
    if subscription is None:
        return _nothing_to_change(context)
    asking.drop_question(context, "leave-out")
    until = context.now + _PAUSED_FOR
    signals.note_signal(context.transaction, context.chat, [item.paper.id], states.Signal.MUTED, now=context.now)
    address, number = context.chat.address, subscription.number
    pause(context.transaction, address, number, until=until, now=context.now, who=context.actor)
    return context.reply(
        "{subscription} is paused until {moment}.",
        subscription=phrasing.subscription_label(subscription, _LABEL),
        moment=context.localizer.moment(until, now=context.now),
        ok=True,
        buttons=context.undo_row,
        replaces=True,
    )


def _chosen(context: CommandContext, item: model.Item) -> model.Subscription | None:
    """Returns the subscription that the button or question names, if it still brings the paper."""
    behind = asked_papers.subscriptions_behind(context.transaction, context.chat, item)
    return next((one for one in behind if one.number == context.arguments.get("number")), None)


def _nothing_to_change(context: CommandContext) -> channel.Reply:
    said = context.say("No subscription of this chat brings this paper any more.")
    if context.message:
        return channel.Reply(lines=(said,), ok=False)
    return channel.Reply(toast=said)


CALLBACKS = {
    "card-less": Callback(letter="x", run=on_less, needs_manager=True),
    "leave-out": Callback(run=on_leave_out, needs_manager=True),
    "pause-week": Callback(run=on_pause_week, needs_manager=True),
}
