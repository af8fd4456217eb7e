"""The rooms that can be removed, each with a line here. Without its line, a room does not exist.

A room that has settings declares them in its module `settings` (bot/settings/of_rooms.py).
"""

# The order of the platforms is that of lists that people read.
ROOMS = (
    "bot.platforms.console",
    "bot.platforms.web",
    "bot.platforms.telegram",
    "bot.platforms.slack",
    "bot.platforms.email",
    "bot.platforms.apprise",
)
_PLATFORMS = "bot.platforms."
# the names of the platforms
PLATFORMS = tuple(room.removeprefix(_PLATFORMS) for room in ROOMS if room.startswith(_PLATFORMS))
