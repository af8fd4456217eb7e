"""What this room adds to the registry of commands."""

from bot.commands import plain_text
from bot.sentences import free_text, history, several

CALLBACKS = {plain_text.FREE_TEXT: free_text.FREE_TEXT, plain_text.SEVERAL: several.SEVERAL, **history.CALLBACKS}
