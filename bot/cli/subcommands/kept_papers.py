"""save, saved, like: what a chat keeps of the papers, and the papers near to some of them."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from bot.cli._options import ChatOption, Json, Now
from bot.cli._papers import OptionalPaperArgument, paper_document, paper_line, print_papers, stored_papers, title_of
from bot.cli._queries import TERMINAL_LANGUAGE
from bot.cli._session import Session, open_session
from bot.cli._streams import print_json, print_line, print_reply
from bot.commands.papers.bibtex import bibliography
from bot.commands.papers.like import MOST_GIVEN, WORDS
from bot.commands.papers.ris import references
from bot.errors import WrongUsage
from bot.ports.reply import Reply
from subscriptions.errors import NotFound, Sentence
from subscriptions.escaping import escaped
from subscriptions.model import Chat, KnownPaper
from subscriptions.service.papers import last_delivered, papers_alike, save_paper, saved_papers, take_back
from subscriptions.service.subscriptions import get_chat, judging
from subscriptions.states import Signal


class Format(StrEnum):
    """What a reference manager reads."""

    BIB = "bib"
    BIBTEX = "bibtex"
    RIS = "ris"


def save(
    paper: OptionalPaperArgument = None,
    *,
    chat: ChatOption,
    remove: Annotated[bool, typer.Option("--remove", help="Keep it no longer.")] = False,
    now: Now = None,
    json: Json = False,
) -> int:
    """Keep a paper for a chat, or keep it no longer; `saved` lists what is kept."""
    with open_session(now) as session:
        stored_chat = get_chat(session.store, session.address(chat))
        known = _named_or_last(session, stored_chat, paper)
        with judging(session.store, stored_chat, now=session.now) as transaction:
            if not remove:
                is_changed = save_paper(transaction, stored_chat, known.id, now=session.now)
            elif not take_back(transaction, stored_chat, known.id, Signal.SAVED):
                raise NotFound(Sentence("{name} is not saved here.", {"name": paper or title_of(known)}))
            else:
                is_changed = True
    if json:
        counted = {"chat": str(stored_chat.address), "paper": paper_document(known)}
        print_json({**counted, "saved": not remove, "changed": is_changed})
        return 0
    said = "No longer saved" if remove else "Saved" if is_changed else "It is saved already"
    print_reply(Reply(lines=(f"{said}: {paper_line(known)}",), ok=True))
    if is_changed:
        print_line(_undo(stored_chat, known, remove=remove))
    return 0


def _named_or_last(session: Session, chat: Chat, text: str | None) -> KnownPaper:
    """Returns the paper that `text` names, without a text the one that was delivered last. Raises Refused, NotFound."""
    if text is not None:
        return stored_papers(session, text, 1, "paperwire save 2601.01234 --as CHAT")[0]
    delivery = last_delivered(session.store, chat)
    if delivery is None:
        raise NotFound(Sentence("{chat} was not sent a paper yet.", {"chat": str(chat.address)}))
    return delivery.item.paper


def _undo(chat: Chat, known: KnownPaper, *, remove: bool) -> str:
    name = known.paper.arxiv_id or known.paper.doi or known.paper.url or ""
    return f"  Undo: paperwire save {escaped(name)} --as {chat.address}{'' if remove else ' --remove'}"


def saved(
    *,
    chat: ChatOption,
    form: Annotated[
        Format | None, typer.Option("--format", metavar="FORM", help="bib (BibTeX) or ris, for a reference manager.")
    ] = None,
    now: Now = None,
    json: Json = False,
) -> int:
    """List the papers that a chat keeps, the last one first; with --format as BibTeX or RIS."""
    if json and form:
        raise WrongUsage(Sentence("--json and --format exclude each other."))
    with open_session(now) as session:
        stored_chat = get_chat(session.store, session.address(chat))
        papers = saved_papers(session.store, stored_chat)
    if json:
        print_json({"chat": str(stored_chat.address), "papers": [paper_document(known) for known in papers]})
    elif form is not None:
        sys.stdout.write(references(papers) if form is Format.RIS else bibliography(papers))
    elif papers:
        print_papers(papers)
    else:
        print_line(f"Nothing is saved here. paperwire save 2601.01234 --as {stored_chat.address} saves a paper.")
    return 0


def like(
    papers: Annotated[list[str], typer.Argument(metavar="ID…", help="Papers: arXiv ids, DOIs or links, five at most.")],
    *,
    now: Now = None,
    json: Json = False,
) -> int:
    """Find the papers that are nearest to one paper, or to several, among the newest thousand."""
    with open_session(now) as session:
        given = stored_papers(session, " ".join(papers), MOST_GIVEN, "paperwire like 2601.01234")
        found = papers_alike(session.store, given)
    if json:
        counted = {"given": [paper_document(one) for one in given], "looked_at": found.looked_at}
        print_json({**counted, "words": list(found.words), "papers": [paper_document(one) for one in found.papers]})
        return 0
    among = TERMINAL_LANGUAGE.count(
        "of the newest {count} paper", "of the newest {count} papers", found.looked_at
    )  # fmt: skip
    titles = "; ".join(map(title_of, given))
    if not found.papers:
        print_line(f"Near to {titles} is none {among}.")
        return 0
    print_line(f"Nearest to {titles}, {among}:")
    print_line(f"  by their words {', '.join(found.words[:WORDS])}")
    print_papers(found.papers)
    return 0
