"""The command start, and shared links: the first words to a person or group, the examples to press, [add to group]."""

from dataclasses import replace

from bot.commands import phrasing
from bot.commands.confirmation import subscribe_and_echo
from bot.commands.context import Callback, Command, CommandContext, matching, with_chat
from bot.commands.pause import resume_
from bot.ports.channel import Button, Buttons, Reply
from subscriptions import errors
from subscriptions.model import ChatKind
from subscriptions.planning.times import read_when, split_when
from subscriptions.query.parse import parse_query
from subscriptions.service import link_payloads
from subscriptions.service.amendments import set_settings
from subscriptions.service.recent_matches import recent_matches
from subscriptions.states import ChatState

ADDED = "added"  # argument of links that add the bot to a chat, which is greeted when the bot arrives
_WITH_CATEGORIES = ("diffusion models", "cs.CL -survey", 'author:"Ranjay Krishna"')
_WITHOUT = ("diffusion models", '"large language models" -survey', 'author:"Ranjay Krishna"')


def start(context: CommandContext) -> Reply | None:
    """Shows what the bot does, with examples that work; after a shared link, shows the subscription that it offers."""
    if context.origin.kind is not ChatKind.PRIVATE:
        return _in_a_group(context)
    if _is_paused(context) and not context.args:
        return resume_(context)
    begin = _first_words(context)
    if not context.args:
        return begin
    if (offered := _offered(context, context.args)) is not None:
        return _offer(context, context.args, *offered)
    return replace(begin, lines=(context.say("What that link led to is not there any more."), *begin.lines))


def _is_paused(context: CommandContext) -> bool:
    """Returns whether /start ends a pause, as /resume does."""
    return context.is_about_own_chat and context.chat.state is ChatState.PAUSED


def _first_words(context: CommandContext) -> Reply:
    lines = (
        context.say("I tell you when papers appear that you care about, once a day or at once."),
        context.say("Send me words that such a paper contains, or press an example:"),
    )
    return Reply(lines=lines, buttons=_first_buttons(context))


def _first_buttons(context: CommandContext) -> Buttons:
    examples = _WITH_CATEGORIES if context.bot_info.categorised else _WITHOUT
    rows = tuple((context.labelled(query, "subscribe-to", text=query),) for query in examples)
    other = next(code for code in phrasing.LANGUAGES if code != context.origin.settings.lang)
    speak = context.labelled(phrasing.LANGUAGES[other], "speak", lang=other)
    return (*rows, (speak,), *add_row(context))


def add_row(context: CommandContext) -> Buttons:
    """Returns buttons that add the bot to a group or channel; none on platforms without such links."""
    links, bot = context.links
    if links is None:
        return ()
    group = Button(label=context.say("add to group"), url=links.add_to_group(bot, ADDED))
    channel = Button(label=context.say("add to channel"), url=links.add_to_channel(bot, ADDED))
    return ((group, channel),)


def _in_a_group(context: CommandContext) -> Reply | None:
    """Returns two lines for a group. After a link that added the bot, returns None, since the group was greeted already."""
    if context.args == ADDED:
        return None
    return Reply(lines=(context.say("I tell this chat when papers appear that it asks for."), how_to_begin(context)))


def how_to_begin(context: CommandContext) -> str:
    """Returns a sentence that says who may subscribe a group, and how."""
    if context.origin.kind is ChatKind.TEAM:
        return context.say("For everybody here: /sub diffusion. I am quiet otherwise.")
    bot = context.bot_info.bot_names.get(context.origin.address.platform, "")
    return context.say("Admins: {command} diffusion. I am quiet otherwise.", command=f"/sub@{bot}" if bot else "/sub")


def on_speak(context: CommandContext) -> Reply:
    """Handles the button of the other language: sets that language, and shows the first message again in it."""
    chosen = {"lang": str(context.arguments["lang"])}
    chat = set_settings(context.transaction, context.origin.address, chosen, now=context.now, who=context.actor)
    return _first_words(with_chat(context, chat))


def _offered(context: CommandContext, payload: str) -> tuple[str, str] | None:
    """Returns (query, time) that a link offers; None if it offers none."""
    ending = split_when(link_payloads.text_of_payload(payload))
    if ending.only_time:
        return None
    try:
        parse_query(ending.query)
        read_when(ending.when or "now")
    except errors.PaperwireError:  # a person wrote the link, so its text may be anything
        return None
    return ending.query, ending.when or context.origin.settings.schedule


def _offer(context: CommandContext, payload: str, text: str, when: str) -> Reply:
    """Returns the reply that shows an offered subscription: its query in words, its time, what it would have found."""
    query = parse_query(text)
    lately = recent_matches(context.transaction, query, now=context.now, most=_PAPERS_SHOWN)
    lines = [context.say("Someone shares a subscription with you:"), f"{context.reading(query)} · {when}"]
    if lately.base.days:
        lines.append(phrasing.found_in(context.localizer, lately.found, lately.base))
    lines += [f"· {context.title(paper)}" for paper in lately.newest]
    accept = context.button("subscribe", "accept", link=payload)
    return Reply(lines=tuple(lines), buttons=((accept,),))


def _query_of_link(context: CommandContext) -> tuple[str, ...]:
    offered = _offered(context, str(context.arguments["link"]))
    return (offered[0],) if offered else ()


def on_accept(context: CommandContext) -> Reply:
    """Handles [subscribe] under a shared subscription."""
    offered = _offered(context, str(context.arguments["link"]))
    if offered is None:
        return context.toast("What that link led to is not there any more.")
    return subscribe_and_echo(context, *offered)


_PAPERS_SHOWN = 3  # papers that the offer of a subscription shows


COMMANDS = (
    Command(
        name="start",
        examples=("/start",),
        run=start,
        writes=_is_paused,
        summary=errors.Sentence("what this is"),
        listed=False,
    ),
)

CALLBACKS: dict[str, Callback] = {
    "speak": Callback(run=on_speak, needs_manager=True, replaces=True),
    "accept": Callback(run=on_accept, needs_manager=True, matches_ahead=matching(_query_of_link), replaces=True),
}
