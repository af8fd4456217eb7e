"""Telegram's platform API against the fake server: rights, places, callbacks, documents, updates, menus."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest
import pytest_asyncio

from bot.commands.context import Command
from bot.commands.intent import REGISTRY
from bot.platforms.telegram import adapter
from bot.platforms.telegram.client import UpdatesConflict
from bot.platforms.telegram.incoming import ALLOWED
from bot.ports.channel import File
from bot.ports.conversation import Place
from bot.rendering.language import translator
from subscriptions import errors, model
from tests.fakes.telegram import TOKEN, FakeTelegram

GROUP = model.ChatAddress("telegram", "-1001")
CHANNEL = model.ChatAddress("telegram", "-1009")


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        fake.knows("42", title="Ada")
        fake.knows("-1001", topics=(5,), people={"7": "creator", "8": "administrator", "9": "member", "10": "left"})
        fake.knows("-1002", "supergroup", username="vision_papers", title="Vision", linked="-1009")
        fake.knows("-1009", "channel", title="Papers", username="papers", people={"7": "creator"})
        yield fake


@pytest_asyncio.fixture
async def channel(telegram: FakeTelegram, read: float) -> AsyncIterator[adapter.TelegramChannel]:
    channel = adapter.TelegramChannel(TOKEN, api_url=telegram.url, connect=2, read=read)
    yield channel
    await channel.close()


@pytest.fixture
def api(channel: adapter.TelegramChannel) -> adapter.TelegramApi:
    return channel.api()


# ── who manages a chat ────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("person", "manages"), [("7", True), ("8", True), ("9", False), ("10", False), ("99", False), ("0", False)]
)
async def test_creator_and_administrators_manage_a_group(api: adapter.TelegramApi, person: str, manages: bool) -> None:
    assert await api.is_admin(GROUP, person) is manages


async def test_rights_are_asked_for_each_time(api: adapter.TelegramApi, telegram: FakeTelegram) -> None:
    assert await api.is_admin(GROUP, "9") is False
    telegram.promotes("-1001", "9")
    assert await api.is_admin(GROUP, "9") is True
    telegram.promotes("-1001", "9", "member")
    assert await api.is_admin(GROUP, "9") is False


async def test_a_bot_that_may_not_see_members_does_not_know(api: adapter.TelegramApi, telegram: FakeTelegram) -> None:
    telegram.hides_members("-1001")
    assert await api.is_admin(GROUP, "7") is None
    telegram.promotes("-1001", "4242")
    assert await api.is_admin(GROUP, "7") is True
    assert await api.is_admin(CHANNEL, "7") is True
    assert await api.is_admin(CHANNEL, "99") is False
    telegram.promotes("-1009", "4242", "member")
    assert await api.is_admin(CHANNEL, "7") is None


async def test_a_bot_that_is_not_there_does_not_know(api: adapter.TelegramApi, telegram: FakeTelegram) -> None:
    telegram.kicks("-1001")
    assert await api.is_admin(GROUP, "7") is None
    assert await api.is_admin(model.ChatAddress("telegram", "-5"), "7") is None


async def test_rights_in_a_group_that_moved_are_those_of_its_new_address(
    api: adapter.TelegramApi, telegram: FakeTelegram
) -> None:
    telegram.knows("-7", "group", people={"7": "creator"})
    telegram.migrates("-7", "-1007")
    assert await api.is_admin(model.ChatAddress("telegram", "-7"), "7") is True


@pytest.mark.parametrize(
    "fault", ["502", "404 page", "403 page", "400 page", "broken json", "list", "hang before", "429"]
)
async def test_a_telegram_that_does_not_answer_is_no_no(
    api: adapter.TelegramApi, telegram: FakeTelegram, fault: str
) -> None:
    telegram.answers(fault, method="getChatMember")
    with pytest.raises(errors.RetryLater):
        await api.is_admin(GROUP, "7")
    telegram.releases(drop=True)


# ── places ────────────────────────────────────────────────────────────────────


async def test_a_place_is_found_by_name_and_by_id(api: adapter.TelegramApi) -> None:
    vision = Place(
        chat=model.ChatAddress("telegram", "-1002"),
        kind=model.ChatKind.GROUP,
        title="Vision",
        public=True,
        is_linked=True,
    )
    assert await api.find_chat("@Vision_Papers") == vision
    assert await api.find_chat("-1002") == vision
    forum = await api.find_chat("-1001")
    assert forum is not None
    assert (forum.is_forum, forum.public, forum.kind) == (True, False, model.ChatKind.GROUP)
    papers = await api.find_chat("@papers")
    assert papers is not None
    assert papers.kind is model.ChatKind.BROADCAST


@pytest.mark.parametrize("name", ["@nobody", "-5", "@Ada", "0", ""])
async def test_what_the_bot_cannot_see_is_no_place(api: adapter.TelegramApi, name: str) -> None:
    assert await api.find_chat(name) is None


async def test_who_the_bot_is(api: adapter.TelegramApi, telegram: FakeTelegram) -> None:
    assert await api._client.get_me() == ("4242", "paperwire_test_bot")
    telegram.answers("404 page", method="getMe")
    with pytest.raises(errors.RetryLater):
        await api._client.get_me()
    telegram.revokes()
    with pytest.raises(errors.SenderStopped):
        await api._client.get_me()


# ── presses ───────────────────────────────────────────────────────────────────


async def test_a_press_is_acknowledged_with_as_many_words_as_fit(
    api: adapter.TelegramApi, telegram: FakeTelegram
) -> None:
    short, long, silent = (telegram.presses("x", tampered=True) for _ in range(3))
    await api.acknowledge(short, "Paused.")
    await api.acknowledge(long, "word " * 60)
    await api.acknowledge(silent)
    toasts = telegram.toasts()
    assert (toasts[short], toasts[silent]) == ("Paused.", "")
    assert len(toasts[long]) <= 200
    assert toasts[long].endswith("word…")


async def test_a_press_that_cannot_be_acknowledged_is_no_matter(
    api: adapter.TelegramApi, telegram: FakeTelegram
) -> None:
    press = telegram.presses("x", tampered=True)
    telegram.forgets_callbacks()
    await api.acknowledge(press, "x")
    for fault in ("502", "404 page", "not ok", "list", "cut before", "429"):
        telegram.answers(fault, method="answerCallbackQuery")
        await api.acknowledge(press, "x")
    telegram.goes_down()
    await api.acknowledge(press, "x")
    telegram.comes_back()
    assert telegram.toasts() == {}


# ── documents ─────────────────────────────────────────────────────────────────


async def test_a_file_is_sent_to_its_topic_and_silent(api: adapter.TelegramApi, telegram: FakeTelegram) -> None:
    file = File(name="subscriptions.txt", text="daily 09:00 | diffusion | \n扩散\n")
    await api.send_file(model.ChatAddress("telegram", "-1001", "5"), file)
    await api.send_file(model.ChatAddress("telegram", "42"), file)
    (topic,), (private,) = telegram.files_in("-1001"), telegram.files_in("42")
    assert (topic.thread, topic.name, topic.text, topic.silent) == ("5", file.name, file.text, True)
    assert (private.thread, private.silent) == ("", True)


async def test_a_file_to_a_chat_that_is_gone_is_told(api: adapter.TelegramApi, telegram: FakeTelegram) -> None:
    telegram.blocks("42")
    with pytest.raises(errors.ChatGone):
        await api.send_file(model.ChatAddress("telegram", "42"), File(name="a.txt", text="x"))


def dropped(telegram: FakeTelegram, content: str, name: str = "list of words.txt") -> str:
    """Sends a document as a person. Returns its id."""
    telegram.user_writes("", file=(name, content))
    return f"f{len(telegram._files)}"


async def test_a_dropped_file_is_fetched(api: adapter.TelegramApi, telegram: FakeTelegram) -> None:
    assert await api.fetch(dropped(telegram, "diffusion\n扩散\n"), 1000) == "diffusion\n扩散\n".encode()
    assert await api.fetch(dropped(telegram, "x" * 10), 10) == b"x" * 10


async def test_a_file_that_is_too_large_is_not_fetched(api: adapter.TelegramApi, telegram: FakeTelegram) -> None:
    with pytest.raises(errors.Refused, match="larger than 1 KB"):
        await api.fetch(dropped(telegram, "x" * 1025), 1024)
    assert telegram.arrived("file") == []
    telegram.largest_download = 10
    with pytest.raises(errors.Refused, match="larger than 1 KB"):  # Telegram itself offers no larger files
        await api.fetch(dropped(telegram, "x" * 11), 1024)
    with pytest.raises(errors.Refused, match="Telegram gives bots files of up to 20 MB"):  # we would read a larger file
        await api.fetch(dropped(telegram, "x" * 11), 50 << 20)


async def test_a_file_that_is_gone_or_was_never_there_is_rejected(
    api: adapter.TelegramApi, telegram: FakeTelegram
) -> None:
    with pytest.raises(errors.Rejected):
        await api.fetch("f99", 1000)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [("404 page", errors.Rejected), ("502", errors.RetryLater), ("hang before", errors.RetryLater)],
)
async def test_a_file_that_does_not_come_is_asked_for_later_where_that_helps(
    api: adapter.TelegramApi, telegram: FakeTelegram, fault: str, outcome: type[errors.NotDelivered]
) -> None:
    telegram.answers(fault, method="file")
    with pytest.raises(outcome):
        await api.fetch(dropped(telegram, "x"), 1000)
    telegram.releases(drop=True)


# ── updates ───────────────────────────────────────────────────────────────────


async def test_updates_come_as_telegram_writes_them(channel: adapter.TelegramChannel, telegram: FakeTelegram) -> None:
    telegram.user_writes("/sub diffusion")
    telegram.receives({"poll": {"a new field": [1, {"x": None}]}})
    first, second = await channel.client.updates(0, seconds=0, allowed=ALLOWED)
    assert first["message"]["entities"] == [{"type": "bot_command", "offset": 0, "length": 4}]
    assert second["poll"] == {"a new field": [1, {"x": None}]}
    assert len(await channel.client.updates(second["update_id"], seconds=0, allowed=ALLOWED)) == 1
    assert telegram.waiting() == 1


async def test_who_else_hears_is_told(channel: adapter.TelegramChannel, telegram: FakeTelegram) -> None:
    await channel.client.call("setWebhook", url="https://example.org/x")
    with pytest.raises(UpdatesConflict) as caught:
        await channel.client.updates(0, seconds=0, allowed=ALLOWED)
    assert caught.value.webhook


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("404 page", errors.RetryLater),
        ("403 page", errors.RetryLater),
        ("400 page", errors.RetryLater),
        ("502", errors.RetryLater),
        ("302", errors.RetryLater),
        ("413", errors.RetryLater),
        ("200 page", errors.RetryLater),
        ("list", errors.RetryLater),
        ("no result", errors.RetryLater),
        ("not ok", errors.RetryLater),
        ("cut after", errors.RetryLater),
        ("hang after", errors.RetryLater),
    ],
)
async def test_no_question_is_ever_unclear(
    channel: adapter.TelegramChannel, telegram: FakeTelegram, fault: str, outcome: type[errors.NotDelivered]
) -> None:
    telegram.answers(fault, method="getUpdates")
    with pytest.raises(outcome):
        await channel.client.updates(0, seconds=0, allowed=ALLOWED)
    telegram.releases(drop=True)
    assert await channel.client.updates(0, seconds=0, allowed=ALLOWED) == []


async def test_the_wait_that_telegram_asks_for_is_told(
    channel: adapter.TelegramChannel, telegram: FakeTelegram
) -> None:
    telegram.answers("429", method="getUpdates", retry_after=7)
    with pytest.raises(errors.RetryLater) as caught:
        await channel.client.updates(0, seconds=0, allowed=ALLOWED)
    assert caught.value.after == timedelta(seconds=7.5)


async def test_asking_for_updates_takes_no_connection_from_senders(telegram: FakeTelegram) -> None:
    channel = adapter.TelegramChannel(TOKEN, api_url=telegram.url, connect=0.2, read=5, in_flight=1)
    telegram.answers("hang before", method="getChat")
    slow = asyncio.create_task(channel.api().get_chat("42"))
    await asyncio.to_thread(telegram.waits_hanging)
    assert await channel.client.updates(0, seconds=0, allowed=ALLOWED) == []
    telegram.releases()
    await slow
    await channel.close()


# ── menus ─────────────────────────────────────────────────────────────────────

SPEAKERS = {"": lambda sentence: sentence.say(translator("en")), "zh": lambda sentence: sentence.say(translator("zh"))}


async def test_menus_and_words_are_set_once(channel: adapter.TelegramChannel, telegram: FakeTelegram) -> None:
    await adapter.publish_menus(channel.client, REGISTRY.commands, SPEAKERS)
    listed = [command.name for command in REGISTRY.commands if command.listed and not command.needs_operator]
    for language in ("", "zh"):
        assert [one["command"] for one in telegram.menu("all_private_chats", language)] == listed
        assert telegram.menu("all_chat_administrators", language) == telegram.menu("all_private_chats", language)
        assert telegram.menu("all_group_chats", language) == telegram.menu("default", language)
        assert "sub" not in [one["command"] for one in telegram.menu("default", language)]
        shown = await channel.client.call_for_object("getMyDescription", language_code=language)
        assert 0 < len(shown["description"]) <= 512
    sets = [method for method, _ in telegram.arrived() if method.startswith("set")]
    await adapter.publish_menus(channel.client, REGISTRY.commands, SPEAKERS)
    assert [method for method, _ in telegram.arrived() if method.startswith("set")] == sets


async def test_a_menu_that_was_changed_is_set_again(channel: adapter.TelegramChannel, telegram: FakeTelegram) -> None:
    await adapter.publish_menus(channel.client, REGISTRY.commands, SPEAKERS)
    await channel.client.call("setMyCommands", commands=[{"command": "old", "description": "gone"}])
    before = len(telegram.arrived("setMyCommands"))
    await adapter.publish_menus(channel.client, REGISTRY.commands, SPEAKERS)
    assert len(telegram.arrived("setMyCommands")) == before + 1


async def test_menus_that_cannot_be_set_are_only_logged(
    channel: adapter.TelegramChannel, telegram: FakeTelegram, caplog: pytest.LogCaptureFixture
) -> None:
    for fault in ("429", "404 page", "502"):
        telegram.answers(fault, method="setMyCommands")
        await adapter.publish_menus(channel.client, REGISTRY.commands, SPEAKERS)
    assert caplog.text.count("stay as they were") == 3


def test_members_are_shown_what_changes_nothing_and_nobody_what_operators_do() -> None:
    def command(name: str, **more: bool) -> Command:
        return Command(name=name, run=lambda _: None, summary=errors.Sentence("x" * 300), **more)  # type: ignore[arg-type]

    commands = [
        command("why"),
        command("sub", needs_manager=True),
        command("allow", needs_operator=True),
        command("start", listed=False),
        *(command(f"c{number}") for number in range(120)),
    ]
    menus = {menu.scope: menu for menu in adapter.menus_of(commands, {"": str})}
    assert menus["all_private_chats"] == adapter.Menu(
        scope="all_private_chats",
        language="",
        commands=tuple((name, "x" * 256) for name in ("why", "sub", *(f"c{number}" for number in range(98)))),
    )
    assert [name for name, _ in menus["all_group_chats"].commands][:2] == ["why", "c0"]
