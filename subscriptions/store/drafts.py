"""The papers of one ingest in memory, as they are stored and as they will be, and the statements that write them.

Each table is read and written for all papers together with a few statements, because a statement costs as much as ten
rows.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import attrgetter, itemgetter
from typing import Any

import sqlalchemy as sa

from subscriptions.model import Announce, Paper
from subscriptions.normalize import title_alias
from subscriptions.store import meanings
from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Transaction, execute, rows_of
from subscriptions.store.rows import tables

# papers with these announce types are not announced
REPLACEMENTS = frozenset({Announce.REPLACE, Announce.REPLACE_CROSS})
_BY_NEWS_VALUE = ("", *(kind.value for kind in Announce))  # "": the digest does not say; counts as new
_papers, _keys, _aliases, _summaries, _translations = tables(
    "paper", "paper_key", "paper_alias", "summary", "translation"
)
_p = _papers.c
_LAST_ID = sa.select(sa.func.max(_p.id))
_FIELDS = tuple(column.name for column in _p)
_values_of: Callable[[Any], tuple[Any, ...]] = attrgetter(*_FIELDS)
_INSERT = sa.insert(_papers)
_CHANGED = tuple(name for name in _FIELDS if name != "id")
_UPDATE = sa.update(_papers).where(_p.id == sa.bindparam("of")).values({name: sa.bindparam(name) for name in _CHANGED})
_changed_values_of: Callable[[Any], tuple[Any, ...]] = attrgetter(*_CHANGED, "id")
_INSERT_KEYS, _INSERT_ALIASES = sa.insert(_keys), sa.insert(_aliases)
SUMMARY, TRANSLATION = "summary", "translation"  # tables of texts
# table of texts → returns the values of its other columns than paper and language
_TEXTS: dict[str, Callable[[Any], tuple[Any, ...]]] = {
    SUMMARY: lambda fields: (fields,),
    TRANSLATION: itemgetter("title", "abstract"),
}
GIVEN = ("sequence", "sequenced_at", "cross", "day")
ANNOUNCE = (
    sa.update(_papers)
    .where(_p.id == sa.bindparam("of"))
    .values({name: sa.bindparam(name) for name in GIVEN} | {"came_at": sa.null()})
)
Condition = sa.ColumnElement[bool]  # a condition on digests or papers
# gets the moment when a paper was first seen, and the paper's stored `came_at`; returns the new `came_at`: when the paper
# came, if it counts as sent because of a lost database, otherwise None
Came = Callable[[datetime, datetime | None], datetime | None]
ToAnnounce = tuple[int, bool, date]  # (id of a paper, whether it came as a cross-list, the day of its digest)


@dataclass(slots=True)
class PaperDraft:
    """A row of the table of papers, as it is stored or as it will be stored. Its fields are the columns."""

    id: int
    key: str
    title: str
    abstract: str
    authors: list[str]
    categories: list[str]
    primary: str | None
    arxiv_id: str | None
    doi: str | None
    url: str | None
    version: int | None
    comment: str
    venue: str
    published: str
    cross: bool
    withdrawn_at: datetime | None
    first_seen_at: datetime
    day: date
    owner: str
    vouched: int
    sequence: int | None = None
    sequenced_at: datetime | None = None
    came_at: datetime | None = None
    new_sequence: int | None = None

    @property
    def sequence_as_new(self) -> int | None:
        """The sequence with which it was last announced otherwise than as a cross-list; None if it never was."""
        if self.cross:
            return self.new_sequence
        return self.sequence

    @property
    def has_id(self) -> bool:
        """Whether the paper has an arXiv id or a DOI."""
        return bool(self.arxiv_id or self.doi)


@dataclass(slots=True)
class Incoming:
    """A paper of a digest, with its place in the digest and the values that merging needs."""

    place: int
    paper: Paper
    keys: tuple[str, ...]  # its keys (`stored_keys`)
    alias: str  # its title as an alias; "" if it has no title


def incoming(papers: Iterable[Paper]) -> tuple[Incoming, ...]:
    """Returns the papers of a digest with the values that merging needs."""
    return tuple(
        Incoming(place, paper, stored_keys(paper), title_alias(paper.title)) for place, paper in enumerate(papers)
    )


def stored_keys(paper: Paper) -> tuple[str, ...]:
    """Returns the keys under which the store finds a paper. A DOI gets the prefix "doi:"."""
    keys = (paper.arxiv_id, f"doi:{paper.doi}" if paper.doi else None, paper.key if paper.key != paper.doi else None)
    return tuple(dict.fromkeys(key for key in keys if key))


@dataclass(slots=True)
class MergeBatch:
    """What one ingest has read from the store, and what it will write."""

    now: datetime
    day: date  # the day of the digest
    source: str  # the source of the digest
    of_arxiv: bool  # the source is arXiv's own (rule 4)
    is_news: bool  # False: the papers of the digest get no sequence
    continues: bool = False  # it is a feed that was read before: papers that it had then stay filed
    rows: dict[int, PaperDraft] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)
    aliases: dict[str, set[int]] = field(default_factory=dict)
    # (table of summaries or translations, paper) → language → name of a text → text
    texts: defaultdict[tuple[str, int], dict[str, dict[str, str]]] = field(default_factory=lambda: defaultdict(dict))
    # paper that gets a sequence -> whether it came as a cross-list
    to_announce: dict[int, bool] = field(default_factory=dict)
    appearances: dict[int, str] = field(default_factory=dict)  # paper -> how this digest announces it
    # papers that the digest announces, or would announce if it were news
    announced: set[int] = field(default_factory=set)
    new: set[int] = field(default_factory=set)  # papers that this digest adds
    stands_at: dict[int, int] = field(default_factory=dict)  # paper -> its first place in this digest
    updated: set[int] = field(default_factory=set)
    revised: set[int] = field(default_factory=set)  # papers of which the digest has a newer version
    encoded: dict[int, meanings.Texts] = field(default_factory=dict)  # paper → the texts of which it has the codes
    encoded_in_time: set[int] = field(default_factory=set)  # those of them that had their codes before their number
    last_id: int = 0
    # paper → the stored values of its row; lists of a row are replaced and never changed
    _stored: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    _new_keys: list[tuple[str, int]] = field(default_factory=list)
    _new_aliases: list[tuple[str, int]] = field(default_factory=list)
    _new_texts: dict[tuple[str, int, str], None] = field(default_factory=dict)  # (table, paper, language)

    def add(self, draft: PaperDraft) -> None:
        """Adds a new paper."""
        self.rows[draft.id] = draft
        self.last_id = draft.id
        self.new.add(draft.id)

    def order_to_announce(self, paper: int) -> tuple[bool, int]:
        """Returns a sort key of a paper to announce.

        Papers that were announced before come first, in their old order. Other papers follow in the order of the
        digest, not by row id, since some of them may have been filed before.
        """
        sequence = self.rows[paper].sequence
        if sequence is None:
            return (True, self.stands_at[paper])
        return (False, sequence)

    def assign_sequences(self, last: int, came: Came | None) -> int:
        """Gives the papers to announce the sequences after `last`. Returns the last one.

        The transaction must begin with `sequence.hold_sequence`, so that no other transaction assigns the same
        sequences, and must end with `raise_counter`.
        """
        for number, paper in enumerate(sorted(self.to_announce, key=self.order_to_announce), last + 1):
            row = self.rows[paper]
            row.new_sequence = row.sequence_as_new
            row.sequence, row.sequenced_at, row.cross, row.day = number, self.now, self.to_announce[paper], self.day
            row.came_at = came(row.first_seen_at, row.came_at) if came else None
        return last + len(self.to_announce)

    def announce(self, paper: int, *, cross: bool) -> None:
        """Records that a paper gets a sequence. If the digest also announces it as new, it is no cross-list."""
        self.to_announce[paper] = cross and self.to_announce.get(paper, True)

    def note_appearance(self, row: int, paper: Paper) -> None:
        """Records that the digest has a paper, and how it announces the paper: of several copies, the new one counts."""
        kind = paper.announce_type.value if paper.announce_type else ""
        self.appearances[row] = min(self.appearances.get(row, kind), kind, key=_BY_NEWS_VALUE.index)
        if paper.announce_type not in REPLACEMENTS:
            self.announced.add(row)

    def add_key(self, key: str, paper: int) -> None:
        """Adds a key of a paper."""
        self.keys[key] = paper
        self._new_keys.append((key, paper))

    def add_alias(self, alias: str, paper: int) -> None:
        """Adds a title of a paper, as an alias."""
        self.aliases.setdefault(alias, set()).add(paper)
        self._new_aliases.append((alias, paper))

    def put_texts(self, table: str, paper: int, language: str, texts: dict[str, str]) -> None:
        """Sets the summary of a paper in a language, or its translation into this language."""
        self.texts[table, paper][language] = texts
        self._new_texts[table, paper, language] = None

    def look_up(self, transaction: Transaction, papers: Sequence[Incoming]) -> None:
        """Reads the stored rows, keys, titles and texts of these papers."""
        keys, aliases = {key for one in papers for key in one.keys}, {one.alias for one in papers if one.alias}
        self.keys.update(rows_of(transaction, _keys, _keys.c.key, sorted(keys)))
        for alias, paper in rows_of(transaction, _aliases, _aliases.c.alias, sorted(aliases)):
            self.aliases.setdefault(alias, set()).add(paper)
        ids = sorted(set(self.keys.values()).union(*self.aliases.values()))
        for row in rows_of(transaction, _papers, _p.id, ids):
            self.rows[row.id] = PaperDraft(*_values_of(row))
            self._stored[row.id] = _values_of(row)
        for row in rows_of(transaction, _summaries, _summaries.c.paper, ids):
            self.texts[SUMMARY, row.paper][row.language] = dict(row.fields)
        for row in rows_of(transaction, _translations, _translations.c.paper, ids):
            self.texts[TRANSLATION, row.paper][row.language] = {"title": row.title, "abstract": row.abstract}
        having = meanings.having_codes(transaction, ids)
        self.encoded |= {paper: self.texts_of(paper) for paper in having}
        self.encoded_in_time |= {paper for paper, in_time in having.items() if in_time}
        self.last_id = execute(transaction, _LAST_ID).scalar() or 0

    def texts_of(self, paper: int) -> meanings.Texts:
        """Returns the texts of a paper that decide its codes."""
        return self.rows[paper].title, self.rows[paper].abstract

    def lacks_codes(self, paper: int) -> bool:
        """Returns whether a paper needs codes: its texts have none, or it gets a number and has only late ones."""
        is_late = paper in self.to_announce and paper not in self.encoded_in_time
        return is_late or self.encoded.get(paper) != self.texts_of(paper)

    def encodes_late(self, paper: int) -> bool:
        """Returns whether codes that come with this digest are late: the paper has its number, and had no codes before."""
        return paper not in self.to_announce and paper not in self.encoded_in_time

    def write(self, transaction: Transaction) -> None:
        """Writes all changes since the last call."""
        new = [draft for paper, draft in self.rows.items() if paper not in self._stored]
        changed = [
            draft
            for paper, draft in self.rows.items()
            if paper in self._stored and self._stored[paper] != _values_of(draft)
        ]
        conflicts.execute_rows(transaction, _INSERT, _FIELDS, [_values_of(draft) for draft in new])
        conflicts.execute_rows(
            transaction, _UPDATE, (*_CHANGED, "of"), [_changed_values_of(draft) for draft in changed]
        )
        conflicts.execute_rows(transaction, _INSERT_KEYS, ("key", "paper"), self._new_keys)
        conflicts.execute_rows(transaction, _INSERT_ALIASES, ("alias", "paper"), self._new_aliases)
        for name, values_of_texts in _TEXTS.items():
            texts = [
                (paper, language, *values_of_texts(self.texts[name, paper][language]))
                for table, paper, language in self._new_texts
                if table == name and paper in self.rows
            ]
            conflicts.put_all(transaction, name, texts)
        for draft in (*new, *changed):
            self._stored[draft.id] = _values_of(draft)
        self._new_keys, self._new_aliases, self._new_texts = [], [], {}
