"""Platforms, a folder each: what is known of one (`facts`), messages out (`outbound`), people's words in, errors translated.

`known` makes all of them known; `adapter` of a folder makes a platform of its settings.
"""
