"""The first words: start, with what a shared link offers; and what nobody understands."""

from dataclasses import replace

from bot.commands.changes import LANGUAGES
from bot.commands.subscribing import at, sub
from bot.commands.turn import Callback, Command, CommandContext
from bot.commands.wishes import days_i_know
from bot.ports.button import Button, Buttons
from bot.ports.reply import Reply
from subscriptions.errors import Sentence
from subscriptions.model import CallbackToken, ChatKind
from subscriptions.query import parse_query
from subscriptions.service.chats import find_callback
from subscriptions.service.papers import recent_matches
from subscriptions.service.subscriptions import set_setting

ADDED = "added"  # what our links that add the bot to a chat carry: the chat is greeted when the bot arrives
OFFER = "offer"  # the verb of links that share a subscription
_WITH_CATEGORIES = ("diffusion models", "cs.CL -survey", 'author:"Yann LeCun"')
_WITHOUT = ("diffusion models", '"large language models" -survey', 'author:"Yann LeCun"')
_LONGEST = 32  # characters of a word that is repeated to the person


def start(turn: CommandContext) -> Reply | None:
    """What this bot is, and examples that work; behind a shared link what it offers."""
    if turn.origin.kind is not ChatKind.PRIVATE:
        return _in_a_group(turn)
    if turn.args:
        link = find_callback(turn.store, turn.args)
        if link is not None and link.verb == OFFER and not link.place:
            return _offer(turn, turn.args, link)
        begin = _begin(turn)
        return replace(begin, lines=(turn.say("What that link led to is not there any more."), *begin.lines))
    return _begin(turn)


def _begin(turn: CommandContext) -> Reply:
    lines = (
        turn.say("I tell you when papers appear that you care about, once a day or at once."),
        turn.say("Send me words that such a paper holds, or press an example:"),
    )
    return Reply(lines=lines, buttons=_first_buttons(turn))


def _first_buttons(turn: CommandContext) -> Buttons:
    examples = _WITH_CATEGORIES if turn.bot_info.categorised else _WITHOUT
    rows: list[tuple[Button, ...]] = [
        (Button(label=query, verb="example", arguments={"query": query}),) for query in examples
    ]
    other = next(code for code in LANGUAGES if code != turn.origin.settings.lang)
    rows.append((Button(label=LANGUAGES[other], verb="speak", arguments={"lang": other}),))
    return (*rows, *add_row(turn))


def add_row(turn: CommandContext) -> Buttons:
    """The platform's own dialogues to add the bot to a group or channel, where there are such."""
    links, bot = turn.links
    if links is None:
        return ()
    group = Button(label=turn.say("add to group"), url=links.add_to_group(bot, ADDED))
    channel = Button(label=turn.say("add to channel"), url=links.add_to_channel(bot, ADDED))
    return ((group, channel),)


def _in_a_group(turn: CommandContext) -> Reply | None:
    """Two lines; none after our own link, since the chat was greeted when the bot arrived."""
    if turn.args == ADDED:
        return None
    if turn.origin.kind is ChatKind.TEAM:
        return Reply(
            lines=(
                turn.say("I tell this chat when papers appear that it asks for."),
                turn.say("For everybody here: /sub diffusion. I am quiet otherwise."),
            )
        )
    bot = turn.bot_info.bot_names.get(turn.origin.address.platform, "")
    command = f"/sub@{bot}" if bot else "/sub"
    return Reply(
        lines=(
            turn.say("I tell this chat when papers appear that it asks for."),
            turn.say("Admins: {command} diffusion. I am quiet otherwise.", command=command),
        )
    )


def press_example(turn: CommandContext) -> Reply:
    """Subscribes to an example."""
    return sub(replace(turn, args=str(turn.arguments["query"])))


def press_speak(turn: CommandContext) -> Reply:
    """The other language, and the first words in it."""
    chat = set_setting(
        turn.store, turn.origin.address, "lang", str(turn.arguments["lang"]), now=turn.now, who=turn.actor
    )
    voice = turn.localizer.speaking(chat.settings.lang, chat.settings.timezone)
    return replace(_begin(replace(turn, origin=chat, chat=chat, localizer=voice)), replaces=True)


# ------------------------------------------------------------------------------------------------- a shared subscription


def _offer(turn: CommandContext, payload: str, link: CallbackToken) -> Reply:
    """What a link offers: how it reads, when it would come, what it would have found."""
    text, when = str(link.arguments["text"]), str(link.arguments["when"])
    query = parse_query(text)
    lately = recent_matches(turn.store, query, now=turn.now, most=EXAMPLES)
    lines = [turn.say("Somebody shares a subscription with you:"), f"{turn.formatter.reading(query)} · {when}"]
    if lately.base.days:
        known = days_i_know(turn.localizer, lately.base)
        lines.append(
            turn.localizer.count("{count} paper in {days}.", "{count} papers in {days}.", lately.found, days=known)
        )
    lines += [f"· {turn.title(paper)}" for paper in lately.newest]
    accept = Button(label=turn.say("subscribe"), verb="accept", arguments={"link": payload})
    return Reply(lines=tuple(lines), buttons=((accept,),))


def press_accept(turn: CommandContext) -> Reply:
    """Subscribes to what was shared, as it is now."""
    link = find_callback(turn.store, str(turn.arguments["link"]))
    if link is None or link.verb != OFFER:
        return Reply(toast=turn.say("What that link led to is not there any more."))
    text, when = str(link.arguments["text"]), str(link.arguments["when"])
    return replace(at(turn, text, when), replaces=True)


# --------------------------------------------------------------------------------------------------- not understood


def unknown(turn: CommandContext) -> Reply:
    """A command that does not exist, and the nearest that does."""
    near = turn.registry.nearest(turn.args)
    name = turn.args[:_LONGEST]
    lines = [
        turn.say("I do not know “{name}”.", name=name)
        if turn.request.takes_bare_commands or not turn.request.command
        else turn.say("I do not know /{name}.", name=name)
    ]
    lines.append(turn.say("Did you mean /{name}?", name=near) if near else turn.say("/help lists what I know."))
    return Reply(lines=tuple(lines), ok=False)


UNKNOWN = Callback(run=unknown)
EXAMPLES = 3  # papers that an offer shows

COMMANDS = (Command(name="start", run=start, summary=Sentence("what this is"), listed=False, stays_here=True),)
PRESSES: dict[str, Callback] = {
    "example": Callback(run=press_example, needs_manager=True),
    "speak": Callback(run=press_speak, needs_manager=True),
    "accept": Callback(run=press_accept, needs_manager=True),
}
