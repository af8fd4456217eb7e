"""Buttons under a delivery carry no id of a link, since there are too many of them: they name delivery and paper.

    d<delivery>.c<n>   the card of its nth paper, from 0
    d<delivery>.f<n>   all that is known of it
    d<delivery>.q<n>   quiet for the subscription that brought it
    d<delivery>.w<n>   why it came
    d<delivery>.x<n>   what its subscription could leave out from now on
    d<delivery>.a<n>   its authors, to be followed
    d<delivery>.m<n>   what lies beyond the chat's limit, from the nth of it on; without n from its first

What they name is looked up in the store among the deliveries of the chat where they are pressed, never trusted.
"""

import re

from subscriptions.model import CallbackToken

_PRESS = re.compile(r"d(?P<delivery>[0-9a-z]{16})\.(?:(?P<what>[cfqwxa])(?P<position>\d{1,6})|m(?P<start>\d{0,6}))")
_VERBS = {
    "c": "card",
    "f": "card-more",
    "q": "card-mute",
    "w": "card-why",
    "x": "card-exclude",
    "a": "card-follow",
}


def read_callback(data: str, place: str) -> CallbackToken | None:
    """The link that a button under a delivery stands for; None: it is no such button."""
    match = _PRESS.fullmatch(data)
    if match is None:
        return None
    if match["what"] is None:
        arguments = {"delivery": match["delivery"], "start": int(match["start"] or 0)}
        return CallbackToken(verb="show-more", arguments=arguments, place=place)
    arguments = {"delivery": match["delivery"], "position": int(match["position"])}
    return CallbackToken(verb=_VERBS[match["what"]], arguments=arguments, place=place)
