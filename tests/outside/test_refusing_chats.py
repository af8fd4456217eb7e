"""Chats that refuse: one that is gone, one that only seems to be, and a platform that refuses everybody for a while."""

import json
from collections.abc import Iterator, Sequence

import pytest

from tests.fakes.faults import JSON, Fault
from tests.fakes.slack import TOKEN, FakeSlack
from tests.fakes.telegram import FakeTelegram
from tests.product import Product, Seen
from tests.tables import lines

OPERATOR, SIX = "1", [str(n) for n in range(101, 107)]
FOREVER = 1_000_000
# answers that may be the platform's mood
IN_DOUBT = lines("""
    Bad Request: chat not found
    Bad Request: PEER_ID_INVALID
    Bad Request: have no rights to send a message
    Bad Request: group chat was upgraded to a supergroup chat
""")


def subscribes(product: Product, telegram: FakeTelegram, chats: Sequence[str]) -> None:
    """Adds an operator, and chats that get each paper on a graph at once."""
    for chat in (OPERATOR, *chats):
        telegram.knows(chat)
    product.sets(ADMINS=f"telegram:{OPERATOR}")
    product.says("/start", OPERATOR)
    listed = "".join(f"[telegram:{chat}]\nset quiet off\nnow | graph | \n" for chat in chats)
    assert product.runs("import", str(product.writes("chats.txt", listed))).status == 0
    product.delivers()


def loses(telegram: FakeTelegram, *chats: str, words: str = "Bad Request: chat not found", status: int = 400) -> None:
    """Makes Telegram refuse every message to these chats, until `forgives`."""
    body = {"ok": False, "error_code": status, "description": words}
    for chat in chats:
        telegram.answers(Fault(status=status, body=json.dumps(body), content_type=JSON), FOREVER, chat=chat)


def readers(seen: Sequence[Seen], title: str) -> list[str]:
    """Returns who got a paper, in order."""
    return sorted(chat for one in seen if title in one.text for chat in one.chats)


def told(seen: Sequence[Seen]) -> str:
    """Returns what the operator was told."""
    return "\n".join(one.text for one in seen if one.chats == [OPERATOR])


def tried(telegram: FakeTelegram) -> int:
    return len(telegram.arrived("sendMessage"))


def states(product: Product) -> dict[str, str]:
    return {one["chat"].partition(":")[2]: one["state"] for one in product.tells("subscriptions")}


def test_platform_that_refuses_everybody_pauses_nobody(product: Product, telegram: FakeTelegram) -> None:
    subscribes(product, telegram, SIX)
    loses(telegram, *SIX)
    product.brings("A graph of kind 1")
    seen = product.later(seconds=1)
    assert readers(seen, "kind 1") == []
    assert "Telegram has stopped" in product.delivered.err
    assert "chats of Telegram may be gone" in told(seen)
    status = product.runs("status")
    assert (status.status, "may be gone" in status.out) == (1, True)
    before = tried(telegram)
    seen = product.later(minutes=6)
    assert tried(telegram) == before + 1, "only one is tried, not all again and again"
    telegram.forgives()
    assert readers(product.later(minutes=10), "kind 1") == SIX
    assert set(states(product).values()) == {"active"}
    assert "may be gone" not in product.runs("status").out


def test_platform_that_refuses_everybody_for_a_week_pauses_nobody(product: Product, telegram: FakeTelegram) -> None:
    subscribes(product, telegram, SIX[:2])
    loses(telegram, *SIX[:2])
    product.brings("A graph of kind 1")
    seen = [one for _ in range(28) for one in product.later(hours=6)]
    assert set(states(product).values()) == {"active"}
    assert told(seen).count("may be gone") == 7, "the operator is told once a day"
    telegram.forgives()
    product.brings("A graph of kind 2")
    seen = [*product.later(hours=1), *product.later(hours=1), *product.later(hours=1)]
    assert readers(seen, "kind 1") == readers(seen, "kind 2") == SIX[:2]


@pytest.mark.parametrize("words", IN_DOUBT)
def test_chat_that_refuses_for_days_is_tried_four_times_and_paused(
    product: Product, telegram: FakeTelegram, words: str
) -> None:
    subscribes(product, telegram, SIX)
    gone, others = SIX[0], SIX[1:]
    loses(telegram, gone, words=words)
    seen: list[Seen] = []
    attempts = 0
    for day in range(5):
        product.brings(f"A graph of kind {day}")
        seen += [one for _ in range(8) for one in product.later(hours=3)]
        attempts = max(attempts, tried(telegram) - len(seen))
        if day == 2:
            assert states(product)[gone] == "active"
            status = product.runs("status")
            assert f"telegram:{gone}" in status.out
            assert "Not all is well" in status.out
    for day in range(5):
        assert readers(seen, f"kind {day}") == others
    assert states(product)[gone] == "paused"
    assert f"telegram:{gone}" in told(seen)
    assert "is paused" in told(seen)
    paused = product.runs("status", "--json").json["paused"]
    assert [(one["reason"], one["count"], one["chats"]) for one in paused] == [
        ("no-rights" if "rights" in words else "gone", 1, [f"telegram:{gone}"])
    ]


def test_chat_that_is_there_again_gets_what_waited(product: Product, telegram: FakeTelegram) -> None:
    subscribes(product, telegram, SIX)
    loses(telegram, SIX[0])
    product.brings("A graph of kind 1")
    assert readers(product.later(minutes=1), "kind 1") == SIX[1:]
    product.brings("A graph of kind 2")
    assert readers(product.later(minutes=1), "kind 2") == SIX[1:]
    before = tried(telegram)
    product.later(minutes=50)
    assert tried(telegram) == before, "it is tried again after an hour"
    telegram.forgives()
    seen = product.later(minutes=30)
    assert readers(seen, "kind 1") == readers(seen, "kind 2") == SIX[:1]
    assert "may be gone" not in product.runs("status").out


def test_chat_that_refused_and_writes_itself_is_there(product: Product, telegram: FakeTelegram) -> None:
    subscribes(product, telegram, SIX)
    loses(telegram, SIX[0])
    product.brings("A graph of kind 1")
    product.later(minutes=1)
    telegram.forgives()
    answers = [Seen((entry,)) for entry in product.says("/list", SIX[0]).entries]
    assert readers([*answers, *product.later(seconds=10)], "kind 1") == SIX[:1]


def test_three_dead_chats_of_many_hold_up_no_other(product: Product, telegram: FakeTelegram) -> None:
    chats = [str(n) for n in range(101, 161)]
    dead, alive = chats[:3], chats[3:]
    subscribes(product, telegram, chats)
    loses(telegram, *dead)
    seen: list[Seen] = []
    for day in range(5):
        product.brings(f"A graph of kind {day}")
        first = product.later(minutes=5)
        assert readers(first, f"kind {day}") == alive
        seen += first
        seen += [one for _ in range(8) for one in product.later(hours=3)]
    assert {chat for chat, state in states(product).items() if state == "paused"} == set(dead)
    assert {chat for chat in dead if f"telegram:{chat}" in told(seen)} == set(dead)
    telegram.forgives()
    seen = [product.says("/start", dead[0])]
    assert "5 papers wait." in seen[0].text


def test_block_pauses_at_once_and_costs_the_others_nothing(product: Product, telegram: FakeTelegram) -> None:
    subscribes(product, telegram, SIX)
    loses(telegram, SIX[0], words="Forbidden: bot was blocked by the user", status=403)
    product.brings("A graph of kind 1")
    assert readers(product.later(minutes=1), "kind 1") == SIX[1:]
    assert states(product)[SIX[0]] == "paused"
    assert [one["state"] for one in product.tells("outbox")] == ["held"]


def test_operator_may_pause_chats_that_may_be_gone(product: Product, telegram: FakeTelegram) -> None:
    subscribes(product, telegram, SIX)
    loses(telegram, *SIX[:3])
    product.brings("A graph of kind 1")
    product.later(minutes=1)
    assert product.runs("run", "--once", "--pause-gone").status == 0
    assert {chat for chat, state in states(product).items() if state == "paused"} == set(SIX[:3])


def test_status_counts_paused_chats_by_reason_and_names_five(product: Product, telegram: FakeTelegram) -> None:
    chats = [str(n) for n in range(101, 109)]
    subscribes(product, telegram, chats)
    for chat in chats[:6]:
        telegram.blocks(chat)
    product.listens()
    product.says("/pause", chats[6])
    said = product.runs("status", "--json").json["paused"]
    assert {one["reason"]: one["count"] for one in said} == {"gone": 6, "person": 1}
    assert sum(len(one["chats"]) for one in said) == 5
    (line,) = [one for one in product.runs("status").out.splitlines() if one.startswith("Paused")]
    assert "6 gone" in line
    assert "1 paused in the chat" in line


def test_operator_who_is_gone_is_paused_too(product: Product, telegram: FakeTelegram) -> None:
    """An operator gets notices only."""
    subscribes(product, telegram, SIX)
    loses(telegram, OPERATOR, SIX[0])
    product.brings("A graph of kind 1")
    for _ in range(10):
        product.later(hours=12)
    (gone,) = product.runs("status", "--json").json["paused"]
    assert set(gone["chats"]) == {f"telegram:{OPERATOR}", f"telegram:{SIX[0]}"}


CHANNELS = [f"C{n}PAPERS" for n in range(6)]


@pytest.fixture
def slack(product: Product) -> Iterator[FakeSlack]:
    """A Slack with six channels that get each paper on a graph."""
    with FakeSlack() as fake:
        product.sets(SLACK_BOT_TOKEN=TOKEN, SLACK_API_URL=fake.url)
        for channel in CHANNELS:
            fake.knows(channel)
            product.runs("subscribe", "graph", "--as", f"slack:{channel}", "--when", "now")
        yield fake


@pytest.mark.parametrize("code", ["channel_not_found", "restricted_action_read_only_channel", "restricted_action"])
def test_slack_channel_that_refuses_is_tried_again(product: Product, slack: FakeSlack, code: str) -> None:
    answer = Fault(body=json.dumps({"ok": False, "error": code}), content_type=JSON)
    slack.answers(answer, FOREVER, chat=CHANNELS[0])
    product.brings("A graph of kind 1")
    product.delivers()
    assert [len(slack.posted_to(one)) for one in CHANNELS] == [0, 1, 1, 1, 1, 1]
    slack.forgives()
    product.later(hours=2)
    assert [len(slack.posted_to(one)) for one in CHANNELS] == [1] * 6
