"""Reads times as people write them, in English and Chinese.

`_lexicon` has the words and phrases of times, `_clocks` the times of day. `_words` finds them in a text, `_reading`
decides what they mean together, `_when` and `_options` make cadences of that. `_ending` finds where a query ends and
its time begins.
"""

from subscriptions.planning.times._clocks import count_of as count_of
from subscriptions.planning.times._ending import Ending as Ending
from subscriptions.planning.times._ending import as_words as as_words
from subscriptions.planning.times._ending import split_when as split_when
from subscriptions.planning.times._ending import time_at as time_at
from subscriptions.planning.times._ending import time_put_last as time_put_last
from subscriptions.planning.times._options import make_when as make_when
from subscriptions.planning.times._reading import clock_of as clock_of
from subscriptions.planning.times._reading import hours_of as hours_of
from subscriptions.planning.times._reading import is_time as is_time
from subscriptions.planning.times._when import NoSuchTime as NoSuchTime
from subscriptions.planning.times._when import When as When
from subscriptions.planning.times._when import read_when as read_when
