"""Buttons under old messages work, although Telegram tells little about such messages, or no longer allows edits."""

from tests.fakes.telegram import FakeTelegram
from tests.papers import paper
from tests.product import Product, Seen

FORUM, VISION = "-1001", "-1001/5"


def pressed(product: Product, what: str, chat: str, **how: object) -> Seen:
    seen = len(product.telegram.journal)
    press = product.telegram.presses(what, chat, **how)  # type: ignore[arg-type]
    product.listens()
    return Seen(tuple(product.telegram.journal)[seen:], product.telegram.toasts()[press])


def test_of_a_message_of_a_topic_only_the_group_is_told(product: Product, telegram: FakeTelegram) -> None:
    telegram.knows(FORUM, title="Our lab", topics=(5,), people={"7": "creator", "9": "member"})
    product.says("/sub diffusion daily 14:00", VISION, by="7")
    product.brings(paper("Diffusion of light"))
    product.later(hours=2)

    card = pressed(product, "1", FORUM, by="9", inaccessible=True)
    assert (card.chats, card.lines[0]) == ([VISION], "Diffusion of light")
    refused = pressed(product, "undo", FORUM, by="9", inaccessible=True)
    assert refused.toast == "Only admins of this chat can change that."
    assert (pressed(product, "undo", FORUM, by="7", inaccessible=True)).text.startswith("✓ Undone.")
    assert product.queries(VISION) == []


def test_a_button_of_another_group_works_in_none_of_its_topics(product: Product, telegram: FakeTelegram) -> None:
    telegram.knows(FORUM, title="Our lab", topics=(5,), people={"7": "creator"})
    telegram.knows("-1002", title="Theirs", topics=(5,), people={"8": "creator"})
    said = product.says("/sub diffusion daily 14:00", VISION, by="7")
    undo = str(said.keys[-1]["callback_data"])
    foreign = pressed(product, undo, "-1002", by="8", tampered=True, inaccessible=True)
    assert foreign.toast == "This button does not work any more, or not for you."
    assert product.queries(VISION) == ["diffusion"]


def test_an_answer_that_can_replace_nothing_is_a_message_of_its_own(product: Product, telegram: FakeTelegram) -> None:
    said = product.says("/sub diffusion daily 14:00")
    undo = next(str(key["callback_data"]) for key in said.keys if key["text"] == "undo")
    telegram.deletes_message("42", said.entries[0].id)
    answered = pressed(product, undo, "42", tampered=True)
    assert not answered.changed
    assert answered.lines == ["✓ Undone.", "Removed: 1  diffusion"]
