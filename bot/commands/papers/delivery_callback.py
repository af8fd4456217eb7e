"""Reads the data of buttons under a delivery.

Deliveries have too many buttons to store a token for each, so their data names the delivery and the paper itself:

    d<delivery>.c<n>   the card of its nth paper, from 0
    d<delivery>.f<n>   all that is known of it
    d<delivery>.q<n>   pauses the subscription that brought it
    d<delivery>.w<n>   why it came
    d<delivery>.x<n>   what its subscription could exclude from now on
    d<delivery>.a<n>   its authors, to be followed
    d<delivery>.l<n>   👍
    d<delivery>.d<n>   👎
    d<delivery>.s<n>   keeps it
    d<delivery>.n<n>   the papers nearest to it
    d<delivery>.m<n>   papers beyond the chat's limit, from the nth of them on; without n from the first

The data is not trusted: delivery and paper are looked up among the deliveries of the chat where the button was pressed.
"""

import re

from subscriptions.model import CallbackToken

_PRESS = re.compile(r"d(?P<delivery>[0-9a-z]{16})\.(?:(?P<what>[cfqwxaldsn])(?P<position>\d{1,6})|m(?P<start>\d{0,6}))")
_VERBS = {
    "c": "card",
    "f": "card-more",
    "q": "card-mute",
    "w": "card-why",
    "x": "card-exclude",
    "a": "card-follow",
    "l": "card-like",
    "d": "card-dislike",
    "s": "card-save",
    "n": "more-like-this",
}


def read_callback(data: str, place: str) -> CallbackToken | None:
    """Returns the token for the data of a button under a delivery; None for any other data."""
    match = _PRESS.fullmatch(data)
    if match is None:
        return None
    if match["what"] is None:
        arguments = {"delivery": match["delivery"], "start": int(match["start"] or 0)}
        return CallbackToken(verb="show-more", arguments=arguments, place=place)
    arguments = {"delivery": match["delivery"], "position": int(match["position"])}
    return CallbackToken(verb=_VERBS[match["what"]], arguments=arguments, place=place)
