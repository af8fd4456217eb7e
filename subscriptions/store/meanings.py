"""The codes of papers and the vectors of questions, all of one encoder, which is a value of the store.

Only rows of this encoder are read. The others count as missing: after a change of the encoder they are made again.

Codes are in time if the paper had them before it got its number. Others are late: they are stored under the encoder's name
with LATE, and only searches read them. So what a subscription gets does not depend on when it looks at a paper.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from subscriptions.model import Paper
from subscriptions.store import bot_state
from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Store, Transaction, execute, in_chunks, reads, rows_of, writes
from subscriptions.store.rows import tables

CODE = 64  # bytes of one code
Texts = tuple[str, str]  # title and abstract, which decide the codes of a paper

LATE = " (late)"  # after the encoder's name: the paper got its number before these codes
_ENCODER = "encoder"  # names of stored values
_LEFT = "papers-without-codes"  # up to which id papers may lack codes; without the value, all may

_LOOKED_AT = 5000  # papers that one statement looks through for papers without codes, some 20 ms
_MOST_KEPT = 1000  # vectors of questions that are kept in memory, about 300 bytes each

_meanings, _questions, _asked, _entries, _papers, _values = tables(
    "paper_meaning", "question", "question_of_query", "library_entry", "paper", "key_value"
)
_m, _q, _p = _meanings.c, _questions.c, _papers.c
_IN_TIME = (_values.c.name == _ENCODER) & (_m.encoder == _values.c.value)
_OURS = (_values.c.name == _ENCODER) & _m.encoder.in_((_values.c.value, _values.c.value.concat(LATE)))
_CODES = sa.select(_m.paper, _m.overall, _m.parts).join_from(_meanings, _values, _OURS)
_CODES_IN_TIME = sa.select(_m.paper, _m.overall, _m.parts).join_from(_meanings, _values, _IN_TIME)
_HAVE_CODES = sa.select(_m.paper, _m.encoder).join_from(_meanings, _values, _OURS)
_ENCODERS = sa.select(_m.paper, _m.encoder)
_ENTRIES = sa.select(_m.entry, _m.paper, _m.overall, _m.parts).join_from(_meanings, _values, _OURS)
_NEW = (
    sa.select(_m.entry, _m.overall)
    .where(_m.entry > sa.bindparam("after"), _m.encoder.in_((sa.bindparam("of"), sa.bindparam("late"))))
    .order_by(_m.entry.desc())
    .limit(sa.bindparam("most"))
)
_VECTORS = sa.select(_q.text, _q.vector).where(_q.encoder == sa.bindparam("of"))
_TEXTS = sa.select(_p.id, _p.title, _p.abstract)
_IDS = sa.select(_q.id, _q.text)
_LAST_ENTRY = sa.select(sa.func.max(_m.entry))
_LAST_ID = sa.select(sa.func.max(_p.id))
_INSERT = sa.insert(_meanings)
_UPDATE_QUESTION = (
    sa.update(_questions)
    .where(_q.text == sa.bindparam("asked"))
    .values(encoder=sa.bindparam("of"), vector=sa.bindparam("made"))
)


def texts_of(paper: Paper) -> Texts:
    """Returns the texts of a paper that decide its codes."""
    return paper.title, paper.abstract


def encoder(transaction: Transaction) -> str:
    """Returns the name of the store's encoder; "" if it never had one."""
    return bot_state.get_value(transaction, _ENCODER) or ""


def is_encoder(transaction: Transaction, name: str) -> bool:
    """Returns whether this is the store's encoder. The first one that asks becomes it."""
    known = encoder(transaction)
    if not known:
        bot_state.swap_value(transaction, _ENCODER, None, name)
        known = encoder(transaction)
    return known == name


def change_encoder(transaction: Transaction, name: str) -> None:
    """Makes this the store's encoder. If it was another one, all papers and questions lack their codes now.

    The transaction must hold the sequence, so that no papers with older codes come in the meantime.
    """
    if not is_encoder(transaction, name):
        bot_state.put_value(transaction, _ENCODER, name)
        look_again(transaction, _last_id(transaction))


def each_code(transaction: Transaction, papers: Sequence[int], *, in_time: bool = False) -> Iterator[tuple[int, bytes]]:
    """Yields (paper id, codes), for those of these papers that have codes of the store's encoder; `in_time`: no late ones."""
    rows = rows_of(transaction, _CODES_IN_TIME if in_time else _CODES, _m.paper, papers)
    return ((row.paper, row.overall + row.parts) for row in rows)


def having_codes(transaction: Transaction, papers: Sequence[int]) -> dict[int, bool]:
    """Returns paper id → whether its codes are in time, for those of these papers that have codes of the store's encoder."""
    rows = rows_of(transaction, _HAVE_CODES, _m.paper, papers)
    return {row.paper: not row.encoder.endswith(LATE) for row in rows}


def put(transaction: Transaction, name: str, codes: Mapping[int, bytes], late: Collection[int] = ()) -> None:
    """Stores the codes of papers, in new entries; b"" removes them. The transaction must hold the sequence.

    `name` is the name of the encoder. The codes of the papers `late` are late.

    So entries are committed in the order of their numbers, and a reader continues after the last one that it knows.
    """
    for part in in_chunks(list(codes)):
        execute(transaction, sa.delete(_meanings).where(_m.paper.in_(part)))
    names = {paper: name + LATE if paper in late else name for paper in codes}
    rows = [(paper, names[paper], code[:CODE], code[CODE:]) for paper, code in codes.items() if code]
    conflicts.execute_rows(transaction, _INSERT, ("paper", "encoder", "overall", "parts"), rows)


def new_entries(transaction: Transaction, after: int, most: int) -> list[tuple[int, bytes]]:
    """Returns (number, overall code) of the newest entries of the store's encoder after a number, ascending."""
    name = encoder(transaction)
    values = {"after": after, "of": name, "late": name + LATE, "most": most}
    return [(row.entry, row.overall) for row in reversed(execute(transaction, _NEW, values).all())]


def last_entry(transaction: Transaction) -> int:
    """Returns the number of the newest entry; 0 if there is none."""
    return execute(transaction, _LAST_ENTRY).scalar() or 0


def entries(transaction: Transaction, numbers: Sequence[int]) -> list[tuple[int, bytes]]:
    """Returns (paper, codes) of those of these entries that still are the codes of their paper."""
    return [(row.paper, row.overall + row.parts) for row in rows_of(transaction, _ENTRIES, _m.entry, numbers)]


# News has its codes before it is stored. Others get them later: `_LEFT` is the id of the newest paper that may lack them, and
# how often papers without codes came. The id moves down with each slice, and up again when such papers come.


@dataclass(frozen=True, slots=True)
class Slice:
    """Papers without codes, newest first."""

    papers: Sequence[tuple[int, Texts]]
    begin: str | None  # the value of `_LEFT` when they were read
    end: str  # its value when they have codes


def look_again(transaction: Transaction, paper: int) -> None:
    """Stores that a paper may lack codes. A slice that was read before this does not end.

    Does nothing in a store that never had an encoder: there, all papers lack codes.
    """
    if not encoder(transaction):
        return
    left, times = _left(transaction)
    bot_state.put_value(transaction, _LEFT, f"{max(left, paper)} {times + 1}")


def _left(transaction: Transaction) -> tuple[int, int]:
    """Returns (the id of the newest paper that may lack codes, how often papers without codes came)."""
    left, _, times = (bot_state.get_value(transaction, _LEFT) or "").partition(" ")
    return int(left or _last_id(transaction)), int(times or 0)


def _last_id(transaction: Transaction) -> int:
    return execute(transaction, _LAST_ID).scalar() or 0


def are_complete(transaction: Transaction) -> bool:
    """Returns whether no paper lacks codes."""
    return _left(transaction)[0] == 0


def slice_without(transaction: Transaction, most: int) -> Slice:
    """Returns the newest papers that lack codes of the store's encoder, at most `most`. Looks through _LOOKED_AT papers."""
    begin, (last, times) = bot_state.get_value(transaction, _LEFT), _left(transaction)
    low = max(last - _LOOKED_AT, 0)
    name = encoder(transaction)
    has_codes = sa.exists().where(_m.paper == _p.id, _m.encoder.in_((name, name + LATE)))
    wanted = _TEXTS.where(_p.id > low, _p.id <= last, ~has_codes).order_by(_p.id.desc()).limit(most)
    rows = execute(transaction, wanted).all()
    end = rows[-1].id - 1 if len(rows) == most else low
    return Slice([(row.id, (row.title, row.abstract)) for row in rows], begin, f"{end} {times}")


def end_slice(transaction: Transaction, done: Slice) -> None:
    """Stores that the papers of a slice have their codes, unless papers without codes came in the meantime."""
    bot_state.swap_value(transaction, _LEFT, done.begin, done.end)


def put_late(transaction: Transaction, name: str, made: Sequence[tuple[int, Texts, bytes]]) -> None:
    """Stores codes that papers get later, except those of papers whose texts have changed or that are gone.

    Codes that replace those of another encoder are in time if those were.
    """
    papers = [paper for paper, _, _ in made]
    texts = {row.id: (row.title, row.abstract) for row in rows_of(transaction, _TEXTS, _p.id, papers)}
    before = rows_of(transaction, _ENCODERS, _m.paper, papers)
    in_time = {row.paper for row in before if not row.encoder.endswith(LATE)}
    codes = {paper: code for paper, of, code in made if code and texts.get(paper) == of}
    put(transaction, name, codes, codes.keys() - in_time)


@reads
def questions_of(transaction: Transaction, texts: Iterable[str]) -> dict[str, bytes]:
    """Returns text → vector, for those of these texts whose vector by the store's encoder is known."""
    wanted, name = sorted(set(texts)), encoder(transaction)
    if name:
        return dict(rows_of(transaction, _VECTORS, _q.text, wanted, of=name))
    return {}


def keep_questions(of: Store, vectors: Mapping[str, bytes]) -> None:
    """Keeps vectors by this process's encoder in memory, so that a search and its pages need them only once."""
    of.questions = dict([*of.questions.items(), *vectors.items()][-_MOST_KEPT:])


def kept_questions(transaction: Transaction, texts: Iterable[str]) -> dict[str, bytes]:
    """Returns text → vector, for those of these texts whose vector this process keeps; {} if its encoder is not the store's."""
    of = transaction.store
    if encoder(transaction) not in ("", of.encoder):
        return {}
    return {text: of.questions[text] for text in texts if text in of.questions}


@writes
def put_questions(transaction: Transaction, name: str, vectors: Mapping[str, bytes]) -> None:
    """Stores vectors of texts that queries ask, unless the encoder `name` is not the store's.

    They are removed with the last query or library that asks. Call it in the transaction that stores that, or later.
    """
    if not vectors or not is_encoder(transaction, name):
        return
    rows = [(text, name, vector) for text, vector in vectors.items()]
    conflicts.insert_all_new(transaction, "question", (), ("text", "encoder", "vector"), rows)
    conflicts.execute_rows(transaction, _UPDATE_QUESTION, ("asked", "of", "made"), rows)


@reads
def questions_without(transaction: Transaction, name: str, most: int) -> list[str]:
    """Returns texts that queries or libraries ask and that lack a vector, at most `most`; [] if the store has another encoder."""
    found: list[str] = []
    if encoder(transaction) != name:
        return found
    for others in (_q.encoder < name, _q.encoder > name):
        found += execute(transaction, sa.select(_q.text).where(others).limit(most - len(found))).scalars()
    return found


def put_texts(transaction: Transaction, asked: Iterable[str]) -> dict[str, int]:
    """Stores texts as questions, with the vectors that this process keeps. Returns text → id of the question."""
    texts = sorted(set(asked))
    conflicts.insert_all_new(
        transaction, "question", (), ("text", "encoder", "vector"), [(text, "", b"") for text in texts]
    )
    put_questions(transaction, transaction.store.encoder, kept_questions(transaction, texts))
    return {row.text: row.id for row in rows_of(transaction, _IDS, _q.text, texts)}


def link_questions(transaction: Transaction, asked: Sequence[tuple[int, str]]) -> None:
    """Stores which texts new queries ask. `asked`: (id of a query, text)."""
    known = put_texts(transaction, [text for _, text in asked])
    links = [(query, known[text]) for query, text in asked]
    conflicts.insert_all_new(transaction, "question_of_query", ("query", "question"), ("query", "question"), links)


def drop_questions(transaction: Transaction, questions: Sequence[int]) -> None:
    """Removes those of these questions that no query and no library asks any more."""
    is_asked = sa.exists().where(_asked.c.question == _q.id) | sa.exists().where(_entries.c.question == _q.id)
    for part in in_chunks(questions):
        execute(transaction, sa.delete(_questions).where(_q.id.in_(part), ~is_asked))


def questions_of_queries(transaction: Transaction, queries: Sequence[int]) -> list[int]:
    """Returns the ids of the questions that these queries ask."""
    return sorted({row.question for row in rows_of(transaction, _asked, _asked.c.query, queries)})
