"""The contract of `Platform` (bot/platforms/base.py), checked for each platform with its fake."""

import asyncio
import contextlib
import json
import logging
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from bot.connections import ADAPTERS
from subscriptions import outcomes
from subscriptions.model import ChatAddress, Message
from subscriptions.outcomes import NotDelivered, Rejected
from tests.contract.rigs import RIGS, Rig
from tests.fakes.server import FakePlatform

DELIVERY = "abcdefgh12345678"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest_asyncio.fixture(params=RIGS)
async def rig(request: pytest.FixtureRequest, read: float) -> AsyncIterator[Rig]:
    async with RIGS[request.param](read) as rig:
        yield rig


@pytest.fixture
def fake(rig: Rig) -> FakePlatform:
    assert rig.fake is not None
    return rig.fake


async def test_two_posts_have_two_ids_and_keep_their_order(rig: Rig) -> None:
    first = await rig.channel.post(rig.chat, rig.compose("one", 1), delivery=DELIVERY)
    second = await rig.channel.post(rig.chat, rig.compose("two", 2), delivery=DELIVERY)
    assert first != second
    assert rig.received() == ["one", "two"]


async def test_a_post_reaches_a_topic(rig: Rig) -> None:
    assert await rig.channel.post(rig.topic, rig.compose("one"), delivery=DELIVERY)
    assert rig.received() == ["one"]


async def test_a_post_may_stand_in_the_thread_of_another(rig: Rig) -> None:
    parent = await rig.channel.post(rig.chat, rig.compose("one", 1), delivery=DELIVERY)
    assert await rig.channel.post(rig.chat, rig.compose("two", 2), delivery=DELIVERY, thread=parent)
    assert rig.received() == ["one", "two"]


async def test_a_plain_post_shows_the_plain_text(rig: Rig) -> None:
    await rig.channel.post(rig.chat, rig.compose("one"), delivery=DELIVERY, plain=True)
    assert rig.received() == [rig.plain("one")]


async def test_an_edit_shows_the_new_text(rig: Rig) -> None:
    posted = await rig.channel.post(rig.chat, rig.compose("one"), delivery=DELIVERY)
    if not rig.edits:
        with pytest.raises(Rejected):
            await rig.channel.edit(rig.chat, posted, rig.compose("two"))
        assert rig.received() == ["one"]
        return
    await rig.channel.edit(rig.chat, posted, rig.compose("two"))
    assert rig.received()[-1] == "two"
    await rig.channel.edit(rig.chat, posted, rig.compose("two"))  # it changes nothing, and is no error
    assert rig.received()[-1] == "two"
    await rig.channel.edit(rig.chat, posted, rig.compose("three"), plain=True)
    assert rig.received()[-1] == rig.plain("three")


async def test_what_was_sent_is_found_or_the_platform_cannot_tell(rig: Rig) -> None:
    message, other = rig.compose("one", 1), rig.compose("two", 2)
    posted = await rig.channel.post(rig.chat, message, delivery=DELIVERY)
    try:
        found = await rig.channel.find(rig.chat, message, delivery=DELIVERY, after=LONG_AGO)
    except LookupError:
        assert not rig.channel.facts.can_look_up
        return
    assert found == posted
    assert await rig.channel.find(rig.chat, other, delivery=DELIVERY, after=LONG_AGO) is None


async def test_the_sender_has_one_identity(rig: Rig) -> None:
    identity = await rig.channel.identity()
    assert bool(identity) == rig.has_identity
    assert await rig.channel.identity() == identity
    assert rig.secret not in identity


@pytest.mark.parametrize("payload", ["", "not json", "[]", "{}", '{"text": 7}', '{"text": null, "blocks": 3}'])
async def test_a_payload_of_another_shape_is_refused_and_not_sent(rig: Rig, payload: str) -> None:
    broken = Message(number=1, payload=payload)
    for plain in (False, True):
        with pytest.raises(NotDelivered):
            await rig.channel.post(rig.chat, broken, delivery=DELIVERY, plain=plain)
        with pytest.raises(NotDelivered):
            await rig.channel.edit(rig.chat, "1", broken, plain=plain)
    assert rig.received() == []


async def test_a_platform_that_is_away_raises_only_outcomes(rig: Rig) -> None:
    rig.disconnect()
    with pytest.raises(NotDelivered):
        await rig.channel.post(rig.chat, rig.compose("one"), delivery=DELIVERY)
    with pytest.raises(NotDelivered):
        await rig.channel.edit(rig.chat, "1", rig.compose("one"))


@pytest.mark.parametrize("rig", ["telegram", "slack"], indirect=True)
@pytest.mark.parametrize("nowhere", ["nowhere", "T9/C1", "-5", "\ud800", "a b\n"])
async def test_an_address_that_is_none_raises_only_outcomes(rig: Rig, nowhere: str) -> None:
    for chat in (
        ChatAddress(rig.chat.platform, nowhere),
        ChatAddress(rig.chat.platform, rig.chat.address, nowhere),
    ):
        with pytest.raises(NotDelivered):
            await rig.channel.post(chat, rig.compose("one"), delivery=DELIVERY)
    assert rig.received() == []


async def test_text_of_any_kind_arrives_or_is_refused(rig: Rig) -> None:
    for text in ("ascii", "扩散模型", "\N{GRINNING FACE}", "a\nb"):
        assert await rig.channel.post(rig.chat, rig.compose(text), delivery=DELIVERY)
    for text in ("\ud800", "\x00"):
        with contextlib.suppress(NotDelivered):
            await rig.channel.post(rig.chat, rig.compose(text), delivery=DELIVERY)


async def test_no_secret_is_in_a_log_an_error_or_a_repr(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    errors: list[NotDelivered] = []
    await rig.channel.post(rig.chat, rig.compose("one"), delivery=DELIVERY)
    await rig.channel.identity()
    rig.disconnect()
    for _ in range(2):
        try:
            await rig.channel.post(rig.chat, rig.compose("two"), delivery=DELIVERY)
        except NotDelivered as error:
            errors.append(error)
    assert [tells_secret(rig, caplog, error) for error in errors] == [[], []]
    assert rig.secret not in f"{rig.channel!r} {rig.channel}"


def test_only_building_a_channel_loads_the_platforms_library() -> None:
    markups = (adapter.replace(".adapter", ".markup") for adapter in ADAPTERS.values())
    modules = ", ".join(["bot.build", "bot.platforms.console.adapter", *markups])
    heavy = "{'telegram', 'slack_sdk', 'aiohttp', 'httpx'}"
    program = f"import sys, {modules}; print(sorted({heavy} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - this interpreter
    assert answer.stdout.strip() == "[]"


# the platforms whose fake makes the faults of HTTP
OVER_HTTP = pytest.mark.parametrize("rig", ["telegram", "slack"], indirect=True)
FAULTS = {  # fault → how many messages the platform accepted; the outcome is unclear
    **dict.fromkeys(
        ("302", "400 page", "500", "503", "200 page", "echo page", "cut before", "reset before", "hang before"), 0
    ),
    **dict.fromkeys(("broken json", "no number", "no result", "not ok", "list", "text", "empty"), 1),
    **dict.fromkeys(("cut after", "reset after", "cut in the answer", "hang after"), 1),
}
CERTAINLY_NOT_SENT = {("telegram", "302"), ("telegram", "400 page")}  # Telegram itself gives no such answers


def tells_secret(rig: Rig, caplog: pytest.LogCaptureFixture, error: NotDelivered) -> list[str]:
    """Returns the texts of the log, of an error and of the channel that have the secret."""
    raised = "".join(traceback.format_exception(error)) + repr(error) + repr(error.__cause__)
    written = [f"{record.getMessage()} {record.exc_text} {record.args!r}" for record in caplog.records]
    return [text for text in [raised, *written, repr(vars(rig.channel))] if rig.secret in text]


async def outcome(rig: Rig, message: Message | None = None) -> NotDelivered:
    with pytest.raises(NotDelivered) as caught:
        await rig.channel.post(rig.chat, message or rig.compose("one"), delivery=DELIVERY)
    return caught.value


def message(text: str, **more: object) -> Message:
    return Message(number=1, payload=json.dumps({"text": text, **more}))


def section(length: int) -> dict[str, object]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": "x" * length}}


@OVER_HTTP
async def test_thirty_messages_go_at_the_same_time(rig: Rig) -> None:
    await asyncio.gather(*(rig.channel.post(rig.chat, rig.compose("one"), delivery=DELIVERY) for _ in range(30)))
    assert len(rig.received()) == 30


@OVER_HTTP
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_has_the_outcome_that_the_table_names(
    rig: Rig,
    fake: FakePlatform,
    caplog: pytest.LogCaptureFixture,
    fault: str,
) -> None:
    """And neither the log nor the error has the token."""
    caplog.set_level(logging.DEBUG)
    fake.answers(fault)
    error = await outcome(rig)
    certain = (rig.channel.facts.name, fault) in CERTAINLY_NOT_SENT
    assert type(error) is (outcomes.RetryLater if certain else outcomes.Unclear)
    assert tells_secret(rig, caplog, error) == []
    assert len(rig.received()) == FAULTS[fault]
    assert len(fake.requests) == 1
    fake.releases(drop=True)
    with contextlib.suppress(LookupError):  # Telegram has no way to look for a message
        found = await rig.channel.find(rig.chat, rig.compose("one"), delivery=DELIVERY, after=LONG_AGO)
        assert (found is not None) == bool(FAULTS[fault])
    assert await rig.channel.post(rig.chat, rig.compose("one"), delivery=DELIVERY)


@pytest.mark.parametrize(
    ("rig", "retry_after", "seconds"),
    [
        ("telegram", 3, 3.5),
        ("telegram", 1.5, 2.0),
        ("telegram", 0, 5),
        ("telegram", None, 5),
        ("telegram", "soon", 5),
        ("slack", 7, 7),
        ("slack", None, 30),
        ("slack", "soon", 30),
    ],
    indirect=["rig"],
)
async def test_a_429_waits_as_long_as_the_platform_says(
    rig: Rig, fake: FakePlatform, caplog: pytest.LogCaptureFixture, retry_after: object, seconds: float
) -> None:
    caplog.set_level(logging.DEBUG)
    fake.answers("429", retry_after=retry_after)
    later = await outcome(rig)
    assert tells_secret(rig, caplog, later) == []
    assert isinstance(later, outcomes.RetryLater)
    assert later.after == timedelta(seconds=seconds)


@OVER_HTTP
async def test_a_server_that_is_down_is_waited_for(rig: Rig, fake: FakePlatform) -> None:
    fake.goes_down()
    assert isinstance(await outcome(rig), outcomes.RetryLater)
    if rig.has_identity:
        with pytest.raises(outcomes.RetryLater):
            await rig.channel.identity()
    fake.comes_back()
    assert await rig.channel.post(rig.chat, rig.compose("one"), delivery=DELIVERY)


@pytest.mark.parametrize(
    ("rig", "refused"),
    [
        pytest.param("telegram", message("<p>x</p>"), id="telegram: markup"),
        pytest.param("telegram", message("x", buttons=[[{"text": "x", "data": "y" * 65}]]), id="telegram: data"),
        pytest.param("telegram", message("x", buttons=[[{"text": "x", "url": "nowhere"}]]), id="telegram: url"),
        pytest.param("telegram", message("x" + "<b></b>" * 5000), id="telegram: bytes"),
        pytest.param("slack", message("x", blocks=[section(1), section(3001)]), id="slack: length"),
        pytest.param("slack", message("x", blocks=[{"type": "divider"}] * 51), id="slack: number"),
        pytest.param("slack", message("x", blocks=[{"type": "nothing"}]), id="slack: type"),
        pytest.param("slack", message("x", blocks=[section(3000)] * 5), id="slack: total"),
    ],
    indirect=["rig"],
)
async def test_a_message_of_bad_form_is_rejected_for_its_form(rig: Rig, refused: Message) -> None:
    rejected = await outcome(rig, refused)
    assert isinstance(rejected, Rejected)
    assert rejected.form
    assert await rig.channel.post(rig.chat, refused, delivery=DELIVERY, plain=True)
    assert [set(text.split()) <= {"x", "x" * 3000, "x" * 3001} for text in rig.received()] == [True]


@pytest.mark.parametrize(
    ("rig", "refused"),
    [
        pytest.param("telegram", message("x" * 4097), id="telegram: length"),
        pytest.param("telegram", message(""), id="telegram: empty"),
        pytest.param("telegram", message("\ud800"), id="telegram: surrogate"),
        pytest.param("slack", message("", blocks=[]), id="slack: empty"),
    ],
    indirect=["rig"],
)
async def test_a_text_that_no_form_can_show_is_rejected_in_both(rig: Rig, refused: Message) -> None:
    for plain in (False, True):
        with pytest.raises(Rejected):
            await rig.channel.post(rig.chat, refused, delivery=DELIVERY, plain=plain)
    assert rig.received() == []


@OVER_HTTP
async def test_a_sender_that_is_shut_down_sends_nothing(rig: Rig, fake: FakePlatform) -> None:
    await rig.channel.close()
    assert isinstance(await outcome(rig), outcomes.RetryLater)
    assert fake.requests == []
