"""Actions on a paper: save, saved, 👍, 👎, and the buttons of its card that change subscriptions.

These buttons mute a subscription, exclude words or an author from it, or follow an author. docs/queries.md explains
which signals the actions store, and how signals change the order of papers.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta

from bot.commands import asking, cards, paper_lookup
from bot.commands.context import Callback, Command, CommandContext, CommandFunction, Event
from bot.commands.subscription_form import is_author
from bot.commands.undo import subscribe_and_echo
from bot.ports import channel
from subscriptions import errors, model, states, texts
from subscriptions.matching.paper_index import matching_papers
from subscriptions.portable import mended_name
from subscriptions.query import parse, rewriting
from subscriptions.query.links import mentioned
from subscriptions.service import amendments, known_papers, near_papers
from subscriptions.service.changes import judging
from subscriptions.service.pausing import pause
from subscriptions.service.questions import with_known_vectors
from subscriptions.store.database.store import Transaction
from subscriptions.store.deliveries import papers_in_message

MUTED_FOR = 7  # days
AUTHORS = 8  # authors on a page
EXCLUDED_AUTHORS = 4
_LABEL = 40  # characters of a button's label
_TOPIC = 30  # characters of a topic in a button's label
_IN_ROW, _HALF = 2, 18  # buttons in a row; columns of the longest label that fits into half a row on a phone


@cards.of_paper
def on_mute(context: CommandContext, item: model.Item) -> channel.Reply:
    """Handles [mute ▾]: asks what to mute; if the button names a subscription, pauses that one."""
    subscriptions = known_papers.subscriptions_behind(context.transaction, context.chat, item)
    loud = [subscription for subscription in subscriptions if subscription.state is states.SubscriptionState.ACTIVE]
    if "number" in context.arguments:
        chosen = _chosen(context, loud)
        return _muted(context, chosen) if chosen else _no_subscription(context, _chosen(context, subscriptions))
    if not loud:
        return _no_subscription(context, subscriptions)
    where = cards.paper_arguments(context)

    def quiet(subscription: model.Subscription, label: str, days: int) -> channel.Button:
        arguments = {**where, "number": subscription.number, "days": days}
        return channel.Button(label=label, verb="card-mute", arguments=arguments)

    rows = tuple(
        (
            quiet(one, context.say("{number} for a day", number=one.number), 1),
            quiet(one, context.say("{number} for a week", number=one.number), MUTED_FOR),
        )
        for one in loud
    )
    lines = (context.say("What shall be quiet?"), *map(_called, loud))
    return channel.Reply(lines=lines, buttons=(*_topic_row(context, item), *rows))


def _topic_row(context: CommandContext, item: model.Item) -> channel.Buttons:
    """Returns a button that excludes the topic of a paper; no button if no words of its title can be excluded."""
    for subscription in _still_finding(context, item)[:1]:
        for rule, text in _rules(context, subscription, item, ()).items():
            label = context.say("topic: {words}", words=texts.cut_letters(text, _TOPIC))
            arguments = {**cards.paper_arguments(context), "number": subscription.number, "rule": rule}
            return ((channel.Button(label=label, verb="leave-out", arguments=arguments),),)
    return ()


def _muted(context: CommandContext, subscription: model.Subscription) -> channel.Reply:
    until = context.now + timedelta(days=int(context.arguments["days"]))
    _note(context, states.Signal.MUTED)
    pause(
        context.transaction, context.chat.address, subscription.number, until=until, now=context.now, who=context.actor
    )
    said = context.say(
        "{subscription} is quiet until {moment}. Its papers wait until then.",
        subscription=_called(subscription),
        moment=context.localizer.moment(until),
    )
    return channel.Reply(lines=(said,), ok=True, buttons=asking.undo_row(context), replaces=True)


@cards.of_paper
def on_exclude(context: CommandContext, item: model.Item) -> channel.Reply:
    """Handles [exclude]: shows words and authors that the subscription could exclude, so that such papers do not come again."""
    finding = _still_finding(context, item)
    if not finding:
        return _no_subscription(context, finding)
    subscription, names = finding[0], item.paper.paper.authors
    authors = [*names[: EXCLUDED_AUTHORS - 1], *names[-1:]]
    buttons = [
        channel.Button(
            label=_short(text),
            verb="leave-out",
            arguments={**cards.paper_arguments(context), "number": subscription.number, "rule": rule},
        )
        for rule, text in _rules(context, subscription, item, authors).items()
    ]
    if buttons:
        asked = context.say("What shall {subscription} leave out from now on?", subscription=_called(subscription))
        return channel.Reply(lines=(asked,), buttons=_in_rows(buttons))
    example = rewriting.narrowed(parse.parse_query(subscription.text), "survey").text
    lines = (
        context.say("This title has no words that are rare among the other papers."),
        context.say("Write what it shall leave out: /edit {number} {query}", number=subscription.number, query=example),
    )
    return channel.Reply(lines=lines)


def _rules(
    context: CommandContext, subscription: model.Subscription, item: model.Item, authors: Sequence[str]
) -> dict[str, str]:
    """Returns {rule: label}: first words of the title, then these authors. A rule is a term that the query could exclude."""
    rules = {
        rewriting.words_rule(text): text
        for text in known_papers.distinctive_words(context.transaction, context.chat, subscription, item)
    }
    rules |= {rewriting.author_rule(name): name for name in authors}
    return {rule: text for rule, text in rules.items() if _can_leave_out(subscription, rule, item)}


@cards.of_paper
def on_leave_out(context: CommandContext, item: model.Item) -> channel.Reply:
    """Handles the choice of a rule after [exclude]: excludes that rule from the query."""
    subscriptions = known_papers.subscriptions_behind(context.transaction, context.chat, item)
    subscription = _chosen(context, subscriptions)
    if subscription is None:
        return _no_subscription(context, ())
    rule = str(context.arguments["rule"])
    less = rewriting.narrowed(parse.parse_query(subscription.text), rule)
    done = amendments.edit(
        context.transaction, context.chat.address, subscription.number, less.text, now=context.now, who=context.actor
    )
    _note(context, states.Signal.EXCLUDED)
    reading = context.reading(done.query)
    lines = [f"{subscription.number}  {reading}"]
    buttons = asking.undo_row(context) if done.outcome == "edited" else ()
    others = [other for other in _still_finding(context, item) if other.number != subscription.number]
    if others:
        lines.append(context.say("{subscription} still finds such papers.", subscription=_called(others[0])))
        there = {**cards.paper_arguments(context), "number": others[0].number, "rule": rule}
        buttons = (
            (channel.Button(label=context.say("leave it out there, too"), verb="leave-out", arguments=there),),
            *buttons,
        )
    return channel.Reply(
        lines=tuple(lines),
        code=(done.subscription.text,) if done.subscription.text != reading else (),
        ok=True,
        buttons=buttons,
        replaces=True,
    )


def _still_finding(context: CommandContext, item: model.Item) -> tuple[model.Subscription, ...]:
    """Returns the subscriptions that brought a paper and whose queries still match it."""
    subscriptions = known_papers.subscriptions_behind(context.transaction, context.chat, item)
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


@cards.of_paper
def on_follow(context: CommandContext, item: model.Item) -> channel.Reply:
    """Handles [follow authors]: shows a button for each author of the paper: the first, the last, then the others."""
    names, start = item.paper.paper.authors, int(context.arguments.get("start", 0))
    authors = tuple(dict.fromkeys((*names[:1], *names[-1:], *names)))
    page = authors[start : start + AUTHORS]
    if not page:
        return cards.paper_gone(context)
    buttons = [
        channel.Button(
            label=_short(name), verb="follow-author", arguments={**cards.paper_arguments(context), "name": name}
        )
        for name in page
        if is_author(name)
    ]
    rows = _in_rows(buttons)
    left = len(authors) - start - len(page)
    if left:
        label = context.localizer.count("{count} more", "{count} more", left)
        further = {**cards.paper_arguments(context), "start": start + AUTHORS}
        rows = (*rows, (channel.Button(label=label, verb="card-follow", arguments=further),))
    return channel.Reply(
        lines=(context.say("Whose papers should I tell you about?"),), buttons=rows, replaces=start > 0
    )


def on_follow_author(context: CommandContext) -> channel.Reply:
    """Handles the choice of an author after [follow authors]: makes a subscription to that author, with the author's name."""
    name = str(context.arguments["name"])
    rule = rewriting.author_rule(name)
    reply = subscribe_and_echo(context, rule, None)
    canonical = parse.parse_query(rule).canonical
    for one in asking.listed_here(context):
        if one.subscription.canonical == canonical and not one.subscription.name:
            called = mended_name(_short(name))
            amendments.rename(
                context.transaction,
                context.chat.address,
                one.subscription.number,
                called,
                now=context.now,
                who=context.actor,
            )
    _note(context, states.Signal.FOLLOWED)
    return reply


def _note(context: CommandContext, kind: states.Signal) -> None:
    """Stores the signal for the paper that the button names; does nothing if the button names none."""
    item = cards.callback_paper(context) if {"delivery", "paper"} & context.arguments.keys() else None
    if item is not None:
        near_papers.note_signal(context.transaction, context.chat, [item.paper.id], kind, now=context.now)


def _query_of_author(context: CommandContext) -> tuple[str, ...]:
    return (rewriting.author_rule(str(context.arguments["name"])),)


def _chosen(context: CommandContext, subscriptions: Sequence[model.Subscription]) -> model.Subscription | None:
    """Returns the subscription that the button names, if it is one of these."""
    number = context.arguments.get("number")
    return next((subscription for subscription in subscriptions if subscription.number == number), None)


def _no_subscription(context: CommandContext, subscriptions: object) -> channel.Reply:
    """Returns the reply if there is nothing to change: the subscription is paused already, or there is none."""
    if subscriptions:
        return channel.Reply(toast=context.say("It is paused already."))
    return channel.Reply(toast=context.say("No subscription of this chat brings this paper any more."))


def _called(subscription: model.Subscription) -> str:
    """Returns the number and the shortened label of a subscription."""
    return f"{subscription.number}  {_short(subscription.label)}"


def _short(text: str) -> str:
    return texts.cut_letters(" ".join(text.split()), _LABEL)


def _in_rows(buttons: Sequence[channel.Button]) -> channel.Buttons:
    """Returns the buttons in rows of two; a button with a long label gets its own row."""
    rows: list[tuple[channel.Button, ...]] = []
    for button in buttons:
        if rows and len(rows[-1]) < _IN_ROW and all(texts.width(one.label) <= _HALF for one in (*rows[-1], button)):
            rows[-1] = (*rows[-1], button)
        else:
            rows.append((button,))
    return tuple(rows)


# -------------------------------------------- save, saved, and the buttons of a card that tell what a chat thinks of it


PAGE = 8  # saved papers on a page
_NOTED: Mapping[states.Signal, errors.Sentence] = {
    states.Signal.LIKED: errors.Sentence("Papers like this one come first. Press again to take it back."),
    states.Signal.DISLIKED: errors.Sentence("Papers like this one come last. Press again to take it back."),
    states.Signal.SAVED: errors.Sentence("Saved: /saved shows all. Press again to remove it."),
}
_TAKEN_BACK: Mapping[states.Signal, errors.Sentence] = {
    states.Signal.LIKED: errors.Sentence("Taken back."),
    states.Signal.DISLIKED: errors.Sentence("Taken back."),
    states.Signal.SAVED: errors.Sentence("No longer saved."),
}
_RATED: Mapping[states.Signal, errors.Sentence] = {
    states.Signal.LIKED: errors.Sentence("Noted: papers like this one come first. {title}"),
    states.Signal.DISLIKED: errors.Sentence("Noted: papers like this one come last. {title}"),
}
_REACTIONS: Mapping[str, states.Signal] = {"liked": states.Signal.LIKED, "disliked": states.Signal.DISLIKED}


# ------------------------------------------------------------------------------------------------- buttons and reactions


def _toggle(kind: states.Signal) -> CommandFunction:
    """Returns the handler of 👍, 👎 or [save]: the first press stores the signal, the second one removes it."""

    def handle(context: CommandContext, item: model.Item) -> channel.Reply:
        context = asking.with_stored_chat(context)
        with _judging(context) as transaction:
            if near_papers.take_back(transaction, context.chat, item.paper.id, kind):
                return channel.Reply(toast=_TAKEN_BACK[kind].say(context.localizer.translate))
            near_papers.note_signal(transaction, context.chat, [item.paper.id], kind, now=context.now)
        return channel.Reply(toast=_NOTED[kind].say(context.localizer.translate))

    return cards.of_paper(handle)


def _judging(context: CommandContext) -> AbstractContextManager[Transaction]:
    return judging(context.transaction, context.chat, now=context.now, who=context.actor)


def on_reaction(context: CommandContext) -> None:
    """Handles a reaction to a message that shows one paper. Sends no reply, since the person sees the reaction itself."""
    details = context.event_details
    papers = papers_in_message(context.transaction, context.chat.id, details.get("message", ""))
    if len(papers) != 1:  # with several papers, it is unclear which one is meant
        return
    before, after = _REACTIONS.get(details.get("before", "")), _REACTIONS.get(details.get("after", ""))
    with _judging(context) as transaction:
        if before is not None and before is not after:
            near_papers.take_back(transaction, context.chat, papers[0], before)
        if after is not None:
            near_papers.note_signal(transaction, context.chat, papers, after, now=context.now)


# ---------------------------------------------------------------------------------------------------------- save, saved


def save(context: CommandContext) -> channel.Reply:
    """Saves a paper: the named one; without a name, the paper of the message replied to, or the last delivered one."""
    names = mentioned(context.args)
    known = paper_lookup.paper_meant(context, names) if names or not context.args else None
    if known is not None:
        return keep(asking.with_stored_chat(context), known)
    if names:
        return paper_lookup.named_papers(context, names[0])
    raise errors.Refused(
        errors.Sentence("Say which paper, by its arXiv id, DOI or link."),
        errors.Sentence("For example: /save 2601.11087"),
    )


def rate(context: CommandContext, papers: Sequence[model.KnownPaper], kind: states.Signal) -> channel.Reply:
    """Stores that the chat likes or dislikes these papers. Returns the reply that says so."""
    context = asking.with_stored_chat(context)
    with _judging(context) as transaction:
        near_papers.note_signal(transaction, context.chat, [known.id for known in papers], kind, now=context.now)
    noted = _RATED[kind]
    lines = tuple(context.say(noted.template, title=context.title(known)) for known in papers)
    more = channel.Button(label=context.say("more like this"), verb="more-like-this", arguments={"paper": papers[0].id})
    rows = (*(((more,),) if len(papers) == 1 else ()), *asking.undo_row(context))
    return channel.Reply(lines=lines, ok=True, buttons=rows)


def keep(context: CommandContext, known: model.KnownPaper) -> channel.Reply:
    """Saves a paper. Returns the reply that says so."""
    with _judging(context) as transaction:
        is_new = near_papers.save_paper(transaction, context.chat, known.id, now=context.now)
    title = context.title(known)
    said = (
        context.say("Saved: {title}", title=title)
        if is_new
        else context.say("It is saved already: {title}", title=title)
    )
    remove = channel.Button(label=context.say("remove"), verb="unsave", arguments={"paper": known.id})
    all_saved = channel.Button(label=context.say("all saved"), verb="saved-page", arguments={"start": 0})
    return channel.Reply(lines=(said,), ok=True, buttons=((all_saved, remove),))


@cards.of_paper
def on_unsave(context: CommandContext, item: model.Item) -> channel.Reply:
    """Handles [remove] under the reply that says that a paper was saved: removes it from the saved papers."""
    return replace(unkeep(context, item.paper), replaces=True)


def unsave(context: CommandContext) -> channel.Reply:
    """Removes a paper from the saved papers: the named one; without a name, as /save."""
    names = mentioned(context.args)
    known = paper_lookup.paper_meant(context, names) if names or not context.args else None
    if known is not None:
        return unkeep(context, known)
    if names:
        return channel.Reply(lines=(context.say("{name} is not saved here.", name=names[0]),), ok=False)
    raise errors.Refused(
        errors.Sentence("Say which paper, by its arXiv id, DOI or link."),
        errors.Sentence("For example: /unsave 2601.11087"),
    )


def unkeep(context: CommandContext, known: model.KnownPaper) -> channel.Reply:
    """Removes a paper from the saved papers. Returns the reply that says so."""
    title = context.title(known)
    saved_here = near_papers.saved_papers(context.transaction, context.chat) if context.chat.id else ()
    if known.id not in [one.id for one in saved_here]:
        return channel.Reply(lines=(context.say("{name} is not saved here.", name=title),), ok=False)
    with _judging(context) as transaction:
        near_papers.take_back(transaction, context.chat, known.id, states.Signal.SAVED)
    said = context.say("No longer saved: {title}", title=title)
    return channel.Reply(lines=(said,), ok=True, buttons=asking.undo_row(context))


def saved(context: CommandContext) -> channel.Reply:
    """Shows the saved papers, the last saved one first."""
    return _page(context, 0)


def on_saved_page(context: CommandContext) -> channel.Reply:
    """Handles [newer], [older] and [all saved]: shows a page of the saved papers."""
    start = int(context.arguments["start"])
    return replace(_page(context, start), replaces=bool(context.arguments.get("turns")))


def _page(context: CommandContext, start: int) -> channel.Reply:
    papers = near_papers.saved_papers(context.transaction, context.chat) if context.chat.id else ()
    if not papers:
        nothing = context.say("Nothing is saved here. /save 2601.11087 saves a paper, and so does [save] on its card.")
        return channel.Reply(lines=(nothing,))
    start = min(start, (len(papers) - 1) // PAGE * PAGE)
    items = cards.result_items(papers[start : start + PAGE])
    head = context.localizer.count("{count} saved paper", "{count} saved papers", len(papers))
    export = context.say("As a file: /export saved bib, /export saved ris")
    return channel.Reply(
        lines=(head,) if context.read_by_group else (head, export),
        items=items,
        first=start + 1,
        numbers=cards.card_buttons(items, first=start + 1),
        buttons=_turning(context, start, len(papers)),
    )


def _turning(context: CommandContext, start: int, amount: int) -> channel.Buttons:
    """Returns [newer] and [older], if there are such pages."""

    def button(label: str, at: int) -> channel.Button:
        return channel.Button(label=label, verb="saved-page", arguments={"start": at, "turns": True})

    row = [button(context.say("newer"), start - PAGE)] if start else []
    row += [button(context.say("older"), start + PAGE)] if start + PAGE < amount else []
    return (tuple(row),)


COMMANDS = (
    Command(name="save", run=save, usage="[ID]", writes=True, summary=errors.Sentence("keep a paper")),
    Command(
        name="unsave",
        run=unsave,
        usage="[ID]",
        writes=True,
        summary=errors.Sentence("keep a paper no longer"),
        listed=False,
    ),
    Command(name="saved", run=saved, summary=errors.Sentence("papers that you kept")),
)

CALLBACKS = {
    "card-mute": Callback(run=on_mute, needs_manager=True),
    "card-exclude": Callback(run=on_exclude, needs_manager=True),
    "leave-out": Callback(run=on_leave_out, needs_manager=True),
    "card-follow": Callback(run=on_follow, needs_manager=True),
    "follow-author": Callback(run=on_follow_author, needs_manager=True, queries=_query_of_author),
    "card-like": Callback(run=_toggle(states.Signal.LIKED), writes=True),
    "card-dislike": Callback(run=_toggle(states.Signal.DISLIKED), writes=True),
    "card-save": Callback(run=_toggle(states.Signal.SAVED), writes=True),
    "unsave": Callback(run=on_unsave, writes=True),
    "saved-page": Callback(run=on_saved_page),
}

EVENTS = {"reaction": Event(run=on_reaction)}
