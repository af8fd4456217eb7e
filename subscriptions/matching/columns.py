"""Clauses as columns of numbers, one table for each shape.

A clause wants some slots and excludes others (`slots`). Clauses with equal numbers of both share a table, one row each:

    graph neural                   wanted 17   wanted 4
    "diffusion model" cat:cs.LG    wanted 90   wanted 31

So one step of a match works on a whole column, and not on a query.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

State: TypeAlias = dict[str, Any]
"""All that a structure of the matcher holds, by name: arrays of numbers, and lists that JSON can hold (`snapshot`)."""

NO_PLACE = -1
NO_PAPER = 0  # a slot that no paper fulfils; removed rows want it
_ROW_BITS = 32  # of a place; the bits above them are the number of the table


class Table:
    """The clauses of one shape. A row that was removed wants NO_PAPER, and is used again."""

    __slots__ = ("_free", "columns", "following", "handles", "is_single", "unwanted", "wanted")

    def __init__(self, wanted: int, unwanted: int, *, is_single: bool) -> None:
        self.is_single = is_single  # whether each handle is in one row of one table only
        self.handles = array("i")
        self.following = array("q")  # unless single: the place of the next clause of the same handle
        self.wanted = [array("i") for _ in range(wanted)]
        self.unwanted = [array("i") for _ in range(unwanted)]
        self.columns = (*self.wanted, *self.unwanted)
        self._free: list[int] = []

    def __len__(self) -> int:
        """Returns the number of rows, removed ones too."""
        return len(self.handles)

    def add(self, handle: int, slots: Iterable[int], following: int) -> int:
        """Adds a clause of a handle, wanted slots first, and returns its row."""
        if self._free:
            row = self._free.pop()
            self.handles[row] = handle
            if not self.is_single:
                self.following[row] = following
            for column, slot in zip(self.columns, slots, strict=True):
                column[row] = slot
            return row
        self.handles.append(handle)
        if not self.is_single:
            self.following.append(following)
        for column, slot in zip(self.columns, slots, strict=True):
            column.append(slot)
        return len(self.handles) - 1

    def state(self) -> State:
        """Returns what `restore` takes."""
        numbers = {"handles": self.handles, "following": self.following, "free": array("i", self._free)}
        return numbers | {str(n): one for n, one in enumerate(self.columns)}

    def restore(self, state: State) -> None:
        """Fills an empty table of the same shape."""
        self.handles.extend(state["handles"])
        self.following.extend(state["following"])
        self._free = list(state["free"])
        for number, column in enumerate(self.columns):
            column.extend(state[str(number)])

    def remove(self, row: int) -> list[int]:
        """Removes a row and returns its slots."""
        slots = [column[row] for column in self.columns]
        self.wanted[0][row] = NO_PAPER
        self._free.append(row)
        return slots


class Columns:
    """Tables of all shapes. A place is the number of a table and a row in it, in one number."""

    def __init__(self) -> None:
        self.tables: list[Table] = []
        self._number_of: dict[tuple[int, int, bool], int] = {}

    def __iter__(self) -> Iterator[Table]:
        return iter(self.tables)

    def __len__(self) -> int:
        """Returns the number of rows."""
        return sum(map(len, self.tables))

    def add(self, handle: int, slots: Sequence[int], unwanted: int = 0, following: int | None = None) -> int:
        """Adds a clause that wants slots, apart from the last `unwanted` ones, which it excludes. Returns its place.

        `following` is the place of the next clause of the same handle, NO_PLACE for the last one of several, None for the
        only one.
        """
        is_single = following is None
        shape = len(slots), unwanted, is_single
        number = self._number_of.get(shape)
        if number is None:
            number = self._new(shape)
        return number << _ROW_BITS | self.tables[number].add(
            handle, slots, NO_PLACE if following is None else following
        )

    def following(self, place: int) -> int:
        """Returns the place of the next clause of the same handle, NO_PLACE if there is none."""
        number, row = divmod(place, 1 << _ROW_BITS)
        table = self.tables[number]
        return NO_PLACE if table.is_single else table.following[row]

    def remove(self, place: int) -> list[int]:
        """Removes the clause at a place and returns its slots."""
        number, row = divmod(place, 1 << _ROW_BITS)
        return self.tables[number].remove(row)

    def _new(self, shape: tuple[int, int, bool]) -> int:
        slots, unwanted, is_single = shape
        number = self._number_of[shape] = len(self.tables)
        self.tables.append(Table(slots - unwanted, unwanted, is_single=is_single))
        return number

    def state(self) -> State:
        """Returns what `restored` takes."""
        state: State = {"shapes": list(self._number_of)}
        for number, table in enumerate(self.tables):
            state |= prefixed(f"{number}.", table.state())
        return state

    @classmethod
    def restored(cls, state: State) -> "Columns":
        """Returns the tables of a state."""
        columns = cls()
        for slots, unwanted, is_single in state["shapes"]:
            number = columns._new((slots, unwanted, is_single))
            columns.tables[number].restore(below(f"{number}.", state))
        return columns


def prefixed(prefix: str, state: State) -> State:
    """Returns the state of a part, to be joined with that of the whole."""
    return {prefix + name: value for name, value in state.items()}


def below(prefix: str, state: State) -> State:
    """Returns the state of a part."""
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
