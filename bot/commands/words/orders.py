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
_ORDER = re.compile(rf"\b(?:{_ANY.english})\b|{_ANY.chinese}")
_BY_PREFIX = ("set-", "lang-", "schedule-")
_NOT = (
    r"\b(?:do ?n'?t|does ?n'?t|did ?n'?t|(?:do|does|did|can|could|should|will|would|must|need) ?not|never|can'?t|couldn'?t"
    r"|shouldn'?t|won'?t|wouldn'?t|mustn'?t|needn'?t|unable to|not to|not in|not that|not because|nobody|no one|instead of|no need to|stop(?= talk| speak| us| show)|quit(?= talk| speak| us| show))"
)
_NOT_CHINESE = r"(?:别|(?<!要)不要|(?<!用)不用|不想|(?<!会)不会|没有?|(?<!能)不能|(?<!该)不该|不必|无需|勿)"
_NOTHING = re.compile(r"\b(?:none of|nothing|nobody|not anything)\b")
# "remove one of my subscriptions" does not say which
_WHICHEVER = re.compile(
    r"(?<!the )\b(?:one|some|any|a few|either|half|most|(?:a )?couple) of (?:my|the|them|these|those|our|it)\b|(?:其中|某)[一几两]?[个条些]"
    rf"|\b(?:{_REMOVE.english}|{_PAUSE.english})(?: from| off)? (?:one|some|something|a few|a couple)(?=\s*(?:$|[,.!?]))"
    r"|(?:停|退|订|删|消|复|[删去]掉|删除)[一几][个条些](?=\s*(?:$|[,.!?吧呢]))"
)
_QUESTION = re.compile(
    r"^(?:(?:so|and|but|hey|hi|ok|well)[, ]+)*(?:(?:how|what)(?! about)|should|shall|why|who|did|has|was|were|is|are|do(?:es)? (?:i|you|it|we)"
    r"|have (?:you|i|we|they))\b|怎么|怎样|如何|为什么|为啥|谁|要不要|该不该|是不是|会不会|还是[^,.;!?]*[呢吗?]|[了过](?:吗|么|没有?)[?]?$"
)
# "is robotics weekly?" asks, but "is there anything on robotics, weekly?" wishes for it
_OF_A_STATE = re.compile(r"^(?:is|are|was|were|did)\b(?! (?:there|it possible|anything|anyone|any))")
# "should I subscribe to it?" and "if I were a chemist I'd follow it" only weigh it
_WEIGHED = re.compile(
    r"\b(?:should|shall|ought) (?:i|we)\b|\bif (?:i|we) (?:was|were|had|worked|could)\b"
    r"|\b(?:says?|said|thinks?|thought|suggests?|recommends?)\b[^,.;!?]{0,30}\bshould\b"
    r"|\b(?:i|we)(?:'d| would| might| may) (?:maybe |perhaps |probably |only )?(?:subscribe|follow)\b"
    r"|\bwho (?:said|told|says)\b|\b(?:did|have) i (?:ever )?(?:say|said|ask)|谁(?:说|让|告诉)|我(?:什么时候|何时|哪|从来没|没)说"
    r"|(?<!你)要不要|该不该|值得(?:订阅|关注)吗|是不是(?:要|该)|是否(?:要|该)"
)
# what was done, or will be done by the person: "I removed it by accident"
_TOLD = re.compile(
    r"\b(?:un-?subscribed|removed|deleted|dropped|cancell?ed|erased|paused|muted|undone|undid|by accident|accidentally|by mistake)\b"
    r"|\b(?:i|we|he|she|they)(?:'ll| will| might| may| would| could| should) (?:un-?sub|remov|delet|drop|cancel|paus|mut|undo)"
    r"|不小心|误删|(?:已经?|刚才?)(?:取消|退订|删|暂停)"
)
# what a person only thought or planned: "I was going to remove it", but "I was wondering if you could" is polite
_THOUGHT = re.compile(
    r"\b(?:i|we) (?:just |had |only |always )?(?:thought|believed|assumed|expected|wonder|dream\w*|(?:was|were)(?! (?:wondering|hoping))|(?:w|sh|c)ould have"
    r"|promised?|plan\w*|intend\w*|decided|consider\w*|might|may)\b|我(?:本来|原本|以为|打算|考虑|在想)"
)
# an action depends on something else: "if there are too many", 等我回来再恢复
_CONDITION = re.compile(
    r"\b(?:if|unless|in case|as soon as|whenever|suppos(?:e|ing)|assuming|provided|once(?= (?:i|we|you|they|the|it|there|that|my|our)\b))\b"
    r"(?! (?:possible|needed|necessary|(?:this|that|it) is|that'?s|it'?s|you (?:can|could|would|will|don'?t|may|like|please|want)|i (?:may|can|could))\b)"
    r"|(?:如果|要是|假如|倘若|若是)(?!可以|方便|可能|行)|万一|除非|一旦|(?<!可以|方便|可能|刚才|说过)(?<!说)的话|等[^,.;!?]{1,8}再(?=取|退|删|暂|停|恢|改|换|设)"
)
_IF = re.compile(
    r"(?:but |and |only |even )*(?:if|unless|in case|as long as|provided|whenever)\b|(?:但|只)?(?:如果|要是|假如|除非|万一|一旦)"
)
_WHEN = re.compile(r"(?<!for )\bwhen (?:i|we|he|she|they|the|there|it|my|our)\b|的时候")
# "to" before a verb belongs to a wish: "I want to remove it", but "remind me to remove it"
_WISHED = frozenset(
    {
        "want",
        "wanna",
        "like",
        "love",
        "need",
        "wish",
        "prefer",
        "have",
        "got",
        "possible",
        "able",
        "please",
        "time",
        "nice",
        "good",
        "great",
        "help",
        "try",
    }
)
# A clause of a Chinese sentence that begins with a noun and no word of an order or a wish has somebody as its subject.
_LEADS = "请|麻烦|帮|给|替|我|你|您|咱|就|先|再|也|都|还|那|这|想|要|可以|能|得|该|把|让|叫|今|明|现|然后|直接|顺便|最好|干脆|每|不|别|没|很|真|周|第|如|等"
_SOMEBODY = rf"(?:(?:^|[,.;!?])\s*(?:我们?的?)?(?!{_LEADS})[\u4e00-\u9fff]{{2,4}}?|[他她]们?(?!的)|别人|人家|大家|(?:^|[,.;!?])我们?的?(?!{_LEADS})[\u4e00-\u9fff]{{1,3}}?)"
# what another person wants or says: "my boss told me to unsubscribe"
_OF_ANOTHER = re.compile(
    r"(?:(?<!')\b(?!(?:i|we|you)\b)\w+ (?:also |always |just |only )?(?:wants|wanted|tells|told|asks|asked|advis(?:es|ed)|suggest(?:s|ed)|recommend(?:s|ed)|urge[sd]|orders|ordered"
    r"|expect(?:s|ed)|begs|begged|says|said|writes|wrote|typed|thinks|thought|insist(?:s|ed))|\b(?:they|people|everyone|(?!this\b)[a-z]{2,}s) (?:want|tell|ask|advise|suggest|recommend|say|think))"
    r"(?: (?:(?:that |whether |if )?(?:i|we|me|us)|to)\b|\s?[:,])"
    rf"|{_SOMEBODY}[^,.;!?]{{0,4}}?(?:(?:[让叫劝催]|要求|希望|觉得)(?:我|咱)|(?<!再)(?<!来)说(?=[要应该让退取删停暂改换:])|建议|认为)"
    # what another person did, or has: 我室友把他的订阅都删光了
    rf"|{_SOMEBODY}(?:[也都]|已经?|刚才?)?(?:把(?!它)[^,.;!?]*了|已经?(?:取消|退订|删|停))|[他她]们?(?:[都也全].{{0,8}}了|的(?:所有|全部)?(?:订阅|设置|提醒|推送|论文))"
)
# A later clause says that something stays: "pause it, or rather, leave it"
_BUT = r"(?:(?:oh|hm+|uh|well|actually|or|but|better|rather|and|just|then|please|on second thoughts?)\s+)*"
_STAYS = re.compile(
    rf"{_BUT}(?:(?:keep|leave) (?:it|that|this|them|everything)(?: (?:as|like|the way) .*| in| on| there| alone| running| active)?(?: please)?|#?[\w-]+ (?:can )?stays?"
    r"|let me (?:think|see)\b.*|(?:just )?(?:kidding|joking))|开玩笑的?|(?:还是)?(?:留着|保留).*|不动|(?![^,.]*(?:回头|过几|下周|下个?月|以后|之后|到时))(?:[^,.]{0,8} ?)?再(?:说|看看?|想想?|考虑)(?:[吧了]|.{2,8}的事)?"
)
# A later clause takes back what one before it said: "pause it. Actually don't"
_TAKEN_BACK = re.compile(
    rf"{_BUT}(?:no|nope|nah|not|not (?:sure|yet|sure yet)|wait|hold on|(?:no )?(?:do not|don'?t)(?: do (?:it|that))?|i (?:won'?t|don'?t|didn'?t|will not|do not|changed my mind)|never ?mind|forget (?:it|that)"
    r"|scrap that|rather(?: not)?|maybe later|no thanks?(?: you)?)(?: (?:wait|please|thanks))?"
    r"|不|别|不要|不用|算了|等等|等一下|不对|还是(?:算了|别|不).*"
)
_CORRECTS = re.compile(
    r"\s*[,;.!?…—–-]+\s*(?:(?:oh|no|nope|wait|sorry|oops|actually)[\s,.!]+)*(?:no|wait|sorry|oops|不对|不|等等|说错了)\s*[,;.!?…—–-]+\s*(?=\S)"
)
# "remove the first, no sorry the second": which one is meant is asked
_ANOTHER_PLACE = re.compile(
    r"[,;.…—–-]\s*(?:(?:oh|no|nope|wait|sorry|oops|actually|i mean|i meant)[\s,]+)+(?:the )?(?:first|second|third|fourth|fifth|last|other|#?\d+)\b"
    r"|(?:不对|不是|哦不|说错了)[,，\s]*(?:是|应该是)?第?[一二三四五六七八九\d]"
)
_OWN_WISH = re.compile(r"\bbut (?=(?:i|we|please)\b)|但是?(?=我|请)|可是?(?=我)")  # "they want me to, but I'd rather"
_CLAUSES = re.compile(r"\s*(?:[,;.!:…]+|[?]|\s-+\s|[–—]+|\s(?=but\b|or (?:rather|leave|keep)\b))\s*")
# another subscription that an order does not mean: "pause 2, but not 1"
_BUT_NOT = re.compile(
    r"(?:[,;]\s*|\b(?:but|and) )not (?!\d|(?:at|on|in|before|until|till|any|for)\b)|(?:而|但)不(?:要|是)"
)
_REQUEST = re.compile(
    r"\b(?:can|could|would|will|may|please|pls|mind|possible|let'?s|why not|why don'?t)\b|可以|可否|能|请|麻烦|帮|好吗|行吗|好不好|行不行"
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
# what tells to remove: "I no longer work on it" and "it was a mistake" only hint at that
_REMOVAL = re.compile(
    rf"\b(?:{_REMOVE.english}|clear\w*|clean\w*|wip\w+|empty|stop\w*|end|quit|clos\w+|terminat\w+|scrap|ax|axe|chuck|throw|trash|dump|kick|kill|strip|cut"
    r"|unfollow|withdraw\w*|discontinue|abandon|ditch|eliminate|retire|cease|purge|nuke|unwatch|unregister|deregister|sign off|opt out|tak\w+ .*(?:off|away|out|down)|get (?:me|us|it) (?:off|out)|(?:want|cross|strike|let) .{0,40}\b(?:out|off|gone|go)"
    r"|(?:can|should|may|must|needs? to|ha(?:s|ve) to) go|(?:none|nothing|no|not) (?:of them|at all|at|more|any ?more|for me)|(?:don'?t|do not|no longer) (?:\w+ )?(?:want|need|wish|send|show|give|bring|get|like to))\b"
    rf"|{_REMOVE.chinese}|[退清停关别撤扔砍滚]|移除|去[掉除]|[拿干]掉|终止|作废|注销|踢|不留|不[要用看订想再需]"
)
_PAST = re.compile(r"[^e]ed$")  # but not "need"
_CAUSES = re.compile(r"\b(?:want|need|like|have|get|be|gets?|wish)\b[^,.;!?]*$")  # "I want it …ed"
# "I am busy" only hints at a pause; "I am away for a week" says how long it shall be
_PAUSES = re.compile(
    rf"\b(?:{_PAUSE.english}|silen\w+|quiet|hold|halt|freez\w+|suspend\w*|break|rest|skip|shut up|leave me|peace|off)\b|{_PAUSE.chinese}|静|挂起|搁|缓|中止|冻结|关闭|别发|不要?[发推]|再[发推说]"
)
# "I sleep from 11 to 7" only hints at quiet hours
_QUIETS = re.compile(
    r"\b(?:quiet|silen\w+|disturb\w*|dnd|peace|mut\w+|hold|shut up|only|between|no|not|never|nothing|without|off)\b|n't\b|[静扰别不勿免关攒闭再]"
)
_REPORTED = frozenset({"unsub", "unsub-all", "pause", "resume", "stop", "undo", "forget"})
_OF_ONE = frozenset({"unsub", "pause", "resume"})
_OF_A_QUERY = frozenset({"exclude", "narrow", "widen", "edit", "name"})
# with these, "when" and "if" speak of papers that arrive: "a sound when papers come", "only if it has kelp"
_OF_ARRIVALS = ("set-quiet", "set-sound", "schedule-now")
_MOST_OF_ALL = 8  # words of an order to remove everything; a longer text is from somewhere else


def is_order(plain: str, intent: str) -> bool:
    """Returns whether a folded sentence with this intent tells to do it; True for intents that change nothing."""
    verbs = _VERBS.get(intent) or (_ANY if intent.startswith(_BY_PREFIX) else None)
    if verbs is None:
        is_told = is_of_another(plain) or says_that_it_stays(plain) or _WEIGHED.search(plain)
        return intent not in _OF_A_QUERY or not is_told
    if _is_denied(plain, verbs, intent) or not _may_remove(plain, intent):
        return False
    if intent == "sub":
        return not (_OF_A_STATE.search(plain) or _WEIGHED.search(plain) or takes_back(plain))
    if _is_asked(plain, verbs) or _is_reported(plain, verbs, intent) or _QUOTED.search(plain):
        return False
    is_unclear = intent in _OF_ONE and _ANOTHER_PLACE.search(plain)
    return not (_depends(plain, intent) or takes_back(plain) or is_unclear)


def _may_remove(plain: str, intent: str) -> bool:
    """Returns whether a removal has a word for that, and one of everything is short; True for other intents."""
    if intent not in ("unsub", "unsub-all"):
        return True
    return names_a_removal(plain) and (intent == "unsub" or len(plain.split()) <= _MOST_OF_ALL)


def _is_asked(plain: str, verbs: _Verbs) -> bool:
    """Returns whether a sentence asks about an action; "can you remove it?" tells to do it."""
    asked = (clause.rpartition(",")[2] for clause in re.findall(r"[^;.!?]+(?=[?])", plain))
    does = re.compile(rf"\b(?:{verbs.english})\b|{verbs.chinese}")
    return is_question(plain) or any(does.search(one) and not _REQUEST.search(one) for one in asked)


def _is_reported(plain: str, verbs: _Verbs, intent: str) -> bool:
    """Returns whether a sentence tells what somebody says, thinks, has done or plans."""
    own = plain if intent in _REPORTED else _OWN_WISH.split(plain)[-1]
    if is_of_another(own) or _THOUGHT.search(own):
        return True
    governors = re.findall(
        rf"(\w+)(?: (?:me|us|you|myself|it|that|this|them))? to (?:\w+ly )?(?:{verbs.english})\b", plain
    )
    if any(one not in _WISHED for one in governors):
        return True
    return intent in _REPORTED and bool(_TOLD.search(plain) or _NOTHING.search(plain) or names_whichever(plain))


def _depends(plain: str, intent: str) -> bool:
    """Returns whether an action shall be done only under a condition, or later."""
    if intent.startswith(_OF_ARRIVALS):
        return False
    return bool(_CONDITION.search(plain) or (not intent.startswith("schedule") and _WHEN.search(plain)))


def _later_clauses(plain: str) -> Sequence[str]:
    return _CLAUSES.split(" ".join(plain.strip(" .!?~").split()))[1:]


def says_that_it_stays(plain: str) -> bool:
    """Returns whether a later clause of a folded text says that something stays: "pause it, or rather, leave it"."""
    return any(map(_STAYS.fullmatch, _later_clauses(plain)))


def begins_a_condition(plain: str) -> bool:
    """Returns whether a folded piece of a text is a condition of what was said before it: "only if 2 stays on"."""
    return _IF.match(plain) is not None


def takes_back(plain: str) -> bool:
    """Returns whether a later clause of a folded text takes back what one before it said: "pause it. Actually don't"."""
    return says_that_it_stays(plain) or any(map(_TAKEN_BACK.fullmatch, _later_clauses(plain)))


def last_order(plain: str) -> int:
    """Returns where the order begins that corrects another one in a folded text: "remove 2, no wait, remove 3"; 0 if there is none."""
    found = _CORRECTS.search(plain)
    is_order = found and _ORDER.search(plain, 0, found.start()) and _ORDER.match(plain, found.end())
    return found.end() if found and is_order else 0


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
    """Returns whether a folded text has a word for removing or ending something.

    "The library stopped paying" tells what happened, and "I want it removed" what shall happen.
    """
    found = _REMOVAL.finditer(plain)
    return any(not _PAST.search(one[0]) or _CAUSES.search(plain, 0, one.start()) for one in found)


def _is_denied(plain: str, verbs: _Verbs, intent: str) -> bool:
    english = rf"{_NOT}(?:[ -]+[\w']+){{0,5}}?[ -]+(?:{verbs.english})\b"
    chinese = rf"(?:{_NOT_CHINESE}[^,.;!?]{{0,9}}?|(?:别|不[要用想必]|勿)(?:再)?把[^,.;!?]*?)(?:{verbs.chinese})"
    if re.search(english, plain) or re.search(chinese, plain):
        return True
    is_not = rf"(?<!why )\b(?:not|neither|nor)(?: \w+)? (?:{verbs.english})\b"
    return intent in _OF_ONE and bool(re.search(is_not, plain) or _BUT_NOT.search(plain))
