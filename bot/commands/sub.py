"""sub: subscribes a chat; the reply says how the query was read, what it would have found, and when it comes."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.commands.asking import ask, expect
from bot.commands.base import Callback, Change, Command, Context, refusal
from bot.commands.phrasing import subscribed, subscribed_line, when_words
from bot.commands.settings import ZONE, zone_row
from bot.messages import Reply, Row
from bot.rendering.queries_in_words import caret
from subscriptions.chats.addresses import facts_of
from subscriptions.chats.known import listed_in
from subscriptions.errors import PaperwireError, QueryError
from subscriptions.matching.reasons import shortened_names
from subscriptions.matching.similarity import NEAR
from subscriptions.model import ChatKind, StoredPaper, Subscription
from subscriptions.papers.search import near_in_meaning
from subscriptions.plan.decision import MOST_NEAR
from subscriptions.plan.previews import in_titles
from subscriptions.query.parse import parse_query, texts_asked
from subscriptions.query.rewriting import about_its_words
from subscriptions.query.tree import Query
from subscriptions.schedule.times import Ending, as_words, ending_of, is_doubtful, split_when
from subscriptions.subscribing.subscribe import Subscribed, edit, subscribe
from subscriptions.subscribing.widening import by_initials, by_words_of_acronym
from subscriptions.text.cutting import cut_at_word

_TITLE = 60  # columns of a title in the echo
_ADVICE_THRESHOLD = 1  # papers; a query that finds more needs no advice on its meaning
_MOST_COUNTED = 50  # papers near in meaning
REWRITE = "rewrite"  # verb of the button that applies an advice
MOST_LINES = 20  # subscriptions in one message


def _subscribe(context: Context, text: str, when: str | None) -> Subscribed:
    """Subscribe the chat to a query; `when` None means no time was named.

    Papers that the button was below do not come again to a private chat. Raise QueryError, Refused.
    """
    seen = frozenset(context.arguments.get("seen", ()) if context.is_about_own_chat else ())
    return subscribe(
        context.transaction, context.chat.address, text, when=when, now=context.now, who=context.actor, seen=seen
    )


def edit_here(context: Context, number: int, text: str, *, when: str | None = None) -> Subscribed:
    """Change the query of a subscription, and its time if one is given. Raise NotFound, QueryError, Refused."""
    address = context.chat.address
    context.ask_for_vectors(texts_asked(text))
    return edit(context.transaction, address, number, text, when=when, now=context.now, who=context.actor)


def edit_and_echo(context: Context, subscription: Subscription, text: str, *, when: str | None = None) -> Reply:
    """Like `edit_here`, but returns the echo, which says what the query was before."""
    done = edit_here(context, subscription.number, text, when=when)
    return echo(context, done, instead=context.reading(subscription.text))


def echo(context: Context, done: Subscribed, *, instead: str = "") -> Reply:
    """Return the echo of a subscription, with advice and buttons; two lines in groups."""
    private = context.origin.kind is ChatKind.PRIVATE
    advice, better = _advice(context, done) if private else ("", ())
    zone = done.chat.settings.timezone
    reply = subscribed(
        done,
        context.localizer.in_zone(done.subscription.zone or zone),
        examples=[_example(context, known, done.query) for known in done.examples],
        instead=instead,
        advice=advice,
        short=not private,
        now=context.now,
        reading=context.transaction.store.being_read,
    )
    if private and done.query.wants_nearness:
        reply = reply.with_lines(context.say("The nearest {most} each time.", most=MOST_NEAR))
    which, zones = _question_of_zone(context, [done])
    return replace(reply.with_lines(*which), buttons=(better, _todays_and_undo(context, done), zones))


def _example(context: Context, known: StoredPaper, query: Query) -> str:
    """Return the title of a found paper, and its authors whose initials were taken for a full name."""
    title, names = cut_at_word(context.title(known), _TITLE), shortened_names(query, known.paper)
    return context.say("{title}, by {names}", title=title, names="; ".join(names)) if names else title


def _advice(context: Context, done: Subscribed) -> tuple[str, Row]:
    """Return at most one line of advice, and its button, which changes the query.

    It adds initials or the words of an acronym, looks in titles only, or for the meaning.
    """
    which = done.subscription.id
    if author := by_initials(context.transaction, done.query):
        said = context.count(
            "{count} stored paper is by {name}, perhaps somebody else.",
            "{count} stored papers are by {name}, perhaps somebody else.",
            author.more,
            name=author.name,
        )
        label = context.say("also {words}", words=author.name)
        return said, (context.labelled(label, REWRITE, subscription=which, text=author.text),)
    counted = done.outcome in ("added", "edited")
    if counted and (
        known := by_words_of_acronym(context.transaction, done.query, done.chat, found=done.found, now=context.now)
    ):
        number = context.localizer.number
        said = context.say(
            "{acronym} is {words} in {count} of {papers} papers.",
            acronym=known.acronym,
            words=known.words,
            count=number(known.agreeing),
            papers=number(known.defining),
        )
        label = context.say("also “{words}”: {count} more", words=known.words, count=number(known.more))
        return said, (context.labelled(label, REWRITE, subscription=which, text=known.text),)
    if titles := in_titles(context.transaction, done.chat, done.query, now=context.now):
        found = context.count("{count} paper", "{count} papers", titles[1])
        said = context.say("That is more than ten a day. In titles only: {found}.", found=found)
        return said, (context.button("in titles only", REWRITE, subscription=which, text=titles[0]),)
    about = about_its_words(done.query) if done.found <= _ADVICE_THRESHOLD else ""
    if not about:
        return "", ()
    context.ask_for_vectors(texts_asked(about))
    found_near = near_in_meaning(context.transaction, parse_query(about), without=(), most=_MOST_COUNTED)
    near = sum(one.nearness >= NEAR for one in found_near)
    if not near:
        return "", ()
    said = context.count("{count} paper is near in meaning.", "{count} papers are near in meaning.", near)
    return said, (context.button("subscribe to the meaning", REWRITE, subscription=which, text=about),)


def _todays_and_undo(context: Context, done: Subscribed) -> Row:
    undoing, which = context.undo_button, done.subscription.id
    if context.origin.kind is not ChatKind.PRIVATE or done.outcome != "added" or not done.found:
        return undoing
    if done.seen:
        return (context.button("edit", "edit-ask", subscription=which), *undoing)
    return (context.button("today's papers", "today", subscription=which), *undoing)


def _question_of_zone(context: Context, done: Sequence[Subscribed]) -> tuple[Sequence[str], Row]:
    """Ask a person whose zone is unknown for it, after the first subscriptions. Return the question and buttons."""
    chat = done[-1].chat
    added = [one for one in done if one.outcome == "added"]
    if not (
        context.is_about_own_chat
        and facts_of(chat.address.platform).asks_for_zone
        and len(added) == len([*listed_in(context.transaction, [chat])])
        and chat.settings.timezone == context.app.settings.timezone
        and ZONE not in chat.chosen
    ):
        return (), ()
    expect(context, ZONE)
    zone = chat.settings.timezone
    return (context.say("The times are those of {zone}. Which clock is yours?", zone=zone),), zone_row(context)


def sub(context: Context) -> Reply:
    """Subscribe to the query in each line."""
    lines = _lines(context.args)
    if not lines:
        example = context.say('For example: /sub diffusion -survey, /sub author:"Ranjay Krishna", /sub cs.LG daily 9')
        return ask(context, "sub", context.say("What should papers contain?"), example)
    if len(lines) > MOST_LINES:
        raise refusal(
            "That is {count} lines; I take {most} at once.",
            "Send the rest in another message.",
            count=len(lines),
            most=MOST_LINES,
        )
    context.ask_for_vectors([text for line in lines for text in texts_asked(split_when(line).query)])
    if len(lines) > 1:
        return _several(context, lines)
    ending = split_when(lines[0])
    if is_doubtful(ending) and not context.read_by_strangers:
        return _which_reading(context, lines[0], ending)
    reply = echo(context, _of_line(context, lines[0]))
    return reply.with_lines(*_no_place(context, lines[0]))


def _no_place(context: Context, line: str) -> Iterator[str]:
    """Yield that words are looked for which would be a time of day, if the name after them were that of a place."""
    ending = split_when(line)
    before, _, name = ending.query.rpartition(" ")
    timed = split_when(before)
    if ending.when or not timed.when or is_doubtful(timed) or not re.match(r"[^\W\d_a-z]", name):
        return
    if re.search(r"\d", timed.when):
        words = f"{timed.when} {name}"
        yield context.say(
            "“{words}” is looked for as words: I know no place “{name}”, or several.", words=words, name=name
        )


def _which_reading(context: Context, typed: str, ending: Ending) -> Reply:
    """Ask whether words at the end of a new subscription are its time or words to look for, with a button for each."""
    when = when_words(str(ending.when), context.localizer, context.chat.settings.schedule)
    timed = context.labelled(when, "subscribe-at", text=ending.query, when=ending.when)
    words = context.button("as words", "subscribe-at", text=as_words(typed))
    return context.reply("Is “{words}” the time, or words to look for?", words=ending.when, buttons=((timed, words),))


def _lines(text: str) -> list[str]:
    """Return the lines of a message that are not empty, without a /sub that is repeated at the beginning of a line."""
    again = re.compile(rf"/(?:{'|'.join((COMMANDS[0].name, *COMMANDS[0].aliases))})(?:@\w+)?(?:\s+|$)", re.IGNORECASE)
    return list(filter(None, (again.sub("", line.strip(), count=1).strip() for line in text.splitlines())))


def _of_line(context: Context, line: str) -> Subscribed:
    """Subscribe to a line. Raise QueryError, Refused."""
    ending = ending_of(line)
    first = line.split(maxsplit=1)[0]
    if first.startswith("/") and context.registry.command_named(first[1:].partition("@")[0]):
        raise refusal("This is another command. Send it by itself.")
    return _subscribe(context, ending.query, ending.when)


def _several(context: Context, lines: Sequence[str]) -> Reply:
    """Subscribe to each line.

    A refused line does not affect the others: it is shown with a caret at the error, and the reason.
    """
    done, refused = [], []
    for line in lines:
        try:
            with context.transaction.savepoint():
                done.append(_of_line(context, line))
        except PaperwireError as error:
            query = split_when(line).query
            text, mark = caret(query, error.column) if isinstance(error, QueryError) else (query, "^")
            refused += [text, f"{mark} {context.say(error.sentence)}"]
    head = context.count(
        "{count} of {lines} is a subscription now.",
        "{count} of {lines} are subscriptions now.",
        len(done),
        lines=context.count("{count} line", "{count} lines", len(lines)),
    )
    said = [subscribed_line(one, context.localizer) for one in done]
    said += [told for line in lines for told in _no_place(context, line)]
    which, zones = _question_of_zone(context, done) if done else ((), ())
    return Reply((head, *said, *which), code=refused, ok=bool(done), buttons=(*context.undo_row, zones))


def on_subscribe_at(context: Context) -> Reply:
    """Handle the button of a reading: subscribes to its query, at its time if it has one."""
    context.ask_for_vectors(texts_asked(context.args))
    return echo(context, _subscribe(context, context.args, context.arguments.get("when")))


COMMANDS = (
    Command(
        sub,
        "sub",
        "subscribe to a query",
        examples=(
            "/sub diffusion models -survey",
            '/sub author:"Ranjay Krishna" now',
            "/sub cat:cs.CL agents weekdays at 8:30",
        ),
        aliases=("subscribe", "add", "follow"),
        needs_manager=True,
        shows_without_args=True,
        many_lines=True,
        usage="QUERY [WHEN]",
    ),
)

CALLBACKS = {
    "subscribe-to": Callback(sub, needs_manager=True),
    "subscribe-at": Change(on_subscribe_at),
}
