"""Tells whether a sentence wants a thing not to be there: "no limit please", "I don't need quiet hours", 取消上限. Pure."""

import re

_DENIES = (
    r"\b(?:no(?: more)?|without|don'?t (?:need|want|like)|do not (?:need|want|like)|no need (?:for|of)|disable|deactivate|remove|delete|drop"
    r"|lift|cancel|end|stop|kill|scrap|abolish|get rid of|switch off|turn off)(?: (?:the|a|an|any|my|our|those|these|of|more|all))*\s+"
)
_HAN_DENIES = r"(?<!不要)(?<![别不])(?:不(?:要|用|需要|想要|设)|无需?|没有?|取消|去掉|去除|解除|删[掉除]?|撤[销掉]?|关[闭掉]?|停[用止掉]?)(?:任何|这个|我的|论文|篇数|数量|的)*"
_HAN_AFTER = r"(?:我|就|都|请|给)*(?:不要|不用|不需要|去掉|取消|解除|关|删|撤|停)"


def wants_none(plain: str, thing: str) -> bool:
    """Returns whether a folded sentence denies a thing, or ends it; `thing` is a pattern of its names."""
    return bool(re.search(rf"(?:{_DENIES}|{_HAN_DENIES})(?:{thing})|(?:{thing}){_HAN_AFTER}", plain))
