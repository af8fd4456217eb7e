"""Work in steps: each says whether it writes, so that a process can do what writes in its one writer thread."""

from collections.abc import Generator
from typing import Literal, TypeVar

T = TypeVar("T")

StepKind = Literal["reads", "writes"]
READS: StepKind = "reads"
WRITES: StepKind = "writes"

# Yields before each step what that step does; the first step reads. Another thread may do each of them, so between two
# steps nothing is open that belongs to a thread: no transaction, no lock.
Steps = Generator[StepKind, None, T]


def done(steps: Steps[T]) -> T:
    """Does all steps in this thread. Returns the result of the work, and raises its error."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result
