"""Destinations that no person uses: only an operator can subscribe them, from a chat."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.apprise import fake_services
from tests.fakes.telegram import NAME, FakeTelegram
from tests.product import INBOX, Product

ME, STRANGER, GROUP, TEAM = "42", "43", "-1001", "apprise:team-feishu"


@pytest.fixture(autouse=True)
def _destinations(product: Product, telegram: FakeTelegram) -> Iterator[None]:
    telegram.knows(STRANGER, title="Bo")
    tables = (f'[[destination]]\nname = "{name}"\nurl_env = "TEAM_URL"\n' for name in ("team-feishu", "speech"))
    product.writes("paperwire.toml", INBOX + "".join(tables))
    product.sets(ACCESS="ask", ADMINS=f"telegram:{ME}")
    with fake_services() as fake:
        product.settings["TEAM_URL"] = fake.address("json")
        yield


def of_team(product: Product) -> list[Any]:
    """Returns the queries of the destination, which need not be stored."""
    return [one["text"] for one in product.subscriptions(TEAM)]


@pytest.mark.parametrize(
    "said",
    [
        "/sub diffusion daily 9\nTO Team-Feishu ",
        "/sub diffusion 每天9点 发到 team-feishu",
    ],
)
def test_an_operator_subscribes_a_destination(product: Product, said: str) -> None:
    answer = product.says(said)
    assert "team-feishu" in answer.lines[0]
    assert "✓" in answer.lines[0]
    (one,) = product.subscriptions(TEAM)
    assert (one["text"], one["cadence"][:5], one["state"]) == ("diffusion", "daily", "active")
    assert product.queries() == []


def test_other_commands_and_buttons_are_about_it_too(product: Product) -> None:
    product.says("/sub diffusion daily 9 to team-feishu\ntrees to team-feishu")
    assert of_team(product) == ["diffusion", "trees"]
    product.says("/sub graphs")
    said = product.says("/list to team-feishu")
    assert "diffusion" in said.text
    assert "graphs" not in said.text
    product.says("/set lang zh to team-feishu")
    langs = [product.tells("settings", "--as", chat)["settings"]["lang"] for chat in (TEAM, f"telegram:{ME}")]
    assert langs == ["zh", "en"]
    product.says("/unsub 1 to team-feishu")
    assert (of_team(product), product.queries()) == (["trees"], ["graphs"])
    product.says("/sub kelp daily 9 to team-feishu")
    assert product.presses("undo").chats == [ME]
    assert (of_team(product), product.queries()) == (["trees"], ["graphs"])


def test_nothing_is_sent_to_a_destination_as_an_answer(product: Product) -> None:
    for said in (
        "/sub diffusion to team-feishu",
        "/help to team-feishu",
        "/sub to team-feishu",
        "/pause to team-feishu",
    ):
        assert product.says(said).chats == [ME]
    assert [one for one in product.outbox() if one["chat"] == TEAM] == []


@pytest.mark.parametrize("access", ["open", "ask", "closed"])
def test_a_stranger_does_nothing_with_a_destination(product: Product, access: str) -> None:
    product.sets(ACCESS=access)
    product.says("/sub diffusion to team-feishu", STRANGER)
    assert of_team(product) == []
    product.says("/sub graphs to team-feishu")
    before = product.runs("export", "--all").out
    for said in (
        "/sub diffusion daily 9 to team-feishu",
        "/list to team-feishu",
        "/unsub all to team-feishu",
        "/set lang zh to team-feishu",
        "/export to team-feishu",
        "/forget to team-feishu",
        "/preview to team-feishu",
        "/undo to team-feishu",
    ):
        answer = product.says(said, STRANGER)
        assert answer.text.startswith("✗ team-feishu: Only the operator of this bot sends papers there."), answer.text
        assert [entry.kind for entry in answer.entries] == ["post"]
    assert product.runs("export", "--all").out == before
    assert product.says("/allow apprise:team-feishu", STRANGER).text.startswith("✗ Only the operator of this bot can")


def test_a_stranger_does_not_press_an_operators_button(product: Product, telegram: FakeTelegram) -> None:
    telegram.knows(GROUP, title="Lab", people={ME: "creator", STRANGER: "administrator"})
    product.says(f"/sub@{NAME} graphs daily 9 to team-feishu", GROUP, by=ME)
    assert of_team(product) == ["graphs"]
    answer = product.presses("undo", GROUP, by=STRANGER)
    assert "Only the operator" in answer.text + answer.toast
    assert of_team(product) == ["graphs"]


def test_whoever_sits_at_the_machine_is_an_operator_of_destinations(product: Product) -> None:
    product.tells("say", "/sub diffusion to team-feishu", "--as", "console:me")
    assert of_team(product) == ["diffusion"]


def test_words_that_name_no_destination_are_a_query(product: Product) -> None:
    for number, said in enumerate(
        (
            "/sub text to image",
            "/sub to",
            '/sub "text to speech"',
            "/sub to team-feishu or so",
            "/sub graphs to speech2",
        )
    ):
        product.says(said)
        assert len(product.queries()) == number + 1
    assert product.subscriptions("apprise:speech") == []
