"""Known papers that changed are merged before others have to wait; what others stored meanwhile counts."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from subscriptions.matching.full_text import index_document
from subscriptions.model import Paper
from subscriptions.service.ingest import ingest_steps
from subscriptions.service.paper_search import papers_named
from subscriptions.store.database.store import Store, Transaction
from subscriptions.store.digests import Ingested
from subscriptions.store.drafts import Incoming, MergeBatch
from tests.make import NOON, digest, ingested, paper, stored_papers

PAPERS = [paper(f"A graph {n}", "cs.LG", arxiv_id=f"2601.{n:05d}", abstract="Words.") for n in range(1, 71)]
CHANGED = [replace(one, abstract="Other words.", version=2) for one in PAPERS]


@pytest.fixture
def known(store: Store) -> Store:
    ingested(store, *PAPERS)
    return store


@pytest.fixture
def made_while_writing(known: Store, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The titles of the papers whose words for the index were made while other writers had to wait."""
    found: list[str] = []

    def made(one: Paper) -> tuple[str, ...]:
        if known._turn.locked():
            found.append(one.title)
        return index_document(one)

    monkeypatch.setattr("subscriptions.store.digests.index_document", made)
    return found


def stores(store: Store, *papers: Paper, meanwhile: tuple[Paper, ...] = ()) -> Ingested:
    """Stores a digest; others store `meanwhile` after its papers were read and before they are written."""
    steps = ingest_steps(store, digest(*papers), source="daily", day=NOON.date(), now=NOON, of_arxiv=True)
    kinds = _until_it_writes(steps)
    assert kinds[-1] == "writes"
    if meanwhile:
        ingested(store, *meanwhile, source="other", of_arxiv=True)
    try:
        while True:
            next(steps)
    except StopIteration as end:
        result: Ingested = end.value
        return result


def _until_it_writes(steps: Iterator[str]) -> list[str]:
    kinds: list[str] = []
    while not kinds or kinds[-1] != "writes":
        kinds.append(next(steps))
    return kinds


def abstracts(store: Store) -> set[str]:
    return {known.paper.abstract for known in papers_named(store, [one.arxiv_id or "" for one in PAPERS]).values()}


def test_nothing_of_them_is_made_while_others_wait(known: Store, made_while_writing: list[str]) -> None:
    result = stores(known, *CHANGED)
    assert (result.updated, result.new) == (len(PAPERS), 0)
    assert made_while_writing == []
    assert abstracts(known) == {"Other words."}


def test_papers_stored_meanwhile_are_merged(known: Store, made_while_writing: list[str]) -> None:
    newest = replace(PAPERS[0], abstract="The newest words.", version=3)
    result = stores(known, *CHANGED, meanwhile=(newest,))
    made_while_writing.remove(newest.title)  # by the others, in their transaction
    assert result.updated == len(PAPERS) - 1
    assert set(made_while_writing) <= {newest.title}
    assert abstracts(known) == {"Other words.", "The newest words."}


def test_two_stored_papers_that_turn_out_to_be_one_become_one(known: Store) -> None:
    ingested(known, paper("A tree", "cs.LG", doi="10.1/x"), source="other")
    both = replace(CHANGED[0], doi="10.1/x")
    assert stores(known, *CHANGED[1:], both).updated == len(PAPERS)
    assert len(papers_named(known, ["10.1/x"])) == 1
    found = papers_named(known, ["10.1/x", PAPERS[0].arxiv_id or ""])
    assert len({one.id for one in found.values()}) == 1


class TestALargeDigest:
    """Its new papers are stored ahead, in parts."""

    @pytest.fixture(autouse=True)
    def parts_of_twenty(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("subscriptions.service.ingest.MOST_AT_ONCE", 20)

    @pytest.fixture
    def looked_up_while_writing(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """How many papers were looked up while other writers had to wait, each time."""
        found: list[int] = []
        look_up = MergeBatch.look_up

        def looked(batch: MergeBatch, session: Transaction, papers: Sequence[Incoming]) -> None:
            if store._turn.locked() and papers:
                found.append(len(papers))
            look_up(batch, session, papers)

        monkeypatch.setattr(MergeBatch, "look_up", looked)
        return found

    def test_without_a_new_paper_is_written_at_once(self, known: Store, looked_up_while_writing: list[int]) -> None:
        assert kinds_of(known, *CHANGED).count("writes") == 1
        assert looked_up_while_writing == []
        assert abstracts(known) == {"Other words."}

    def test_with_new_papers_looks_nothing_up_while_others_wait(
        self, store: Store, looked_up_while_writing: list[int]
    ) -> None:
        assert kinds_of(store, *PAPERS).count("writes") == 5
        assert looked_up_while_writing == []
        assert len(papers_named(store, [one.arxiv_id or "" for one in PAPERS])) == len(PAPERS)

    @pytest.mark.parametrize("step", range(1, 6))
    def test_with_papers_stored_meanwhile_has_each_once(self, store: Store, step: int) -> None:
        """Before any of its transactions that write."""
        steps = ingest_steps(store, digest(*PAPERS), source="daily", day=NOON.date(), now=NOON, of_arxiv=True)
        written = 0
        for kind in steps:
            written += kind == "writes"
            if (written, kind) == (step, "writes"):
                ingested(store, *PAPERS[5:60:9], source="other", of_arxiv=True)
        assert written == 5
        with store.read() as transaction:
            stored = stored_papers(transaction)
        assert sorted(known.paper.title for known in stored) == sorted(one.title for one in PAPERS)
        sequences = [known.sequence for known in stored]
        assert len(set(sequences)) == len(PAPERS)
        assert None not in sequences


def kinds_of(store: Store, *papers: Paper) -> list[str]:
    """Stores a digest; returns the kind of each step."""
    return list(ingest_steps(store, digest(*papers), source="daily", day=NOON.date(), now=NOON, of_arxiv=True))
