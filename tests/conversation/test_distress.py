"""A person in distress gets one kind sentence; a text about papers that has the same words never does."""

import pytest

from tests.prepared import prepared
from tests.product import Product

KIND = "findahelpline.com"


@prepared
def begun(product: Product) -> None:
    """A chat with a subscription."""
    product.says("/sub kelp")


@pytest.mark.parametrize(
    "said",
    [
        "I want to die",
        "i don't want to live anymore...",
        "I’m suicidal.",
        "I WANNA KILL MYSELF!!",
        "I wish I was dead",
        "我想自杀",
        "我真的活不下去了。",
        "不想活了……",
    ],
)
def test_a_person_in_distress_is_answered_kindly_and_without_buttons(begun: Product, said: str) -> None:
    begun.says("/edit 1")  # the open question is no trap
    seen = begun.says(said)
    assert KIND in seen.text
    assert (len(seen.lines), seen.buttons) == (1, [])
    assert begun.queries() == ["kelp"]


@pytest.mark.parametrize(
    "said",
    [
        "cut my self-attention alerts",
        "end my life cycle assessment subscription",
        "kill my self-supervised alerts",
        "suicide",
        "I want to die casting papers",
        "papers on people who want to kill themselves",
        "I am thinking about suicide prevention in schools",
        "stop self-harm detection",
        "I want to end my subscription",
        "take my life sciences feed away",
        "no reason to live stream",
        "我想自杀预防的论文",
        "取消自残检测的订阅",
        "我想死亡率预测",
        "结束生命周期评估的订阅",
    ],
)
def test_a_text_with_the_same_words_is_read_as_any_other(begun: Product, said: str) -> None:
    assert KIND not in begun.says(said).text
    assert KIND not in begun.says(f"/search {said}").text


def test_in_chinese_it_is_said_in_chinese(product: Product) -> None:
    assert "12356" in product.says("我想结束自己的生命", language="zh-hans").text
