"""Papers by id, DOI or link. Papers of arXiv that are not stored are looked up at arXiv, if the bot may do so.

The reply does not wait for arXiv. The pending lookup is stored with it and survives a restart, so that each is answered
once: `pending_lookup` makes the stored form of the request, `lookup_request` turns it into an event when arXiv has
answered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from pydantic import TypeAdapter

from bot.commands.core.context import CommandContext, Event
from bot.commands.papers.cards import card_reply
from bot.commands.papers.results import card_buttons
from bot.ports.conversation import EventRequest, Place, Request
from bot.ports.reply import Button, Reply
from subscriptions.model import CallbackToken, ChatAddress, ChatKind, KnownPaper
from subscriptions.query.links import mentioned
from subscriptions.service.papers.known_papers import as_item
from subscriptions.service.papers.paper_search import papers_named
from subscriptions.store.conversations import end_lookup
from subscriptions.store.papers.known_papers import first_paper_at

CARDS = 5  # papers of one message
PENDING_FOR = timedelta(days=1)  # how long a lookup may still be answered
LOOKUP_EVENT = "looked-up"  # the event that a lookup has ended
LOOKUP_VERB = "looks-up"  # the name of a pending lookup in the store begins so
LookupOutcome = Literal["stored", "unanswered", "refused"]  # by arXiv, by the database


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingLookup:
    """A request whose papers are being looked up."""

    names: tuple[str, ...]  # of the papers
    chat: tuple[str, str, str]  # (platform, address, topic)
    update_id: str
    place: "PendingPlace"
    sender: str
    sender_name: str
    language: str
    response_url: str
    thread_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingPlace:
    """The place where such a request was made."""

    kind: ChatKind
    title: str
    public: bool
    is_outside: bool


_PENDING = TypeAdapter(PendingLookup)


def named_papers(context: CommandContext, text: str) -> Reply:
    """Returns the cards of the papers that a text names by id, DOI or link; it must name at least one."""
    names = mentioned(text)
    known = papers_named(context.store, names[:CARDS])
    unknown = [name for name in names[:CARDS] if name not in known]
    asked = tuple(name for name in unknown if context.bot_info.looks_up_papers and not _is_doi(name))
    lost = [name for name in unknown if name not in asked]
    lines = [context.say("{name} is not known here.", name=name) for name in lost]
    if lost:
        lines.append(_known_since(context))
    if asked:
        lines.append(context.say("I look it up at arXiv: {names}", names=", ".join(asked)))
    if len(names) > CARDS:
        lines.append(context.say("The first {most} of {count}.", most=CARDS, count=len(names)))
    reply = _cards(context, names[:CARDS], known, lines)
    return replace(reply, ok=None if known or asked else False, lookup_ids=asked)


def on_looked_up(context: CommandContext) -> Reply | None:
    """Shows what arXiv answered: the cards, and which papers it does not know. None if the lookup is no longer stored."""
    details = context.event_details
    if not end_lookup(context.store, details["as"], since=context.now - PENDING_FOR):
        return None
    names = details["names"].split()
    known = papers_named(context.store, names)
    unknown = ", ".join(name for name in names if name not in known)
    lines = [_why_unknown(context, unknown, details["outcome"])] if unknown else []
    return replace(_cards(context, names, known, lines), ok=None if known else False)


def _why_unknown(context: CommandContext, names: str, outcome: str) -> str:
    match outcome:
        case "unanswered":
            return context.say(
                "arXiv cannot be asked now, so I do not know {names}. Please try again later.", names=names
            )
        case "refused":
            return context.say("I could not store {names}. Please tell the operator.", names=names)
    return context.say("arXiv knows no paper {names}.", names=names)


def pending_lookup(request: Request, names: Sequence[str]) -> tuple[str, CallbackToken]:
    """Returns (the name, the token) under which a request is stored while its papers are looked up."""
    place = request.place
    pending = PendingLookup(
        names=tuple(names),
        chat=(request.chat.platform, request.chat.address, request.chat.topic),
        update_id=request.update_id,
        place=PendingPlace(kind=place.kind, title=place.title, public=place.public, is_outside=place.is_outside),
        sender=request.sender,
        sender_name=request.sender_name,
        language=request.language,
        response_url=request.response_url,
        thread_id=request.thread_id,
    )
    arguments = _PENDING.dump_python(pending, mode="json")
    token = CallbackToken(verb=LOOKUP_VERB, arguments=arguments, place=str(request.chat), person=request.sender)
    return pending_name(request), token


def pending_name(request: Request) -> str:
    """Returns the name under which the pending lookup of a request is stored."""
    return f"{LOOKUP_VERB}:{request.chat.platform}:{request.update_id}"


def lookup_request(name: str, request: Mapping[str, Any], outcome: LookupOutcome) -> Request:
    """Returns the event that answers the pending lookup of a request."""
    pending = _PENDING.validate_python(request)
    chat, where = ChatAddress(*pending.chat), pending.place
    details = {"as": name, "names": " ".join(pending.names), "outcome": outcome}
    return EventRequest(
        place=Place(chat=chat, kind=where.kind, title=where.title, public=where.public, is_outside=where.is_outside),
        update_id=f"{LOOKUP_VERB}:{pending.update_id}",
        event=LOOKUP_EVENT,
        details=details,
        sender=pending.sender,
        sender_name=pending.sender_name,
        language=pending.language,
        response_url=pending.response_url,
        thread_id=pending.thread_id,
    )


def _cards(
    context: CommandContext, names: Sequence[str], known: Mapping[str, KnownPaper], lines: Sequence[str]
) -> Reply:
    """Returns the known papers as rows with numbers; a single one as its full card."""
    if len(names) == 1 and known:
        return card_reply(context, known[names[0]])
    papers = {paper.id: paper for paper in known.values()}
    items = tuple(
        as_item(context.store, context.chat, paper)._replace(position=at) for at, paper in enumerate(papers.values())
    )
    return Reply(
        lines=tuple(lines),
        items=items,
        item_layout="card",
        numbers=card_buttons(context, items),
        buttons=((_elsewhere(context, names[0]),),) if len(names) == 1 else (),
    )


def _known_since(context: CommandContext) -> str:
    since = first_paper_at(context.store)
    if since is None:
        return context.say("No papers are known yet.")
    return context.say("I know the papers that came since {moment}.", moment=context.localizer.moment(since))


def _is_doi(name: str) -> bool:
    return name.startswith("10.") and "/" in name


def _elsewhere(context: CommandContext, name: str) -> Button:
    host = "https://doi.org/" if _is_doi(name) else "https://arxiv.org/abs/"
    return Button(label=context.say("look there"), url=host + name)


EVENTS = {LOOKUP_EVENT: Event(run=on_looked_up)}
