"""The [undo] button that every reply to a change carries."""

import re
from collections.abc import Callable, Sequence

from bot.commands.asking import expect_answer
from bot.commands.context import CommandContext
from bot.commands.phrasing.subscription_words import subscription_label
from bot.ports.channel import Button, Buttons, Reply
from subscriptions.cutting import cut_letters
from subscriptions.errors import NotFound, Refused, Sentence
from subscriptions.model import Subscription
from subscriptions.query.parse import asked_beside
from subscriptions.service.next_deliveries import Listed, listed, typed_number
from subscriptions.service.undoing import last_change


def undo_row(context: CommandContext) -> Buttons:
    """Returns a row with [undo] for the newest change; none where strangers could press it."""
    if context.read_by_strangers:
        return ()
    change = context.store.begun_changes.get(context.chat.id)
    if change is None and (last := last_change(context.store, context.chat.address)) is not None:
        change = last.id
    return () if change is None else ((undo_button(context, change),),)


def undo_button(context: CommandContext, change: int) -> Button:
    """Returns [undo] for the change with this id."""
    return Button(label=context.say("undo"), verb="undo", arguments={"change": change})


# ------------------------------------------------------------------------------------------------ picks a subscription

# by number, by query, or by a button of a pick list.


A_PAGE = 8  # subscriptions on a page
_IN_PUBLIC = 20  # subscriptions of a list without buttons
_LABEL = 40  # characters of a button
_NUMBERS = re.compile(r"#?\d+(?:[\s,;、，；–-]+#?\d+)+")


def listed_here(context: CommandContext) -> tuple[Listed, ...]:
    """Returns the subscriptions of the chat, sorted by number."""
    return listed(context.store, context.chat.address) if context.chat.id else ()


def subscription_numbered(context: CommandContext, number: object) -> Subscription | None:
    """Returns the subscription with this number; None if it is gone, or `number` is None."""
    return next((one.subscription for one in listed_here(context) if one.subscription.number == number), None)


def subscription_gone(context: CommandContext) -> Reply:
    """Returns the answer to a button whose subscription is gone."""
    return Reply(toast=context.say("That subscription is gone. /list shows those that are there."))


def subscription_named(context: CommandContext, which: str) -> Subscription:
    """Returns the subscription with this number or query. Raises NotFound, QueryError."""
    subscriptions = [one.subscription for one in listed_here(context)]
    if numbered := subscription_numbered(context, typed_number(which)):
        return numbered
    canonical = asked_beside(which, [one.canonical for one in subscriptions]).canonical
    found = next((subscription for subscription in subscriptions if subscription.canonical == canonical), None)
    if found is None:
        raise _not_found(which.strip())
    return found


def _not_found(which: str) -> NotFound:
    text = which.removeprefix("#")
    if text.isdecimal():
        words = Sentence("This chat has no subscription {which}.", {"which": which})
    elif _NUMBERS.fullmatch(text):
        return NotFound(
            Sentence("“{which}” is more than one number.", {"which": which}),
            Sentence("Say one at a time; /list shows those that are there."),
        )
    else:
        words = Sentence("No subscription of this chat asks for “{which}”.", {"which": which})
    return NotFound(words, Sentence("/list shows those that are there."))


def number_and_rest(context: CommandContext, text: str) -> tuple[Subscription | None, str]:
    """Returns the subscription whose number is the first word, and the other words; (None, text) if there is none."""
    first, *rest = text.split(maxsplit=1) or [""]
    found = subscription_numbered(context, typed_number(first))
    return (found, rest[0].strip() if rest else "") if found else (None, text.strip())


def required_number(context: CommandContext, text: str, example: str) -> tuple[Subscription, str]:
    """Like `number_and_rest`, for commands that need a number; `example` is a whole command. Raises NotFound, Refused."""
    subscription, rest = number_and_rest(context, text)
    if subscription is not None:
        return subscription, rest
    first = text.split(maxsplit=1)[0]
    if first.removeprefix("#").isdecimal():
        raise NotFound(
            Sentence("This chat has no subscription {which}.", {"which": first}),
            Sentence("/list shows those that are there."),
        )
    raise Refused(
        Sentence("Say the number of a subscription first."), Sentence("For example: {example}", {"example": example})
    )


def no_subscriptions(context: CommandContext) -> Reply:
    """Returns the answer of a chat without subscriptions."""
    return Reply(lines=(context.say("There are no subscriptions yet. For example: /sub diffusion -survey"),))


def pick_list(
    context: CommandContext,
    question: str,
    verb: str,
    *,
    page: int = 0,
    replaces: bool = False,
    last: Sequence[Button] = (),
) -> Reply:
    """Asks which subscription is meant: eight buttons a page, each of which calls `verb` with its number.

    `last` are buttons below the list. If strangers can read the reply, it has no buttons and lists the subscriptions with the
    numbers to type.
    """
    subscriptions = [one.subscription for one in listed_here(context)]
    if not subscriptions:
        return no_subscriptions(context)
    if context.read_by_strangers:
        return Reply(
            lines=(
                question,
                *map(subscription_label, subscriptions[:_IN_PUBLIC]),
                *_not_shown(context, len(subscriptions) - _IN_PUBLIC),
            )
        )
    pages = range(0, len(subscriptions), A_PAGE)
    page = min(max(page, 0), len(pages) - 1)
    shown = subscriptions[pages[page] : pages[page] + A_PAGE]
    rows: list[tuple[Button, ...]] = [(_pick_button(subscription, verb),) for subscription in shown]
    rows.append(
        pager(context, page, len(pages), lambda to: Button(label="", verb=f"{verb}-page", arguments={"page": to}))
    )
    expect_answer(context, "answer-pick", {"verb": verb})
    return Reply(lines=(question,), buttons=(*rows, tuple(last)), replaces=replaces)


def _not_shown(context: CommandContext, left: int) -> tuple[str, ...]:
    if left <= 0:
        return ()
    one, many = "{count} more is not shown here; /list shows all.", "{count} more are not shown here; /list shows all."
    return (context.localizer.count(one, many, left),)


def pager(context: CommandContext, page: int, pages: int, to: Callable[[int], Button]) -> tuple[Button, ...]:
    """Returns buttons to the previous and the next page. `to` makes the button of a page, without its label."""
    found = []
    for label, number in ((context.say("back"), page - 1), (context.say("more"), page + 1)):
        if 0 <= number < pages:
            button = to(number)
            found.append(Button(label=label, verb=button.verb, arguments=button.arguments))
    return tuple(found)


def _pick_button(subscription: Subscription, verb: str) -> Button:
    words = " ".join(subscription.label.split())
    label = cut_letters(f"{subscription.number} {words}", _LABEL)
    return Button(label=label, verb=verb, arguments={"number": subscription.number})


def shown_buttons(context: CommandContext, buttons: Buttons) -> Buttons:
    """Returns the rows of buttons that are not empty; none where strangers could press them."""
    return () if context.read_by_strangers else tuple(row for row in buttons if row)
