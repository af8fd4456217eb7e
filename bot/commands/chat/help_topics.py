"""help, about: what can be typed, in few words, and who runs the bot."""

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from types import MappingProxyType

from bot.commands.context import Callback, Command, CommandContext
from bot.commands.phrasing.setting_words import label_of
from bot.commands.words.subject import small_words
from bot.ports.channel import Button, Reply
from subscriptions.chat_settings import SETTINGS
from subscriptions.errors import Sentence
from subscriptions.query.syntax import FIELDS

# arXiv asks for exactly these words (info.arxiv.org/help/api/tou).
THANKS = "Thank you to arXiv for use of its open access interoperability."

_PURPOSES = (
    (Sentence("Subscriptions"), ("sub", "list", "edit", "name", "schedule", "pause", "resume", "unsub", "undo")),
    (Sentence("Papers"), ("preview", "today", "search", "like", "save", "saved", "why", "whynot")),
    (Sentence("This chat"), ("set", "lang", "timezone", "connect", "email", "status", "stats")),
    (Sentence("To take along"), ("export", "import", "share")),
    (Sentence("About me"), ("about", "privacy", "forget")),
)
ALL = "all"  # the topic of every command
_ALL = (ALL, "more", "commands", "全部", "更多", "命令")
FIRST = (
    Sentence("Subscribe: /sub diffusion -survey daily 9"),
    Sentence("Try it first: /preview graph neural networks"),
    Sentence("Today’s papers: /today"),
    Sentence("See, change, remove: /list"),
    Sentence("Settings: /set quiet 23:00-07:00"),
)
_OPERATORS = (Sentence("For operators"), ("allow", "deny"))
TOPICS: Mapping[str, Sentence] = MappingProxyType(
    {"query": Sentence("how to ask"), "when": Sentence("the times"), "settings": Sentence("the settings")}
)

# Examples that work in a chat with a subscription 1; a test types each of them.
EXAMPLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "sub": (
            "/sub diffusion models -survey",
            '/sub author:"Ranjay Krishna" now',
            "/sub cat:cs.CL agents weekdays at 8:30",
        ),
        "list": ("/list",),
        "edit": ("/edit 1 diffusion -survey",),
        "name": ("/name 1 Diffusion",),
        "schedule": ("/schedule 1 weekly mon 9", "/schedule when-out 08:00-20:00"),
        "pause": ("/pause 1 7d", "/pause until 3 Mar"),
        "resume": ("/resume", "/resume 1"),
        "unsub": ("/unsub 1", "/unsub all"),
        "undo": ("/undo",),
        "preview": ("/preview diffusion -survey", "/preview 1"),
        "today": ("/today", "/today cat:cs.LG"),
        "search": ("/search graph neural networks",),
        "like": ("/like 2601.15529",),
        "save": ("/save 2601.15529",),
        "saved": ("/saved",),
        "why": ("/why 2601.15529",),
        "whynot": ("/whynot 2601.15529",),
        "set": ("/set", "/set limit 12", "/set quiet 23:00-07:00"),
        "lang": ("/lang zh", "/lang en"),
        "timezone": ("/timezone Oslo", "/timezone +08:00"),
        "connect": ("/connect", "/connect @mychannel"),
        "email": ("/email me@lab.org",),
        "status": ("/status",),
        "stats": ("/stats",),
        "export": ("/export", "/export bib 30d", "/export saved ris"),
        "import": ("/import daily 09:00 | diffusion -survey | Diffusion",),
        "share": ("/share 1",),
        "help": ("/help query", "/help sub"),
        "about": ("/about",),
        "privacy": ("/privacy",),
        "forget": ("/forget",),
        "cancel": ("/cancel",),
        "stop": ("/stop",),
        "start": ("/start",),
    }
)
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
    """Shows the most useful commands with an example each, all commands, or one topic: query, when, settings, or a command."""
    typed = context.args.casefold().lstrip("/").split()
    if typed and (typed[0] in {*_ALL, *TOPICS, *context.registry.by_name} or typed[0] not in small_words()):
        return _topic(context, typed[0])
    return _overview(context) if context.read_by_group else _first(context)


def on_help(context: CommandContext) -> Reply:
    """Handles the button of a topic; the list of all commands replaces the first message."""
    topic = str(context.arguments["topic"])
    return replace(_topic(context, topic), replaces=topic == ALL)


def _first(context: CommandContext) -> Reply:
    lines = tuple(one.say(context.localizer.translate) for one in FIRST)
    more = Button(label=context.say("more"), verb="help", arguments={"topic": ALL})
    return Reply(lines=lines, buttons=((more, *_topics(context)[:2]),))


def _topics(context: CommandContext) -> tuple[Button, ...]:
    return tuple(
        Button(label=label.say(context.localizer.translate), verb="help", arguments={"topic": topic})
        for topic, label in TOPICS.items()
    )


def _overview(context: CommandContext) -> Reply:
    purposes = (*_PURPOSES, _OPERATORS) if context.is_operator else _PURPOSES
    known = context.registry.by_name
    groups = [(title, [f"/{name}" for name in names if name in known]) for title, names in purposes]
    more = context.say("/help sub tells more of one; /help query how to ask, /help when for the times.")
    if context.read_by_group:
        return Reply(lines=(" ".join(name for _, names in groups[:3] for name in names), more))
    lines = [
        context.say("{name}: {text}", name=title.say(context.localizer.translate), text=" ".join(names))
        for title, names in groups
        if names
    ]
    return Reply(lines=(*lines, more), buttons=() if context.read_by_strangers else (_topics(context),))


def _topic(context: CommandContext, name: str) -> Reply:
    if name in _ALL:
        return _overview(context)
    if name in ("query", "queries", "syntax", "查询", "语法"):
        return _table(
            context, context.say("Words that a paper must hold. What I understood is in every answer."), QUERIES
        )
    if name in ("when", "times", "时间"):
        return _table(context, context.say("When it comes stands at the end: /sub diffusion daily 9"), WHENS)
    if name in ("settings", "set", "preferences", "设置"):
        rows = tuple(
            (f"{label_of(setting, context.localizer)} ({setting})", SETTINGS[setting].meaning) for setting in SETTINGS
        )
        return _table(context, context.say("/set shows all settings; /set limit 12 changes one."), rows)
    command = context.registry.by_name.get(name)
    return _of(context, command) if command else _no_such(context, name)


def _table(context: CommandContext, head: str, rows: tuple[tuple[str, Sentence], ...]) -> Reply:
    """Returns a table of examples and their meanings; in a group only some of them."""
    if context.read_by_group:
        shown = " · ".join(written for written, _ in rows[:4])
        return Reply(lines=(head, context.say("For example: {examples}", examples=shown)))
    code = tuple(f"{written}\n  {meaning.say(context.localizer.translate)}" for written, meaning in rows)
    return Reply(lines=(head,), code=code)


def _of(context: CommandContext, command: Command) -> Reply:
    summary = command.summary.say(context.localizer.translate)
    lines = [context.say("{name}: {text}", name=f"/{command.name} {command.usage}".rstrip(), text=summary)]
    if command.aliases and not context.read_by_group:
        lines.append(context.say("Also: {names}", names=" ".join(f"/{name}" for name in command.aliases)))
    examples = EXAMPLES.get(command.name, ())
    return Reply(lines=tuple(lines), code=examples[:1] if context.read_by_group else examples)


def _no_such(context: CommandContext, name: str) -> Reply:
    near = get_close_matches(name, [*context.registry.by_name, *TOPICS], n=1, cutoff=0.6)
    lines = [context.say("There is no help on “{name}”.", name=name[:32])]
    lines.append(
        context.say("Did you mean /help {name}?", name=near[0]) if near else context.say("/help lists what I know.")
    )
    return Reply(lines=tuple(lines), ok=False)


def about(context: CommandContext) -> Reply:
    """Shows what the bot is, the thanks to arXiv, and whom to contact."""
    name = f"paperwire {context.bot_info.version}".rstrip()
    lines = [context.say("{name}: tells chats of new research papers that they ask for.", name=name), THANKS]
    if context.bot_info.contact:
        lines.append(context.say("Contact: {contact}", contact=context.bot_info.contact))
    lines.append(context.say("Its source is free, under the MIT licence. What I store: /privacy"))
    return Reply(lines=tuple(lines))


COMMANDS = (
    Command(name="help", run=help_, usage="[TOPIC]", summary=Sentence("what you can say"), stays_here=True),
    Command(name="about", run=about, summary=Sentence("what this is, and thanks"), stays_here=True),
)
CALLBACKS = {"help": Callback(run=on_help)}
