"""The kept queries in a file beside the database, so that a start with a million of them takes a tenth of a second.

The file belongs to one change of the log, whose row has a random token. So a file is refused if it is damaged, of
another database, of a database before an older copy was restored, or written by another version of the code. Then, and
if the log no longer reaches back to it, the set is rebuilt.
"""

import os
from array import array
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from weakref import WeakKeyDictionary

from subscriptions.matching.batch import match
from subscriptions.matching.paper_index import PaperIndex
from subscriptions.matching.query_set import DamagedSnapshot, QuerySet, dump, load
from subscriptions.store import planner
from subscriptions.store.database.store import Store, Transaction

OWNER_ONLY = 0o600


def path_of(store: Store) -> Path | None:
    """Where the file of a store is; None: nowhere, since the database is no file."""
    file = store.kind.file
    return None if file is None else file.with_name(f"{file.name}-queries")


_Kept = tuple[QuerySet, "array[int]", "array[int]"]  # the set, the handles by query, the queries by handle


def write(path: Path, kept: _Kept, change: int, token: int) -> bool:
    """Writes what is kept after change `change` of the log, whose token is `token`. A crash leaves the old file or this one.

    If the folder is full or cannot be written to, no file is written, and the next start takes longer. Returns
    whether it was written.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.touch(mode=OWNER_ONLY)
        part.write_bytes(dump((_code(), change, token, kept)))
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        return False
    return True


def read(path: Path, transaction: Transaction) -> tuple[_Kept, int] | None:
    """Returns (what was kept, at which change of the log); None if there is no file for this database."""
    try:
        code, change, token, kept = load(path.read_bytes())
    except (OSError, DamagedSnapshot):
        return None
    is_ours = code == _code() and planner.token_of(transaction, change) == token
    return (kept, change) if is_ours else None


def remove_query_file(store: Store) -> None:
    """Removes the file of a store, and so the words of queries that no chat has any more. The next plan writes it."""
    path = path_of(store)
    if path is not None:
        with suppress(OSError):
            path.unlink(missing_ok=True)


@cache
def _code() -> str:
    """Returns the digest of the code that says what a query means: 10 ms."""
    digest = sha256()
    for module in sorted(Path(__file__).parents[2].rglob("*.py")):
        digest.update(module.read_bytes())
    return digest.hexdigest()


# ----------------------------------------------------------------- all queries of the store as one set, kept in memory

# made once, then it follows the log of what came and went.  It holds queries, and not subscriptions: a database finds
# the subscriptions of a query by its own index, so memory grows with the different queries only. Beside the set itself
# these cost 8 bytes each.


LEAST_SAVED = 50_000  # queries; fewer are rebuilt in less than a second
PAGE = 5000  # queries that one statement reads while the set is made
MOST_LEFT_OUT = 100  # queries that came since all were matched with some papers
_NONE = -1  # no handle


class _Match(NamedTuple):
    """What the queries with handles below `handles` found in some papers."""

    handles: int
    found: Mapping[int, int]  # handle -> bits of papers


class KeptQueries:
    """The queries of the store up to a change of the log."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path  # of the file; None: there is none
        self._saved = 0  # the change at which the file was written, or could not be
        self._takes_no_file = False  # the folder; it is tried again when many queries came or went
        self._start()

    def _start(self) -> None:
        self.queries = QuerySet()
        self._change: int | None = None  # the newest one that it has; None: it is to be made
        self._handles = array("i")  # by the id of a query
        self._ids = array("i")  # of the queries, by handle
        self._matches: WeakKeyDictionary[PaperIndex, _Match] = WeakKeyDictionary()

    @property
    def bytes_beside(self) -> int:
        """The bytes that it takes beside the set itself."""
        return self._handles.itemsize * len(self._handles) + self._ids.itemsize * len(self._ids)

    def follow(self, transaction: Transaction) -> None:
        """Applies the changes of all processes since the last call. Rebuilds the set if the log does not reach back."""
        if self._change is None:
            self._read(transaction)
        changed = None if self._change is None else planner.changes_after(transaction, self._change)
        if changed is None or len(self._ids) > 2 * len(self.queries) + PAGE:  # handles are never used again
            self._make(transaction)
        else:
            self._take(transaction, *changed)
        self._save(transaction)

    def _take(self, transaction: Transaction, newest: int, ids: AbstractSet[int]) -> None:
        texts = planner.queries_by_id(transaction, sorted(ids))
        for query in ids:
            self._drop(query)
            if query in texts:
                self._add(query, texts[query])
        self._change = newest

    def _read(self, transaction: Transaction) -> None:
        """Takes what the file holds, if it is one of this database."""
        found = None if self._path is None else read(self._path, transaction)
        if found is not None:
            (self.queries, self._handles, self._ids), self._change = found
            self._saved = self._change

    def _save(self, transaction: Transaction) -> None:
        """Writes the file where there are many queries, and a good part of them came or went since it was tried."""
        assert self._change is not None  # noqa: S101 - the set was just made or followed
        if self._path is None or len(self.queries) < LEAST_SAVED:
            return
        many = min(len(self.queries) // 10, planner.KEPT // 2)
        if self._change - self._saved <= many and (self._takes_no_file or self._path.exists()):
            return
        token = planner.token_of(transaction, self._change)
        if token is None:  # the log has no change yet: the first one brings a token
            return
        self._takes_no_file = not write(self._path, (self.queries, self._handles, self._ids), self._change, token)
        self._saved = self._change

    def matching(self, papers: PaperIndex) -> list[int]:
        """Ids of the queries that find a paper."""
        return [self._ids[handle] for handle, bits in self._match(papers).found.items() if bits]

    def found_by(self, canonical: Iterable[str], papers: PaperIndex) -> dict[str, int]:
        """Canonical text of a query -> the papers that it finds, as bits; without queries that the set does not have.

        All queries are matched when papers are first asked about, and then it is looked up: in the morning some chat is due
        every minute. Those that came since are left out while they are few, since all would be matched again.
        """
        last = self._matches.get(papers) or self._match(papers)
        handles = {text: handle for text in canonical if (handle := self.queries.find(text)) is not None}
        if sum(handle >= last.handles for handle in handles.values()) > MOST_LEFT_OUT:
            last = self._match(papers)
        return {text: last.found.get(handle, 0) for text, handle in handles.items() if handle < last.handles}

    def _match(self, papers: PaperIndex) -> _Match:
        found = self._matches[papers] = _Match(len(self._ids), match(self.queries, papers))
        return found

    def _make(self, transaction: Transaction) -> None:
        self._start()
        last = 0
        while page := planner.page_of_queries(transaction, last, PAGE):
            for query, canonical in page:
                self._add(query, canonical)
            last = page[-1][0]
        self._change = planner.newest_change(transaction)

    def _add(self, query: int, canonical: str) -> None:
        if query >= len(self._handles):
            self._handles.extend([_NONE] * (query + 1 - len(self._handles)))
        handle = self._handles[query] = self.queries.add_canonical(canonical)
        self._ids.extend([_NONE] * (handle + 1 - len(self._ids)))
        self._ids[handle] = query

    def _drop(self, query: int) -> None:
        if query < len(self._handles) and self._handles[query] != _NONE:
            self.queries.remove(self._handles[query])
            self._handles[query] = _NONE


_KEPT: WeakKeyDictionary[Store, KeptQueries] = WeakKeyDictionary()


@contextmanager
def kept_queries(store: Store) -> Iterator[KeptQueries]:
    """Yields the set that the last plan left, and keeps it for the next one, unless an error leaves it half changed.

    Two plans at the same time have a set each.
    """
    kept = _KEPT.pop(store, None) or KeptQueries(path_of(store))
    yield kept
    _KEPT[store] = kept
