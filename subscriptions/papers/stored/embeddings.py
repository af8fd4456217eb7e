"""The codes of papers and the vectors of questions, all of one encoder, which is a value of the store.

Only rows of this encoder are read. The others count as missing: after a change of the encoder they are made again.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import sqlalchemy as sa

from subscriptions.database import bot_state
from subscriptions.database.store import Store, Transaction, execute, in_chunks, rows_of
from subscriptions.database.tables import QuestionRow, tables
from subscriptions.model import Paper

CODE = 64  # bytes of one code
Texts = tuple[str, str]  # title and abstract, which decide the codes of a paper

_ENCODER = "encoder"  # name of a stored value
_MOST_KEPT = 1000  # vectors of questions that are kept in memory, about 300 bytes each

_meanings, _questions, _papers, _values = tables("paper_meaning", "question", "paper", "key_value")
_m, _q, _p = _meanings.c, _questions.c, _papers.c
_OURS = (_values.c.name == _ENCODER) & (_m.encoder == _values.c.value)
_CODES = sa.select(_m.paper, _m.overall, _m.parts).join_from(_meanings, _values, _OURS)
_ENTRIES = sa.select(_m.entry, _m.paper, _m.overall, _m.parts).join_from(_meanings, _values, _OURS)
_NEW = (
    sa.select(_m.entry, _m.overall)
    .where(_m.entry > sa.bindparam("after"), _m.encoder == sa.bindparam("of"))
    .order_by(_m.entry.desc())
    .limit(sa.bindparam("most"))
)
_VECTORS = sa.select(_q.text, _q.vector).where(_q.encoder == sa.bindparam("of"))
_TEXTS = sa.select(_p.id, _p.title, _p.abstract)


def texts_of(paper: Paper) -> Texts:
    """Return the texts of a paper that decide its codes."""
    return paper.title, paper.abstract


def encoder(transaction: Transaction) -> str:
    """Return the name of the store's encoder; "" if it never had one."""
    return bot_state.get_value(transaction, _ENCODER) or ""


def is_encoder(transaction: Transaction, name: str) -> bool:
    """Return whether this is the store's encoder. The first one that asks becomes it."""
    return bot_state.made_value(transaction, _ENCODER, lambda: name) == name


def change_encoder(transaction: Transaction, name: str) -> None:
    """Make this the store's encoder. If it was another one, all papers and questions lack their codes now."""
    if not is_encoder(transaction, name):
        bot_state.put_value(transaction, _ENCODER, name)
        execute(transaction, sa.update(_papers).where(_p.uncoded.is_(False)).values(uncoded=True))


def each_code(transaction: Transaction, papers: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    """Yield (paper id, codes), for those of these papers that have codes of the store's encoder."""
    return ((row.paper, row.overall + row.parts) for row in rows_of(transaction, _CODES, _m.paper, papers))


def put(transaction: Transaction, name: str, codes: Mapping[int, bytes]) -> None:
    """Store the codes of papers, in new entries; b"" removes them. `name` is the name of the encoder.

    Since writers take turns, entries are committed in the order of their numbers, and a reader continues after the last
    one that it knows.
    """
    for part in in_chunks(list(codes)):
        execute(transaction, sa.delete(_meanings).where(_m.paper.in_(part)))
    rows = [
        {"paper": paper, "encoder": name, "overall": code[:CODE], "parts": code[CODE:]}
        for paper, code in codes.items()
        if code
    ]
    transaction.execute_rows(sa.insert(_meanings), rows)


def new_entries(transaction: Transaction, after: int, most: int) -> list[tuple[int, bytes]]:
    """Return (number, overall code) of the newest entries of the store's encoder after a number, ascending."""
    values = {"after": after, "of": encoder(transaction), "most": most}
    return [(row.entry, row.overall) for row in reversed(execute(transaction, _NEW, values).all())]


def entries(transaction: Transaction, numbers: Sequence[int]) -> list[tuple[int, bytes]]:
    """Return (paper, codes) of those of these entries that still are the codes of their paper."""
    return [(row.paper, row.overall + row.parts) for row in rows_of(transaction, _ENTRIES, _m.entry, numbers)]


# News has its codes before it is stored. Others get them later: archives, and what came while the encoder failed or was off.


def papers_without(transaction: Transaction, name: str, most: int) -> list[tuple[int, Texts]]:
    """Return (paper, texts) of papers that lack codes, newest first, at most `most`.

    [] if the store has another encoder.
    """
    if encoder(transaction) != name:
        return []
    rows = execute(transaction, _TEXTS.where(_p.uncoded.is_(True)).order_by(_p.id.desc()).limit(most))
    return [(row.id, (row.title, row.abstract)) for row in rows]


def put_late(transaction: Transaction, name: str, made: Sequence[tuple[int, Texts, bytes]]) -> None:
    """Store codes that papers get later, and that the encoder works. Do nothing if it is not the store's.

    Ignores papers whose texts have changed or that are gone.
    """
    if not is_encoder(transaction, name):
        return
    papers = [paper for paper, _, _ in made]
    texts = {row.id: (row.title, row.abstract) for row in rows_of(transaction, _TEXTS, _p.id, papers)}
    codes = {paper: code for paper, of, code in made if texts.get(paper) == of}
    put(transaction, name, codes)
    execute(transaction, sa.update(_papers).where(_p.id.in_(codes)).values(uncoded=False))
    bot_state.note_fails(transaction, bot_state.ENCODER_FAILS, None)


def questions_of(transaction: Transaction, texts: Iterable[str]) -> dict[str, bytes]:
    """Return text → vector, for those of these texts whose vector by the store's encoder is known."""
    wanted, name = sorted(set(texts)), encoder(transaction)
    if name:
        return dict(rows_of(transaction, _VECTORS, _q.text, wanted, of=name))
    return {}


def keep_questions(of: Store, vectors: Mapping[str, bytes]) -> None:
    """Keep vectors by this process's encoder in memory, so that a search and its pages need them only once."""
    of.questions = dict([*of.questions.items(), *vectors.items()][-_MOST_KEPT:])


def kept_questions(transaction: Transaction, texts: Iterable[str]) -> dict[str, bytes]:
    """Return text → vector, for those of these texts whose vector this process keeps.

    {} if its encoder is not the store's.
    """
    of = transaction.store
    if encoder(transaction) not in ("", of.encoder):
        return {}
    return {text: of.questions[text] for text in texts if text in of.questions}


def ask(transaction: Transaction, texts: Collection[str], **of: int) -> None:
    """Store the texts that a `subscription` asks, or the library of a `chat`, in place of those that it asked before.

    `of` names it by its id. Vectors that are known are stored with them.
    """
    name = encoder(transaction) or transaction.store.encoder
    known = questions_of(transaction, texts) | kept_questions(transaction, texts)
    transaction.remove(QuestionRow, **of)
    rows = [{"text": text, **of} for text in sorted(set(texts))]
    transaction.execute_rows(sa.insert(_questions).values(encoder="", vector=b""), rows)
    put_questions(transaction, name, known)


def put_questions(transaction: Transaction, name: str, vectors: Mapping[str, bytes]) -> None:
    """Store vectors of texts that are asked, unless the encoder `name` is not the store's."""
    if vectors and is_encoder(transaction, name):
        for text, vector in vectors.items():
            execute(transaction, sa.update(_questions).filter_by(text=text).values(encoder=name, vector=vector))


def questions_without(transaction: Transaction, name: str, most: int) -> list[str]:
    """Return texts that queries or libraries ask and that lack a vector, at most `most`.

    [] if the store has another encoder.
    """
    found: list[str] = []
    if encoder(transaction) != name:
        return found
    for others in (_q.encoder < name, _q.encoder > name):
        wanted = sa.select(_q.text).where(others).limit(most - len(found))
        found += execute(transaction, wanted).scalars()
    return list(dict.fromkeys(found))
