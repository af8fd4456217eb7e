"""Slack's platform API against the fake server: rights, places, people, ephemeral messages, documents."""

import json
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from bot.messages import File, MessageRequest, Place, Request
from bot.platforms.slack.adapter import SlackPlatform
from subscriptions.errors import Refused
from subscriptions.model import ChatAddress, ChatKind, Message
from subscriptions.outcomes import ChatGone, Rejected, RetryLater
from tests.contract.rigs.slack import slack_channel
from tests.fakes.slack import TOKEN, FakeSlack
from tests.patience import PATIENCE

VISION = ChatAddress("slack", "C1")
SECRETS = ChatAddress("slack", "G1")


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
        fake.knows("C1", name="vision", people=("U1", "U3"))
        fake.knows("G1", name="secrets", private=True, people=("U1",))
        fake.knows_person("U1", name="Ann Lee", tz="Asia/Shanghai", locale="zh-CN")
        fake.knows_person("U2", admin=True)
        fake.knows_person("U3", guest=True)
        fake.knows_person("U4", single=True)
        fake.knows_person("U5", owner=True)
        fake.knows_person("U6", gone=True)
        fake.knows_person("U9", home="T9")
        fake.grants_all()
        yield fake


@pytest_asyncio.fixture
async def channel(slack: FakeSlack, read: float) -> AsyncIterator[SlackPlatform]:
    channel = slack_channel(slack.url, TOKEN, connect=PATIENCE, read=read)
    await channel.workspace.identify()
    yield channel
    await channel.close()


@pytest.fixture
def api(channel: SlackPlatform) -> SlackPlatform:
    return channel


def message(text: str = "hello") -> Message:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]
    return Message(number=1, payload=json.dumps({"text": text, "blocks": blocks}))


@pytest.mark.parametrize(
    ("person", "member", "admin"),
    [
        ("U1", True, False),
        ("U2", True, True),
        ("U5", True, True),
        ("U3", False, False),
        ("U4", False, False),
        ("U6", False, False),
        ("U9", False, False),
        ("U8", False, False),
        ("T9/U9", False, False),
        ("T2/U1", False, False),
    ],
)
async def test_members_manage_and_guests_and_strangers_do_not(
    api: SlackPlatform, person: str, member: bool, admin: bool
) -> None:
    assert await api.is_admin(VISION, person, member_suffices=True, in_chat=True) is member
    assert await api.is_admin(VISION, person, in_chat=True) is admin


async def test_from_elsewhere_only_members_manage_a_private_channel(api: SlackPlatform) -> None:
    assert await api.is_admin(SECRETS, "U1", member_suffices=True) is True
    assert await api.is_admin(SECRETS, "U2", member_suffices=True) is False
    assert await api.is_admin(VISION, "U2", member_suffices=True) is True


async def test_rights_are_asked_for_each_time(api: SlackPlatform, slack: FakeSlack) -> None:
    assert await api.is_admin(VISION, "U1", member_suffices=True, in_chat=True) is True
    slack.knows_person("U1", guest=True)
    assert await api.is_admin(VISION, "U1", member_suffices=True, in_chat=True) is False


async def test_without_the_right_to_read_people_all_count_as_members(api: SlackPlatform, slack: FakeSlack) -> None:
    slack.withdraws("users:read")
    assert await api.is_admin(VISION, "U3", member_suffices=True, in_chat=True) is True
    assert await api.is_admin(VISION, "U2", in_chat=True) is None
    assert await api.is_admin(VISION, "T9/U9", member_suffices=True, in_chat=True) is False


@pytest.mark.parametrize("fault", ["500", "broken json", "list", "hang before", "429", "cut before"])
async def test_a_slack_that_does_not_answer_is_no_no(api: SlackPlatform, slack: FakeSlack, fault: str) -> None:
    slack.answers(fault, times=2, method="users.info")
    with pytest.raises(RetryLater):
        await api.is_admin(VISION, "U1", member_suffices=True, in_chat=True)
    slack.releases(drop=True)


async def test_a_place_is_found_by_its_address_and_by_a_pointer_if_the_bot_can_see_it(api: SlackPlatform) -> None:
    vision = Place(chat=VISION, kind=ChatKind.TEAM, title="#vision")
    assert [await api.find_chat(name) for name in ("C1", "@C1")] == [vision, vision]
    for name in ("C9", "@C9", "T9/C1", "@general", "U1", "", "@", "C1/../x"):
        assert await api.find_chat(name) is None, name


def request(**more: Any) -> Request:
    place = Place(chat=VISION, kind=ChatKind.TEAM)
    return replace(MessageRequest(place=place, update_id="1", sender="U1", sender_name="ann"), **more)


async def test_a_change_shows_the_senders_name_clock_and_language(api: SlackPlatform, slack: FakeSlack) -> None:
    known = await api.enrich(request(), changes=True)
    assert (known.sender_name, known.timezone, known.language) == ("Ann Lee", "Asia/Shanghai", "zh-CN")
    assert (known.place.title, known.place.is_outside) == ("#vision", False)
    assert await api.enrich(request(), changes=False) == request()
    slack.knows_person("U1", tz="Mars/Olympus")  # a clock that nobody here knows
    assert (await api.enrich(request(), changes=True)).timezone == ""


async def test_a_channel_without_the_bot_is_outside(api: SlackPlatform, slack: FakeSlack) -> None:
    slack.leaves("C1")
    assert (await api.enrich(request(), changes=True)).place.is_outside
    slack.leaves("G1")
    secret = request(place=Place(chat=SECRETS, kind=ChatKind.TEAM, title="#secrets"))
    known = await api.enrich(secret, changes=True)
    assert (known.place.is_outside, known.place.title) == (True, "#secrets")


async def test_what_is_not_told_leaves_the_request_as_it_was(api: SlackPlatform, slack: FakeSlack) -> None:
    for scope in ("users:read", "channels:read"):
        slack.withdraws(scope)
    assert await api.enrich(request(), changes=True) == request()
    slack.goes_down()
    assert await api.enrich(request(), changes=True) == request()
    slack.comes_back()


async def test_the_bots_own_direct_messages_are_not_outside(api: SlackPlatform) -> None:
    place = Place(chat=ChatAddress("slack", "U1"), kind=ChatKind.PRIVATE, is_outside=True)
    ours = request(place=place, outside_channel="D1")
    assert not (await api.enrich(ours, changes=False)).place.is_outside
    assert (await api.enrich(request(place=place, outside_channel="D777"), changes=False)).place.is_outside


async def test_a_whisper_goes_without_a_token_where_slack_takes_answers_and_five_times(
    api: SlackPlatform, slack: FakeSlack
) -> None:
    typed = slack.user_types("/paperwire list", by="U1")
    at = str(typed.payload["response_url"])
    for _ in range(5):
        await api.post_ephemeral(VISION, "U1", message(), response_url=at, replaces=False)
    # the fake refuses a request with a token there
    assert len([method for method, _ in slack.arrived() if method.startswith("/respond/")]) == 5
    assert slack.arrived("chat.postEphemeral") == []
    await api.post_ephemeral(VISION, "U1", message("sixth"), response_url=at, replaces=False)
    assert len(slack.arrived("chat.postEphemeral")) == 1
    assert [entry.text for entry in slack.ephemerals_to("U1")] == ["hello"] * 5 + ["sixth"]
    assert slack.posted_to("C1") == []


async def test_after_half_an_hour_a_whisper_goes_by_itself(api: SlackPlatform, slack: FakeSlack) -> None:
    slack.sets_time(1000)
    at = str(slack.user_types("/paperwire list").payload["response_url"])
    slack.sets_time(1000 + 30 * 60 + 1)
    await api.post_ephemeral(VISION, "U1", message(), response_url=at, replaces=False)
    assert len(slack.arrived("chat.postEphemeral")) == 1
    with pytest.raises(Rejected):
        await api.post_ephemeral(VISION, "U1", None, response_url=at, replaces=True)


async def test_a_whisper_may_be_in_a_thread_or_without_markup(api: SlackPlatform, slack: FakeSlack) -> None:
    thread = slack.says("C1", "a thread")
    await api.post_ephemeral(replace(VISION, topic=thread), "U1", message(), response_url="", replaces=False)
    await api.post_ephemeral(VISION, "U1", message(), response_url="", replaces=False, plain=True)
    first, second = slack.ephemerals_to("U1")
    assert (first.thread, second.thread) == (thread, "")
    assert "blocks" not in second.payload


async def test_a_whisper_to_an_absent_person_does_not_lose_the_channel(api: SlackPlatform, slack: FakeSlack) -> None:
    with pytest.raises(Rejected):
        await api.post_ephemeral(VISION, "U2", message(), response_url="", replaces=False)
    slack.leaves("C1")
    with pytest.raises(ChatGone):
        await api.post_ephemeral(VISION, "U1", message(), response_url="", replaces=False)


FILE = File(name="subscriptions.txt", text="daily 09:00 | diffusion & <x> | \n扩散\n")


async def test_a_file_is_sent_to_its_thread_unless_the_channel_is_gone(api: SlackPlatform, slack: FakeSlack) -> None:
    thread = slack.says("C1", "a thread")
    await api.send_file(replace(VISION, topic=thread), FILE)
    await api.send_file(ChatAddress("slack", "U1"), FILE)
    (there,), (private,) = slack.files_in("C1"), slack.files_in("D1")
    assert (there.thread, there.text, there.name) == (thread, FILE.text, FILE.name)
    assert (private.thread, private.text) == ("", FILE.text)
    slack.archives("C1")
    with pytest.raises(ChatGone):
        await api.send_file(VISION, FILE)


def dropped(slack: FakeSlack, content: str) -> str:
    """Sends a file as a person. Returns its id."""
    sent = slack.writes_dm("import", file=("list.txt", content))
    return str(sent.payload["event"]["files"][0]["id"])


async def test_a_dropped_file_is_fetched(api: SlackPlatform, slack: FakeSlack) -> None:
    assert await api.fetch(dropped(slack, "diffusion\n扩散\n"), 1000) == "diffusion\n扩散\n".encode()
    with pytest.raises(Rejected):
        await api.fetch("F404", 10)


async def test_a_file_that_is_too_large_is_not_fetched(api: SlackPlatform, slack: FakeSlack) -> None:
    file = dropped(slack, "x" * 1025)
    with pytest.raises(Refused, match="larger than 1 KB"):
        await api.fetch(file, 1024)
    assert not any(method.startswith("/files/") for method, _ in slack.arrived())
    slack._uploads[file].length = 1  # Slack reports a wrong size
    with pytest.raises(Refused, match="larger than 1 KB"):
        await api.fetch(file, 1024)


async def test_a_token_is_shown_to_nobody_but_slack(
    channel: SlackPlatform, slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for url in ("https://slack.com.example.org/x", "https://example.org/slack.com", "http://slack.com/x", "http://127.0.0.1:1/x", "file:///x"):  # fmt: skip
        with pytest.raises(Rejected):
            await channel.workspace.download(url, 10)
    assert TOKEN not in caplog.text
