"""search, why, whynot: finds stored papers; says why a paper was delivered to a chat, or was not."""

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from bot.cli._options import ChatOption, Json, Now
from bot.cli._queries import TERMINAL_LANGUAGE, error_document, reporting_query_errors
from bot.cli._session import Session, open_session
from bot.cli._streams import json_time, print_json, print_line
from bot.cli._tables import print_table
from bot.commands.phrasing.reason_words import ReasonContext, delivered_line, failing_parts, hold_reason_line
from bot.errors import WrongUsage
from bot.rendering.text.language import Language
from bot.rendering.text.queries import query_in_words
from bot.rendering.text.tex import readable
from subscriptions.cutting import cut_at_word
from subscriptions.errors import NotFound, QueryError, Refused, Sentence
from subscriptions.escaping import escaped
from subscriptions.model import Because, Chat, KnownPaper
from subscriptions.query import mentioned, parse_query
from subscriptions.service.papers import Reason, deliveries_of_paper, last_delivered, papers_named, reasons, search_all
from subscriptions.service.subscriptions import get_chat
from subscriptions.store import DeliveredPaper

_MOST_DAYS = 3650
_MOST_SHOWN = 50  # papers of a search; --json has all
_OPENING = 100  # characters of the abstract, for a paper without a title

PaperArgument = Annotated[str, typer.Argument(metavar="ID", help="A paper: its arXiv id, its DOI, or a link to it.")]


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
        counts = {"stored": stored, "found": len(papers), "papers": [_paper(known) for known in papers]}
        print_json({"query": read.canonical, "text": query, "hints": hints, **counts})
    else:
        of = f"of {stored:,} papers" if days is None else f"papers of the last {days} days"
        print_line(f"{query_in_words(read, TERMINAL_LANGUAGE.translate)}: {len(papers):,} {of}")
        for hint in hints:
            print_line(f"  ({hint})")
        _show(papers)
    return 0


def _show(papers: tuple[KnownPaper, ...]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for known in papers[:_MOST_SHOWN]:
        table.add_row(Text(escaped(_name(known))), known.day.isoformat(), Text(escaped(_title(known))))
    if papers:
        print_table(table)
    if len(papers) > _MOST_SHOWN:
        print_line(f"and {len(papers) - _MOST_SHOWN:,} more; --json lists all, --days N fewer")


def _paper(known: KnownPaper) -> dict[str, object]:
    """Returns a stored paper for `--json`."""
    paper = known.paper
    return {
        "key": paper.key,
        "title": paper.title,
        "authors": list(paper.authors),
        "categories": list(paper.categories),
        "url": paper.url,
        "day": known.day.isoformat(),
    }


def _name(known: KnownPaper) -> str:
    return known.paper.arxiv_id or known.paper.doi or "–"


def _title(known: KnownPaper) -> str:
    return readable(known.paper.title) or f"“{cut_at_word(known.paper.abstract, _OPENING)}”"


# --------------------------------------------------------------------------------------------------------- why, whynot


def why(
    paper: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="An arXiv id, a DOI or a link; else the paper that came last.")
    ] = None,
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
        known = None if paper is None else _known(session, paper)
        delivery = (
            last_delivered(session.store, asked_chat)
            if known is None
            else deliveries_of_paper(session.store, asked_chat, known)
        )
        known = known or (delivery.item.paper if delivery else None)
        if known is None:
            raise NotFound(Sentence("{chat} was not sent a paper yet.", {"chat": str(asked_chat.address)}))
        hold_reasons = () if delivery else reasons(session.store, asked_chat, known, now=session.now)
    if json:
        print_json(_reasons_document(asked_chat, known, delivery, hold_reasons))
    else:
        _show_reasons(asked_chat, known, delivery, hold_reasons)
    return 0


def _known(session: Session, text: str) -> KnownPaper:
    """Returns the stored paper that `text` names. Raises Refused, NotFound."""
    names = mentioned(text)
    if not names:
        raise Refused(
            Sentence("Say which paper, by its arXiv id, DOI or link."),
            Sentence("For example: {example}", {"example": "paperwire why 2601.01234 --as CHAT"}),
        )
    known = papers_named(session.store, names[:1]).get(names[0])
    if known is None:
        raise NotFound(Sentence("{name} is not known here.", {"name": names[0]}))
    return known


def _reasons_document(
    chat: Chat, known: KnownPaper, delivery: DeliveredPaper | None, hold_reasons: tuple[Reason, ...]
) -> dict[str, object]:
    """Returns what `why --json` and `whynot --json` print (docs/commands.md)."""
    delivered = (
        {"at": json_time(delivery.at), "state": delivery.state, "shown": delivery.item.shown} if delivery else None
    )
    return {
        "chat": str(chat.address),
        "paper": _paper(known),
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


def _show_reasons(
    chat: Chat, known: KnownPaper, delivery: DeliveredPaper | None, hold_reasons: tuple[Reason, ...]
) -> None:
    language = Language("en", chat.settings.timezone)
    print_line(f"{escaped(_name(known))}  {escaped(_title(known))}")
    if delivery is not None:
        print_line(delivered_line(delivery, chat, language))
        for entry in delivery.item.because:
            print_line(f"  {entry.number}  {entry.label}" + (f": {', '.join(entry.words)}" if entry.words else ""))
        return
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
