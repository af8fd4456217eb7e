"""Sets how long the channels of these tests wait for an answer of the platform."""

import pytest

from tests.patience import PATIENCE


@pytest.fixture
def read(request: pytest.FixtureRequest) -> float:
    """The seconds that a channel waits for an answer: one if the fault of the test is a server that hangs, otherwise many."""
    row = getattr(request.node, "callspec", None)
    return 1.0 if row and row.params.get("fault", "").startswith("hang") else PATIENCE
