"""The subcommands, one module for each family. `bot.cli._program` loads the module of the subcommand that was typed."""
