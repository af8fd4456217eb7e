"""start, also with the subscription of a shared link; and the answer to unknown commands."""

from dataclasses import replace

from bot.commands.context import Callback, Command, CommandContext
from bot.commands.phrasing.setting_words import LANGUAGES
from bot.commands.phrasing.subscription_words import days_known
from bot.commands.picking import shown_buttons
from bot.commands.subscriptions.subscribe import sub
from bot.commands.subscriptions.undo import subscribe_and_echo
from bot.ports.channel import Button, Buttons, Reply
from subscriptions.errors import PaperwireError, Sentence
from subscriptions.model import ChatKind
from subscriptions.planning.times._ending import read_when, split_when
from subscriptions.query.parse import parse_query
from subscriptions.service.amendments import set_settings
from subscriptions.service.chat_status import find_callback, text_of_payload
from subscriptions.service.paper_search import recent_matches

ADDED = "added"  # argument of links that add the bot to a chat, which is greeted when the bot arrives
OFFER = "offer"  # verb of links that share a subscription
_WITH_CATEGORIES = ("diffusion models", "cs.CL -survey", 'author:"Ranjay Krishna"')
_WITHOUT = ("diffusion models", '"large language models" -survey', 'author:"Ranjay Krishna"')
_LONGEST = 32  # characters of an unknown command that is repeated


def start(context: CommandContext) -> Reply | None:
    """Shows what the bot does, with examples that work; after a shared link, the subscription that the link offers."""
    if context.origin.kind is not ChatKind.PRIVATE:
        return _in_a_group(context)
    if context.args:
        offered = _offered(context, context.args)
        if offered is not None:
            return _offer(context, context.args, *offered)
        begin = _first_words(context)
        return replace(begin, lines=(context.say("What that link led to is not there any more."), *begin.lines))
    return _first_words(context)


def _first_words(context: CommandContext) -> Reply:
    lines = (
        context.say("I tell you when papers appear that you care about, once a day or at once."),
        context.say("Send me words that such a paper holds, or press an example:"),
    )
    return Reply(lines=lines, buttons=_first_buttons(context))


def _first_buttons(context: CommandContext) -> Buttons:
    examples = _WITH_CATEGORIES if context.bot_info.categorised else _WITHOUT
    rows: list[tuple[Button, ...]] = [
        (Button(label=query, verb="example", arguments={"query": query}),) for query in examples
    ]
    other = next(code for code in LANGUAGES if code != context.origin.settings.lang)
    rows.append((Button(label=LANGUAGES[other], verb="speak", arguments={"lang": other}),))
    return (*rows, *add_row(context))


def add_row(context: CommandContext) -> Buttons:
    """Returns buttons that open the platform's dialogues to add the bot to a group or channel; nothing if it has none."""
    links, bot = context.links
    if links is None:
        return ()
    group = Button(label=context.say("add to group"), url=links.add_to_group(bot, ADDED))
    channel = Button(label=context.say("add to channel"), url=links.add_to_channel(bot, ADDED))
    return ((group, channel),)


def _in_a_group(context: CommandContext) -> Reply | None:
    """Returns two lines for a group; None after a link that added the bot, since the group was greeted already."""
    if context.args == ADDED:
        return None
    if context.origin.kind is ChatKind.TEAM:
        return Reply(
            lines=(
                context.say("I tell this chat when papers appear that it asks for."),
                context.say("For everybody here: /sub diffusion. I am quiet otherwise."),
            )
        )
    bot = context.bot_info.bot_names.get(context.origin.address.platform, "")
    command = f"/sub@{bot}" if bot else "/sub"
    return Reply(
        lines=(
            context.say("I tell this chat when papers appear that it asks for."),
            context.say("Admins: {command} diffusion. I am quiet otherwise.", command=command),
        )
    )


def on_example(context: CommandContext) -> Reply:
    """Handles the button of an example: subscribes to the example."""
    return sub(replace(context, args=str(context.arguments["query"])))


def on_speak(context: CommandContext) -> Reply:
    """Handles the button of the other language: sets that language, and shows the first message in it."""
    chat = set_settings(
        context.store,
        context.origin.address,
        {"lang": str(context.arguments["lang"])},
        now=context.now,
        who=context.actor,
    )
    localizer = context.localizer.speaking(chat.settings.lang, chat.settings.timezone)
    return replace(_first_words(replace(context, origin=chat, chat=chat, localizer=localizer)), replaces=True)


# ------------------------------------------------------------------------------------------------- a shared subscription


def _offered(context: CommandContext, payload: str) -> tuple[str, str] | None:
    """Returns the (query, when) that a link offers: a shared subscription, or a query in the link itself."""
    token = find_callback(context.store, payload)
    if token is not None:
        is_offer = token.verb == OFFER and not token.place
        return (str(token.arguments["text"]), str(token.arguments["when"])) if is_offer else None
    ending = split_when(text_of_payload(payload))
    if ending.only_time:
        return None
    try:
        parse_query(ending.query)
        read_when(ending.when or "now")
    except PaperwireError:  # the link was made by hand
        return None
    return ending.query, ending.when or context.origin.settings.schedule


def _offer(context: CommandContext, payload: str, text: str, when: str) -> Reply:
    """Returns what a shared link offers: how the query reads, when it would deliver, what it would have found."""
    query = parse_query(text)
    lately = recent_matches(context.store, query, now=context.now, most=EXAMPLES)
    lines = [context.say("Somebody shares a subscription with you:"), f"{context.formatter.reading(query)} · {when}"]
    if lately.base.days:
        known = days_known(context.localizer, lately.base)
        lines.append(
            context.localizer.count("{count} paper in {days}.", "{count} papers in {days}.", lately.found, days=known)
        )
    lines += [f"· {context.title(paper)}" for paper in lately.newest]
    accept = Button(label=context.say("subscribe"), verb="accept", arguments={"link": payload})
    return Reply(lines=tuple(lines), buttons=((accept,),))


def _query_of_link(context: CommandContext) -> tuple[str, ...]:
    offered = _offered(context, str(context.arguments["link"]))
    return (offered[0],) if offered else ()


def on_accept(context: CommandContext) -> Reply:
    """Handles [subscribe] under a shared subscription."""
    offered = _offered(context, str(context.arguments["link"]))
    if offered is None:
        return Reply(toast=context.say("What that link led to is not there any more."))
    return replace(subscribe_and_echo(context, *offered), replaces=True)


# --------------------------------------------------------------------------------------------------- not understood


def unknown(context: CommandContext) -> Reply:
    """Answers an unknown command, with the nearest one that exists."""
    typed, _, rest = context.args.partition(" ")
    near, name = context.registry.nearest(typed), typed[:_LONGEST]
    lines = [
        context.say("I do not know “{name}”.", name=name)
        if context.message is None or context.message.takes_bare_commands or not context.message.command
        else context.say("I do not know /{name}.", name=name)
    ]
    lines.append(context.say("Did you mean /{name}?", name=near) if near else context.say("/help lists what I know."))
    meant = Button(label=f"/{near} {rest}".strip(), verb="do", arguments={"command": near, "args": rest})
    return Reply(lines=tuple(lines), ok=False, buttons=shown_buttons(context, ((meant,),)) if near else ())


UNKNOWN = Callback(run=unknown)
EXAMPLES = 3  # papers that a shared subscription shows

COMMANDS = (Command(name="start", run=start, summary=Sentence("what this is"), listed=False, stays_here=True),)
CALLBACKS: dict[str, Callback] = {
    "example": Callback(run=on_example, needs_manager=True),
    "speak": Callback(run=on_speak, needs_manager=True),
    "accept": Callback(run=on_accept, needs_manager=True, queries=_query_of_link),
}
