"""A target of fuzzing: what is read, and what must hold for any bytes."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One reader of foreign bytes."""

    check: Callable[[bytes], None]  # an assertion or any other error is a finding
    code: tuple[str, ...]  # packages and modules whose branches guide a run
    seeds: Callable[[], tuple[bytes, ...]]  # inputs of ordinary shapes, made up
    words: tuple[str, ...]  # characters and words that mean something to the reader


def text_of(data: bytes) -> str:
    """Returns the bytes as text: invalid UTF-8 becomes replacement characters, lone surrogates stay."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


def storable(text: str) -> bool:
    """Returns whether the database takes the text."""
    return "\x00" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)
