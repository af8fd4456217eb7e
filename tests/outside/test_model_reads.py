"""A language model that reads messages (PAPERWIRE_MODEL_READS): when it is asked, and what becomes of its answers."""

import json
from collections.abc import Iterator

import pytest

from tests.fakes.chat_model import MODEL, FakeChatModel
from tests.papers import paper
from tests.product import Product

READS = f"The language model {MODEL} reads it as:"
UNSURE = "please get rid of the first one"  # it seems to want a change, so the subscriptions are shown


@pytest.fixture
def model(product: Product) -> Iterator[FakeChatModel]:
    """A server with a language model that reads messages. The chat has one subscription, and there is one paper."""
    with FakeChatModel() as fake:
        product.sets(MODEL_URL=fake.url, MODEL_NAME=MODEL, MODEL_KEY="sesame", MODEL_READS="messages")
        product.says("/sub kelp daily 8")
        product.brings(paper("Kelp forests", arxiv_id="2601.00001"))
        yield fake


def answers(model: FakeChatModel, *commands: str) -> None:
    model.say = lambda _system, _text: json.dumps({"commands": commands})


def test_what_it_proposes_is_offered_word_for_word_and_done_when_it_is_pressed(
    product: Product, model: FakeChatModel
) -> None:
    answers(model, "/unsub 1", "/sub moss every friday")
    said = product.says(UNSURE)
    assert READS in said.lines
    assert said.buttons[:2] == ["/unsub 1", "/sub moss every friday"]
    assert said.lines[-2:] == ["/unsub 1: remove a subscription", "/sub moss every friday: subscribe to a query"]
    assert product.queries() == ["kelp"], "nothing is done before a button is pressed"
    product.presses("/unsub 1")
    assert product.queries() == []
    product.says("/undo")
    assert product.queries() == ["kelp"]


def test_it_knows_the_commands_and_the_message_and_nothing_of_who_wrote_it(
    product: Product, model: FakeChatModel
) -> None:
    answers(model)
    product.says(UNSURE)
    ((task, text),) = model.asked
    assert text == UNSURE
    assert "/sub QUERY [WHEN]" in task
    for unwanted in ("/allow", "/admin", "/import", "/email", "kelp", "Ada", "42"):
        assert unwanted not in task
    assert f"go to the language model {MODEL}" in product.says("/privacy").entries[0].text


@pytest.mark.parametrize(
    "said",
    ["/list", "list", "hi", "2601.00001", "remove 2601.00001", "kelp", "kelp forests", "without 9 " + "words " * 200],
)
def test_it_is_not_asked_where_the_bot_is_sure(product: Product, model: FakeChatModel, said: str) -> None:
    product.says(said)
    assert model.asked == []


def test_it_is_asked_if_words_find_nothing(product: Product, model: FakeChatModel) -> None:
    answers(model, "/list")
    assert product.says("wozu bist du gut").buttons[0] == "/list"


def test_without_the_setting_it_reads_no_message(product: Product, model: FakeChatModel) -> None:
    del product.settings["PAPERWIRE_MODEL_READS"]
    product.says(UNSURE)
    assert model.asked == []


@pytest.mark.parametrize(
    "line",
    [
        "unsub 1",
        "/nonsense",
        "/allow telegram:666",
        "/admin sesame",
        "/import daily 8 | moss",
        "/email me@lab.org",
        "/sub -1001234567890 moss",
        "/sub @channel moss",
        "/list@other_bot",
        "/sub moss\n/forget",
        "/sub " + "moss " * 50,
        "/unsub 99",
        "/pause 77",
        "/edit 1 -",
        "/sub moss daily 25",
        "/search moss OR -x",
    ],
)
def test_what_a_person_here_may_not_be_offered_is_left_out(product: Product, model: FakeChatModel, line: str) -> None:
    answers(model, line, "/today")
    said = product.says(UNSURE)
    assert [one for one in said.buttons if one.startswith("/")] == ["/today"]


@pytest.mark.parametrize(
    "answer",
    [
        json.dumps({"commands": ["/list"] * 4}),
        json.dumps({"commands": "/list"}),
        json.dumps({"commands": [{"command": "/list"}]}),
        "/list",
        "[" * 5000,
    ],
)
def test_an_answer_of_another_kind_offers_nothing(product: Product, model: FakeChatModel, answer: str) -> None:
    model.say = lambda _system, _text: answer
    said = product.says(UNSURE)
    assert "kelp" in said.text
    assert READS not in said.text


@pytest.mark.parametrize("fault", ["500", "429", "cut", "never"])
def test_without_an_answer_of_the_model_the_bot_answers_as_it_can(
    product: Product, model: FakeChatModel, fault: str
) -> None:
    model.always = fault
    said = product.says(UNSURE)
    assert "kelp" in said.text
    assert READS not in said.text


def test_messages_and_summaries_share_the_requests_of_a_day(product: Product, model: FakeChatModel) -> None:
    product.sets(MODEL_DAILY="1")
    answers(model, "/list")
    assert READS in product.says(UNSURE).lines
    assert READS not in product.says(UNSURE).lines
    assert len(model.asked) == 1
