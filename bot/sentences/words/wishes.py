"""Splits a message into wishes, and how many are done: "follow kelp and pause mamba" are two, "pause 1 and 2" is one. Pure.

A message is split only where each part is understood by itself: it has a verb of its own, or, like "track A on mondays
and B on fridays", a subject and a time of its own and the verb of the part before. Everything else belongs to the wish
before it: a time, an exclusion, further subjects. Lines are not wishes.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from bot.sentences.words import (
    by_rule,
    clauses,
    dictated,
    intents,
    limits,
    links,
    names,
    orders,
    pauses,
    reader,
    subjects,
)
from bot.sentences.words.said import SURE, Said
from bot.sentences.words.word_lists import small_words
from subscriptions.planning.times import is_available
from subscriptions.planning.times.reading import is_time

MOST = 3  # wishes of a message that are done
_MOST_BREAKS = 12  # a text with more places where it could be split is no message of a few wishes
_BREAK = re.compile(
    r"[;!?…]+|\.(?=\s|[\u4e00-\u9fff]|$)|,(?!\d{3}\b)|\s(?=(?:and|then|also|plus)\s)|(?=然后|另外|顺便|顺带|并且|接着|同时|还有)"
)
_BREAK_AT_BUT = re.compile(rf"{_BREAK.pattern}|\s(?=but\s)")  # "keep A but stop B"
_CLAUSES = re.compile(r"\s*(?:[,;.!?]|\bbut\b)\s*")
_THEN = re.compile(r"[\s,;.!?、]*(?:(?:and )?then\b|然后|接着)")
_ALSO = re.compile(r"[\s,;.!?、]*(?:(?:and|also|plus)\b|另外|还有|以及)")
_NUMBERED = re.compile(r"(?:\(?\d{1,2}[.)、．]|[-•*·])\s*(?=[^\W\d])")
_CLAUSE = 6  # least characters of a clause that is named as left out
_ENDS_A_SENTENCE = re.compile(r"[.!?;]\s*$")
_ENDS = re.compile(r"[,;.!?…]\s*$")
_POLITE = re.compile(r"^(?:(?:please|pls|could you|can you|would you)\s+)+|^(?:请|麻烦|帮我|你)+")
_NOUN = re.compile(
    r"^(?:(?:the|any|new|all|some|more|recent|latest)\s+)*(?:papers?|articles?|preprints?|everything|anything|stuff|news)\b|^(?:关于|有关|论文)"
)
_PAPERS = re.compile(r"\b(?:papers?|articles?|preprints?|publications?|works?)\b|论文|文章|文献|研究")
_UNTIL_THEN = re.compile(r"(?<=until )then\b|(?<=till )then\b|(?<=到)(?:那时|那天|那个?时候)")
_DAY = re.compile(r"\b(?:today|todays|today's|tonight|now)\b|今天|今日|现在")
_PLEASANT = frozenset({"hello", "thanks", "bye"})
# as the command is typed, without its slash; "add ice to kelp" widens
_ADD = re.compile(r"(?:please )?add (?!it\b|that\b|this\b)(?!.*\b(?:to|into|onto)\b)(?=\S)")
_RENAMED = re.compile(
    r"#?(?P<number>\d) ?(?:to|as|into|改成|改叫|叫做?|改为) ?(?P<name>[^,;，；、]+?)(?=\s*(?:[,;，；、]|\band\b|$))"
)
# what shall not be done beside a wish: "don't add anything, just show me kelp"
_DENIES = re.compile(
    r"(?:please )?(?:(?:i )?(?:don'?t|do not|never)(?: (?:want|need|have)(?: you)? to)?|no need to|without|not)"
    r" (?:add|sub(?:scrib|\b)|follow|track|sav|remov|delet|chang|paus|sign)\w*(?: me| us| up)*(?: (?:to|for|from))?(?: (?:anything|nothing|it|that|them|any of (?:it|them)|yet|now|for now|please))*"
    r"|(?:先|请|现在|暂时|我)*(?:别|不用|不要|不必|无需|不想|不需要)(?:再|急着|给我|帮我)*(?:订阅|关注|添加|加|订|收藏|改|删|退订)(?:了|任何|什么|东西|吧|它|这个)*"
)
_SHOWS = re.compile(
    r"(?:just |now |please )*(?:show(?: (?:me|us)| (?!nothing\b|only\b|no\b|it\b))|find(?: me)?|search for|look (?:for|up)|let me see)\b|[^\W\d_]{0,4}[看找查搜][看找查搜一]"
)
_APART_FROM_TIMES = frozenset(
    {"edit", "exclude", "narrow", "widen", "name", "resume"}
)  # a time after these is a wish of its own
REMOVES = frozenset({"unsub", "unsub-all", "stop", "exclude"})
_SETTLES = frozenset({"schedule", "now", "weekdays", "schedule-now", "schedule-weekdays", "exclude", "narrow", "widen"})
_LOOKS = frozenset({reader.QUERY, *reader.ASKING}) - {"sub"}
# what a wish is only if the words are surely meant so, since people talk about anything
_TALK, _PERHAPS, _MAYBE = 0.8, 0.2, 0.005
_SURELY_LINKED = 0.9  # the least probability that the end of a message takes back what is before it


class Named(NamedTuple):
    """How a text is read with the names of subscriptions in mind."""

    numbered: Callable[[str], str]  # the text with "#1" in place of a subscription's name
    may_be_any: bool = False  # the names are not known: any words may be one
    there: frozenset[str] = frozenset()  # the numbers of all subscriptions

    def meaning(self, text: str) -> Said:
        """Returns the meaning of a text, or that with a number in place of a name if it is then a change of one subscription."""
        said = intents.meaning(text)
        if self.may_be_any and (said.intent == reader.QUERY or not said.is_sure):
            likely = next((one for one in said.found if one.intent in clauses.OF_ONE and one.sure >= _MAYBE), None)
            if likely:
                return said._replace(found=(likely._replace(sure=1.0),))
            return said
        numbered = self.numbered(text)
        other = intents.meaning(numbered) if numbered != text else said
        is_better = said.intent in (*_LOOKS, *clauses.OF_ONE) or not said.is_sure
        if other is said or not is_better or other.intent not in clauses.OF_ONE or other.sure < SURE:
            return said
        return other._replace(text=text, found=(other.found[0]._replace(sure=1.0),))

    def only_names(self, text: str) -> bool:
        """Returns whether a text has nothing but names of subscriptions: "moss and sea ice, please"."""
        return clauses.only_numbers(self.numbered(text))

    def names_one(self, said: Said) -> bool:
        """Returns whether a sentence names a subscription, by its number or its words, or as "it"."""
        if self.may_be_any or said.numbers or said.texts(reader.NAMED) or names.points_back(said.text):
            return True
        return self.numbered(said.text) != said.text


_NOBODY = Named(lambda text: text)
ANYBODY = Named(lambda text: text, may_be_any=True)


def wishes_in(text: str, named: Named = _NOBODY) -> tuple[str, ...]:
    """Returns the wishes of a message, in order and without thanks and greetings; the whole text if it is only one."""
    said = text.strip()
    if (
        "\n" in said
        or names.exemption_in(said)
        or len(said) > reader.LONGEST
        or dictated.request_in(said)
        or intents.is_typed(said)
    ):
        return (text,)
    numbered = named.numbered(said)
    if begin := orders.last_order(numbered):
        before, then = numbered[:begin], numbered[begin:]
        of_before = {*Said(before, reader.tokens_of(before)).numbers}
        if len(of_before) == 1 and not Said(then, reader.tokens_of(then)).numbers:
            then = with_antecedent(then, f"#{of_before.pop()}")
        return wishes_in(then, named)
    if of_each := clauses.wishes_of_each(said, named.numbered, named.there):
        return tuple(further for one in of_each for further in _wishes_of_pieces(one, named))
    return _wishes_of_pieces(text, named)


def _wishes_of_pieces(text: str, named: Named) -> tuple[str, ...]:
    """Returns the wishes of a message that is split where each part is understood by itself; (text,) if it is only one."""
    if renamed := _renamed(text):
        return renamed
    pieces = list(_pieces(text.strip()))
    if not 1 < len(pieces) <= _MOST_BREAKS:
        return _with_limit(text, named)
    if _takes_back(pieces, named):
        return (text,)
    if _only_undoes(pieces):
        return (clauses.unlinked(pieces[-1]),)
    done = [one for one in pieces if not _DENIES.fullmatch(reader.folded(clauses.unlinked(one)))] or pieces
    parts = _joined(done, named)
    wanted = [one for one in parts if not _is_pleasant(one) and not _keeps_one(one, named)]
    says_how_long = any(_is_pleasant(one) and pauses.length_in(one, reader.tokens_of(one)) for one in parts)
    if not wanted or says_how_long or (len(parts) == 1 and done == pieces):
        return _with_limit(text, named)  # "I'm off this weekend, no papers please"
    return tuple(further for one in wanted for further in _with_limit(one, named))


def _renamed(text: str) -> tuple[str, ...]:
    """Returns the wishes of "rename 1 to kelp and 2 to moss", each with its verb; () for any other text."""
    plain = text.strip()
    said = intents.meaning(plain)
    if said.intent != "name" or len(said.numbers) < 2:  # noqa: PLR2004 - several
        return ()
    pairs = [(one["number"], one["name"]) for one in _RENAMED.finditer(plain)]
    if len(pairs) == len(said.numbers):
        return tuple(f"rename {number} to {name}" for number, name in pairs)
    return ()


def _takes_back(pieces: list[str], named: Named) -> bool:
    """Returns whether the end of a message takes back the orders before it: "remove 1 and 2, no, leave them"."""
    last, *others = (orders.is_order(reader.tokens_of(named.numbered(one))) for one in (pieces[-1], *pieces[:-1]))
    is_no_order = orders.is_surely_no_order(reader.tokens_of(named.numbered("".join(pieces))))
    then = intents.meaning(clauses.unlinked(pieces[-1]))
    if is_time(then.text):
        return False
    link, sure = links.link_of(then.tokens)
    is_back = then.intent in ("cancel", "undo") or (link in ("back", "keep") and sure >= _SURELY_LINKED)
    is_wish = last or (then.is_sure and then.intent not in (reader.QUERY, "smalltalk", by_rule.ACKNOWLEDGED))
    return any(others) and is_no_order and (is_back or not is_wish)


def _only_undoes(pieces: list[str]) -> bool:
    """Returns whether a message ends with an undo, and says before it only why: "I want the reviews back, undo that"."""
    last = intents.meaning(clauses.unlinked(pieces[-1]))
    others = [reader.tokens_of(clauses.unlinked(one)) for one in pieces[:-1]]
    return last.is_sure and last.intent == "undo" and not any(map(orders.is_order, others))


def _keeps_one(piece: str, named: Named) -> bool:
    """Returns whether a piece says that a subscription stays as it is, so that it is no wish: "keep A but stop B"."""
    said = intents.meaning(piece)
    return clauses.keeps(piece) and named.names_one(said) and not said.marked(reader.WHEN)


def _pieces(said: str) -> Iterator[str]:
    """Yields the pieces of a text between the places where it may be split; together they are the text."""
    plain = reader.folded(said)
    quoted = [
        (token.start, token.end) for token in reader.tokens_of(said) if token.mark in (reader.QUOTED, reader.PAPER)
    ]
    start = 0
    keeps_one = any(map(clauses.keeps, _CLAUSES.split(plain)))
    for found in (_BREAK_AT_BUT if keeps_one else _BREAK).finditer(plain):
        at = found.end()
        if any(first < at < last for first, last in quoted) or not said[start:at].strip() or not said[at:].strip():
            continue
        yield said[start:at]
        start = at
    yield said[start:]


def clauses_of(text: str) -> tuple[str, ...]:
    """Returns the parts of a text between the places where it may be split, without the words that link them."""
    return tuple(clauses.unlinked(one) for one in _pieces(text.strip()))


def _joined(pieces: list[str], named: Named) -> list[str]:
    """Returns the pieces, joined so that each begins with a piece that is understood by itself; one text if that fails."""
    parts = [_as_typed(pieces[0])]
    for piece in _with_their_times(pieces[1:]):
        before, then = clauses.unlinked(parts[-1]), clauses.unlinked(piece)
        is_apart = not (_is_pleasant(before) or _is_pleasant(then)) or bool(_ENDS.search(reader.folded(parts[-1])))
        depends = not _keeps_one(before, named) and _depends(parts[-1], piece, named)
        is_wish = len(parts) > 1 or _stands(before, "", named) or _is_before_a_setting(before, then)
        if not is_apart or depends or not is_wish or named.only_names(then):
            parts[-1] += piece
        elif _stands(then, before, named) or _adds_after(piece, before, named) or _is_linked_setting(piece):
            parts.append(piece)
        elif gapped := _with_verb_of(before, then, named):
            parts.append(gapped)
        else:
            parts[-1] += piece
    return [clauses.unlinked(one) for one in parts]


def _adds_after(piece: str, before: str, named: Named) -> bool:
    """Returns whether a piece adds a subject after a removal, or "then" after an exclusion: 删掉海冰，然后加上地衣."""
    said, last = named.meaning(clauses.unlinked(piece)), named.meaning(before).intent
    is_next = last in REMOVES - {"exclude"} or (last == "exclude" and _THEN.match(reader.folded(piece)))
    adds = said.intent == "widen" and said.is_clear and bool(said.texts(reader.WANTED)) and _has_verb(said)
    return bool(is_next) and adds and not named.names_one(said)


def _is_linked_setting(piece: str) -> bool:
    """Returns whether a piece is a setting, an order only with the word that links it: 顺便声音关了."""
    said = intents.meaning(piece.strip())
    is_setting = said.intent.startswith(clauses.OF_THE_CHAT) and said.intent != "set-limit"  # of the request before
    return said.is_sure and is_setting and orders.is_order(said.tokens)


def _with_their_times(pieces: list[str]) -> list[str]:
    """Returns the pieces, in which a further subject has the time that follows it: "also kelp, on fridays"."""
    found: list[str] = []
    for piece in pieces:
        is_further = bool(found) and bool(_ALSO.match(reader.folded(found[-1]))) and is_time(clauses.unlinked(piece))
        if is_further and intents.meaning(clauses.unlinked(found[-1])).intent in _LOOKS:
            found[-1] += piece
        else:
            found.append(piece)
    return found


def _is_before_a_setting(before: str, then: str) -> bool:
    """Returns whether an order is followed by a setting or a name, to which it cannot belong: "no drones; I live in Nairobi"."""
    settings = (*clauses.OF_THE_CHAT, "name")
    first, said = intents.meaning(before), intents.meaning(then)
    is_setting = said.is_sure and said.intent.startswith(settings) and not first.intent.startswith(settings)
    return is_setting and first.is_sure and first.intent in _SETTLES and orders.is_order(first.tokens)


def _depends(before: str, piece: str, named: Named) -> bool:
    """Returns whether a clause is an order only without the clause before it: "if there are more, I drop it"."""
    if _ENDS_A_SENTENCE.search(reader.folded(before)):
        return False
    alone, first, both = (reader.tokens_of(named.numbered(one)) for one in (piece, before, before + piece))
    return orders.is_order(alone) and not orders.is_order(first) and orders.is_surely_no_order(both)


def _as_typed(piece: str) -> str:
    """Returns a piece with other words for a verb that only the command has: "add kelp"."""
    added, said = _ADD.match(reader.folded(piece)), intents.meaning(clauses.unlinked(piece))
    is_new = said.intent in (*_LOOKS, "sub", "widen") and not said.numbers and not said.texts(reader.NAMED)
    if added and is_new:
        return f"subscribe to {piece[added.end() :]}"
    return piece


def _is_pleasant(piece: str) -> bool:
    said = intents.meaning(piece)
    return said.intent in _PLEASANT and said.is_sure


def _stands(piece: str, before: str, named: Named) -> bool:
    """Returns whether a piece is a wish of its own; `before` is the wish before it, "" if there is none."""
    if is_time(piece):  # "call it kelp, mondays at noon": the time is of that subscription
        return bool(before) and named.meaning(before).intent in _APART_FROM_TIMES
    said = named.meaning(piece)
    if _keeps_one(piece, named):
        return True
    if said.intent == "edit" and not named.names_one(said):
        # "drop A, use B instead" is a removal and a subscription; what else shall be changed is not said
        return said.sure >= SURE and intents.meaning(before).intent in REMOVES
    if _SHOWS.match(reader.folded(piece)) and said.intent in _LOOKS and subjects.searched_in(piece):
        return True
    if not said.is_sure or said.intent == reader.QUERY:
        return False
    is_rest = said.intent == "pause" and bool(before) and clauses.is_rest_of_pause(named.numbered(piece))
    return said.intent in _PLEASANT or (not is_rest and _has_verb(said) and _begins_a_wish(said, before, named))


def _begins_a_wish(said: Said, before: str, named: Named) -> bool:
    """Returns whether a sentence begins a wish, instead of saying more about the one before it."""
    if said.intent in reader.ASKING:
        return _asks(said, named.meaning(before) if before else None)
    if said.intent in intents.SMALL_TALK or said.intent.startswith(intents.MISSING):
        return said.sure >= _TALK
    last = named.meaning(before).intent if before else ""
    if said.intent == by_rule.WHEN_FOUND and last in reader.ASKING:
        return False
    # "I don't want kelp any more, remove it"
    removes_it = {said.intent, last} <= REMOVES and names.points_back(said.text)
    is_one_pause = said.intent == last == "pause" and not named.names_one(said)  # "stop the second, till I tell you"
    if removes_it or is_one_pause:
        return False
    if said.intent in _SETTLES and (names.points_back(said.text) or not named.names_one(said)):
        return _settles(said, last)
    is_of_before = bool(said.numbers) and {*said.numbers} <= {
        *named.meaning(before).numbers
    }  # "bring back 2 and only 2"
    return said.intent != "set-limit" or (last not in _LOOKS and not (before and is_of_before))


def _settles(said: Said, last: str) -> bool:
    """Returns whether a time, an exclusion or another condition is a wish; after a request, it belongs to that."""
    if not last:
        return said.intent in ("widen", "narrow") or said.likely("unsub", "stop") >= _PERHAPS
    if last in REMOVES - {"exclude"} and said.intent in ("narrow", "exclude"):  # of what is gone: "it bores me"
        return False
    return last not in (_LOOKS if names.points_back(said.text) else {*_LOOKS, "sub", said.intent})


def _asks(said: Said, before: Said | None) -> bool:
    """Returns whether a request for papers has a verb and a subject, so that it does not continue the one before it."""
    plain = _POLITE.sub("", reader.folded(said.text))
    if _NOUN.match(plain):  # "weekly papers on A, daily papers on B": each has a time
        return said.asks_for_papers and bool(_time(said)) and (before is None or bool(_time(before)))
    if not said.asks_for_papers:
        is_first = before is None or before.intent not in reader.ASKING
        is_of_the_day = said.intent == "today" and (is_first or bool(_DAY.search(plain)))
        return is_of_the_day or (before is not None and names.points_back(plain) and before.intent not in _LOOKS)
    if said.text.isascii() and subjects.pieces_of(said.text, said.intent)[0].part not in ("", reader.TIME):
        return False
    return said.intent == "sub" or not subjects.tells(said.text) or bool(_PAPERS.search(plain))


def _has_verb(said: Said) -> bool:
    """Returns whether a sentence has words besides subjects, names, times and small words: not "2 until friday"."""
    around = [
        one.text for one in _pieces_of(said) if not one.part and re.search(r"[^\W\d_]{2}|[\u4e00-\u9fff]", one.text)
    ]
    return any(not _is_small(_without_length(one)) for one in around)


def _without_length(text: str) -> str:
    """Returns a text without how long a pause is, and without numbers."""
    plain = reader.folded(text)
    length = pauses.length_in(plain, reader.tokens_of(plain))
    return " ".join(word for word in plain.replace(length, " ").split() if not word.strip("#.,").isdecimal())


def _pieces_of(said: Said) -> tuple[subjects.Piece, ...]:
    return subjects.pieces_of(said.text, said.intent)


def _time(said: Said) -> str:
    """Returns the time of a wish at which papers can come; "" if it has none."""
    when = subjects.time_in(said.text, said.intent)
    return when if when and is_available(when) else ""


def _with_verb_of(before: str, piece: str, named: Named) -> str:
    """Returns a piece that has only a subject and a time, after the verb of the wish before it; "" for any other piece."""
    intent = intents.meaning(before).intent
    if named.meaning(before).intent == "pause" and clauses.is_rest_of_pause(named.numbered(piece)):
        has_each = all(pauses.pause_in(intents.meaning(named.numbered(one))) for one in (before, piece))
        return f"pause {piece}" if has_each else ""  # "pause A for a week and B until monday"
    if intent not in (*reader.ASKING, "schedule") or not piece:
        return ""
    subject = frozenset({reader.WANTED, reader.NAMED, reader.AUTHOR})
    first, then = subjects.pieces_of(before, intent), subjects.pieces_of(piece, intent)
    has_both = all(
        subject & {one.part for one in those} and any(one.part == reader.TIME for one in those)
        for those in (first, then)
    )
    begins = next((one.tokens[0].start for one in first if one.part), 0)
    is_bare = not any(not one.part and re.search(r"[^\W\d_]{2}", one.text) and not _is_small(one.text) for one in then)
    if has_both and is_bare and before[:begins].strip():
        return f"{before[:begins]}{piece}"
    return ""


def _is_small(text: str) -> bool:
    return set(reader.folded(text).split()) <= small_words()


def with_date(text: str) -> str:
    """Returns a message with the date that it names in place of "then": "I am back on 3 March, pause kelp until then"."""
    then = _UNTIL_THEN.search(reader.folded(text))
    tokens = reader.tokens_of(text[: then.start()]) if then else ()
    dates = [one.words for one in tokens if one.mark in (reader.DATE, reader.WHEN)]
    if then and len(dates) == 1:
        return f"{text[: then.start()]}{dates[0]}{text[then.end() :]}"
    return text


def with_antecedent(text: str, what: str) -> str:
    """Returns a wish with what the wish before was about in place of "it"."""
    found = names.IT.search(reader.folded(text))
    if found:
        return f"{text[: found.start()]}{what}{text[found.end() :]}"
    return text


def _with_limit(text: str, named: Named) -> tuple[str, ...]:
    """Returns a wish for at most so many papers a day on a subject as a subscription and a limit; else (text,)."""
    said = intents.meaning(text)
    amount = limits.daily_limit(text)
    if not amount or said.intent not in ("set-limit", *reader.ASKING) or not said.asks_for_papers:
        return (text,)
    if orders.is_surely_no_order(said.tokens):  # "their bot sends two a day"
        return (text,)
    subject = subjects.subject_of(limits.without_limit(text))
    request = named.meaning(limits.without_limit(text))
    is_request = request.intent == reader.QUERY or (request.intent in reader.ASKING and request.is_clear)
    if not subject or limits.daily_limit(subject) or not is_request:
        return (text,)
    if text.isascii():
        return f"subscribe to {subject}", f"at most {amount} papers a day"
    return f"订阅 {subject}", f"每天最多{amount}篇"


def left_out(text: str) -> str:
    """Returns the last clause of a wish to be told if it is about something else: "and mail it to my boss"; "" if there is none."""
    said = intents.meaning(text)
    pieces = list(_pieces(text)) if said.intent == "sub" and "\n" not in text and said.text == text else []
    last = clauses.unlinked(pieces[-1]) if len(pieces) > 1 else ""
    if (
        len(last) < _CLAUSE
        or _is_pleasant(last)
        or _is_small(last)
        or intents.meaning(last).intent == by_rule.WHEN_FOUND
    ):
        return ""
    start = text.rfind(last)
    inside = [(piece.part, token.mark) for piece in _pieces_of(said) for token in piece.tokens if token.end > start]
    if any(part or mark.startswith("@") for part, mark in inside):
        return ""
    return last


class Listed(NamedTuple):
    """A list of queries, a line each, under a line that says what to do with them."""

    head: str
    queries: tuple[str, ...]
    orders: tuple[str, ...] = ()  # the lines that are no subjects

    @property
    def subscribes(self) -> bool:
        """Returns whether the line above the list wishes to be told of these papers."""
        head = self.head.rstrip(" :：")
        return bool(head) and (intents.meaning(f"{head} {self.queries[0]}").intent == "sub")


def listed_in(text: str) -> Listed | None:
    """Returns the queries of a text in numbered lines; None for any other text."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    found = [_NUMBERED.match(line) for line in lines]
    queries = tuple(line[one.end() :] for line, one in zip(lines, found, strict=True) if one)
    head = lines[0] if lines and not found[0] else ""
    is_list = len(queries) > 1 and len(queries) + bool(head) == len(lines)
    said = tuple(one for one in queries if _is_order(one))
    if is_list:
        return Listed(head, tuple(one for one in queries if one not in said), said)
    return None


def _is_order(line: str) -> bool:
    """Returns whether a line of a list is an order instead of a subject."""
    said = intents.meaning(line)
    is_of_subject = said.intent in (reader.QUERY, *reader.ASKING, *intents.SMALL_TALK)
    return not is_of_subject and not said.intent.startswith(intents.MISSING) and said.is_sure
