"""The command undo, and the reply to a change: what is stored now, the next delivery, and [undo]."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

from bot.commands import asking, phrasing
from bot.commands.context import Callback, Command, CommandContext
from bot.commands.paper_lookup import last_buttons, papers_shown
from bot.commands.search import query_of
from bot.ports import channel
from subscriptions import errors, model, states
from subscriptions.addresses import facts_of
from subscriptions.planning.decision import MOST_NEAR
from subscriptions.planning.times import Ending, split_when
from subscriptions.query import ValueKind
from subscriptions.query.advice import Advice
from subscriptions.query.parse import parse_query
from subscriptions.query.parse import query_of as read_query
from subscriptions.service import amendments, looser_queries, near_papers
from subscriptions.service.amendments import Undone
from subscriptions.service.changes import Change, Difference
from subscriptions.service.paper_search import advice_on
from subscriptions.service.requests import Subscribed, SubscriptionRequest, subscribe
from subscriptions.store.known_papers import stored_papers
from subscriptions.texts import cut_letters

_MOST_WORDS = 8  # words by which papers are near to those that a query names
REWRITE = "rewrite"  # verb of the button that applies an advice


_SLIP = errors.Sentence("You may mean {reading}: {found}.")
# kind of an advice that changes the query → (label of its button, its line)
_VARIANTS: Mapping[str, tuple[errors.Sentence, errors.Sentence]] = {
    "one-author": (errors.Sentence("as one author"), _SLIP),
    "named-category": (errors.Sentence("as that category"), _SLIP),
    "phrase": (errors.Sentence("as a phrase"), errors.Sentence("As a phrase, {reading}: {found}.")),
    "initials": (errors.Sentence("with initials too"), errors.Sentence("With the initial too, {reading}: {found}.")),
    "primary": (errors.Sentence("without cross-lists"), errors.Sentence("Without cross-lists: {found}.")),
    "titles": (
        errors.Sentence("in titles only"),
        errors.Sentence("That is more than ten a day. In titles only: {found}."),
    ),
}


def _advice_line(context: CommandContext, advice: Advice) -> str:
    """Returns the advice as a sentence."""
    found = context.localizer.count("{count} paper", "{count} papers", advice.found)
    if advice.kind == "chinese":
        return context.say(
            "Only papers with Chinese text can fit: {found} of the {of} I know.", found=found, of=advice.of
        )
    if advice.kind == "many":
        return context.say("That is more than ten a day; one more word would narrow it.")
    if advice.absent and advice.absent.absence:
        return context.say(advice.absent.absence.template, names=", ".join(advice.names))
    reading = context.reading(parse_query(advice.text))
    return context.say(_VARIANTS[advice.kind][1].template, reading=reading, found=found)


def _advice_button(context: CommandContext, advice: Advice, number: int) -> channel.Button | None:
    """Returns the button that rewrites the query; None if the advice rewrites nothing."""
    if not advice.text:
        return None
    in_any_text = advice.absent is not None and advice.absent.kind is ValueKind.WORDS
    anywhere = errors.Sentence("in any text") if in_any_text else errors.Sentence("without it")
    label = _VARIANTS[advice.kind][0] if advice.kind in _VARIANTS else anywhere
    arguments = {"number": number, "text": advice.text}
    return channel.Button(label=label.say(context.localizer.translate), verb=REWRITE, arguments=arguments)


# ------------------------------------------------------------------------------------------ the echo of a subscription

# The echo is the reply to a new or changed subscription: how its query was read, when it delivers and what it would have
# found, with advice and buttons.


def subscribe_and_echo(context: CommandContext, text: str, when: str | None) -> channel.Reply:
    """Subscribes the chat to a query that contains no time, and returns the echo. Raises QueryError, Refused."""
    return echo(context, subscribe_here(context, text, when))


def subscribe_here(context: CommandContext, text: str, when: str | None) -> Subscribed:
    """Subscribes the chat to a query that contains no time; `when` None means no time was named.

    Raises QueryError, Refused.
    """
    # in a private chat, the only reader has already seen the papers that the last answer showed for the same query
    own = context.chat.address == context.origin.address and context.chat.kind is model.ChatKind.PRIVATE
    is_searched = own and _is_searched(context, text)
    seen = frozenset(known.id for known in papers_shown(context).values()) if is_searched else frozenset()
    subscription = SubscriptionRequest(text=text, when=when, added_by=context.request.sender_name)
    return subscribe(
        context.transaction, context.chat.address, subscription, now=context.now, who=context.actor, seen=seen
    )


def _is_searched(context: CommandContext, text: str) -> bool:
    """Returns whether the last answer showed the papers of this query, so that its button subscribes to it."""
    offered = [str(one.arguments["text"]) for one in last_buttons(context) if one.verb == "subscribe-to"]
    searched = {query.canonical for one in offered if (query := read_query(split_when(one).query))}
    asked = read_query(text)
    return asked is not None and asked.canonical in searched


def echo(
    context: CommandContext,
    done: Subscribed,
    *,
    instead: str = "",
    ending: Ending | None = None,
    typed: str = "",
    number: int | None = None,
) -> channel.Reply:
    """Returns the echo of a subscription, with advice and buttons; two lines in groups.

    `ending` says how `typed` was split into query and time; it is given if the time may have been meant as words.
    `number` is the number of the subscription that was edited; None for a new one.
    """
    private = context.origin.kind is model.ChatKind.PRIVATE
    categorised = context.bot_info.categorised
    advice = advice_on(context.transaction, done.chat, done.query, now=context.now, categorised=categorised)
    localizer, own = context.localizer, done.subscription.zone
    reply = phrasing.subscribed(
        done,
        localizer.speaking(context.origin.settings.lang, own) if own else localizer,
        reading=context.reading(done.query),
        examples=[context.title(known) for known in done.examples],
        instead=instead,
        advice=_advice_line(context, advice) if advice and private else "",
        short=not private,
        now=context.now,
    )
    if private and done.query.wants_nearness:
        near = context.say(
            "Near by the words {words}; the nearest {most} each time.",
            words=", ".join(near_papers.words_near(context.transaction, done.query)[:_MOST_WORDS]),
            most=MOST_NEAR,
        )
        reply = replace(reply, lines=(*reply.lines, near))
    words: tuple[channel.Button, ...] = ()
    if ending is not None and done.outcome != "known":
        reply = asking.with_time_note(context, ending, reply)
        words = asking.as_words_button(context, typed, number) if ending.either else ()
    better = _advice_button(context, advice, done.subscription.number) if advice else None
    meant = _meant_instead(context, done, ending) if private and not done.found else ""
    if meant:
        reply = replace(reply, lines=(*reply.lines, context.say("Did you mean “{meant}”?", meant=meant)))
        arguments = {"number": done.subscription.number, "text": meant}
        better = channel.Button(label=meant, verb=REWRITE, arguments=arguments)
    elif private and not done.found and better is None:
        better = channel.Button(
            label=context.say("look for older papers"), verb="look-for", arguments={"text": done.subscription.text}
        )
    zones: channel.Buttons = ()
    if _asks_for_zone(context, done):
        reply = replace(reply, lines=(*reply.lines, _which_clock(context, done)))
        zones = asking.zone_buttons(context)
        asking.expect_answer(context, "answer-zone")
    rows = (words, (better,) if better else (), _todays_and_undo(context, done), *zones)
    return replace(reply, buttons=rows)


def _meant_instead(context: CommandContext, done: Subscribed, ending: Ending | None) -> str:
    """Returns the query that was probably meant by one that finds nothing; "" if there is none.

    It is the query in other spelling. If a sentence was typed, it is the query in the sentence.
    """
    if meant := looser_queries.spelling(context.transaction, done.query).meant:
        return meant
    asked = split_when(query_of(ending.query)).query if ending else ""
    return asked if asked and parse_query(asked).canonical != done.query.canonical else ""


def _todays_and_undo(context: CommandContext, done: Subscribed) -> tuple[channel.Button, ...]:
    undoing = tuple(button for row in asking.undo_row(context) for button in row) if done.outcome != "known" else ()
    if context.origin.kind is not model.ChatKind.PRIVATE or done.outcome != "added" or not done.found:
        return undoing
    label, verb = (context.say("edit"), "edit-ask") if done.seen else (context.say("today's now"), "today")
    return (channel.Button(label=label, verb=verb, arguments={"number": done.subscription.number}), *undoing)


def _which_clock(context: CommandContext, done: Subscribed) -> str:
    zone = context.chat.settings.timezone
    if done.subscription.zone:
        return context.say("All other times are those of {zone}. Which clock is yours?", zone=zone)
    return context.say("The times are those of {zone}. Which clock is yours?", zone=zone)


def _asks_for_zone(context: CommandContext, done: Subscribed) -> bool:
    """Returns whether to ask for the time zone: after the first subscription of a person whose zone is unknown."""
    return (
        context.chat.kind is model.ChatKind.PRIVATE
        and facts_of(context.chat.address.platform).asks_for_zone
        and context.chat.address == context.origin.address
        and (done.outcome, done.subscription.number) == ("added", 1)
        and context.chat.settings.timezone == context.bot_info.timezone
    )


# ---------------------------------------------------------------------------------------------------------------- undo


_PATIENCE = 2  # undos in a row, after which a removal is undone before other changes
_LABEL = 40  # characters of a button's label
_MOST_NAMED = 5  # subscriptions that a reply lists
_LONGEST = 300  # characters of a changed query that are shown, so that five changes fit into a message
_JUDGED: Mapping[tuple[states.Signal, bool], errors.Sentence] = {
    (states.Signal.SAVED, True): errors.Sentence("Saved: {title}"),
    (states.Signal.SAVED, False): errors.Sentence("No longer saved: {title}"),
    (states.Signal.LIKED, True): errors.Sentence("Liked: {title}"),
    (states.Signal.LIKED, False): errors.Sentence("No longer liked: {title}"),
    (states.Signal.DISLIKED, True): errors.Sentence("Disliked: {title}"),
    (states.Signal.DISLIKED, False): errors.Sentence("No longer disliked: {title}"),
}


def undo_last(context: CommandContext) -> channel.Reply:
    """Undoes the newest change. If another person made it, asks first.

    Who undoes a third time in a row misses something: then a subscription that was removed comes first.
    """
    address = context.chat.address
    change = amendments.last_change(context.transaction, address)
    if change is None:
        return channel.Reply(lines=(context.say("There is nothing to undo."),))
    removal = amendments.last_removal(context.transaction, address)
    if (
        removal
        and amendments.undos_in_a_row(context.transaction, address) == _PATIENCE
        and not _is_foreign(context, removal)
    ):
        with suppress(errors.Refused), context.transaction.savepoint():
            return _undone(context, removal)
    return _ask(context, change) if _is_foreign(context, change) else _undone(context, change)


def on_undo(context: CommandContext) -> channel.Reply:
    """Handles [undo]: undoes the change that the button names."""
    number = context.arguments.get("change")
    change = (
        amendments.find_change(context.transaction, context.chat.address, number) if isinstance(number, int) else None
    )
    if change is None:
        return channel.Reply(toast=context.say("That was too long ago to be undone. I keep the last five changes."))
    if change.undone:
        return channel.Reply(toast=context.say("That is undone already."))
    if _is_foreign(context, change) and not context.arguments.get("sure"):
        return _ask(context, change)
    try:
        with context.transaction.savepoint():
            return _undone(context, change, replaces=True)
    except errors.Refused as error:
        return channel.Reply(
            toast=f"{error.sentence.say(context.localizer.translate)} {error.hint.say(context.localizer.translate)}"
        )


def _is_foreign(context: CommandContext, change: Change) -> bool:
    """Returns whether another person made the change; False if it is unknown who made it, and in private chats."""
    if context.chat.kind is model.ChatKind.PRIVATE or not change.who:
        return False
    return change.who.partition(" ")[0] != context.request.sender


def _ask(context: CommandContext, change: Change) -> channel.Reply:
    name = change.who.partition(" ")[2] or context.say("Somebody else")
    lines = (context.say("{name} did the last change here:", name=name), *_what(context, change.what))
    if context.read_by_strangers:
        return channel.Reply(lines=(*lines, context.say("Only {name} can undo it here.", name=name)))
    sure = channel.Button(label=context.say("undo it"), verb="undo", arguments={"change": change.id, "sure": True})
    return channel.Reply(lines=lines, buttons=((sure,),))


def _undone(context: CommandContext, change: Change, *, replaces: bool = False) -> channel.Reply:
    redone = _is_undo(context, change)
    done = amendments.undo(context.transaction, context.chat.address, change.id, now=context.now, who=context.actor)
    label = context.say("undo") if redone else context.say("redo")
    again = channel.Button(label=label, verb="undo", arguments={"change": done.again, "sure": True})
    head = context.say("Done again.") if redone else context.say("Undone.")
    removal = amendments.last_removal(context.transaction, context.chat.address) if not redone else None
    missed = (_bring_back(context, removal),) if removal else ()
    return channel.Reply(
        lines=(head, *_what(context, done.what, done)), ok=True, buttons=((again,), missed), replaces=replaces
    )


def _bring_back(context: CommandContext, removal: Change) -> channel.Button:
    """Returns a button that undoes an older change, which removed subscriptions."""
    gone = removal.what.removed
    numbers = ", ".join(str(one.number) for one in gone)
    label = context.say("bring back {label}", label=f"{numbers}  {gone[0].label}" if len(gone) == 1 else numbers)
    return channel.Button(label=cut_letters(label, _LABEL), verb="undo", arguments={"change": removal.id})


def _is_undo(context: CommandContext, change: Change) -> bool:
    """Returns whether the change is an undo.

    The undo of an undo makes the original change again, so it does not count as an undo.
    """
    if change.undoes is None:
        return False
    taken_back = amendments.find_change(context.transaction, context.chat.address, change.undoes)
    return taken_back is None or not _is_undo(context, taken_back)


def _what(context: CommandContext, what: Difference, done: Undone | None = None) -> Iterator[str]:
    """Yields lines that describe a difference; with `done`, as the result of an undo."""
    added = context.say("Back:") if done else context.say("Added:")
    for said, subscriptions in ((context.say("Removed:"), what.removed), (added, what.added)):
        yield from (
            f"{said} {phrasing.subscription_label(subscription)}" for subscription in subscriptions[:_MOST_NAMED]
        )
        yield from _unnamed(context, len(subscriptions))
    for old, new in what.changed[:_MOST_NAMED]:
        yield context.say("{number} was: {old}", number=new.number, old=_state_words(context, old, new))
        yield context.say("{number} is: {new}", number=new.number, new=_state_words(context, new, old))
    yield from _unnamed(context, len(what.changed))
    for name in what.settings:
        if done is None:
            yield context.say("The setting {name}.", name=phrasing.label_of(name, context.localizer))
        else:
            was = phrasing.value_words(name, done.before.settings.value(name), context.localizer)
            now = phrasing.value_words(name, done.after.settings.value(name), context.localizer)
            yield context.say(
                "{label}: {value} (was: {old})",
                label=phrasing.label_of(name, context.localizer),
                value=now,
                old=was,
            )
    for (kind, paper), is_there in what.judged[:_MOST_NAMED]:
        if known := stored_papers(context.transaction, [paper]).get(paper):
            judged = replace(_JUDGED[kind, is_there], values={"title": context.title(known)})
            yield judged.say(context.localizer.translate)
    if what.paused is not None:
        yield context.say("This chat is paused.") if what.paused else context.say("This chat is not paused any more.")


def _unnamed(context: CommandContext, amount: int) -> Iterator[str]:
    if amount > _MOST_NAMED:
        yield context.localizer.count("and {count} more of them", "and {count} more of them", amount - _MOST_NAMED)


def _state_words(context: CommandContext, subscription: model.Subscription, other: model.Subscription) -> str:
    """Returns what is different in one state of a subscription compared with the other: query, name, time, pause."""
    parts = [cut_letters(subscription.text, _LONGEST)] if subscription.text != other.text else []
    if subscription.name != other.name:
        parts.append(subscription.name or context.say("without a name"))
    if (subscription.cadence, subscription.zone) != (other.cadence, other.zone):
        parts.append(phrasing.cadence_words(subscription.cadence, context.localizer, subscription.zone or ""))
    if (subscription.state, subscription.paused_until) != (other.state, other.paused_until):
        until = context.localizer.moment(subscription.paused_until) if subscription.paused_until else ""
        paused = context.say("paused until {moment}", moment=until) if until else context.say("paused")
        parts.append(paused if subscription.state is states.SubscriptionState.PAUSED else context.say("active"))
    return " · ".join(parts) or phrasing.shortened(subscription.label)


COMMANDS = (
    Command(name="undo", run=undo_last, needs_manager=True, summary=errors.Sentence("take back the last change")),
)
CALLBACKS = {"undo": Callback(run=on_undo, needs_manager=True)}
