"""Asks what a command lacks: a text, by a question that is open for fifteen minutes, or a subscription, by buttons.

A person's next plain text answers the question: it is the rest of the command. A question is the same on every
platform. In a group only the person who was asked may answer, by a reply or with the bot's name; their rights are
checked again, as for a command that they type. A question ends at the person's next message or press: an answer, “no”, a
command, any other button, a text that does not look like an answer. If the answer is refused, it stays open.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from bot.commands.base import Callback, CommandFunction, Context, refusal
from bot.commands.phrasing import shortened, subscription_labels
from bot.free_text.bare_commands import NUMBERS
from bot.messages import Button, Reply, Row
from subscriptions.chats import known as known_chats
from subscriptions.chats.known import Listed
from subscriptions.chats.stored import chats as stored_chats
from subscriptions.chats.stored import conversations
from subscriptions.database.store import Transaction
from subscriptions.errors import NotFound, Sentence
from subscriptions.model import CallbackToken, ChatAddress, ChatKind, Subscription
from subscriptions.text.forms import folded

QUESTION = "question"  # what is remembered of a person who was asked
WITHIN = timedelta(minutes=15)
_BACKS_OUT = r"no|nope|cancel|never ?mind|nvm|forget (?:it|that)|nothing|wrong (?:button|one)|sorry|oops|wait|not now|取消|算了|不用|不要了|不改了|没事"
_BESIDE = r"it|that|this|actually|thanks|thank you|please|谢谢|了|吧"
_ENDS = re.compile(rf"(?=.{{0,20}}(?:{_BACKS_OUT}))(?:(?:{_BACKS_OUT}|{_BESIDE})(?![a-z])[\s,.;!，。；！]*)+")
A_PAGE = 8  # subscriptions on a page
_IN_PUBLIC = 20  # most subscriptions in a list without buttons
_LABEL = 40  # characters of a button's label


def ask(context: Context, verb: str, *lines: str, **arguments: object) -> Reply:
    """Store and return the question `lines`; the person's next plain text goes to `verb`, a command or a callback."""
    if not expect(context, verb, **arguments):
        return Reply(lines)
    if context.origin.kind is not ChatKind.PRIVATE:
        by_name = Sentence("Answer with my name before it.")
        by_reply = Sentence("Answer by a reply to this message, or with my name before it.")
        lines += (context.say(by_name if context.origin.kind is ChatKind.TEAM else by_reply),)
    cancel = context.button("cancel", "cancel", only_for=context.request.sender)
    return Reply(lines, buttons=((cancel,),))


def expect(context: Context, verb: str, **arguments: object) -> bool:
    """Store that the person's next plain text may answer a question. Return whether somebody can answer here."""
    if not context.request.sender or context.origin.kind is ChatKind.BROADCAST:
        return False
    context.remember(QUESTION, arguments, lasts=WITHIN, verb=verb)
    return True


def question_to(transaction: Transaction, place: ChatAddress, person: str, now: datetime) -> CallbackToken | None:
    """Return the open question to a person in a chat; None if there is none or it is too old."""
    home = stored_chats.home_of(transaction, place)
    return home and conversations.remembered(transaction, home.id, QUESTION, person=person, now=now)


def ends(text: str) -> bool:
    """Return whether a text only ends the question that is open: "no", "sorry, wrong button"."""
    return _ENDS.fullmatch(folded(text).strip()) is not None


def lacks_text(context: Context) -> bool:
    """Return whether a command has no text, so that it asks for one."""
    return not context.args.strip()


def on_cancel(context: Context) -> Reply:
    """Handle [cancel] under a question, and “no”: drops the question."""
    context.drop(QUESTION)
    return context.reply("Nothing is changed.", ok=True)


def listed_here(context: Context) -> tuple[Listed, ...]:
    """Return the subscriptions of the chat, sorted by number."""
    return tuple(known_chats.listed_in(context.transaction, [context.chat]))


def subscriptions_here(context: Context) -> list[Subscription]:
    """Like `listed_here`, but returns only the subscriptions."""
    return [one.subscription for one in listed_here(context)]


def subscription_of_button(context: Context) -> Subscription | None:
    """Return the subscription that a button or a question names, by its id; None if it is gone."""
    named = context.arguments.get("subscription")
    return next((one for one in subscriptions_here(context) if one.id == named), None)


def subscription_numbered(context: Context, number: object) -> Subscription | None:
    """Return the subscription with this number; None if there is none."""
    return next((one for one in subscriptions_here(context) if one.number == number), None)


def on_subscription(run: Callable[[Context, Subscription], Reply | None]) -> CommandFunction:
    """Return a handler of a button or an answer.

    It calls `run` with the subscription that is meant; if that is gone, it says so.
    """

    def handle(context: Context) -> Reply | None:
        if subscription := subscription_of_button(context):
            return run(context, subscription)
        gone = context.say("That subscription is gone. /list shows those that are there.")
        return Reply((gone,), ok=False) if context.message else Reply(toast=gone)

    return handle


def on_all_or_one(run: Callable[[Context, Subscription | None], Reply | None]) -> CommandFunction:
    """Return a handler that calls `run` with the subscription that the button names, or with None for all."""
    one = on_subscription(run)

    def handle(context: Context) -> Reply | None:
        return run(context, None) if context.arguments.get("subscription") is None else one(context)

    return handle


def not_found(which: str) -> NotFound:
    """Return the error for a number, several numbers, or a query that no subscription of the chat has."""
    said = Sentence("No subscription of this chat asks for “{which}”.", {"which": which})
    if which.removeprefix("#").isdecimal() or re.fullmatch(NUMBERS, which):
        said = Sentence("This chat has no subscription {which}.", {"which": which})
    return NotFound(said, Sentence("/list shows those that are there."))


def number_and_rest(context: Context, text: str) -> tuple[Subscription | None, str]:
    """Return (the subscription whose number is the first word, the other words); (None, text) if there is none.

    A text may also begin with the whole name or query of a subscription.
    """
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    if found := subscription_numbered(context, known_chats.typed_number(first)):
        return found, text.strip()[len(first) :].strip()
    plain = f"{text.strip()} ".casefold()
    names = {name: one for one in subscriptions_here(context) for name in (one.name, one.text) if name}
    name = max((name for name in names if plain.startswith(f"{name} ".casefold())), key=len, default="")
    return names.get(name), text.strip()[len(name) :].strip()


def required_number(context: Context, text: str, example: str) -> tuple[Subscription, str]:
    """Like `number_and_rest`, but raises NotFound or Refused without such a number.

    The hint of Refused shows `example`.
    """
    subscription, rest = number_and_rest(context, text)
    if subscription is not None:
        return subscription, rest
    first = text.split(maxsplit=1)[0]
    if first.removeprefix("#").isdecimal():
        raise not_found(first)
    raise refusal("Say the number of a subscription first.", "For example: {example}", example=context.typed(example))


def no_subscriptions(context: Context) -> Reply:
    """Return the reply that says that the chat has no subscriptions."""
    return context.reply("There are no subscriptions yet. For example: /sub diffusion -survey")


def pick_list(context: Context, question: str, verb: str, *, everything: str = "") -> Reply:
    """Return a reply that asks which subscription is meant: eight buttons a page, which call `verb` with its id.

    `everything` is the verb of a button below the list for all of them. If strangers can read the reply, it has no
    buttons and lists the subscriptions with the numbers to type.
    """
    subscriptions = subscriptions_here(context)
    if not subscriptions:
        return no_subscriptions(context)
    if context.read_by_strangers:
        return Reply((question, *subscription_labels(subscriptions, context.localizer, most=_IN_PUBLIC)))
    pages = range(0, len(subscriptions), A_PAGE)
    page = min(int(context.arguments.get("page", 0)), len(pages) - 1)
    shown = subscriptions[pages[page] : pages[page] + A_PAGE]
    rows = [(subscription_button(context, one, verb),) for one in shown]
    asked = {"question": question, "verb": verb, "everything": everything}
    turned = pager(context, page, len(pages), "pick", asked)
    last = (context.button("remove all", everything),) if everything else ()
    return Reply((question,), buttons=(*rows, turned, last))


def on_pick(context: Context) -> Reply:
    """Handle [previous page] and [next page] of a list to pick from."""
    asked = {name: str(context.arguments[name]) for name in ("question", "verb", "everything")}
    return pick_list(context, **asked)


def subscription_button(context: Context, subscription: Subscription, verb: str) -> Button:
    """Return a button with the number and the name or query of a subscription, which calls `verb` with its id."""
    return context.labelled(
        shortened(f"{subscription.number} {subscription.label}", _LABEL), verb, subscription=subscription.id
    )


def pager(context: Context, page: int, pages: int, turns: str, arguments: Mapping[str, str] | None = None) -> Row:
    """Return [previous page] and [next page], if there are such pages; they call the verb `turns`."""
    ways = ((context.say("previous page"), page - 1), (context.say("next page"), page + 1))
    return tuple(
        Button(label, verb=turns, arguments={**(arguments or {}), "page": to}) for label, to in ways if 0 <= to < pages
    )


CALLBACKS = {
    "cancel": Callback(on_cancel, stays_here=True, writes=True, replaces=True),
    "pick": Callback(on_pick, replaces=True),
}
