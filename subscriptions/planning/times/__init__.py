"""Reads times as people write them, in English and Chinese.

`_lexicon` has the words and phrases of times, `_clocks` the times of day. `_words` finds them in a text, `_reading`
decides what they mean together, `_when` and `_options` make cadences of that. `_ending` finds where a query ends and
its time begins.
"""
