"""Messages of which the bot is not sure are read by a language model: what it proposes is checked, and shown before it is done."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
from pydantic import SecretStr

from bot.commands import intent
from bot.conversation import proposals
from bot.model.language_model import model_of, reader_of
from bot.model.messages import FAILURES, MOST, REST, Messages
from bot.model.settings import Budget, ModelSettings
from bot.ports.conversation import MessageRequest, Place
from bot.settings import Settings
from subscriptions.model import ChatKind
from subscriptions.service import model_summaries
from tests.bot_harness import Answer, BotHarness
from tests.clock import NOON
from tests.conversation.deliverer import GROUP, ME, subscribe_to
from tests.fakes.chat_model import MODEL, FakeChatModel
from tests.make import address

UNSURE = "it would be lovely to have it gentler for us"
GERMAN = "mir bitte jeden Morgen neue Arbeiten über Seetang"
SAYS = "I was not sure. The language model parrot-1 reads it as:"


@dataclass
class Model:
    """A server with a language model, which says what a test lets it say."""

    server: FakeChatModel

    def says(self, *lines: object) -> None:
        self.server.say = lambda *_: json.dumps({"commands": lines})

    def turned_on(self, bot: BotHarness, *, requests: int = 100, patience: float = 5.0) -> None:
        settings = Settings(
            database_url=SecretStr("sqlite:///x"),
            of_rooms=(ModelSettings(url=self.server.url, name=MODEL, key=SecretStr("sesame")),),
        )
        model = model_of(settings)
        assert model is not None
        budget = Budget(requests=requests, tokens=1_000_000)
        bot.reader = Messages(bot.store, bot.clock, model, budget, patience=patience)
        bot.bot_info = replace(bot.bot_info, model=MODEL, model_reads=True)

    @property
    def asked(self) -> list[str]:
        return [text for _, text in self.server.asked]


@pytest.fixture
async def model(bot: BotHarness) -> AsyncIterator[Model]:
    with FakeChatModel() as server:
        model = Model(server)
        model.says()
        model.turned_on(bot)
        yield model
        assert bot.reader is not None
        await bot.reader.close()


async def listed(bot: BotHarness, chat: str = ME) -> str:
    return (await bot.says("/list", chat)).text


async def without_model(bot: BotHarness, text: str) -> Answer:
    reader, bot.reader = bot.reader, None
    answer = await bot.says(text)
    bot.reader = reader
    return answer


async def test_a_change_is_shown_before_it_is_done_and_can_be_undone(bot: BotHarness, model: Model) -> None:
    model.says("/sub Seetang daily 8")
    shown = await bot.says(GERMAN)
    assert shown.lines == [SAYS, "/sub Seetang daily 8", "Nothing is done yet."]
    assert shown.buttons == ["do it", "no"]
    assert model.asked == [GERMAN]
    assert "Seetang" not in await listed(bot)
    done = await bot.presses("do it")
    assert done.text.startswith("✓ 1")
    assert "undo" in done.buttons
    assert "Seetang" in await listed(bot)
    await bot.presses("undo")
    assert "Seetang" not in await listed(bot)


@pytest.mark.parametrize("yes", ["yes", "do it"])
async def test_yes_and_no_can_be_typed_and_no_does_nothing(bot: BotHarness, model: Model, yes: str) -> None:
    await subscribe_to(bot, "eels")
    model.says("/unsub all")
    await bot.says(UNSURE)
    assert (await bot.presses("no")).text == "Nothing is changed."
    assert "eels" in await listed(bot)
    await bot.says(UNSURE)
    assert "eels" in await listed(bot)  # another command is no answer
    await bot.says(UNSURE)
    await bot.says(yes)
    assert "eels" not in await listed(bot)


async def test_a_proposal_that_nobody_answers_does_not_keep_the_next_message_from_the_model(
    bot: BotHarness, model: Model
) -> None:
    model.says("/sub kelp")
    await bot.says(GERMAN)
    model.says("/sub eels")
    assert "/sub eels" in (await bot.says(GERMAN)).lines
    assert len(model.asked) == 2
    await bot.says("yes")
    assert ("eels" in await listed(bot), "kelp" in await listed(bot)) == (True, False)


async def test_several_commands_are_done_together_with_one_undo_and_a_refusal_is_named(
    bot: BotHarness, model: Model
) -> None:
    model.says("/sub kelp daily 8", "/unsub 7", "/sub eels weekly mon 9")
    shown = await bot.says(GERMAN)
    assert shown.lines[1:4] == ["/sub kelp daily 8", "/unsub 7", "/sub eels weekly mon 9"]
    done = await bot.presses("do it")
    assert [line for line in done.lines if line[:1] in "✓✗" and "/" in line] == [
        "✓ “/sub kelp daily 8”:",
        "✗ “/unsub 7”:",
        "✓ “/sub eels weekly mon 9”:",
    ]
    assert done.buttons.count("undo") == 1
    await bot.presses("undo")
    assert "no subscriptions" in await listed(bot)


async def test_papers_are_not_sent_before_somebody_says_so(bot: BotHarness, model: Model) -> None:
    bot.brings("Kelp")
    await bot.says("/sub kelp daily 09:00")
    model.says("/today")
    shown = await bot.says(GERMAN)
    assert shown.lines[:3] == [SAYS, "/today", "Nothing is done yet."]
    assert "on its way" in (await bot.says("do it")).text


async def test_what_only_reads_is_run_at_once(bot: BotHarness, model: Model) -> None:
    await subscribe_to(bot, "eels")
    model.says("/list")
    shown = await bot.says(UNSURE)
    assert shown.lines[0] == f"{SAYS} /list"
    assert "eels" in shown.text
    model.says("/list", "/status")
    assert {"“/list”:", "“/status”:"} <= {*(await bot.says(UNSURE)).lines}


@pytest.mark.parametrize(
    "sure",
    ["kelp", "list", "/list", "subscribe to eels daily at 8", "thanks", "2601.00001", "kelp -eels", "eels in rivers"],
)
@pytest.mark.sentences
async def test_a_message_that_is_understood_never_goes_to_the_model(bot: BotHarness, model: Model, sure: str) -> None:
    bot.brings("Eels in rivers")
    await bot.says(sure)
    assert model.asked == []


async def test_an_answer_to_a_question_never_goes_to_the_model(bot: BotHarness, model: Model) -> None:
    await subscribe_to(bot, "eels")
    await bot.says("/name 1")
    await bot.says(UNSURE)
    assert model.asked == []


async def test_off_nothing_is_asked(bot: BotHarness, model: Model) -> None:
    assert (await without_model(bot, UNSURE)).text
    assert model.server.forms == []


@pytest.mark.parametrize(
    "lines",
    [
        ("/sub a", "/sub b", "/sub c", "/list", "/status"),
        ("/dance",),
        ("sub kelp",),
        ("I cannot do that",),
        ("/allow telegram:43",),
        ("/admin 123456",),
        ("/sub kelp\n/unsub all",),
        ("/sub kelp\u2028/unsub all",),
        ("/sub \u202epleh",),
        ("/unsub @everybody 1",),
        ("/sub -1001234567890 kelp",),
        ("/sub@other_bot kelp",),
        ("/connect @everybody",),
        ("/email eve@example.org",),
        ("/import kelp",),
        ("/sub kelp to feishu",),
        ("/sub " + "kelp " * 60,),
    ],
)
def test_what_may_not_be_proposed_is_dropped(lines: tuple[str, ...]) -> None:
    place = Place(chat=address(ME), kind=ChatKind.PRIVATE)
    message = MessageRequest(place=place, update_id="u1", sender="42", text=UNSURE)
    registry = replace(intent.REGISTRY, destinations={"feishu": address("apprise:feishu")})
    assert proposals.checked(lines, message, registry, now=NOON) == {}


@pytest.mark.parametrize("lines", [(), ("/allow telegram:43",), (7, None)])
async def test_without_a_usable_proposal_the_message_is_answered_as_before(
    bot: BotHarness, model: Model, lines: tuple[object, ...]
) -> None:
    today = await without_model(bot, GERMAN)
    model.says(*lines)
    shown = await bot.says(GERMAN)
    assert (shown.lines[:2], shown.buttons) == (today.lines[:2], today.buttons)
    assert len(model.asked) == 1


async def test_what_is_wrong_is_dropped_and_the_rest_is_shown(bot: BotHarness, model: Model) -> None:
    model.says("/allow telegram:43", "/sub kelp")
    assert (await bot.says(GERMAN)).lines[1:-1] == ["/sub kelp"]


@pytest.mark.parametrize("fault", ["never", "slow", "429", "500", "nonsense", "cut", "4 MB"])
async def test_without_an_answer_in_time_the_message_is_answered_as_before(
    bot: BotHarness, model: Model, fault: str
) -> None:
    today = await without_model(bot, GERMAN)
    model.turned_on(bot, patience=0.3)
    model.says("/unsub all")
    model.server.always = fault
    shown = await bot.says(GERMAN)
    assert (shown.lines[:2], shown.buttons) == (today.lines[:2], today.buttons)


async def test_a_server_that_fails_is_left_alone_for_a_while(bot: BotHarness, model: Model) -> None:
    model.server.faults.append("429")
    await bot.says(GERMAN)
    await bot.says(GERMAN)  # it has asked for seven seconds
    assert len(model.asked) == 1
    model.server.always = "500"
    bot.later(seconds=8)
    for _ in range(FAILURES + 1):
        await bot.says(GERMAN)
    assert len(model.asked) == FAILURES
    model.server.always = None
    bot.later(seconds=REST + 1)
    model.says("/list")
    assert (await bot.says(GERMAN)).lines[0] == f"{SAYS} /list"


async def test_costs_count_in_the_budget_of_a_day(bot: BotHarness, model: Model) -> None:
    model.turned_on(bot, requests=1)
    await bot.says(GERMAN)
    await bot.says(GERMAN)
    assert len(model.asked) == 1
    day, _ = model_summaries.today(bot.store, now=bot.clock.now())
    assert (day.requests, day.tokens) == (1, model.server.tokens)


async def test_nobody_waits_for_a_model_that_has_no_place(bot: BotHarness, model: Model) -> None:
    reader = bot.reader
    assert isinstance(reader, Messages)
    reader._now = MOST
    await bot.says(GERMAN)
    assert model.asked == []


async def test_in_a_group_only_what_is_meant_for_the_bot_is_read_and_only_its_managers_change_it(
    bot: BotHarness, model: Model
) -> None:
    group = GROUP
    bot.admins[group] = {"42"}
    await subscribe_to(bot, "eels", chat=group)
    model.says("/unsub 1")
    assert not await bot.says(UNSURE, group, by="42")
    assert model.asked == []
    called = {"is_addressed": True, "mentions_bot": True}
    stranger = await bot.says(UNSURE, group, by="7", **called)
    assert SAYS not in stranger.text
    assert "do it" not in stranger.buttons
    shown = await bot.says(UNSURE, group, by="42", **called)
    assert shown.lines[1] == "/unsub 1"
    assert "eels" in await listed(bot, group)
    await bot.presses("do it", group, by="7")
    assert "eels" in await listed(bot, group)
    await bot.presses("do it", group, by="42")
    assert "eels" not in await listed(bot, group)


async def test_people_and_operators_are_told(bot: BotHarness, model: Model) -> None:
    said = "what is written to me where I am not sure what it means"
    assert said in (await bot.says("/privacy")).text
    bot.bot_info = replace(bot.bot_info, admins=(address(ME),))
    assert "It also reads messages of which I am not sure." in (await bot.says("/status")).lines
    bot.bot_info = replace(bot.bot_info, model_reads=False)
    assert said not in (await bot.says("/privacy")).text


async def test_the_model_learns_the_message_and_the_commands_and_nothing_else(bot: BotHarness, model: Model) -> None:
    await subscribe_to(bot, "eels")
    await bot.says(UNSURE)
    ((system, text),) = model.server.asked
    assert text == UNSURE
    assert "/sub QUERY [WHEN]: subscribe to a query" in system
    assert all(word not in system for word in ("eels", "Ada", "/allow", "/connect", "/email", "/import"))


def test_without_the_setting_no_message_is_read(bot: BotHarness) -> None:
    for reads, is_read in (("papers", False), ("messages", True)):
        chosen = ModelSettings(url="http://127.0.0.1:9/v1", name=MODEL, reads=reads)  # type: ignore[arg-type]
        settings = Settings(database_url=SecretStr("sqlite:///x"), of_rooms=(chosen,))
        assert (reader_of(settings, bot.store, bot.clock) is not None) == is_read
