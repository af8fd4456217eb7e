"""Summaries by a language model: for which papers and how long they are wanted, how many tries, how many at once.

Planning and delivering know nothing of them: a delivery shows what is there when it is rendered. Summaries are wanted for
papers that subscriptions match, in the languages of their chats, once each.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from subscriptions.model import Chat, ChatSettings, KnownPaper, ModelSummary, Paper, Subscription
from subscriptions.normalize.letters import has_chinese
from subscriptions.service.window import Window
from subscriptions.store import bot_state, chats, known_papers, model_summaries, paper_sequence
from subscriptions.store.database.store import Transaction, reads, writes
from subscriptions.store.subscriptions import subscriptions_of
from subscriptions.texts.summary_states import summary_state

AT_ONCE = 4  # requests
MOST_TRIES = 2
NEWS = timedelta(days=1)  # papers that came before are not looked at, such as when the model is turned on
WAITS = timedelta(days=8)  # so long a summary is wanted: a weekly subscription delivers until then
LEASE = timedelta(minutes=5)  # after which it may be asked again
COMPARED = 200  # newest summaries with which a new one is compared
LEAST_ABSTRACT = 150  # characters; shorter ones are read as they are
_STEP = 200  # papers that are looked through at once
_TEXTS = ("summary", "both")  # values of the setting `text` that show summaries


@dataclass(frozen=True, slots=True)
class Wanted:
    """(paper, language) → how many chats want a summary, of the papers with after < sequence <= upto."""

    after: int  # papers up to here were looked through before
    upto: int
    chats: Mapping[tuple[int, str], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A summary for which the model is asked: what of it is lacking, and what was reserved of which day's budget."""

    place: model_summaries.SummaryPlace
    paper: Paper
    asks_summary: bool
    asks_title: bool
    day: date
    cost: int = 0  # tokens


# Gets paper id → paper with a summary by the model. Returns the ids of those that an answer repeats; None: it repeats none.
Repeats = Callable[[Mapping[int, Paper]], Sequence[int] | None]


@reads
def find_wanted(transaction: Transaction, *, now: datetime) -> Wanted | None:
    """Returns which summaries of the next papers are wanted; None if there are no papers that were not looked through."""
    looked, last = model_summaries.looked_upto(transaction), paper_sequence.last_sequence(transaction)
    if looked >= last:
        return None
    after = max(looked, known_papers.sequence_before(transaction, now - NEWS))
    upto = min(after + _STEP, last)
    window, wanted = Window(upto), Counter[tuple[int, str]]()
    window.cover(transaction, after)
    for chat, subscriptions in _chats_that_read(transaction) if window.papers.known else ():
        papers = {paper.id: paper for paper in _brought(transaction, window, chat, subscriptions, after)}
        wanted.update((paper.id, chat.settings.lang) for paper in papers.values() if _lacks(paper, chat.settings))
    return Wanted(looked, upto, wanted)


def _chats_that_read(transaction: Transaction) -> Iterator[tuple[Chat, Sequence[Subscription]]]:
    """Yields the active chats that show summaries, with their active subscriptions."""
    for page in chats.all_chats(transaction):
        reading = [one for one in page if one.is_active and one.settings.text in _TEXTS]
        subscriptions = subscriptions_of(transaction, [chat.id for chat in reading])
        for chat in reading:
            yield chat, [one for one in subscriptions[chat.id] if one.is_active]


def _brought(
    transaction: Transaction, window: Window, chat: Chat, subscriptions: Sequence[Subscription], after: int
) -> Iterator[KnownPaper]:
    """Yields the papers of a window that subscriptions of a chat bring, perhaps one several times."""
    fits = window.fits(transaction, subscriptions)
    for subscription in subscriptions:
        for position in fits[subscription.id]:
            paper = window.papers.known[position]
            is_left_out = chat.settings.crosslists == "out" and paper.sequence_as_new <= after
            came = paper.sequenced_at or paper.first_seen_at
            if not (is_left_out or paper.withdrawn_at or came < subscription.since):
                yield paper


def _lacks(known: KnownPaper, settings: ChatSettings) -> bool:
    asks_summary, asks_title = _lacking(known.paper, settings.lang)
    return asks_summary or (asks_title and settings.text == "both")


def _lacking(paper: Paper, language: str) -> tuple[bool, bool]:
    """Returns (whether a paper lacks a usable summary in a language that an abstract can give, and a title in it)."""
    own = [one for one in paper.summaries if _is_in(one.language, language)]
    has_summary = any(summary_state(text) == "ok" for one in own for text in one.fields.values())
    has_title = any(one.title for one in paper.translations if _is_in(one.language, language))
    is_foreign = bool(paper.title) and has_chinese(paper.title) != (language == "zh")
    return len(paper.abstract) >= LEAST_ABSTRACT and not has_summary, is_foreign and not has_title


def _is_in(code: str, language: str) -> bool:
    return code.partition("-")[0].lower() == language


@writes
def put_wanted(transaction: Transaction, wanted: Wanted, *, now: datetime) -> None:
    """Stores what is wanted, unless it is wanted already. What was wanted for too long is not wanted any more."""
    if model_summaries.looked_upto(transaction) == wanted.after:
        model_summaries.want(transaction, wanted.chats, wanted.upto, now=now)
        model_summaries.drop_wanted(transaction, now - WAITS)


@writes
def begin(
    transaction: Transaction,
    cost: Callable[[Task], int],
    *,
    requests: int,
    tokens: int,
    now: datetime,
    wall: datetime,
) -> Task | None:
    """Returns the next summary to ask for; None if there is none, AT_ONCE run, or the day's budget has no more room.

    `cost` returns how many tokens a task may cost; they are reserved, so that the budget is kept even if the answer never
    comes and nobody can tell. `requests` and `tokens` are the budget of a day.
    """
    spent = model_summaries.day(transaction, transaction.day_of(now))
    model_summaries.take_back(transaction, wall=wall, longest=wall + 2 * LEASE)
    if spent.requests >= requests or model_summaries.amount_asked(transaction) >= AT_ONCE:
        return None
    while place := model_summaries.next_wanted(transaction):
        task = _task(transaction, place, spent.day)
        if task is None:
            model_summaries.drop(transaction, place)
            continue
        reserved = cost(task)
        if spent.tokens + reserved > tokens:
            return None
        model_summaries.add_to_day(transaction, spent.day, requests=1, tokens=reserved)
        asked = model_summaries.note_asked(transaction, place, until=wall + LEASE)
        return replace(task, place=asked, cost=reserved)
    return None


def _task(transaction: Transaction, place: model_summaries.SummaryPlace, day: date) -> Task | None:
    """Returns what to ask for; None if the paper lacks nothing any more, such as after a digest brought it again."""
    known = known_papers.stored_papers(transaction, [place.paper]).get(place.paper)
    if known is None or known.withdrawn_at:
        return None
    asks_summary, asks_title = _lacking(known.paper, place.language)
    if not (asks_summary or asks_title):
        return None
    return Task(place=place, paper=known.paper, asks_summary=asks_summary, asks_title=asks_title, day=day)


@writes
def put_made(
    transaction: Transaction, task: Task, made: ModelSummary, repeats: Repeats, *, tokens: int, now: datetime
) -> None:
    """Stores what the model made, and what that cost. Of an answer after the next attempt has begun, only the cost.

    If the answer repeats others, all of them have failed. No other answer is stored while `repeats` compares them.
    """
    pay(transaction, task.day, tokens - task.cost)  # first, so that writers take turns
    bot_state.note_fails(transaction, bot_state.MODEL_FAILS, None)
    if not model_summaries.is_still_asked(transaction, task.place):
        return
    repeated = repeats(_others(transaction, task.place))
    if repeated is None:
        model_summaries.put_made(transaction, task.place, made)
        model_summaries.add_to_day(transaction, task.day, made=1)
        return
    for paper in repeated:
        model_summaries.take_from_paper(transaction, paper, task.place.language, now=now)
    _put_none(transaction, task, works=True, is_over=True, now=now)


def _others(transaction: Transaction, place: model_summaries.SummaryPlace) -> dict[int, Paper]:
    """Returns paper id → other paper with its summary by the model in a language, for the newest of these summaries."""
    made = model_summaries.newest_made(transaction, place.language, COMPARED)
    papers = known_papers.stored_papers(transaction, sorted(made))
    return {number: known.paper for number, known in papers.items() if number != place.paper}


@writes
def put_failed(transaction: Transaction, task: Task, *, tokens: int, now: datetime, works: bool) -> bool:
    """Stores that the model made no usable summary, and what that cost. Returns whether it is news that the model fails.

    `works`: the model answered, but wrongly, so the summary has failed after MOST_TRIES. Otherwise it is wanted again.
    """
    pay(transaction, task.day, tokens - task.cost)
    if model_summaries.is_still_asked(transaction, task.place):
        _put_none(transaction, task, works=works, is_over=works and task.place.tries >= MOST_TRIES, now=now)
    return bot_state.note_fails(transaction, bot_state.MODEL_FAILS, None if works else now)


def _put_none(transaction: Transaction, task: Task, *, works: bool, is_over: bool, now: datetime) -> None:
    model_summaries.put_none(transaction, task.place, works=works, is_over=is_over, now=now)
    model_summaries.add_to_day(transaction, task.day, failed=int(is_over))


@reads
def today(transaction: Transaction, *, now: datetime) -> tuple[model_summaries.ModelDay, datetime | None]:
    """Returns (what the model did today and what that cost, since when it gives no answers)."""
    failing = bot_state.get_moment(transaction, bot_state.MODEL_FAILS)
    return model_summaries.day(transaction, transaction.day_of(now)), failing


# What a request may cost is reserved before it.


@writes
def reserve(transaction: Transaction, cost: int, *, requests: int, tokens: int, now: datetime) -> date | None:
    """Reserves one request of so many tokens. Returns the day whose budget has it; None if that has no more room.

    `requests` and `tokens` are the budget of a day.
    """
    spent = model_summaries.day(transaction, transaction.day_of(now))
    if spent.requests >= requests or spent.tokens + cost > tokens:
        return None
    model_summaries.add_to_day(transaction, spent.day, requests=1, tokens=cost)
    return spent.day


@writes
def pay(transaction: Transaction, day: date, more: int) -> None:
    """Corrects what was reserved of a day: the request has cost so many tokens more, or less."""
    model_summaries.add_to_day(transaction, day, tokens=more)
