"""The subcommand about a chat's own library, known without importing what it needs."""

from bot.ports.subcommand import ASK, Subcommand

SUBCOMMANDS = (
    Subcommand(
        ASK,
        "library",
        "bot.library.at_the_terminal:library",
        "Store a chat's own library",
        "paperwire library zotero.bib --as console:me",
    ),
)
