"""A short run of `make faults`: bad weather over a few chats; a broken outbox is detected."""

import pytest

from tests.programs.faults.weather import broken, run


@pytest.mark.parametrize("weather", ["cut after the message was taken", "token refused for a while", "all of it"])
def test_nothing_is_lost_out_of_order_or_too_fast(weather: str) -> None:
    (row,) = run(40, [weather])
    assert row.messages == 80
    assert (row.lost, row.disorder, row.too_fast) == (0, 0, 0)
    assert row.doubled <= row.allowed
    assert row.green


def test_an_outbox_that_forgets_confirmations_is_seen() -> None:
    row = broken(40)
    assert row.doubled > row.allowed
    assert not row.green
