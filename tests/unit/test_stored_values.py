"""What is stored as text is read back as it was: notices by their fields, replies and exports as JSON."""

import json
from collections.abc import Iterator
from dataclasses import MISSING, fields
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.reply_sender import StoredReply
from bot.ports.channel import File
from subscriptions import notices
from subscriptions.model import ChatAddress, Message, MissingHow
from subscriptions.notices import declared, findings, of_missing_papers
from subscriptions.store import chat_data
from tests import tables

DAY, NOON = date(2026, 1, 22), datetime(2026, 1, 22, 12, tzinfo=UTC)
VALUES: dict[Any, object] = {
    str: "words",
    int: 7,
    bool: True,
    notices.DayRuns: ((date(2026, 1, 19), date(2026, 1, 21)), (DAY, DAY)),
    MissingHow: MissingHow.FAILED,
    datetime | None: NOON,
    findings.Level: findings.Level.NOTE,
}
# The names of the values that each cause stores. Rows of older databases hold these, so no name may change or go.
STORED = {
    cause: {*fields.split()}
    for cause, fields in tables.rows("""
        paused          → chat reason
        resumed         → chat
        dead            → count reason ids chat since
        stopped         → platform reason gone of since
        meaning         → since
        model           → since
        daily work      → since
        clock           → count
        source          → source reason since
        overdue         → source since reason what parts
        source-back     → source
        missed          → source days given_up
        filed           → source days papers
        summaries       → source failed_summaries papers since
        nothing-found   → chat known days
        went-without    → chat names how count
        quiet-day       → chat
        topic-closed    → subscriptions
        topic-gone      → subscriptions
        topic-ended     → subscriptions
        waiting         → platform count reason since
        version         → version before
        asked           → chat title who request
        admitted        → count
        denied          →
        confirm         →
    """)
}


@pytest.mark.parametrize("cause", declared.NOTICES)
def test_a_notice_is_stored_and_read_back_by_its_fields(cause: str) -> None:
    """Optional details are stored only if they are given; a row without any details can still be read."""
    kind = declared.NOTICES[cause]
    notice = kind(**{one.name: VALUES[one.type] for one in fields(kind)})
    detail = notice.detail()
    assert set(detail) == STORED[cause]
    assert all(isinstance(value, str) for value in detail.values())
    assert declared.read_notice(cause, detail).detail() == detail
    optional = {one.name for one in fields(notice) if one.default is not MISSING}
    needed = {one.name: VALUES[one.type] for one in fields(notice) if one.name not in optional}
    assert set(kind(**needed).detail()) == STORED[cause] - optional
    bare = declared.read_notice(cause, {})
    assert isinstance(bare, kind)
    assert set("".join(bare.detail().values())) <= {"0"}


@pytest.mark.parametrize(
    ("notice", "detail"),
    [
        (
            declared.DaysMissed(
                source="daily",
                days=((date(2026, 1, 19), date(2026, 1, 21)), (date(2026, 1, 23), date(2026, 1, 23))),
                given_up=True,
            ),
            {"source": "daily", "days": "2026-01-19/2026-01-21 2026-01-23/2026-01-23", "given_up": "1"},
        ),
        (
            findings.SourceOverdue(source="daily", since=NOON, reason="a holiday", what="Nothing yet."),
            {"source": "daily", "since": "2026-01-22T12:00:00+00:00", "reason": "a holiday", "what": "Nothing yet."},
        ),
        (
            findings.SendingStopped(platform="telegram", gone=12, of=50),
            {"platform": "telegram", "gone": "12", "of": "50"},
        ),
    ],
)
def test_details_are_stored_as_texts(notice: notices.Notice, detail: dict[str, str]) -> None:
    assert notice.detail() == detail


@pytest.mark.parametrize("count", ["many", "٣"])
def test_a_number_that_is_none_is_zero(count: str) -> None:
    assert findings.MessagesDead.read({"count": count}).count == 0


def test_a_cause_that_is_not_known_is_read_as_its_text() -> None:
    assert declared.read_notice("something new", {"text": "News"}) == declared.UnknownNotice(event="", text="News")


@pytest.mark.parametrize(
    ("notice", "key"),
    [
        (findings.SendingStopped(platform="slack"), "slack:2026-01-22"),
        (findings.MessagesDead(count=1, reason="", ids="", chat=""), ":2026-01-22"),
        (of_missing_papers.NothingMatched(event="41", known=7, days=5), "41"),
    ],
)
def test_what_a_notice_is_sent_once_per(notice: notices.Notice, key: str) -> None:
    assert notice.key(DAY) == key


def test_a_notice_is_sent_once_a_day_or_once_per_event() -> None:
    assert all(issubclass(notice, notices.DailyNotice | notices.EventNotice) for notice in declared.NOTICES.values())


def test_two_notices_with_one_cause_are_refused() -> None:
    with pytest.raises(ValueError, match="same cause"):
        declared.by_cause(findings.SendingStopped, findings.SendingStopped)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_it_is_what_json_dumps_writes(value: Any) -> None:
    assert chat_data.json_text(value) == json.dumps(value, ensure_ascii=False, indent=2)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_an_iterator_is_a_list_that_is_read_as_it_is_written(count: int) -> None:
    read: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(count):
            read.append(number)
            yield number

    pieces = chat_data.json_pieces({"numbers": numbers(), "after": []})
    text = next(pieces)
    assert read == []
    text += "".join(pieces)
    assert text == json.dumps({"numbers": read, "after": []}, indent=2)
    assert len(read) == count


REPLY = StoredReply(
    update="u1",
    chat=ChatAddress("slack", "C1", "17.5"),
    messages=(Message(number=1, payload='{"text": "一"}', plain="plain"),),
    replaces="17.6",
    callback_id="p1",
    toast="done",
    file=File(name="a.txt", text="graph"),
    thread="17.5",
    is_ephemeral=True,
    person="U1",
    response_url="https://hooks.example/1",
    replaces_ephemeral=True,
)


def test_a_reply_is_written_and_read_again() -> None:
    assert StoredReply.from_json(REPLY.to_json()) == REPLY


@pytest.mark.parametrize("text", ["{}", '{"update": "u1", "chat": {"platform": "slack"}}', "[]"])
def test_what_is_no_reply_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="validation error"):
        StoredReply.from_json(text)
