"""Buttons under a delivery carry no id of a link, since there are too many of them: they name delivery and paper.

    d<delivery>.c<n>   the card of its nth paper, from 0
    d<delivery>.m      what lies beyond the chat's limit

What they name is looked up in the store among the deliveries of the chat where they are pressed, never trusted.
"""

import re

from subscriptions import Link

_PRESS = re.compile(r"d(?P<delivery>[0-9a-z]{16})\.(?:c(?P<position>\d{1,4})|(?P<more>m))")


def read_press(data: str, place: str) -> Link | None:
    """The link that a button under a delivery stands for; None: it is no such button."""
    match = _PRESS.fullmatch(data)
    if match is None:
        return None
    if match["more"]:
        return Link(verb="show-more", arguments={"delivery": match["delivery"]}, place=place)
    arguments = {"delivery": match["delivery"], "position": int(match["position"])}
    return Link(verb="card", arguments=arguments, place=place)
