"""Summaries by a language model, as people see them: under titles, behind [more], and in /why."""

from collections.abc import Iterator

import pytest

from tests.fakes.chat_model import MODEL, FakeChatModel, summary_of
from tests.papers import paper
from tests.product import Product

ABSTRACT = "We follow eels for one summer with small radio tags. " * 4
EELS = paper("On eels", "q-bio.PE", arxiv_id="2601.00001", abstract=ABSTRACT)
BY = f"Its summary is by a language model, {MODEL}, Thu 22 Jan."


@pytest.fixture
def server(product: Product) -> Iterator[FakeChatModel]:
    """A server with a language model, which the settings name."""
    with FakeChatModel(say=summary_of) as fake:
        product.sets(MODEL_URL=fake.url, MODEL_NAME=MODEL, MODEL_KEY="sesame", ADMINS="telegram:42")
        yield fake


def asked_today(product: Product) -> tuple[str, int, int]:
    today = product.runs("status", "--json").json["model"]
    return today["name"], today["requests"], today["summaries"]


def test_a_summary_that_is_there_in_time_is_shown_like_one_of_a_digest_and_why_names_the_model(
    product: Product, server: FakeChatModel
) -> None:
    product.says("/sub eels daily 14:00")
    product.brings(EELS)
    assert asked_today(product) == (MODEL, 0, 0)
    product.listens()
    assert asked_today(product) == (MODEL, 1, 1)
    (alert,) = product.later(hours=2)
    assert "AI: Radio tags show that eels move further than maps say." in alert.text
    assert ABSTRACT[:50] not in alert.text
    assert "The authors follow eels in forty places." in product.says("2601.00001").text + product.presses("more").text
    assert BY in product.says("/why").lines


def test_what_is_not_there_at_the_due_moment_comes_with_its_abstract_and_more_shows_it_later(
    product: Product, server: FakeChatModel
) -> None:
    assert server.asked == []
    product.says("/sub eels daily 14:00")
    product.brings(EELS)
    (alert,) = product.later(hours=2)
    assert ABSTRACT[:50] in alert.text
    product.listens()
    assert product.later(minutes=1) == []  # nothing is edited or sent again
    assert product.telegram.edits_in("42") == []
    assert "eels move further" in product.presses("more").text


def test_a_bilingual_chat_gets_the_title_of_the_model_above_the_original(
    product: Product, server: FakeChatModel
) -> None:
    product.says("/lang zh")
    product.says("/set 内容 中英对照")
    product.says("/sub eels daily 14:00")
    product.brings(EELS)
    product.listens()
    assert "Chinese" in server.asked[0][0]
    (alert,) = product.later(hours=2)
    title = next(number for number, line in enumerate(alert.lines) if line.endswith("eels的中文标题"))
    assert alert.lines[title + 1].endswith("On eels")
    assert "AI: 无线电标签显示，eels 移动得比地图上更远。" in alert.text


def test_privacy_names_the_model_if_there_is_one(product: Product) -> None:
    assert "language model" not in product.says("/privacy").entries[0].text
    product.sets(MODEL_URL="http://127.0.0.1:9/v1", MODEL_NAME=MODEL)
    said = product.says("/privacy").entries[0].text
    assert f"Titles and abstracts of papers that come here go to the language model {MODEL}" in said


def test_the_state_and_a_check_tell_of_the_model(product: Product, server: FakeChatModel) -> None:
    product.sets(MODEL_DAILY="9")
    product.says("/sub eels daily 14:00")
    product.brings(EELS)
    product.listens()
    assert f"{MODEL} today: summaries 1; requests 1 of 9." in product.runs("status").out
    assert f"{MODEL} answers" in product.runs("check").out
    server.always = "500"
    assert "gives no answer now: it answers 500" in product.runs("check").out
