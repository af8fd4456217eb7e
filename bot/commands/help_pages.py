"""help, and the reply to unknown commands: which commands, examples and topics are shown, in which order."""

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches

from bot.commands import phrasing
from bot.commands.context import Callback, Command, CommandContext
from bot.ports.channel import Reply, Row
from subscriptions.chat_settings import SETTINGS
from subscriptions.errors import Sentence
from subscriptions.query import FIELDS

_LONGEST = 32  # characters of an unknown command that the reply repeats


def unknown(context: CommandContext) -> Reply:
    """Returns the reply to an unknown command, with a button for the most similar known one."""
    typed, _, rest = context.args.partition(" ")
    near, name = context.registry.nearest(typed), typed[:_LONGEST]
    head = context.say("I do not know “{name}”.", name=name)
    if context.message and context.message.command and not context.message.takes_bare_commands:
        head = context.say("I do not know /{name}.", name=name)
    if not near:
        return Reply(lines=(head, context.say("/help lists what I know.")), ok=False)
    meant = context.labelled(f"/{near} {rest}".strip(), "do", command=near, args=rest)
    return Reply(lines=(head, context.say("Did you mean /{name}?", name=near)), ok=False, buttons=((meant,),))


# arXiv requires exactly these words (info.arxiv.org/help/api/tou).
THANKS = "Thank you to arXiv for use of its open access interoperability."

_PURPOSES = (
    (Sentence("Subscriptions"), ("sub", "list", "edit", "name", "schedule", "pause", "resume", "unsub", "undo")),
    (Sentence("Papers"), ("today", "search", "like", "save", "saved", "why")),
    (Sentence("This chat"), ("set", "lang", "timezone", "email", "status")),
    (Sentence("To take along"), ("export", "import", "share", "feed", "library")),
    (Sentence("About me"), ("privacy", "forget")),
)
ALL = "all"  # the topic that lists all commands
_ALL = (ALL, "more", "commands", "全部", "更多", "命令")
FIRST = (
    Sentence("Subscribe: /sub diffusion -survey daily 9"),
    Sentence("Try it first: /today graph neural networks"),
    Sentence("The newest papers: /today"),
    Sentence("See, change, remove: /list"),
    Sentence("Settings: /set quiet 23:00-07:00"),
)
_OPERATORS = (Sentence("For operators"), ("allow", "deny"))
TOPICS: Mapping[str, Sentence] = {
    "query": Sentence("how to ask"),
    "when": Sentence("the times"),
    "settings": Sentence("the settings"),
    "about": Sentence("what this is, and thanks"),
}

QUERIES: tuple[tuple[str, Sentence], ...] = (
    ("graph transformer", Sentence("both words")),
    ('"graph transformer"', Sentence("side by side")),
    ("rlhf OR dpo", Sentence("one of them")),
    ("diffusion -survey", Sentence("the first without the second")),
    *(field.help for field in FIELDS if field.help),
    ("neuro*", Sentence("words that begin so")),
    ("=RAG", Sentence("exactly so, in capitals")),
)
WHENS: tuple[tuple[str, Sentence], ...] = (
    ("now", Sentence("as soon as papers come")),
    ("when-out 08:00-20:00", Sentence("once a day, as soon as the day's papers are out")),
    ("daily 9", Sentence("every day at nine")),
    ("weekdays at 8:30", Sentence("Monday to Friday")),
    ("weekly mon 9", Sentence("once a week")),
    ("daily 9 Berlin", Sentence("by the clock of a place")),
    ("每天早上8点", Sentence("the usual words, in English and Chinese")),
)


def help_(context: CommandContext) -> Reply:
    """Shows the most useful commands with examples; with an argument, all commands, or one topic or command."""
    typed = context.args.casefold().lstrip("/").split()
    if typed:
        return _topic(context, typed[0])
    if context.read_by_group:
        return _overview(context)
    return _first(context)


def on_help(context: CommandContext) -> Reply:
    """Handles the button of a topic. The list of all commands replaces the message of the button."""
    topic = str(context.arguments["topic"])
    return replace(_topic(context, topic), replaces=topic == ALL)


def _first(context: CommandContext) -> Reply:
    lines = tuple(context.say(one) for one in FIRST)
    more = context.button("all commands", "help", topic=ALL)
    return Reply(lines=lines, buttons=((more, *_topics(context)[:2]),))


def _topics(context: CommandContext) -> Row:
    return tuple(context.button(label, "help", topic=topic) for topic, label in TOPICS.items())


def _overview(context: CommandContext) -> Reply:
    purposes = (*_PURPOSES, _OPERATORS) if context.is_operator else _PURPOSES
    known = context.registry.by_name
    groups = [(title, [f"/{name}" for name in names if name in known]) for title, names in purposes]
    more = context.say("/help sub tells more of one; /help query how to ask, /help when for the times.")
    if context.read_by_group:
        return Reply(lines=(" ".join(name for _, names in groups[:3] for name in names), more))
    lines = [
        context.say("{name}: {text}", name=context.say(title), text=" ".join(names)) for title, names in groups if names
    ]
    return Reply(lines=(*lines, more), buttons=(_topics(context),))


def _topic(context: CommandContext, name: str) -> Reply:
    if name in _ALL:
        return _overview(context)
    if name == "about":
        return _about(context)
    if (examples := _examples(context, name)) is not None:
        return examples
    command = context.registry.by_name.get(name)
    return _of(context, command) if command else _no_such(context, name)


def _examples(context: CommandContext, name: str) -> Reply | None:
    """Returns the examples of a topic; None if there is no such topic."""
    if name in ("query", "queries", "syntax", "查询", "语法"):
        return _table(
            context, context.say("Words that a paper must contain. What I understood is in every answer."), QUERIES
        )
    if name in ("when", "times", "时间"):
        return _table(context, context.say("Write the time at the end: /sub diffusion daily 9"), WHENS)
    if name in ("settings", "set", "设置"):
        rows = tuple(
            (f"{phrasing.label_of(setting, context.localizer)} ({setting})", SETTINGS[setting].meaning)
            for setting in SETTINGS
        )
        return _table(context, context.say("/set shows all settings; /set limit 12 changes one."), rows)
    return None


def _table(context: CommandContext, head: str, rows: tuple[tuple[str, Sentence], ...]) -> Reply:
    """Returns a reply with examples and their meanings; in a group, only the first four examples."""
    if context.read_by_group:
        shown = " · ".join(written for written, _ in rows[:4])
        return Reply(lines=(head, context.say("For example: {examples}", examples=shown)))
    code = tuple(f"{written}\n  {context.say(meaning)}" for written, meaning in rows)
    return Reply(lines=(head,), code=code)


def _of(context: CommandContext, command: Command) -> Reply:
    summary = context.say(command.summary)
    lines = [context.say("{name}: {text}", name=f"/{command.name} {command.usage}".rstrip(), text=summary)]
    if command.aliases and not context.read_by_group:
        lines.append(context.say("Also: {names}", names=" ".join(f"/{name}" for name in command.aliases)))
    return Reply(lines=tuple(lines), code=command.examples[:1] if context.read_by_group else command.examples)


def _no_such(context: CommandContext, name: str) -> Reply:
    near = get_close_matches(name, [*context.registry.by_name, *TOPICS], n=1, cutoff=0.6)
    head = context.say("There is no help on “{name}”.", name=name[:32])
    tip = context.say("/help lists what I know.")
    if near:
        tip = context.say("Did you mean /help {name}?", name=near[0])
    return Reply(lines=(head, tip), ok=False)


def _about(context: CommandContext) -> Reply:
    """Returns what the bot is, thanks to arXiv, and whom to contact."""
    name = f"paperwire {context.bot_info.version}".rstrip()
    lines = [context.say("{name}: tells chats of new research papers that they ask for.", name=name), THANKS]
    if context.bot_info.contact:
        lines.append(context.say("Contact: {contact}", contact=context.bot_info.contact))
    lines.append(context.say("Its source is free, under the MIT licence. What I store: /privacy"))
    return Reply(lines=tuple(lines))


COMMANDS = (
    Command(
        name="help",
        examples=("/help query", "/help sub"),
        run=help_,
        usage="[TOPIC]",
        summary=Sentence("what you can say"),
    ),
)

CALLBACKS: dict[str, Callback] = {
    "help": Callback(run=on_help),
}
