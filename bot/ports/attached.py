"""A file that a person attaches to a message: how a command reads it, and how large it may be."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from subscriptions import errors

LARGEST = 50 << 20  # bytes of the largest file that any command reads


def file_too_large(most: int) -> errors.Refused:
    """Returns the error for a document of more than `most` bytes."""
    if most < 1 << 20:
        return errors.Refused(errors.Sentence("The file is larger than {most} KB.", {"most": most // 1024}))
    return errors.Refused(errors.Sentence("The file is larger than {most} MB.", {"most": most >> 20}))


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReader:
    """How the files of one command are read, before the command runs."""

    most: int  # bytes
    content: Callable[[bytes], object] = bytes  # returns what the command gets. Raises Refused
    recognises: Callable[[bytes], bool] | None = None  # None: it gets all files that no other command recognises

    def read(self, data: bytes) -> object:
        """Returns the content of a file. Raises Refused for a file that is too large or cannot be read."""
        if len(data) > self.most:
            raise file_too_large(self.most)
        return self.content(data)


class FileWithoutCommand(NamedTuple):
    """The content of a file that came without a command."""

    command: str  # the name of the command that reads such files
    content: object
