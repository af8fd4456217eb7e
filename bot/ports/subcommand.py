"""A subcommand, known without importing its module. `bot.cli` has most; a room declares its own in a module `subcommands`."""

from dataclasses import dataclass

# the headings of the overview
LOOK = "Look, without an account or a database"
MOVE = "Papers in, messages out"
ASK = "What chats ask for"
KEEP = "Keep it well"


@dataclass(frozen=True, slots=True)
class Subcommand:
    """A subcommand. Its module is imported only when it is called, because importing the modules of all takes 0.75 s."""

    panel: str  # heading in the overview
    name: str
    place: str  # "module:function" or "module:app"
    summary: str  # the first sentence of its help; a test compares the two
    example: str
    leading_dash: bool = False  # an argument may begin with "-", as in the query "-survey diffusion"
    may_end_loading: bool = False  # SIGTERM and SIGHUP end the process with status 0 while its module is imported
