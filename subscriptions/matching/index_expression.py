"""What a full-text index of papers is asked, as a tree: each kind of database writes it in its own language."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that follow each other in one of the columns."""

    columns: tuple[str, ...]
    words: str  # as the index stores them, separated by spaces
    prefix: bool = False  # the last word is only a beginning


@dataclass(frozen=True, slots=True)
class Near:
    """Single words of one column in one name, in any order, with at most `distance` others between them."""

    parts: tuple[Phrase, ...]
    distance: int


@dataclass(frozen=True, slots=True)
class AllOf:
    """Papers that fulfil each part."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Papers that fulfil one of the parts; none if there is no part."""

    parts: tuple["Expression", ...]


Expression: TypeAlias = Phrase | Near | AllOf | AnyOf
