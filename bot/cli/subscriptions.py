"""subscribe, subscriptions, settings, export, import, library: what chats ask for; preview: what they would get."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated

import typer

from bot.cli import ChatOption, Json, Now, OptionalChatOption, drawing
from bot.cli.output import print_line, tell
from bot.cli.session import address_of, encode, look_up_new_chat, one_time, open_session, remarks_on_new
from bot.commands import phrasing
from bot.rendering.cleaning import readable
from bot.settings import Settings
from subscriptions.chats import known as known_chats
from subscriptions.chats import settings as chat_settings
from subscriptions.chats.known import Listed, get_set_up
from subscriptions.language import Language
from subscriptions.query.parse import texts_asked
from subscriptions.schedule.times import split_when, typed_query
from subscriptions.sources.forecast import NextDelivery
from subscriptions.subscribing import access
from subscriptions.subscribing import subscribe as subscribing
from subscriptions.text import cutting
from subscriptions.text.escaping import escaped

_OPENING = 80  # characters of the abstract that are shown for a paper without a title


def subscribe(
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help="Words, “phrases”, OR, -minus, field:value, parentheses, prefix*.")
    ],
    *,
    chat: ChatOption,
    when: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN",
            help="now, when-out, daily 9, “mondays at 9 Berlin, no surveys”; by default the chat's schedule.",
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="TEXT", help="The name of the subscription in messages.")] = None,
    now: Now = None,
) -> int:
    """Add a subscription to a chat, and the chat if it is new. The same query again changes its schedule."""
    with open_session(now, make=True) as app, drawing.reporting_query_errors(query):
        ending = typed_query(query)
        query, when = ending.query, one_time(ending, when)
        address = address_of(app, chat)
        title, kind = look_up_new_chat(app, address)
        moment = app.clock.now()
        encode(app, texts_asked(query))
        done = app.store.write_now(
            subscribing.subscribe, address, query, when=when, name=name, now=moment, title=title, kind=kind
        )
        app.store.write_now(access.serve, done.chat.address, now=app.clock.now())  # an operator here needs no approval
    language = Language("en", done.subscription.zone or done.chat.settings.timezone)
    examples = []
    for paper in (one.paper for one in done.examples):
        title = readable(paper.title) or f"“{cutting.cut_at_word(paper.abstract, _OPENING)}”"
        name = paper.arxiv_id or paper.doi
        examples.append(f"{title} ({name})" if name else title)
    echo = phrasing.subscribed(done, language, examples=examples, now=moment)
    drawing.print_reply(echo, *_remarks(done, app.settings))
    return 0


def _remarks(done: subscribing.Subscribed, settings: Settings) -> Iterator[str]:
    """Yield hints for the person who subscribed a chat."""
    chat, subscription = done.chat, done.subscription
    if done.outcome == "added":
        yield f'Undo: paperwire say "unsub {subscription.number}" --as {chat.address}'
    if typed := split_when(subscription.text).when:
        yield f"“{typed}” is looked for as words; a time is given with --when."
    zone = chat.settings.timezone
    uses_zone = subscription.cadence.kind != "now" and subscription.zone is None
    if subscription.number == 1 and uses_zone and zone == settings.timezone:
        yield f'{zone} is PAPERWIRE_TIMEZONE; another for this chat: paperwire say "set timezone ZONE" --as {chat.address}'
    yield from remarks_on_new(chat, settings)


def subscriptions(*, chat: OptionalChatOption = None, now: Now = None, json: Json = False) -> int:
    """List the subscriptions of one chat, or of all."""
    with open_session(now) as app:
        of = None if chat is None else app.store.read_now(get_set_up, address_of(app, chat)).address
        entries = app.store.read_now(known_chats.listed, of)
        following = () if json else app.store.read_now(known_chats.next_deliveries_of, entries, now=app.clock.now())
        moment = app.clock.now()
    documents = [
        {
            "number": one.subscription.number,
            "chat": str(one.chat.address),
            "name": one.subscription.name,
            "text": one.subscription.text,
            "canonical": one.subscription.canonical,
            "cadence": str(one.subscription.cadence),
            "zone": one.zone,
            "state": phrasing.state_of(one),
            "next_due_at": one.subscription.next_due_at,
        }
        for one in entries
    ]
    return tell(documents, lambda: show_list(entries, following, moment), json=json)


def show_list(entries: Sequence[Listed], following: Sequence[NextDelivery], now: datetime) -> None:
    """Print subscriptions as a table. `following`: the next delivery of each."""
    if not entries:
        print_line("There are no subscriptions yet. paperwire subscribe QUERY --as console:me adds one.")
        return
    rows = []
    for entry, then in zip(entries, following, strict=True):
        language = Language("en", entry.zone)
        row = phrasing.subscription_row(entry, language, now)
        due = _when_next(then, language, now) if phrasing.state_of(entry) == "active" else ""
        rows.append((row.chat, str(row.number), row.reading, row.when, due, row.state))
    drawing.print_rows(("chat", "no", "subscription", "when", "next", "state"), rows, right="no")


def _when_next(expected: NextDelivery, language: Language, now: datetime) -> str:
    """Return the time of a subscription's next delivery in words."""
    if expected.at is None:
        latest = expected.latest
        return f"{language.moment(latest, now=now)} at the latest" if latest else "when papers come"
    if expected.at <= now:
        return "when papers are out" if expected.opens else "in a moment"
    moment = language.moment(expected.at, about=expected.about and not expected.opens, now=now)
    if expected.opens:
        moment = f"from {moment} on"
    return f"{moment} ({phrasing.held_back(expected, language)})" if expected.is_held else moment


def settings(*, chat: ChatOption, json: Json = False) -> int:
    """Show all settings of a chat, and which of them it chose."""
    with open_session() as app:
        of = app.store.read_now(get_set_up, address_of(app, chat))
    values = {name: of.settings.value(name) for name in chat_settings.SETTINGS}  # as `set` accepts them
    document = {
        "chat": str(of.address),
        "title": of.title,
        "kind": of.kind.value,
        "state": of.state.value,
        "paused_until": of.paused_until,
        "settings": values,
        "chosen": [name for name in values if name in of.chosen],
    }

    def show() -> None:
        head = (str(of.address), escaped(of.title), of.kind.value, of.state.value)
        print_line(" · ".join(filter(None, head)))
        rows = ((name, value, "chosen" if name in of.chosen else "") for name, value in values.items())
        drawing.print_rows(("setting", "value", ""), rows)

    return tell(document, show, json=json)
