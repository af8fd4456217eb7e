"""edit and name: change the query or the name of a subscription, which keeps its number and its history of deliveries."""

from dataclasses import replace

from bot.commands import asking, picking, typed_times
from bot.commands.confirmation import REWRITE, echo, edit_and_echo, edit_here
from bot.commands.context import Callback, Command, CommandContext, match_button, matching
from bot.commands.schedule import set_schedule
from bot.ports import channel
from subscriptions import errors
from subscriptions.model import Subscription
from subscriptions.planning.times import NoSuchTime, as_words, split_when
from subscriptions.query import links_in_text, parse, rewriting
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


def answer_edit(context: CommandContext, subscription: Subscription) -> channel.Reply | None:
    """Handles the answer to the question for the new query."""
    if _is_a_paper(context.args):
        return None
    return _edit(context, subscription, context.args)


def _ask_query(context: CommandContext, subscription: Subscription) -> channel.Reply:
    now = context.say("{number} asks for: {text}", number=subscription.number, text=subscription.text)
    if not asking.can_ask(context):
        example = context.say("Say it in one line: /edit {number} diffusion -survey", number=subscription.number)
        return channel.Reply(lines=(now, example))
    return asking.ask(
        context, "edit", {"number": subscription.number}, now, context.say("Write what it shall be instead.")
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
    try:
        with context.transaction.savepoint():
            done = edit_here(context, subscription.number, text, when=ending.when)
    except NoSuchTime as error:
        words = replace(_edit_button(subscription, as_words(typed)), label=context.say("as words"))
        return typed_times.time_refused(context, error, words)
    instead = context.reading(subscription.text)
    return echo(context, done, instead=instead)


def _query(subscription: Subscription, typed: str) -> str:
    """Returns the new query. A text that only excludes is added to the old one. Raises QueryError, Refused."""
    narrower = rewriting.with_exclusion(parse.parse_query(subscription.text), typed)
    return narrower.text if narrower else " ".join(typed.split())


def _queries(context: CommandContext) -> tuple[str, ...]:
    """Returns the new query that the arguments contain, without its time."""
    subscription, text = picking.number_and_rest(context, context.args)
    return () if subscription is None else (_query(subscription, split_when(text).query),)


def _query_of_answer(context: CommandContext) -> tuple[str, ...]:
    subscription = picking.subscription_numbered(context, context.arguments["number"])
    return () if subscription is None else (_query(subscription, split_when(context.args).query),)


def _edit_button(subscription: Subscription, text: str) -> channel.Button:
    return channel.Button(label="", verb="edit-at", arguments={"number": subscription.number, "text": text, "when": ""})


def on_rewrite(context: CommandContext, subscription: Subscription) -> channel.Reply:
    """Handles a button with a better query or an available time: changes the query, and the time if the button has one."""
    text, when = str(context.arguments["text"]), str(context.arguments.get("when", "")) or None
    return edit_and_echo(context, subscription, text, when=when)


def name(context: CommandContext) -> channel.Reply:
    """Names a subscription; "-" removes the name."""
    if context.args:
        subscription, text = picking.required_number(context, context.args, "/name 4 diffusion")
        number = subscription.number
        if text:
            return _name(context, subscription, text)
        if asking.can_ask(context):
            question = context.say("What do you want to call {number}? A - takes the name away.", number=number)
            return asking.ask(context, "name", {"number": number}, question)
    example = errors.Sentence("For example: {example}", {"example": "/name 4 diffusion"})
    raise errors.Refused(errors.Sentence("Say the number and the name."), example)


def answer_name(context: CommandContext, subscription: Subscription) -> channel.Reply | None:
    """Handles the answer to the question for the name."""
    if _is_a_paper(context.args):
        return None
    return _name(context, subscription, context.args)


def _is_a_paper(text: str) -> bool:
    """Returns whether a text is only the id of a paper or a link, so that it is neither a query nor a name."""
    names_one = len(text.split()) == 1 and bool(links_in_text.mentioned(text) or links_in_text.links_to_no_paper(text))
    return names_one and not parse.papers_named(text)


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


_rewrite = picking.on_subscription(on_rewrite)


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
        usage="N TEXT",
        summary=errors.Sentence("name a subscription"),
    ),
)

CALLBACKS = {
    "edit-ask": Callback(run=picking.on_subscription(_ask_query), needs_manager=True),
    "edit-ask-page": Callback(run=_which, writes=True, replaces=True),
    "edit-at": Callback(run=_rewrite, needs_manager=True, matches_ahead=match_button, replaces=True),
    REWRITE: Callback(run=_rewrite, needs_manager=True, matches_ahead=match_button, replaces=True),
    "edit": Callback(
        run=picking.on_subscription(answer_edit), needs_manager=True, matches_ahead=matching(_query_of_answer)
    ),
    "name": Callback(run=picking.on_subscription(answer_name), needs_manager=True),
}
