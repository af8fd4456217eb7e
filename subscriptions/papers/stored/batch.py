"""The papers of one digest in memory, merged with the stored ones (rules 1 and 4).

Each table is read and written for all papers together with a few statements, because a statement costs as much as ten
rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from subscriptions import identity
from subscriptions.database.columns import as_stored, from_stored
from subscriptions.database.store import Transaction, execute, rows_of
from subscriptions.database.tables import PaperValues, tables
from subscriptions.life import Article, Event, Mark, PaperFacts
from subscriptions.model import Announce, Paper
from subscriptions.papers.kept import article_of, is_article
from subscriptions.papers.stored import embeddings as meanings
from subscriptions.papers.stored import kept, merging
from subscriptions.papers.stored.merging import Change
from subscriptions.papers.stored.papers import known_paper
from subscriptions.text.words import title_alias

_BY_NEWS_VALUE = ("", *(kind.value for kind in Announce))  # "": the digest does not say; counts as new
_papers, _keys, _aliases = tables("paper", "paper_key", "paper_alias")
_p = _papers.c
_LAST_ID = sa.select(sa.func.max(_p.id))
_UPDATE = sa.update(_papers).where(_p.id == sa.bindparam("of"))


@dataclass(frozen=True, slots=True)
class Codes:
    """The codes that an encoder made of papers before they are stored."""

    encoder: str = ""  # "": no encoder
    of_texts: Mapping[meanings.Texts, bytes] = field(default_factory=dict)
    fails: bool = False  # the encoder failed or was too slow


NO_CODES = Codes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingest:
    """How a digest is stored."""

    source: str
    day: date
    now: datetime
    announce: bool = False  # announces the papers of an archive, even if they were filed before
    continues: bool = False  # it is a feed that was read before: only what it did not have then is news (rule 12)
    of_arxiv: bool = False  # the source is arXiv's own: for arXiv's papers, its values have priority (rule 4)
    only_known: bool = False  # stored papers change; none is added, and the digest itself is not stored
    codes: Codes = NO_CODES


class Incoming(NamedTuple):
    """A paper of a digest, with the keys and the title by which the store finds it."""

    paper: Paper
    keys: tuple[str, ...]  # of its ids, in order; a DOI has the prefix "doi:"
    former: tuple[str, ...]  # keys that 1.0.0 gave it, in which a DOI has its version
    titles: tuple[str, ...]  # keys of a paper without an id: several papers may have such a key
    entries: tuple[str, ...]  # keys of its number at PubMed or Elsevier, and of its entry in a feed
    same: tuple[str, ...]  # keys of other records of the work, as its source relates them
    alias: str  # its title as an alias; "" if it has no title


def incoming(papers: Iterable[Paper]) -> tuple[Incoming, ...]:
    """Return the papers of a digest with the keys and titles by which the store finds them."""
    return tuple(map(_incoming, papers))


def _incoming(paper: Paper) -> Incoming:
    ids = (paper.arxiv_id,) if paper.arxiv_id else ()
    dois = [f"doi:{doi}" for doi in identity.dois_of(paper.doi)] if paper.doi else []
    numbers = [f"{kind}:{number}" for kind, number in identity.numbers_in(paper.url, paper.doi).items()]
    has_title_key = paper.key.startswith("title:")
    own = (paper.key,) if not (ids or dois or has_title_key) else ()
    return Incoming(
        paper=paper,
        keys=(*ids, *dois[:1], *own),
        former=tuple(dois[1:]),
        titles=tuple(dict.fromkeys((identity.key_apart(paper), paper.key))) if has_title_key else (),
        entries=(*numbers, *([identity.entry_key(paper.entry)] if paper.entry else ())) if not ids else (),
        same=tuple(key for key in paper.same if key not in (*ids, *dois)),
        alias=title_alias(paper.title),
    )


def _doi_key(doi: str | None) -> str:
    return f"doi:{identity.versioned(doi).doi}" if doi else ""


@dataclass(slots=True)
class PaperBatch:
    """What one digest changes in the stored papers: read once, merged in memory, written once."""

    ingest: Ingest
    is_news: bool  # False: the papers of the digest get no sequence
    rows: dict[int, PaperValues] = field(default_factory=dict)
    news: dict[int, bool] = field(default_factory=dict)  # paper that gets a sequence → whether it came as a cross-list
    kinds: dict[int, str] = field(default_factory=dict)  # paper → how the digest announces it, in its order
    new: set[int] = field(default_factory=set)  # papers that this digest adds
    updated: set[int] = field(default_factory=set)  # those, and papers that it changes
    revised: set[int] = field(default_factory=set)  # papers of which the digest has a newer version
    encoded: dict[int, meanings.Texts] = field(default_factory=dict)  # paper → the texts of which it has the codes
    noted: set[int] = field(default_factory=set)  # papers of which it changes the version, the DOI or the facts
    _keys: dict[str, int] = field(default_factory=dict)
    _aliases: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    # paper → its values as they are stored; lists of a row are replaced and never changed
    _stored: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    _new_keys: list[dict[str, str | int]] = field(default_factory=list)
    _new_aliases: list[dict[str, str | int]] = field(default_factory=list)
    _moved: dict[str, int] = field(default_factory=dict)  # key that led to another paper → the new paper that has it
    _replaced: dict[int, int] = field(default_factory=dict)  # filed paper → the one that it turned out to be
    _last_id: int = 0

    def read(self, transaction: Transaction, papers: Sequence[Incoming], marks: Sequence[Mark] = ()) -> None:
        """Read what the store knows about these papers. Call it once, before they are merged."""
        keys = {key for one in papers for key in (*one.keys, *one.former, *one.titles, *one.entries, *one.same)}
        keys |= {key for one in marks for key in one.keys}
        aliases = {one.alias for one in papers if one.alias}
        self._keys.update(rows_of(transaction, _keys, _keys.c.key, sorted(keys)))
        for alias, paper in rows_of(transaction, _aliases, _aliases.c.alias, sorted(aliases)):
            self._aliases[alias].add(paper)
        ids = sorted(set(self._keys.values()).union(*self._aliases.values()))
        self._read_rows(transaction, ids)
        others = sorted({key for row in self.rows.values() for key in self._facts(row).others} - self._keys.keys())
        if others:
            self._keys.update(rows_of(transaction, _keys, _keys.c.key, others))
            self._read_rows(transaction, sorted(set(self._keys.values()) - self.rows.keys()))
        self.encoded = {paper: self.texts_of(paper) for paper, _ in meanings.each_code(transaction, ids)}
        self._last_id = execute(transaction, _LAST_ID).scalar() or 0

    def _read_rows(self, transaction: Transaction, ids: Sequence[int]) -> None:
        for row in rows_of(transaction, _papers, _p.id, ids):
            self._stored[row.id] = row._asdict()
            self.rows[row.id] = PaperValues(**self._stored[row.id])

    def knows(self, one: Incoming) -> bool:
        """Return whether a paper of the digest is stored."""
        return self._find(one) is not None

    def merge(self, one: Incoming) -> int:
        """Merge a paper of the digest with the stored paper that is the same, or add it. Return its id."""
        found = self._find(one)
        row = self._add(one.paper) if found is None else self.rows[found]
        paper = self._without_ids_of_others(row, one)
        is_related = bool(paper.same) or self._keys.get(_doi_key(paper.doi)) == row.id
        claim = merging.claim_of(row, paper, self.ingest.source, of_arxiv=self.ingest.of_arxiv, is_related=is_related)
        further = merging.may_add_keys(row, claim)
        change = merging.apply_claim(row, claim, self.ingest.now)
        self._remember(row, one, further=further)
        if change.anything:
            self.updated.add(row.id)
        if change.noted:
            self.noted.add(row.id)
        if claim.is_newer:
            self.revised.add(row.id)
        kind = paper.announce_type.value if paper.announce_type else ""
        self.kinds[row.id] = min(self.kinds.get(row.id, kind), kind, key=_BY_NEWS_VALUE.index)  # of copies, the new one
        self._announce_or_file(row, paper, change, is_new=found is None)
        if one.paper.article and self._keys.get(f"doi:{one.paper.article}") == row.id:
            self._give_article(row, Article(doi=one.paper.article))
        for other in self._others(row):
            self._give_article(row, article_of(self.entry(other.id)))
            self._give_article(other, article_of(self.entry(row.id)))
        return row.id

    def mark(self, mark: Mark) -> None:
        """Apply a notice to the papers that it is about, and to other rows of their works, if they are known."""
        for paper in self._with(mark.keys):
            of_work = [self.rows[paper]]
            if mark.event is not Event.WITHDRAWN:  # a preprint may be withdrawn when its article is not
                of_work += self._others(of_work[0])
            for row in of_work:
                before = self._facts(row)
                after = merging.after_mark(before, mark, self.ingest.now)
                if after != before:
                    row.facts = as_stored(after)
                    self.noted.add(row.id)

    def _give_article(self, row: PaperValues, article: Article | None) -> None:
        """Note the article of a preprint that had none."""
        if article and is_article(article.doi) and not article_of(self.entry(row.id)):
            row.facts = as_stored(replace(self._facts(row), article=article))
            self.noted.add(row.id)

    def _others(self, row: PaperValues) -> list[PaperValues]:
        return [self.rows[paper] for paper in self._with(self._facts(row).others) if paper != row.id]

    @staticmethod
    def _facts(row: PaperValues) -> PaperFacts:
        return from_stored(PaperFacts, row.facts)

    def _announce_or_file(self, row: PaperValues, paper: Paper, change: Change, *, is_new: bool) -> None:
        now, was_filed = self.ingest.now, not is_new and row.sequence is None and row.owner == self.ingest.source
        # a feed brings papers again and again that were filed when it was first read
        stays_filed = was_filed and self.ingest.continues and not self.ingest.announce
        if not self.is_news or stays_filed:
            if row.sequence is None and paper.announce_type not in merging.REPLACEMENTS:
                row.cross = paper.announce_type is Announce.CROSS and (is_new or row.cross)
        elif merging.is_news(row, paper, change, now):
            cross = merging.is_cross(row, paper, change, now)
            self.news[row.id] = cross and self.news.get(row.id, True)

    def _find(self, one: Incoming) -> int | None:
        """Return the id of the stored row of the same paper, by its first known key, else its title (rule 4)."""
        found = [paper for paper in self._with((*one.keys, *one.former)) if self._has_or_is_related(paper, one)]
        related = [
            paper
            for paper in self._with(one.same)
            if identity.may_be_related(self.entry(paper), one.paper, is_known=True)
        ]
        if related:
            return self._join_filed(list(dict.fromkeys((*found, *related))))
        titled = [paper for paper in found if paper in self._aliases[one.alias]]
        if self.ingest.of_arxiv and one.paper.arxiv_id and len(titled) > 1 and titled[0] == found[0]:
            return self._join_filed(titled)
        if len(found) > 1:
            others = (
                paper
                for paper in found[1:]
                if self.rows[paper].sequence is not None
                and identity.may_be_related(self.entry(paper), one.paper, is_known=True)
            )
            self._relate([found[0], *others])
        found = found or [paper for paper in self._with(one.entries) if self._is_same_entry(paper, one)]
        found = found or [
            paper for paper in self._with(one.titles) if not identity.differ(self.entry(paper), one.paper)
        ]
        if found or not one.alias:
            return found[0] if found else None
        if len(self._aliases[one.alias]) > identity.MOST_OF_A_TITLE:
            return None
        has_id = bool(one.paper.arxiv_id or one.paper.doi)
        fits = [
            paper
            for paper in sorted(self._aliases[one.alias])
            if not (has_id and self.rows[paper].has_id) and not identity.differ(self.entry(paper), one.paper)
        ]
        if len(fits) > 1 and one.paper.authors:
            fits = [paper for paper in fits if self.rows[paper].authors]
        return fits[0] if len(fits) == 1 else None

    def _with(self, keys: Sequence[str]) -> list[int]:
        return list(dict.fromkeys(self._keys[key] for key in keys if key in self._keys))

    def _has_or_is_related(self, paper: int, one: Incoming) -> bool:
        """Return whether a stored paper has an id of a record, or may be of its work, as was said when it had not come yet.

        An id that the record only has because its source relates both, as OpenAlex does, counts as a relation.
        """
        row = self.rows[paper]
        shared = {row.arxiv_id, _doi_key(row.doi)}.intersection((*one.keys, *one.former))
        if shared - {*one.paper.same}:
            return True
        return identity.may_be_related(self.entry(paper), one.paper, is_known=bool(shared))

    def _is_same_entry(self, paper: int, one: Incoming) -> bool:
        """Return whether an entry is still about the paper that it once was about: its title or its author is the same."""
        known = self.entry(paper)
        if identity.ids_differ(known, one.paper):
            return False
        return paper in self._aliases[one.alias] or not identity.authors_differ(known, one.paper)

    def _join_filed(self, papers: Sequence[int]) -> int:
        """Return which of several rows counts from now on, since a source says that they are one work.

        That is the first that was announced. The keys and titles of filed ones lead to it, so that it is not announced
        again. Others that were announced stay papers of their own, which know each other.
        """
        stays = next((paper for paper in papers if self.rows[paper].sequence is not None), papers[0])
        for gone in papers:
            if gone != stays and self.rows[gone].sequence is None and gone not in self.news:
                self._replaced[gone] = stays
                self._keys |= {key: stays for key, paper in self._keys.items() if paper == gone}
                for fitting in self._aliases.values():
                    fitting.discard(gone)
        self._relate([paper for paper in papers if paper not in self._replaced])
        return stays

    def _relate(self, papers: Sequence[int]) -> None:
        """Note that several announced rows are one work."""
        works = [self.rows[paper] for paper in papers]
        for row in works if len(works) > 1 else ():
            facts = self._facts(row)
            keys = (one.arxiv_id or _doi_key(one.doi) or one.key for one in works if one is not row)
            others = dict.fromkeys((*facts.others, *keys))
            row.facts = as_stored(replace(facts, others=tuple(others)))

    def _without_ids_of_others(self, row: PaperValues, one: Incoming) -> Paper:
        """Return the paper without ids of another row, since a source may not decide that both are one paper."""
        paper, others = one.paper, {key for key in one.keys if self._keys.get(key, row.id) != row.id}
        if not others:
            return paper
        arxiv_id = None if paper.arxiv_id in others else paper.arxiv_id
        return replace(paper, arxiv_id=arxiv_id, doi=None if _doi_key(paper.doi) in others else paper.doi)

    def _add(self, paper: Paper) -> PaperValues:
        """Add an empty row for a new paper."""
        self._last_id += 1
        of, now, day = self.ingest.source, self.ingest.now, self.ingest.day
        key = identity.key_apart(paper) if paper.key in self._keys else paper.key
        row = PaperValues(id=self._last_id, key=key, owner=of, first_seen_at=now, day=day)
        self.rows[row.id] = row
        self.new.add(row.id)
        self.updated.add(row.id)
        return row

    def _remember(self, row: PaperValues, one: Incoming, *, further: bool) -> None:
        """Note the keys and the title by which the paper is found.

        Without `further`, notes no new ids and no other title.
        """
        may_add = further or not (one.paper.arxiv_id or one.paper.doi)
        for key in (*one.keys, *one.titles, *one.entries, *one.same):
            is_own = may_add or key == _doi_key(row.doi) or key in one.same
            if key not in self._keys and is_own:
                self._keys[key] = row.id
                self._new_keys.append({"key": key, "paper": row.id})
            elif key in one.keys and row.id in self.new and self._keys[key] != row.id:
                self._keys[key] = row.id  # another paper was said to be the same, which is not so
                self._moved[key] = row.id
        may_name = bool(one.alias) and (further or one.alias == title_alias(row.title))
        if may_name and row.id not in self._aliases[one.alias]:
            self._aliases[one.alias].add(row.id)
            self._new_aliases.append({"alias": one.alias, "paper": row.id})

    @property
    def changed(self) -> list[int]:
        """The papers that are new, changed or news, ascending."""
        return sorted(self.updated | self.news.keys())

    def entry(self, paper: int) -> Paper:
        """Return a paper as it will be stored, in the form in which digests have papers."""
        return known_paper(self.rows[paper], []).paper

    def texts_of(self, paper: int) -> meanings.Texts:
        """Return the texts of a paper that decide its codes."""
        return self.rows[paper].title, self.rows[paper].abstract

    def lacks_codes(self, paper: int) -> bool:
        """Return whether the texts of a paper have no codes."""
        return self.encoded.get(paper) != self.texts_of(paper)

    def assign_sequences(self, last: int) -> int:
        """Give the papers that are news the sequences after `last`. Return the last one.

        Papers that were announced before come first, in their old order. The others follow in the order of the digest.
        The transaction must end with `raise_counter`.
        """
        news = [self.rows[paper] for paper in self.kinds if paper in self.news]
        news.sort(key=lambda row: (row.sequence is None, row.sequence or 0))
        for number, row in enumerate(news, last + 1):
            row.new_sequence = row.sequence_as_new
            row.sequence, row.cross = number, self.news[row.id]
            row.sequenced_at, row.day = self.ingest.now, self.ingest.day
        return last + len(news)

    def write(self, transaction: Transaction) -> None:
        """Write all changes."""
        values = {paper: dict(vars(row)) for paper, row in self.rows.items()}
        changed = [paper for paper, before in self._stored.items() if values[paper] != before]
        transaction.execute_rows(sa.insert(_papers), [values[paper] for paper in sorted(self.new)])
        transaction.execute_rows(_UPDATE, [{**values[paper], "of": paper} for paper in changed])
        for paper in kept.kept_among(transaction, changed):
            before = known_paper(PaperValues(**self._stored[paper]), []).paper
            kept.note_life(transaction, paper, before, self.entry(paper), now=self.ingest.now)
        transaction.execute_rows(sa.insert(_keys), self._new_keys)
        transaction.execute_rows(sa.insert(_aliases), self._new_aliases)
        for key, paper in self._moved.items():
            execute(transaction, sa.update(_keys).filter_by(key=key).values(paper=paper))
        for gone, stays in self._replaced.items():
            execute(transaction, sa.update(_keys).filter_by(paper=gone).values(paper=stays))
            kept.move(transaction, gone, stays)
            execute(transaction, sa.delete(_aliases).filter_by(paper=gone))
