"""Lists of words that have a meaning of their own in requests: small words, words of manner, words for "now". Pure."""

from functools import cache
from pathlib import Path

LISTS = Path(__file__).parent / "lists"


@cache
def small_words() -> frozenset[str]:
    """Returns the small words, which are left out of queries."""
    return frozenset(word for line in _lines("small_words") for word in line.split())


@cache
def words_of_manner() -> frozenset[str]:
    """Returns words that say how papers shall come: "automatically", 自动."""
    return frozenset(word for line in _lines("manner") for word in line.split())


@cache
def words_for_now() -> tuple[str, ...]:
    """Returns the words that mean the time "now": papers come as soon as they are out."""
    return tuple(_lines("now"))


def _lines(name: str) -> list[str]:
    """Returns the lines of a list, of all languages together."""
    files = sorted(LISTS.glob(f"*/{name}.txt"))
    return [line for path in files for line in path.read_text("utf-8").splitlines()]
