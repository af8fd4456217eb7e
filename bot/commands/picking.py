"""Picks a subscription of the chat: by its number, its query or a button of a list; how many buttons a page has."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from bot.commands import phrasing
from bot.commands.context import Callback, CommandContext, CommandFunction, refusal
from bot.ports import channel, conversation
from subscriptions import errors, model
from subscriptions.service import known_chats
from subscriptions.service.known_chats import Listed
from subscriptions.texts.cutting import cut_letters

A_PAGE = 8  # subscriptions on a page
_IN_PUBLIC = 20  # most subscriptions in a list without buttons
_LABEL = 40  # characters of a button's label
_LIST = errors.Sentence("/list shows those that are there.")
NUMBERS = r"#?\d{1,6}(?:(?:\s*[,，、和]\s*|\s+(?:and\s+)?)#?\d{1,6})*"  # one number, or several: "1, 2 and 4"


def listed_here(context: CommandContext) -> tuple[Listed, ...]:
    """Returns the subscriptions of the chat, sorted by number."""
    return tuple(known_chats.listed_in(context.transaction, [context.chat]))


def subscriptions_here(context: CommandContext) -> list[model.Subscription]:
    """Like `listed_here`, but returns only the subscriptions."""
    return [one.subscription for one in listed_here(context)]


def subscription_of_button(context: CommandContext) -> model.Subscription | None:
    """Returns the subscription that a button or a question names, by its id; None if it is gone."""
    wanted = context.arguments.get("subscription")
    return next((one for one in subscriptions_here(context) if one.id == wanted), None)


def subscription_numbered(context: CommandContext, number: object) -> model.Subscription | None:
    """Returns the subscription with this number; None if there is none."""
    return next((one for one in subscriptions_here(context) if one.number == number), None)


def on_subscription(run: Callable[[CommandContext, model.Subscription], channel.Reply | None]) -> CommandFunction:
    """Returns a handler of a button or an answer.

    It calls `run` with the subscription that is meant; if that is gone, it says so.
    """

    def handle(context: CommandContext) -> channel.Reply | None:
        subscription = subscription_of_button(context)
        if subscription is not None:
            return run(context, subscription)
        gone = subscription_gone(context)
        if isinstance(context.request, conversation.CallbackRequest):
            return gone
        return channel.Reply(lines=(gone.toast,), ok=False)

    return handle


def on_all_or_one(run: Callable[[CommandContext, model.Subscription | None], channel.Reply | None]) -> CommandFunction:
    """Returns a handler of a button that calls `run` with the subscription that the button names, or with None for all."""
    one = on_subscription(run)

    def handle(context: CommandContext) -> channel.Reply | None:
        if context.arguments.get("subscription") is None:
            return run(context, None)
        return one(context)

    return handle


def subscription_gone(context: CommandContext) -> channel.Reply:
    """Returns the reply to a button whose subscription no longer exists."""
    return context.toast("That subscription is gone. /list shows those that are there.")


def subscription_named(context: CommandContext, which: str) -> model.Subscription:
    """Returns the subscription with this number or query. Raises NotFound, QueryError."""
    if found := known_chats.named(subscriptions_here(context), which):
        return found
    raise not_found(which.strip())


def not_found(which: str) -> errors.NotFound:
    """Returns the error for a number or a query that no subscription of the chat has."""
    text = which.removeprefix("#")
    if text.isdecimal():
        return number_not_found(which)
    words = errors.Sentence("No subscription of this chat asks for “{which}”.", {"which": which})
    return errors.NotFound(words, _LIST)


def number_not_found(which: str) -> errors.NotFound:
    """Returns the error for a number, or several, that no subscription of the chat has."""
    return errors.NotFound(errors.Sentence("This chat has no subscription {which}.", {"which": which}), _LIST)


def number_and_rest(context: CommandContext, text: str) -> tuple[model.Subscription | None, str]:
    """Returns (the subscription whose number is the first word, the other words); (None, text) if there is none.

    A text may also begin with the whole name or query of a subscription.
    """
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    if found := subscription_numbered(context, known_chats.typed_number(first)):
        return found, text.strip()[len(first) :].strip()
    plain = f"{text.strip()} ".casefold()
    there = subscriptions_here(context)
    named = [(name, one) for one in there for name in (one.name, one.text) if plain.startswith(f"{name} ".casefold())]
    name, found = max(((name, one) for name, one in named if name), key=lambda it: len(it[0]), default=("", None))
    return found, text.strip()[len(name) :].strip()


def required_number(context: CommandContext, text: str, example: str) -> tuple[model.Subscription, str]:
    """Like `number_and_rest`, but raises NotFound or Refused without such a number.

    The hint of Refused shows `example`.
    """
    subscription, rest = number_and_rest(context, text)
    if subscription is not None:
        return subscription, rest
    first = text.split(maxsplit=1)[0]
    if first.removeprefix("#").isdecimal():
        raise number_not_found(first)
    raise refusal("Say the number of a subscription first.", "For example: {example}", example=context.typed(example))


def no_subscriptions(context: CommandContext) -> channel.Reply:
    """Returns the reply that says that the chat has no subscriptions."""
    return context.reply("There are no subscriptions yet. For example: /sub diffusion -survey")


def pick_list(context: CommandContext, question: str, verb: str, *, everything: str = "") -> channel.Reply:
    """Returns a reply that asks which subscription is meant: eight buttons a page, each of which calls `verb` with its id.

    `everything` is the verb of a button below the list for all of them. If strangers can read the reply, it has no buttons
    and lists the subscriptions with the numbers to type.
    """
    subscriptions = subscriptions_here(context)
    if not subscriptions:
        return no_subscriptions(context)
    if context.read_by_strangers:
        left_out = not_shown(context, len(subscriptions) - _IN_PUBLIC)
        return channel.Reply(lines=(question, *map(phrasing.subscription_label, subscriptions[:_IN_PUBLIC]), *left_out))
    pages = range(0, len(subscriptions), A_PAGE)
    page = min(int(context.arguments.get("page", 0)), len(pages) - 1)
    shown = subscriptions[pages[page] : pages[page] + A_PAGE]
    rows = [
        (
            context.labelled(
                cut_letters(" ".join(f"{one.number} {one.label}".split()), _LABEL), verb, subscription=one.id
            ),
        )
        for one in shown
    ]
    asked = {"question": question, "verb": verb, "everything": everything}
    turned = pager(context, page, len(pages), "pick", asked)
    last = (context.button("remove all", everything),) if everything else ()
    return channel.Reply(lines=(question,), buttons=(*rows, turned, last))


def on_pick(context: CommandContext) -> channel.Reply:
    """Handles [previous page] and [next page] of a list to pick from."""
    asked = {name: str(context.arguments[name]) for name in ("question", "verb", "everything")}
    return pick_list(context, **asked)


def not_shown(context: CommandContext, left: int) -> tuple[str, ...]:
    """Returns a line that says how many subscriptions are left out, if any are."""
    if left <= 0:
        return ()
    said = context.count(
        "{count} more is not shown here; /list shows all.",
        "{count} more are not shown here; /list shows all.",
        left,
    )
    return (said,)


def pager(
    context: CommandContext, page: int, pages: int, turns: str, arguments: Mapping[str, str] = MappingProxyType({})
) -> channel.Row:
    """Returns [previous page] and [next page], if there are such pages; they call the verb `turns`."""
    ways = ((context.say("previous page"), page - 1), (context.say("next page"), page + 1))
    return tuple(
        channel.Button(label=label, verb=turns, arguments={**arguments, "page": to})
        for label, to in ways
        if 0 <= to < pages
    )


CALLBACKS = {"pick": Callback(run=on_pick, replaces=True)}
