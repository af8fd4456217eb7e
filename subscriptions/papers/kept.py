"""What a chat that kept a paper is told when something becomes of it, and when. Pure.

News is the difference between what a paper is now and what the chat knows of it. Who saved a paper hears everything,
who liked it only what must be known of it, and its article.
"""

from collections.abc import Collection, Iterator
from dataclasses import fields, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from subscriptions.identity import is_preprint, is_server
from subscriptions.life import Article, Event, Life, Notice, Withdrawal
from subscriptions.model import Chat, ChatState, Paper, Signal
from subscriptions.schedule import cadence, due_moments, zones
from subscriptions.schedule.times import read_when
from subscriptions.text.statements import ARTEFACTS, accepted_in, artefact_address

GRAVE = frozenset({Event.RETRACTED, Event.WITHDRAWN, Event.CONCERN})  # told at once, outside quiet hours
OF_LIKED = GRAVE | {Event.ARTICLE}
KEEPING = (Signal.SAVED, Signal.LIKED)  # the signals by which a chat keeps a paper
LONGEST_COMMENT = 500  # characters that are remembered of a comment
SAME_CORRECTION = timedelta(days=30)  # one source gives a notice's DOI, another its PMID and a later day
LOOK_AGAIN = timedelta(hours=1)  # at a chat that gets no messages now


def life_of(paper: Paper) -> Life:
    """Return what is known of a stored paper."""
    facts = paper.facts
    known = bool(paper.comment) or facts.has_no_comment
    return Life(
        version=paper.version,
        comment=paper.comment[:LONGEST_COMMENT] if known else None,
        accepted=accepted_in(paper.comment[:LONGEST_COMMENT]),
        code=artefact_address("code", paper.abstract, paper.comment),
        article=article_of(paper),
        corrected=facts.corrected,
        concern=facts.concern,
        retracted=facts.retracted,
        withdrawn=facts.withdrawn,
    )


def article_of(paper: Paper) -> Article | None:
    """Return the article of a paper: that whose DOI it has, else that of its facts; an empty one for what is no preprint."""
    venue = "" if is_server(paper.venue) else paper.venue
    if paper.doi and is_article(paper.doi):
        return Article(doi=paper.doi, venue=venue, day=paper.published)
    if paper.arxiv_id or paper.doi or is_server(paper.venue):
        return paper.facts.article
    return Article(venue=venue, day=paper.published)


def is_article(doi: str) -> bool:
    """Return whether a DOI may be that of an article: no server of preprints and no archive of data has it."""
    return bool(doi) and not is_preprint(doi) and not ARTEFACTS["data"].match(doi)


def untold(now: Life, known: Life, kept: date) -> tuple[Event, ...]:
    """Return what became of a paper since a chat knew it, the gravest first. `kept`: the day when it kept the paper.

    What nobody had described by then is no news when a source first describes it, but a retraction, a withdrawal, a
    concern, and an article that came later than the description, always are.
    """
    return tuple(event for event, is_news in _news(now, known, kept) if is_news)


def _news(now: Life, known: Life, kept: date) -> Iterator[tuple[Event, bool]]:
    is_described = known.version is not None or now.version is None
    yield Event.RETRACTED, now.retracted is not None and known.retracted is None
    yield Event.WITHDRAWN, _is_withdrawn_anew(now.withdrawn, known.withdrawn)
    yield Event.CONCERN, now.concern is not None and known.concern is None
    yield Event.CORRECTED, _is_corrected_anew(now.corrected, known.corrected, kept)
    yield Event.ARTICLE, is_described and now.article is not None and known.article is None
    is_newer = known.version is not None and (now.version or 0) > known.version
    yield Event.VERSION, is_newer and now.withdrawn is None
    had_comment = known.comment is not None
    yield Event.ACCEPTED, had_comment and bool(now.accepted) and not known.accepted and now.article is None
    is_from_comment = artefact_address("code", now.comment or "") == now.code
    yield Event.CODE, is_described and bool(now.code) and not known.code and (had_comment or not is_from_comment)


def _is_withdrawn_anew(now: Withdrawal | None, known: Withdrawal | None) -> bool:
    return now is not None and (known is None or (now.version or 0) > (known.version or 0))


def _is_corrected_anew(now: Notice | None, known: Notice | None, kept: date) -> bool:
    if now is None or not now.day or now.day < kept.isoformat()[: len(now.day)]:
        return False
    return known is None or (now.doi != known.doi and not _are_near(now.day, known.day))


def _are_near(day: str, other: str) -> bool:
    """Return whether two days may be those of one correction; a month or a year counts as its first day."""
    try:
        first, second = (date.fromisoformat(f"{one}-01-01"[:10]) for one in (day, other))
    except ValueError:
        return False
    return abs(first - second) < SAME_CORRECTION


def knowing(known: Life, now: Life) -> Life:
    """Return what a chat knows that knew a paper before and hears how it is now. What a source unsays stays known."""
    kept: dict[str, Any] = {one.name: getattr(known, one.name) for one in fields(known) if not getattr(now, one.name)}
    return replace(now, **kept)


def wanted(events: Collection[Event], kind: Signal, setting: str) -> tuple[Event, ...]:
    """Return those events that a chat hears of a paper that it kept so. `setting`: its setting `updates`."""
    if setting == "off":
        return ()
    wants = frozenset(Event) if kind is Signal.SAVED else OF_LIKED
    return tuple(one for one in events if one in (wants & GRAVE if setting == "grave" else wants))


def moment_of(chat: Chat, now: datetime, *, is_grave: bool, is_told_today: bool) -> datetime:
    """Return when a chat hears news of its papers, if not later: its time, once a local day; grave news at once.

    Quiet hours put off both. A moment that has passed means now.
    """
    if chat.state is not ChatState.ACTIVE:
        return now + LOOK_AGAIN
    moment = now
    if not is_grave:
        zone, schedule = zones.zone(chat.settings.timezone), read_when(chat.settings.schedule).cadence
        day = now.astimezone(zone).date() + timedelta(days=is_told_today)
        while day.weekday() not in schedule.days:
            day += timedelta(days=1)
        moment = max(now, cadence.local_moment(day, schedule.at or time.min, zone))
    return due_moments.quiet_until(chat, moment) or moment
