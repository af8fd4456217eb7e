"""Reads a message whose clauses are about different subscriptions: "2 and 3 can go, 1 stays", 皮革退了吧；毛毡换周二九点. Pure.

The clauses from one that names a subscription to the next that names another one are a group. Each group is a wish of its
own, unless it says that something stays as it is, or only tells why.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from bot.sentences.words import intents, names, orders, pauses, reader
from bot.sentences.words.said import Said

_ENDS = re.compile(
    r"[，；。！？…]+|[,;!?]+(?=\s|[^\x00-\x7f]|$)|\.(?=\s|[\u4e00-\u9fff]|$)|\s(?=but\s)|\s(?=\(\d\)\s)", re.IGNORECASE
)
_ITEM = re.compile(r"\(\d\)\s+")  # of a list in a line: "(1) drop kelp and (2) pause moss"
_LINK = re.compile(
    r"^[\s,;.!?、]*(?:(?:and|then|also|plus|so|oh|but|separately)\b[\s,]*|(?:然后|另外|顺便|顺带|并且|接着|同时|还有|再(?=[^\s来])|并(?=[^且]))[\s,]*)*"
)
_LINK_AFTER = re.compile(r"(?:\s+(?:and|then|also|plus))+[\s,]*$")
_BESIDE_NAMES = re.compile(
    r"#?\b\d\b|\b(?:and|or|both|too|also|again|any ?more|any longer|please|pls|the|my|ones?)\b|[\s,;.!?、，。和与及跟]|请|吧|了|也"
)
_MOST = 8  # clauses; a longer text is no message of a few wishes
OF_ONE = ("unsub", "pause", "resume", "schedule", "edit", "exclude", "narrow", "widen", "name")
_PAUSES = ("pause", "unsub", "stop")  # "stop kelp, moss until monday"
OF_THE_CHAT = ("set-", "lang-", "timezone")
_KEEPS = re.compile(
    r"^(?:please )?(?:just )?(?:keep|leave(?!.* out\b)|retain) |^请?(?:先)?(?:保留|留下|留着|留)|(?:保留|留下|留着)[吧了]?$|照[常旧](?:[发推送来]+)?[吧了]?$|不变[吧了]?$|(?:别|不|不要|不用)动(?:它|了|吧)*$|\bas (?:usual|before)$"
)
_TALK, _SURELY = ("hello", "thanks", "bye", "smalltalk"), 0.8
# as the first word of a clause, these correct or weigh: "I could pause 1, or move 2"
_CORRECTS_OR_WEIGHS = frozenset({"no", "nope", "wait", "sorry", "oops", "actually", "or"})
_SAYS_MORE = frozenset({reader.WHEN, reader.LONG, reader.DATE, reader.NUMBER})


def unlinked(piece: str) -> str:
    """Returns a piece without the words that link it with others, and without the punctuation around it."""
    plain = reader.folded(piece)
    before, after = _LINK.match(plain), _LINK_AFTER.search(plain)
    kept = piece[before.end() if before else 0 : after.start() if after else None]
    return kept.strip(" ,;，；。、.!！…\t")


def keeps(text: str) -> bool:
    """Returns whether a text says that something stays as it is: "keep it"."""
    return bool(_KEEPS.search(reader.folded(text)))


def only_numbers(text: str) -> bool:
    """Returns whether a text has nothing but numbers of subscriptions: "1 and 2, please"."""
    return bool(re.search(r"\d", text)) and not _BESIDE_NAMES.sub("", reader.folded(text))


class _Clause(NamedTuple):
    text: str  # as it was typed, with the punctuation at its end
    said: Said  # its meaning, with numbers in place of the names of subscriptions
    numbers: frozenset[str]  # the subscriptions that it names

    @property
    def is_order(self) -> bool:
        return orders.is_order(self.said.tokens)

    @property
    def is_remark(self) -> bool:
        """Returns whether it is surely no order, or only talk."""
        is_talk = self.said.intent in _TALK and self.said.sure >= _SURELY and not self.numbers
        is_kept = bool(self.numbers) and keeps(self.said.text) and not self.said.marked(reader.WHEN)
        return is_talk or is_kept or orders.is_surely_no_order(self.said.tokens)

    @property
    def is_of_the_chat(self) -> bool:
        """Returns whether it is a setting of the chat, or a new subject."""
        is_new = self.said.intent == "sub" and self.said.asks_for_papers
        return self.said.is_sure and self.is_order and (is_new or self.said.intent.startswith(OF_THE_CHAT))


_Group = list[_Clause]


def wishes_of_each(text: str, numbered: Callable[[str], str], there: frozenset[str]) -> tuple[str, ...]:
    """Returns the wishes of a message whose clauses are about different subscriptions; () for any other message.

    `numbered` replaces the names of subscriptions by their numbers, and `there` has all of these numbers.
    """
    clauses = list(_clauses(text, numbered, there))
    if not 1 < len(clauses) <= _MOST or not any(one.numbers for one in clauses):
        return ()
    groups = list(_groups(clauses))
    wishes = [_is_wish(group, numbered) for group in groups]
    wanted = [group for group, is_wish in zip(groups, wishes, strict=True) if is_wish]
    if len(groups) == 1 or None in wishes or not any(one.numbers for group in wanted for one in group):
        return ()
    return tuple(map(_text_of, wanted))


def may_be_of_several(text: str) -> bool:
    """Returns whether the clauses of a text may be about different subscriptions: an order, and another one or a remark."""
    clauses = list(_clauses(text, str.strip, frozenset())) if len(text) <= reader.LONGEST else []
    if not 1 < len(clauses) <= _MOST:
        return False
    said = [one for one in clauses if one.is_order or one.is_remark or keeps(one.said.text)]
    return len(said) > 1 and any(one.is_order and _may_be_clear(one.said) for one in said)


def _clauses(text: str, numbered: Callable[[str], str], there: frozenset[str]) -> Iterator[_Clause]:
    quoted = [(one.start, one.end) for one in reader.tokens_of(text) if one.mark in (reader.QUOTED, reader.PAPER)]
    start = 0
    for end in (*(found.end() for found in _ENDS.finditer(text)), len(text)):
        typed = text[start:end]
        if not typed.strip() or any(first < end < last for first, last in quoted):
            continue
        typed, start = _ITEM.sub("", typed), end
        said = _meaning(unlinked(numbered(typed)))
        numbers = frozenset(said.numbers)
        if said.intent == "set-limit" and "#" not in said.text:
            numbers = frozenset()
        yield _Clause(typed, said, numbers & there)


def _meaning(text: str) -> Said:
    """Returns the meaning of a clause with its words, also where it is too short for a sentence: "2 at 8" is a time."""
    said = intents.meaning(text)
    if said.tokens:
        return said
    found = said.found
    if intents.is_number_and_time(text):
        found = (reader.Score("schedule", 1.0),)
    return Said(text, reader.tokens_of(text), found)


def _groups(clauses: Sequence[_Clause]) -> Iterator[_Group]:
    """Yields the clauses in groups: the first clause of each names another subscription, or is about the whole chat."""
    group: _Group = []
    for clause in clauses:
        named = frozenset().union(*(one.numbers for one in group))
        is_listed = bool(group) and group[-1].said.intent in _PAUSES and not pauses.pause_in(group[-1].said)
        if is_listed and is_rest_of_pause(clause.said.text):  # "pause kelp, moss until monday"
            group.append(clause)
            continue
        only_more = bool(named) and only_numbers(clause.said.text)  # "delete 1, 2 and 3"
        begins = bool(clause.numbers - named) and not only_more and (bool(named) or _understood(group))
        if begins and not named and _lacks_length(clause) and any(map(_length_of, group)):  # 我下周出差，苔藓先停
            begins = False
        again = (
            bool(clause.numbers)
            and bool(group)
            and group[-1].is_remark
            and not group[-1].text.rstrip().endswith((",", "，"))
        )
        if group and (begins or again or clause.is_of_the_chat or group[-1].is_of_the_chat):
            yield group
            group = []
        group.append(clause)
    yield group


def _lacks_length(clause: _Clause) -> bool:
    return clause.said.intent == "pause" and not pauses.pause_in(clause.said)


def _length_of(clause: _Clause) -> str:
    return pauses.length_in(clause.said.text, clause.said.tokens)


def is_rest_of_pause(numbered: str) -> bool:
    """Returns whether a piece has only subscriptions and how long: "2 until monday" after "pause 1"."""
    return pauses.is_rest(numbered, reader.tokens_of(numbered))


def _understood(group: _Group) -> bool:
    """Returns whether clauses that name no subscription are an order by themselves, or none at all: "two things, please"."""
    return any(one.is_order and one.said.is_sure for one in group) or all(one.is_remark for one in group)


def _is_wish(group: _Group, numbered: Callable[[str], str]) -> bool | None:
    """Returns whether a group is a wish; None if that is not clear."""
    whole = intents.meaning(unlinked(numbered(_text_of(group))))
    if any(one.numbers and one.said.tokens[0].mark in _CORRECTS_OR_WEIGHS for one in group):
        return None  # "remove 1, no sorry, 2"
    if all(one.is_remark for one in group) or orders.is_surely_no_order(whole.tokens):
        return False
    said = [one.said for one in group if one.is_order]
    if said and any(map(_is_clear, (whole, *said))):
        return True
    named = [one.said for one in group if one.numbers]
    if said or not named or any(map(_only_names, named)):
        return None
    return any(one.intent in OF_ONE for one in named)  # by itself it is not sure, so that the bot asks


def _only_names(said: Said) -> bool:
    """Returns whether a clause has only the name of a subscription, as in "remove 2, the kelp one", or looks like a query."""
    rest = names.without_general(said.text)
    return rest.strip("#").isdecimal() or said.intent in (reader.QUERY, *reader.ASKING)


def _is_clear(said: Said) -> bool:
    """Returns whether it is clear what is wished; whether it is sure enough to be done is decided when it is done."""
    is_request = said.intent in reader.ASKING and said.asks_for_papers
    return said.is_clear and (is_request or said.intent.startswith((*OF_ONE, *OF_THE_CHAT, "undo")))


def _may_be_clear(said: Said) -> bool:
    """Returns whether it may be clear what is wished once the names of subscriptions are known: "pause moss"."""
    return _is_clear(said) or (len(said.found) > 1 and said.found[1].intent in OF_ONE)


def _text_of(group: _Group) -> str:
    """Returns the text of a group, without clauses that are neither an order nor say more about one."""
    kept = [
        one
        for one in group
        if one.numbers
        or not one.is_remark
        or any(token.mark in _SAYS_MORE for token in one.said.tokens)
        or (any(map(_lacks_length, group)) and _length_of(one))
    ]
    return unlinked("".join(one.text for one in kept))
