"""Tells how a text refers to the message before it: it amends, corrects, chooses, agrees, takes back. Pure.

What it means then depends on what was shown: see bot/commands/follow_ups.py.
"""

import re
from typing import Literal, NamedTuple

from bot.commands import meant
from bot.commands.words import by_rule, intents, names, orders, reader, subjects, told, yes_no
from bot.commands.words.said import HALF, SURE, Said
from subscriptions.planning.times.reading import is_time

FEW = 8  # most tokens of a sentence that refers to the last reply
_MAY_ASK = 0.25  # the least probability that a text asks for papers
_MAY_EXCLUDE = 0.2  # the least probability that "不要动物实验" excludes something from what was said before
_MOST = 20  # most tokens of a sentence that amends what was said before
_MORE = frozenset(
    {"more", "show more", "more please", "next", "next page", "更多", "还有吗", "继续", "下一页", "再来几篇"}
)
_SUBSCRIBES = re.compile(r"\bsub|\bfollow\b|\badd\b|\b(?:sign|put|count) me\b|订|关注|追踪|跟踪")
# "show me that again", 再发一遍
_AGAIN = re.compile(
    r"(?:please |can you |could you )*(?:(?:show|send|give|tell|post|repeat|do|run|search)(?: (?:me|us|it|that|this|them|those))* )?(?:(?:once|one time) more|one more time|again)(?: please)?"
    r"|(?:please )?repeat(?: (?:it|that|this))?(?: please)?|(?:请|麻烦)?(?:给我)?再[^\W\d_]{0,2}[一1]?[遍次](?:吧|呗)?"
)
_SAME = re.compile(
    r"^(?:and |do |please )*(?:the )?same (?:thing )?(?:for|with|about|on)\b|^也(?:来|订|给)|^再来一|同样"
)
DENIED = re.compile(r"^(?:not?|without|except|hide|skip)\b|^(?:不要|别|除了|去掉)|不要$")
# Words that say that something before was wrong. Some are words of queries, too ("no free lunch"), unless a sign follows.
_WRONG = re.compile(
    r"(?:(?:(?:no|oh|ah|hm+|well) )*(?:(?:no|nope|nah|(?:that'?s |that was )?(?:the )?wrong(?: one| thing)?|not (?:that|this|it)(?: one)?|sorry|oops|wait|hm+|actually|pardon|my (?:bad|mistake)"
    r"|(?:(?:that|it)(?:'?s| is) )?(?:far |way |a bit )?too (?:early|late|often|seldom|much|many|few))"
    r"\s?[,.!;:…—–-]+|(?:sorry|oops|actually|wait)(?=\s))\s*"
    r"|(?:(?:不对)+|错了|说错了|搞错了|弄错了|不是(?:的|这个|那个|这些)?|不|抱歉|对不起|等等|(?:有点|实在)?太(?:早|晚|迟|多|少|频繁)了?)\s*[,.!;:、…]+\s*)+"
)
# "I meant X", "not X, but Y", "instead of X, Y", 我说的是X, 不是X，是Y
_MEANT = re.compile(
    r"(?:(?:i|we) (?:actually |really )?(?:meant|mean|said)(?: to (?:say|type))?|(?:it|that) should (?:be|say|have been)"
    r"|what (?:i|we) (?:meant|mean|wanted) (?:is|was))\b\s*[,:]?\s*"
    r"|(?:not|instead of|rather than) [^,;.\d]+[,;.] *(?:but )?"
    r"|我?(?:本来|刚才|其实)?(?:说|指|要|想要|想说|想问|问|找)的(?:其实)?是|我(?:的)?意思是|我是(?:说|指|想[说找看])|应该是"
    r"|不是[^,;.]+[,;.]\s*(?:而)?是"
)
# Words that only agree, before what is wished.
_AGREES = re.compile(
    r"(?:(?:yes|yep|yeah|yea|sure|ok|okay|alright|right|please)(?:\s*[,.!;:—–-]+\s*|\s+)|(?:great|good|perfect|nice|cool|fine|sounds good|thanks|thank you)\s*[,.!;:—–-]+\s*"
    r"|(?:好的?|好啊|行|可以|嗯|是的?|对的?|谢谢)\s*[,.!;:]+\s*|那就?)+(?=\S)"
)
# Words that deny what was asked for just before: "on second thought, don't"
_NOT_AFTER_ALL = re.compile(
    r"(?:(?:on second thoughts?|actually|no|oh|wait|hold on|hang on|hmm+|sorry|please)[\s,.!]+)*(?:don'?t|do not)(?: (?:do|add|follow|subscribe)(?: (?:me|it|that|this|to it|to that))?)?"
)
# Words that deny a removal that was asked for just before: "no, keep it", 等等，别退
_KEEPS = re.compile(
    r"(?:(?:no|wait|hold on|hang on|stop|oh|hmm+|sorry|oops|actually|please|on second thoughts?)[\s,.!]+)*"
    r"(?:(?:keep|leave) (?:it|them|that|this|those|both|that one|this one)(?: as (?:it|they) (?:is|was|are|were)| in| on)?"
    r"|(?:don'?t|do not)(?: do (?:it|that)| (?:remove|delete|drop|cancel|unsubscribe)(?: (?:it|them|that|this|me))?)?)(?:,? please)?"
    r"|(?:(?:等等|等一下|不|别|算了|不对|不行)[\s,.!]*)*(?:还是)?"
    r"(?:(?:留着|保留|留下)(?:它们?|这个|那个)?|(?:别|不要|先别|不)(?:退订|退|删|取消|移除)(?:掉|它们?)?)[吧了啊]?"
)
_MEANT_AFTER = re.compile(
    r"(?:,\s*|\s+)(?:(?:that'?s |is |was )?what )?(?:i|we) (?:actually |really )?(?:meant|mean)$|(?:才对|才是)$"
)
_IS = re.compile(r"是(?!否|非)")
TURN = re.compile(
    r"(?:make|change|switch|turn) (?:it|that|this)(?: in)?(?:to)?\b\s*|(?:i'?d )?rather\s+|better\s+(?!with)"
    r"|(?:还是|要不|不如)(?:改成|换成|改为|换为|要|用)?(?=\S)|(?:改成|换成|改为|换为)(?=\S)"
)
# Words that link a message to the one before it.
_ADDS = re.compile(
    r"(?:(?:and|but|plus|also|oh|ok|okay|then|or)(?:\s*,\s*|\s+))+|(?:还有|另外|而且|以及|并且|同时|不过|但是?|那就?|[再还]?加上|外加|[也还再])\s*,?\s*(?=\S)"
)
_WITHIN = re.compile(
    r"(?:only |just )?(?:for|in|with|within|using|via|applied to)\s+|(?:用于|应用于|针对|结合)\s*(?=\S)"
)
TOO = re.compile(r"\b(?:too|also|as well|likewise)\b|也")
OTHER = re.compile(
    r"\b(?:the other(?: one)?|another(?: one)?|the one before)\b|另(?:外)?[一那]?[个条]|前[一面]那?[个条次]"
)
_THAT = re.compile(r"\b(?:it|that|this|these|those|them|the last one)\b|[这那][个些条]?|它们?")
LAST = re.compile(r"\b(?:the )?last (?:one|paper)\b|最后(?:那|这)?一?[个篇]")
_ALL = re.compile(r"\b(?:all|everything|every(?: single)? \w+ (?:subscription|one)|both|each)\b|全部|所有|都")
_PAPERS = re.compile(r"\bpapers?\b|论文|文章")
BUTTONS = {"like": "more-like-this", "save": "card-save", by_rule.UNSAVE: "unsave"}
OF_PAPERS = (*BUTTONS, "export-saved-bib", "export-bib-30d")
_OF_WORDS = ("exclude", "narrow", "widen")
_OF_ONE = ("unsub", "pause", "resume", "name", "preview", "share")
OF_SUBSCRIPTIONS = frozenset({*_OF_WORDS, *_OF_ONE, "edit", "schedule"})
_OF_TIME = ("schedule", "schedule-now", "schedule-weekdays")
Kind = Literal[
    "more",
    "again",
    "agree",
    "decline",
    "back",
    "same",
    "tell",
    "some",
    "choose",
    "time",
    "words",
    "widen",
    "within",
    "into",
    "one",
    "replace",
    "",
]


class Following(NamedTuple):
    """How a message follows the one before it, and what it says without the words that only link the two."""

    kind: Kind
    said: Said
    corrects: bool = False  # it says that something before was wrong, or shall become something else
    adds: bool = False  # it only adds to what was said before: "and also on fridays"

    @property
    def refers(self) -> bool:
        """Returns whether it may mean something else after another message."""
        return bool(self.kind) or self.corrects


def following(said: Said) -> Following:  # noqa: PLR0911 - one answer for each kind
    """Returns how a text may follow another message; the kind is "" if it stands by itself."""
    plain = plain_of(said.text)
    kind = _kind_of_few(plain)
    if kind or (_SAME.search(plain) and not said.subject):
        return Following(kind, said)
    if _SAME.search(plain):
        return Following("same", said)
    if plain.strip("#").isdecimal():
        return Following("choose", said)
    if not said.tokens or len(said.tokens) > _MOST or "\n" in said.text:
        return Following("", said)
    if (right := corrected(said.text)) is not None:
        is_named = _MEANT.search(reader.folded(said.text)) is not None
        return _correction(intents.meaning(right), is_named=is_named)
    if (added := _ADDS.match(reader.folded(said.text))) and meant.is_place(said.text[added.end() :]):
        return Following("choose", rest_of(said, added), adds=True)
    if DENIED.match(plain) and not said.is_sure and said.likely("exclude") >= _MAY_EXCLUDE:
        said = said._replace(found=(reader.Score("exclude", HALF),))
    if (agreed := _AGREES.match(reader.folded(said.text))) and (kind := _kind(rest := rest_of(said, agreed))):
        return Following(kind, rest)
    kind = _kind(said)
    if kind or (said.is_sure and not _is_bare(said)):
        return Following(kind, said)
    return _linked(said)


def _kind_of_few(plain: str) -> Kind:
    if plain in _MORE:
        return "more"
    if yes_no.agrees(plain):
        return "agree"
    if yes_no.declines(plain):
        return "decline"
    if meant.is_place(plain):
        return "choose"
    return "again" if _AGAIN.fullmatch(plain) else ""


def _linked(said: Said) -> Following:
    """Returns how a text follows another one by its first words: "and", "yes,", "make it", "for"."""
    folded = reader.folded(said.text)
    if turned := TURN.match(folded):
        found = _correction(rest_of(said, turned))
        return found._replace(kind="into") if found.kind == "replace" else found
    if within := _WITHIN.match(folded):
        rest = rest_of(said, within)
        return Following("within" if _is_bare(rest) else "", rest)
    if not (added := _ADDS.match(folded)):
        return Following("", said)
    rest = rest_of(said, added)
    if kind := _kind(rest):
        return Following(kind, rest, adds=True)
    if within := _WITHIN.match(reader.folded(rest.text)):
        rest = rest_of(rest, within)
    return Following("widen" if _is_bare(rest) else "", rest, adds=True)


def rest_of(said: Said, found: re.Match[str]) -> Said:
    """Returns the meaning of a text after the words that link it with another."""
    return intents.meaning(said.text[found.end() :].strip(" .!?。！？"))


def _is_bare(said: Said) -> bool:
    """Returns whether a text is only a subject, without a verb or other words of a sentence."""
    pieces = subjects.pieces_of(TOO.sub("", said.text).strip(), reader.ASKING[0])
    return bool(pieces) and all(one.part in (reader.WANTED, reader.AUTHOR) for one in pieces)


def _correction(said: Said, *, is_named: bool = False) -> Following:
    """Returns what a text says that corrects what was said before, without the words that say so.

    `is_named`: these words were "I meant", after which anything may be a subject, also 目标跟踪.
    """
    kind = _kind(said)
    if kind in ("time", "choose", "one") or said.intent == "narrow":
        return Following(kind, said, corrects=True)
    is_subject = names.has_strange_word(said.text) or (is_named and (bool(said.subject) or said.intent == reader.QUERY))
    is_told = said.intent in OF_SUBSCRIPTIONS and not orders.is_order(said.tokens)  # 等等，我想想要不要删
    is_timed = bool(said.marked(reader.NUMBER)) or any(re.search(r"\d", one) for one in said.marked(reader.WHEN))
    is_new = (
        is_subject
        and not is_told
        and not is_timed
        and not _is_talk(said)
        and (kind in ("", "replace", "words") or is_named)
    )
    return Following("replace" if is_new else "", said, corrects=True)


def _kind(said: Said) -> Kind:  # noqa: PLR0911 - one answer for each kind
    if _wishes_to_be_told(said):
        return "tell"
    if _takes_back(said):
        return "back"
    if meant.counts(said.text) and said.intent not in OF_PAPERS:
        return "some"
    if _chooses(said):
        return "choose"
    if names.is_numbered(said.text) or names.exemption_in(said.text) or names.container_in(said.text):
        return ""
    if _is_only_time(said):
        return "time"
    denies = subjects.denies(reader.folded(said.text))
    if (
        said.intent in _OF_WORDS
        and said.is_clear
        and orders.may_be_done(said.tokens, said.intent)
        and not said.marked(reader.NUMBER)
        and (denies or said.intent != "exclude")
    ):
        return "words"
    is_pointed = _THAT.search(reader.folded(said.text)) is not None or said.intent == "name"
    if said.intent in _OF_ONE and said.is_sure and is_pointed and not said.marked(reader.NUMBER) and not _names(said):
        return "one"
    if said.intent == "edit" and said.is_clear and said.subject and not said.numbers:
        return "replace"
    return ""


def _takes_back(said: Said) -> bool:
    """Returns whether a sentence takes back a wish without naming it: "cancel that", 不订了."""
    plain = plain_of(said.text)
    if _NOT_AFTER_ALL.fullmatch(plain):
        return True
    if keeps(said.text) or said.sure < SURE or not orders.is_order(said.tokens):
        return False
    names_none = not said.numbers and not _names(said) and not said.texts(reader.WANTED, reader.UNWANTED)
    is_typed = plain in ("unsub", "unsubscribe", "remove", *intents.VERBS)
    is_command = said.is_sure and (said.intent != "unsub" or _THAT.search(plain) is not None)
    return said.intent in ("unsub", "undo", "cancel") and said.is_clear and names_none and not (is_typed or is_command)


def _wishes_to_be_told(said: Said) -> bool:
    """Returns whether a text wishes to be told, or to subscribe, without saying of what."""
    is_bare = said.intent == "sub" and not said.subject and "\n" not in said.text
    if said.intent == by_rule.WHEN_FOUND or (is_bare and _SUBSCRIBES.search(reader.folded(said.text))):
        return True
    names_one = any(one.mark in (reader.PAPER, reader.CATEGORY, reader.QUOTED) for one in said.tokens)
    if said.has_unknown or (said.is_sure and said.intent not in reader.ASKING) or names_one:
        return False
    return told.points(said.text) and not names.has_strange_word(said.text) and said.likely("ask", "sub") >= _MAY_ASK


def plain_of(text: str) -> str:
    """Returns a text folded, without punctuation around it."""
    return reader.folded(text).strip(" .!?。！？")


def corrected(text: str) -> str | None:
    """Returns a text without the words that say that something before was wrong; None if it has no such words."""
    plain, at = reader.folded(text), 0
    if wrong := _WRONG.match(plain):
        at = wrong.end()
        if is_ := _IS.match(plain, at):
            at = is_.end()
    if meant := _MEANT.match(plain, at):
        at = meant.end()
    turned = TURN.match(plain, at) if at else None
    if turned and not plain_of(text[turned.end() :]).isdecimal():  # "make it 11" is a time
        at = turned.end()
    end = len(plain.rstrip(" .!?"))
    if said := _MEANT_AFTER.search(plain, at, end):
        end = said.start()
    return text[at:end].strip(" .!?。！？") if at or said else None


def names_another(text: str) -> bool:
    """Returns whether a text speaks of another thing than the one before: "undo that too", "the other one"."""
    plain = reader.folded(text)
    return bool(TOO.search(plain) or OTHER.search(plain))


def keeps(text: str) -> bool:
    """Returns whether a text takes back a removal: "no, keep it"."""
    return _KEEPS.fullmatch(plain_of(text)) is not None


def _is_talk(said: Said) -> bool:
    """Returns whether a text is small talk or a sure command, so that it is no query."""
    if said.intent in intents.SMALL_TALK or said.intent in ("cancel", "undo"):
        return True
    of_query = (reader.QUERY, *reader.ASKING, *OF_SUBSCRIPTIONS, *_OF_TIME)
    return said.is_sure and said.intent not in of_query and not said.intent.startswith(intents.MISSING)


def _chooses(said: Said) -> bool:
    """Returns whether a text is about papers by their numbers, or about the paper that is shown."""
    words = said.texts(reader.WANTED, reader.UNWANTED, reader.LABEL)
    is_of_words = said.intent in (*_OF_WORDS, "edit", "name") and bool(words)  # "leave surveys out of 1"
    if is_of_words or said.marked(reader.PAPER) or said.marked(reader.WHEN) or len(said.tokens) > FEW:
        return False
    if said.intent in _OF_TIME and said.is_sure and said.numbers == [subjects.time_in(said.text, "schedule")]:
        return False
    is_asked = said.intent in OF_PAPERS
    has_number = bool(said.numbers) or LAST.search(reader.folded(said.text)) is not None
    return is_asked and has_number if said.has_unknown else is_asked or has_number


def _names(said: Said) -> bool:
    """Returns whether a text names a subscription, or all of them."""
    named = [
        name for name in names.names_in(said.text, said.intent) if _THAT.sub("", names.without_general(name)).strip()
    ]
    return bool(named) or _ALL.search(reader.folded(said.text)) is not None


def _is_only_time(said: Said) -> bool:
    """Returns whether a text says when papers shall come, and nothing else that a command or a query would need."""
    if said.intent not in (*_OF_TIME, "ask", "sub", "search", reader.QUERY, "widen"):
        return False
    is_of_all = said.intent == "schedule-weekdays" and _PAPERS.search(reader.folded(said.text))
    if is_of_all:  # "don't send me papers on weekends" is about the whole chat
        return False
    is_of_weekends = said.intent == "schedule-weekdays" and said.is_sure and not said.has_unknown and not _names(said)
    if is_time(plain_of(said.text)) or is_of_weekends:
        return True
    when = subjects.time_in(said.text, "schedule")
    is_numbered = bool(said.marked(reader.NUMBER)) and said.numbers != [when]
    if not when or is_numbered or said.has_unknown or _names(said) or subjects.denies(reader.folded(said.text)):
        return False
    if not orders.is_order(said.tokens):
        return False  # "my meeting is at 9": of something else
    return said.is_sure if said.intent in _OF_TIME else not said.asks_for_papers
