"""Several wishes in one message: each is done within a part of the transaction of its own, and one [undo] takes all back.

The answer names each wish with its outcome, in order, also one that was refused.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from bot.commands import asking, offered, picking, results, search
from bot.commands.context import Callback, CommandContext
from bot.commands.undo import undo_row
from bot.ports import channel
from bot.rendering.language import refused
from bot.sentences import following, free_text, meant, references
from bot.sentences.steps import Papers
from bot.sentences.words import intents, reader, wishes
from subscriptions import errors, model
from subscriptions.planning.times import split_when
from subscriptions.planning.times.reading import is_time
from subscriptions.service import listing
from subscriptions.service.changes import forget_void_change

_SHORT = 80  # characters of a wish that the answer repeats
_MOST_LISTED, _OF_EACH = 10, 2  # queries of a list that are tried, and papers that are shown of each
_TAKES_BACK = ("undo", "cancel")


_Does = Callable[[CommandContext, str], channel.Reply | None]  # does a wish


@dataclass(frozen=True, slots=True)
class _Done:
    """A wish, and the reply to it."""

    wish: str
    reply: channel.Reply | None
    asks: bool = False  # the reply asks the person something


def several(context: CommandContext) -> channel.Reply | None:
    """Does the wishes of a message; a message that turns out to be one wish is answered as any other."""
    text = context.args.strip()
    if listed := wishes.listed_in(text):
        return _of_list(context, listed)
    parts = _once_taken_back(_parts(context, text))
    if parts == (text,):
        return _with_left_out(context, text, _one(context, text))
    if len(parts) == 1:
        return _one(replace(context, args=parts[0]), parts[0])
    here = {one.number: one for one in _there(context)}
    done: list[_Done] = []
    about: model.Subscription | None = None
    for at, part in enumerate(parts[: wishes.MOST]):
        wish = _about(part, about, is_only=len(here) == 1) if about else part
        done.append(_done(context, wish, part, after=parts[at - 1] if at else ""))
        context = _afresh(context)
        now = {one.number: one for one in _there(context)}
        touched = [one for number, one in now.items() if here.get(number) != one or _is_about(wish, one)]
        about, here = (touched[0] if len(touched) == 1 else about), now
    forget_void_change(context.transaction, context.chat.id)
    return _joined(context, done, parts[wishes.MOST :])


def in_turn(context: CommandContext, commands: Sequence[tuple[str, str]], *, may_write: bool) -> channel.Reply:
    """Runs commands, each (name, arguments), one after another. If one may write, each has a part of the transaction of its own."""
    done = []
    for name, args in commands:
        part = context.transaction.savepoint() if may_write else nullcontext()
        done.append(_attempted(context, args, f"/{name} {args}".strip(), _command_named(name), part))
        context = _afresh(context)
    return _joined(context, done, ())


def _command_named(name: str) -> _Does:
    return lambda context, args: offered.run(context, name, args)


def _with_left_out(context: CommandContext, text: str, reply: channel.Reply | None) -> channel.Reply | None:
    """Adds to the reply to one wish which words of it were about something else, which the bot cannot do."""
    words = wishes.left_out(text)
    if reply is None or not reply.ok or not words:
        return reply
    return replace(reply, lines=(*reply.lines, context.say("I left out “{words}”.", words=_short(words))))


def _of_list(context: CommandContext, listed: wishes.Listed) -> channel.Reply | None:
    """Subscribes to each query of a list, if the line above it says so; otherwise shows what each finds.

    A line that is an order is not done: it may have come into the list with what was pasted.
    """
    text = "\n".join(listed.queries)
    if not listed.subscribes and (asking.answers_question(context) or not asking.can_ask(context)):
        return _one(context, context.args)
    if listed.subscribes:
        reply = _one(context, f"sub {text}") or offered.what_to_say(context)
    else:
        found = [_Done(query, _first_of(search.try_query(context, query))) for query in listed.queries[:_MOST_LISTED]]
        button = channel.Button(label=context.say("subscribe"), verb="subscribe-to", arguments={"text": text})
        reply = replace(_joined(context, found, ()), buttons=((button,),) if text else ())
    if not listed.orders:
        return reply
    left = context.say("Not done, since it is no subject: {lines}", lines="; ".join(map(_short, listed.orders)))
    return replace(reply, lines=(*reply.lines, left))


def _first_of(reply: channel.Reply) -> channel.Reply:
    """Returns the reply to one of several queries: how many papers it finds, and the first of them."""
    most = _OF_EACH
    return channel.Reply(lines=reply.lines[:1], ok=reply.ok, items=reply.items[:most], days=reply.days[:most])


def _is_about(wish: str, one: model.Subscription) -> bool:
    said = intents.meaning(wish)
    return said.numbers == [str(one.number)] or meant.is_named(reader.folded(wish), one)


def _about(wish: str, one: model.Subscription, *, is_only: bool) -> str:
    """Returns a wish with the subscription that the wish before made, changed or named in place of "it".

    "At most 5 papers a day" after a wish to subscribe is a limit of that subscription; of the only one, it is that of the chat.
    """
    said = intents.meaning(wish)
    if said.intent == "set-limit" and intents.daily_limit(wish):
        return wish if is_only else f"{wish} #{one.number}"
    if is_time(wish):
        return f"move #{one.number} to {wish}"
    return wishes.with_antecedent(wish, one.text if said.intent in (reader.QUERY, *reader.ASKING) else f"#{one.number}")


def _parts(context: CommandContext, text: str) -> tuple[str, ...]:
    """Returns the wishes of a text, read with the names of the chat's subscriptions; (text,) if it answers a question."""
    parts = wishes.wishes_in(text, _named(_there(context)))
    said = intents.meaning(text)
    follows = references.following(said)
    takes_back = follows.link in ("back", "keep") and not any(map(intents.command_in, parts))
    if (follows.corrects or takes_back) and following.step_of(context, said):
        return (text,)  # "wrong one, I meant kelp"
    if len(parts) == 1 and isinstance(following.step_of(context, said), Papers):
        return (text,)  # "keep the first and the third"
    are_commands = all(map(intents.command_in, parts))
    waits = asking.answers_question(replace(context, args=text))
    return parts if are_commands or (asking.can_ask(context) and not waits) else (text,)


def _named(there: Sequence[model.Subscription]) -> wishes.Named:
    def numbered(text: str) -> str:
        for one in there:
            text = meant.with_number(text, one) if meant.is_named(reader.folded(text), one) else text
        return text

    return wishes.Named(numbered)


def _there(context: CommandContext) -> list[model.Subscription]:
    return [one.subscription for one in picking.listed_here(context)]


def _once_taken_back(parts: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the wishes without those that only take back once more what one before them takes back: 算了，不订了."""
    kept = [part for at, part in enumerate(parts) if not (at and _takes_back(parts[at - 1]) and _says_so_again(part))]
    return tuple(kept)


def _takes_back(wish: str) -> bool:
    return intents.meaning(wish).intent in _TAKES_BACK


def _says_so_again(wish: str) -> bool:
    return _takes_back(wish) or wishes.keeps(wish) or references.following(intents.meaning(wish)).link == "back"


def _one(context: CommandContext, wish: str) -> channel.Reply | None:
    """Returns the reply to one wish, as if it were the whole message."""
    if not asking.answers_question(context) and (step := following.step_of(context, intents.meaning(wish))) is not None:
        return following.done(context, step)
    command = intents.command_in(wish)
    done = offered.run(context, *command) if command else None
    return done or free_text.free_text(replace(context, args=wish, arguments={}))


def _done(context: CommandContext, wish: str, typed: str, *, after: str) -> _Done:
    """Does one wish; a refusal undoes only this one, and becomes its reply."""
    said = intents.meaning(wish)
    if said.intent == "edit" and after and intents.meaning(after).intent in wishes.REMOVES and said.subject:
        wish = f"sub {said.subject}"  # "drop A, use B instead"
    return _attempted(context, wish, typed, _one, context.transaction.savepoint())


def _attempted(
    context: CommandContext, wish: str, typed: str, does: _Does, part: AbstractContextManager[object]
) -> _Done:
    """Does one wish in a part of the transaction; a refusal undoes only this one, and becomes its reply."""
    before = asking.open_question(context)
    try:
        with part:
            reply = does(context, wish)
    except errors.StoreError:
        raise
    except errors.PaperwireError as error:
        return _Done(typed, refused(error, context.localizer, wish))
    return _Done(typed, reply, asking.open_question(context) not in (None, before) or _is_question(reply))


def _is_question(reply: channel.Reply | None) -> bool:
    return reply is not None and reply.ok is None and bool(reply.buttons) and not reply.items


def _afresh(context: CommandContext) -> CommandContext:
    """Returns the context with what the last wish changed of its chat: the clock and the language count for the next one."""
    if not context.chat.id:
        return context
    chat = listing.get_chat(context.transaction, context.chat.address)
    origin = chat if context.origin.address == chat.address else context.origin
    localizer = context.localizer.speaking(origin.settings.lang, chat.settings.timezone)
    return replace(context, chat=chat, origin=origin, localizer=localizer)


def _joined(context: CommandContext, done: Sequence[_Done], left: Sequence[str]) -> channel.Reply:
    """Returns one reply for all wishes: each is named, the buttons are those of the last question or offer, [undo] once."""
    replies = [(one, one.reply or offered.what_to_say(context)) for one in done]
    lines: list[str] = []
    items: tuple[model.Item, ...] = ()
    days: tuple[str, ...] = ()
    headings: dict[int, str] = {}
    for one, reply in replies:
        head = _head(context, one.wish, reply)
        lines += [head, *reply.lines, *((reply.toast,) if reply.toast and not reply.lines else ())]
        headings |= {len(items) + at: words for at, words in reply.headings.items()}
        if reply.items and items and 0 not in reply.headings:
            headings[len(items)] = f"“{_short(one.wish)}”"
        days += (*reply.days, *("",) * (len(reply.items) - len(reply.days)))
        items += tuple(item._replace(position=len(items) + at) for at, item in enumerate(reply.items))
    if left:
        lines.append(context.say("I do three wishes at once. Not done: {wishes}", wishes="; ".join(map(_short, left))))
    with_papers = [reply for _, reply in replies if reply.items]
    return channel.Reply(
        lines=tuple(lines),
        code=tuple(line for _, reply in replies for line in reply.code),
        plot=next((reply.plot for _, reply in reversed(replies) if reply.plot), None),
        items=items,
        item_layout=with_papers[0].item_layout if len(with_papers) == 1 else "row",
        days=days,
        headings=headings,
        numbers=with_papers[0].numbers if len(with_papers) == 1 else results.card_buttons(items),
        delivery=next((reply.delivery for _, reply in reversed(replies) if reply.delivery), None),
        file=next((reply.file for _, reply in reversed(replies) if reply.file), None),
        buttons=(*_buttons(replies), *undo_row(context)),
        lookup_ids=tuple(name for _, reply in replies for name in reply.lookup_ids),
        about=next((reply.about for _, reply in reversed(replies) if reply.about), None),
    )


def _head(context: CommandContext, wish: str, reply: channel.Reply) -> str:
    marks = {True: "✓ ", False: "✗ ", None: ""}
    return f"{marks[reply.ok]}{context.say('“{wish}”:', wish=_short(wish))}"


def _short(wish: str) -> str:
    return wish if len(wish) <= _SHORT else f"{wish[:_SHORT]}…"


def _buttons(replies: Sequence[tuple[_Done, channel.Reply]]) -> channel.Buttons:
    """Returns the buttons of the last question; if nothing is asked, those of the last reply that offers something."""
    rows = [(one.asks, _without_undo(reply.buttons)) for one, reply in replies]
    asked = [row for asks, row in rows if asks and row]
    return next(reversed(asked or [row for _, row in rows if row]), ())


def _without_undo(buttons: channel.Buttons) -> channel.Buttons:
    rows = (tuple(button for button in row if button.verb != "undo") for row in buttons)
    return tuple(row for row in rows if row)


def _queries(context: CommandContext) -> Iterator[str]:
    for part in wishes.wishes_in(context.args.strip()):
        command = intents.command_in(part)
        if command and command[0] == "sub":
            yield split_when(command[1]).query


SEVERAL = Callback(run=several, writes=True, keeps_question=True, queries=_queries)
