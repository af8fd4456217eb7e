"""Mails that a server refuses: whose the refusal is, and what readers, the others and the operator notice of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.smtp import FakeMailServer, a_mail_server, shown_text
from tests.product import Product
from tests.tables import lines

ADA, BO, CY, DI = READERS = tuple(f"{name}@lab.org" for name in ("ada", "bo", "cy", "di"))
pytestmark = pytest.mark.sqlite_alone("the readers are copied as a file")
OPERATOR = "42"


@pytest.fixture(scope="module")
def agreed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which four readers have agreed to get each paper on diffusion by mail."""
    folder = tmp_path_factory.mktemp("agreed")
    product = Product(folder)
    with a_mail_server() as fake:
        product.sets(SMTP_URL=fake.url, MAIL_FROM="papers@lab.org")
        for reader in READERS:
            product.runs("subscribe", "diffusion", "--as", f"email:{reader}", "--when", "now")
            product.runs("say", "/set quiet off", "--as", f"email:{reader}")
        product.runs("deliver")
        product.agrees(fake.mails)
    return folder / "paperwire.db"


@pytest.fixture
def server(product: Product, agreed: Path) -> Iterator[FakeMailServer]:
    """A mail server of these readers."""
    product.writes("paperwire.db", agreed.read_bytes())
    with a_mail_server() as fake:
        product.sets(SMTP_URL=fake.url, MAIL_FROM="papers@lab.org", ADMINS=f"telegram:{OPERATOR}")
        yield fake


def readers(server: FakeMailServer, title: str) -> set[str]:
    """Returns who got a paper."""
    return {str(mail["To"]) for mail in server.mails if title in shown_text(mail)}


def states(product: Product, reader: str) -> list[str]:
    """Returns how far the deliveries to a reader are, oldest first, but for those that were sent."""
    return [
        one["state"] for one in product.tells("outbox") if one["chat"] == f"email:{reader}" and one["state"] != "sent"
    ]


# which words mean what stands in tests/unit/test_outcomes.py
OF_A_READER = lines("""
    recipient 550 5.1.1 <READER>: Recipient address rejected: User unknown
    content 554 delivery error: dd This user doesn't have a lab.org account (READER) [0]
""")


@pytest.mark.parametrize("refusal", OF_A_READER)
def test_one_reader_is_refused_tried_for_days_and_then_paused(
    product: Product, server: FakeMailServer, refusal: str
) -> None:
    server.refusals[ADA] = refusal
    product.brings("Diffusion for maps")
    product.later(minutes=5)
    assert readers(server, "for maps") == {BO, CY, DI}
    for _ in range(5):
        assert states(product, ADA) == ["waiting"], "not paused by one answer, nor by some"
        seen = product.later(hours=20)
    for _ in range(2):
        seen += product.later(hours=20)
    assert states(product, ADA) == ["held"]
    assert any(f"email:{ADA} is paused" in one.text for one in seen), "the operator is told"
    product.brings("Diffusion for roads")
    product.later(minutes=5)
    assert readers(server, "for roads") == {BO, CY, DI}
    assert server.greetings == {"lab.org"}


def test_who_is_there_again_the_next_day_gets_everything(product: Product, server: FakeMailServer) -> None:
    server.refusals[ADA] = OF_A_READER[0]
    product.brings("Diffusion for maps")
    product.later(minutes=5)
    product.later(hours=1)
    product.brings("Diffusion for roads")
    server.refusals.clear()
    product.later(hours=24)
    assert readers(server, "for maps") == readers(server, "for roads") == {ADA, BO, CY, DI}


@pytest.mark.parametrize(
    "refusal",
    lines("""
        recipient 550 5.7.1 <READER>: nobody foresaw this
        content 550 5.7.26 This mail is unauthenticated, which poses a security risk
    """),
)
def test_what_three_readers_get_in_a_row_is_the_senders(product: Product, server: FakeMailServer, refusal: str) -> None:
    """It lasts for days, nobody is paused, nothing is lost, and the operator is told."""
    server.refusals[""] = refusal
    product.brings("Diffusion for maps")
    told = ""
    for _ in range(4):
        for _ in range(2):
            product.later(minutes=40)
        told += product.listens().text
        product.later(hours=23)
    assert "Email" in told, "the operator is told"
    assert {one["state"] for one in product.subscriptions(f"email:{ADA}")} == {"active"}
    server.refusals.clear()
    for _ in range(3):
        product.later(hours=1)
    assert readers(server, "for maps") == {ADA, BO, CY, DI}
    assert len(server.mails) == 4


@pytest.mark.parametrize(
    "answer",
    lines("""
        552 5.3.4 this message exceeds the limit of this server
        554 mails may not contain links to an unknown address
    """),
)
def test_a_refused_text_is_dead_with_its_reason_and_the_next_paper_comes(
    product: Product, server: FakeMailServer, answer: str
) -> None:
    server.refusals[ADA] = f"content {answer}"
    product.brings("Diffusion for maps")
    product.later(minutes=5)
    server.refusals.clear()
    product.brings("Diffusion for roads")
    product.later(minutes=5)
    assert readers(server, "for maps") == {BO, CY, DI}
    assert readers(server, "for roads") == {ADA, BO, CY, DI}
    (dead,) = product.tells("outbox", "--state", "dead")
    assert answer[4:] in dead["reason"]


def test_a_text_that_everybody_refuses_is_given_up_in_the_end(product: Product, server: FakeMailServer) -> None:
    """Mail by mail: how many hours it takes depends on whether the next paper of one is sent before the others are refused."""
    server.refused_texts["for maps"] = "554 unsolicited"
    product.brings("Diffusion for maps")
    product.later(minutes=5)
    product.brings("Diffusion for roads")
    product.later(hours=72)
    for _ in range(2 * len(READERS)):
        product.later(hours=2)
    assert readers(server, "for roads") == {ADA, BO, CY, DI}
    assert len(product.tells("outbox", "--state", "dead")) == 4


def test_if_every_text_is_refused_no_more_than_two_are_given_up(product: Product, server: FakeMailServer) -> None:
    """Only the third refusal of the first day shows that it is not the text."""
    server.refusals[""] = "content 554 unsolicited"
    for day in range(5):
        product.brings(f"Diffusion for maps {day}")
        product.later(hours=24)
    server.refusals.clear()
    for _ in range(2):
        product.later(hours=1)
    given_up = len(product.tells("outbox", "--state", "dead"))
    assert 1 <= given_up <= 2
    assert len(server.mails) == 4 * 5 - given_up
