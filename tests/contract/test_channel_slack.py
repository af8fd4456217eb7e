"""The Slack channel against the fake server: the messages that it sends, its search for a message, and failed attempts."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
import pytest_asyncio

from bot.platforms.slack.adapter import SlackPlatform
from subscriptions.model import ChatAddress, Message
from subscriptions.outcomes import ChatGone, NotDelivered, RetryLater, SenderStopped
from tests.contract.rigs.slack import slack_channel
from tests.fakes.slack import TOKEN, FakeSlack
from tests.patience import PATIENCE

TEAM_CHANNEL = ChatAddress("slack", "C1")
Outcome = TypeVar("Outcome", bound=NotDelivered)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
        fake.knows("C1")
        fake.knows_person("U1")
        yield fake


@pytest_asyncio.fixture
async def channel(slack: FakeSlack, read: float) -> AsyncIterator[SlackPlatform]:
    channel = slack_channel(slack.url, TOKEN, connect=PATIENCE, read=read)
    yield channel
    await channel.close()


def message(number: int = 1, text: str = "one", **more: Any) -> Message:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": f"*{text}*"}}]
    payload = {"text": text, "blocks": blocks, **more}
    return Message(number=number, payload=json.dumps(payload))


async def post(channel: SlackPlatform, chat: ChatAddress = TEAM_CHANNEL, posted: Message | None = None) -> str:
    return await channel.post(chat, posted or message(), delivery="d1")


async def refused(
    kind: type[Outcome],
    channel: SlackPlatform,
    chat: ChatAddress = TEAM_CHANNEL,
    posted: Message | None = None,
) -> Outcome:
    """Posts a message and expects an error of this kind. Returns the error."""
    with pytest.raises(kind) as caught:
        await post(channel, chat, posted)
    return caught.value


async def find(channel: SlackPlatform, chat: ChatAddress = TEAM_CHANNEL, number: int = 1, **more: Any) -> str | None:
    return await channel.find(chat, message(number), **{"delivery": "d1", "after": LONG_AGO, **more})


def moment(ts: str) -> datetime:
    return datetime.fromtimestamp(float(ts), UTC)


async def test_a_message_has_text_identity_no_previews_and_blocks_unless_it_is_plain(
    channel: SlackPlatform, slack: FakeSlack
) -> None:
    ts = await post(channel)
    (entry,) = slack.posted_to("C1")
    assert (entry.id, entry.text, entry.delivery, entry.number) == (ts, "one", "d1", 1)
    assert entry.payload["blocks"][0]["text"]["text"] == "*one*"
    assert entry.payload["metadata"] == {"event_type": "paperwire_delivery", "event_payload": {"id": "d1", "n": 1}}
    assert (entry.payload["unfurl_links"], entry.payload["unfurl_media"]) == (False, False)
    assert "thread_ts" not in entry.payload
    await channel.post(TEAM_CHANNEL, message(), delivery="d1", plain=True)
    *_, plain = slack.journal
    assert ("blocks" in plain.payload, plain.payload["mrkdwn"]) == (False, False)
    assert (plain.delivery, plain.number) == ("d1", 1)


async def test_only_the_same_bytes_have_the_same_client_msg_id(channel: SlackPlatform, slack: FakeSlack) -> None:
    await post(channel)
    await post(channel)
    await post(channel, posted=message(2))
    await post(channel, posted=message(text="two"))
    await channel.post(TEAM_CHANNEL, message(), delivery="d1", plain=True)
    await channel.post(TEAM_CHANNEL, message(), delivery="d2")
    ids = [entry.payload["client_msg_id"] for entry in slack.journal]
    assert ids[0] == ids[1]
    assert len(set(ids[1:])) == 5


async def test_the_thread_of_a_message_goes_before_the_topic_of_a_chat(
    channel: SlackPlatform, slack: FakeSlack
) -> None:
    topic, parent = slack.says("C1", "a thread"), await post(channel)
    chat = ChatAddress("slack", "C1", topic)
    await post(channel, chat)
    await channel.post(chat, message(2), delivery="d1", thread=parent)
    assert [entry.thread for entry in slack.journal] == ["", topic, parent]


async def test_a_person_gets_direct_messages_that_are_opened_once(channel: SlackPlatform, slack: FakeSlack) -> None:
    ann = ChatAddress("slack", "U1")
    await post(channel, ann)
    ts = await post(channel, ann, message(2))
    await channel.edit(ann, ts, message(2, "two"))
    assert len(slack.arrived("conversations.open")) == 1
    assert [entry.text for entry in slack.posted_to("D1")] == ["one", "one"]
    assert await find(channel, ann, 2) == ts


async def test_a_plain_edit_takes_the_blocks_away(channel: SlackPlatform, slack: FakeSlack) -> None:
    ts = await post(channel)
    await channel.edit(TEAM_CHANNEL, ts, message(text="two"), plain=True)
    assert slack._conversations["C1"].messages[ts]["blocks"] == []
    assert await find(channel) == ts


async def test_a_message_in_a_thread_is_edited_there(channel: SlackPlatform, slack: FakeSlack) -> None:
    parent = await post(channel)
    reply = await channel.post(TEAM_CHANNEL, message(2), delivery="d1", thread=parent)
    await channel.edit(ChatAddress("slack", "C1", parent), reply, message(2, "two"))
    shown = slack._conversations["C1"].messages
    assert (shown[reply]["text"], shown[reply]["thread_ts"], shown[parent]["text"]) == ("two", parent, "one")


async def test_if_its_first_message_is_deleted_only_the_thread_is_gone(
    channel: SlackPlatform, slack: FakeSlack
) -> None:
    parent = await post(channel)
    slack.deletes("C1", parent)
    assert (await refused(ChatGone, channel, ChatAddress("slack", "C1", parent))).scope == "topic"


async def test_a_message_is_found_by_delivery_and_number(channel: SlackPlatform) -> None:
    first, second = await post(channel), await post(channel, posted=message(2))
    assert await find(channel, number=1) == first
    assert await find(channel, number=2) == second
    assert await find(channel, number=3) is None
    assert await find(channel, delivery="d2") is None


async def test_a_reply_is_found_in_its_thread(channel: SlackPlatform) -> None:
    parent = await post(channel)
    reply = await channel.post(TEAM_CHANNEL, message(2), delivery="d1", thread=parent)
    assert await find(channel, number=2, thread=parent) == reply
    assert await find(channel, number=2) is None
    assert await find(channel, ChatAddress("slack", "C1", parent), 2) == reply


async def test_a_reply_posted_before_its_thread_was_known_is_found(channel: SlackPlatform) -> None:
    reply, parent = await post(channel, posted=message(2)), await post(channel)
    assert await find(channel, number=2, thread=parent) == reply
    topic = ChatAddress("slack", "C1", reply)
    third = await post(channel, topic, message(3))
    assert await find(channel, topic, 3, thread=parent) == third
    assert await find(channel, topic, 4, thread=parent) is None


async def test_a_message_is_found_behind_many_others(channel: SlackPlatform, slack: FakeSlack) -> None:
    ts = await post(channel)
    slack.says("C1", "chatter", times=500)
    slack.answers("429", after=1, method="conversations.history", retry_after=60)
    with pytest.raises(RetryLater) as caught:
        await find(channel)
    assert caught.value.after == timedelta(seconds=60)
    assert await find(channel) == ts
    assert len(slack.arrived("conversations.history")) == 2 + 3


@pytest.mark.parametrize(("seconds", "is_found"), [(61, False), (59, True)])
async def test_what_was_sent_a_minute_before_is_not_looked_for(
    channel: SlackPlatform, seconds: int, is_found: bool
) -> None:
    """The search begins 60 seconds before `after`, because the clocks of Slack and of this machine may differ."""
    ts = await post(channel)
    assert (await find(channel, after=moment(ts) + timedelta(seconds=seconds)) == ts) is is_found


@pytest.mark.parametrize("fault", ["500", "broken json", "text", "list", "cut before", "hang before", "no result"])
async def test_a_look_that_fails_is_to_be_repeated(channel: SlackPlatform, slack: FakeSlack, fault: str) -> None:
    ts = await post(channel)
    # aiohttp itself repeats a GET whose connection was cut
    slack.answers(fault, times=2, method="conversations.history")
    with pytest.raises(RetryLater):
        await find(channel)
    slack.forgives()
    slack.releases(drop=True)
    assert await find(channel) == ts


async def test_who_may_not_read_cannot_tell(channel: SlackPlatform, slack: FakeSlack) -> None:
    await post(channel)
    slack.withdraws("channels:history")
    with pytest.raises(LookupError):
        await find(channel)
    slack.grants("channels:history")
    slack.leaves("C1")
    with pytest.raises(LookupError):
        await find(channel)


async def test_a_token_that_is_refused_while_looking_leaves_it_open(channel: SlackPlatform, slack: FakeSlack) -> None:
    slack.revokes()
    with pytest.raises(SenderStopped):
        await find(channel)


async def test_without_the_right_to_open_them_direct_messages_are_gone(
    channel: SlackPlatform, slack: FakeSlack
) -> None:
    slack.withdraws("im:write")
    await refused(ChatGone, channel, ChatAddress("slack", "U1"))
    assert await post(channel)


@pytest.mark.parametrize("fault", ["500", "cut before", "cut after", "hang before", "text", "no result", "429"])
async def test_what_fails_before_the_post_is_never_unclear(
    channel: SlackPlatform, slack: FakeSlack, fault: str
) -> None:
    slack.answers(fault, method="conversations.open")
    await refused(RetryLater, channel, ChatAddress("slack", "U1"))
    assert slack.arrived("chat.postMessage") == []
    slack.releases(drop=True)
