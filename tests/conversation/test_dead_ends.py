"""A query that finds little is no dead end: older papers, a spelling, the nearest command, and what to try next."""

from datetime import timedelta

import pytest

from tests.product import Product


def test_old_papers_are_found_with_their_day(product: Product) -> None:
    product.brings("Diffusion of old")
    product.clock.advance(timedelta(days=40))
    product.brings("Graphs")
    assert product.says("diffusion").lines[0] == "1 of 2 papers, none in the last 7 days"
    product.brings("Diffusion of today")
    said = product.says("diffusion")
    assert said.lines[0] == "2 of 3 papers, 1 in the last 7 days"
    assert "1 Diffusion of today — Ada Example · cs.LG" in said.lines
    assert any(line.startswith("2 Diffusion of old — Ada Example · cs.LG · Thu 22 Jan") for line in said.lines)
    assert product.says("/search diffusion").text == said.text
    assert product.says("/sub diffusion").lines[1].startswith("It finds 1 paper in the last 7 days: ")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("difusion modles", "diffusion models"),
        ("Difusion -survey", "diffusion -survey"),
        ("ti:difusion", "ti:diffusion"),
        ("author:Exmaple", "author:Example"),
        ('"difusion models"', '"diffusion models"'),
    ],
)
def test_a_spelling_that_papers_have_is_offered(product: Product, typed: str, meant: str) -> None:
    product.brings("Diffusion models")
    said = product.says(typed)
    assert f"“{meant}”" in said.text
    assert "Diffusion models" not in said.text, "what was typed stays what is searched"
    assert "Diffusion models" in product.presses(meant).text
    product.says(typed)
    product.presses("subscribe")
    assert product.queries() == [typed]


def test_an_acronym_is_no_wrong_spelling(product: Product) -> None:
    product.brings("Crisp edges")
    assert product.says("CRISPR").lines[0] == "No paper that I know has “CRISPR”."
    product.presses("subscribe")
    assert product.queries() == ["CRISPR"]


@pytest.mark.parametrize(
    ("typed", "button"),
    [("sbu diffusion", "/sub diffusion"), ("/susbcribe diffusion", "/subscribe diffusion")],
)
def test_a_mistyped_command_is_a_press_away(product: Product, typed: str, button: str) -> None:
    product.brings("Diffusion")
    product.says("/sub graphs")
    assert button in product.says(typed).buttons
    assert product.presses(button).lines[0].startswith("✓")


def test_nonsense_is_offered_more_than_a_subscription(product: Product) -> None:
    product.brings("Diffusion")
    said = product.says("gloopty frindle")
    assert said.lines[0] == "No paper that I know has “gloopty”, “frindle”."
    assert said.buttons == ["help", "settings", "subscribe", "daily at 8", "mondays at 9"]
