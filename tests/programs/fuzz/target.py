"""A target of fuzzing: a reader, and what must be true for any bytes."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One reader of foreign bytes."""

    check: Callable[[bytes], None]  # an assertion or any other error is a finding
    code: tuple[str, ...]  # packages and modules whose branches guide a run
    seeds: Callable[[], tuple[bytes, ...]]  # invented inputs of common kinds
    words: tuple[str, ...]  # characters and words with a meaning for the reader


def text_of(data: bytes) -> str:
    """Returns the bytes as text. Invalid UTF-8 becomes replacement characters, but lone surrogates stay."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


def storable(text: str) -> bool:
    """Tells whether the database can store the text."""
    return "\x00" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)
