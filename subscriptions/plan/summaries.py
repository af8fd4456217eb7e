"""Summaries by a language model: which are wanted.

Planning and delivering know nothing of them: a delivery shows what is there when it is rendered. Summaries are wanted
for papers that subscriptions match, in the languages of their chats, once each: before they are due, or not at all.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from subscriptions.chats.stored import chats as stored_chats
from subscriptions.chats.stored.subscriptions import subscriptions_of
from subscriptions.database import bot_state
from subscriptions.database.store import Transaction
from subscriptions.model import Chat, ChatSettings, Paper, StoredPaper, Subscription
from subscriptions.papers.stored import llm_requests as model_requests
from subscriptions.papers.stored import papers as known_papers
from subscriptions.papers.stored.llm_requests import Place
from subscriptions.plan.plan import Window
from subscriptions.text.folding import has_chinese
from subscriptions.text.statements import summary_state

NEWS = timedelta(days=1)  # for so long a summary is wanted, from the moment on when its paper came
LEAST_ABSTRACT = 150  # characters; shorter ones are read as they are
_STEP = 200  # papers that are looked through at once
_TEXTS = ("summary", "both")  # values of the setting `text` that show summaries


class Wanted(NamedTuple):
    """Place → how many chats want a summary there, of the next papers with a sequence of at most `upto`."""

    upto: int
    chats: Mapping[Place, int]


def find_wanted(transaction: Transaction, looked_upto: int, *, now: datetime) -> Wanted | None:
    """Return which summaries of the next papers after a sequence are wanted; None if there are no more papers."""
    last = bot_state.last_sequence(transaction)
    after = max(looked_upto, known_papers.sequence_before(transaction, now - NEWS))
    if after >= last:
        return None
    upto = min(after + _STEP, last)
    window, wanted = Window(upto), Counter[Place]()
    window.cover(transaction, after)
    for chat, subscriptions in _chats_that_read(transaction) if window.papers.known else ():
        papers = {paper.id: paper for paper in _brought(transaction, window, chat, subscriptions, after)}
        wanted.update((paper.id, chat.settings.lang) for paper in papers.values() if _lacks(paper, chat.settings))
    asked = model_requests.asked_of(transaction, sorted({paper for paper, _ in wanted}))
    return Wanted(upto, {place: amount for place, amount in wanted.items() if place not in asked})


def _chats_that_read(transaction: Transaction) -> Iterator[tuple[Chat, Sequence[Subscription]]]:
    """Yield the active chats that show summaries, with their active subscriptions."""
    for page in stored_chats.all_chats(transaction):
        reading = [one for one in page if one.is_active and one.settings.text in _TEXTS]
        subscriptions = subscriptions_of(transaction, [chat.id for chat in reading])
        for chat in reading:
            yield chat, [one for one in subscriptions[chat.id] if one.is_active]


def _brought(
    transaction: Transaction, window: Window, chat: Chat, subscriptions: Sequence[Subscription], after: int
) -> Iterator[StoredPaper]:
    """Yield the papers of a window that subscriptions of a chat bring, perhaps one several times."""
    fits = window.fits(transaction, subscriptions)
    for subscription in subscriptions:
        for position in fits[subscription.id]:
            paper = window.papers.known[position]
            is_left_out = chat.settings.crosslists == "out" and paper.sequence_as_new <= after
            came = paper.sequenced_at or paper.first_seen_at
            if not (is_left_out or paper.is_gone or came < subscription.since):
                yield paper


def _lacks(known: StoredPaper, settings: ChatSettings) -> bool:
    lacks_summary, lacks_title = _lacking(known.paper, settings.lang)
    return lacks_summary or (lacks_title and settings.text == "both")


def _lacking(paper: Paper, language: str) -> tuple[bool, bool]:
    """Return (whether a paper lacks a usable summary in a language that an abstract can give, and a title in it)."""
    own = [one for one in paper.summaries if _is_in(one.language, language)]
    has_summary = any(summary_state(text) == "ok" for one in own for text in one.fields.values())
    has_title = any(one.title for one in paper.translations if _is_in(one.language, language))
    is_foreign = bool(paper.title) and has_chinese(paper.title) != (language == "zh")
    return len(paper.abstract) >= LEAST_ABSTRACT and not has_summary, is_foreign and not has_title


def _is_in(code: str, language: str) -> bool:
    return code.partition("-")[0].lower() == language


def still_wanted(transaction: Transaction, place: Place, *, now: datetime) -> Paper | None:
    """Return the paper of a wanted summary.

    None if it lacks nothing any more, such as after a digest brought it again.
    """
    paper, language = place
    known = known_papers.stored_papers(transaction, [paper]).get(paper)
    if known is None or known.is_gone or (known.sequenced_at or known.first_seen_at) < now - NEWS:
        return None
    return known.paper if any(_lacking(known.paper, language)) else None
