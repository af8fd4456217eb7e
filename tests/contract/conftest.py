"""How long the channels of these tests wait for an answer."""

import pytest

from tests.patience import PATIENCE


@pytest.fixture
def read(request: pytest.FixtureRequest) -> float:
    """The seconds that a channel waits for an answer: few only if the test's fault is a server that hangs."""
    row = getattr(request.node, "callspec", None)
    return 1.0 if row and row.params.get("fault", "").startswith("hang") else PATIENCE
