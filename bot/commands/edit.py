"""edit and name: change the query or the name of a subscription, which keeps its number and its history of deliveries."""

from bot.commands import asking, picking
from bot.commands.confirmation import REWRITE, edit_and_echo
from bot.commands.context import Callback, Command, CommandContext, match_button, matching
from bot.commands.schedule import set_schedule
from bot.ports import channel
from subscriptions import errors
from subscriptions.model import Subscription
from subscriptions.planning.times import split_when
from subscriptions.query import parse, rewriting
from subscriptions.service import amendments

_NO_NAME = frozenset({"-", "off"})


def edit_(context: CommandContext) -> channel.Reply:
    """Changes the query of a subscription, and its time if a time follows the query. Without a query, asks for it."""
    if not context.args:
        return _which(context)
    subscription, text = picking.required_number(context, context.args, "/edit 4 diffusion -survey")
    if text:
        return _edit(context, subscription, text)
    return _ask_query(context, subscription)


def _which(context: CommandContext) -> channel.Reply:
    return picking.pick_list(
        context, context.say("Which one do you want to change? /edit N QUERY does it, too."), "edit-ask"
    )


def _ask_query(context: CommandContext, subscription: Subscription) -> channel.Reply:
    now = context.say("{number} asks for: {text}", number=subscription.number, text=subscription.text)
    return asking.ask(
        context, "edit", now, context.say("Write what it shall be instead."), begins=str(subscription.number)
    )


def _edit(context: CommandContext, subscription: Subscription, typed: str) -> channel.Reply:
    ending = split_when(typed)
    if ending.only_time:  # a time without a query changes only the time
        return set_schedule(context, subscription, typed)
    try:
        text = _query(subscription, ending.query)
    except errors.QueryError as error:  # the caret is shown below all arguments, which begin with the number
        before = len(context.args) - len(typed)
        raise errors.QueryError(error.sentence, error.hint, error.column + before) from None
    return edit_and_echo(context, subscription, text, when=ending.when)


def _query(subscription: Subscription, typed: str) -> str:
    """Returns the new query. A text that only excludes is added to the old one. Raises QueryError, Refused."""
    narrower = rewriting.with_exclusion(parse.parse_query(subscription.text), typed)
    return narrower.text if narrower else " ".join(typed.split())


def _queries(context: CommandContext) -> tuple[str, ...]:
    """Returns the new query that the arguments contain, without its time."""
    subscription, text = picking.number_and_rest(context, context.args)
    return () if subscription is None else (_query(subscription, split_when(text).query),)


def on_rewrite(context: CommandContext, subscription: Subscription) -> channel.Reply:
    """Handles a button with a better query: changes the query."""
    return edit_and_echo(context, subscription, str(context.arguments["text"]))


def name(context: CommandContext) -> channel.Reply:
    """Names a subscription; "-" removes the name. Without a name, asks for it."""
    if not context.args:
        return picking.pick_list(context, context.say("Which one do you want to name?"), "name-ask")
    subscription, text = picking.required_number(context, context.args, "/name 4 diffusion")
    if text:
        return _name(context, subscription, text)
    return _ask_name(context, subscription)


def _ask_name(context: CommandContext, subscription: Subscription) -> channel.Reply:
    question = context.say("What do you want to call {number}? A - takes the name away.", number=subscription.number)
    return asking.ask(context, "name", question, begins=str(subscription.number))


def _name(context: CommandContext, subscription: Subscription, text: str) -> channel.Reply:
    called = "" if text.strip().casefold() in _NO_NAME else text
    try:
        done = amendments.rename(
            context.transaction, context.chat.address, subscription.number, called, now=context.now, who=context.actor
        )
    except errors.Refused as error:
        example = errors.Sentence("For example: /name {number} diffusion", {"number": subscription.number})
        raise errors.Refused(error.sentence, example) from None
    if done.name == subscription.name and done.name:
        return context.reply("It is called that already.")
    if done.name == subscription.name:
        return context.reply("It has no name.")
    if not done.name:
        said = context.say("{number} has no name any more: {text}", number=done.number, text=done.text)
    else:
        said = context.say("{number} is called {name} now.", number=done.number, name=done.name)
    return context.done(said, buttons=context.undo_row)


COMMANDS = (
    Command(
        name="edit",
        examples=("/edit 1 diffusion -survey",),
        run=edit_,
        needs_manager=True,
        matches_ahead=matching(_queries),
        shows_without_args=True,
        usage="N QUERY",
        summary=errors.Sentence("change a subscription"),
    ),
    Command(
        name="name",
        examples=("/name 1 Diffusion",),
        run=name,
        needs_manager=True,
        shows_without_args=True,
        usage="N TEXT",
        summary=errors.Sentence("name a subscription"),
    ),
)

CALLBACKS = {
    "edit-ask": Callback(run=picking.on_subscription(_ask_query), needs_manager=True),
    REWRITE: Callback(
        run=picking.on_subscription(on_rewrite), needs_manager=True, matches_ahead=match_button, replaces=True
    ),
    "name-ask": Callback(run=picking.on_subscription(_ask_name), needs_manager=True),
}
