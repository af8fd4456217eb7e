"""Tells whether a text only agrees or declines, so that it means nothing unless something was asked. Pure."""

import re

from subscriptions.texts.folding import folded

_POLITE = r"(?:[\s,]*(?:please|pls|thanks|thank you|then|sure|do it|do that|go ahead|谢谢|吧|啊|呀|了|的))*"
_YES = re.compile(
    rf"(?:y|yes|yep|yeah|yea|ok|okay|sure|correct|right|of course|do it|please do|go ahead|是|对|要|好|嗯+|确定|可以|行){_POLITE}"
)
_GOOD = re.compile(
    rf"(?:great|perfect|good|fine|sounds good|that'?s (?:it|right|fine|good)|exactly|absolutely|definitely|certainly|没问题|当然|没错|好的?|对的?|行的?){_POLITE}|[👍👌✅]+"
)
_OF_THEM = r"(?: of (?:them|these|those|the \w+))?"
_NO = re.compile(
    rf"(?:n|no|nope|nah|none{_OF_THEM}|neither{_OF_THEM}|not now|nothing|no,? (?:thanks|thank you|nothing|neither|none{_OF_THEM}|don'?t)"
    rf"|不|否|不是|不对|不要|不用|没有|都(?:不|别)(?:是|要|用|对)?|[一两哪]个都不(?:是|要|用|对)?){_POLITE}"
)


def agrees(text: str) -> bool:
    """Returns whether a text is only a yes."""
    return _YES.fullmatch(_plain(text)) is not None


def approves(text: str) -> bool:
    """Returns whether a text finds good what was asked: a yes, or "great"."""
    return agrees(text) or _GOOD.fullmatch(_plain(text)) is not None


def declines(text: str) -> bool:
    """Returns whether a text is only a no, also to several things."""
    return _NO.fullmatch(_plain(text)) is not None


def _plain(text: str) -> str:
    return folded(text).strip(" .!?~\t\n")
