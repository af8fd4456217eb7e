"""The stored facts of a delivery."""

from datetime import UTC, date, datetime, timedelta

import pytest

from subscriptions.model import Facts, MissingHow, MissingSources
from subscriptions.store.columns import adapter_of, to_json


@pytest.mark.parametrize("how", MissingHow)
def test_missing_sources_are_read_back(how: MissingHow) -> None:
    facts = Facts(missing=MissingSources("cs.LG, stat.ML", 2, how))
    assert adapter_of(Facts).validate_python(to_json(facts)) == facts


def test_all_that_a_delivery_says_is_read_back() -> None:
    facts = Facts(
        known=3, days=(date(2026, 1, 22),), next_due=datetime(2026, 1, 23, 9, tzinfo=UTC), late=timedelta(hours=1)
    )
    assert adapter_of(Facts).validate_python(to_json(facts)) == facts
