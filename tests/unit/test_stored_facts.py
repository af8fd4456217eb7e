"""The stored facts of a delivery, in rows of this version and of older ones."""

from datetime import date, timedelta
from typing import Any

import pytest

from subscriptions.model import Facts, MissingHow, MissingSources
from subscriptions.store.outbox.deliveries import _facts
from subscriptions.store.outbox.planned import _facts_values

OLD: dict[str, Any] = _facts_values(Facts(known=3, days=(date(2026, 1, 22),), late=timedelta(hours=1)))


@pytest.mark.parametrize("how", MissingHow)
def test_missing_sources_are_read_back(how: MissingHow) -> None:
    missing = MissingSources("cs.LG, stat.ML", 2, how)
    stored = _facts_values(Facts(missing=missing))
    assert stored["detail"] == {"missing": "cs.LG, stat.ML", "missing count": "2", "missing how": how.value}
    assert _facts(stored).missing == missing


@pytest.mark.parametrize(
    ("detail", "missing"),
    [
        ({}, None),
        ({"missing": "stat.ML"}, MissingSources("stat.ML", 1, MissingHow.LATE)),
        ({"missing": "stat.ML", "missing how": "lost"}, MissingSources("stat.ML", 1, MissingHow.AWAITED)),
    ],
)
def test_rows_of_older_versions_are_read(detail: dict[str, str], missing: MissingSources | None) -> None:
    assert _facts({**OLD, "detail": detail}).missing == missing


def test_why_a_delivery_was_late_is_read_from_older_rows() -> None:
    assert _facts({**OLD, "detail": {"late": "the disk was full"}}).late_reason == "the disk was full"
