"""Tells orders from sentences that only speak of an action: that deny it, ask about it, report it or quote it. Pure.

"don't remove 2", "how can I unsubscribe?", "I removed it by accident" and "if I pause it" have the verbs of orders. Such a
sentence is never sure, so that the bot asks instead of acting.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bot.commands.words.reader import Token
from bot.commands.words.word_lists import small_words
from subscriptions.planning.times import time_at


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
    "cancel": _REMOVE,
    "sub": _Verbs(r"subscrib\w*|follow\w*|notify|alert", "订阅|关注"),
    "schedule": _SET,
}
_ANY = _Verbs(*("|".join(words) for words in zip(_SET, _REMOVE, _PAUSE, strict=True)))
_BY_PREFIX = ("set-", "lang-", "schedule-")
_NOT = (
    r"\b(?:do ?n'?t|does ?n'?t|did ?n'?t|(?:do|does|did|can|could|should|will|would|must|need) ?not|never|can'?t|couldn'?t"
    r"|shouldn'?t|won'?t|wouldn'?t|mustn'?t|needn'?t|unable to|not to|not in|nobody|no one|instead of|no need to|stop(?= talk| speak| us| show)|quit(?= talk| speak| us| show))"
)
_NOT_CHINESE = r"(?:别|(?<!要)不要|(?<!用)不用|不想|(?<!会)不会|没有?|(?<!能)不能|(?<!该)不该|不必|无需|勿)"
_NOTHING = re.compile(r"\b(?:none of|nothing|nobody|not anything)\b")
# "remove one of my subscriptions" does not say which
_WHICHEVER = re.compile(
    r"(?<!the )\b(?:one|some|any|a few|either|half|most|(?:a )?couple) of (?:my|the|them|these|those|our|it)\b|(?:其中|某)[一几两]?[个些条]"
)
_QUESTION = re.compile(
    r"^(?:(?:so|and|but|hey|hi|ok|well)[, ]+)*(?:(?:how|what)(?! about)|should|shall|why|who|did|has|was|were|is|are|do(?:es)? (?:i|you|it|we)"
    r"|have (?:you|i|we|they))\b|怎么|怎样|如何|为什么|为啥|谁|要不要|该不该|是不是|会不会|[了过](?:吗|么|没有?)[?]?$"
)
# "is robotics weekly?" asks, but "is there anything on robotics, weekly?" wishes for it
_OF_A_STATE = re.compile(r"^(?:is|are|was|were|did)\b(?! (?:there|it possible|anything|anyone|any))")
# "should I subscribe to it?" and "if I were a chemist I'd follow it" only weigh it
_WEIGHED = re.compile(
    r"\b(?:should|shall|ought) (?:i|we)\b|\bif (?:i|we) (?:was|were|had|worked|could)\b"
    r"|\b(?:i|we)(?:'d| would| might| may) (?:maybe |perhaps |probably |only )?(?:subscribe|follow)\b"
    r"|\bwho (?:said|told|says)\b|\b(?:did|have) i (?:ever )?(?:say|said|ask)|谁(?:说|让|告诉)|我(?:什么时候|何时|哪|从来没|没)说"
    r"|(?<!你)要不要|该不该|值得(?:订阅|关注)吗|是不是(?:要|该)|是否(?:要|该)"
)
_REPORT = re.compile(
    r"\b(?:un-?subscribed|removed|deleted|dropped|cancell?ed|erased|paused|muted|undone|undid|by accident|accidentally|by mistake|if|unless)\b"
    r"|\b(?:i|we|he|she|they|you)(?:'ll| will| might| may| would| could| should) (?:un-?sub|remov|delet|drop|cancel|paus|mut|undo)"
    r"|如果|要是|假如|万一|不小心|误删|(?:已经?|刚才?)(?:取消|退订|删|暂停)"
)
_PEOPLE = (
    r"(?:老板|导师|老师|教授|上司|领导|组长|经理|客户|主管|同事|同学|学生|室友|邻居|朋友|师[兄姐弟妹]|[他她]们?(?!的)|别人|人家|大家|家人|孩子|老[婆公]|妻子|丈夫"
    r"|爸爸?|妈妈?|哥哥?|姐姐?|弟弟?|妹妹?)"
)
# what another person wants or says: "my boss told me to unsubscribe"
_OF_ANOTHER = re.compile(
    r"\b(?!(?:i|we|you)\b)\w+(?:'s)? (?:also |always |just |only )?(?:wants?|wanted|tells?|told|asks?|asked|advis(?:es|ed)|suggest(?:s|ed)|recommend(?:s|ed)|urge[sd]"
    r"|orders|ordered|expect(?:s|ed)|begs|begged|says?|said|thinks?|thought|insist(?:s|ed)) (?:(?:that )?(?:i|we|me|us)|to)\b"
    rf"|{_PEOPLE}[^,.;!?]{{0,6}}(?:[让叫要劝催说]|建议|希望|觉得|认为|推荐)"
    # what another person did, or has: 我室友把他的订阅都删光了
    rf"|{_PEOPLE}[^,.;!?]{{0,4}}(?:把|已经?|刚才?|[都也全].{{0,8}}了)|[他她]们?的(?:所有|全部)?(?:订阅|设置|提醒|推送|论文)"
)
# "remove 2? no!", "pause it. Actually don't"
_TAKEN_BACK = re.compile(
    r"[,;.!?]\s*(?:(?:actually|oh|wait|or|but|better)[, ]+)*(?:no|don'?t|not|never ?mind|wait|不|算了|别)[\s.!?]*$"
)
# words that arrange when something comes, and others that may stand beside a time of delivery
_ARRANGES = re.compile(
    r"make|set|send|sent|sending|stop|changed?|moved?|moves|turn|reduce|convert|fix|edit|go|bump|pull|switch|shift|schedule|resched|re-?schedule|deliver|delivered|push|post|mail|put|bring|give|use|keep|adjust|postpone"
    r"|delay|want|need|prefer|like|id|rather|instead|[改设换调推送发挪移放提延想希要]"
)
_OF_DELIVERY = re.compile(
    rf"{_ARRANGES.pattern}|delivery|deliveries|come|comes|coming|arrives?|run|reach|starting|sounds|more|less|often|possible|get|have|let|lets|try|do|will|would|should|could|meant|mean|enough|plenty|fine|good"
    r"|works|fits|suits|suffices|ok|okay|yes|no|wait|sorry|oh|hmm|well|actually|maybe|perhaps|better|again|only|just|everything|already|always"
    r"|time|times|hour|hours|earlier|sooner|later|early|late|before|after|once|twice|day|days|week|weeks|month|morning|mornings|evening|evenings|afternoon|afternoons"
    r"|noon|night|weekend|weekends|weekday|weekdays|weekly|daily|monthly|now|immediately|instantly|next|per|from|then|one|papers?|articles?|them|same|frequency"
    r"|digests?|mails?|messages?|subscriptions?|alerts?|updates?|second|first|last|number|rest|else"
    r"|[成到为吧请就每给把时间也再还在以后能可吗呢麻烦好的了点早晚看读收帮不别末迟安排律至让降趟回合适便上下午中天周期都我你是定][收一次篇文论内只仅统从起今前往同样这那个条]?|[收一次篇文论内容只仅统从起今前往同样这那个条够行即如频率全部所有订阅摘报消息两小号第其他余剩另外]"
)
_CLAUSE_ENDS = frozenset({",", ";", ".", "!", "?", "、", ":", "but", "so", "then", "and"})
_SIGNS = frozenset(",;，；、")
_OWN = re.compile(  # what people do themselves: "I come at 9", but not "I want it at 9"
    r"(?<!can )(?<!could )(?<!shall )(?<!should )(?<!may )\b(?:i|we|he|she)\b(?!'d\b| (?:would|want|wanna|need|prefer|like|rather|wish|meant?|think|guess|said|get (?:it|them|the|my|one))\b)"
)
_OF_OTHERS = frozenset({"there", "here", "who", "whom", "whose", "where"})  # "will you be there on monday?"
_NOT_THEN = re.compile(r"\b(?:not|never|without)\b|n't\b|太|[别没无]|(?<![能可行好是] )不(?! 如)")
_QUOTED = re.compile(r"^\s*>|'''")  # a quotation, or code: folded texts have ' for each backtick
_CORRECTED = re.compile(r"[,;.!?]\s*(?:no|wait|actually|不|不对)\s*[,;.!?]")  # "remove 2, no, remove 3"
# what tells to remove: "I no longer work on it" and "it was a mistake" only hint at that
_REMOVAL = re.compile(
    rf"\b(?:{_REMOVE.english}|clear\w*|clean\w*|wip\w+|empty|stop\w*|end|quit|clos\w+|terminat\w+|scrap|ax|axe|chuck|throw|trash|dump|kick|kill|strip|cut"
    r"|unfollow|withdraw\w*|discontinue|abandon|ditch|eliminate|retire|cease|purge|nuke|unwatch|unregister|deregister|sign off|opt out|tak\w+ .*(?:off|away|out|down)|get (?:me|us|it) (?:off|out)|(?:want|cross|strike|let) .{0,40}\b(?:out|off|gone|go)"
    r"|(?:can|should|may|must|needs? to|ha(?:s|ve) to) go|(?:none|nothing|no|not) (?:of them|at all|at|more|any ?more|for me)|(?:don'?t|do not|no longer) (?:\w+ )?(?:want|need|wish|send|show|give|bring|get|like to))\b"
    rf"|{_REMOVE.chinese}|[退清停关别撤扔砍滚]|移除|去[掉除]|[拿干]掉|终止|作废|注销|踢|不留|不[要用看订想再需]"
)
# "I am busy" only hints at a pause; "I am away for a week" says how long it shall be
_PAUSES = re.compile(
    rf"\b(?:{_PAUSE.english}|silen\w+|quiet|hold|halt|freez\w+|suspend\w*|break|rest|skip|shut up|leave me|peace|off)\b|{_PAUSE.chinese}|静|挂起|搁|缓|中止|冻结|关闭|别发|不要?[发推]|再[发推说]"
)
# "I sleep from 11 to 7" only hints at quiet hours
_QUIETS = re.compile(
    r"\b(?:quiet|silen\w+|disturb\w*|dnd|peace|mut\w+|hold|shut up|only|between|no|not|never|nothing|without|off)\b|n't\b|[静扰别不勿免关攒闭再]"
)
_REPORTED = frozenset({"unsub", "unsub-all", "pause", "resume", "stop", "undo", "forget"})
_MOST_OF_ALL = 8  # words of an order to remove everything; a longer text is from somewhere else


def is_order(plain: str, intent: str) -> bool:  # noqa: PLR0911 - one answer for each way to speak of an action
    """Returns whether a folded sentence with this intent tells to do it; True for intents that change nothing."""
    verbs = _VERBS.get(intent) or (_ANY if intent.startswith(_BY_PREFIX) else None)
    if verbs is None:
        return True
    if intent == "unsub-all" and (len(plain.split()) > _MOST_OF_ALL or not names_a_removal(plain)):
        return False
    if intent in _REPORTED and _CORRECTED.search(plain):
        return False
    if intent == "unsub" and not names_a_removal(plain):
        return False
    if intent in _REPORTED and names_whichever(plain):
        return False
    if intent == "sub" and (_OF_A_STATE.search(plain) or _WEIGHED.search(plain)):
        return False
    if intent != "sub" and (_QUESTION.search(plain) or _QUOTED.search(plain) or _TAKEN_BACK.search(plain)):
        return False
    if intent in _REPORTED and (_REPORT.search(plain) or is_of_another(plain) or _NOTHING.search(plain)):
        return False
    return not _is_denied(plain, verbs)


def is_of_another(plain: str) -> bool:
    """Returns whether a folded sentence tells what another person wants or says: "my boss wants me to unsubscribe"."""
    return bool(_OF_ANOTHER.search(plain))


def is_question(plain: str) -> bool:
    """Returns whether a folded sentence asks about an action instead of telling to do it: "how do I unsubscribe?"."""
    return bool(_QUESTION.search(plain))


def is_of_delivery(word: str) -> bool:
    """Returns whether a folded word may stand beside a time of delivery: "send it at 9", but not "my meeting is at 9"."""
    return _OF_DELIVERY.fullmatch(word) is not None


def sets_a_time(tokens: Sequence[Token], named: frozenset[Token], *, may_deny: bool = False) -> bool:
    """Returns whether a clause of a sentence speaks only of when papers shall come: "I get up at 7, so send it then".

    `named` are the words for subscriptions. With `may_deny`, the clause may also say when they shall not come.
    """
    clauses = [list[Token]()]
    for token in tokens:
        if token.mark in _CLAUSE_ENDS or token.words[:1] in _SIGNS:
            clauses.append([])
        if token.mark not in _CLAUSE_ENDS:
            clauses[-1].append(token)
    return any(_arranges(clause, named, may_deny=may_deny) for clause in clauses)


def _arranges(clause: Sequence[Token], named: frozenset[Token], *, may_deny: bool) -> bool:
    plain = " ".join(token.words.lower() for token in clause)
    words = [one for one in clause if one not in named and one.mark[:1].isalpha()]
    is_timed = any(one.mark.startswith("@") or time_at(one.mark, 0) for one in clause)
    return (
        (is_timed or any(_ARRANGES.fullmatch(one.mark) for one in words))
        and all(is_of_delivery(one.mark) or one.mark in small_words() - _OF_OTHERS for one in words)
        and not _OWN.search(plain)
        and (may_deny or not _NOT_THEN.search(plain))
    )


def names_whichever(plain: str) -> bool:
    """Returns whether a folded text names one or some of several without saying which: "one of my subscriptions"."""
    return bool(_WHICHEVER.search(plain))


def names_silence(plain: str, intent: str) -> bool:
    """Returns whether a folded text has a word for pausing, or for quiet hours, by its intent."""
    return bool((_PAUSES if intent == "pause" else _QUIETS).search(plain))


def names_a_removal(plain: str) -> bool:
    """Returns whether a folded text has a word for removing or ending something."""
    return bool(_REMOVAL.search(plain))


def _is_denied(plain: str, verbs: _Verbs) -> bool:
    english = rf"{_NOT}(?:[ -]+[\w']+){{0,5}}?[ -]+(?:{verbs.english})\b"
    chinese = rf"(?:{_NOT_CHINESE}[^,.;!?]{{0,5}}?|(?:别|不[要用想必]|勿)(?:再)?把[^,.;!?]*?)(?:{verbs.chinese})"
    return bool(re.search(english, plain) or re.search(chinese, plain))
