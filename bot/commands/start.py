"""start and help: the first words, shared links, examples and topics, and the reply to unknown commands."""

from collections.abc import Mapping
from dataclasses import replace

from bot.commands.base import Callback, Change, Command, Context, with_chat
from bot.commands.pause import resume_
from bot.commands.phrasing import cadence_words, found_in
from bot.messages import Button, Reply, Row
from bot.release import installed_version
from subscriptions.errors import PaperwireError, Sentence, sentences
from subscriptions.language import LANGUAGES
from subscriptions.model import ChatKind, ChatState
from subscriptions.plan.previews import recent_matches
from subscriptions.query import FIELDS
from subscriptions.query.parse import parse_query
from subscriptions.schedule.times import read_when, split_when
from subscriptions.subscribing.export_format import text_of_payload
from subscriptions.subscribing.subscribe import set_settings

ADDED = "added"  # argument of links that add the bot to a chat, which is greeted when the bot arrives
_EXAMPLES = ("diffusion models", "cs.CL -survey", 'author:"Ranjay Krishna"')
_PAPERS_SHOWN = 3  # papers that the offer of a subscription shows
_LONGEST = 32  # characters of an unknown command that the reply repeats
_IN_GROUP = 4  # examples of a topic that a group sees
ALL = "all"  # the topic that lists all commands
_ALL = (ALL, "more", "commands", "全部", "更多", "命令")
# arXiv requires exactly these words (info.arxiv.org/help/api/tou).
THANKS = "Thank you to arXiv for use of its open access interoperability."

_OPERATORS = (Sentence("For operators"), ("allow", "deny"))
_PURPOSES = (
    (Sentence("Subscriptions"), ("sub", "list", "edit", "name", "schedule", "pause", "resume", "unsub", "undo")),
    (Sentence("Papers"), ("today", "search", "like", "save", "saved", "why")),
    (Sentence("This chat"), ("set", "lang", "timezone", "email", "status")),
    (Sentence("To take along"), ("export", "import", "share", "feed", "library")),
    (Sentence("About me"), ("privacy", "forget")),
)
TOPICS = sentences(
    {
        "query": "how to ask",
        "when": "the times",
        "about": "what this is, and thanks",
    }
)

QUERIES = {
    **sentences(
        {
            "graph transformer": "both words",
            '"graph transformer"': "side by side",
            "rlhf OR dpo": "one of them",
            "diffusion -survey": "the first without the second",
        }
    ),
    **dict(field.help for field in FIELDS if field.help),
    **sentences({"neuro*": "words that begin so", "=RAG": "exactly so, in capitals"}),
}
WHENS = sentences(
    {
        "now": "as soon as papers come",
        "when-out 08:00-20:00": "once a day, as soon as the day's papers are out",
        "daily 9": "every day at nine",
        "weekdays at 8:30": "Monday to Friday",
        "weekly mon 9": "once a week",
        "daily 9 Berlin": "by the clock of a place",
        "每天早上8点": "the usual words, in English and Chinese",
    }
)


def start(context: Context) -> Reply | None:
    """Show what the bot does, with examples that work; after a shared link, shows the subscription that it offers.

    In a chat that is paused, ends the pause. A group gets two lines; after a link that added the bot, none, since the
    group was greeted already.
    """
    if _is_paused(context) and not context.args:
        return resume_(context)
    if context.origin.kind is not ChatKind.PRIVATE:
        head = context.say("I tell this chat when papers appear that it asks for.")
        return None if context.args == ADDED else Reply((head, how_to_begin(context)))
    if offer := _offer(context):
        return offer
    begin = _first_words(context)
    if not context.args:
        return begin
    return replace(begin, lines=(context.say("What that link led to is not there any more."), *begin.lines))


def _is_paused(context: Context) -> bool:
    """Return whether /start ends a pause, as /resume does."""
    return context.is_about_here and context.chat.state is ChatState.PAUSED


def _first_words(context: Context) -> Reply:
    rows = [(context.labelled(query, "subscribe-to", text=query),) for query in _EXAMPLES]
    return context.reply(
        "I tell you when papers appear that you care about, once a day or at once.",
        "Send me words that such a paper contains, or press an example:",
        buttons=(*rows, (speak_button(context),), _links_to_add(context)),
    )


def speak_button(context: Context) -> Button:
    """Return the button of the other language."""
    other = next(code for code in LANGUAGES if code != context.origin.settings.lang)
    return context.labelled(LANGUAGES[other], "speak", lang=other)


def _links_to_add(context: Context) -> Row:
    """Return buttons that add the bot to a group or channel; none on platforms without such links."""
    links, bot = context.links
    if links is None:
        return ()
    group = Button(context.say("add to group"), url=links.add_to_group(bot, ADDED))
    return (group, Button(context.say("add to channel"), url=links.add_to_channel(bot, ADDED)))


def how_to_begin(context: Context) -> str:
    """Return a sentence that says who may subscribe a group, and how."""
    if context.origin.kind is ChatKind.TEAM:
        return context.say("For everybody here: /sub diffusion. I am quiet otherwise.")
    bot = context.app.bot_names.get(context.origin.address.platform, "")
    return context.say("Admins: {command} diffusion. I am quiet otherwise.", command=f"/sub@{bot}" if bot else "/sub")


def on_speak(context: Context) -> Reply:
    """Handle the button of the other language: set that language, and show the first message again in it."""
    chosen = {"lang": str(context.arguments["lang"])}
    chat = set_settings(context.transaction, context.origin.address, chosen, now=context.now, who=context.actor)
    return _first_words(with_chat(context, chat))


def _offer(context: Context) -> Reply | None:
    """Show the subscription that a link offers: its query in words, its time, what it would have found.

    Return None if the link offers none.
    """
    ending = split_when(text_of_payload(context.args))
    text, when = ending.query, ending.when or context.origin.settings.schedule
    try:
        query, read = parse_query(text), read_when(when)
    except PaperwireError:  # a person wrote the link, so its text may be anything
        return None
    context.ask_for_vectors(query.asked)
    lately = recent_matches(context.transaction, query, now=context.now)
    time = cadence_words(read.cadence, context.localizer, read.zone)
    lines = [context.say("Someone shares a subscription with you:"), f"{context.reading(query)} · {time}"]
    if lately.base.days:
        lines.append(found_in(context.localizer, len(lately.papers), lately.base))
    lines += [f"· {context.title(paper)}" for paper in lately.newest(context.transaction, _PAPERS_SHOWN)]
    return Reply(lines, buttons=((context.button("subscribe", "subscribe-at", text=text, when=when),),))


def unknown(context: Context) -> Reply:
    """Return the reply to an unknown command, with a button for the most similar known one."""
    typed, _, rest = context.args.partition(" ")
    near, name = context.registry.nearest(typed), typed[:_LONGEST]
    head = Sentence("I do not know “{name}”.", {"name": name})
    if context.message and context.message.command and not context.message.takes_bare_commands:
        head = Sentence("I do not know {name}.", {"name": f"/{name}"})
    if not near:
        return context.reply(head, "/help lists what I know.", ok=False)
    meant = Sentence("Did you mean /{name}?", {"name": near})
    return context.reply(head, meant, ok=False, buttons=((context.runs(near, rest),),))


def help_(context: Context) -> Reply:
    """Show the most useful commands with examples; with an argument, all commands, or one topic or command."""
    if typed := context.args.casefold().lstrip("/").split():
        return _topic(context, typed[0])
    if context.read_by_group:
        return _overview(context)
    more = context.button("all commands", "help", text=ALL, replaces=True)
    return context.reply(
        "Subscribe: /sub diffusion -survey daily 9",
        "Try it first: /today graph neural networks",
        "The newest papers: /today",
        "See, change, remove: /list",
        "Settings: /set quiet 23:00-07:00",
        buttons=((more, *_topics(context)[:2]),),
    )


def _topics(context: Context) -> Row:
    return tuple(context.button(label, "help", text=topic) for topic, label in TOPICS.items())


def _overview(context: Context) -> Reply:
    purposes = (*_PURPOSES, _OPERATORS) if context.is_operator else _PURPOSES
    groups = [
        (title, [f"/{name}" for name in names if context.registry.command_named(name)]) for title, names in purposes
    ]
    more = context.say("/help sub tells more of one; /help query how to ask, /help when for the times.")
    if context.read_by_group:
        return Reply((context.typed(*(name for _, names in groups[:3] for name in names)), more))
    lines = [_called(context, context.say(title), context.typed(*names)) for title, names in groups]
    return Reply((*lines, more), buttons=(_topics(context),))


def _called(context: Context, name: str, text: str) -> str:
    return context.say("{name}: {text}", name=name, text=text)


def _topic(context: Context, name: str) -> Reply:
    """Return the help on a topic or a command."""
    if name in _ALL:
        return _overview(context)
    if name == "about":
        return _about(context)
    if name in ("query", "queries", "syntax", "查询", "语法"):
        head = context.say("Words that a paper must contain. What I understood is in every answer.")
        return _table(context, head, QUERIES)
    if name in ("when", "times", "时间"):
        return _table(context, context.say("Write the time at the end: /sub diffusion daily 9"), WHENS)
    if command := context.registry.command_named(name):
        return _of(context, command)
    return context.reply("There is no help on “{name}”.", "/help lists what I know.", name=name[:_LONGEST], ok=False)


def _table(context: Context, head: str, rows: Mapping[str, Sentence]) -> Reply:
    """Return a reply with examples and their meanings; in a group, only the first examples."""
    if context.read_by_group:
        shown = " · ".join([*rows][:_IN_GROUP])
        return Reply((head, context.say("For example: {examples}", examples=shown)))
    return Reply((head,), code=[f"{written}\n  {context.say(meaning)}" for written, meaning in rows.items()])


def _of(context: Context, command: Command) -> Reply:
    lines = [_called(context, context.typed(f"/{command.name} {command.usage}".rstrip()), context.say(command.summary))]
    if command.aliases and not context.read_by_group:
        lines.append(context.say("Also: {names}", names=context.typed(*(f"/{name}" for name in command.aliases))))
    examples = command.examples[:1] if context.read_by_group else command.examples
    return Reply(lines, code=[*map(context.typed, examples)])


def _about(context: Context) -> Reply:
    """Return what the bot is, thanks to arXiv, and whom to contact."""
    name = f"paperwire {installed_version()}".rstrip()
    lines = [context.say("{name}: tells chats of new research papers that they ask for.", name=name), THANKS]
    if context.app.settings.contact:
        lines.append(context.say("Contact: {contact}", contact=context.app.settings.contact))
    lines.append(context.say("Its source is free, under the MIT licence. What I store: /privacy"))
    return Reply(lines)


COMMANDS = (
    Command(
        start,
        "start",
        "what this is",
        examples=("/start",),
        needs_manager=_is_paused,
        listed=False,
    ),
    Command(
        help_,
        "help",
        "what you can say",
        examples=("/help query", "/help sub"),
        usage="[TOPIC]",
    ),
)

CALLBACKS = {
    "speak": Change(on_speak),
    "help": Callback(help_),
}
