"""The form of a subscription: its fields, times and examples; the query for papers like a given one (how many authors, categories).

Its fields are the query, the time, the time zone and, if there is a choice, the chat. While a person types the query,
the form shows how the query is read and what it would have found. Submitting the form does the same as /sub or /edit.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bot.commands import cities, phrasing, picking
from bot.commands.confirmation import echo, edit_and_echo
from bot.commands.context import Callback, Command, CommandContext, Event, matching, refusal
from bot.ports import channel
from subscriptions import errors, model
from subscriptions.categories import is_category
from subscriptions.planning.cadence import parse_cadence
from subscriptions.planning.times import as_words, read_when, split_when
from subscriptions.query.links_in_text import mentioned
from subscriptions.query.parse import parse_query
from subscriptions.query.rewriting import author_rule
from subscriptions.service import amendments, paper_search, recent_matches
from subscriptions.service.near_papers import with_words
from subscriptions.service.requests import SubscriptionRequest, subscribe
from subscriptions.texts.cutting import clip
from subscriptions.zones import zone_name

FORM = "form"  # the name of the command, which people choose in a menu of the platform
QUERY, WHEN, CLOCK, ZONE = "query", "when", "clock", "zone"  # names of the fields
HERE, THREAD, MINE = "here", "thread", "mine"  # values of CHAT_FIELD
EXAMPLES = 2  # papers that the form shows
AUTHORS, CATEGORIES = 3, 3  # most authors and categories of a paper in the query for papers like it
_NINE = "09:00"
_SHOWN = 30  # characters of a query that a refusal repeats


def form(context: CommandContext) -> channel.Reply:
    """Opens the form of a new subscription; if the text or the chosen message names a paper, with a query for such papers."""
    if not context.request.trigger_id:
        raise refusal("There are no forms here.", "For example: /sub diffusion -survey, /sub cs.LG daily 9")
    if not (named := context.args or context.event_details.get("text", "")):
        return new_subscription(context)
    text, notes = _query_like_paper(context, named)
    return _new(context, text, notes, thread=context.request.thread_id or context.request.message_id)


def new_subscription(context: CommandContext) -> channel.Reply:
    """Opens an empty form of a new subscription."""
    return _new(context, "", (), thread=context.request.thread_id)


def edit_subscription(context: CommandContext, subscription: model.Subscription) -> channel.Reply:
    """Opens the form that changes an existing subscription."""
    own = context.chat.settings.timezone
    modal = channel.Modal(
        title=context.say("Subscription {number}", number=subscription.number),
        submit_label=context.say("Save"),
        close_label=context.say("Cancel"),
        fields=_fields(context, subscription.text, subscription.cadence, subscription.zone or own),
        verb="send-edit",
        arguments={"number": subscription.number, "zone": own},
        fallback=in_words(context, f"/edit {subscription.number} {subscription.text}"),
    )
    return shown(context, modal)


def _new(context: CommandContext, text: str, notes: Sequence[str], *, thread: str) -> channel.Reply:
    """Returns the form of a new subscription.

    `text` is a first query, with `notes`; `thread` is the message whose thread can be chosen as the chat.
    """
    own = context.chat.settings.timezone
    places = _places(context, thread)
    fields = _fields(context, text, parse_cadence(context.chat.settings.schedule), own, notes=notes)
    modal = channel.Modal(
        title=context.say("New subscription"),
        submit_label=context.say("Subscribe"),
        close_label=context.say("Cancel"),
        fields=(*fields, _place_field(context, places)) if places else fields,
        verb="send-new",
        arguments={"zone": own, "thread": thread, "text": text, "notes": notes},
        places=places,
        fallback=in_words(context, f"/sub {text or 'diffusion -survey daily 9'}"),
    )
    return shown(context, modal)


def in_words(context: CommandContext, command: str) -> str:
    """Returns the text that is posted if the form does not open: how to do the same with a command."""
    return context.say("If no form has opened, try once more, or write it: {command}", command=command)


def _query_like_paper(context: CommandContext, text: str) -> tuple[str, tuple[str, ...]]:
    """Returns (a query for papers like the one that the text names, notes on it); ("", why not) if there is none."""
    names = mentioned(text)
    if not names:
        return "", (context.say("That message names no paper: no arXiv link, id or DOI."),)
    known = paper_search.papers_named(context.transaction, names[:1]).get(names[0])
    text = like_paper(known.paper) if known else ""
    if known is None or not text:
        return "", (context.say("I do not know who wrote {name}, nor in which category it is.", name=names[0]),)
    return text, (context.say("Like {title}", title=context.title(known)),)


def like_paper(paper: model.Paper) -> str:
    """Returns a query for papers by the paper's authors in its categories; "" if neither is known."""
    authors = [author for author in paper.authors if is_author(author)]
    named = authors if len(authors) <= AUTHORS else [*authors[: AUTHORS - 1], authors[-1]]
    categories = [category for category in paper.categories if is_category(category)][:CATEGORIES]
    groups = [[author_rule(name) for name in named], [f"cat:{category}" for category in categories]]
    return " ".join(_any_of(group, alone=not all(groups)) for group in groups if group)


def _any_of(rules: Sequence[str], *, alone: bool) -> str:
    text = " OR ".join(rules)
    if alone or len(rules) == 1:
        return text
    return f"({text})"


def is_author(author: str) -> bool:
    """Returns whether a query can name this author; initials alone are refused, since they would match too many."""
    try:
        parse_query(author_rule(author))
    except errors.QueryError:
        return False
    return True


def _fields(
    context: CommandContext, text: str, cadence: model.Cadence, clock: str, *, notes: Sequence[str] = ()
) -> tuple[channel.FormField, ...]:
    timed = cadence.kind not in ("now", "when-out")
    return (
        channel.FormField(
            name=QUERY,
            label=context.say("Papers with"),
            value=text,
            hint=context.say('For example: diffusion -survey, author:"Ranjay Krishna", cat:cs.CV'),
            notes=(*notes, *_reading(context, text, examples=0 if notes else EXAMPLES)),
            notifies_change=True,
        ),
        channel.FormField(
            name=WHEN, label=context.say("When"), value=_when_value(cadence), options=_whens(context, cadence)
        ),
        channel.FormField(
            name=CLOCK,
            label=context.say("At"),
            value=f"{cadence.at:%H:%M}" if timed and cadence.at else _NINE,
            hint=context.say("The time of day, where a day is chosen."),
            is_clock=True,
            required=False,
        ),
        channel.FormField(
            name=ZONE, label=context.say("By the clock of"), value=clock, options=cities.zone_options(context, clock)
        ),
    )


def _reading(context: CommandContext, text: str, *, examples: int) -> tuple[str, ...]:
    """Returns lines that say how a query is read and what it would have found, or what is wrong with it."""
    if not text:
        return ()
    try:
        query = parse_query(text)
    except errors.QueryError as error:
        return (problem(context, error, text),)
    lately = recent_matches.recent_matches(context.transaction, query, now=context.now, most=examples)
    lines = [
        context.reading(query),
        *(context.say("({inner})", inner=context.say(hint)) for hint in query.hints[:1]),
    ]
    if not lately.base.days:
        return (*lines, context.say("I know no papers yet."))
    lines.append(phrasing.found_in(context.localizer, lately.found, lately.base))
    return (*lines, *(f"· {context.title(paper)}" for paper in lately.newest))


def problem(context: CommandContext, error: errors.PaperwireError, text: str = "") -> str:
    """Returns one line with the error, its place in `text`, and how to correct it."""
    said = context.say(error.sentence)
    place = ""
    if isinstance(error, errors.QueryError) and error.column > 1:
        place = text[error.column - 1 :]
    if place:
        said = context.say("{problem} It is about “{place}”.", problem=said, place=clip(place, _SHOWN))
    return f"{said} {context.say(error.hint)}".rstrip()


def _whens(context: CommandContext, cadence: model.Cadence) -> tuple[channel.Option, ...]:
    """Returns the options for the time: at once, when the day's papers are out, or on certain days; with the current one."""
    schedule = parse_cadence(context.chat.settings.schedule)
    windows = [one for one in (cadence, schedule) if one.kind == "when-out"] or [read_when("when-out").cadence]
    own_days = (_when_value(cadence),) if cadence.kind == "days" else ()
    values = ["now", *dict.fromkeys(map(str, windows)), *dict.fromkeys((*phrasing.DAYS, *own_days))]
    return tuple(channel.Option(value=value, label=_when_label(context, value)) for value in values)


def _when_value(cadence: model.Cadence) -> str:
    """Returns the value of the option for a cadence: its text without the time of day, which has its own field."""
    text = str(cadence)
    if cadence.kind in ("now", "when-out"):
        return text
    return text.rpartition(" ")[0]


def _when_label(context: CommandContext, value: str) -> str:
    is_days = value in phrasing.DAYS or "," in value
    if is_days:
        return phrasing.everyday_kind(value, context.localizer)
    return phrasing.everyday_cadence(value, context.localizer)


def _places(context: CommandContext, thread: str) -> dict[str, model.ChatAddress]:
    """Returns the chats to choose from: this one, a thread in it, the person's private chat; none in a private chat."""
    here = context.chat.address
    if context.chat.kind is model.ChatKind.PRIVATE:
        return {}
    in_thread = {THREAD: replace(here, topic=thread)} if thread and not here.topic else {}
    return {HERE: here, **in_thread, MINE: context.person}


def _place_field(context: CommandContext, places: Mapping[str, model.ChatAddress]) -> channel.FormField:
    labels = {
        HERE: context.chat.name,
        THREAD: context.say("the thread of this message"),
        MINE: context.say("only to me, in direct messages"),
    }
    options = tuple(channel.Option(value=value, label=labels[value]) for value in places)
    return channel.FormField(name=channel.CHAT_FIELD, label=context.say("Where"), value=HERE, options=options)


def on_change_new(context: CommandContext) -> channel.Reply:
    """Returns the form of a new subscription again, for the values that are filled in so far."""
    text, notes = str(context.arguments.get("text", "")), context.arguments.get("notes", ())
    if QUERY in context.form_values:
        text, notes = _field_value(context, QUERY), ()
    return _new(context, text, notes, thread=str(context.arguments.get("thread", "")))


def on_change_edit(context: CommandContext, subscription: model.Subscription) -> channel.Reply:
    """Returns the form of an existing subscription again, for the values that are filled in so far."""
    if QUERY in context.form_values:
        subscription = subscription._replace(text=_field_value(context, QUERY))
    return edit_subscription(context, subscription)


def shown(context: CommandContext, modal: channel.Modal) -> channel.Reply:
    """Returns the reply that opens a form, or shows it again with the values that are filled in so far."""
    fields = tuple(_chosen(one, context.form_values.get(one.name, "")) for one in modal.fields)
    return channel.Reply(modal=replace(modal, fields=fields))


def _chosen(field: channel.FormField, value: str) -> channel.FormField:
    offered = not field.options or value in {option.value for option in field.options}
    if value and offered:
        return replace(field, value=value)
    return field


def on_submit_new(context: CommandContext) -> channel.Reply:
    """Subscribes, or returns errors by field."""
    if problems := _problems(context):
        return channel.Reply(form_errors=problems)
    tz = _own_zone(context)
    if tz and not context.chat.subscriptions_ever_made:  # the first choice of a zone becomes the zone of the chat
        amendments.set_settings(
            context.transaction, context.chat.address, {"timezone": tz}, now=context.now, who=context.actor
        )
        tz = ""
    subscription = SubscriptionRequest(text=_field_value(context, QUERY), when=_when(context), tz=tz or None)
    address = context.chat.address
    done = subscribe(context.transaction, address, subscription, now=context.now, who=context.actor)
    return echo(context, done)


def on_submit_edit(context: CommandContext, subscription: model.Subscription) -> channel.Reply:
    """Changes the subscription, or returns errors by field."""
    if problems := _problems(context, before=subscription.text):
        return channel.Reply(form_errors=problems)
    return edit_and_echo(
        context, subscription, _field_value(context, QUERY), when=_when(context), tz=_own_zone(context)
    )


def _queries(context: CommandContext) -> tuple[str, ...]:
    return (_field_value(context, QUERY),)


def _checked_query(context: CommandContext, text: str, before: str) -> None:
    """Raises Refused if the query ends with a time, which has its own field, or names an unknown paper.

    `before` is the former query, which may stay as it is.
    """
    query = parse_query(text)
    if text != before:
        with_words(context.transaction, query, picking.subscriptions_here(context), chat_id=context.chat.id)
    ending = split_when(text)
    if ending.when is not None and text != before:
        raise refusal(
            "“{words}” looks like a time.",
            "Choose the time below; in quotes it is words: {text}",
            words=ending.when,
            text=as_words(text),
        )


def _problems(context: CommandContext, *, before: str = "") -> dict[str, str]:
    """Checks all values, since platforms may send any value. Returns the errors by field."""
    text = _field_value(context, QUERY)
    checks: Mapping[str, Callable[[], object]] = {
        QUERY: lambda: _checked_query(context, text, before),
        WHEN: lambda: read_when(_when(context)),
        ZONE: lambda: zone_name(_field_value(context, ZONE) or "UTC"),
    }
    problems = {}
    for name, check in checks.items():
        try:
            check()
        except errors.PaperwireError as error:
            problems[name] = problem(context, error, text)
    return problems


def _when(context: CommandContext) -> str:
    when = _field_value(context, WHEN) or context.chat.settings.schedule
    if when in phrasing.DAYS:
        return f"{when} {_field_value(context, CLOCK) or _NINE}"
    return when


def _own_zone(context: CommandContext) -> str:
    """Returns the chosen zone; "" if it is the zone of the chat."""
    chosen = _field_value(context, ZONE)
    if chosen == str(context.arguments.get("zone", "")):
        return ""
    return chosen


def _field_value(context: CommandContext, name: str) -> str:
    """Returns the value of a field on one line, without invisible characters."""
    typed = context.form_values.get(name, "")
    return " ".join("".join(sign for sign in typed if sign.isprintable() or sign.isspace()).split())


COMMANDS = (Command(name=FORM, run=form, listed=False, summary=errors.Sentence("the form of a subscription")),)
EVENTS = {"shortcut": Event(run=form, writes=False)}
CALLBACKS = {
    # this verb is in home views that were shown earlier
    "new-subscription": Callback(run=form),
    "send-new": Callback(
        run=on_submit_new, needs_manager=True, matches_ahead=matching(_queries), show_form=on_change_new
    ),
    "send-edit": Callback(
        run=picking.on_subscription(on_submit_edit),
        needs_manager=True,
        matches_ahead=matching(_queries),
        show_form=picking.on_subscription(on_change_edit),
    ),
}
