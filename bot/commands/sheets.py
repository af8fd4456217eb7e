"""The form of a subscription, where a platform has forms: to add one, to change one, or to begin with a paper.

What is filled in is a query, when, by which clock, and, where there is a choice, in which chat. While the query is being
typed the form tells how it reads and what it would have found. Sent, it does what /sub and /edit do.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bot.commands.cities import city_pages
from bot.commands.picking import gone, numbered
from bot.commands.rhythms import DAYS, every, spoken
from bot.commands.subscribing import echo
from bot.commands.turn import Callback, Command, CommandContext, CommandFunction
from bot.commands.wishes import days_i_know
from bot.ports.forms import CHAT_FIELD, Field, Modal, Option
from bot.ports.reply import Reply
from subscriptions.categories.tree import is_category
from subscriptions.cutting import clip
from subscriptions.errors import PaperwireError, QueryError, Refused, Sentence
from subscriptions.model import Cadence, ChatAddress, ChatKind, Paper, Subscription
from subscriptions.planning.cadence import cadence_text, parse_cadence
from subscriptions.planning.times import as_words, read_when, split_when
from subscriptions.query import author_rule, mentioned, parse_query
from subscriptions.service.chats import numbers_given
from subscriptions.service.notices import name_of
from subscriptions.service.papers import papers_named, recent_matches
from subscriptions.service.subscriptions import SubscriptionRequest, edit, set_setting, subscribe
from subscriptions.zones import zone, zone_name

FORM = "form"  # the command; where people do not type it, what a platform offers in its menus stands for it
QUERY, WHEN, CLOCK, ZONE = "query", "when", "clock", "zone"  # fields
HERE, THREAD, MINE = "here", "thread", "mine"  # values of the field PLACE
EXAMPLES = 2  # papers that a form names
AUTHORS, CATEGORIES = 3, 3  # of a paper, in the query that a form begins with
_NINE = "09:00"
_SHOWN = 30  # characters of a query that a refusal repeats
_MOST_ZONES = 95  # platforms take a hundred options


# ------------------------------------------------------------------------------------------------------------- opening


def form(turn: CommandContext) -> Reply:
    """The form of a new subscription. It begins with the paper that the text names."""
    if not turn.request.trigger_id:
        raise Refused(
            Sentence("There are no forms here."), Sentence("For example: /sub diffusion -survey, /sub cs.LG daily 9")
        )
    return (
        _new(turn, _like(turn), thread=turn.request.thread_id or turn.request.message_id)
        if turn.args
        else new_subscription(turn)
    )


def new_subscription(turn: CommandContext) -> Reply:
    """The form of a new subscription, with nothing in it."""
    return _new(turn, ("", ()), thread=turn.request.thread_id)


def edit_subscription(turn: CommandContext, wish: Subscription) -> Reply:
    """The form of a subscription, with what it says now."""
    own = turn.chat.settings.timezone
    sheet = Modal(
        title=turn.say("Subscription {number}", number=wish.number),
        submit_label=turn.say("Save"),
        close_label=turn.say("Cancel"),
        fields=_fields(turn, wish.text, wish.cadence, wish.zone or own),
        verb="send-edit",
        arguments={"number": wish.number, "zone": own},
        fallback=_in_words(turn, f"/edit {wish.number} {wish.text}"),
    )
    return Reply(modal=sheet)


def shortcut(turn: CommandContext) -> Reply:
    """What a platform offers in its menus: the form, beginning with the paper of the message where it was chosen."""
    return form(replace(turn, args=turn.request.details.get("text", "")))


def press_new(turn: CommandContext) -> Reply:
    """[new subscription]."""
    return form(replace(turn, args=""))


def _new(turn: CommandContext, begun: tuple[str, tuple[str, ...]], *, thread: str = "") -> Reply:
    """`begun` is a query and what is said of it; `thread` the message in whose thread it may go."""
    text, notes = begun
    own = turn.chat.settings.timezone
    places = _places(turn, thread)
    fields = _fields(turn, text, parse_cadence(turn.chat.settings.schedule), own, notes=notes)
    sheet = Modal(
        title=turn.say("New subscription"),
        submit_label=turn.say("Subscribe"),
        close_label=turn.say("Cancel"),
        fields=(*fields, _place_field(turn, places)) if places else fields,
        verb="send-new",
        arguments={"zone": own, "thread": thread},
        places=places,
        fallback=_in_words(turn, f"/sub {text or 'diffusion -survey daily 9'}"),
    )
    return Reply(modal=sheet)


def _in_words(turn: CommandContext, command: str) -> str:
    """A platform may show a form and not say so; who sees one, knows."""
    return turn.say("If no form has opened, try once more, or write it: {command}", command=command)


def _like(turn: CommandContext) -> tuple[str, tuple[str, ...]]:
    """A query for papers like the one that the text names, by its authors and categories; and what is said of it."""
    names = mentioned(turn.args)
    if not names:
        return "", (turn.say("That message names no paper: no arXiv link, id or DOI."),)
    known = papers_named(turn.store, names[:1]).get(names[0])
    text = like_paper(known.paper) if known else ""
    if known is None or not text:
        return "", (turn.say("I do not know who wrote {name}, nor in which category it is.", name=names[0]),)
    return text, (turn.say("Like {title}", title=turn.title(known)),)


def like_paper(paper: Paper) -> str:
    """A query for papers by these authors in these categories; "" when neither is known."""
    authors = [author for author in paper.authors if _is_name(author)]
    named = authors if len(authors) <= AUTHORS else [*authors[: AUTHORS - 1], authors[-1]]
    categories = [category for category in paper.categories if is_category(category)][:CATEGORIES]
    groups = [[author_rule(name) for name in named], [f"cat:{category}" for category in categories]]
    return " ".join(_any_of(group, alone=not all(groups)) for group in groups if group)


def _any_of(rules: Sequence[str], *, alone: bool) -> str:
    text = " OR ".join(rules)
    return text if alone or len(rules) == 1 else f"({text})"


def _is_name(author: str) -> bool:
    """Whether one can ask for this author: initials alone would fit too many."""
    try:
        parse_query(author_rule(author))
    except QueryError:
        return False
    return True


# ----------------------------------------------------------------------------------------------------- what is filled in


def _fields(
    turn: CommandContext, text: str, cadence: Cadence, clock: str, *, notes: Sequence[str] = ()
) -> tuple[Field, ...]:
    timed = cadence.kind in ("daily", "weekdays", "weekly")
    return (
        Field(
            name=QUERY,
            label=turn.say("Papers with"),
            value=text,
            hint=turn.say('For example: diffusion -survey, author:"Jane Doe", cat:cs.CV'),
            notes=(*notes, *_reading(turn, text, examples=0 if notes else EXAMPLES)),
            notifies_change=True,
        ),
        Field(name=WHEN, label=turn.say("When"), value=_when_value(cadence), options=_whens(turn, cadence)),
        Field(
            name=CLOCK,
            label=turn.say("At"),
            value=f"{cadence.at:%H:%M}" if timed and cadence.at else _NINE,
            hint=turn.say("The time of day, where a day is chosen."),
            is_clock=True,
            required=False,
        ),
        Field(name=ZONE, label=turn.say("By the clock of"), value=clock, options=_zones(turn, clock)),
    )


def _reading(turn: CommandContext, text: str, *, examples: int) -> tuple[str, ...]:
    """How a query reads and what it would have found; what is wrong with it."""
    if not text:
        return ()
    try:
        query = parse_query(text)
    except QueryError as error:
        return (_refusal(turn, error, text),)
    lately = recent_matches(turn.store, query, now=turn.now, most=examples)
    lines = [
        turn.formatter.reading(query),
        *(turn.say("({inner})", inner=hint.say(turn.localizer.translate)) for hint in query.hints[:1]),
    ]
    if not lately.base.days:
        return (*lines, turn.say("I know no papers yet."))
    known = days_i_know(turn.localizer, lately.base)
    lines.append(
        turn.localizer.count("{count} paper in {days}.", "{count} papers in {days}.", lately.found, days=known)
    )
    return (*lines, *(f"· {turn.title(paper)}" for paper in lately.newest))


def _refusal(turn: CommandContext, error: PaperwireError, text: str = "") -> str:
    """What is wrong, where, and what would be right, in one line."""
    said = error.sentence.say(turn.localizer.translate)
    place = text[error.column - 1 :] if isinstance(error, QueryError) and error.column > 1 else ""
    if place:
        said = turn.say("{problem} It is about “{place}”.", problem=said, place=clip(place, _SHOWN))
    return f"{said} {error.hint.say(turn.localizer.translate)}".rstrip()


def _whens(turn: CommandContext, cadence: Cadence) -> tuple[Option, ...]:
    """As soon as papers come, once a day when they are out, or at a time; the one that holds among them."""
    schedule = parse_cadence(turn.chat.settings.schedule)
    windows = [one for one in (cadence, schedule) if one.kind == "when-out"] or [read_when("when-out").cadence]
    values = ["now", *dict.fromkeys(map(cadence_text, windows)), *DAYS]
    return tuple(Option(value=value, label=_when_label(turn, value)) for value in values)


def _when_value(cadence: Cadence) -> str:
    """The option that stands for a cadence."""
    text = cadence_text(cadence)
    return text if cadence.kind in ("now", "when-out") else text.rpartition(" ")[0]


def _when_label(turn: CommandContext, value: str) -> str:
    return every(value, turn.localizer) if value in DAYS else spoken(value, turn.localizer)


def _zones(turn: CommandContext, chosen: str) -> tuple[Option, ...]:
    """Clocks by what they show now: the one that holds, then cities by their distance from the operator's."""
    pages = city_pages(turn.now, operator=turn.bot_info.timezone, language=turn.request.language)
    names = dict.fromkeys((chosen, turn.chat.settings.timezone, *(name for page in pages for name in page)))
    shown = list(names)[:_MOST_ZONES]
    return tuple(
        Option(value=name, label=f"{turn.localizer.city(name)} · {turn.now.astimezone(zone(name)):%H:%M}")
        for name in shown
    )


def _places(turn: CommandContext, thread: str) -> dict[str, ChatAddress]:
    """The chats that it can be for, where there is a choice: this one, a thread in it, whoever asks."""
    here = turn.chat.address
    if turn.chat.kind is ChatKind.PRIVATE:
        return {}
    in_thread = {THREAD: replace(here, topic=thread)} if thread and not here.topic else {}
    return {HERE: here, **in_thread, MINE: turn.person}


def _place_field(turn: CommandContext, places: Mapping[str, ChatAddress]) -> Field:
    labels = {
        HERE: name_of(turn.chat),
        THREAD: turn.say("the thread of this message"),
        MINE: turn.say("only to me, in direct messages"),
    }
    options = tuple(Option(value=value, label=labels[value]) for value in places)
    return Field(name=CHAT_FIELD, label=turn.say("Where"), value=HERE, options=options)


# ------------------------------------------------------------------------------------------------- while it is filled in


def look_new(turn: CommandContext) -> Reply:
    """The form of a new subscription by what stands in it now."""
    thread = str(turn.arguments.get("thread", ""))
    return _with_choices(turn, _new(turn, (_said(turn, QUERY), ()), thread=thread))


def look_edit(turn: CommandContext) -> Reply:
    """The form of a subscription by what stands in it now."""
    wish = numbered(turn, turn.arguments.get("number"))
    return (
        gone(turn)
        if wish is None
        else _with_choices(turn, edit_subscription(turn, replace(wish, text=_said(turn, QUERY))))
    )


def _with_choices(turn: CommandContext, reply: Reply) -> Reply:
    """The same with what is chosen by now."""
    assert reply.modal is not None  # noqa: S101 - whoever calls made one
    fields = tuple(_chosen(one, turn.request.form_values.get(one.name, "")) for one in reply.modal.fields)
    return Reply(modal=replace(reply.modal, fields=fields))


def _chosen(field: Field, value: str) -> Field:
    offered = not field.options or value in {option.value for option in field.options}
    return replace(field, value=value) if value and offered else field


# ---------------------------------------------------------------------------------------------------------------- sent


def send_new(turn: CommandContext) -> Reply:
    """Subscribes. What cannot be understood is said beside the field where it stands."""
    if problems := _problems(turn):
        return Reply(form_errors=problems)
    tz = _own_zone(turn)
    if tz and not numbers_given(turn.store, turn.chat.address):  # the first word about the clock of this chat
        set_setting(turn.store, turn.chat.address, "timezone", tz, now=turn.now, who=turn.actor)
        tz = ""
    wish = SubscriptionRequest(
        text=_said(turn, QUERY), when=_when(turn), tz=tz or None, added_by=turn.request.sender_name
    )
    return echo(turn, subscribe(turn.store, turn.chat.address, wish, now=turn.now, who=turn.actor))


def send_edit(turn: CommandContext) -> Reply:
    """Changes the subscription."""
    wish = numbered(turn, turn.arguments.get("number"))
    if wish is None:
        return gone(turn)
    if problems := _problems(turn, before=wish.text):
        return Reply(form_errors=problems)
    text, when, tz = _said(turn, QUERY), _when(turn), _own_zone(turn)
    done = edit(turn.store, turn.chat.address, wish.number, text, when=when, tz=tz, now=turn.now, who=turn.actor)
    return echo(turn, done, instead=turn.formatter.reading(parse_query(wish.text)))


def _checked_query(text: str, before: str) -> None:
    """Refuses a query that ends in a time, which has its own field; one that stood there `before` may stay."""
    parse_query(text)
    ending = split_when(text)
    if ending.when is not None and text != before:
        raise Refused(
            Sentence("“{words}” looks like a time.", {"words": ending.when}),
            Sentence("Choose the time below; in quotes it is words: {text}", {"text": as_words(text)}),
        )


def _problems(turn: CommandContext, *, before: str = "") -> dict[str, str]:
    """What cannot be taken, by field. A form can come back with anything."""
    text = _said(turn, QUERY)
    checks: Mapping[str, Callable[[], object]] = {
        QUERY: lambda: _checked_query(text, before),
        WHEN: lambda: read_when(_when(turn)),
        ZONE: lambda: zone_name(_said(turn, ZONE) or "UTC"),
    }
    problems = {}
    for name, check in checks.items():
        try:
            check()
        except PaperwireError as error:
            problems[name] = _refusal(turn, error, text)
    return problems


def _when(turn: CommandContext) -> str:
    when = _said(turn, WHEN) or turn.chat.settings.schedule
    return f"{when} {_said(turn, CLOCK) or _NINE}" if when in DAYS else when


def _own_zone(turn: CommandContext) -> str:
    """The clock that was chosen; "" where it is the one that the chat goes by."""
    chosen = _said(turn, ZONE)
    return "" if chosen == str(turn.arguments.get("zone", "")) else chosen


def _said(turn: CommandContext, name: str) -> str:
    """What stands in a field, on one line and without signs that nobody sees."""
    typed = turn.request.form_values.get(name, "")
    return " ".join("".join(sign for sign in typed if sign.isprintable() or sign.isspace()).split())


COMMANDS = (Command(name=FORM, run=form, listed=False, summary=Sentence("the form of a subscription")),)
HAPPENINGS: dict[str, CommandFunction] = {"shortcut": shortcut}
PRESSES = {
    "new-wish": Callback(run=press_new),
    "send-new": Callback(run=send_new, needs_manager=True, show_form=look_new),
    "send-edit": Callback(run=send_edit, needs_manager=True, show_form=look_edit),
}
