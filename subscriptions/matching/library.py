"""A chat's own papers, as they were read from a file."""

from collections.abc import Sequence
from typing import NamedTuple


class LibraryEntry(NamedTuple):
    """An entry of a person's own library."""

    title: str  # "": it has no title
    names: tuple[str, ...]  # arXiv ids and DOIs


class Library(NamedTuple):
    """The content of the file of a library."""

    entries: Sequence[LibraryEntry]
    broken: int = 0  # entries that cannot be read, and entries with neither a title nor the id of a paper
    examples: tuple[str, ...] = ()  # the beginnings of the first few broken entries
