"""What happens to a chat without anybody saying a word: the bot is added, blocked, let in again; a group moves."""

from bot.commands.turn import Run

HAPPENINGS: dict[str, Run] = {}
