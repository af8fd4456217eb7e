"""The words of replies, and the reasons why a setting has no effect."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.commands import phrasing
from bot.rendering.language import Language, refused
from subscriptions.chat_settings import resolve, without_effect
from subscriptions.errors import QueryError, Refused, Sentence
from subscriptions.model import Chat, ChatAddress, ChatKind, Subscription
from subscriptions.planning.cadence import parse_cadence
from subscriptions.query.parse import parse_query
from subscriptions.service.next_deliveries import Listed
from subscriptions.service.paper_search import Base
from subscriptions.service.requests import Subscribed
from subscriptions.states import ChatState
from tests.make import NOON, address

ENGLISH = Language("en", "Europe/Berlin")


def chat(**values: Any) -> Chat:
    settings = resolve(ChatKind.PRIVATE, "console", {}, timezone="Europe/Berlin", lang="en")
    given = {"id": 1, "address": ChatAddress("console", "me"), "kind": ChatKind.PRIVATE, "settings": settings}
    return Chat(**{**given, **values})


def a_subscription(cadence: str = "daily 08:00", text: str = "diffusion", **values: Any) -> Subscription:
    given = {
        "id": 1,
        "chat_id": 1,
        "number": 4,
        "text": text,
        "canonical": parse_query(text).canonical,
        "cadence": parse_cadence(cadence),
        "zone": None,
        "since": NOON,
        "cursor": 0,
        "next_due_at": None if cadence == "now" else NOON + timedelta(hours=20),
    }
    return Subscription(**{**given, **values})


def done(subscription: Subscription, outcome: str = "added", **values: Any) -> Subscribed:
    given = {
        "chat": chat(),
        "subscription": subscription,
        "query": parse_query(subscription.text),
        "outcome": outcome,
        "first": subscription.next_due_at,
        "starts": NOON - timedelta(days=1),
        "found": 2,
        "base": Base(days=7, recent=True),
    }
    return Subscribed(**{**given, **values})


@pytest.mark.parametrize(
    ("what", "lines"),
    [
        (
            done(a_subscription()),
            (
                "4  words · daily 08:00 Europe/Berlin",
                "2 papers in the last 7 days, for example:",
                "· one",
                "First: Fri 23 Jan 09:00. Begins with what came since Wed 21 Jan 13:00.",
            ),
        ),
        (
            done(a_subscription("now", name="D"), found=0),
            (
                "4  words · now · D",
                "No paper of the last 7 days fits.",
                "It comes as soon as papers do. Begins with what came since Wed 21 Jan 13:00.",
            ),
        ),
        (
            done(a_subscription(zone="+08:00"), "rescheduled"),
            (
                "4  words · daily 08:00 +08:00",
                "It was there already; its schedule is changed.",
                "First: Fri 23 Jan 09:00.",
                "+08:00 is a fixed offset, so it ignores summer time.",
            ),
        ),
        (
            done(a_subscription("when-out 08:00-20:00"), "known"),
            (
                "4  words · when-out 08:00-20:00 Europe/Berlin",
                "It was there already; its schedule stays.",
                "First: from Fri 23 Jan 09:00 on, as soon as papers are out.",
            ),
        ),
        (
            done(a_subscription(text='"diffusion'), found=0, base=Base()),
            (
                "4  words · daily 08:00 Europe/Berlin",
                "(I closed the quotation mark.)",
                "I know no papers yet.",
                "First: Fri 23 Jan 09:00. Begins with what came since Wed 21 Jan 13:00.",
            ),
        ),
    ],
    ids=["added", "now and named", "rescheduled", "known", "guessed"],
)
def test_the_echo_of_a_wish(what: Subscribed, lines: tuple[str, ...]) -> None:
    reply = phrasing.subscribed(what, ENGLISH, reading="words", examples=["one"], now=NOON)
    assert (reply.ok, reply.lines) == (True, lines)


def test_in_two_lines_for_a_group() -> None:
    reply = phrasing.subscribed(
        done(a_subscription()), ENGLISH, reading="words", examples=["one"], now=NOON, advice="No.", short=True
    )
    assert reply.lines == (
        "4  words · daily 08:00 Europe/Berlin",
        "2 papers in the last 7 days. First: Fri 23 Jan 09:00.",
    )


def test_what_it_was_before_stands_in_the_echo_of_an_edit() -> None:
    reply = phrasing.subscribed(
        done(a_subscription(), "edited"), ENGLISH, reading="words", examples=["one"], now=NOON, instead="old words"
    )
    assert reply.lines == (
        "4  words · daily 08:00 Europe/Berlin",
        "Instead of: old words",
        "2 papers in the last 7 days, for example:",
        "· one",
        "First: Fri 23 Jan 09:00.",
    )


def test_a_window_that_is_open_already_is_no_date() -> None:
    what = done(a_subscription("when-out 08:00-20:00"))
    reply = phrasing.subscribed(what, ENGLISH, reading="words", examples=[], now=NOON + timedelta(hours=20))
    assert reply.lines[-1] == "First: as soon as papers are out. Begins with what came since Wed 21 Jan 13:00."


def test_what_comes_from_now_on_need_not_say_since_when() -> None:
    what = done(a_subscription("now"), found=0, starts=NOON)
    reply = phrasing.subscribed(what, ENGLISH, reading="words", examples=[], now=NOON)
    assert reply.lines[-1] == "It comes as soon as papers do."


def test_papers_that_are_all_named_are_no_examples() -> None:
    reply = phrasing.subscribed(done(a_subscription()), ENGLISH, reading="words", examples=["one", "two"], now=NOON)
    assert reply.lines[1:4] == ("It finds 2 papers in the last 7 days:", "· one", "· two")


def test_one_paper_is_no_example() -> None:
    assert (
        "1 paper in the last 7 days:"
        in phrasing.subscribed(
            done(a_subscription(), found=1, base=Base(days=1, recent=True)), ENGLISH, reading="", examples=[], now=NOON
        ).lines
    )


def test_what_is_removed_is_named() -> None:
    reply = phrasing.unsubscribed([a_subscription(), a_subscription(name="D", number=5)], ENGLISH)
    assert reply.lines == ("Removed 2 subscriptions:", "4  diffusion", "5  D")
    assert phrasing.unsubscribed([], ENGLISH).ok is None
    many = phrasing.unsubscribed([a_subscription(number=number) for number in range(1, 13)], ENGLISH)
    assert (len(many.lines), many.lines[-1]) == (12, "and 2 more of them")


@pytest.mark.parametrize(
    ("error", "lines"),
    [
        (QueryError(Sentence("This only excludes."), Sentence("For example: {q}", {"q": "a -b"}), 1), ("This only excludes.", "For example: a -b")),
        (Refused("No."), ("No.",)),
    ],
)  # fmt: skip
def test_a_refusal_is_a_sentence_and_what_would_be_understood(error: QueryError, lines: tuple[str, ...]) -> None:
    reply = refused(error, ENGLISH, code=("-x", "^"))
    assert (reply.ok, reply.lines, reply.code) == (False, lines, ("-x", "^"))


def test_a_change_names_what_it_was() -> None:
    before = chat()
    after = before._replace(settings=replace(before.settings, limit=5, timezone="-03:00"))
    assert phrasing.setting_changed("limit", before, after, ENGLISH).lines == (
        "Papers shown: 5 papers (was: all papers)",
        "It has no effect here. No button here opens the rest of a delivery, so all papers are shown.",
    )
    assert phrasing.setting_changed("text", before, after, ENGLISH).lines == ("Text: summary, as it was.",)
    assert (
        phrasing.setting_changed("timezone", before, after, ENGLISH).lines[1]
        == "-03:00 is a fixed offset, so it ignores summer time."
    )
    assert phrasing.value_of(before.settings, "limit") == "all"


def row(listed: Listed) -> phrasing.Row:
    (found,) = phrasing.subscription_rows([listed], lambda text: f"<{text}>", lambda _: ENGLISH)
    return found


def test_a_row_of_the_list() -> None:
    listed = Listed(chat=chat(), subscription=a_subscription(zone="Europe/Berlin"))
    assert row(listed) == phrasing.Row(
        chat="console:me",
        number=4,
        reading="<diffusion>",
        when="daily 08:00 Europe/Berlin",
        state="",
        next_due="Fri 23 Jan 09:00",
    )
    assert row(replace(listed, subscription=a_subscription("now", name="D"))).reading == "D"


@pytest.mark.parametrize(
    ("paused_chat", "paused_subscription", "state", "shown"),
    [
        ({}, {}, "active", ""),
        ({}, {"state": "paused"}, "paused", "paused"),
        ({}, {"state": "paused", "paused_until": datetime(2026, 1, 26, 8, tzinfo=UTC)}, "paused", "paused until Mon 26 Jan 09:00"),
        ({"state": ChatState.ASKED}, {}, "asked", "waits for whoever runs this bot"),
        ({"state": ChatState.PAUSED, "paused_until": NOON}, {}, "paused", "paused until Thu 22 Jan 13:00"),
    ],
)  # fmt: skip
def test_what_holds_a_subscription_is_shown(
    paused_chat: dict[str, Any], paused_subscription: dict[str, Any], state: str, shown: str
) -> None:
    listed = Listed(chat=chat(**paused_chat), subscription=a_subscription(**paused_subscription))
    assert (phrasing.state_of(listed), row(listed).state) == (state, shown)


def test_the_answers_speak_the_chat_s_language() -> None:
    chinese = Language("zh", "Asia/Shanghai")
    reply = phrasing.subscribed(done(a_subscription()), chinese, reading="扩散", examples=[], now=NOON)
    assert "1月23日" in " ".join(reply.lines)


def chat_with(where: str, kind: ChatKind = ChatKind.PRIVATE, *, public: bool = False, **chosen: str) -> Chat:
    place = address(where)
    settings = resolve(kind, place.platform, chosen, timezone="UTC", lang="en", public=public)
    return Chat(id=1, address=place, kind=kind, settings=settings, public=public)


@pytest.mark.parametrize(
    ("where", "idle"),
    [
        (chat_with("telegram:42"), set()),
        (chat_with("telegram:42", buttons="off"), {"limit"}),
        (chat_with("telegram:-1001", ChatKind.GROUP), set()),
        (chat_with("telegram:-1001", ChatKind.GROUP, credits="on"), set()),
        (chat_with("telegram:-1001", ChatKind.GROUP, public=True), {"limit"}),
        (chat_with("telegram:-1001", ChatKind.GROUP, public=True, credits="on"), {"limit", "credits"}),
        (chat_with("telegram:-1002", ChatKind.BROADCAST), {"limit"}),
        (chat_with("slack:C1", ChatKind.TEAM), {"sound"}),
        (chat_with("slack:C1", ChatKind.TEAM, buttons="off"), {"sound", "limit"}),
        (chat_with("slack:C1/17.5", ChatKind.TEAM), {"sound", "shape"}),
        (chat_with("slack:C1/17.5", ChatKind.TEAM, shape="digest"), {"sound"}),
        (chat_with("slack:U1"), {"sound"}),
        (chat_with("console:me"), {"limit", "sound", "buttons"}),
        (chat_with("web:me"), {"sound"}),
    ],
)
def test_what_changes_nothing_is_known_by_the_place(where: Chat, idle: set[str]) -> None:
    assert set(without_effect(where)) == idle


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_setting_without_effect_says_so_with_its_reason(lang: str) -> None:
    before = chat_with("telegram:-1002", ChatKind.BROADCAST)
    after = before._replace(settings=replace(before.settings, limit=5))
    _, why = phrasing.setting_changed("limit", before, after, Language(lang, "UTC")).lines
    assert (
        why
        == {
            "en": "It has no effect here. No button here opens the rest of a delivery, so all papers are shown.",
            "zh": "在这里不起作用。这里没有按钮可以展开其余论文，所以全部显示。",
        }[lang]
    )
