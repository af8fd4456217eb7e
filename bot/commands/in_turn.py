"""Does several things in one message, one after another, and joins the replies: each with its outcome, and what was left undone."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TypeVar

from bot.commands import asking, offered, results
from bot.commands.context import CommandContext, with_chat
from bot.ports import channel
from bot.rendering.language import refused
from subscriptions import errors, model
from subscriptions.service import listing

_SHORT = 80  # characters of a wish that the answer repeats
T = TypeVar("T")
Does = Callable[[CommandContext, str], channel.Reply | None]  # does a wish


@dataclass(frozen=True, slots=True)
class Done:
    """A wish, and the reply to it."""

    wish: str
    reply: channel.Reply | None
    asks: bool = False  # the reply asks the person something


def run(context: CommandContext, commands: Sequence[tuple[str, str]], *, may_write: bool) -> channel.Reply:
    """Runs commands, each (name, arguments), one after another. If one may write, each has a part of the transaction of its own."""
    done = []
    for name, args in commands:
        part = context.transaction.savepoint() if may_write else nullcontext()
        done.append(attempted(context, args, f"/{name} {args}".strip(), _command_named(name), part))
        context = afresh(context)
    return joined(context, done, ())


def _command_named(name: str) -> Does:
    return lambda context, args: offered.run(context, name, args)


def attempted(context: CommandContext, wish: str, typed: str, does: Does, part: AbstractContextManager[object]) -> Done:
    """Does one wish in a part of the transaction; a refusal undoes only this one, and becomes its reply."""
    before = asking.open_question(context)
    try:
        with part:
            reply = does(context, wish)
    except errors.StoreError:
        raise
    except errors.PaperwireError as error:
        return Done(typed, refused(error, context.localizer, wish))
    return Done(typed, reply, asking.open_question(context) not in (None, before) or _is_question(reply))


def _is_question(reply: channel.Reply | None) -> bool:
    return reply is not None and reply.ok is None and bool(reply.buttons) and not reply.items


def afresh(context: CommandContext) -> CommandContext:
    """Returns the context with what the last wish changed of its chat: the clock and the language count for the next one."""
    if not context.chat.id:
        return context
    return with_chat(context, listing.get_chat(context.transaction, context.chat.address))


def joined(context: CommandContext, done: Sequence[Done], left: Sequence[str]) -> channel.Reply:
    """Returns one reply for all wishes: each is named, the buttons are those of the last question or offer, [undo] once."""
    replies = [(one, one.reply or offered.what_to_say(context)) for one in done]
    lines: list[str] = []
    items: tuple[model.Item, ...] = ()
    days: tuple[str, ...] = ()
    headings: dict[int, str] = {}
    for one, reply in replies:
        head = _head(context, one.wish, reply)
        lines += [head, *(reply.lines or filter(None, (reply.toast,)))]
        headings |= {len(items) + at: words for at, words in reply.headings.items()}
        if reply.items and items and 0 not in reply.headings:
            headings[len(items)] = f"“{short(one.wish)}”"
        days += (*reply.days, *("",) * (len(reply.items) - len(reply.days)))
        items += tuple(item._replace(position=len(items) + at) for at, item in enumerate(reply.items))
    if left:
        lines.append(context.say("I do three wishes at once. Not done: {wishes}", wishes="; ".join(map(short, left))))
    with_papers = [reply for _, reply in replies if reply.items]
    only = with_papers[0] if len(with_papers) == 1 else channel.Reply(numbers=results.card_buttons(items))
    return channel.Reply(
        lines=tuple(lines),
        code=tuple(line for _, reply in replies for line in reply.code),
        items=items,
        item_layout=only.item_layout,
        days=days,
        headings=headings,
        numbers=only.numbers,
        delivery=_last(reply.delivery for _, reply in replies),
        file=_last(reply.file for _, reply in replies),
        buttons=(*_buttons(replies), *context.undo_row),
        lookup_ids=tuple(name for _, reply in replies for name in reply.lookup_ids),
        about=_last(reply.about for _, reply in replies),
    )


def _last(parts: Iterable[T | None]) -> T | None:
    """Returns the last part that there is."""
    return next(reversed([part for part in parts if part]), None)


def _head(context: CommandContext, wish: str, reply: channel.Reply) -> str:
    marks = {True: "✓ ", False: "✗ ", None: ""}
    return f"{marks[reply.ok]}{context.say('“{wish}”:', wish=short(wish))}"


def short(wish: str) -> str:
    """Returns a wish as the answer repeats it."""
    if len(wish) <= _SHORT:
        return wish
    return f"{wish[:_SHORT]}…"


def _buttons(replies: Sequence[tuple[Done, channel.Reply]]) -> channel.Buttons:
    """Returns the buttons of the last question; if nothing is asked, those of the last reply that offers something."""
    rows = [(one.asks, _without_undo(reply.buttons)) for one, reply in replies]
    asked = [row for asks, row in rows if asks and row]
    return next(reversed(asked or [row for _, row in rows if row]), ())


def _without_undo(buttons: channel.Buttons) -> channel.Buttons:
    rows = (tuple(button for button in row if button.verb != "undo") for row in buttons)
    return tuple(row for row in rows if row)
