"""Tells chats what became of the papers that they kept: a step of the plan (docs/architecture.md, rule 18)."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import partial
from typing import NamedTuple

from subscriptions.chats.stored import chats as stored_chats
from subscriptions.database.store import Step, Transaction, grouped
from subscriptions.errors import Sentence
from subscriptions.language import Language
from subscriptions.life import Article, Event, Life
from subscriptions.life import Notice as Published
from subscriptions.model import CallbackToken, Chat, Lane, PaperNews, Signal, StoredPaper
from subscriptions.outbox import notify as notifying
from subscriptions.outbox.notices import Notice
from subscriptions.papers import kept as kept_papers
from subscriptions.papers.kept import GRAVE
from subscriptions.papers.stored import kept
from subscriptions.papers.stored import papers as known_papers
from subscriptions.papers.stored.kept import KeptPaper
from subscriptions.text.cutting import short
from subscriptions.text.statements import remark_in

SLICE = 100  # chats that are told in one transaction
MOST_AT_ONCE = 20  # papers in one notice; the others are told in the next
OF_WORK = frozenset({Event.RETRACTED, Event.CONCERN, Event.CORRECTED})  # told of each record of a work
DAILY, AT_ONCE = "kept", "kept-grave"  # causes of notices
_LONGEST_QUOTATION = 120  # columns
_LONGEST_NAME = 60  # columns of a journal's name


class _News(NamedTuple):
    """What a chat is to be told of one of its papers."""

    kept: KeptPaper
    paper: StoredPaper
    now: Life
    events: tuple[Event, ...]  # the gravest first

    @property
    def is_grave(self) -> bool:
        return not GRAVE.isdisjoint(self.events)


def steps(transaction: Transaction, *, now: datetime) -> Sequence[Step[Sequence[Lane]]]:
    """Return the steps that tell what is to be told by now, each of which returns the lanes of its notices.

    A step tells a slice of chats, and stores in the same transaction what they know. The last one stores when the
    papers are looked at again.
    """
    papers = kept.papers_due(transaction, now)
    chats = sorted({one.chat for one in kept.changed_papers(transaction, papers=papers)}) if papers else []
    slices = [chats[at : at + SLICE] for at in range(0, len(chats), SLICE)]
    told = [Step(partial(_tell, chat_ids=one, now=now)) for one in slices]
    return [*told, Step(partial(_look_again, papers=papers, now=now))] if papers else []


def _tell(transaction: Transaction, chat_ids: Sequence[int], now: datetime) -> Sequence[Lane]:
    lanes, known = list[Lane](), list[KeptPaper]()
    for chat, news in _news(transaction, kept.changed_papers(transaction, chats=chat_ids)):
        known += [_knowing(one) for one in news if not one.events]
        for is_grave in (True, False):
            some = [one for one in news if one.events and one.is_grave is is_grave][:MOST_AT_ONCE]
            if some and kept_papers.moment_of(chat, now, is_grave=is_grave, is_told_today=False) <= now:
                notice = _notice(chat, some, now, is_grave=is_grave)
                if notifying.notify(transaction, chat.address, notice, now=now):
                    lanes.append(chat.address.lane)
                    told = {one.paper.id for one in some}
                    known += [_knowing(one) for one in news if one.paper.id in told]
    kept.remember(transaction, known)
    return lanes


def _look_again(transaction: Transaction, papers: Sequence[int], now: datetime) -> Sequence[Lane]:
    """Store when the papers are looked at again, for the chats that have not heard everything. Return no lanes."""
    at: dict[int, datetime] = {}
    for chat, news in _news(transaction, kept.changed_papers(transaction, papers=papers)):
        told = notifying.is_told(transaction, chat, DAILY, now)
        for one in news:
            if one.events:
                moment = kept_papers.moment_of(chat, now, is_grave=one.is_grave, is_told_today=told)
                at[one.paper.id] = min(moment, at.get(one.paper.id, moment))
    kept.look_again(transaction, papers, at)
    return ()


def _news(transaction: Transaction, changed: Sequence[KeptPaper]) -> Iterator[tuple[Chat, list[_News]]]:
    """Yield each chat with the papers that it kept and that changed, the saved ones first."""
    papers = known_papers.stored_papers(transaction, sorted({one.paper for one in changed}))
    lives = {paper: kept_papers.life_of(one.paper) for paper, one in papers.items()}
    of_chats = grouped(
        (one.chat, one) for one in sorted(changed, key=lambda one: (one.kind is not Signal.SAVED, one.at))
    )
    for chat_id, chat in stored_chats.chats_by_id(transaction, sorted(of_chats)).items():
        told = set[tuple[str, Event]]()
        found = list[_News]()
        for one in of_chats[chat_id]:
            known, life = papers[one.paper], lives[one.paper]
            events = kept_papers.untold(life, one.known, one.at.date())
            wanted = kept_papers.wanted(events, one.kind, chat.settings.updates)
            # what is told of a paper as a saved one, or of another record of its work, is not told again
            found.append(
                _News(one, known, life, tuple(event for event in wanted if (known.paper.key, event) not in told))
            )
            told |= {(known.paper.key, event) for event in Event}
            told |= {
                (key.removeprefix("doi:"), event) for key in known.paper.facts.others for event in OF_WORK & {*wanted}
            }
        yield chat, found


def _knowing(one: _News) -> KeptPaper:
    return one.kept._replace(known=kept_papers.knowing(one.kept.known, one.now))


def _notice(chat: Chat, news: Sequence[_News], now: datetime, *, is_grave: bool) -> Notice:
    buttons = [
        (
            Sentence(str(number)) if len(news) > 1 else Sentence("show"),
            CallbackToken(verb="card", arguments={"paper": one.paper.id, "number": 1}),
        )
        for number, one in enumerate(news, 1)
    ]
    settings = Sentence("settings"), CallbackToken(verb="set", arguments={"text": "updates"})
    return Notice(
        cause=AT_ONCE if is_grave else DAILY,
        subject=f"{now.isoformat()} {news[0].paper.id}" if is_grave else "",
        daily=not is_grave,
        lines=lambda words: (_head(words, news),),
        news=lambda words: [_paper_news(words, one, words.local(now).date()) for one in news],
        buttons=(*buttons, settings) if chat.settings.buttons == "full" else (),
    )


def _head(words: Language, news: Sequence[_News]) -> str:
    match [*{one.events[0] for one in news}]:
        case [Event.RETRACTED]:
            one, many = Sentence("A paper you kept was retracted"), Sentence("{count} papers you kept were retracted")
        case [Event.WITHDRAWN]:
            one, many = Sentence("A paper you kept was withdrawn"), Sentence("{count} papers you kept were withdrawn")
        case [Event.CONCERN]:
            one, many = Sentence("Concern about a paper you kept"), Sentence("Concern about {count} papers you kept")
        case _:
            one, many = Sentence("News of a paper you kept"), Sentence("News of {count} papers you kept")
    return words.say(many, count=words.number(len(news))) if len(news) > 1 else words.say(one)


def _paper_news(words: Language, one: _News, today: date) -> PaperNews:
    paper = one.paper.paper
    lines = [_line(words, event, one, today) for event in one.events]
    if one.is_grave:
        day = words.dated(words.local(one.kept.at).date(), seen_from=today)
        is_liked = one.kept.kind is Signal.LIKED
        said = words.say("you liked it on {day}", day=day) if is_liked else words.say("you kept it on {day}", day=day)
        lines.append((said, ""))
    return PaperNews(
        title=paper.title,
        arxiv_id=paper.arxiv_id,
        doi=paper.doi,
        url=paper.url,
        is_gone=one.paper.is_gone,
        lines=tuple(lines),
    )


def _line(words: Language, event: Event, one: _News, today: date) -> tuple[str, str]:
    """Return what became of a paper, and an address that says more; "" for none."""
    match event:
        case Event.RETRACTED | Event.CONCERN | Event.CORRECTED | Event.ARTICLE:
            return _by_publisher(words, event, one.now, today)
        case Event.CODE:
            return words.say("code"), one.now.code
        case _:
            return _by_authors(words, event, one), ""


def _by_publisher(words: Language, event: Event, now: Life, today: date) -> tuple[str, str]:
    published: Published | Article | None
    match event:
        case Event.RETRACTED:
            text, published = words.say("retracted"), now.retracted
        case Event.CONCERN:
            text, published = words.say("expression of concern"), now.concern
        case Event.CORRECTED:
            text, published = words.say("corrected"), now.corrected
        case _:
            venue, published = short(now.article.venue, _LONGEST_NAME) if now.article else "", now.article
            text = words.say("published in {venue}", venue=venue) if venue else words.say("published")
    if published and published.day:
        text = words.say("{event}, {day}", event=text, day=words.written_day(published.day, seen_from=today))
    return text, f"https://doi.org/{published.doi}" if published and published.doi.startswith("10.") else ""


def _by_authors(words: Language, event: Event, one: _News) -> str:
    now, known = one.now, one.kept.known
    if event is Event.ACCEPTED:
        text, quoted = words.say("accepted"), now.accepted
    elif event is Event.WITHDRAWN:
        by_authors, quoted = (now.withdrawn.by_authors, now.withdrawn.reason) if now.withdrawn else (False, "")
        text = words.say("withdrawn by the authors") if by_authors else words.say("withdrawn")
    else:
        number, had = now.version or 0, known.version or 0
        text = words.say("version {number}", number=number)
        if number > had + 1:
            text = words.say("version {number} (you had {had})", number=number, had=had)
        quoted = remark_in(now.comment or "") if now.comment != known.comment else ""
    if quoted := short(quoted, _LONGEST_QUOTATION):
        return words.say("{event}: “{words}”", event=text, words=quoted)
    return text
