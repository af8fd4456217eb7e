"""Programs that many tests begin with: prepared once, in the first test of a process that needs it, and copied for each."""

from collections.abc import Callable

import pytest

from tests.fakes.telegram import FakeTelegram
from tests.product import Product


def prepared(prepare: Callable[[Product], object]) -> Callable[..., Product]:
    """Returns a fixture: the program of the fixture `product`, after what this function does with it.

        @prepared
        def knowing(product: Product) -> None:
            product.brings("Kelp forests")

    A database on a server cannot be copied: there, it is prepared in each test.
    """
    done: list[Product] = []

    @pytest.fixture(name=prepare.__name__)
    def fixture(product: Product, first_round: Product, tmp_path_factory: pytest.TempPathFactory) -> Product:
        if not product.has_file:
            prepare(product)
            return product
        if not done:
            with FakeTelegram() as telegram:
                telegram.knows("42", title="Ada")
                first = type(product)(tmp_path_factory.mktemp(prepare.__name__), telegram=telegram)
                first.goes_on_from(first_round)
                prepare(first)
            done.append(first)
        product.goes_on_from(done[0])
        return product

    return fixture
