"""What a chat likes (its signals and its own library), and which papers are near to others."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from heapq import nlargest
from typing import NamedTuple, NoReturn

from subscriptions import errors, meaning, model, normalize
from subscriptions.matching import ranking
from subscriptions.matching.fulfilment import THOUSAND
from subscriptions.matching.hits import tokenize
from subscriptions.query import FIELDS, TEXT, WordsOfPapers, papers_of_queries, parse
from subscriptions.query.links import LIBRARY
from subscriptions.query.tree import Query
from subscriptions.service import known_papers as index
from subscriptions.service.changes import change_subscriptions
from subscriptions.service.meaning import near_papers as near_in_meaning
from subscriptions.service.questions import with_all_vectors
from subscriptions.states import Signal
from subscriptions.store import kept_values, known_papers, meanings, paper_sequence
from subscriptions.store import signals as stored_signals
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database import store as stored_store
from subscriptions.store.database.store import Scope, Transaction


def counted_words(transaction: Transaction, last_sequence: int | None = None) -> ranking.Rarity:
    """Returns the rarity of words in the newest papers up to the sequence. All processes get the same result.

    Counting takes some 30 ms. The result is cached until papers come.
    """
    upto = paper_sequence.last_sequence(transaction) if last_sequence is None else last_sequence
    return kept_values.keep(
        transaction, "words", upto, lambda: _rarity(known_papers.texts_upto(transaction, upto, ranking.SAMPLE))
    )


def counted_words_of_all(transaction: Transaction) -> ranking.Rarity:
    """Returns the rarity of words in the newest papers, including filed ones. Most papers of a new bot are filed.

    Use this for replies. Plans use `counted_words`, whose result is the same for all planners.
    """
    return kept_values.keep(
        transaction, "words", None, lambda: _rarity(known_papers.newest_texts(transaction, ranking.SAMPLE))
    )


def _rarity(texts: Sequence[tuple[int, model.Paper]]) -> ranking.Rarity:
    return ranking.Rarity.among(ranking.words_of(paper) for _, paper in texts)


# --------------------------------------------------------------------------------------------------------- near papers

NO_LIBRARY = errors.Sentence("There is no library here.")
HOW_TO_SEND = errors.Sentence(
    "Export yours as BibTeX, RIS or CSL JSON, and send me the file with /library as its caption."
)


def with_words(
    store: Scope, query: Query, subscriptions: Iterable[model.Subscription] = (), *, chat_id: int = 0
) -> Query:
    """Adds to a query what its text only names: words of papers or of the chat's library (`like:`), vectors (`about:`).

    Other queries stay as they are. If one of the subscriptions names the same papers, its words are used, so
    that the same query has the same canonical text. Raises Refused for a paper that is not stored, MeaningFails, and
    Unencoded.
    """
    named = papers_of_queries.papers_named_in(query)
    if not named:
        return with_all_vectors(store, query)
    kept = {**query.fields.words, **papers_of_queries.words_kept(one.canonical for one in subscriptions)}
    with store.read() as transaction:
        words = {value: kept.get(value) or _words(transaction, value.split(","), chat_id) for value in named}
    return with_all_vectors(store, parse.parse_query(query.text, query.fields.knowing(words)))


@stored_store.reads
def words_near(transaction: Transaction, query: Query) -> tuple[str, ...]:
    """Returns the words that make a paper near to the papers that a query names, spelled as in these papers.

    The words of each term are ordered by weight, the highest first.
    """
    words = dict.fromkeys(word for term in query.terms for word, _ in term.near)
    names = {name for value in papers_of_queries.papers_named_in(query) for name in value.split(",")}
    ids = known_papers.papers_with_keys(transaction, sorted(names))
    papers = known_papers.texts_of(transaction, set(ids.values())).values()
    return normalize.as_written(words, [text for paper in papers for text in (paper.title, paper.abstract)])


def _words(transaction: Transaction, names: list[str], chat_id: int) -> WordsOfPapers:
    if names == [LIBRARY]:
        return words_of_library(transaction, chat_id) or _nothing_near(LIBRARY)
    ids = known_papers.papers_with_keys(transaction, names)
    for name in names:
        if name not in ids:
            raise errors.Refused(
                errors.Sentence("I do not know the paper {id} yet, so I cannot tell what is near to it.", {"id": name}),
                errors.Sentence("Look it up first, by sending {id}; then say this again.", {"id": name}),
            )
    texts = known_papers.texts_of(transaction, set(ids.values()))
    found = ranking.words_of_papers(
        [ranking.words_of(texts[one]) for one in sorted(texts)], counted_words_of_all(transaction)
    )
    return found or _nothing_near(", ".join(names))


def _nothing_near(names: str) -> NoReturn:
    raise errors.Refused(
        errors.Sentence(
            "Nothing can be near to {ids}: I know no words of it that say what it is about.", {"ids": names}
        ),
        errors.Sentence("Name another paper."),
    )


def words_of_library(transaction: Transaction, chat_id: int) -> WordsOfPapers:
    """Returns the words that make a paper near to the library of a chat. Raises Refused if the chat has none."""
    library = stored_signals.library_of(transaction, chat_id)
    if library is None:
        raise errors.Refused(NO_LIBRARY, HOW_TO_SEND)
    return ranking.words_of_papers((), counted_words_of_all(transaction), library.words)


# ----------------------------------------------------------------------------------------- what a chat did with papers


STRENGTHS = {  # signal -> how strongly it says that the chat wants more such papers; if negative, fewer
    Signal.LIKED: 3.0,
    Signal.SAVED: 3.0,
    Signal.FOLLOWED: 2.0,
    Signal.OPENED: 1.0,
    Signal.MUTED: -1.0,
    Signal.EXCLUDED: -2.0,
    Signal.DISLIKED: -3.0,
}
MOST_SIGNALS = 200  # signals that are kept for a chat, in addition to its saved papers; some 60 bytes each
MOST_SAVED = 1000
LEARNED_FROM = 100  # newest signals from which the taste is computed; each takes 0.2 ms
_WANTED = tuple(kind for kind, strength in STRENGTHS.items() if strength > 0)
_BESIDE_SAVED = tuple(kind for kind in Signal if kind is not Signal.SAVED)
_OPPOSITE = {Signal.LIKED: Signal.DISLIKED, Signal.DISLIKED: Signal.LIKED}


class Nearest(NamedTuple):
    """The paper, or the entry of the chat's library, that best explains why another paper ranks high."""

    kind: Signal | None  # what the chat did with it; None: it is in the library
    paper: model.KnownPaper  # for an entry of the library, it has only a title
    # words of the chat's taste that both papers have, the highest weight first; (): they are near only in meaning
    words: tuple[str, ...]


def note_signal(store: Scope, chat: model.Chat, papers: Sequence[int], kind: Signal, *, now: datetime) -> None:
    """Stores what a chat did with papers, and updates its taste.

    A like removes a dislike of the same paper, and a dislike removes a like. If the chat has too many signals, removes
    the oldest. Does nothing for a chat that is not stored.
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


@stored_store.writes
def take_back(transaction: Transaction, chat: model.Chat, paper: int, kind: Signal) -> bool:
    """Removes a signal, and updates the chat's taste. Returns whether there was such a signal."""
    gone = stored_signals.drop_signals(transaction, chat.id, paper, [kind])
    if gone:
        learn(transaction, chat.id)
    return gone


@stored_store.writes
def save_paper(transaction: Transaction, chat: model.Chat, paper: int, *, now: datetime) -> bool:
    """Saves a paper for a chat, as the newest of its saved papers. Returns False if it was saved before."""
    is_new = (paper, Signal.SAVED) not in stored_signals.signals_of_papers(transaction, chat.id, [paper])
    note_signal(transaction, chat, [paper], Signal.SAVED, now=now)
    return is_new


def restore_signals(
    transaction: Transaction, chat_id: int, wanted: Mapping[tuple[Signal, int], datetime | None]
) -> None:
    """Restores signals, and updates the chat's taste. `wanted`: (kind, paper) → moment; None removes the signal.

    Skips papers that are no longer stored.
    """
    stored = known_papers.stored_papers(transaction, [paper for _, paper in wanted])
    for (kind, paper), at in wanted.items():
        if at is None:
            stored_signals.drop_signals(transaction, chat_id, paper, [kind])
        elif paper in stored:
            stored_signals.put_signal(transaction, chat_id, paper, kind, now=at)
    learn(transaction, chat_id)


@stored_store.reads
def saved_papers(transaction: Transaction, chat: model.Chat) -> tuple[model.KnownPaper, ...]:
    """Returns the papers that a chat saved, the last saved paper first."""
    saved = stored_signals.signals_of(transaction, chat.id, most=MOST_SAVED, kinds=[Signal.SAVED])
    known = known_papers.stored_papers(transaction, [one.paper for one in saved])
    return tuple(known[one.paper] for one in saved if one.paper in known)


@stored_store.reads
def nearest(transaction: Transaction, chat: model.Chat, known: model.KnownPaper) -> Nearest | None:
    """Explains why the paper `known` ranks high: returns the paper that the chat liked or used and that resembles it most.

    The result may also be an entry of the chat's library. Returns None if the chat's taste does not favour `known`, or
    if the chat does not want the best papers first.
    """
    if chat.settings.order != "score":
        return None
    taste = stored_signals.tastes(transaction, [chat.id]).get(chat.id)
    if taste is None or _nearness(taste, known.paper) <= 0:
        return None
    words = ranking.common_words(taste, tokenize(known.paper).folded[TEXT])
    weights = {word: taste.weights[word] for word in words}
    signals = stored_signals.signals_of(transaction, chat.id, most=LEARNED_FROM, kinds=_WANTED)
    signals = [one for one in signals if one.paper != known.id]
    near = _near_to(transaction, known, {one.paper for one in signals}, weights)
    best = max(
        (one for one in signals if one.paper in near),
        key=lambda one: (near[one.paper], STRENGTHS[one.kind], one.at),
        default=None,
    )
    entry = _nearest_entry(transaction, chat, known, weights, near[best.paper] if best else 0.0)
    if entry:
        paper, kind = entry, None
    elif best:
        paper, kind = known_papers.stored_papers(transaction, [best.paper])[best.paper], best.kind
    else:
        return None
    in_both = ranking.words_of(paper.paper)
    return Nearest(kind, paper, _written([word for word in words if word in in_both], known))


def _near_to(
    transaction: Transaction, known: model.KnownPaper, papers: Collection[int], weights: Mapping[str, float]
) -> dict[int, float]:
    """Returns those of `papers` that have some of these words or that are near to `known` in meaning, and how near."""
    own, codes = meaning.read_paper(known.paper.meaning), meanings.codes_of(transaction, list(papers))
    near = {}
    for paper, text in known_papers.texts_of(transaction, papers).items():
        has = ranking.words_of(text)
        shared = sum(weight for word, weight in weights.items() if word in has)
        alike = meaning.alike(own, meaning.read_paper(codes.get(paper, b"")))
        if shared or alike >= meaning.LEAST_OF_PAPERS:
            near[paper] = shared + ranking.WEIGHT_OF_MEANING * alike
    return near


def _written(words: Sequence[str], known: model.KnownPaper) -> tuple[str, ...]:
    return normalize.as_written(words, (known.paper.title, known.paper.abstract))


@stored_store.reads
def entry_near(transaction: Transaction, chat: model.Chat, known: model.KnownPaper) -> model.KnownPaper | None:
    """Returns the entry of a chat's library that shares most of the words that make a paper near to the library.

    Returns None if no entry shares any of these words.
    """
    kept = papers_of_queries.words_kept(
        one.canonical for one in stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]
    )
    text = tokenize(known.paper).folded[TEXT]
    weights = {word: weight for word, weight in kept.get(LIBRARY, ()) if f" {word} " in text}
    return _nearest_entry(transaction, chat, known, weights)


def _nearest_entry(
    transaction: Transaction,
    chat: model.Chat,
    known: model.KnownPaper,
    weights: Mapping[str, float],
    above: float = 0.0,
) -> model.KnownPaper | None:
    """Returns the library entry whose title has the highest weight, as a paper with only a title.

    Returns None if no title has a weight of more than `above`.
    """
    weighed = (
        (sum(weights.get(word, 0.0) for word in words.split()), title)
        for title, words in stored_signals.titles_of(transaction, chat.id)
    )
    weight, title = max(weighed, default=(0.0, ""))
    return replace(known, id=0, paper=model.Paper(key="", title=title)) if weight > above else None


def learn(transaction: Transaction, chat_id: int) -> None:
    """Computes the taste of a chat from its newest signals and its library, and stores it.

    If a paper has several signals, only the strongest counts.
    """
    strengths: dict[int, float] = {}
    for one in stored_signals.signals_of(transaction, chat_id, most=LEARNED_FROM):
        strengths[one.paper] = max(strengths.get(one.paper, 0.0), STRENGTHS[one.kind], key=abs)
    texts = known_papers.texts_of(transaction, list(strengths))
    judged = [(strengths[paper], ranking.words_of(text)) for paper, text in texts.items()]
    library = stored_signals.library_of(transaction, chat_id)
    words = library.words if library else ranking.NO_WORDS
    codes = [(strengths[paper], code) for paper, code in _codes_of(transaction, strengths).items()]
    stored_signals.put_taste(transaction, chat_id, ranking.taste_of(judged, counted_words(transaction), words, codes))


def _codes_of(transaction: Transaction, papers: Iterable[int]) -> dict[int, int]:
    """Returns paper id → its code as a whole, for those that have one."""
    found = meanings.codes_of(transaction, list(papers))
    return {paper: meaning.read_paper(codes)[0] for paper, codes in found.items()}


# ------------------------------------------------------------------------------------------------------------ libraries


@stored_store.writes
def put_library(
    transaction: Transaction, chat: model.Chat, library: ranking.Library, *, now: datetime, who: str = ""
) -> None:
    """Replaces the library of a chat. Its subscriptions with `like:library` get the words of the new library."""
    stored_signals.put_library(transaction, chat.id, library, now=now)
    learn(transaction, chat.id)
    for one in stored_subscriptions.subscriptions_of(transaction, [chat.id])[chat.id]:
        kept = papers_of_queries.words_kept([one.canonical])
        if LIBRARY in kept and (words := words_of_library(transaction, chat.id)):
            fields = FIELDS.knowing(kept | {LIBRARY: words})
            query = parse.parse_query(one.text, fields)
            after = one._replace(canonical=query.canonical)
            change_subscriptions(transaction, [one], [after], now=now, who=who)


@stored_store.writes
def drop_library(transaction: Transaction, chat: model.Chat) -> bool:
    """Removes the library of a chat. Returns whether it had a library."""
    is_gone = stored_signals.drop_library(transaction, chat.id)
    learn(transaction, chat.id)
    return is_gone


# ------------------------------------------------- the stored papers that are nearest to some papers (docs/queries.md)


MOST_ALIKE = 5
CANDIDATES = 50  # papers with the weightiest words, and as many that are nearest in meaning; they are compared by both


class Alike(NamedTuple):
    """The papers that are nearest to given papers or to a text."""

    words: tuple[str, ...]  # the words of the search, the highest weight first
    papers: tuple[model.KnownPaper, ...]  # the nearest first
    looked_at: int
    in_meaning: bool  # also papers without these words were found, by their meaning


@stored_store.reads
def papers_alike(transaction: Transaction, given: Sequence[model.KnownPaper]) -> Alike:
    """Returns the papers that are nearest to the given papers, at most five of the newest 50,000."""
    codes = [(1.0, code) for one in given for code in meaning.read_paper(one.paper.meaning)[:1]]
    in_meaning = meaning.in_common(codes)
    return _alike(transaction, [one.paper for one in given], in_meaning, without={one.id for one in given})


@stored_store.reads
def papers_near_text(transaction: Transaction, text: str, question: bytes = b"") -> Alike:
    """Returns the papers that are nearest to a text, at most five of the newest 50,000. `question` is its vector."""
    return _alike(transaction, [model.Paper(key="", abstract=text)], question)


def _alike(
    transaction: Transaction, given: Sequence[model.Paper], in_meaning: bytes, without: Collection[int] = ()
) -> Alike:
    entries, _ = index.searched_range(transaction)
    found = ranking.taste_of([(1.0, ranking.words_of(one)) for one in given], counted_words_of_all(transaction))
    taste = replace(found, meaning=in_meaning)
    heaviest = sorted(taste.weights, key=lambda word: (-taste.weights[word], word))
    words = tuple((word, round(THOUSAND * taste.weights[word])) for word in heaviest)
    in_words = index.near_places(transaction, entries, words)
    best = nlargest(CANDIDATES, in_words, key=lambda at: (in_words[at], entries.keys[at]))
    ids = {index.number_of(entries.keys[at]) for at in best}
    if in_meaning:
        encoder = meanings.encoder(transaction)
        ids.update(one.paper for one in near_in_meaning(transaction, in_meaning, encoder, most=CANDIDATES))
    known = known_papers.stored_papers(transaction, sorted(ids.difference(without)))
    near = {one: _nearness(taste, paper.paper) for one, paper in known.items()}
    nearest = sorted(near, key=lambda one: (-near[one], -one))[:MOST_ALIKE]
    shown = normalize.as_written(heaviest, [text for one in given for text in (one.title, one.abstract)])
    return Alike(shown, tuple(known[one] for one in nearest), entries.papers.bit_count(), bool(in_meaning))


def _nearness(taste: ranking.Taste, paper: model.Paper) -> float:
    tokens = tokenize(paper)
    return ranking.nearness(taste, tokens.folded[TEXT], tokens.codes)
