"""Tells orders from sentences that only speak of an action: that deny it, ask about it, report it or quote it. Pure.

"don't remove 2", "how can I unsubscribe?", "I removed it by accident" and "if I pause it" have the verbs of orders. Such a
sentence is never sure, so that the bot asks instead of acting.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple


class _Verbs(NamedTuple):
    """The verbs of an action, as patterns for folded texts."""

    english: str
    chinese: str


_REMOVE = _Verbs(
    r"un-?sub\w*|remov\w*|delet\w*|drop\w*|cancel\w*|eras\w*|get(?:ting)? rid|forget\w*", "取消|退订|删|忘"
)
_PAUSE = _Verbs(r"paus\w*|mut(?:e|ed|ing)|snooz\w*|stop\w*|resum\w*", "暂停|停|恢复")
_SET = _Verbs(
    r"mak\w+|set|chang\w*|switch\w*|turn\w*|talk\w*|speak\w*|mov\w+|us(?:e|ing)|show\w*", "改|设|换|用|显示|最多|限制"
)
_VERBS: Mapping[str, _Verbs] = {
    **dict.fromkeys(("unsub", "unsub-all", "forget"), _REMOVE),
    **dict.fromkeys(("pause", "resume", "stop"), _PAUSE),
    "undo": _Verbs(r"undo\w*|undid|revert\w*|tak\w+ (?:\w+ ){0,2}back", "撤销|撤回|撤消"),
    "sub": _Verbs(r"subscrib\w*|follow\w*|notify|alert", "订阅|关注"),
    "schedule": _SET,
}
_BY_PREFIX = ("set-", "lang-", "schedule-")
_NOT = (
    r"\b(?:do ?n'?t|does ?n'?t|did ?n'?t|(?:do|does|did|can|could|should|will|would|must|need) ?not|never|can'?t|couldn'?t"
    r"|shouldn'?t|won'?t|wouldn'?t|mustn'?t|needn'?t|unable to|not to|not in|nobody|no one|instead of|no need to|stop(?= talk| speak| us| show)|quit(?= talk| speak| us| show))"
)
_NOT_CHINESE = r"(?:别|(?<!要)不要|(?<!用)不用|不想|(?<!会)不会|没有?|(?<!能)不能|(?<!该)不该|不必|无需|勿)"
_NOTHING = re.compile(r"\b(?:none of|nothing|nobody|not anything)\b")
_QUESTION = re.compile(
    r"^(?:(?:so|and|but|hey|hi|ok|well)[, ]+)*(?:(?:how|what)(?! about)|should|shall|why|who|did|has|was|were|is|are|do(?:es)? (?:i|you|it|we)"
    r"|have (?:you|i|we|they))\b|怎么|怎样|如何|为什么|为啥|谁|要不要|该不该|是不是|会不会|[了过](?:吗|么|没有?)[?]?$"
)
# "is robotics weekly?" asks, but "is there anything on robotics, weekly?" wishes for it
_OF_A_STATE = re.compile(r"^(?:is|are|was|were|did)\b(?! (?:there|it possible|anything|anyone|any))")
_REPORT = re.compile(
    r"\b(?:un-?subscribed|removed|deleted|dropped|cancell?ed|erased|paused|muted|undone|undid|by accident|accidentally|by mistake|if|unless)\b"
    r"|\b(?:i|we|he|she|they|you)(?:'ll| will| might| may| would| could| should) (?:un-?sub|remov|delet|drop|cancel|paus|mut|undo)"
    r"|如果|要是|假如|万一|不小心|误删|(?:已经?|刚才?)(?:取消|退订|删|暂停)"
)
# "remove 2? no!", "pause it. Actually don't"
_TAKEN_BACK = re.compile(
    r"[,;.!?]\s*(?:(?:actually|oh|wait|or|but|better)[, ]+)*(?:no|don'?t|not|never ?mind|wait|不|算了|别)[\s.!?]*$"
)
# words that say that a time is one of delivery
_OF_DELIVERY = re.compile(
    r"make|set|send|sent|change|move|switch|shift|deliver|delivered|delivery|come|coming|arrive|get|give|have|want|need|like|prefer|id|let|lets|try"
    r"|time|times|instead|rather|better|again|actually|maybe|perhaps|oh|hmm|ok|okay|yes|no|wait|sorry|earlier|later|day|days|week|weeks|morning|mornings"
    r"|evening|evenings|afternoon|noon|night|weekly|daily|monthly|now|one|papers?|them|keep|same|schedule|digest|digests|per|once|twice"
    r"|[改成到为吧请就每发推送给换调把时间也再还要在以后能可吗呢麻烦想希望好的了点早晚上下午中天周期都我你是定设]"
)
_QUOTED = re.compile(r"^\s*>|'''")  # a quotation, or code: folded texts have ' for each backtick
_CORRECTED = re.compile(r"[,;.!?]\s*(?:no|wait|actually|不|不对)\s*[,;.!?]")  # "remove 2, no, remove 3"
_REMOVAL = re.compile(
    rf"\b(?:{_REMOVE.english}|clear\w*|wip\w+|empty|stop\w*|end|quit|none|nothing|no)\b|{_REMOVE.chinese}|清|停|关|别|不"
)
_REPORTED = frozenset({"unsub", "unsub-all", "pause", "resume", "stop", "undo", "forget"})
_MOST_OF_ALL = 8  # words of an order to remove everything; a longer text is from somewhere else


def is_order(plain: str, intent: str) -> bool:  # noqa: PLR0911 - one answer for each way to speak of an action
    """Returns whether a folded sentence with this intent tells to do it; True for intents that change nothing."""
    verbs = _VERBS.get(intent) or (_SET if intent.startswith(_BY_PREFIX) else None)
    if verbs is None:
        return True
    if intent == "unsub-all" and (len(plain.split()) > _MOST_OF_ALL or not names_a_removal(plain)):
        return False
    if intent in _REPORTED and _CORRECTED.search(plain):
        return False
    if intent == "sub" and _OF_A_STATE.search(plain):
        return False
    if intent != "sub" and (_QUESTION.search(plain) or _QUOTED.search(plain) or _TAKEN_BACK.search(plain)):
        return False
    if intent in _REPORTED and (_REPORT.search(plain) or _NOTHING.search(plain)):
        return False
    return not _is_denied(plain, verbs)


def is_of_delivery(word: str) -> bool:
    """Returns whether a folded word may stand beside a time of delivery: "send it at 9", but not "my meeting is at 9"."""
    return _OF_DELIVERY.fullmatch(word) is not None


def names_a_removal(plain: str) -> bool:
    """Returns whether a folded text has a word for removing or ending something."""
    return bool(_REMOVAL.search(plain))


def _is_denied(plain: str, verbs: _Verbs) -> bool:
    english = rf"{_NOT}(?:[ -]+[\w']+){{0,5}}?[ -]+(?:{verbs.english})\b"
    chinese = rf"{_NOT_CHINESE}[^,.;!?]{{0,5}}?(?:{verbs.chinese})"
    return bool(re.search(english, plain) or re.search(chinese, plain))
