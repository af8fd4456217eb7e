"""Finds the words by which a sentence names subscriptions: "the quantum one", "all except 2", "from number 3". Pure."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from bot.sentences.words import by_rule, orders, reader, subjects
from bot.sentences.words.said import Said
from subscriptions.planning.times.reading import Reading, reading_of

# A sentence about the whole chat is read once more as one about a single subscription, to see whether it names one.
_OF_ONE = {"unsub-all": "unsub", "stop": "unsub", "schedule-now": "schedule", "schedule-weekdays": "schedule"}
_OF_THE_CHAT = ("set-", "lang-")  # the intents of settings, which are of the whole chat
_OF_PAPERS = ("unsub", "pause", "resume")  # with these, the words for papers name the subscription that brings them
_OF_ALL = re.compile(r"\b(?:all|everything|anything|them|both)\b|全部|所有|都")
_OF_EACH = re.compile(r"\b(?:all of (?:them|it|my)|everything|both)\b|全部|所有")
_ALL_OR_THEM = re.compile(rf"(?:{_OF_ALL.pattern}|[它他她]们?|[全光])+")
_OWN = re.compile(r"\b(?:i|i'm|i'll|i've|we|me|my|us|our)\b|[我咱]")
_REFERS = re.compile(
    r"\b(?:the|my|that|this)\b.*\b(?:ones?|subscriptions?|feeds?|alerts?|topics?|searche?s?|quer(?:y|ies))\b"
    r"|[那这][个条]|订阅|[^\W\d_]的$"
)
IT = re.compile(
    r"\b(?:it|them|that one|this one)\b(?!['’]s)(?! (?:is|was|takes|works))|[它](?!们的)|(?:那|这)个(?![^\s的改换])"
)
_THAT = re.compile(  # a thing beside a verb without a noun: "pause that for a week", 那个停三天
    r"\b(?:that|this)(?=\s+(?:for|until|till|over|through|this|next|please|now|again|too)\b|[\s,.!?]*$)|[那这]个(?=先?[停暂恢])|刚才那[个条]?"
)
_LAST = re.compile(
    r"\b(?:the )?(?:last|latest|newest)(?: one| subscription)?(?! (?:week|month|year|night|time))\b|最后(?:那|这)?一?[个条]|最新(?:的|那)?[个条]?"
)
_NUMBERED = re.compile(
    r"\b(?:number|subscription|no\.?)\s*\d|#\s*\d|第\s*[\d一二三四五六七八九十]+\s*[个条号]|\d\s*号|订阅\s*\d"
    r"|^\d{1,2}\s*:(?!\d)"
)
_PLACES = r"(?:in|into|from|within|under|for|to)"  # before the name of a subscription out of which something is taken
_BEFORE_A_NAME = re.compile(
    r"^\s*(?:(?:is|as|to|be|should be|shall be|called|named|=|:|的?新?名字|[是为]|叫做?|改[名叫成为])\s*)*",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[,;.!?、]")
_OWN_ONES = frozenset({"my", "our", "the", "me", "us", "these", "those", "all"})
_DETERMINERS, _THAT_ONE = frozenset({"the", "my"}), frozenset("那的")

_SUBSCRIPTION = r"(?:my |the |of |all |those |these |subscriptions?\b|feeds?\b|alerts?\b|topics?\b|ones?\b|papers?\b)"
_ALL = r"(?:all|everything|every(?: single)? \w+|any(?:thing)?|(?:the |my )?subscriptions|the rest|the others?)"
_REST = r"(?:the (?:rest|others?|other ones)|(?:all|every\w*)(?: the)? (?:else|others?|rest)|others|everything|all)"
_BUT = (
    r"(?:except(?: for| from)?|excepting|besides|apart from|aside from|other than|save(?: for)?|excluding|bar|without)"
)
_KEEP = r"(?:keep|leave|spare|retain)"
_OTHERS = r"(?:其他|其它|其余|别的|剩下|剩余|另外|全|所有|都|一律|统统|通通)"
_DOES = r"(?:退订|取消(?:订阅)?|删除?掉?|移除|去掉|停掉|暂停|恢复)"
_BEFORE_TIMES = frozenset({"to", "for", "until", "till", "at", "by", "from", "on"})
_OTHERS_ONLY = re.compile(rf"\b(?:every\w*|rest|others?|else|of)\b|{_OTHERS}|[请把就]")
_STAYS = r"(?:保留|留下|留着|留住|留)"
# "except X, remove all" comes before "remove all except X", since its own "all" would be read as the first word of that
_LONGEST = 500  # characters of a sentence that is read by the patterns below: their time grows with its square
_EXCEPTIONS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"^(?:{_BUT}|(?:all|everything) but) (?P<kept>[^,;]+?)[,;]? (?P<rest>(?:[a-z]+ )*{_REST}\b.*)$",
        rf"^(?P<rest>.*\b{_ALL}(?: of (?:them|it))?(?: {_SUBSCRIPTION})*(?P<when>(?: [\w:]+){{0,4}}?)),? (?:{_BUT}|but(?: not| for)?|not) (?P<kept>.+)$",
        rf"^(?P<rest>.*\b{_REST}\b.*?)(?:[,;.]| and| but)+ (?:just |only )?{_KEEP} (?:only |just )?(?P<kept>.+)$",
        rf"^(?:please )?(?:(?:just |only )?{_KEEP} (?:only |just )?|(?:just|only) )(?P<kept>.+?)(?:[,;.]| and| but)+ (?P<rest>.*\b{_REST}\b.*)$",
        rf"^(?:please )?(?:(?:just|only) {_KEEP}|{_KEEP} (?:just|only)) (?P<kept>.+)(?P<rest>)$",
        r"^(?:please )?i(?:'d like| want| need| wish)? to be left with (?:only |just |exactly )?(?:\w+: )?(?P<kept>.+)(?P<rest>)$",
        rf"^(?:请|把|帮我|我)*(?:除(?:了|去|开)?)?(?P<kept>[^除,]+?)(?:以外|之外)的?[,、]?(?P<rest>.*{_OTHERS}.*)$",
        rf"^(?:请|把|帮我|我)*除(?:了|去|开)?(?P<kept>.+?)外?[,、]?(?P<rest>(?:我的?|把|请|就|订阅)*{_OTHERS}.*)$",
        rf"^(?:请|把|帮我|我)*除(?:了|去|开)?(?P<kept>[^除,]+?)(?:以外|之外|外)的?(?:订阅)?[,、]?(?P<rest>{_DOES}.*)$",
        rf"^(?:请|把|帮我|我)*(?P<rest>{_DOES})(?:掉|了)?除(?:了|去|开)?(?P<kept>[^除,]+?)(?:(?:以外|之外|外)的?{_OTHERS}*|的?{_OTHERS})的?(?:订阅|都|全部|[吧了])*$",
        rf"^(?P<rest>.*{_OTHERS}.*?)[,;.、](?:只|仅|就|但|请)*(?:{_STAYS}|除了?)(?P<kept>.+)$",
        rf"^(?:请|把|帮我|我)*{_STAYS}(?P<kept>.+?)[,;.、](?P<rest>.*{_OTHERS}.*)$",
        rf"^(?:请|就|帮我|我)*(?:只|仅|光)(?:要)?{_STAYS}(?P<kept>.+?)(?:就行|就好|即可|吧)*(?P<rest>)$",
    )
)
_CONTAINERS = tuple(
    re.compile(pattern)
    for pattern in (
        r"^(?P<rest>.+) (?:from|out of|off(?: of)?|in|inside|within|of) (?P<place>.+)$",
        r"^(?P<rest>)(?:in|from|for) (?P<place>.+?),? (?P<what>(?:please )?(?:remove|delete|drop|take|cut|strip|leave|get rid|exclude|kick)\b.+)$",
        r"^(?:请|帮我)?(?:从|在|把|将)?(?P<place>.+?)(?:里面?|中|内|上|那儿|那里)?(?:的)?(?P<what>(?:去掉|去除|去|删掉|删去|删除|删|移除|移走|除去|剔除|拿掉|踢掉|排除).+)$",
        r"^(?:请|帮我)?(?:把|将)(?P<what>.+?)从(?P<place>.+?)(?:里面?|中|内|上|那儿|那里)?(?:去掉|去除|去|删|移|除|剔|拿|踢|排).*$",
        r"^(?:请|帮我)?(?:把|将)?(?P<place>[^,]+?)(?:里面?|中)的?(?P<what>[^,]+?)(?:去掉|去除|删掉|删除|删了|移除|剔除|拿掉|踢掉)[了吧啊]*$",
    )
)
_THE_VERB = re.compile(
    r"^(?:please |can you |could you |would you )*(?:remove|delete|drop|take|cut|strip|leave|get rid of|exclude|kick|erase|throw|pull)(?: out| away)?\s+"
    r"|^(?:去掉|去除|删掉|删去|删除|移除|移走|除去|剔除|拿掉|踢掉|排除|去|删)"
)
_AROUND = re.compile(r"^(?:the\s+)?(?:words?|terms?|关键词|单词)\s+|\s+(?:out|away)$|(?:这个词|一词|[吧啊了])+$")
# words that are no words of a query: "remove the one from my list" removes a subscription
_GENERAL = re.compile(
    r"\b(?:the|an?|my|me|us|our|it|this|that|these|those|one|ones|all|everything|any|just|only|please|number|no|words?|terms?"
    r"|subscriptions?|feeds?|alerts?|topics?|papers?|articles?|out|away|also|too|again)\b|[我你它的了吧啊呢把这那个些词条号]|关键词|论文|文章|订阅"
)


class Exemption(NamedTuple):
    """All except some: the words for what shall happen to the others, and for those that stay."""

    rest: str
    kept: str


class Container(NamedTuple):
    """What shall be taken out of a subscription, and the words for that subscription."""

    what: str
    place: str


def names_in(text: str, intent: str) -> list[str]:
    """Returns the words by which a sentence with this intent names subscriptions; [] if it names none."""
    if intent == by_rule.BOTH_LANGUAGES:  # such a sentence says nothing else
        return []
    intent = "schedule" if intent.startswith(_OF_THE_CHAT) else _OF_ONE.get(intent, intent)
    papers = (reader.WANTED, reader.UNWANTED, reader.AUTHOR) if intent in _OF_PAPERS else ()
    return [
        name
        for words in subjects.texts_of(text, intent, reader.NAMED, *papers)
        if (name := _ALL_OR_THEM.sub("", reader.folded(words)).strip(" ,"))
    ]


def time_named(tokens: Sequence[reader.Token]) -> Reading | None:
    """Returns the time by which a sentence names a subscription: "the Friday one", 周五那个; None if it names none so."""
    marks = ["", *(token.mark for token in tokens), ""]
    for at, token in enumerate(tokens):
        is_name = marks[at] in _DETERMINERS or marks[at + 2] in _THAT_ONE
        if token.mark == reader.WHEN and is_name:
            return reading_of(reader.folded(token.words).removesuffix(" one"))  # not at one o'clock
    return None


def refers(text: str) -> bool:
    """Returns whether a text refers to a subscription as people refer to a thing that is there: "the quantum one"."""
    return bool(_REFERS.search(reader.folded(text)))


def adds_to_a_thing(tokens: Sequence[reader.Token]) -> bool:
    """Returns whether a sentence adds something to what it names: "add ice to kelp", but not "add ice to my subscriptions"."""
    marks = [token.mark for token in tokens]
    adds = bool(marks) and "add" in marks[:2]
    return adds and any(one in ("to", "into", "onto") and then not in _OWN_ONES for one, then in pairwise(marks))


def brings_back(said: Said) -> bool:
    """Returns whether an undo names something, so that it may be no undo of the last change: "bring back moss"."""
    return said.intent == "undo" and said.has_unknown and not says_undo(said) and not points_back(said.text)


def says_undo(said: Said) -> bool:
    """Returns whether a sentence has the word for an undo itself."""
    return not {"undo", "撤"}.isdisjoint(one.mark for one in said.tokens)


def may_name_one(said: Said) -> bool:
    """Returns whether a word that no example has may name a subscription: "turn off moss", but not "fifteen papers"."""
    return said.has_unknown and said.intent not in ("set-limit", by_rule.BOTH_LANGUAGES)


def after_number(said: Said) -> str:
    """Returns the new name that follows the number of a subscription: "seaweed" of "label #1 seaweed"; "" if nothing strange does."""
    numbers = [one for one in said.tokens if one.mark == reader.NUMBER]
    rest = said.text[numbers[0].end :] if len(numbers) == 1 and said.intent == "name" else ""
    return _BEFORE_A_NAME.sub("", rest) if has_strange_word(rest) else ""


def points_back(text: str) -> bool:
    """Returns whether a text is about something that was named before: "pause it"."""
    return bool(IT.search(reader.folded(text)))


def points_at_that(text: str) -> bool:
    """Returns whether a text is about what was named before, or as "that" without a noun: "pause that for a week"."""
    return points_back(text) or bool(_THAT.search(reader.folded(text)))


def points_at_last(text: str) -> bool:
    """Returns whether a text is about the last thing: "pause the last one"."""
    return bool(_LAST.search(reader.folded(text)))


def is_numbered(text: str) -> bool:
    """Returns whether a text has a number that can only be that of a subscription: "number 2", 第2个."""
    return bool(_NUMBERED.search(reader.folded(text)))


def may_name(text: str, intent: str) -> bool:
    """Returns whether words that no example has may name a subscription: "no zeta for a week", but not "I am at sea"."""
    says_it = [one for one in _clauses_of(text) if _says(one, intent)]
    return any(has_strange_word(one) and not _OF_ALL.search(one) and not _OWN.search(one) for one in says_it)


def clauses_that_may_say(text: str, intent: str) -> list[str]:
    """Returns the folded clauses of a text without those that only tell of a person: "we are at sea"."""
    return [one for one in _clauses_of(text) if not _OWN.search(one) or _says(one, intent)]


def _clauses_of(text: str) -> list[str]:
    return [one.strip() for one in _CLAUSE.split(reader.folded(text)) if one.strip()]


def _says(clause: str, intent: str) -> bool:
    """Returns whether a clause has an intent, or is another order; of "pause zeta", which could be a query, the second likeliest."""
    tokens = reader.tokens_of(clause)
    first, second, *_ = (one.intent for one in reader.scores(tokens))
    return intent == first or (first == reader.QUERY and intent == second) or orders.is_order(tokens)


def is_of_all(text: str) -> bool:
    """Returns whether a text is about everything: "move everything to 8"."""
    return _OF_ALL.search(reader.folded(text)) is not None


def is_of_each(text: str) -> bool:
    """Returns whether a text is about all subscriptions and not only about all papers of one: "all of them", but not "them"."""
    return _OF_EACH.search(reader.folded(text)) is not None


def has_strange_word(text: str) -> bool:
    """Returns whether a text has a word that no example has, or that is the subject of papers."""
    tokens, known = reader.tokens_of(text), reader.learned().known
    for at, token in enumerate(tokens):
        if not reader.is_han(token.mark):
            if token.mark[:1].isalpha() and not {token.mark, token.mark.replace("-", "")} & known.words:
                return True
            continue
        pairs = reader.pairs_of(tokens[max(at - 1, 0) : at + 2])
        if token.mark not in known.words and (known.words.isdisjoint(pairs) or not known.topics.isdisjoint(pairs)):
            return True
    return False


def without_general(text: str) -> str:
    """Returns the folded words of a text that can be words of a query, without such as "the" and "subscription"."""
    return " ".join(_GENERAL.sub(" ", reader.folded(text)).split()).strip(" ,")


def without_all(text: str) -> str:
    """Returns the words of a text that say more than that all others are meant: "" for "everything else"."""
    return _OTHERS_ONLY.sub("", without_general(text)).strip(" ,")


def exemption_in(text: str) -> Exemption | None:
    """Returns the parts of "all except X", in any order of words; None if a sentence exempts nothing."""
    plain = _plain(text)
    if len(plain) > _LONGEST:
        return None
    for pattern in _EXCEPTIONS:
        if (found := pattern.match(plain)) and _is_time_or_nothing((parts := found.groupdict()).get("when", "")):
            kept, when = _with_time_apart(parts["kept"])
            return Exemption(f"{parts['rest']} {when}".strip(" ,"), kept.strip(" ,"))
    return None


def _is_time_or_nothing(words: str) -> bool:
    """Returns whether words say only when, or how long: "everything daily at 9 except X", "all for a week except X"."""
    marks = [token.mark for token in reader.tokens_of(words)]
    return all(mark in (reader.WHEN, reader.LONG, reader.DATE, *_BEFORE_TIMES) for mark in marks)


def _with_time_apart(words: str) -> tuple[str, str]:
    """Returns (the words before a time at their end, that time): "number 2 for a week" is about the others for a week."""
    tokens = reader.tokens_of(words)
    for before, token in pairwise(tokens):
        if token.mark in (reader.WHEN, reader.LONG, reader.DATE):
            start = before.start if before.mark in _BEFORE_TIMES else token.start
            return words[:start], words[start:]
    return words, ""


def container_in(text: str) -> Container | None:
    """Returns what shall be taken out of which subscription, as in "remove X from number 2"; None if a sentence says no such thing."""
    plain = _plain(text)
    if len(plain) > _LONGEST:
        return None
    for pattern in _CONTAINERS:
        if found := pattern.match(plain):
            parts = found.groupdict()
            what = parts.get("what") or parts["rest"]
            start = plain.find(what)
            without_verb = _THE_VERB.sub("", what, count=1)
            if without_verb == what and "rest" in parts:  # "unsubscribe me from 3" takes no word out of anything
                continue
            typed = text[start + len(what) - len(without_verb) : start + len(what)]
            if re.search(r"[^\W\d]", without_general(without_verb)):
                word = _AROUND.sub("", typed.strip(" ,，"))
                return Container(word if " " in word else word.strip('"“”„«»「」『』'), parts["place"].strip(" ,"))
    return None


def _plain(text: str) -> str:
    """Returns the text folded, without the punctuation at its end; each character stays in its place."""
    return reader.folded(text).rstrip(" .!?。！？~")
