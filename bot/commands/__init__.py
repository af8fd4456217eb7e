"""What the service answered, as Reply values: the same sentences on every platform and in the terminal.

Functions of values only. `Voice` is the language they speak; what they do not know, such as a query read in words, is
passed to them.
"""

from bot.commands.changes import changed as changed
from bot.commands.changes import value_of as value_of
from bot.commands.refusals import refused as refused
from bot.commands.voice import Voice as Voice
from bot.commands.wishes import Row as Row
from bot.commands.wishes import listed_reply as listed_reply
from bot.commands.wishes import rows_of as rows_of
from bot.commands.wishes import state_of as state_of
from bot.commands.wishes import subscribed as subscribed
from bot.commands.wishes import unsubscribed as unsubscribed
