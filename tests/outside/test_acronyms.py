"""The answer to a subscription says what an acronym stands for, if papers agree, and offers these words."""

import pytest

from tests.papers import Paper, paper
from tests.product import Product


def defining(acronym: str, *words: str, count: int = 10) -> list[Paper]:
    """Return papers that define an acronym, in turn by these words."""
    return [
        paper(f"{acronym} of kelp {number}", abstract=f"We use {words[number % len(words)]} ({acronym}) on reefs.")
        for number in range(count)
    ]


FORMS = ("large language models", "Large Language Models", "large-language models", "a large language model")
OTHERS = [paper(f"Reef {number}", abstract="Another large language model.") for number in range(3)]


def test_acronym_is_spelled_out_by_a_button(product: Product) -> None:
    product.brings(*defining("LLM", *FORMS, count=12), *OTHERS)
    said = product.says("/sub LLM -survey now")
    assert "LLM is large language model in 12 of 12 papers." in said.lines
    widened = product.presses("also “large language model”: 3 more")
    assert product.queries() == ['(LLM OR "large language model") -survey']
    assert "LLM is" not in widened.text
    product.presses("undo")
    assert product.queries() == ["LLM -survey"]
    assert "also “large language model”: 3 more" in product.says("/edit 1 LLMs").buttons


@pytest.mark.parametrize("query", ["llm", "LLMs reef", "ti:moss OR LLM"])
def test_acronym_is_known_in_any_letter_case(product: Product, query: str) -> None:
    product.brings(*defining("LLM", *FORMS), *OTHERS)
    assert "LLM is large language model in 10 of 10 papers." in product.says(f"/sub {query}").lines


@pytest.mark.parametrize(
    "query", ["reef -LLM", '"LLM reefs"', "=LLM", "LLM*", "author:LLM", 'LLM OR "large language model"']
)
def test_acronym_in_another_part_of_a_query_is_left_alone(product: Product, query: str) -> None:
    product.brings(*defining("LLM", *FORMS), *OTHERS)
    assert " is large" not in product.says(f"/sub {query}").text


@pytest.mark.parametrize(
    "papers",
    [
        defining("LLM", *FORMS, count=9),
        defining("AD", "Alzheimer's disease", count=20),
        defining("APT", "atomic parity test", "advanced persistent threat", "annotated parse tree", count=30),
        [*defining("LLM", *FORMS, count=17), *defining("LLM", "long-lived mesons", count=1)],
    ],
    ids=["few", "two letters", "three meanings", "94 % alike"],
)
def test_doubtful_acronym_is_not_spelled_out(product: Product, papers: list[Paper]) -> None:
    product.brings(*papers, *OTHERS, paper("Reefs", abstract="Alzheimer's disease, advanced persistent threat."))
    for query in ("LLM", "AD", "APT"):
        assert f"{query} is " not in product.says(f"/sub {query}").text
