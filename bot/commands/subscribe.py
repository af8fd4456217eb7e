"""sub, list and unsub: make, show and remove the subscriptions of a chat.

If words may be a time or a part of the query, the reply offers the other reading.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.commands import all_but, asking, phrasing, undo
from bot.commands.asking import OnlyTime
from bot.commands.context import Callback, Command, CommandContext, query_of_button
from bot.commands.phrasing import Row
from bot.commands.subscription_form import new_subscription
from bot.commands.words.intents import meaning
from bot.ports import channel
from bot.ports.conversation import Interaction
from bot.rendering.language import caret
from subscriptions import errors, model, states
from subscriptions.planning.times import Ending, NoSuchTime, as_words, split_when, split_wish
from subscriptions.query.parse import parse_query
from subscriptions.service import amendments, paper_search, requests
from subscriptions.service.chat_status import next_deliveries_to
from subscriptions.service.listing import Listed
from subscriptions.service.questions import why_it_rests
from subscriptions.service.requests import Subscribed

MOST_LINES = 20  # subscriptions in one message
EDITED_WITHIN = timedelta(minutes=5)  # how long an edit of a /sub message replaces its subscriptions


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One line of a /sub message, and its outcome."""

    text: str  # the query without its time
    when: str | None
    ending: Ending | None = None  # how the line was split into query and time
    typed: str = ""
    done: Subscribed | None = None
    error: errors.PaperwireError | None = None
    instead: str = ""  # the query that was replaced, in words


def sub(context: CommandContext) -> channel.Reply:
    """Subscribes to the query in each line; if the message was edited, replaces its earlier subscriptions."""
    lines = list(_lines(context.args))
    if not lines and context.request.trigger_id:
        return new_subscription(context)
    if not lines:
        raise errors.Refused(
            errors.Sentence("Say what papers should contain."),
            errors.Sentence('For example: /sub diffusion -survey, /sub author:"Ranjay Krishna", /sub cs.LG daily 9'),
        )
    if len(lines) > MOST_LINES:
        raise errors.Refused(
            errors.Sentence("That is {count} lines; I take {most} at once.", {"count": len(lines), "most": MOST_LINES}),
            errors.Sentence("Send the rest in another message."),
        )
    before = _numbers_before_edit(context)
    said = (
        _replaced(context, lines, before) if before else [_subscribed(context, _read(context, line)) for line in lines]
    )
    if len(said) == 1 and said[0].error is not None:
        return _refused_reply(context, said[0], said[0].error)
    _remember(context, said, before)
    if len(said) == 1 and said[0].done is not None:
        return undo.echo(context, said[0].done, instead=said[0].instead, ending=said[0].ending, typed=said[0].typed)
    return _several(context, said)


def _queries(context: CommandContext) -> Iterator[str]:
    """Yields the queries of a message without their times."""
    for line in list(_lines(context.args))[:MOST_LINES]:
        yield split_when(line).query


def _refused_reply(context: CommandContext, said: _Line, error: errors.PaperwireError) -> channel.Reply:
    """Returns the reply to a refused single line, with buttons, if its time was wrong. Raises every other error."""
    words = channel.Button(label=context.say("as words"), verb="subscribe-at", arguments={"text": as_words(said.typed)})
    if isinstance(error, NoSuchTime):
        return asking.time_refused_with_nearest(context, error, replace(words, arguments={"text": said.text}), (words,))
    if isinstance(error, OnlyTime):
        return asking.only_time_refused(context, error, words)
    raise error


# -------------------------------------------------------------------------------------------------------- line by line


def _lines(text: str) -> Iterator[str]:
    """Yields the lines of a message that are not empty, without a /sub that is repeated at the beginning of a line."""
    again = re.compile(rf"/(?:{'|'.join((COMMANDS[0].name, *COMMANDS[0].aliases))})(?:@\w+)?(?:\s+|$)", re.IGNORECASE)
    for line in text.splitlines():
        if subscription := again.sub("", line.strip(), count=1).strip():
            yield subscription


def _read(context: CommandContext, line: str) -> _Line:
    ending = split_wish(line)
    name = line[1:].split(maxsplit=1)[0].partition("@")[0] if line[:1] == "/" and line[1:].strip() else ""
    error: errors.Refused | None = None
    if ending.only_time:
        error = OnlyTime(line)
    elif context.registry.command_named(name):
        error = errors.Refused(errors.Sentence("This is another command. Send it by itself."))
    return _Line(text=ending.query, when=ending.when, error=error, ending=ending, typed=line)


def _subscribed(context: CommandContext, said: _Line, number: int | None = None) -> _Line:
    """Subscribes to a line, or changes the subscription with this number to it. Returns the line with its outcome.

    A refusal is put into the line and not raised, so that it does not affect the other lines.
    """
    if said.error is not None:
        return said
    before = asking.subscription_numbered(context, number) if number else None
    try:
        with context.transaction.savepoint():
            if before is None:
                return replace(said, done=undo.subscribe_here(context, said.text, said.when))
            address, when = context.chat.address, said.when or context.chat.settings.schedule
            done = amendments.edit(
                context.transaction, address, before.number, said.text, when=when, now=context.now, who=context.actor
            )
    except errors.PaperwireError as error:
        return replace(said, error=error)
    return replace(said, done=done, instead=context.reading(parse_query(before.text)))


def _several(context: CommandContext, said: Sequence[_Line]) -> channel.Reply:
    done = [one for one in said if one.done is not None]
    of = context.localizer.count("{count} line", "{count} lines", len(said))
    head = context.localizer.count(
        "{count} of {lines} is a subscription now.",
        "{count} of {lines} are subscriptions now.",
        len(done),
        lines=of,
    )
    lines = [
        phrasing.subscribed_line(one.done, context.localizer, reading=context.reading(one.done.query))
        for one in done
        if one.done
    ]
    refused = tuple(text for one in said if one.error for text in _refused(context, one.text, one.error))
    buttons = asking.undo_row(context) if any(one.done and one.done.outcome != "known" for one in done) else ()
    return channel.Reply(lines=(head, *lines), code=refused, ok=bool(done), buttons=buttons)


def _refused(context: CommandContext, text: str, error: errors.PaperwireError) -> tuple[str, str]:
    """Returns two lines to show: the refused line, and below it a caret at the error, with the reason."""
    why = error.sentence.say(context.localizer.translate)
    if not isinstance(error, errors.QueryError):
        return text, f"^ {why}"
    line, mark = caret(text, error.column)
    return line, f"{mark} {why}"


# ------------------------------------------------------------------------------------------------- an edited /sub


def _remember(context: CommandContext, said: Sequence[_Line], before: Sequence[int]) -> None:
    """Stores which subscriptions this message made, so that an edit of the message replaces only those."""
    done = [one.done for one in said if one.done]
    made = [d.subscription.number for d in done if d.outcome == "added" or d.subscription.number in before]
    if made and context.request.message_id and not isinstance(context.request, Interaction):
        # `intent` checks that an edit comes in time; the state lasts longer
        context.remember(_state_name(context), {"numbers": made}, lasts=2 * EDITED_WITHIN)


def _numbers_before_edit(context: CommandContext) -> list[int]:
    """Returns the numbers of the subscriptions that this message made before it was edited and that still exist."""
    if context.message is None or not context.message.is_edit:
        return []
    token = context.remembered(_state_name(context))
    return (
        [number for number in token.arguments["numbers"] if asking.subscription_numbered(context, number)]
        if token
        else []
    )


def _replaced(context: CommandContext, lines: Sequence[str], numbers: Sequence[int]) -> list[_Line]:
    """Replaces the subscriptions of an edited message.

    Unchanged queries keep their numbers; new queries get the numbers that become free.
    """
    there = {
        subscription.canonical: subscription.number
        for number in numbers
        if (subscription := asking.subscription_numbered(context, number))
    }
    read = [_read(context, line) for line in lines]
    kept = [None if one.error else there.get(_canonical(one.text)) for one in read]
    free = [number for number in numbers if number not in kept]
    said = []
    for one, place in zip(read, kept, strict=True):
        number = place or (free.pop(0) if free and not one.error and _canonical(one.text) else None)
        said.append(_subscribed(context, one, number))
    if not any(one.error for one in said):
        for number in free:
            requests.unsubscribe(
                context.transaction, context.chat.address, str(number), now=context.now, who=context.actor
            )
    return said


def _canonical(text: str) -> str:
    try:
        return parse_query(text).canonical
    except errors.QueryError:
        return ""


def late_edit(context: CommandContext) -> channel.Reply:
    """Returns the reply to an edit that came too late."""
    return channel.Reply(lines=(context.say("An edit counts within five minutes. Send it as a new message, please."),))


def _state_name(context: CommandContext) -> str:
    return f"said:{context.origin.address}:{context.request.message_id}"


# ---------------------------------------------------------------------------------- buttons that reword a subscription


def on_subscribe_at(context: CommandContext) -> channel.Reply:
    """Handles an available time that was offered after a refusal: subscribes to the query and the time of the button."""
    when = context.arguments.get("when")
    return undo.subscribe_and_echo(context, str(context.arguments["text"]), str(when) if when else None)


def on_as_words(context: CommandContext) -> channel.Reply:
    """Handles [as words]: makes the whole text the query of the subscription; its time is what it was before."""
    change = amendments.find_change(context.transaction, context.chat.address, int(context.arguments["change"]))
    text = str(context.arguments["text"])
    if change is None or change.undone:
        return channel.Reply(toast=context.say("That is undone already."))
    added, chat = next(iter(change.what.added), None), context.chat
    old = added or next((old for old, _ in change.what.changed), None)
    before = asking.subscription_numbered(context, old.number) if old else None
    if old is None or before is None:
        return asking.subscription_gone(context)
    when, tz = (chat.settings.schedule, "") if added else (str(old.cadence), old.zone or "")
    if not added and context.arguments.get("number") is None:  # a /sub had only rescheduled an existing subscription
        amendments.edit(
            context.transaction,
            chat.address,
            old.number,
            old.text,
            when=when,
            tz=tz,
            now=context.now,
            who=context.actor,
        )
        return undo.subscribe_and_echo(context, text, None)
    done = amendments.edit(
        context.transaction, chat.address, old.number, text, when=when, tz=tz, now=context.now, who=context.actor
    )
    return undo.echo(context, done, instead=context.reading(parse_query(before.text)))


# ----------------------------------------------------------------------------------------------------------------- list


A_PAGE = 10
_ROW = 5  # buttons with numbers in a row


def list_(context: CommandContext) -> channel.Reply:
    """Shows the subscriptions of the chat, page by page; "list 2" shows the second page."""
    text = context.args.strip()
    return _page(context, int(text) - 1 if text.isdecimal() and len(text) < _ROW else 0)


def on_list(context: CommandContext) -> channel.Reply:
    """Handles [back] and [more]: shows another page."""
    return _page(context, int(context.arguments.get("page", 0)))


def change_buttons(context: CommandContext, subscription: model.Subscription) -> tuple[channel.Button, ...]:
    """Returns [edit], [pause] or [resume], and [remove]."""
    number = {"number": subscription.number}
    held = subscription.state is states.SubscriptionState.PAUSED
    return (
        channel.Button(label=context.say("edit"), verb="edit-ask", arguments=number),
        channel.Button(label=context.say("resume"), verb="resume", arguments=number)
        if held
        else channel.Button(label=context.say("pause"), verb="pause", arguments=number),
        channel.Button(label=context.say("remove"), verb="unsub", arguments=number),
    )


def show_one(context: CommandContext, subscription: model.Subscription) -> channel.Reply:
    """Handles the button with a number: shows that subscription, with buttons to change it."""
    one = next(one for one in asking.listed_here(context) if one.subscription.number == subscription.number)
    back = channel.Button(
        label=context.say("list"), verb="list", arguments={"page": int(context.arguments.get("page", 0))}
    )
    lines = [*_list_lines(context, _rows(context, [one]), [one]), *([subscription.text] if subscription.name else [])]
    if phrasing.state_of(one) == "active":
        lines.append(
            phrasing.next_line(
                next_deliveries_to(context.transaction, context.chat.address, [subscription], now=context.now),
                context.localizer,
                context.now,
            )
        )
    return channel.Reply(lines=tuple(lines), buttons=(change_buttons(context, subscription), (back,)))


def _page(context: CommandContext, page: int) -> channel.Reply:
    found = asking.listed_here(context)
    form = channel.Button(label=context.say("new subscription"), verb="new-subscription")
    new = (form,) if context.request.trigger_id else ()  # only on platforms with forms
    if not found:
        return replace(asking.no_subscriptions(context), buttons=(new,))
    pages = -(-len(found) // A_PAGE)
    page = min(max(page, 0), pages - 1)
    shown = found[page * A_PAGE : (page + 1) * A_PAGE]
    head = context.localizer.count("{count} subscription", "{count} subscriptions", len(found))
    if pages > 1:
        head = f"{head} · {context.say('page {page} of {pages}', page=page + 1, pages=pages)}"
    rows = _rows(context, shown)
    if context.chat.state is not states.ChatState.ACTIVE:  # all are held for the same reason, so it is shown once
        head, rows = f"{head} · {rows[0].state}", [replace(row, state="") for row in rows]
    rows = [replace(row, reading=phrasing.shortened(row.reading)) for row in rows]
    buttons = (*_buttons(context, shown, page, pages), new)
    more = (
        [context.say("/list {page} shows the next.", page=page + 2)]
        if page + 1 < pages and context.read_by_strangers
        else []
    )
    near = None
    if page == 0 and context.origin.kind is model.ChatKind.PRIVATE:  # in groups, lists are short
        there = [one.subscription for one in found]
        near = paper_search.nearly_same(context.transaction, context.chat, there, now=context.now)
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
        buttons = (*buttons, (channel.Button(label=label, verb="merge", arguments=numbers),))
    return channel.Reply(lines=(head, *_list_lines(context, rows, shown), *more), buttons=buttons)


def on_merge(context: CommandContext) -> channel.Reply:
    """Handles [merge 2 and 5]: replaces two subscriptions with one that finds what either of them finds."""
    numbers = int(context.arguments["first"]), int(context.arguments["second"])
    done = amendments.merge(context.transaction, context.chat.address, *numbers, now=context.now, who=context.actor)
    return undo.echo(context, done)


def _buttons(context: CommandContext, shown: Sequence[Listed], page: int, pages: int) -> channel.Buttons:
    numbers = [
        channel.Button(
            label=str(one.subscription.number),
            verb="subscription",
            arguments={"number": one.subscription.number, "page": page},
        )
        for one in shown
    ]
    rows = [tuple(numbers[start : start + _ROW]) for start in range(0, len(numbers), _ROW)]
    return (*rows, asking.pager(context, page, pages, "list"))


def _rows(context: CommandContext, shown: Sequence[Listed]) -> list[Row]:
    return phrasing.subscription_rows(
        shown, lambda text: context.reading(parse_query(text)), lambda _: context.localizer, context.now
    )


def _list_lines(context: CommandContext, rows: Sequence[Row], shown: Sequence[Listed]) -> list[str]:
    """Returns a line for each subscription: number, name or query, time, papers found, last delivery, why it is held."""
    about = paper_search.activity(
        context.transaction, context.chat, [one.subscription for one in shown], now=context.now
    )
    lines = []
    for one, row in zip(shown, rows, strict=True):
        subscription = one.subscription
        parts = [f"{row.number}  {row.reading}", row.when]
        parts += [_often(context, about, about.found[subscription.canonical])] if about.base.days else []
        if subscription.number in about.came:
            parts.append(context.say("last {moment}", moment=context.localizer.moment(about.came[subscription.number])))
        if rest := why_it_rests(context.transaction, subscription.canonical):
            parts.append(rest.say(context.localizer.translate))
        lines.append(" · ".join((*parts, *([row.state] if row.state else []))))
    return lines


def _often(context: CommandContext, about: paper_search.MatchCount, found: int) -> str:
    """Returns how many papers a subscription found in the known days: "6 a week", "6 in 3 days"."""
    if about.base.week and about.base.whole:
        return context.localizer.count("{count} a week", "{count} a week", found)
    days = phrasing.of_the_newest(
        context.localizer, context.localizer.count("{count} day", "{count} days", about.base.days), about.base
    )
    return context.localizer.count("{count} in {days}", "{count} in {days}", found, days=days)


# --------------------------------------------------------------------------------------------------------------- unsub


_ALL = frozenset({"all", "everything", "*", "全部", "所有"})


def unsub(context: CommandContext) -> channel.Reply:
    """Removes subscriptions by number or by query, or all of them; without arguments, asks which."""
    if not context.args:
        return _which(context)
    if context.args.casefold() in _ALL:
        return unsub_all(context)
    if (asked := all_but.asked(context, meaning(f"remove {context.args}"))) is not None:
        return asked
    said = amendments.numbers_in(context.args)
    there = amendments.numbers_among(said, {one.subscription.number for one in asking.listed_here(context)})
    if not there:
        return _removed(context, str(_subscription_of_query(context, said).number))
    gone = requests.unsubscribe_several(
        context.transaction, context.chat.address, there, now=context.now, who=context.actor
    )
    missing = amendments.numbers_missing(said, there)
    return replace(phrasing.unsubscribed(gone, context.localizer, missing=missing), buttons=asking.undo_row(context))


def _subscription_of_query(context: CommandContext, said: Sequence[tuple[int, int]]) -> model.Subscription:
    """Returns the subscription with the typed query. Raises QueryError; NotFound, which lists all typed numbers."""
    try:
        return asking.subscription_named(context, context.args)
    except errors.NotFound:
        if not said:
            raise
        which = amendments.numbers_missing(said, ())
        raise errors.NotFound(
            errors.Sentence("This chat has no subscription {which}.", {"which": which}),
            errors.Sentence("/list shows those that are there."),
        ) from None


def unsub_all(context: CommandContext) -> channel.Reply:
    """Removes all subscriptions. Does not ask first, since the removal can be undone."""
    return _removed(context, "all") if context.chat.id else phrasing.unsubscribed((), context.localizer)


def _unsub_one(context: CommandContext, subscription: model.Subscription) -> channel.Reply:
    return _removed(context, str(subscription.number))


def _which(context: CommandContext) -> channel.Reply:
    question = context.say("Which one do you want to remove? /unsub 1 does it, too, and /unsub 1 3 removes two.")
    everything = channel.Button(label=context.say("remove all"), verb="unsub-all")
    return asking.pick_list(context, question, "unsub", last=(everything,))


def _removed(context: CommandContext, which: str) -> channel.Reply:
    found = requests.unsubscribe(context.transaction, context.chat.address, which, now=context.now, who=context.actor)
    return replace(phrasing.unsubscribed(found, context.localizer), buttons=asking.undo_row(context) if found else ())


COMMANDS = (
    Command(
        name="sub",
        aliases=("subscribe", "add", "follow"),
        run=sub,
        needs_manager=True,
        queries=_queries,
        shows_without_args=True,
        many_lines=True,
        usage="QUERY [WHEN]",
        summary=errors.Sentence("subscribe to a query"),
    ),
    Command(
        name="list",
        aliases=("subscriptions", "ls"),
        run=list_,
        usage="[PAGE]",
        summary=errors.Sentence("your subscriptions"),
    ),
    Command(
        name="unsub",
        aliases=("unsubscribe", "remove"),
        run=unsub,
        needs_manager=True,
        shows_without_args=True,
        usage="[N …|QUERY|all]",
        summary=errors.Sentence("remove a subscription"),
    ),
    Command(
        name="unsuball",
        run=unsub_all,
        needs_manager=True,
        summary=errors.Sentence("remove all subscriptions"),
        listed=False,
    ),
)

CALLBACKS = {
    "subscribe-to": Callback(run=sub, needs_manager=True, args_from="text", queries=_queries),
    asking.AS_WORDS: Callback(run=on_as_words, needs_manager=True, queries=query_of_button, replaces=True),
    "subscribe-at": Callback(run=on_subscribe_at, needs_manager=True, queries=query_of_button),
    "list": Callback(run=on_list, replaces=True),
    "subscription": Callback(run=asking.on_subscription(show_one), replaces=True),
    "merge": Callback(run=on_merge, needs_manager=True),
    "unsub": Callback(run=asking.on_subscription(_unsub_one), needs_manager=True, replaces=True),
    "unsub-all": Callback(run=unsub_all, needs_manager=True, replaces=True),
    "unsub-page": Callback(run=_which, writes=True, replaces=True),
}
