"""Words as people type them find papers as authors write them: the place is marked in messages, and said by why and match."""

import pytest

from tests.papers import paper
from tests.product import Product

FOUND = [  # typed, the place that is marked, the other way to write it, which is not found
    pytest.param("multimodal", "Multi-Modal", "multi modal", id="a word of a hyphenated one"),
    pytest.param("multi-modal", "Multimodal", "modal multi", id="a hyphenated word"),
    pytest.param('"few shots"', "Fewshot", "few more shots", id="a phrase"),
    pytest.param("UNet", "U-Net", "U net", id="a letter and a word"),
    pytest.param("pretrain*", "Pre-training", "pre training", id="a beginning"),
    pytest.param("pre-trai*", "Pretraining", "train, pre", id="a beginning with a hyphen"),
    pytest.param('"pretrained boats"', "Pre-trained boat", "pre trained boat", id="a phrase with a hyphenated word"),
    pytest.param("viruses", "virus", "viral", id="a plural"),
    pytest.param("behaviour", "Behavior", "behave", id="a British spelling"),
]


@pytest.mark.parametrize(("typed", "written", "other"), FOUND)
def test_hit_by_another_spelling_is_marked_everywhere(product: Product, typed: str, written: str, other: str) -> None:
    product.says(f"/sub {typed} now")
    product.brings(paper(f"The {written} by the sea"), paper(f"The {other} by the sea"))
    (sent,) = product.delivers()
    assert f"The <u>{written}</u> by the sea" in sent.entries[0].payload["text"]
    assert f"<i>in the title:</i> The <u>{written}</u>" in product.presses("why").entries[0].payload["text"]
    (digest,) = (product.folder / "brought").iterdir()
    (why,) = product.tells("match", typed, str(digest))["why"].values()
    assert why == [{"field": "title", "terms": [written]}]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("multi-modal -pre-trained", "multimodal, pretrained"),
        ("few-sho*", "fewsho*"),
        ("all:U-Net", "UNet"),
        ('"pre-trained model"', "pretrained model"),
    ],
)
def test_explain_says_what_is_also_one_word(product: Product, typed: str, said: str) -> None:
    assert f"also as one word: {said}\n" in product.runs("explain", typed).out


@pytest.mark.parametrize("typed", ["10-20", "x-y", "all:I-II", "=multi-modal", "author:Xiao-Ming", "multimodal"])
def test_explain_says_nothing_of_what_is_never_one_word(product: Product, typed: str) -> None:
    assert "one word" not in product.runs("explain", typed).out
