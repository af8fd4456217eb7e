"""A chat's own papers, as they were read from a file."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple


class LibraryEntry(NamedTuple):
    """An entry of a person's own library."""

    title: str  # "": it has no title
    names: tuple[str, ...]  # arXiv ids and DOIs


class LibraryWords(NamedTuple):
    """The weightiest words of the entries of a library."""

    entries: int
    words: Mapping[str, tuple[float, float]]  # word -> (how often an entry has it on average, share of entries with it)


class Library(NamedTuple):
    """The content of the file of a library."""

    entries: Sequence[LibraryEntry]
    words: LibraryWords
    broken: int = 0  # entries that cannot be read, and entries with neither a title nor the id of a paper
    examples: tuple[str, ...] = ()  # the beginnings of the first few broken entries


NO_WORDS = LibraryWords(entries=0, words=MappingProxyType({}))
