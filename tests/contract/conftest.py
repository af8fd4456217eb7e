"""How long the channels of these tests wait."""

import pytest

from tests.patience import PATIENCE


@pytest.fixture
def read(request: pytest.FixtureRequest) -> float:
    """How many seconds a channel waits for an answer: few only where the fault of the test is a server that hangs."""
    row = getattr(request.node, "callspec", None)
    return 1.0 if row and row.params.get("fault", "").startswith("hang") else PATIENCE
