"""A notice that only this test declares is raised, stored and delivered, and its button is answered."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import pytest

from subscriptions.errors import Sentence
from subscriptions.model import CallbackToken, ChatKind, DeliveryKind, Facts
from subscriptions.notices import DailyNotice, NoticeWords, declared
from subscriptions.service import notices
from subscriptions.service.conversation_state import store_chat
from tests.bot_harness import BotHarness
from tests.clock import NOON
from tests.conversation.deliverer import Deliverer
from tests.make import address
from tests.rendered import render_delivery
from tests.unit import deliveries

ME = "telegram:42"


@dataclass(frozen=True, slots=True, kw_only=True)
class CoffeeOut(DailyNotice):
    """The coffee machine in a room is empty."""

    cause: ClassVar[str] = "coffee-out"
    labels: ClassVar[Mapping[str, Sentence]] = {"fine": Sentence("fine")}

    room: str
    cups: int = 0

    def subject(self) -> str:
        return self.room

    def lines(self, words: NoticeWords) -> Iterable[str]:
        yield words.say("No coffee in {room}.", room=self.room)
        if self.cups:
            yield words.count("{count} cup today; see /help.", "{count} cups today.", self.cups)
        yield words.say("Send /help for tea.")


WITH_COFFEE = declared.by_cause(*declared.NOTICES.values(), CoffeeOut)


@pytest.fixture
def post(bot: BotHarness) -> Deliverer:
    post = Deliverer(bot)
    post.render_delivery = partial(render_delivery, notices=WITH_COFFEE)
    return post


async def test_it_is_raised_stored_and_delivered_once_a_day_and_subject(bot: BotHarness, post: Deliverer) -> None:
    store_chat(bot.store, address(ME), ChatKind.PRIVATE, now=NOON)
    button = {"fine": CallbackToken(verb="fine")}
    assert notices.notify(bot.store, address(ME), CoffeeOut(room="<3.07>", cups=2061), now=NOON, buttons=button)
    assert not notices.notify(bot.store, address(ME), CoffeeOut(room="<3.07>", cups=2062), now=NOON)
    assert notices.notify(bot.store, address(ME), CoffeeOut(room="2.01"), now=NOON)
    first, second = await post.deliver_due()
    assert first.lines == ["No coffee in <3.07>.", "2,061 cups today.", "Send /help for tea."]
    assert second.lines == ["No coffee in 2.01.", "Send /help for tea."]
    assert [key["text"] for key in first.keys] == ["fine"]
    assert "not work" not in (await bot.presses("fine", ME)).toast


async def test_operators_hear_of_it(bot: BotHarness, post: Deliverer) -> None:
    (lane,) = notices.notify_operators(bot.store, (address("telegram:1"),), CoffeeOut(room="2.01"), now=NOON)
    assert lane == address("telegram:1").lane
    (notice,) = await post.deliver_due()
    assert notice.lines[0] == "No coffee in 2.01."


@pytest.mark.parametrize(
    "to",
    [
        deliveries.chat(),
        deliveries.team(),
        deliveries.chat("console"),
        deliveries.chat("web"),
        deliveries.chat(lang="zh"),
    ],
)
def test_every_platform_writes_it(to: object) -> None:
    facts = Facts(notice="coffee-out", detail=CoffeeOut(room="2.01", cups=3).detail())
    notice = deliveries.delivery(to, kind=DeliveryKind.NOTICE, notice=facts.notice, detail=facts.detail)  # type: ignore[arg-type]
    (message,) = render_delivery(notice, notices=WITH_COFFEE)
    assert "No coffee in 2.01." in deliveries.written(message)
    assert "3 cups today." in deliveries.written(message)


def test_a_version_that_does_not_know_it_still_says_something() -> None:
    notice = deliveries.delivery(
        deliveries.chat(), kind=DeliveryKind.NOTICE, notice="coffee-out", detail={"room": "2.01"}
    )
    (message,) = render_delivery(notice)
    assert deliveries.written(message) == "<b>News from paperwire.</b>"


def test_a_detail_that_is_not_declared_is_an_error() -> None:
    with pytest.raises(TypeError):
        CoffeeOut(rom="2.01")  # type: ignore[call-arg]


def test_a_button_that_is_not_declared_is_an_error(bot: BotHarness) -> None:
    store_chat(bot.store, address(ME), ChatKind.PRIVATE, now=NOON)
    with pytest.raises(ValueError, match="coffee-out has no buttons"):
        notices.notify(
            bot.store,
            address(ME),
            CoffeeOut(room="2.01"),
            now=NOON,
            buttons={"tea": CallbackToken(verb="fine")},
        )
