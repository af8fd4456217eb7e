"""Papers by mail: the command in a chat, and the question that is sent to the address."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.fakes.smtp import FakeMailServer, a_mail_server
from tests.fakes.telegram import FakeTelegram
from tests.product import Product

ME, MAIL, OPERATOR = "42", "email:me@lab.org", "1"


@pytest.fixture
def server(product: Product) -> Iterator[FakeMailServer]:
    with a_mail_server() as fake:
        product.sets(SMTP_URL=fake.url, MAIL_FROM="papers@bot.org", WEB_URL="https://papers.bot.org")
        yield fake


def asked(server: FakeMailServer) -> list[str]:
    """Returns the addresses that got a question."""
    return [str(mail["To"]) for mail in server.mails]


@pytest.mark.parametrize("said", ["/email me@lab.org", "/email  <Me@Lab.org>"])
def test_a_chat_sends_its_papers_to_an_address_that_is_asked_first(
    product: Product, server: FakeMailServer, said: str
) -> None:
    product.says("/sub diffusion daily 8")
    answer = product.says(said)
    assert answer.text.startswith("✓"), answer.text
    assert "me@lab.org" in answer.text
    assert len(asked(server)) == 1
    assert {one["state"] for one in product.subscriptions(MAIL)} <= {"unconfirmed"}


def test_what_is_no_address_is_refused_with_an_example(product: Product, server: FakeMailServer) -> None:
    for said in ("/email somewhere", "/email a@b", "/email @lab", "/email a b@lab.org"):
        answer = product.says(said)
        assert answer.text.startswith("✗")
        assert "/email me@lab.org" in answer.text
    assert asked(server) == []


def test_a_fourth_question_within_an_hour_is_refused(
    product: Product, server: FakeMailServer, telegram: FakeTelegram
) -> None:
    telegram.knows("43", title="Bo")
    for _ in range(3):
        assert product.says("/email me@lab.org").text.startswith("✓")
        product.clock.advance(timedelta(minutes=2))
    assert "3 times within an hour" in product.says("/email me@lab.org", "43").text
    assert len(asked(server)) == 3


@pytest.mark.parametrize("access", ["closed", "ask"])
def test_a_stranger_reaches_no_address_and_who_is_let_in_their_own(
    product: Product, server: FakeMailServer, telegram: FakeTelegram, access: str
) -> None:
    telegram.knows(OPERATOR, title="Eve")
    telegram.knows("7")
    product.sets(ACCESS=access, ADMINS=f"telegram:{OPERATOR}")
    for number in range(4):
        answer = product.says(f"/email victim{number}@lab.org", (ME, "7")[number % 2])
        assert answer.entries[0].text.startswith("✗"), answer.text
    assert asked(server) == []
    product.says(f"/allow {ME}", OPERATOR)
    assert product.says("/email me@lab.org").text.startswith("✓")
    product.agrees(server.mails)
    product.says(f"/deny telegram:{ME}", OPERATOR)
    assert product.says("/email me2@lab.org").text.startswith("✗")
    assert len(asked(server)) == 1


def test_the_times_are_those_of_the_zone_that_the_chat_has_when_its_reader_agrees(
    product: Product, server: FakeMailServer
) -> None:
    product.says("/sub kelp daily 8")
    product.says("/email me@lab.org")
    product.says("/timezone Tokyo")
    product.agrees(server.mails)
    assert [one["next_due_at"] for one in product.subscriptions(MAIL)] == ["2026-01-22T23:00:00Z"]


def test_a_second_question_asks_for_more_and_copies_nothing_that_is_paused(
    product: Product, server: FakeMailServer
) -> None:
    product.says("/sub kelp\nmoss")
    product.says("/pause 2")
    product.says("/email me@lab.org")
    product.agrees(server.mails)
    assert [one["text"] for one in product.subscriptions(MAIL)] == ["kelp"]
    product.clock.advance(timedelta(minutes=1))
    product.says("/email me@lab.org")
    assert [str(mail["Subject"]) for mail in server.mails[-2:]] == [
        "Shall papers come to this address?",
        "Shall more papers come to this address?",
    ]


@pytest.mark.parametrize("denied", [MAIL, f"telegram:{ME}"])
def test_what_was_denied_meanwhile_gets_nothing_though_its_reader_agrees(
    product: Product, server: FakeMailServer, telegram: FakeTelegram, denied: str
) -> None:
    telegram.knows(OPERATOR, title="Eve")
    product.sets(ADMINS=f"telegram:{OPERATOR}")
    product.says("/sub kelp now")
    product.says("/email me@lab.org")
    product.says(f"/deny {denied}", OPERATOR)
    product.agrees(server.mails)
    product.brings("Kelp forests")
    product.delivers()
    assert len(asked(server)) == 1
    assert product.subscriptions(MAIL) == []


def test_a_person_has_five_new_addresses_a_day_which_no_log_names(
    product: Product, server: FakeMailServer, telegram: FakeTelegram
) -> None:
    telegram.knows("43", title="Bo")
    logged = []

    def asks(name: str, person: str = ME) -> str:
        product.clock.advance(timedelta(minutes=1))
        answer = product.says(f"/email {name}@lab.org", person).text
        logged.append(product.round.err)
        return answer

    for name in ("a", "a+1", "A+2", "b", "c", "d", "e"):
        assert asks(name).startswith("✓"), name
    assert "3 times within an hour" in asks("a+3", person="43"), "it is the same mailbox"
    assert "asked 5 addresses within a day" in asks("f")
    product.says("/forget")
    product.presses("erase everything")
    assert "asked 5 addresses within a day" in asks("f"), "to be forgotten does not help"
    assert asks("e").startswith("✓"), "it is not new"
    assert len(asked(server)) == 8
    assert "@lab.org" not in "".join(logged)
    product.clock.advance(timedelta(days=1))
    assert asks("f").startswith("✓")


def test_without_a_mail_server_the_answer_says_who_can_change_that(product: Product) -> None:
    answer = product.says("/email me@lab.org")
    assert "e-mail is off here" in answer.text
    assert "PAPERWIRE_SMTP_URL" in answer.text


def test_sign_in_that_the_program_does_not_know_is_named(product: Product) -> None:
    with a_mail_server("ada", "sesame", only_tokens=True) as fake:
        product.sets(SMTP_URL=fake.url, MAIL_FROM="papers@bot.org")
        checked = product.runs("check")
        assert checked.status == 1
        assert "offers no sign-in that paperwire knows (XOAUTH2)" in " ".join(checked.out.split())
        product.runs("subscribe", "kelp", "--as", "email:me@lab.org", "--when", "now")
        sent = product.runs("deliver")
        assert "offers no sign-in that paperwire knows (XOAUTH2)" in sent.err
        assert "sesame" not in checked.out + checked.err + sent.out + sent.err
