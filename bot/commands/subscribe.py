"""sub: how many lines one message may have, what a person types after it, and the reply: how the query was read, what it would have found, when it comes, advice."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bot.commands import asking, cities, phrasing
from bot.commands.context import NOTHING, Callback, Command, CommandContext, Wanted, Wants, query_of_button, refusal
from bot.ports import channel
from bot.rendering.queries_in_words import caret
from subscriptions import errors, model
from subscriptions.addresses import facts_of
from subscriptions.meaning import NEAR
from subscriptions.planning.cadence import parse_cadence
from subscriptions.planning.decision import MOST_NEAR
from subscriptions.planning.times import Ending, as_words, is_doubtful, split_when
from subscriptions.query import rewriting
from subscriptions.query.parse import parse_query, query_of, texts_asked
from subscriptions.query.tree import Query
from subscriptions.service import paper_search
from subscriptions.service.previews import in_titles, recent_matches
from subscriptions.service.subscribing import Subscribed, edit, subscribe
from subscriptions.texts.cutting import cut_at_word

_TITLE = 60  # columns of a title in the echo
_FEW = 1  # papers; a query that finds more needs no advice on its meaning
_MOST_COUNTED = 50  # papers near in meaning
REWRITE = "rewrite"  # verb of the button that applies an advice
MOST_LINES = 20  # subscriptions in one message


def which_reading(context: CommandContext, typed: str, ending: Ending) -> channel.Reply:
    """Asks whether words at the end of a new subscription are its time or words to look for, with a button for each."""
    when = phrasing.when_words(str(ending.when), context.localizer, parse_cadence(context.chat.settings.schedule))
    timed = context.labelled(when, "subscribe-at", text=ending.query, when=ending.when)
    words = context.button("as words", "subscribe-at", text=as_words(typed))
    asked = context.say("Is “{words}” the time, or words to look for?", words=ending.when)
    return channel.Reply(lines=(asked,), buttons=((timed, words),))


def only_time(context: CommandContext, typed: str) -> errors.Refused:
    """Returns the error for a time without a query."""
    example = context.typed(f"/sub diffusion {' '.join(typed.split())}")
    return refusal("That is a time. Say what papers should contain, too.", "For example: {example}", example=example)


def subscribe_and_echo(context: CommandContext, text: str, when: str | None) -> channel.Reply:
    """Subscribes the chat to a query that contains no time, and returns the echo. Raises QueryError, Refused."""
    return echo(context, subscribe_here(context, text, when))


def subscribe_here(context: CommandContext, text: str, when: str | None) -> Subscribed:
    """Subscribes the chat to a query that contains no time; `when` None means no time was named.

    Papers that the button was below do not come again to a private chat. Raises QueryError, Refused.
    """
    seen = frozenset(context.arguments.get("seen", ()) if context.is_about_own_chat else ())
    return subscribe(
        context.transaction, context.chat.address, text, when=when, now=context.now, who=context.actor, seen=seen
    )


def edit_here(context: CommandContext, number: int, text: str, *, when: str | None = None) -> Subscribed:
    """Changes the query of a subscription, and its time if one is given. Raises NotFound, QueryError, Refused."""
    return edit(
        context.transaction,
        context.chat.address,
        number,
        text,
        when=when,
        now=context.now,
        who=context.actor,
    )


def edit_and_echo(
    context: CommandContext,
    subscription: model.Subscription,
    text: str,
    *,
    when: str | None = None,
) -> channel.Reply:
    """Like `edit_here`, but returns the echo, which says what the query was before."""
    done = edit_here(context, subscription.number, text, when=when)
    return echo(context, done, instead=context.reading(subscription.text))


def echo(
    context: CommandContext,
    done: Subscribed,
    *,
    instead: str = "",
) -> channel.Reply:
    """Returns the echo of a subscription, with advice and buttons; two lines in groups."""
    private = context.origin.kind is model.ChatKind.PRIVATE
    advice, better = _advice(context, done) if private else ("", ())
    localizer, own = context.localizer, done.subscription.zone
    reply = phrasing.subscribed(
        done,
        localizer.in_zone(own) if own else localizer,
        examples=[cut_at_word(context.title(known), _TITLE) for known in done.examples],
        instead=instead,
        advice=advice,
        short=not private,
        now=context.now,
    )
    more = []
    if private and done.query.wants_nearness:
        more.append(context.say("The nearest {most} each time.", most=MOST_NEAR))
    zones: channel.Row = ()
    if _asks_for_zone(context, done):
        more.append(_which_clock(context, done))
        zones = cities.zone_row(context)
        asking.expect(context, "timezone")
    rows = (better, _todays_and_undo(context, done), zones)
    return replace(reply, lines=(*reply.lines, *more), buttons=rows)


def _advice(context: CommandContext, done: Subscribed) -> tuple[str, channel.Row]:
    """Returns at most one line of advice, and its button, which changes the query: only titles, or the meaning."""
    which = done.subscription.id
    if titles := in_titles(context.transaction, done.chat, done.query, now=context.now):
        found = context.count("{count} paper", "{count} papers", titles[1])
        said = context.say("That is more than ten a day. In titles only: {found}.", found=found)
        return said, (context.button("in titles only", REWRITE, subscription=which, text=titles[0]),)
    if done.found > _FEW:
        return "", ()
    about = rewriting.about_its_words(done.query)
    near = _count_near(context, about) if about else 0
    if not near:
        return "", ()
    said = context.count("{count} paper is near in meaning.", "{count} papers are near in meaning.", near)
    return said, (context.button("subscribe to the meaning", REWRITE, subscription=which, text=about),)


def _count_near(context: CommandContext, about: str) -> int:
    """Returns how many stored papers are near in meaning to a query's text, at most `_MOST_COUNTED`."""
    found = paper_search.near_in_meaning(context.transaction, parse_query(about), without=(), most=_MOST_COUNTED)
    return sum(one.nearness >= NEAR for one in found)


def meaning_of(queries: Callable[[CommandContext], Iterable[str]]) -> Wants:
    """Returns a function that wants the texts that these queries ask, and those that their echo may advise to ask."""

    def wants(context: CommandContext) -> Wanted:
        if not context.transaction.store.encoder:
            return NOTHING
        read = list(filter(None, map(query_of, queries(context))))
        if len(read) == 1 and context.origin.kind is model.ChatKind.PRIVATE and not read[0].nearness_terms:
            return Wanted(texts=_advised(context, read[0]))
        return Wanted(texts=tuple(text for query in read for text in query.asked))

    return wants


def _advised(context: CommandContext, query: Query) -> tuple[str, ...]:
    """Returns the text whose meaning `_advice` may offer in place of the words of a query."""
    about = rewriting.about_its_words(query)
    if about and len(recent_matches(context.transaction, query, now=context.now).papers) <= _FEW:
        return texts_asked(about)
    return ()


def _todays_and_undo(context: CommandContext, done: Subscribed) -> channel.Row:
    undoing, which = context.undo_button, done.subscription.id
    if context.origin.kind is not model.ChatKind.PRIVATE or done.outcome != "added" or not done.found:
        return undoing
    if done.seen:
        return (context.button("edit", "edit-ask", subscription=which), *undoing)
    return (context.button("today's papers", "today", subscription=which), *undoing)


def _which_clock(context: CommandContext, done: Subscribed) -> str:
    zone = context.chat.settings.timezone
    if done.subscription.zone:
        return context.say("All other times are those of {zone}. Which clock is yours?", zone=zone)
    return context.say("The times are those of {zone}. Which clock is yours?", zone=zone)


def _asks_for_zone(context: CommandContext, done: Subscribed) -> bool:
    """Returns whether to ask for the time zone: after the first subscription of a person whose zone is unknown."""
    return (
        context.is_about_own_chat
        and facts_of(context.chat.address.platform).asks_for_zone
        and (done.outcome, done.subscription.number) == ("added", 1)
        and context.chat.settings.timezone == context.bot_info.timezone
        and "timezone" not in context.chat.chosen
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One line of a /sub message, and its outcome."""

    typed: str
    ending: Ending  # how the line was split into query and time
    done: Subscribed | None = None
    error: errors.PaperwireError | None = None


def sub(context: CommandContext) -> channel.Reply:
    """Subscribes to the query in each line."""
    lines = list(_lines(context.args))
    if not lines:
        example = context.say('For example: /sub diffusion -survey, /sub author:"Ranjay Krishna", /sub cs.LG daily 9')
        return asking.ask(context, "sub", context.say("What should papers contain?"), example)
    if len(lines) > MOST_LINES:
        raise refusal(
            "That is {count} lines; I take {most} at once.",
            "Send the rest in another message.",
            count=len(lines),
            most=MOST_LINES,
        )
    if len(lines) == 1 and is_doubtful(ending := split_when(lines[0])) and not context.read_by_strangers:
        return which_reading(context, lines[0], ending)
    said = [_subscribed(context, _read(context, line)) for line in lines]
    if len(said) == 1 and said[0].error is not None:
        raise said[0].error
    if len(said) == 1 and said[0].done is not None:
        return echo(context, said[0].done)
    return _several(context, said)


def _queries(context: CommandContext) -> Iterator[str]:
    """Yields the queries of a message without their times."""
    for line in list(_lines(context.args))[:MOST_LINES]:
        yield split_when(line).query


def _lines(text: str) -> Iterator[str]:
    """Yields the lines of a message that are not empty, without a /sub that is repeated at the beginning of a line."""
    again = re.compile(rf"/(?:{'|'.join((COMMANDS[0].name, *COMMANDS[0].aliases))})(?:@\w+)?(?:\s+|$)", re.IGNORECASE)
    for line in text.splitlines():
        if subscription := again.sub("", line.strip(), count=1).strip():
            yield subscription


def _read(context: CommandContext, line: str) -> _Line:
    ending = split_when(line)
    name = ""
    if line[:1] == "/" and line[1:].strip():
        name = line[1:].split(maxsplit=1)[0].partition("@")[0]
    error: errors.Refused | None = None
    if ending.only_time:
        error = only_time(context, line)
    elif context.registry.command_named(name):
        error = refusal("This is another command. Send it by itself.")
    return _Line(typed=line, ending=ending, error=error)


def _subscribed(context: CommandContext, said: _Line) -> _Line:
    """Subscribes to a line. Returns the line with its outcome.

    A refusal is put into the line and not raised, so that it does not affect the other lines.
    """
    if said.error is not None:
        return said
    try:
        with context.transaction.savepoint():
            return replace(said, done=subscribe_here(context, said.ending.query, said.ending.when))
    except errors.PaperwireError as error:
        return replace(said, error=error)


def _several(context: CommandContext, said: Sequence[_Line]) -> channel.Reply:
    done = [one for one in said if one.done is not None]
    of = context.count("{count} line", "{count} lines", len(said))
    head = context.count(
        "{count} of {lines} is a subscription now.",
        "{count} of {lines} are subscriptions now.",
        len(done),
        lines=of,
    )
    lines = [phrasing.subscribed_line(one.done, context.localizer) for one in done if one.done]
    refused = tuple(text for one in said if one.error for text in _refused(context, one.ending.query, one.error))
    return channel.Reply(lines=(head, *lines), code=refused, ok=bool(done), buttons=context.undo_row)


def _refused(context: CommandContext, text: str, error: errors.PaperwireError) -> tuple[str, str]:
    """Returns two lines to show: the refused line, and below it a caret at the error, with the reason."""
    why = context.say(error.sentence)
    if not isinstance(error, errors.QueryError):
        return text, f"^ {why}"
    line, mark = caret(text, error.column)
    return line, f"{mark} {why}"


def on_subscribe_at(context: CommandContext) -> channel.Reply:
    """Handles the button of a reading: subscribes to its query, at its time if it has one."""
    when = context.arguments.get("when")
    return subscribe_and_echo(context, str(context.arguments["text"]), str(when) if when else None)


COMMANDS = (
    Command(
        name="sub",
        examples=(
            "/sub diffusion models -survey",
            '/sub author:"Ranjay Krishna" now',
            "/sub cat:cs.CL agents weekdays at 8:30",
        ),
        aliases=("subscribe", "add", "follow"),
        run=sub,
        needs_manager=True,
        wants=meaning_of(_queries),
        shows_without_args=True,
        many_lines=True,
        usage="QUERY [WHEN]",
        summary=errors.Sentence("subscribe to a query"),
    ),
)

CALLBACKS = {
    "subscribe-to": Callback(run=sub, needs_manager=True, args_from="text", wants=meaning_of(_queries)),
    "subscribe-at": Callback(run=on_subscribe_at, needs_manager=True, wants=meaning_of(query_of_button), replaces=True),
}
