"""search, why, whynot: finds stored papers; says why a paper was delivered to a chat, or was not."""

from typing import Annotated

import typer

from bot.cli._options import ChatOption, Json, Now
from bot.cli._papers import (
    OptionalPaperArgument,
    PaperArgument,
    paper_document,
    paper_line,
    print_papers,
    stored_papers,
    title_of,
)
from bot.cli._queries import TERMINAL_LANGUAGE, error_document, reporting_query_errors
from bot.cli._session import open_session
from bot.cli._streams import json_time, print_json, print_line
from bot.commands.phrasing.reason_words import ReasonContext, delivered_line, failing_parts, hold_reason_line
from bot.commands.phrasing.taste_words import taste_line
from bot.errors import WrongUsage
from bot.rendering.text.language import Language
from bot.rendering.text.queries import query_in_words
from subscriptions.errors import NotFound, QueryError, Sentence
from subscriptions.model import Because, Chat, ChatKind, KnownPaper
from subscriptions.query import parse_query
from subscriptions.service.papers import (
    Nearest,
    Reason,
    deliveries_of_paper,
    last_delivered,
    nearest,
    reasons,
    search_all,
)
from subscriptions.service.subscriptions import get_chat
from subscriptions.store import DeliveredPaper

_MOST_DAYS = 3650
_MOST_SHOWN = 50  # papers of a search; --json has all
_EXAMPLE = "paperwire why 2601.01234 --as CHAT"


# -------------------------------------------------------------------------------------------------------------- search


def search(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="As you would give it to subscribe.")],
    *,
    days: Annotated[int | None, typer.Option("--days", metavar="N", help="Only papers of the last N days.")] = None,
    now: Now = None,
    json: Json = False,
) -> int:
    """Look through all stored papers, the newest first."""
    if days is not None and not 1 <= days <= _MOST_DAYS:
        raise WrongUsage(Sentence("--days is a number from 1 to {most}.", {"most": _MOST_DAYS}))
    try:
        read = parse_query(query)
    except QueryError as error:
        if json:
            print_json({"query": None, "text": query, "error": error_document(error)})
            return 1
        with reporting_query_errors(query):
            raise
    with open_session(now) as session:
        papers, stored = search_all(session.store, read, days=days, now=session.now)
    hints = [hint.say(TERMINAL_LANGUAGE.translate) for hint in read.hints]
    if json:
        counts = {"stored": stored, "found": len(papers), "papers": [paper_document(known) for known in papers]}
        print_json({"query": read.canonical, "text": query, "hints": hints, **counts})
    else:
        of = f"of {stored:,} papers" if days is None else f"papers of the last {days} days"
        print_line(f"{query_in_words(read, TERMINAL_LANGUAGE.translate)}: {len(papers):,} {of}")
        for hint in hints:
            print_line(f"  ({hint})")
        _show(papers)
    return 0


def _show(papers: tuple[KnownPaper, ...]) -> None:
    print_papers(papers[:_MOST_SHOWN])
    if len(papers) > _MOST_SHOWN:
        print_line(f"and {len(papers) - _MOST_SHOWN:,} more; --json lists all, --days N fewer")


# --------------------------------------------------------------------------------------------------------- why, whynot


def why(
    paper: OptionalPaperArgument = None,
    *,
    chat: ChatOption,
    now: Now = None,
    json: Json = False,
) -> int:
    """Say which subscriptions brought a paper to a chat and with which words, or what kept it from coming."""
    return _about(paper, chat, now, json=json)


def whynot(paper: PaperArgument, *, chat: ChatOption, now: Now = None, json: Json = False) -> int:
    """Say what keeps a paper from coming to a chat, for each of its subscriptions, or that it came."""
    return _about(paper, chat, now, json=json)


def _about(paper: str | None, chat: str, now: str | None, *, json: bool) -> int:
    with open_session(now) as session:
        asked_chat = get_chat(session.store, session.address(chat))
        known = None if paper is None else stored_papers(session, paper, 1, _EXAMPLE)[0]
        delivery = (
            last_delivered(session.store, asked_chat)
            if known is None
            else deliveries_of_paper(session.store, asked_chat, known)
        )
        known = known or (delivery.item.paper if delivery else None)
        if known is None:
            raise NotFound(Sentence("{chat} was not sent a paper yet.", {"chat": str(asked_chat.address)}))
        if delivery is None:
            hold_reasons = reasons(session.store, asked_chat, known, now=session.now)
            speaks = None
        else:
            hold_reasons = ()
            speaks = nearest(session.store, asked_chat, known)
    if json:
        print_json(_reasons_document(asked_chat, known, delivery, hold_reasons) | {"further_up": _further_up(speaks)})
    elif delivery is None:
        _show_hold_reasons(asked_chat, known, hold_reasons)
    else:
        _show_delivery(asked_chat, delivery, speaks)
    return 0


def _reasons_document(
    chat: Chat, known: KnownPaper, delivery: DeliveredPaper | None, hold_reasons: tuple[Reason, ...]
) -> dict[str, object]:
    """Returns what `why --json` and `whynot --json` print (docs/commands.md)."""
    delivered = (
        {"at": json_time(delivery.at), "state": delivery.state, "shown": delivery.item.shown} if delivery else None
    )
    return {
        "chat": str(chat.address),
        "paper": paper_document(known),
        "told": delivered,
        "because": [_because(entry) for entry in delivery.item.because] if delivery else [],
        "reasons": [_reason(entry) for entry in hold_reasons],
    }


def _because(entry: Because) -> dict[str, object]:
    return {"number": entry.number, "name": entry.name, "text": entry.text, "words": list(entry.words)}


def _reason(entry: Reason) -> dict[str, object]:
    lacks, excluded = failing_parts(entry, lambda query: query_in_words(query, TERMINAL_LANGUAGE.translate))
    subscription = entry.subscription
    return {
        "number": subscription.number,
        "name": subscription.name,
        "text": subscription.text,
        "keeps": entry.hold_reason.value,
        "lacks": lacks,
        "excludes": excluded,
        "due_at": json_time(entry.due),
    }


def _further_up(speaks: Nearest | None) -> dict[str, object] | None:
    if speaks is None:
        return None
    return {"because": speaks.kind.value, "paper": paper_document(speaks.paper), "words": list(speaks.words)}


def _show_delivery(chat: Chat, delivery: DeliveredPaper, speaks: Nearest | None) -> None:
    language = Language("en", chat.settings.timezone)
    print_line(paper_line(delivery.item.paper))
    print_line(delivered_line(delivery, chat, language))
    if speaks is not None:
        print_line(taste_line(speaks, title_of(speaks.paper), language, in_group=chat.kind is not ChatKind.PRIVATE))
    for entry in delivery.item.because:
        print_line(f"  {entry.number}  {entry.label}" + (f": {', '.join(entry.words)}" if entry.words else ""))


def _show_hold_reasons(chat: Chat, known: KnownPaper, hold_reasons: tuple[Reason, ...]) -> None:
    language = Language("en", chat.settings.timezone)
    print_line(paper_line(known))
    moment = language.moment(known.sequenced_at or known.first_seen_at)
    print_line(f"It became known {moment}; {chat.address} was not sent it.")
    context = ReasonContext(
        localizer=language,
        reading=lambda query: query_in_words(query, language.translate),
        command=lambda typed: f"paperwire {typed} --as {chat.address}",
    )
    day = language.day(known.day, seen_from=known.first_seen_at.date())
    for reason in hold_reasons:
        print_line(f"  {hold_reason_line(reason, chat, context, day)}")
    if not hold_reasons:
        print_line("  It has no subscriptions.")
