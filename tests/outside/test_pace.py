"""What nobody posted takes no part of a group's budget: the answers of `say` are printed."""

import pytest

from tests.fakes.telegram import FakeTelegram
from tests.papers import paper
from tests.product import Product


@pytest.mark.parametrize("said", ["/list", "/set quiet off", "/nonsense", "/sub boats daily 9"])
def test_what_was_only_printed_holds_up_no_group(product: Product, telegram: FakeTelegram, said: str) -> None:
    telegram.knows("-1001", topics=(5,))
    product.runs("subscribe", "kites", "--as", "telegram:-1001/5", "--when", "now")
    product.runs("subscribe", "kites", "--as", "telegram:42", "--when", "now")
    product.brings(paper("Kites"))
    product.runs("say", said, "--as", "telegram:-1001/5")
    assert {chat for seen in product.delivers() for chat in seen.chats} == {"-1001/5", "42"}
    assert product.delivered.json["waiting"] == 0
