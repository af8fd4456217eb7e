"""The taste of a chat: how much what it did with papers (opened, liked, saved, muted) moves papers like these up or down.

`subscriptions.service.scorers` names this room; without it, only the fit to a query orders papers.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from subscriptions import meaning, model, normalize
from subscriptions.matching import profiles
from subscriptions.matching.hits import tokenize
from subscriptions.matching.library import NO_WORDS
from subscriptions.matching.paper_index import TokenizedPapers
from subscriptions.matching.word_weights import words_of
from subscriptions.query import TEXT
from subscriptions.service.libraries import nearest_entry
from subscriptions.service.scorers import Nearest
from subscriptions.service.word_counts import counted_words
from subscriptions.states import Signal
from subscriptions.store import known_papers, libraries, meanings, signals
from subscriptions.store.database.store import Transaction, reads
from subscriptions.store.tastes import put_taste, tastes

WEIGHT = 2.0  # the taste counts this many times as much as the fit to the query
STRENGTHS = {  # signal -> how strongly it says that the chat wants more such papers; if negative, fewer
    Signal.LIKED: 3.0,
    Signal.SAVED: 3.0,
    Signal.FOLLOWED: 2.0,
    Signal.OPENED: 1.0,
    Signal.MUTED: -1.0,
    Signal.EXCLUDED: -2.0,
    Signal.DISLIKED: -3.0,
}
LEARNED_FROM = 100  # newest signals from which the taste is computed; each takes 0.2 ms
_WANTED = tuple(kind for kind, strength in STRENGTHS.items() if strength > 0)


def learn(transaction: Transaction, chat_id: int) -> None:
    """Computes the taste of a chat from its newest signals and its library, and stores it.

    If a paper has several signals, only the strongest counts.
    """
    strengths: dict[int, float] = {}
    for one in signals.signals_of(transaction, chat_id, most=LEARNED_FROM):
        strengths[one.paper] = max(strengths.get(one.paper, 0.0), STRENGTHS[one.kind], key=abs)
    texts = known_papers.texts_of(transaction, list(strengths))
    judged = [(strengths[paper], words_of(text)) for paper, text in texts.items()]
    library = libraries.library_of(transaction, chat_id)
    words = library.words if library else NO_WORDS
    codes = [(strengths[paper], code) for paper, code in _codes_of(transaction, strengths).items()]
    put_taste(transaction, chat_id, profiles.profile_of(judged, counted_words(transaction), words, codes))


def _codes_of(transaction: Transaction, papers: Iterable[int]) -> dict[int, int]:
    """Returns paper id → its code as a whole, for those that have one."""
    return {paper: meaning.read_paper(codes)[0] for paper, codes in meanings.each_code(transaction, list(papers))}


def points(taste: profiles.Profile, papers: TokenizedPapers) -> Callable[[int], float]:
    """Returns a function: position of a paper → the points that the taste adds to its fit."""

    def of_paper(position: int) -> float:
        paper = papers.tokenized[position]
        return WEIGHT * profiles.nearness(taste, paper.folded[TEXT], paper.codes)

    return of_paper


@reads
def nearest(transaction: Transaction, chat: model.Chat, known: model.KnownPaper) -> Nearest | None:
    """Explains why the paper `known` ranks high: returns the paper that the chat liked or used and that resembles it most.

    The result may also be an entry of the chat's library. Returns None if the chat's taste does not favour `known`.
    """
    taste = tastes(transaction, [chat.id]).get(chat.id)
    if taste is None or profiles.nearness_of_paper(taste, known.paper) <= 0:
        return None
    words = profiles.common_words(taste, tokenize(known.paper).folded[TEXT])
    weights = {word: taste.weights[word] for word in words}
    newest = signals.signals_of(transaction, chat.id, most=LEARNED_FROM, kinds=_WANTED)
    wanted = [one for one in newest if one.paper != known.id]
    near = _near_to(transaction, known, {one.paper for one in wanted}, weights)
    best = max(
        (one for one in wanted if one.paper in near),
        key=lambda one: (near[one.paper], STRENGTHS[one.kind], one.at),
        default=None,
    )
    entry = nearest_entry(transaction, chat, known, weights, near[best.paper] if best else 0.0)
    if entry:
        paper, kind = entry, None
    elif best:
        paper, kind = known_papers.stored_papers(transaction, [best.paper])[best.paper], best.kind
    else:
        return None
    in_both = words_of(paper.paper)
    return Nearest(kind, paper, _written([word for word in words if word in in_both], known))


def _near_to(
    transaction: Transaction, known: model.KnownPaper, papers: Collection[int], weights: Mapping[str, float]
) -> dict[int, float]:
    """Returns those of `papers` that have some of these words or that are near to `known` in meaning, and how near."""
    own, codes = meaning.read_paper(known.paper.meaning), dict(meanings.each_code(transaction, list(papers)))
    near = {}
    for paper, text in known_papers.texts_of(transaction, papers).items():
        has = words_of(text)
        shared = sum(weight for word, weight in weights.items() if word in has)
        alike = meaning.alike(own, meaning.read_paper(codes.get(paper, b"")))
        if shared or alike >= meaning.LEAST_OF_PAPERS:
            near[paper] = shared + profiles.WEIGHT_OF_MEANING * alike
    return near


def _written(words: Sequence[str], known: model.KnownPaper) -> tuple[str, ...]:
    return normalize.as_written(words, (known.paper.title, known.paper.abstract))
