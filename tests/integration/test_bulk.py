"""Large imports, exports and digests are stored in parts, so that others are served in between."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import event

from subscriptions.addresses import parse_address
from subscriptions.errors import Refused
from subscriptions.model import ChatAddress
from subscriptions.portable import read_lines
from subscriptions.service import importing, requests
from subscriptions.service.listing import listed
from subscriptions.service.requests import SubscriptionRequest
from subscriptions.service.retention import forget
from subscriptions.store.database.store import Store, Transaction
from tests.make import NOON

T = TypeVar("T")


class CountingStore(Store):
    """A store that records how many rows each transaction writes."""

    rows: list[int]

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with super().write() as transaction:
            driver: Any = transaction.connection().connection.dbapi_connection
            before = driver.total_changes
            yield transaction
            self.rows.append(driver.total_changes - before)


@contextmanager
def executed(store: Store) -> Iterator[list[str]]:
    """Yields a list that gets each statement that is executed."""
    found: list[str] = []

    @event.listens_for(store._engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        found.append(statement)

    yield found
    event.remove(store._engine, "before_cursor_execute", note)


@pytest.fixture
def counting(tmp_path: Path) -> Iterator[CountingStore]:
    store = CountingStore(f"sqlite:///{tmp_path}/counted.db")
    store.rows = []
    store.open(now=NOON)
    yield store
    store.close()


def text_of(chats: int, each: int, *, first: int = 1) -> str:
    """Returns an export of `chats` chats with `each` subscriptions each."""
    blocks = []
    for chat in range(first, first + chats):
        lines = [f"daily 09:00 UTC | topic{chat} word{n} | name {n}\n" for n in range(each)]
        blocks.append("".join([f"[telegram:{chat}]\nset limit 7\n", *lines]))
    return "\n".join(blocks)


def chat(number: int) -> ChatAddress:
    return parse_address(f"telegram:{number}")


# -------------------------------------------------------------------------------------------------------------- import


def test_a_long_import_is_applied_in_parts(counting: CountingStore) -> None:
    lines = read_lines(text_of(chats=144, each=20))
    counting.rows.clear()
    seen = []

    def watched(parts: Sequence[T]) -> Iterator[T]:
        for part in parts:
            yield part
            seen.append(len(listed(counting, None)))
            requests.subscribe(
                counting, parse_address("console:me"), SubscriptionRequest(text=f"other{len(seen)}"), now=NOON
            )

    importing.import_lines(counting, lines, now=NOON, watched=watched)
    assert len(lines) == 3024
    assert len(seen) == 6
    # each part ends with a whole chat; `watched` adds one more after each part
    assert all(amount % 20 == place for place, amount in enumerate(seen))
    imported = [rows for rows in counting.rows if rows > 20]
    assert len(imported) == 6
    # of a chat: its row, setting and numbers; of a subscription: its query and row
    assert max(imported) < 4 * (importing.MOST_AT_ONCE + 21)


def test_a_killed_import_is_completed_by_the_same_lines(counting: CountingStore) -> None:
    lines = read_lines(text_of(chats=100, each=20))

    class Killed(BaseException):
        pass

    def killed(parts: Sequence[T]) -> Iterator[T]:
        yield from parts[:2]
        raise Killed

    with pytest.raises(Killed):
        importing.import_lines(counting, lines, now=NOON, watched=killed)
    half = len(listed(counting, None))
    assert 0 < half < 2000
    done = importing.import_lines(counting, lines, now=NOON)
    assert sum(sign == "=" for sign, _, _ in done.changes) == half + half // 20
    assert len(listed(counting, None)) == 2000
    assert {sign for sign, _, _ in importing.import_lines(counting, lines, now=NOON).changes} == {"="}


@pytest.mark.parametrize(
    ("last", "why"),
    [
        ("set limit many", "Papers shown cannot be “many”"),
        ("set castle 5", "castle"),
        (
            "\n".join(f"now | more{n}" for n in range(200)),
            "A chat can have 200 subscriptions. It says: “now | more180”",
        ),
        (
            "[telegram:1]\n" + "\n".join(f"now | more{n}" for n in range(200)),
            "A chat can have 200 subscriptions. It says: “now | more180”",
        ),
    ],
)
def test_a_refused_line_of_the_last_part_changes_nothing(counting: CountingStore, last: str, why: str) -> None:
    requests.subscribe(counting, chat(1), SubscriptionRequest(text="graph"), now=NOON)
    lines = read_lines(f"{text_of(chats=60, each=19)}\nnow | one more\n{last}")
    before = "".join(importing.export_all(counting))
    with pytest.raises(Refused) as refused:
        importing.import_lines(counting, lines, now=NOON)
    assert why in str(refused.value.sentence)
    assert "".join(importing.export_all(counting)) == before


def test_a_dry_run_of_a_long_import_stores_nothing(counting: CountingStore) -> None:
    importing.import_lines(counting, read_lines(text_of(chats=30, each=20)), now=NOON)
    before = "".join(importing.export_all(counting))
    lines = read_lines(
        text_of(chats=60, each=20).replace("name 3", "another") + "\n[telegram:2]\nnow | topic2 word1 | \n"
    )
    plan = importing.import_lines(counting, lines, now=NOON, dry=True)
    assert "".join(importing.export_all(counting)) == before
    assert importing.import_lines(counting, lines, now=NOON).changes == plan.changes
    assert [line for _, _, line in plan.changes] == [line.text for line in lines]
    assert {sign for sign, _, _ in plan.changes} == {"+", "~", "="}


def test_all_lines_that_cannot_be_read_are_named_in_one_sentence() -> None:
    good, bad = "now | graph | \n", "nonsense\n"
    with pytest.raises(Refused) as refused:
        read_lines(good + bad + good + "now | -x | \n" + "[slack:foo]\n" + bad + bad + "[console:a]\n" + bad, chat(1))
    said = str(refused.value.sentence)
    assert said.startswith("Line 2 cannot be imported: it is not WHEN | QUERY | NAME. It says: “nonsense”.")
    assert said.endswith(" Other lines that cannot: 4, 5, 8.")  # lines of an invalid chat are not checked
    with pytest.raises(Refused) as refused:
        read_lines(bad * 40, chat(1))
    assert str(refused.value.sentence).endswith(" Other lines that cannot: 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 29 more.")


def one_line_each(chats: int, line: str) -> str:
    return "\n".join(f"[telegram:{number}]\n{line}\n" for number in range(1, chats + 1))


@pytest.mark.parametrize(
    ("line", "own"),  # and the statements that make the change itself, for each chat
    [("daily 09:00 UTC | tree | ", 0), ("daily 10:00 UTC | graph | ", 2), ("daily 09:00 UTC | graph | named", 2)],
)
def test_changes_of_many_chats_take_the_same_few_statements(counting: CountingStore, line: str, own: int) -> None:
    """A few statements store the earlier states of all chats and keep five changes of each; only the change itself is
    made per chat.
    """
    taken = []
    for chats in (10, 40):
        importing.import_lines(counting, read_lines(one_line_each(chats, "daily 09:00 UTC | graph | ")), now=NOON)
        with executed(counting) as statements:
            importing.import_lines(counting, read_lines(one_line_each(chats, line)), now=NOON, who="7 Ada")
        taken.append(len(statements))
        for number in range(1, chats + 1):
            forget(counting, chat(number))
    few, many = taken
    assert many - few <= 30 * own + 3


# -------------------------------------------------------------------------------------------------------------- export


def test_a_long_export_is_read_in_parts_and_blocks_nobody(
    counting: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    importing.import_lines(counting, read_lines(text_of(chats=20, each=3)), now=NOON)
    whole = "".join(importing.export_all(counting))
    monkeypatch.setattr(importing, "AT_ONCE", 6)
    parts = []
    with closing(sqlite3.connect(counting.path, timeout=0)) as other:
        for part in importing.export_all(counting):
            parts.append(part)
            requests.subscribe(counting, parse_address("console:me"), SubscriptionRequest(text="graph"), now=NOON)
            requests.unsubscribe(counting, parse_address("console:me"), "all", now=NOON)
            busy, *_ = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            assert not busy  # no reader keeps an older state open
    assert "".join(parts) == whole
    assert len(parts) == 4
    assert max(part.count("[telegram:") for part in parts) == 6
