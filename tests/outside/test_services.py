"""Services of Apprise, as their receivers see them."""

import pytest

from tests.fakes.apprise import REFUSED, TOKEN, fake_services
from tests.product import INBOX, Product

PAPERS = 150  # more than one message of Matrix holds


@pytest.mark.parametrize("service", ["matrix", "matrix by token"])
def test_each_message_to_matrix_has_a_number_of_its_own(product: Product, service: str) -> None:
    """Matrix drops a message whose number came before, and answers that it was taken."""
    product.writes("paperwire.toml", INBOX + '[[destination]]\nname = "room"\nurl_env = "ROOM_URL"\n')
    with fake_services() as fake:
        product.settings["ROOM_URL"] = fake.address(service)
        product.runs("subscribe", "diffusion", "--as", "apprise:room")
        product.brings(*(f"Diffusion map ({number}) {'of sand ' * 60}" for number in range(PAPERS)))
        product.later(days=1)
        texts = fake.texts("matrix")
    assert (product.delivered.json["sent"], len(texts)) == (1, 2)
    assert all(f"Diffusion map ({number}) " in "".join(texts) for number in range(PAPERS))
    assert TOKEN not in product.delivered.out + product.delivered.err


@pytest.mark.parametrize(
    ("service", "others"), [("ntfy", f"/{REFUSED}"), ("ntfy", f"/{REFUSED}/more"), ("bark", f"/{REFUSED}")]
)
def test_target_that_refuses_costs_the_others_one_repetition_at_most(
    product: Product, service: str, others: str
) -> None:
    """The destination has several targets, of which one refuses."""
    good = others.count("/")
    product.writes("paperwire.toml", INBOX + '[[destination]]\nname = "phones"\nurl_env = "PHONES_URL"\n')
    with fake_services() as fake:
        product.settings["PHONES_URL"] = fake.address(service, others)
        product.runs("subscribe", "diffusion", "--as", "apprise:phones", "--when", "now")
        for kind in ("maps", "roads"):
            product.brings(f"Diffusion for {kind}")
            for _ in range(12):
                product.later(minutes=20)
            texts = [text for text in fake.texts(service) if kind in text]
            assert good <= len(texts) <= 2 * good
        dead = product.tells("outbox", "--state", "dead")
    assert [f"{good} of {good + 1} targets" in one["reason"] for one in dead] == [True, True]
    assert product.tells("outbox") == dead
