"""Notices about the service: who gets them, and how often. Strangers cannot read them."""

from datetime import timedelta

import pytest

from tests.prepared import prepared
from tests.product import Product

OPERATOR, GROUP, CHANNEL = "1", "-1001", "-1009"
REFUSAL = "Bad Request: nobody has seen these words"


@prepared
def watched(product: Product) -> None:
    """The program with an operator, and with a chat that gets kelp at once."""
    product.telegram.knows(OPERATOR, title="Ops")
    product.sets(ADMINS=f"telegram:{OPERATOR}")
    product.says("/start", OPERATOR)
    product.says("/sub kelp now")


def dies(product: Product, title: str, chats: int = 1) -> None:
    """Brings a paper that Telegram refuses in each of these chats, in its plain form, too."""
    product.telegram.refuses(REFUSAL, times=2 * chats)
    product.brings(title)
    product.delivers()
    product.telegram.forgives()


def told(product: Product, chat: str = OPERATOR) -> list[str]:
    """Lets the program do a round. Returns the first line of each message to the chat."""
    return [entry.text.partition("\n")[0] for entry in product.listens().entries if entry.chat == chat]


def test_dead_letters_are_counted_with_the_usual_reason_and_told_once(watched: Product) -> None:
    for chat in ("43", "44"):
        watched.telegram.knows(chat)
        watched.says("/sub kelp now", chat)
    dies(watched, "Kelp", chats=3)
    (notice,) = watched.listens().entries
    assert notice.chat == OPERATOR
    assert notice.text.startswith(
        "3 deliveries could not be sent.\n"
        "The usual reason: Telegram refuses the message: Nobody has seen these words.\n"
    )
    for _ in range(3):
        watched.clock.advance(timedelta(hours=12))
        assert told(watched) == [], "the operators already know of these messages"


def test_what_dies_later_that_day_is_told_the_next(watched: Product) -> None:
    notices = []
    for title in ("Kelp one", "Kelp two"):
        dies(watched, title)
        notices += told(watched)
        watched.clock.advance(timedelta(hours=1))
    assert notices == ["1 delivery could not be sent."]
    watched.clock.advance(timedelta(days=1))
    assert told(watched) == ["2 deliveries could not be sent."]


def test_what_a_person_dismissed_is_no_news(watched: Product) -> None:
    dies(watched, "Kelp")
    (entry,) = watched.tells("outbox")
    watched.runs("outbox", "dismiss", entry["id"])
    assert told(watched) == []


def test_a_notice_that_cannot_be_sent_calls_for_no_other(watched: Product) -> None:
    dies(watched, "Kelp")
    watched.telegram.refuses(REFUSAL, times=2)
    assert told(watched) == []
    watched.telegram.forgives()
    assert [entry["state"] for entry in watched.tells("outbox")] == ["dead", "dead"]
    watched.clock.advance(timedelta(days=1))
    assert told(watched) == []


@pytest.mark.parametrize("place", ["public group", "channel"])
def test_never_where_strangers_read(watched: Product, place: str) -> None:
    if place == "channel":
        watched.telegram.knows(CHANNEL, "channel", title="Lab", username="lab_papers", people={OPERATOR: "creator"})
    else:
        watched.telegram.knows(CHANNEL, title="Lab", username="lab_papers", people={OPERATOR: "creator"})
    watched.sets(ADMINS=f"telegram:{CHANNEL},telegram:{OPERATOR}")
    watched.says("/sub @lab_papers tides daily 8", OPERATOR)
    dies(watched, "Kelp")
    assert told(watched) == ["1 delivery could not be sent."]
    assert [entry.chat for entry in watched.telegram.journal if "could not be sent" in entry.text] == [OPERATOR]


def test_an_operator_who_never_wrote_gets_what_waits_once_they_do(product: Product) -> None:
    product.sets(ADMINS=f"telegram:{OPERATOR}")
    product.says("/sub kelp now")
    dies(product, "Kelp")
    assert told(product) == []
    product.telegram.knows(OPERATOR, title="Ops")
    assert "1 delivery could not be sent." in product.says("/start", OPERATOR).text


def test_a_source_that_cannot_be_read_is_told_once_a_day(watched: Product) -> None:
    source = '[[source]]\nname = "list"\nurl = "http://127.0.0.1:9/list.md"\nschedule = "every 1h"\n'
    watched.writes("paperwire.toml", source)
    watched.sets(ALLOWED_HOSTS="127.0.0.1")
    days = []
    for _ in range(9):
        if told(watched) == ["list cannot be read."]:
            days.append(watched.clock.now().day)
        watched.clock.advance(timedelta(hours=6))
    assert days == [22, 23, 24]


def test_a_topic_that_is_gone_is_not_said_to_come_back(product: Product) -> None:
    product.telegram.knows(GROUP, topics=(7,), people={"7": "creator"})
    product.says("/sub kelp now", f"{GROUP}/7", by="7")
    product.telegram.deletes_topic(GROUP, 7)
    product.brings("Kelp")
    (notice,) = product.later(minutes=2)
    assert notice.chats == [GROUP]
    assert notice.lines == [
        "A topic of this chat is not there any more.",
        "What it subscribed to waits: kelp.",
        "To have it in another topic, send /sub there.",
    ]
