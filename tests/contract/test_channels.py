"""The contract of `Channel` (bot/ports/channel.py), checked for each channel against a real server."""

import contextlib
import logging
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from subscriptions import model
from subscriptions.errors import NotDelivered, Rejected
from tests.contract.rigs import RIGS, Rig

CANNOT_EDIT = ("email", "apprise")  # these platforms cannot change a message that was sent
DELIVERY = "abcdefgh12345678"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest_asyncio.fixture(params=RIGS)
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    async with RIGS[request.param]() as rig:
        yield rig


async def test_a_post_arrives_and_has_an_id(rig: Rig) -> None:
    posted = await rig.channel.post(rig.chat, rig.compose("one"), delivery=DELIVERY)
    assert posted
    assert isinstance(posted, str)
    assert rig.received() == ["one"]


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
    assert rig.received() == ["plain one"]


async def test_an_edit_shows_the_new_text(rig: Rig) -> None:
    posted = await rig.channel.post(rig.chat, rig.compose("one"), delivery=DELIVERY)
    if rig.channel.platform in CANNOT_EDIT:
        with pytest.raises(Rejected):
            await rig.channel.edit(rig.chat, posted, rig.compose("two"))
        assert rig.received() == ["one"]
        return
    await rig.channel.edit(rig.chat, posted, rig.compose("two"))
    assert rig.received()[-1] == "two"
    await rig.channel.edit(rig.chat, posted, rig.compose("three"), plain=True)
    assert rig.received()[-1] == "plain three"


async def test_an_edit_that_changes_nothing_is_success(rig: Rig) -> None:
    posted = await rig.channel.post(rig.chat, rig.compose("one"), delivery=DELIVERY)
    with contextlib.suppress(*((Rejected,) if rig.channel.platform in CANNOT_EDIT else ())):
        await rig.channel.edit(rig.chat, posted, rig.compose("one"))
    assert rig.received()[0] == "one"


async def test_what_was_sent_is_found_or_the_platform_cannot_tell(rig: Rig) -> None:
    message, other = rig.compose("one", 1), rig.compose("two", 2)
    posted = await rig.channel.post(rig.chat, message, delivery=DELIVERY)
    try:
        found = await rig.channel.find(rig.chat, message, delivery=DELIVERY, after=LONG_AGO)
    except LookupError:
        assert rig.channel.platform != "slack"
        return
    assert found == posted
    assert await rig.channel.find(rig.chat, other, delivery=DELIVERY, after=LONG_AGO) is None


async def test_the_sender_has_one_identity(rig: Rig) -> None:
    identity = await rig.channel.identity()
    assert identity
    assert await rig.channel.identity() == identity
    assert rig.secret not in identity


async def test_limits_are_told(rig: Rig) -> None:
    assert rig.channel.platform == rig.chat.platform
    assert rig.channel.limits.text > 0
    assert rig.channel.limits.burst >= 1


@pytest.mark.parametrize("payload", ["", "not json", "[]", "{}", '{"text": 7}', '{"text": null, "blocks": 3}'])
async def test_a_payload_of_another_shape_is_refused_before_anything_is_sent(rig: Rig, payload: str) -> None:
    broken = model.Message(number=1, payload=payload, plain=payload)
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
        model.ChatAddress(rig.chat.platform, nowhere),
        model.ChatAddress(rig.chat.platform, rig.chat.address, nowhere),
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


async def test_closing_twice_is_closing_once(rig: Rig) -> None:
    await rig.channel.post(rig.chat, rig.compose("one"), delivery=DELIVERY)
    await rig.channel.close()
    await rig.channel.close()


async def test_no_secret_is_in_a_log_an_error_or_a_repr(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    errors: list[BaseException] = []
    await rig.channel.post(rig.chat, rig.compose("one"), delivery=DELIVERY)
    await rig.channel.identity()
    rig.disconnect()
    for _ in range(2):
        try:
            await rig.channel.post(rig.chat, rig.compose("two"), delivery=DELIVERY)
        except NotDelivered as error:
            errors.append(error)
    written = [f"{record.getMessage()} {record.exc_text} {record.args!r}" for record in caplog.records]
    raised = ["".join(traceback.format_exception(error)) + repr(error) for error in errors]
    assert len(raised) == 2
    assert all(rig.secret not in text for text in [*written, *raised, repr(rig.channel), str(rig.channel)])


def test_a_platforms_library_is_loaded_only_when_its_channel_is_built() -> None:
    modules = "bot.app, bot.platforms.console.adapter, bot.platforms.slack.markup, bot.platforms.telegram.markup"
    heavy = "{'telegram', 'slack_sdk', 'aiohttp', 'httpx'}"
    program = f"import sys, {modules}; print(sorted({heavy} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - this interpreter
    assert answer.stdout.strip() == "[]"
