"""What can go wrong in the program, each with a hint. The tree of the domain is in subscriptions/errors.py.

PaperwireError
├── UnknownFormat         bytes that are no digest
├── BrokenDigest          a known format, but damaged beyond reading
├── Unreadable            a file, folder or stream whose bytes cannot be had
├── SettingsError         a setting that cannot be used (exit 2)
├── WrongUsage            a command line that cannot be understood (exit 2)
└── RoleTaken             another process has the sending role
"""

from subscriptions import PaperwireError


class UnknownFormat(PaperwireError):
    """The bytes are not a digest that we know. The sentence names the file, what it looks like and what was expected."""


class BrokenDigest(PaperwireError):
    """A known format, damaged so that going on would give wrong papers. The sentence names file and line."""


class Unreadable(PaperwireError):
    """A file, folder or stream whose bytes cannot be had. The sentence names it and says why."""


class SettingsError(PaperwireError):
    """A setting that cannot be used. The sentence names the setting, never its value."""

    exit_code = 2


class WrongUsage(PaperwireError):
    """A command line that cannot be understood."""

    exit_code = 2


class RoleTaken(PaperwireError):
    """Another process on this database has the sending role."""
