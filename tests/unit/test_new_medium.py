"""A platform that only this test declares: its medium writes deliveries, replies and notices within its limits."""

import json
from collections.abc import Sequence

import pytest

from bot.platforms.known import medium_of
from bot.ports.channel import Reply
from bot.rendering import packing
from bot.rendering.delivery_messages import render_delivery
from bot.rendering.reply_messages import render_reply
from subscriptions.model import Chat, DeliveryKind
from tests.unit import deliveries

ROOM = 700  # characters that a card can hold


class Postbox(packing.Medium):
    """Cards of few characters, in capital letters, without buttons."""

    room = packing.Size((ROOM,))

    def draw(self, view: object) -> packing.Fragment:
        text = packing.plain_text(view).upper()
        return packing.Fragment(view=view, markup=text, size=packing.Size((len(text) + 2,)))

    def compose(self, contents: packing.Contents) -> tuple[str, str]:
        card = "\n\n".join(fragment.markup for fragment in contents.fragments)
        return json.dumps({"card": card, "silent": contents.silent}), json.dumps(
            {"card": packing.plain_page(contents.fragments)}
        )


POSTBOX: packing.Medium = Postbox()


@pytest.fixture
def box() -> Chat:
    return deliveries.chat("postbox")


def cards(messages: Sequence[object]) -> list[str]:
    return [json.loads(message.payload)["card"] for message in messages]  # type: ignore[attr-defined]


def test_a_digest_is_packed_into_its_cards(box: Chat) -> None:
    found = cards(render_delivery(deliveries.delivery(box, deliveries.items(12)), medium=POSTBOX))
    assert len(found) > 1
    assert all(len(card) <= ROOM for card in found)
    assert all(f"PAPER {number}\n" in "\n".join(found) for number in range(1, 13))
    assert found[0].startswith("12 PAPERS · THU 22 JAN · ")


def test_a_paper_that_no_card_holds_is_shortened(box: Chat) -> None:
    (card,) = cards(render_delivery(deliveries.alert(box, *deliveries.items(1, title="word " * 400)), medium=POSTBOX))
    assert len(card) <= ROOM


def test_its_replies_and_notices_are_cards(box: Chat) -> None:
    (reply,) = cards(render_reply(Reply(lines=("Done.", "More."), ok=True), box, medium=POSTBOX))
    assert reply == "✓ DONE.\n\nMORE."
    planned = deliveries.delivery(box, kind=DeliveryKind.NOTICE, notice="denied")
    (notice,) = cards(render_delivery(planned, medium=POSTBOX))
    assert notice.startswith("THE OPERATOR OF THIS BOT HAS SAID NO")


def test_a_platform_that_nobody_declared_is_an_error(box: Chat) -> None:
    with pytest.raises(KeyError):
        medium_of(box.address.platform)
