"""Small answers that were wrong in one place and right in another: who lets in, new chats, settings, aliases."""

import pytest

from tests.papers import paper
from tests.product import Product


def says(product: Product, text: str, chat: str = "console:new") -> tuple[int, str]:
    finished = product.runs("say", text, "--as", chat)
    return finished.status, finished.out + finished.err


def test_why_names_the_operator_who_lets_a_chat_in(product: Product) -> None:
    product.sets(ACCESS="ask", ADMINS="telegram:7")
    product.says("/sub kelp now")
    kelp = paper("Kelp")
    product.brings(kelp)
    said = product.says(f"/why {kelp.arxiv_id}").text
    assert "waits until the operator of this bot lets it in" in said
    assert "admin" not in said


@pytest.mark.parametrize("text", ["/help", "help", "/search kelp", "/today kelp", "/start", "kelp", "/status"])
def test_new_chat_may_ask_what_is_not_about_a_chat(product: Product, text: str) -> None:
    product.brings("Kelp")
    status, out = says(product, text)
    assert (status, "no such chat" in out) == (0, False), out


@pytest.mark.parametrize("text", ["/list", "/pause", "/set lang zh", "/unsub 1"])
def test_new_chat_has_nothing_to_change(product: Product, text: str) -> None:
    product.brings("Kelp")
    status, out = says(product, text)
    assert (status, "no such chat" in out) == (1, True), out


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("/foo", "/sub"),
        ("/folow kelp", "/sub"),
        ("/susbcribe", "/subscribe"),
        ("/serach kelp", "/search"),
        ("/subscribee", "/sub"),
    ],
)
def test_unknown_command_offers_a_main_name(product: Product, typed: str, meant: str) -> None:
    reply = product.says(typed)
    assert f"Did you mean {meant}?" in reply.text
    assert reply.buttons[0].split()[0] == meant
    assert f"Did you mean {meant}?" in says(product, typed)[1]


@pytest.mark.parametrize("setting", ["papers 5", "limit 12", "buttons off"])
def test_setting_without_effect_is_refused(product: Product, setting: str) -> None:
    product.runs("subscribe", "kelp", "--as", "console:me")
    before = product.tells("settings", "--as", "console:me")
    status, out = says(product, f"/set {setting}", "console:me")
    assert (status, "is fixed in this kind of chat" in out) == (1, True)
    assert product.tells("settings", "--as", "console:me") == before
    name = setting.split(maxsplit=1)[0]
    assert "[" not in says(product, f"/set {name}", "console:me")[1]
    product.says("/sub kelp")
    assert says(product, f"/set {setting}", "telegram:42")[1].startswith("✓")
