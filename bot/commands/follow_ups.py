"""Decides what a message that refers to the one before it means: amends, replaces, chooses, accepts. Pure.

A message that stands by itself, with a verb and a subject of its own, means none of these. Each step is an existing
command with its arguments, a button of the last reply, or what the message says about shown papers, so that all checks
and [undo] stay. If two readings are possible, the step is a question.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from bot.commands import meant, sentences
from bot.commands.frame import Choice, Shown
from bot.commands.words import by_rule, intents, names, orders, reader, subjects, told
from bot.commands.words.intents import Said
from subscriptions.chat_settings import SETTINGS
from subscriptions.model import Subscription
from subscriptions.planning.times._reading import is_time

_MOST_ASKED = 3  # subscriptions of which a question asks whether they are meant
_FEW = 8  # most tokens of a sentence that refers to the last reply
_MAY_ASK = 0.25  # the least probability that a text asks for papers
_MOST = 20  # most tokens of a sentence that amends what was said before
_AGREED = frozenset({"yes", "yes please", "yep", "yeah", "sure", "y", "do it", "是", "是的", "要", "对", "对的"})
_MORE = frozenset(
    {"more", "show more", "more please", "next", "next page", "更多", "还有吗", "继续", "下一页", "再来几篇"}
)
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
    r"(?:(?:(?:(?:no )*no|nope|nah|(?:that'?s |that was )?(?:the )?wrong(?: one| thing)?|not (?:that|this|it)(?: one)?|sorry|oops|wait|hm+|actually|pardon|my (?:bad|mistake))"
    r"\s?[,.!;:…—–-]+|(?:sorry|oops|actually|wait)(?=\s))\s*"
    r"|(?:(?:不对)+|错了|说错了|搞错了|弄错了|不是(?:的|这个|那个|这些)?|不|抱歉|对不起|等等)\s*[,.!;:、…]+\s*)+"
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
_IS = re.compile(r"是(?!否|非)")
_TURN = re.compile(r"(?:make|change|switch|turn) (?:it|that|this)(?: in)?(?:to)?\b\s*")
# Words that link a message to the one before it.
_ADDS = re.compile(
    r"(?:(?:and|but|plus|also|oh|ok|okay|then|or)(?:\s*,\s*|\s+))+|(?:还有|另外|而且|以及|并且|同时|不过|但是?|那就?|[再还]?加上|外加|[也还再])\s*,?\s*(?=\S)"
)
_WITHIN = re.compile(
    r"(?:only |just )?(?:for|in|with|within|using|via|applied to)\s+|(?:用于|应用于|针对|结合)\s*(?=\S)"
)
_TOO = re.compile(r"\b(?:too|also|as well|likewise)\b|也")
_OTHER = re.compile(r"\bthe other(?: one)?\b|另(?:外)?一?[个条]")
_THAT = re.compile(r"\b(?:it|that|this|these|those|them|the last one)\b|[这那][个些条]?|它们?")
_LAST = re.compile(r"\b(?:the )?last (?:one|paper)\b|最后(?:那|这)?一?[个篇]")
_ALL = re.compile(r"\b(?:all|everything|every(?: single)? \w+ (?:subscription|one)|both|each)\b|全部|所有|都")
_BUTTONS = {"like": "more-like-this", "save": "card-save", by_rule.UNSAVE: "unsave"}
_OF_PAPERS = (*_BUTTONS, "export-saved-bib", "export-bib-30d")
_OF_WORDS = ("exclude", "narrow", "widen")
_OF_ONE = ("unsub", "pause", "resume", "name", "preview", "share")
_OF_SUBSCRIPTIONS = frozenset({*_OF_WORDS, *_OF_ONE, "edit", "schedule"})
_OF_TIME = ("schedule", "schedule-now", "schedule-weekdays")
_AGREED_TO = ("subscribe-to", "do", "rewrite")  # verbs of the buttons that a plain "yes" presses


class Do(NamedTuple):
    """A command with its arguments."""

    command: str
    args: str
    label: str = ""  # what a button for it says


class Papers(NamedTuple):
    """What the message says shall be done with these papers."""

    ids: Sequence[int]
    said: Said


class WhichPaper(NamedTuple):
    """A question for which of the shown papers a button shall be pressed."""

    verb: str
    papers: Mapping[int, int]


class Which(NamedTuple):
    """A question: which of these is meant?"""

    steps: Sequence["Do | Choice"]


Step = Do | Choice | Papers | WhichPaper | Which
Kind = Literal[
    "more", "again", "agree", "same", "tell", "choose", "time", "words", "widen", "within", "into", "one", "replace", ""
]


class Following(NamedTuple):
    """How a message follows the one before it, and what it says without the words that only link the two."""

    kind: Kind
    said: Said
    corrects: bool = False  # it says that something before was wrong, or shall become something else
    adds: bool = False  # it only adds to what was said before: "and also on fridays"


def following(said: Said) -> Following:  # noqa: PLR0911 - one answer for each kind
    """Returns how a text may follow another message; the kind is "" if it stands by itself."""
    plain = _plain(said.text)
    kind = _kind_of_few(plain)
    if kind or (_SAME.search(plain) and not said.subject):
        return Following(kind, said)
    if _SAME.search(plain):
        return Following("same", said)
    if plain.strip("#").isdecimal():
        return Following("choose", said)
    if not said.tokens or len(said.tokens) > _MOST or "\n" in said.text:
        return Following("", said)
    if (corrected := _corrected(said.text)) is not None:
        is_named = _MEANT.search(reader.folded(said.text)) is not None
        return _correction(intents.meaning(corrected), is_named=is_named)
    if (agreed := _AGREES.match(reader.folded(said.text))) and (kind := _kind(rest := _rest(said, agreed))):
        return Following(kind, rest)
    kind = _kind(said)
    if kind or (said.is_sure and not _is_bare(said)):
        return Following(kind, said)
    return _linked(said)


def _kind_of_few(plain: str) -> Kind:
    if plain in _MORE:
        return "more"
    if plain in _AGREED:
        return "agree"
    return "again" if _AGAIN.fullmatch(plain) else ""


def _linked(said: Said) -> Following:
    """Returns how a text follows another one by its first words: "and", "yes,", "make it", "for"."""
    folded = reader.folded(said.text)
    if turned := _TURN.match(folded):
        found = _correction(_rest(said, turned))
        return found._replace(kind="into") if found.kind == "replace" else found
    if within := _WITHIN.match(folded):
        rest = _rest(said, within)
        return Following("within" if _is_bare(rest) else "", rest)
    if not (added := _ADDS.match(folded)):
        return Following("", said)
    rest = _rest(said, added)
    if kind := _kind(rest):
        return Following(kind, rest, adds=True)
    if within := _WITHIN.match(reader.folded(rest.text)):
        rest = _rest(rest, within)
    return Following("widen" if _is_bare(rest) else "", rest, adds=True)


def _rest(said: Said, found: re.Match[str]) -> Said:
    return intents.meaning(said.text[found.end() :].strip(" .!?。！？"))


def _is_bare(said: Said) -> bool:
    """Returns whether a text is only a subject, without a verb or other words of a sentence."""
    pieces = subjects.pieces_of(_TOO.sub("", said.text).strip(), reader.ASKING[0])
    return bool(pieces) and all(one.part in (reader.WANTED, reader.AUTHOR) for one in pieces)


def _correction(said: Said, *, is_named: bool = False) -> Following:
    """Returns what a text says that corrects what was said before, without the words that say so.

    `is_named`: these words were "I meant", after which anything may be a subject, also 目标跟踪.
    """
    kind = _kind(said)
    if kind in ("time", "choose", "one") or said.intent == "narrow":
        return Following(kind, said, corrects=True)
    is_subject = names.has_strange_word(said.text) or (is_named and (bool(said.subject) or said.intent == reader.QUERY))
    is_new = is_subject and not _is_talk(said) and (kind in ("", "replace", "words") or is_named)
    return Following("replace" if is_new else "", said, corrects=True)


def _kind(said: Said) -> Kind:  # noqa: PLR0911 - one answer for each kind
    if _wishes_to_be_told(said):
        return "tell"
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


def _wishes_to_be_told(said: Said) -> bool:
    """Returns whether a text wishes to be told, or to subscribe, without saying of what."""
    if said.intent == by_rule.WHEN_FOUND or (said.intent == "sub" and not said.subject and "\n" not in said.text):
        return True
    if said.has_unknown or (said.is_sure and said.intent not in reader.ASKING) or said.marked(reader.PAPER):
        return False
    return told.points(said.text) and not names.has_strange_word(said.text) and said.likely("ask", "sub") >= _MAY_ASK


def _plain(text: str) -> str:
    return reader.folded(text).strip(" .!?。！？")


def _corrected(text: str) -> str | None:
    """Returns a text without the words that say that something before was wrong; None if it has no such words."""
    plain, at = reader.folded(text), 0
    if wrong := _WRONG.match(plain):
        at = wrong.end()
        if is_ := _IS.match(plain, at):
            at = is_.end()
    if meant := _MEANT.match(plain, at):
        at = meant.end()
    if at and (turned := _TURN.match(plain, at)):
        at = turned.end()
    return text[at:].strip(" .!?。！？") if at else None


def _is_talk(said: Said) -> bool:
    """Returns whether a text is small talk or a sure command, so that it is no query."""
    if said.intent in intents.SMALL_TALK or said.intent in ("cancel", "undo"):
        return True
    of_query = (reader.QUERY, *reader.ASKING, *_OF_SUBSCRIPTIONS, *_OF_TIME)
    return said.is_sure and said.intent not in of_query and not said.intent.startswith(intents.MISSING)


def _chooses(said: Said) -> bool:
    """Returns whether a text is about papers by their numbers, or about the paper that is shown."""
    if said.marked(reader.PAPER) or said.marked(reader.WHEN) or len(said.tokens) > _FEW:
        return False
    is_asked = said.intent in _OF_PAPERS
    has_number = bool(said.numbers) or _LAST.search(reader.folded(said.text)) is not None
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
    if is_time(_plain(said.text)):
        return True
    when = subjects.time_in(said.text, "schedule")
    is_numbered = bool(said.marked(reader.NUMBER)) and said.numbers != [when]
    if not when or is_numbered or said.has_unknown or _names(said) or subjects.denies(reader.folded(said.text)):
        return False
    if any(
        one.mark not in subjects.small_words() and not orders.is_of_delivery(one.mark) for one in _around_times(said)
    ):
        return False  # "my meeting is at 9": of something else
    return said.intent in _OF_TIME or not said.asks_for_papers


def _around_times(said: Said) -> list[reader.Token]:
    """Returns the words of a text that are no part of a time."""
    pieces = subjects.pieces_of(said.text, "schedule")
    tokens = [token for one in pieces if one.part != reader.TIME for token in one.tokens]
    return [one for one in tokens if one.mark[:1].isalpha() and not one.mark.startswith("@")]


def follow_up(said: Said, shown: Shown, there: Sequence[Subscription]) -> Step | None:  # noqa: PLR0911 - as above
    """Returns what a text means after what was shown; None if it stands by itself. `there` are the chat's subscriptions."""
    plain = _plain(said.text)
    if shown.last == "setting" and (value := _value(said, shown.setting)):
        return Do("set", f"{shown.setting} {value}")
    if shown.did and (other := _for_another(said, shown, there)):
        return other
    found = following(said)
    labelled = next((one for one in shown.choices if _plain(one.label) == plain), None)
    if labelled and found.kind not in ("agree", "tell"):  # "subscribe" may mean several buttons
        return labelled
    match found.kind:
        case "more":
            return _more(shown)
        case "again":
            return Do("search", shown.query) if shown.last == "query" else None
        case "agree" | "tell":
            return _accepted(found, shown)
        case "same":
            return Do("sub", f"{found.said.subject} {there[-1].cadence}") if there else None
        case "choose":
            return _choice(found.said, shown) or _paper(found.said, shown, there)
        case "time" | "words" | "widen" | "within" | "into" | "replace" | "one":
            return _amended(found, shown, there)
    return None


def _value(said: Said, setting: str) -> str:
    """Returns the value that a text gives to the setting that was changed last, as "make that 5" does; "" if it gives none."""
    turned = _TURN.match(reader.folded(said.text))
    rest = _corrected(said.text) or (_rest(said, turned).text if turned else "")
    return rest if rest.isdecimal() or SETTINGS[setting].value_named(reader.folded(rest)) else ""


def _for_another(said: Said, shown: Shown, there: Sequence[Subscription]) -> Do | None:
    """Returns the last change, for another subscription: "and the other one as well", "trees too"."""
    plain, (command, args) = reader.folded(said.text), shown.did.partition(" ")[::2]
    if not _TOO.search(plain) or len(said.tokens) > _FEW or said.marked(reader.WHEN):
        return None
    others = [one for one in there if one.number != shown.number]
    numbers = _numbers(said)
    named = [one for one in others if one.number in numbers or meant.is_named(plain, one)]
    if not named and not numbers and _OTHER.search(plain):
        named = others
    if len(named) != 1:
        return None
    timed = _rescheduled(intents.meaning(args), named[0]) if command == "schedule" else None
    return timed or Do(command, f"{named[0].number} {args}".strip())


def _amended(found: Following, shown: Shown, there: Sequence[Subscription]) -> Step | None:
    """Returns the change of what was said last: of the query that was looked for, or of a subscription."""
    one = next((one for one in there if one.number == shown.number), None)
    if shown.interrupted and len(there) > 1:  # "it" may be any of them
        one = None
    if shown.last == "query":
        return _on_query(found, shown, there)
    return _on_subscription(found, one) if shown.last == "number" and one else None


def _more(shown: Shown) -> Choice | None:
    pages = [one for one in shown.choices if one.verb == "search-page"]
    further = sorted(pages, key=lambda one: (len(one.arguments.get("stretches", ())), one.arguments.get("start", 0)))
    return further[-1] if further else None


def _accepted(found: Following, shown: Shown) -> Step | None:
    """Presses the button that a "yes" means, or subscribes to the last query, at the time that is named."""
    when = subjects.time_in(found.said.text, "schedule") if found.kind == "tell" else ""
    if when and shown.last == "query":
        return Do("sub", f"{shown.query} {when}")
    wanted = ("subscribe-to",) if found.said.intent == by_rule.WHEN_FOUND else _AGREED_TO
    offered = [one for one in shown.choices if one.verb in wanted]
    if len(offered) == 1:
        return offered[0]
    if offered and all(one.verb == "subscribe-to" for one in offered):
        return Which([Do("sub", str(one.arguments["text"])) for one in offered])
    is_wish = found.kind == "tell" and shown.last == "query" and not offered
    return Do("sub", shown.query) if is_wish else None


def _choice(said: Said, shown: Shown) -> Choice | None:
    """Returns the button of a question that a text means, by its place or by the number of a subscription."""
    numbers = _numbers(said)
    if not shown.asks or len(numbers) != 1:
        return None
    number = numbers[0]
    by_place = shown.choices[number - 1] if 0 < number <= len(shown.choices) else None
    of_one = [one for one in shown.choices if _number_of(one) == number]
    return by_place if by_place and (not of_one or of_one == [by_place]) else None


def _number_of(choice: Choice) -> int | None:
    """Returns the number of the subscription that a button changes; None if it changes none."""
    first, _, _ = str(choice.arguments.get("number") or choice.arguments.get("args", "")).partition(" ")
    return int(first) if first.isdecimal() else None


def _numbers(said: Said) -> list[int]:
    plain = _plain(said.text).strip("#")
    return [int(plain)] if plain.isdecimal() else [*map(int, said.numbers)]


def _paper(said: Said, shown: Shown, there: Sequence[Subscription]) -> Step | None:
    """Returns what a text means that is about shown papers: those with its numbers, the last one, or the only one."""
    papers, numbers = shown.papers, _numbers(said)
    if papers and not numbers and _LAST.search(reader.folded(said.text)):
        numbers = [max(papers)]
    is_bare = not said.tokens  # the number of a subscription, if there is one
    is_other = is_bare and any(one.number in numbers for one in there)
    is_either = shown.last == "query" and not shown.interrupted and papers.keys() >= {*numbers}
    is_ranked = bool(numbers) and not re.search(r"\d", said.text) and not DENIED.search(reader.folded(said.text))
    removes = said.intent == "unsub" and orders.names_a_removal(reader.folded(said.text))
    if is_either and is_ranked and removes:  # "delete the first"
        return Which([Do("unsub", " ".join(map(str, numbers)))])
    if is_other or not papers.keys() >= {*numbers} or _is_of_subscriptions(said, there):
        return None
    if numbers:
        return Papers([papers[number] for number in numbers], said)
    only = shown.paper or (next(iter(papers.values())) if len(papers) == 1 else 0)
    if only:
        return Papers([only], said)
    return WhichPaper(_BUTTONS[said.intent], papers) if papers and said.intent in _BUTTONS else None


def _is_of_subscriptions(said: Said, there: Sequence[Subscription]) -> bool:
    """Returns whether the numbers in a sentence mean subscriptions or a number of papers, instead of shown papers."""
    if names.is_numbered(said.text) and said.intent in _OF_SUBSCRIPTIONS and "subscription" in said.text.lower():
        return True
    if said.intent == "set-limit":
        return not any(words.startswith("第") for words in said.marked(reader.NUMBER))
    return (
        bool(said.numbers)
        and said.intent in _OF_SUBSCRIPTIONS
        and {str(one.number) for one in there} >= {*said.numbers}
        and not DENIED.search(reader.folded(said.text))
    )


def _on_query(found: Following, shown: Shown, there: Sequence[Subscription]) -> Step | None:
    """Returns the last query, changed as a text says: looked for, or subscribed if the text names a time."""
    said = found.said
    if found.kind == "time":
        wish = Do("sub", f"{shown.query} {_when(said)}")
        is_wish = is_time(_plain(said.text)) or said.likely("ask", "sub") > said.likely("schedule")
        if not there or found.adds or (is_wish and not found.corrects and not shown.interrupted):
            return wish
        others = [_rescheduled(said, one) for one in there[-_MOST_ASKED:]]
        return Which([wish, *filter(None, others)])
    if found.kind == "words":
        text = sentences.reworded(said, shown.query)
        return Do("search", text) if text else None
    text = _new_text(said) if found.kind in ("into", "replace", "widen", "within") else ""
    return Do("search", _combined(found.kind, shown.query, text)) if text else None


def _combined(kind: Kind, query: str, text: str) -> str:
    """Returns a query with an alternative or a further word, or the text in place of the query."""
    if kind == "widen":
        return f"{query} OR {text}"
    whole = f"({query})" if " OR " in query else query
    return f"{whole} {text}" if kind == "within" else text


def _on_subscription(found: Following, one: Subscription) -> Step | None:
    """Returns the change of the subscription that was made or changed last."""
    said = found.said
    if found.kind == "time":
        return _rescheduled(said, one)
    if found.kind in ("into", "replace", "widen", "within"):
        text = _new_text(said)
        change = Do(
            "edit",
            f"{one.number} {_combined(found.kind, one.text, text)}",
            label=f"{one.number}  {_combined(found.kind, one.text, text)}",
        )
        return Which([change, Do("search", said.text)]) if found.kind in ("into", "within") else change
    if said.intent in ("preview", "share"):
        return Do(said.intent, str(one.number))
    command = sentences.change_of(said, one)
    return Do(*command) if command else None


def _rescheduled(said: Said, one: Subscription) -> Do | None:
    timed = said._replace(found=(reader.Score("schedule", 1.0),))
    command = sentences.change_of(timed, one)
    return Do(*command, label=f"{_when(said)} {one.number}  {one.label}") if command else None


def _when(said: Said) -> str:
    when = subjects.time_in(said.text, "schedule")
    if when:
        return when
    return "now" if said.intent == "schedule-now" else _plain(said.text)


def _new_text(said: Said) -> str:
    """Returns the query that replaces another one: the subject of the text, or all of it if it is no sentence."""
    if said.intent in (reader.QUERY, *reader.ASKING, "edit") and said.subject:
        return said.subject
    return said.text
