"""What a chat likes: its signals on papers, its own library, and which papers are near to others."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple, NoReturn

from subscriptions import ranking
from subscriptions.errors import Refused, Sentence
from subscriptions.matching.hits import tokenize
from subscriptions.model import Chat, KnownPaper, Paper, Subscription
from subscriptions.normalize import as_written
from subscriptions.query import FIELDS, TEXT, Query, WordsOfPapers, parse
from subscriptions.query.links import LIBRARY
from subscriptions.service.changes import begin_change
from subscriptions.service.known_papers import keep
from subscriptions.states import Signal
from subscriptions.store import known_papers
from subscriptions.store import signals as stored_signals
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Scope, Transaction, reads, writes
from subscriptions.store.subscriptions import subscriptions_of


def counted_words(transaction: Transaction, last_sequence: int | None = None) -> ranking.Rarity:
    """Returns the rarity of words among the newest papers up to a sequence; the same to every process that asks.

    Counting takes some 30 ms, and is kept until papers come.
    """
    upto = known_papers.last_sequence(transaction) if last_sequence is None else last_sequence
    return keep(transaction, "words", upto, lambda: _rarity(known_papers.texts_upto(transaction, upto, ranking.SAMPLE)))


def counted_words_of_all(transaction: Transaction) -> ranking.Rarity:
    """Returns the rarity of words among the newest papers, also the filed ones, which are most papers of a new bot.

    For immediate answers. Plans use `counted_words`, which are the same for all planners.
    """
    return keep(transaction, "words", None, lambda: _rarity(known_papers.newest_texts(transaction, ranking.SAMPLE)))


def _rarity(texts: Sequence[tuple[int, Paper]]) -> ranking.Rarity:
    return ranking.Rarity.among(ranking.words_of(paper) for _, paper in texts)


# --------------------------------------------------------------------------------------------------------- near papers

NO_LIBRARY = Sentence("There is no library here.")
HOW_TO_SEND = Sentence("Export yours as BibTeX, RIS or CSL JSON, and send me the file with /library as its caption.")


def with_words(store: Scope, query: Query, subscriptions: Iterable[Subscription] = (), *, chat_id: int = 0) -> Query:
    """The query with the words of the papers, or of the chat's library, that it names after `like:`; others are unchanged.

    Where a subscription names the same papers, its words are taken, so that the same request stays the same. Raises
    Refused for a paper that is not stored.
    """
    named = parse.papers_named_in(query)
    if not named:
        return query
    kept = {**query.fields.words, **parse.words_kept(one.canonical for one in subscriptions)}
    with store.read() as transaction:
        words = {value: kept.get(value) or _words(transaction, value.split(","), chat_id) for value in named}
    return parse.parse_query(query.text, query.fields.knowing(words))


@reads
def words_near(transaction: Transaction, query: Query) -> tuple[str, ...]:
    """The words that make papers near to those of a query, the weightiest of each first, as these papers write them."""
    words = dict.fromkeys(word for term in query.terms for word, _ in term.near)
    names = {name for value in parse.papers_named_in(query) for name in value.split(",")}
    ids = known_papers.papers_with_keys(transaction, sorted(names))
    papers = known_papers.texts_of(transaction, set(ids.values())).values()
    return as_written(words, [text for paper in papers for text in (paper.title, paper.abstract)])


def _words(transaction: Transaction, names: list[str], chat_id: int) -> WordsOfPapers:
    if names == [LIBRARY]:
        return words_of_library(transaction, chat_id) or _nothing_near(LIBRARY)
    ids = known_papers.papers_with_keys(transaction, names)
    for name in names:
        if name not in ids:
            raise Refused(
                Sentence("I do not know the paper {id} yet, so I cannot tell what is near to it.", {"id": name}),
                Sentence("Look it up first, by sending {id}; then say this again.", {"id": name}),
            )
    texts = known_papers.texts_of(transaction, set(ids.values()))
    found = ranking.words_of_papers(
        [ranking.words_of(texts[one]) for one in sorted(texts)], counted_words_of_all(transaction)
    )
    return found or _nothing_near(", ".join(names))


def _nothing_near(names: str) -> NoReturn:
    raise Refused(
        Sentence("Nothing can be near to {ids}: I know no word of it that says what it is about.", {"ids": names}),
        Sentence("Name another paper."),
    )


def words_of_library(transaction: Transaction, chat_id: int) -> WordsOfPapers:
    """The words by which papers are near to the library of a chat. Raises Refused if it has none."""
    library = stored_signals.library_of(transaction, chat_id)
    if library is None:
        raise Refused(NO_LIBRARY, HOW_TO_SEND)
    return ranking.words_of_papers((), counted_words_of_all(transaction), library.words)


# ----------------------------------------------------------------------------------------- what a chat did with papers


STRENGTHS = {  # how strongly a signal says that more such papers are wanted; below 0: fewer
    Signal.LIKED: 3.0,
    Signal.SAVED: 3.0,
    Signal.FOLLOWED: 2.0,
    Signal.OPENED: 1.0,
    Signal.MUTED: -1.0,
    Signal.EXCLUDED: -2.0,
    Signal.DISLIKED: -3.0,
}
MOST_SIGNALS = 200  # signals kept for a chat, in addition to its saved papers; some 60 bytes each
MOST_SAVED = 1000
LEARNED_FROM = 100  # the newest papers from which the taste is computed: 0.2 ms each
_WANTED = tuple(kind for kind, strength in STRENGTHS.items() if strength > 0)
_BESIDE_SAVED = tuple(kind for kind in Signal if kind is not Signal.SAVED)
_OPPOSITE = {Signal.LIKED: Signal.DISLIKED, Signal.DISLIKED: Signal.LIKED}


class Nearest(NamedTuple):
    """The paper, or entry of the chat's library, that speaks most for another paper."""

    kind: Signal | None  # what the chat did with it; None: it is in the library
    paper: KnownPaper  # of an entry only the title
    words: tuple[str, ...]  # of the chat's taste that both have, the weightiest first


def note_signal(store: Scope, chat: Chat, papers: Sequence[int], kind: Signal, *, now: datetime) -> None:
    """Stores what a chat did with papers, and learns its taste again. Too many signals: the oldest are removed.

    Does nothing for a chat that is not stored.
    """
    if not chat.id or not papers:
        return
    with store.write() as transaction:
        for paper in papers:
            stored_signals.put_signal(transaction, chat.id, paper, kind, now=now)
            if kind in _OPPOSITE:
                stored_signals.drop_signals(transaction, chat.id, paper, [_OPPOSITE[kind]])
        stored_signals.keep_newest(transaction, chat.id, MOST_SIGNALS, kinds=_BESIDE_SAVED)
        stored_signals.keep_newest(transaction, chat.id, MOST_SAVED, kinds=[Signal.SAVED])
        learn(transaction, chat.id)


@writes
def take_back(transaction: Transaction, chat: Chat, paper: int, kind: Signal) -> bool:
    """Removes a signal, and learns the taste again; returns whether there was one."""
    gone = stored_signals.drop_signals(transaction, chat.id, paper, [kind])
    if gone:
        learn(transaction, chat.id)
    return gone


@writes
def save_paper(transaction: Transaction, chat: Chat, paper: int, *, now: datetime) -> bool:
    """Keeps a paper for a chat, as its newest one. Returns False if the chat kept it before."""
    is_new = (paper, Signal.SAVED) not in stored_signals.signals_of_papers(transaction, chat.id, [paper])
    note_signal(transaction, chat, [paper], Signal.SAVED, now=now)
    return is_new


def restore_signals(
    transaction: Transaction, chat_id: int, wanted: Mapping[tuple[Signal, int], datetime | None]
) -> None:
    """Puts signals of papers back, or drops those without a time in `wanted`, and learns the taste again.

    A paper that is not stored any more gets none.
    """
    stored = known_papers.stored_papers(transaction, [paper for _, paper in wanted])
    for (kind, paper), at in wanted.items():
        if at is None:
            stored_signals.drop_signals(transaction, chat_id, paper, [kind])
        elif paper in stored:
            stored_signals.put_signal(transaction, chat_id, paper, kind, now=at)
    learn(transaction, chat_id)


@reads
def saved_papers(transaction: Transaction, chat: Chat) -> tuple[KnownPaper, ...]:
    """The papers that a chat saved, the last one first."""
    saved = stored_signals.signals_of(transaction, chat.id, most=MOST_SAVED, kinds=[Signal.SAVED])
    known = known_papers.stored_papers(transaction, [one.paper for one in saved])
    return tuple(known[one.paper] for one in saved if one.paper in known)


@reads
def nearest(transaction: Transaction, chat: Chat, known: KnownPaper) -> Nearest | None:
    """The paper that a chat liked, saved, followed or opened with most of the words that put this one further up.

    None if the chat's taste does not favour it, or if the chat does not want the best first.
    """
    if chat.settings.order != "score":
        return None
    taste = stored_signals.tastes(transaction, [chat.id]).get(chat.id)
    words = ranking.common_words(taste, tokenize(known.paper).folded[TEXT]) if taste else ()
    if taste is None or not words:
        return None
    signals = stored_signals.signals_of(transaction, chat.id, most=LEARNED_FROM, kinds=_WANTED)
    texts = known_papers.texts_of(transaction, {one.paper for one in signals} - {known.id})
    shared = {paper: [word for word in words if word in ranking.words_of(text)] for paper, text in texts.items()}
    weight = {paper: sum(taste.weights[word] for word in found) for paper, found in shared.items()}
    best = max(
        (one for one in signals if weight.get(one.paper)),
        key=lambda one: (weight[one.paper], STRENGTHS[one.kind], one.at),
        default=None,
    )
    weights = {word: taste.weights[word] for word in words}
    entry = _nearest_entry(transaction, chat, known, weights, weight[best.paper] if best else 0.0)
    if entry:
        in_both = ranking.words_of(entry.paper)
        return Nearest(None, entry, _written([word for word in words if word in in_both], known))
    if best is None:
        return None
    paper = known_papers.stored_papers(transaction, [best.paper])[best.paper]
    return Nearest(kind=best.kind, paper=paper, words=_written(shared[best.paper], known))


def _written(words: Sequence[str], known: KnownPaper) -> tuple[str, ...]:
    return as_written(words, (known.paper.title, known.paper.abstract))


@reads
def entry_near(transaction: Transaction, chat: Chat, known: KnownPaper) -> KnownPaper | None:
    """The entry of a chat's library that has most of the words by which a paper is near to it; None if none has any."""
    kept = parse.words_kept(one.canonical for one in subscriptions_of(transaction, [chat.id])[chat.id])
    text = tokenize(known.paper).folded[TEXT]
    weights = {word: weight for word, weight in kept.get(LIBRARY, ()) if f" {word} " in text}
    return _nearest_entry(transaction, chat, known, weights)


def _nearest_entry(
    transaction: Transaction, chat: Chat, known: KnownPaper, weights: Mapping[str, float], above: float = 0.0
) -> KnownPaper | None:
    """The entry whose title has words that weigh most, and more than `above`. All that is known of it is the title."""
    weighed = (
        (sum(weights.get(word, 0.0) for word in words.split()), title)
        for title, words in stored_signals.titles_of(transaction, chat.id)
    )
    weight, title = max(weighed, default=(0.0, ""))
    return replace(known, id=0, paper=Paper(key="", title=title)) if weight > above else None


def learn(transaction: Transaction, chat_id: int) -> None:
    """Stores the taste that the newest signals and the library of a chat show.

    If a paper has several signals, the strongest one counts.
    """
    strengths: dict[int, float] = {}
    for one in stored_signals.signals_of(transaction, chat_id, most=LEARNED_FROM):
        strengths[one.paper] = max(strengths.get(one.paper, 0.0), STRENGTHS[one.kind], key=abs)
    texts = known_papers.texts_of(transaction, list(strengths))
    judged = [(strengths[paper], ranking.words_of(text)) for paper, text in texts.items()]
    library = stored_signals.library_of(transaction, chat_id)
    taste = ranking.taste_of(judged, counted_words(transaction), library.words if library else ranking.NO_WORDS)
    stored_signals.put_taste(transaction, chat_id, taste)


# ------------------------------------------------------------------------------------------------------------ libraries


@writes
def put_library(
    transaction: Transaction, chat: Chat, library: ranking.Library, *, now: datetime, who: str = ""
) -> None:
    """Stores the library of a chat in place of the one before, and gives its words to the subscription that asks for them."""
    stored_signals.put_library(transaction, chat.id, library, now=now)
    learn(transaction, chat.id)
    for one in stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]:
        kept = parse.words_kept([one.canonical])
        if LIBRARY in kept and (words := words_of_library(transaction, chat.id)):
            fields = FIELDS.knowing(kept | {LIBRARY: words})
            query = parse.parse_query(one.text, fields)
            begin_change(transaction, chat.id, now=now, who=who)
            stored_subscriptions.change_subscription(transaction, one, one._replace(canonical=query.canonical))


@writes
def drop_library(transaction: Transaction, chat: Chat) -> bool:
    """Removes the library of a chat; returns whether there was one."""
    is_gone = stored_signals.drop_library(transaction, chat.id)
    learn(transaction, chat.id)
    return is_gone
