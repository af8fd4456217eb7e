"""A language model at a server with OpenAI's interface: what it is asked, what counts as an answer, and its failures."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from bot.errors import ModelFails, ModelRefuses, ModelUnavailable, NoModelAnswer
from bot.model.language_model import model_of
from bot.model.settings import ModelSettings
from bot.ports.language_model import LanguageModel, ModelAnswer, ModelRequest
from bot.settings import Settings
from bot.settings.loading import load_settings
from tests.fakes.arxiv import FakeArxiv
from tests.fakes.chat_model import MODEL, FakeChatModel, summary_of
from tests.integration import cli
from tests.make import paper
from tests.patience import PATIENCE

SCHEMA: Mapping[str, object] = {
    "type": "object",
    "properties": {"word": {"type": "string"}},
    "required": ["word"],
    "additionalProperties": False,
}
PLAIN = ModelRequest(system="Repeat the text.", text="a calm sea")
OBJECT = ModelRequest(system="Repeat the text.", text='{"word": "sea"}', schema=SCHEMA)


@pytest.fixture
def server() -> Iterator[FakeChatModel]:
    with FakeChatModel() as server:
        yield server


def model_at(server: FakeChatModel, key: str = "sesame", at_once: int = 4) -> LanguageModel:
    chosen = ModelSettings(url=server.url, name=MODEL, key=SecretStr(key))
    settings = Settings(database_url=SecretStr("sqlite:///x"), of_rooms=(chosen,))
    model = model_of(settings, at_once=at_once)
    assert model is not None
    return model


async def ask(
    server: FakeChatModel, request: ModelRequest = PLAIN, *, key: str = "sesame", seconds: float = PATIENCE
) -> ModelAnswer:
    model = model_at(server, key)
    try:
        return await model.ask(request, seconds=seconds)
    finally:
        await model.close()


def test_there_is_no_model_unless_the_settings_name_one(tmp_path: Path) -> None:
    assert model_of(load_settings({}, tmp_path)) is None


async def test_an_answer_is_a_text_or_an_object_and_its_tokens(server: FakeChatModel) -> None:
    assert await ask(server) == ModelAnswer(text="a calm sea", value={}, tokens=9)
    assert await ask(server, OBJECT) == ModelAnswer(text=OBJECT.text, value={"word": "sea"}, tokens=7)
    assert server.asked == [("Repeat the text.", "a calm sea"), ("Repeat the text.", OBJECT.text)]


def test_a_request_costs_at_most_what_it_says() -> None:
    assert ModelRequest(system="", text="字" * 1000, most=10).cost > 1000
    assert OBJECT.cost > PLAIN.cost > PLAIN.most
    assert ModelRequest(system="", text="\ud800").cost > 0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('```json\n{"word": "sea"}\n```', {"word": "sea"}),
        ('<think>They want {a} word.</think>\n{"word": "sea"}', {"word": "sea"}),
        ('Here it is: {"word": "}{"}', {"word": "}{"}),
    ],
)
async def test_an_object_is_found_in_the_words_around_it(
    server: FakeChatModel, text: str, value: Mapping[str, object]
) -> None:
    server.say = lambda *_: text
    assert (await ask(server, OBJECT)).value == value


@pytest.mark.parametrize(
    ("refuses", "sent"),
    [
        (("response_format",), {"temperature", "max_tokens"}),
        (("temperature",), {"response_format", "max_tokens"}),
        (("max_tokens",), {"response_format", "temperature", "max_completion_tokens"}),
    ],
)
async def test_what_a_server_does_not_know_is_left_out_of_the_next_request(refuses: tuple[str], sent: set[str]) -> None:
    with FakeChatModel(refuses=refuses) as server:
        model = model_at(server)
        with pytest.raises(ModelUnavailable, match="it answers 400"):
            await model.ask(OBJECT, seconds=PATIENCE)
        assert (await model.ask(OBJECT, seconds=PATIENCE)).value == {"word": "sea"}
        assert server.forms[1].keys() == {"model", "messages", *sent}
        await model.close()


def said(**members: Any) -> Callable[[dict[str, Any]], object]:
    """Returns a change of an answer: its message has these members."""
    return lambda answer: {**answer, "choices": [{**answer["choices"][0], "message": members}]}


def changed(**members: Any) -> Callable[[dict[str, Any]], object]:
    """Returns a change of an answer: its choice has these members."""
    return lambda answer: {**answer, "choices": [{**answer["choices"][0], **members}]}


@pytest.mark.parametrize(
    ("fault", "kind", "reason", "tokens"),
    [
        (lambda: "slow", ModelUnavailable, "it is too slow", OBJECT.cost),
        (lambda: "never", ModelUnavailable, "it is too slow", OBJECT.cost),
        (lambda: "429", ModelUnavailable, "it answers 429", 0),
        (lambda: "500", ModelUnavailable, "it answers 500", 0),
        (lambda: "cut", ModelUnavailable, "it cannot be reached", OBJECT.cost),
        (lambda: "nonsense", ModelUnavailable, "is no answer of a model", OBJECT.cost),
        (lambda: "4 MB", NoModelAnswer, "does not have the form", OBJECT.cost),
        (lambda: web.Response(text="[" * 100_000), ModelUnavailable, "is no answer of a model", OBJECT.cost),
        (lambda: web.Response(text="[]"), ModelUnavailable, "is no answer of a model", OBJECT.cost),
        (lambda: web.Response(text="{}"), ModelUnavailable, "is no answer of a model", OBJECT.cost),
        (lambda: web.Response(status=302, headers={"Location": "/"}), ModelRefuses, "it answers 302", 0),
        (lambda: web.Response(status=403), ModelRefuses, "it refuses the key", 0),
        (lambda: web.Response(status=400, text="max_token"), ModelRefuses, "it answers 400", 0),
        (lambda: web.Response(status=400, text="x" * 10**6), ModelRefuses, "it answers 400", 0),
        (lambda: lambda answer: {**answer, "choices": []}, ModelUnavailable, "is no answer of a model", 7),
        (lambda: lambda answer: {**answer, "choices": 3}, ModelUnavailable, "is no answer of a model", 7),
        (lambda: said(content=None, refusal="No."), NoModelAnswer, "does not have the form", 7),
        (lambda: said(content="I cannot."), NoModelAnswer, "does not have the form", 7),
        (lambda: said(content='{"word": '), NoModelAnswer, "does not have the form", 7),
        (lambda: said(content="[1]"), NoModelAnswer, "does not have the form", 7),
        (lambda: said(content='{"word":' + "[" * 10**5 + "}"), NoModelAnswer, "does not have the form", 7),
        (lambda: said(content=" <think>…</think> "), NoModelAnswer, "its answer is not whole", 7),
        (lambda: said(content="{}", refusal="I cannot."), NoModelAnswer, "its answer is not whole", 7),
        (lambda: changed(finish_reason="length"), NoModelAnswer, "its answer is not whole", 7),
        (lambda: changed(finish_reason="content_filter"), NoModelAnswer, "its answer is not whole", 7),
        (lambda: changed(message="hello"), NoModelAnswer, "does not have the form", 7),
    ],
)
async def test_a_server_that_gives_no_answer_is_told(
    server: FakeChatModel, fault: Callable[[], Any], kind: type[ModelFails], reason: str, tokens: int
) -> None:
    server.faults.append(fault())
    slow = server.faults[0] in ("slow", "never")
    with pytest.raises(ModelFails) as told:
        await ask(server, OBJECT, seconds=0.3 if slow else PATIENCE)
    assert (type(told.value), told.value.tokens) == (kind, tokens)
    assert reason in str(told.value)
    assert "sesame" not in str(told.value)
    assert len(server.asked) == 1  # it is never asked again by itself


@pytest.mark.parametrize("counted", [None, {}, {"total_tokens": "9"}, {"total_tokens": -1}, {"total_tokens": 10**9}])
async def test_a_server_that_does_not_count_costs_what_was_expected(server: FakeChatModel, counted: object) -> None:
    server.faults.append(lambda answer: {**answer, "usage": counted})
    assert (await ask(server)).tokens == PLAIN.cost


async def test_the_key_and_the_wait_of_a_busy_server_are_told(server: FakeChatModel) -> None:
    with pytest.raises(ModelRefuses, match="it refuses the key"):
        await ask(server, key="other")
    server.faults.append("429")
    with pytest.raises(ModelUnavailable) as told:
        await ask(server)
    assert told.value.wait == 7
    server.goes_down()
    with pytest.raises(
        ModelUnavailable, match=f"{MODEL} at 127.0.0.1 gives no answer now: it cannot be reached"
    ) as down:
        await ask(server)
    assert down.value.tokens == 0


async def test_only_a_few_requests_run_at_once_and_none_waits_for_ever(server: FakeChatModel) -> None:
    model, server.answers_at = model_at(server, at_once=2), 2
    answers = await asyncio.gather(*(model.ask(PLAIN, seconds=PATIENCE) for _ in range(9)))
    assert (len(answers), server.most_at_once) == (9, 2)
    server.always = "never"
    hanging = [asyncio.create_task(model.ask(PLAIN, seconds=PATIENCE)) for _ in range(2)]
    await asyncio.to_thread(server.hangs.wait, PATIENCE)
    with pytest.raises(ModelUnavailable, match="too slow"):
        await model.ask(PLAIN, seconds=0.05)  # waits for a place
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)
    server.always = None
    assert (await model.ask(PLAIN, seconds=PATIENCE)).text == "a calm sea"
    await model.close()


def test_a_run_has_papers_summarised_after_it_has_delivered_them(
    terminal: cli.Terminal, local_arxiv: FakeArxiv, server: FakeChatModel
) -> None:
    server.say = summary_of
    terminal.set("MODEL_URL", server.url)
    terminal.set("MODEL_NAME", MODEL)
    terminal.set("MODEL_KEY", "sesame")
    terminal.set("MODEL_DAILY", "9 requests, 90000 tokens")
    terminal.set("WEB_PORT", "0")
    terminal.file("paperwire.toml", f'[[source]]\nname = "lg"\nurl = "{local_arxiv.url}/rss/cs.LG"\n')
    terminal.set("ALLOWED_HOSTS", "127.0.0.1")
    terminal("subscribe", "eels", "--as", "console:me")
    abstract = "We follow eels for one summer with small radio tags, in forty places. " * 4
    today = datetime.now(UTC).date()  # the program uses the machine's clock
    local_arxiv.announces(today, paper("On eels", "cs.LG", arxiv_id="2601.00001", abstract=abstract))
    ended = terminal("run", "--once")
    assert (ended.status, "We follow eels" in ended.out, "AI:" in ended.out) == (0, True, False)
    assert len(server.asked) == 1
    assert "AI: Radio tags show that eels move further" in terminal("say", "2601.00001", "--as", "console:me").out
    assert f"{MODEL} today: summaries 1, unusable 0; requests 1 of 9, " in terminal("status").out
    assert terminal("status", "--json").json["model"]["tokens"] == server.tokens
    assert f"{MODEL} answers" in terminal("check").out
    server.always = "500"
    assert "gives no answer now: it answers 500" in terminal("check").out
