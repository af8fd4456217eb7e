"""Tells how a text refers to the message before it, up to how many words and how surely, and reads what it says then. Pure.

What it means depends on what was shown: see bot/sentences/follow_ups.py.
"""

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

from bot.sentences.words import boundaries, by_rule, intents, links, names, orders, quiet, reader, subjects, wishes
from bot.sentences.words.links import Link
from bot.sentences.words.said import CERTAIN, Said
from subscriptions.planning.times.reading import clock_of

FEW = 8  # most tokens of a sentence that refers to the last reply
_MOST = 20  # most tokens of a sentence that amends what was said before
_SURE = 0.5  # the least probability of a link
# words that say that something before was wrong; of 等等, 算了 and 意思 the first character
_CORRECTS = frozenset(
    {"no", "nope", "wrong", "sorry", "oops", "wait", "actually", "meant", "mean", "misspelled", "typo", *"不错意说等算"}
)
_EXCLUDES = re.compile(r"(?<=.)不(?:要|含|带)(?!了)")  # within a sentence this corrects nothing: 订阅珊瑚但不要综述
_SAME_TIME = re.compile(r"\bsame (?:day|time|schedule)|一样|同样|时间")
_NOT = re.compile(r"(?:not\b|不是)\s*")
_CLAUSES = re.compile(r"[,;]|(?=\bnot\b|不是)")
OTHER = re.compile(
    r"\b(?:the other(?: one)?|another(?: one)?|the one before)\b|另(?:外)?[一那]?[个条]|前[一面]那?[个条次]"
)
DENIED = re.compile(r"^(?:not?|without|except|hide|skip)\b|^(?:不要|别|除了|去掉)|不要$")
LAST = re.compile(r"\b(?:the )?last (?:one|paper)\b|最后(?:那|这)?一?[个篇]")
BUTTONS = {"like": "more-like-this", "save": "card-save", by_rule.UNSAVE: "unsave"}
OF_PAPERS = (*BUTTONS, "export-saved-bib", "export-bib-30d")
OF_SUBSCRIPTIONS = frozenset(
    {"exclude", "narrow", "widen", "unsub", "pause", "resume", "name", "preview", "share", "edit", "schedule"}
)
_CHANGES = frozenset({"when", "without", "only", "also", "instead", "it", "same", "count"})
_OF_TOPICS = frozenset({"without", "only", "also", "instead", "it", "same", "tell", "choose"})
# how a text follows → the intent as which its words are read
_READ_AS: Mapping[Link, str] = {
    "without": "exclude",
    "only": "narrow",
    "also": "widen",
    "instead": "edit",
}


class Following(NamedTuple):
    """How a message follows the one before it, and what it says then."""

    link: Link
    said: Said

    @property
    def read(self) -> Said:
        """Returns the text, read as what the link says."""
        if self.link == "when":
            return _of_time(self.said)
        intent = _READ_AS.get(self.link)
        if intent and not _rewords_surely(self.said):
            return self.said._replace(found=(reader.Score(intent, 1.0),))
        return self.said

    @property
    def refers(self) -> bool:
        """Returns whether it may mean something else after another message."""
        return self.link != "alone"

    @property
    def corrects(self) -> bool:
        """Returns whether it says that something before was wrong."""
        return self.refers and _corrects(self.said)


def following(said: Said) -> Following:
    """Returns how a text may follow another message."""
    if plain_of(said.text).strip("#").isdecimal():
        return Following("choose", said)
    return Following("alone" if len(said.tokens) > _MOST or "\n" in said.text else _link_of(said), said)


def amendments_in(text: str) -> tuple[str, ...]:
    """Returns the parts of a text if each may change what was said before in another way: "at noon and no reviews"; else ()."""
    parts = wishes.clauses_of(text) if len(text) <= reader.LONGEST and "\n" not in text else ()
    if not 1 < len(parts) <= wishes.MOST:
        return ()
    links = [following(intents.meaning(part)).link for part in parts]
    is_of_each = len({*links}) == len(links) and {*links} <= {"when", "without", "only"}
    return parts if is_of_each else ()


def _corrects(said: Said) -> bool:
    pieces = subjects.pieces_of(said.text, said.intent)
    unwanted = {one.tokens[0] for one in pieces if one.part == reader.UNWANTED}
    denials = {one for one, then in pairwise(said.tokens) if one.mark == "no" and then in unwanted}  # "no reviews"
    excludes = _EXCLUDES.search(said.text) is not None
    words = [one.mark for one in said.tokens if one not in denials]
    return any(one in _CORRECTS and not (excludes and one == "不") for one in words)


def _link_of(said: Said) -> Link:
    link, sure = links.link_of(said.tokens)
    is_of_pause = said.intent in ("pause", "resume") and said.is_sure
    if is_of_pause and link in ("back", "again", "alone") and names.points_at_that(said.text):  # 刚才那个暂停一周
        link, sure = "it", CERTAIN
    adds = said.intent == "widen" and bool(said.texts(reader.WANTED)) and _rewords_surely(said)
    if link == "same" and adds and not _SAME_TIME.search(reader.folded(said.text)):  # "put kelp into the same one"
        return "also"
    if link in ("alone", "it", "count") and _is_of_papers(said):
        return "choose"
    if sure < _SURE or _stands_by_itself(said, link):
        return "alone"
    if link == "it" and said.intent == "schedule" and said.marked(reader.WHEN):
        return "when"
    if link == "when" and said.intent == "pause" and said.is_sure:  # 周一再发
        return "it"
    return link


def _rewords_surely(said: Said) -> bool:
    """Returns whether the sentence itself says how a query changes, whatever the link to the message before it."""
    return said.intent in ("exclude", "narrow", "widen") and said.sure >= CERTAIN and not _corrects(said)


def _stands_by_itself(said: Said, link: Link) -> bool:
    """Returns whether a text that would follow another one has all that it needs."""
    is_topic = said.intent == reader.QUERY and said.is_sure
    if is_topic and (link in _CHANGES or link in ("choose", "again")):  # 可重复性危机 has the sign for "again"
        return True
    if link == "back":
        return said.is_sure and said.intent in ("undo", "cancel")
    if link == "tell":
        return any(one.mark in (reader.PAPER, reader.CATEGORY, reader.QUOTED) for one in said.tokens)
    is_other = names.exemption_in(said.text) or names.container_in(said.text)
    is_talk = not _corrects(said) and orders.is_surely_no_order(said.tokens)  # "weekly would be too rare"
    # "I no longer want lichen" is about lichen, and puts it in no other's place
    is_removal = (
        link == "instead" and said.intent in ("unsub", "pause", "resume") and said.is_sure and not _corrects(said)
    )
    # "no pings from 11 to 7" says when nothing shall come, and is no time of what was said last
    is_of_hours = said.intent == "set-quiet" and said.is_sure and bool(quiet.hours_in(said))
    is_new = link in ("when", "without") and _is_new(said)
    # "tuesdays would do for the dengue one" is a time, and no other subject
    is_timed = link == "same" and said.intent == "schedule" and said.sure >= CERTAIN and bool(said.marked(reader.WHEN))
    if link in _CHANGES and (is_other or is_talk or is_of_hours or is_removal or is_new or is_timed):
        return True
    if _changes_numbered(said) or not said.is_sure or _corrects(said):
        return _changes_numbered(said)
    is_of_a_number = names.is_numbered(said.text) and said.intent in OF_SUBSCRIPTIONS and link not in ("choose", "same")
    return is_of_a_number or (said.intent.startswith("set-") and link in _OF_TOPICS and not said.marked(reader.LONG))


def _changes_numbered(said: Said) -> bool:
    """Returns whether a text surely says how the query of a numbered subscription changes: "number 2: no reviews"."""
    rewords = said.intent in ("edit", "exclude", "narrow", "widen") and said.sure >= CERTAIN
    words = said.texts(reader.WANTED, reader.UNWANTED, reader.AUTHOR, reader.NAMED)
    return rewords and names.is_numbered(said.text) and bool(words)


def _is_new(said: Said) -> bool:
    """Returns whether a text surely wishes for a new subject: "glaciers every friday"."""
    is_sure = said.sure >= CERTAIN or bool(boundaries.introduction_of(reader.folded(said.text)))
    is_wish = said.intent == "sub" and is_sure and said.asks_for_papers
    return is_wish and not _corrects(said) and not names.points_back(said.text)


def _is_of_papers(said: Said) -> bool:
    """Returns whether a text is about papers by their numbers, or about the paper that is shown: "save 2", "more like this"."""
    words = said.texts(reader.WANTED, reader.UNWANTED, reader.LABEL)
    if words or said.marked(reader.PAPER) or said.marked(reader.WHEN) or len(said.tokens) > FEW:
        return False
    return said.intent in OF_PAPERS and said.is_clear


def plain_of(text: str) -> str:
    """Returns a text folded, without punctuation around it."""
    return reader.folded(text).strip(" .!?。！？")


def _of_time(said: Said) -> Said:
    """Returns the meaning of the right one of several times, and of a number as a time of day: "hm, 8 is better"."""
    right, wrong = right_and_wrong(said.text)
    if right and wrong:
        return intents.meaning(right)
    numbers = said.marked(reader.NUMBER)
    is_number = not said.marked(reader.WHEN) and len(numbers) == 1 and clock_of(numbers[0])
    if is_number:
        return intents.meaning(f"move it to {numbers[0]}")
    return said


def right_and_wrong(text: str) -> tuple[str, str]:
    """Returns what a text says, and what it denies: ("8", "7") for "8, not 7" and for "not 7, 8"."""
    clauses = [one.strip() for one in _CLAUSES.split(plain_of(text)) if one.strip()]
    wrong = [one for one in clauses if _NOT.match(one)]
    return ", ".join(one for one in clauses if one not in wrong), ", ".join(_NOT.sub("", one) for one in wrong)
