"""The stored facts of a delivery."""

from datetime import date, timedelta

import pytest

from subscriptions.model import Facts, MissingHow, MissingSources
from subscriptions.store.outbox.deliveries import _facts
from subscriptions.store.outbox.planned import _facts_values


@pytest.mark.parametrize("how", MissingHow)
def test_missing_sources_are_read_back(how: MissingHow) -> None:
    missing = MissingSources("cs.LG, stat.ML", 2, how)
    stored = _facts_values(Facts(missing=missing))
    assert stored["detail"] == {"missing": "cs.LG, stat.ML", "missing count": "2", "missing how": how.value}
    assert _facts(stored).missing == missing


def test_a_stored_delivery_is_complete_and_punctual_by_default() -> None:
    facts = _facts(_facts_values(Facts(known=3, days=(date(2026, 1, 22),), late=timedelta(hours=1))))
    assert (facts.missing, facts.late_reason) == (None, "")
