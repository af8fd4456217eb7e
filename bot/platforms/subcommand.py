"""A subcommand of a platform, known without importing its module."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSubcommand:
    """One subcommand of a platform."""

    name: str
    place: str  # "module:app"
    summary: str  # the first sentence of its help
    examples: tuple[tuple[str, str], ...] = ()  # (subcommand, how it is called)
