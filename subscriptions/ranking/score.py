"""The number by which papers are ordered."""

WEIGHT_OF_TASTE = 2.0  # so much more counts what a chat cares about than how well the query fits
_DIGITS = 2  # papers whose scores are nearly the same come in the order of their days


def score(fit: float, nearness: float) -> float:
    """Returns the score of a paper: how well it fits its query, and how near it is to the taste of the chat."""
    return round(fit + WEIGHT_OF_TASTE * nearness, _DIGITS)
