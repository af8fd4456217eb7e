"""The queries of a big store are also kept in a file: a start reads the file, or refuses it and reads the store."""

import random
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import delete

from subscriptions.errors import NotFound, Refused
from subscriptions.matching.query_set import dump, load
from subscriptions.service import kept_queries as _kept_queries
from subscriptions.service.amendments import edit
from subscriptions.service.kept_queries import KeptQueries
from subscriptions.service.requests import unsubscribe
from subscriptions.store import planner
from subscriptions.store.database.store import Store
from subscriptions.store.rows import QueryChangeRow
from tests.integration.test_kept_queries import WORDS, matching, stored
from tests.make import NOON, address, subscribes


@pytest.fixture
def path(store: Store, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the file of the store is, which is written for a single query."""
    monkeypatch.setattr(_kept_queries, "LEAST_SAVED", 1)
    found = _kept_queries.path_of(store)
    assert found is not None
    return found


def reads_no_query(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "page_of_queries", None)


def test_a_start_reads_the_file_and_follows_the_log_from_there(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for query in ("graph", "tree", "leaf OR root"):
        subscribes(store, "telegram:1", query)
    assert matching(KeptQueries(path), store) == {"graph", "tree", "leaf OR root"}
    unsubscribe(store, address("telegram:1"), "1", now=NOON)
    subscribes(store, "telegram:2", "branch -graph")
    reads_no_query(monkeypatch)
    assert matching(KeptQueries(path), store) == {"tree", "leaf OR root", "branch -graph"} == stored(store)


@pytest.mark.parametrize("seed", range(3))
def test_after_any_changes_and_starts_it_has_the_queries_of_the_database(store: Store, path: Path, seed: int) -> None:
    rng, kept = random.Random(seed), KeptQueries(path)
    subscribes(store, "telegram:1", "graph")
    for _ in range(80):
        where = f"telegram:{rng.randint(1, 3)}"
        query = rng.choice((*WORDS, f"{rng.choice(WORDS)} OR {rng.choice(WORDS)}", f'"on {rng.choice(WORDS)}"'))
        with suppress(NotFound, Refused):  # there is no such chat or subscription
            match rng.randint(1, 4):
                case 1 | 2:
                    subscribes(store, where, query)
                case 3:
                    edit(store, address(where), rng.randint(1, 4), query, now=NOON)
                case 4:
                    unsubscribe(store, address(where), str(rng.randint(1, 4)), now=NOON)
        if rng.random() < 0.3:
            kept = KeptQueries(path)
        assert matching(kept, store) == stored(store)


def test_a_copy_that_was_put_back_refuses_the_file_of_the_days_after_it(
    store: Store, path: Path, tmp_path: Path
) -> None:
    """Although the log of the copy reaches the same numbers again, with other queries."""
    subscribes(store, "telegram:1", "graph")
    store.close()
    copy = tmp_path / "copy.db"
    shutil.copy(store.path, copy)
    store.open(now=NOON)
    subscribes(store, "telegram:1", "tree")
    assert matching(KeptQueries(path), store) == {"graph", "tree"}
    store.close()
    copy.replace(store.path)
    store.open(now=NOON)
    subscribes(store, "telegram:1", "leaf")
    assert matching(KeptQueries(path), store) == {"graph", "leaf"} == stored(store)


def test_a_file_that_is_damaged_or_of_other_code_is_refused(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribes(store, "telegram:1", "graph")
    assert matching(KeptQueries(path), store) == {"graph"}
    data = path.read_bytes()
    for wrong in (b"", data[:-1], data[:200] + b"x" + data[201:]):
        path.write_bytes(wrong)
        assert matching(KeptQueries(path), store) == {"graph"}
        assert load(path.read_bytes())[:3] == load(data)[:3], "it is written anew"
    monkeypatch.setattr(_kept_queries, "_code", lambda: "other code")
    reads_no_query(monkeypatch)
    with pytest.raises(TypeError):  # it goes to the queries, which cannot be read here
        matching(KeptQueries(path), store)


def test_a_folder_that_takes_no_file_is_no_error(store: Store, path: Path) -> None:
    path.mkdir()
    subscribes(store, "telegram:1", "graph")
    assert matching(KeptQueries(path), store) == {"graph"}
    assert list(path.parent.glob("*.part")) == []


class Builds:
    """Counts how often a set becomes bytes, which takes a while with a million queries."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0

        def counted(kept: object) -> bytes:
            self.count += 1
            return dump(kept)

        monkeypatch.setattr(_kept_queries, "dump", counted)


def test_nothing_is_built_where_the_log_has_no_token_for_it(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a database whose queries are older than the log. The first change brings a token, and the file."""
    subscribes(store, "telegram:1", "graph")
    with store.write() as transaction:
        transaction.connection().execute(delete(QueryChangeRow))
    builds, kept = Builds(monkeypatch), KeptQueries(path)
    assert [matching(kept, store) for _ in range(3)] == [{"graph"}] * 3
    assert (builds.count, path.exists()) == (0, False)
    subscribes(store, "telegram:1", "tree")
    assert [matching(kept, store) for _ in range(3)] == [{"graph", "tree"}] * 3
    assert (builds.count, path.exists()) == (1, True)


def test_nothing_is_built_where_the_folder_takes_no_file(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribes(store, "telegram:1", "graph")
    builds, kept = Builds(monkeypatch), KeptQueries(path.parent / "no such folder" / "queries")
    assert [matching(kept, store) for _ in range(3)] == [{"graph"}] * 3
    assert builds.count == 0


def test_a_file_that_cannot_be_written_is_tried_again_after_many_changes_only(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.mkdir()
    subscribes(store, "telegram:1", "graph")
    builds, kept = Builds(monkeypatch), KeptQueries(path)
    assert [matching(kept, store) for _ in range(3)] == [{"graph"}] * 3
    assert builds.count == 1
    path.rmdir()
    assert matching(kept, store) == {"graph"}
    assert (builds.count, path.exists()) == (1, False)
    subscribes(store, "telegram:1", "tree")  # a tenth of the queries of this store is less than one
    assert matching(kept, store) == {"graph", "tree"}
    assert (builds.count, path.exists()) == (2, True)


def test_the_file_is_for_its_owner_and_goes_with_the_clean_up_of_the_day(store: Store, path: Path) -> None:
    subscribes(store, "telegram:1", "graph")
    kept = KeptQueries(path)
    assert matching(kept, store) == {"graph"}
    assert path.stat().st_mode & 0o077 == 0
    _kept_queries.remove_query_file(store)
    assert not path.exists()
    assert matching(kept, store) == {"graph"}
    assert path.exists(), "the next plan writes it anew"
