"""Services of Apprise, as their receivers see them."""

import pytest

from tests.fakes.apprise import TOKEN, fake_services
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
