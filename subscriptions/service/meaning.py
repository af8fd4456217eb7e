"""Use cases of meaning: the store's encoder, codes of papers, among how many papers is searched."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import NamedTuple
from weakref import WeakKeyDictionary

from subscriptions import meaning
from subscriptions.model import Paper
from subscriptions.store import bot_state, meanings
from subscriptions.store.database.store import Store, Transaction, reads, writes

MOST_SEARCHED = 250_000  # newest papers with codes that are searched; they take 30 MB
MOST_COMPARED = 500  # papers that are nearest as a whole, and whose sentences are compared


@writes
def claim_encoder(transaction: Transaction, name: str) -> None:
    """Makes this the store's encoder. Codes of another encoder count as missing from now on."""
    meanings.change_encoder(transaction, name)


# These codes are late: no subscription gets a paper because of them.


@reads
def papers_without(transaction: Transaction, encoder: str, most: int) -> list[tuple[int, meanings.Texts]]:
    """Returns (paper, texts) of the newest papers that lack codes, at most `most`; [] if the store has another encoder."""
    if not meanings.is_encoder(transaction, encoder):
        return []
    return meanings.papers_without(transaction, most)


@writes
def put_codes(transaction: Transaction, encoder: str, made: Sequence[tuple[int, meanings.Texts, bytes]]) -> None:
    """Stores the codes of (paper, texts), and that the encoder works.

    Ignores codes of an encoder that is not the store's, and those of papers whose texts have changed in the meantime.
    """
    if meanings.is_encoder(transaction, encoder):
        meanings.put_late(transaction, encoder, made)
        bot_state.note_fails(transaction, bot_state.ENCODER_FAILS, None)


class Near(NamedTuple):
    """A paper that is near to a question."""

    paper: int
    nearness: float  # from 0 to 1 (subscriptions/meaning.py)


@dataclass(frozen=True, slots=True)
class _Searched:
    """The codes of papers as wholes, as integers, in the order of their entries. A later search adds the entries after `last`."""

    encoder: str
    last: int
    entries: Sequence[int]
    codes: Sequence[int]


_SEARCHED: WeakKeyDictionary[Store, _Searched] = WeakKeyDictionary()
_NOTHING = _Searched("", 0, (), ())


def near_papers(
    transaction: Transaction, questions: bytes, encoder: str, *, most: int = 100, least: float = meaning.NEAR
) -> list[Near]:
    """Returns the stored papers that are near to one of some questions, nearest first, at most `most`.

    `questions` are vectors of `encoder`; if the store's encoder is another one, nothing is near. `least` is the lowest
    nearness. Papers without codes are left out, and among very many papers those that are near by one sentence only.

    The first search reads the codes of all papers, which takes 0.3 s for 100,000 papers; later ones read only new codes
    and take 50 ms. Until the first search, this takes no memory.
    """
    if meanings.encoder(transaction) != encoder:
        return []
    asked, searched = meaning.read_questions(questions), _searched(transaction, encoder)
    nearest = sorted({at for one in asked for at in _nearest_wholes(one, searched.codes)})
    found = meanings.entries(transaction, [searched.entries[at] for at in nearest])
    near = [Near(paper, meaning.nearness_to_any(asked, meaning.read_paper(codes))) for paper, codes in found]
    near = [one for one in near if one.nearness >= least]
    return sorted(near, key=lambda one: (-one.nearness, -one.paper))[:most]


def _nearest_wholes(asked: meaning.Question, codes: Sequence[int]) -> list[int]:
    """Returns the places of the codes of papers as wholes that are nearest to a question."""
    distances = [
        (differing := code ^ asked.signs).bit_count() + 2 * (differing & asked.large).bit_count() for code in codes
    ]
    return nsmallest(MOST_COMPARED, range(len(distances)), key=distances.__getitem__)


def _searched(transaction: Transaction, encoder: str) -> _Searched:
    """Returns the codes of all papers. Reads those that came since the last search.

    Entries of papers that have changed or are gone stay until the process ends: they are not found when they are read.
    """
    known = _SEARCHED.get(transaction.store, _NOTHING)
    if known.encoder != encoder:
        known = _NOTHING
    new = meanings.new_entries(transaction, known.last, MOST_SEARCHED)
    if new:
        entries = [*known.entries, *(entry for entry, _ in new)][-MOST_SEARCHED:]
        codes = [*known.codes, *(int.from_bytes(code, "little") for _, code in new)][-MOST_SEARCHED:]
        known = _SEARCHED[transaction.store] = _Searched(encoder, new[-1][0], entries, codes)
    return known


def paper_of(texts: meanings.Texts) -> Paper:
    """Returns a paper with only these texts, for an encoder."""
    title, abstract = texts
    return Paper(key="", title=title, abstract=abstract)
