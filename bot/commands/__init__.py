"""What people can say, and what they are answered: Requests in, Reply values out, the same on every platform.

A command is a function from a Turn to a Reply (`turn`, `registry`). What is exported here are the builders of replies that
the terminal shares: functions of values only, which load neither the store nor a platform.
"""

from bot.commands.changes import changed as changed
from bot.commands.changes import value_of as value_of
from bot.commands.refusals import refused as refused
from bot.commands.rhythms import cadence_words as cadence_words
from bot.commands.voice import Voice as Voice
from bot.commands.wishes import Row as Row
from bot.commands.wishes import in_short as in_short
from bot.commands.wishes import rows_of as rows_of
from bot.commands.wishes import state_of as state_of
from bot.commands.wishes import subscribed as subscribed
from bot.commands.wishes import unsubscribed as unsubscribed
