"""A language model at a server with OpenAI's interface: answers as servers really give them, and servers that give none."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from bot.llm.endpoint import Endpoint, object_in
from subscriptions.errors import ModelError
from tests.fakes.chat_model import MODEL, FakeChatModel
from tests.patience import PATIENCE

TASK, TEXT = "Repeat the text.", '{"word": "sea"}'
SEA = {"word": "sea"}


@pytest.fixture
def server() -> Iterator[FakeChatModel]:
    with FakeChatModel() as server:
        yield server


async def ask(server: FakeChatModel, text: str = TEXT, *, key: str = "sesame", seconds: float = PATIENCE) -> str:
    model = Endpoint(server.url, MODEL, SecretStr(key), at_once=4)
    try:
        return await model.ask(TASK, text, seconds=seconds)
    finally:
        await model.close()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (TEXT, SEA),
        (f"```json\n{TEXT}\n```", SEA),
        ('Here it is: {"word": "}{"}', {"word": "}{"}),
        (f'A word such as {{"word": "…"}}.\n</think>\n\n{TEXT}', SEA),
        (f"<|channel|>analysis<|message|>We need {{word}}.<|end|><|start|>assistant<|channel|>final<|message|>{TEXT}", SEA),
        (f"{TEXT}\n{TEXT}", SEA),
        ('{"word": "a calm\nsea"}', {"word": "a calm\nsea"}),
        ("I cannot.", {}),
        ('{"word":' + "[" * 10**5 + "}", {}),
        ('{"a":' * 10**4, {}),
    ],
)  # fmt: skip
async def test_an_object_is_found_in_what_is_around_it(
    server: FakeChatModel, text: str, found: Mapping[str, object]
) -> None:
    server.say = lambda *_: text
    assert object_in(await ask(server)) == found
    assert server.asked == [(TASK, TEXT)]


def said(**members: Any) -> Callable[[dict[str, Any]], object]:
    """Returns a change of an answer: its message has these members."""
    return lambda answer: {**answer, "choices": [{**answer["choices"][0], "message": members}]}


def changed(**members: Any) -> Callable[[dict[str, Any]], object]:
    """Returns a change of an answer: its choice has these members."""
    return lambda answer: {**answer, "choices": [{**answer["choices"][0], **members}]}


PARTS = [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm {x}."}]}, {"type": "text", "text": TEXT}]


@pytest.mark.parametrize(
    "change", [changed(finish_reason=None), changed(finish_reason="STOP"), said(role="assistant", content=PARTS)]
)
async def test_an_answer_may_end_without_a_word_and_come_in_parts(server: FakeChatModel, change: Any) -> None:
    server.faults.append(change)
    assert await ask(server) == TEXT


@pytest.mark.parametrize(
    ("fault", "reason", "is_down", "was_read"),
    [
        ("slow", "it is too slow", True, True),
        ("429", "it answers 429", True, False),
        ("500", "it answers 500", True, True),
        ("cut", "it cannot be reached", True, True),
        ("4 MB", "does not have the form", False, True),
        (web.Response(text="[" * 100_000), "is no answer of a model", True, True),
        (web.Response(status=400, text="x" * 10**6), "it answers 400", False, True),
        (lambda answer: {**answer, "choices": []}, "is no answer of a model", True, True),
        (said(content=None, refusal="No."), "does not have the form", False, True),
        (said(content=" <think>…</think> "), "its answer is not whole", False, True),
        (said(content="{}", refusal="I cannot."), "its answer is not whole", False, True),
        (changed(finish_reason="length"), "its answer is not whole", False, True),
    ],
)
async def test_a_server_that_gives_no_answer_is_told(
    server: FakeChatModel, fault: Any, reason: str, is_down: bool, was_read: bool
) -> None:
    server.faults.append(fault)
    with pytest.raises(ModelError, match=reason) as told:
        await ask(server, seconds=0.3 if fault in ("slow", "never") else PATIENCE)
    assert (told.value.is_down, told.value.was_read) == (is_down, was_read)
    assert "sesame" not in str(told.value)
    assert len(server.asked) == 1  # it is never asked again by itself


async def test_the_key_and_the_wait_of_a_busy_server_are_told(server: FakeChatModel) -> None:
    with pytest.raises(ModelError, match="it refuses the key") as refused:
        await ask(server, key="other")
    assert (refused.value.is_down, refused.value.was_read) == (True, False)
    server.faults.append("429")
    with pytest.raises(ModelError) as told:
        await ask(server)
    assert told.value.wait == 7
    server.goes_down()
    with pytest.raises(ModelError, match=f"{MODEL} at 127.0.0.1 gives no answer now: it cannot be reached") as down:
        await ask(server)
    assert not down.value.was_read
