"""Finds the meaning of a text without a slash: its intent or that it is a query, how sure that is, and the command for it. Pure.

The intents are the names of the files in `examples/`. Most names are the command for the intent, with "-" instead of
spaces: `export-saved-bib` is "/export saved bib". `_ARGUMENTS` has, for each intent, the function that takes the
arguments of the command from the sentence.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from bot.commands import yes_no
from bot.commands.context import VERBS
from bot.commands.paper_days import paper_days
from bot.sentences.words import (
    boundaries,
    by_rule,
    days,
    dictated,
    languages,
    limits,
    names,
    orders,
    pauses,
    quiet,
    reader,
    subjects,
    text_kinds,
    whereabouts,
)
from bot.sentences.words.pauses import pause_in
from bot.sentences.words.reader import Token
from bot.sentences.words.said import CERTAIN, HALF, SURE, Said
from bot.sentences.words.told import is_wish_to_be_told
from bot.sentences.words.word_lists import small_words
from subscriptions.planning.times import split_when
from subscriptions.planning.times.reading import clock_of, is_time
from subscriptions.query.links_in_text import mentioned

_SOME = 0.1  # the probability from which on it is asked whether a kind of papers is meant
_NEWS = 0.9  # the least probability of a question for news that has a word that no example has
_OF_QUERIES = ("exclude", "narrow", "widen", "edit")  # intents that change a query
# the likeliest intents of wishes to be told: "glaciers every friday"
_MAY_TELL = frozenset({reader.QUERY, *reader.ASKING, "schedule"})
# "kelp, as its own subscription"
_APART = re.compile(r"\b(?:separate(?:ly)?|(?:its|their) own)\b|单独|另(?:外)?(?:订|建|加)")
_FEW = 5  # a text of at most so many tokens is a query if it has a word that no example has: "pause tokens"
# a command as it is typed, without its slash
_TYPED = re.compile(rf"(?P<verb>{'|'.join(VERBS)})(?::\s*|\s+)(?:to\s+)?(?=\S)")
_ADD = re.compile(
    r"(?:please )?add (?!nothing\b|anything\b|it\b|that\b|this\b|these\b|those\b|them\b|more\b|to\b|an? |my |me )(?=\w)"
    r"(?!.*\b(?:to|into|onto|too|also|as well|back)\b)"  # "add ice to kelp"
)
_INSTEAD = re.compile(r"\s+instead(?=\s*[,.;]|\s*$)", re.IGNORECASE)
_FILLED = re.compile(r"(?:^|(?<=[A-Za-z,] ))u[hm]+\b,? ?(?=\S)")  # "uh, papers on um kelp", but not "10 um"
_SENTENCES = re.compile(r"\w\w[.;!?]\s+\S|[。！？]\s*\S")
_OTHER_DAYS = re.compile(
    r"\b(?:last|past|previous|this)\b|\brecent|\byesterday|\bweekend|上周|昨天|前天|最近|近期|近几|这周|本周|过去|上个"
)
_ANSWERED = {by_rule.ACKNOWLEDGED, by_rule.HISTORY, languages.OTHER_LANGUAGE}
SMALL_TALK = frozenset(_ANSWERED | {"about", "sources", "hello", "thanks", "bye", "smalltalk"})
MISSING = "missing-"
_TOP = re.compile(r"(?:the )?(?:top|best|first) \S+ \S")  # "Top 10 quantum algorithms" is a title, and no limit
# what a subject may sound like: "papers about limit cycles"
_OF_ORDERS = frozenset({"narrow", "exclude", "edit", "set-limit", "pause", "resume", "stop", "schedule", "unsub"})
_ALL = re.compile(r"\b(?:all|everything|them|papers|digests?|subscriptions|both)\b|全部|两[个条]|所有|都")
_UNSUBSCRIBE = re.compile(r"^(?:please )?unsub(?:scribe)?\b|^(?:取消订阅|退订|取消关注|删除订阅)(?=\s|$)")
_WRITTEN_AS_A_QUERY = re.compile(r"[-(]|[^\W\d_]{2,9}:(?!//)\S|[^\W\d_]+ (?:-\w|(?:OR|AND|NOT) )")
_STOPS = {"unsub", "unsub-all", "stop"}
_PLAIN = re.compile(rf"{_UNSUBSCRIBE.pattern}|^edit #?\d|^今天有")  # texts that begin with these words are commands
_NO_LONGER = re.compile(  # the time that another one replaces: "at 7 instead of 9"
    r"\s*\b(?:instead of|rather than)\s+(?:at\s+)?\d[\d:.]*(?:\s?[ap]m\b)?", re.IGNORECASE
)
_OF_THE_CHAT = ("set-", "lang-", "schedule-", "unsub-all", "stop")  # intents that are about all of the chat
_SHOWN = ("set-limit", "set-quiet", "timezone")  # without a value, their commands only show the setting
_SUBSCRIPTIONS = re.compile(r"unsub|subscription|订|取消关注")
# The limit of 9 and the possessive ++ keep this fast: without them, each further space of a gap doubles the time of
# matching.
_ENDS = re.compile(
    r"(?<![\s.!?。！？，吧啊呀呢哦])"
    r"(?:[\s,，]{1,9}(?:please|pls|plz|thanks|thank you|instead)|[\s.!?。！？，吧啊呀呢哦]|谢谢)++$",
    re.IGNORECASE,
)


@lru_cache(maxsize=256)
def meaning(text: str) -> Said:
    """Returns the meaning of a text; of a dictated one, that of its request; a pasted one is a query."""
    said = text.strip()
    if by_rule.is_acknowledged(said):
        return Said(said, (), (reader.Score(by_rule.ACKNOWLEDGED, 1.0),))
    if dictated.is_long(said) and not dictated.is_addressed(said):  # it is pasted
        return Said(said)
    if (worded := _worded_as_a_command(_FILLED.sub("", said))) != said:
        return meaning(worded)
    begin = orders.last_order(said)
    if corrected := said[begin:] if begin else _corrected(said):
        return meaning(corrected)
    return pauses.put_right(_if_order(_meaning_of(dictated.request_in(said) or said)))


def _worded_as_a_command(text: str) -> str:
    """Returns a text that begins with "add" in the words of a subscription: "add kelp forests"; the text if it adds to something."""
    added = _ADD.match(reader.folded(text))
    rest = _INSTEAD.sub("", text[added.end() :]) if added else ""
    tokens = reader.tokens_of(rest)
    is_subject = len(tokens) > 1 or Said(rest, tokens).has_unknown  # "add noise" is a subject, too
    if added and is_subject and not Said(rest, tokens).numbers:
        return f"subscribe to {rest}"
    return text


def _corrected(text: str) -> str:
    """Returns "no, remove 3" for "remove 3 instead"; "" for any other text."""
    order = _INSTEAD.sub("", text)
    if order == text or not order or reader.folded(order).startswith("no,"):
        return ""
    said = Said(order, reader.tokens_of(order))
    verbs = {one.intent for one in reader.scores(said.tokens)[:2]} & {"unsub", "pause", "resume"}
    if verbs and orders.is_order(said.tokens) and len(said.tokens) <= _FEW:
        return f"no, {order}"
    return ""


def _if_order(said: Said) -> Said:
    """Returns a meaning; that of a sentence that only speaks of an action is not sure, so that the bot asks."""
    is_command = _TYPED.match(reader.folded(said.text)) and "?" not in reader.folded(said.text)
    is_order = orders.may_be_done(said.tokens, said.intent, said.sure) or is_command or only_shows(said)
    if (
        is_order
        and not _removes_later(said)
        and not (whereabouts.is_elsewhere(said, pause_in(said)) or names.brings_back(said))
    ):
        return said
    first, *others = said.found
    if first.intent == "unsub-all":  # asks which ones
        return said._replace(found=(reader.Score("unsub", HALF), *others))
    if first.intent == "sub":
        return said._replace(found=(reader.Score(reader.ASKING[0], 1.0),))
    return said.half_sure


def _removes_later(said: Said) -> bool:
    """Returns whether a removal has a date, which paperwire cannot keep: "delete kelp next month", but not "the friday one"."""
    if not said.intent.startswith(("unsub", "stop", "forget")) or names.time_named(said.tokens):
        return False
    when = pauses.length_in(said.text, said.tokens)
    is_marked = said.marked(reader.LONG) or said.marked(reader.DATE)
    return bool(when) and (bool(is_marked) or not any(map(str.isdigit, when)))


def _meaning_of(said: str) -> Said:
    """Returns the meaning of a sentence."""
    if (
        len(said) > reader.LONGEST
        or said.strip("#").isdecimal()
        or _WRITTEN_AS_A_QUERY.match(said)
        or is_number_and_time(said)
        or not 0 < len(tokens := reader.tokens_of(said)) <= reader.MOST_TOKENS
    ):
        return Said(said)
    if Said(said, tokens).has_unknown and languages.other_language(said):
        return Said(said, tokens, (reader.Score(languages.OTHER_LANGUAGE, 1.0),))
    typed = _TYPED.match(reader.folded(said))
    found: tuple[reader.Score, ...]
    if typed:
        found = (reader.Score(VERBS[typed["verb"]], 1.0),)
    elif days.days_in(Said(said, tokens)).added:
        found = (reader.Score("schedule", 1.0),)
    else:
        plain = Said(said, tokens)
        likely = orders.with_denial(_with_named_time(reader.scores(tokens), plain), said)
        found = tuple(text_kinds.with_named_text(likely, plain)[:5])
    if not typed and _is_guessed(Said(said, tokens, found)) and languages.is_in_another(said):
        found = (reader.Score(reader.QUERY, 1.0),)
    # papers "in Nature" have no answer, but 流形上的优化 is a subject, of which the reader knows only the words between
    is_subject = found[0].intent == "missing-news" and found[0].sure < _NEWS and Said(said, tokens).has_unknown
    is_title = found[0].intent == "set-limit" and _TOP.match(reader.folded(said)) is not None
    is_query = (
        is_subject
        or _is_of_a_thing(found[0].intent, tokens)
        or (
            (is_title or found[0].intent.startswith(("start", "pause", "resume", "stop", "cancel", "preview", "help-")))
            and Said(said, tokens).has_unknown
            and len(tokens) <= _FEW
            and not names.refers(said)
            and not pause_in(Said(said, tokens))
            and not _is_worded_as_a_wish(said, found[0].intent)
        )
    )
    ruled = by_rule.intent_by_rule(tokens, reader.folded(said), found[0].intent)
    if ruled != found[0].intent:
        return Said(said, tokens, (reader.Score(ruled, found[0].sure if ruled == "unsub" else 1.0),))
    asks = sum(one.sure for one in found if one.intent in reader.ASKING)
    is_introduced = bool(boundaries.introduction_of(reader.folded(said)))
    if found[0].intent in _OF_ORDERS and asks >= subjects.MAY_ASK and is_introduced:
        return Said(said, tokens, (reader.Score(reader.ASKING[0], 1.0),))
    refers = names.refers(said) and not any(one.mark == reader.WHEN for one in tokens)
    rewords = refers and found[0].intent in _OF_QUERIES and found[0].sure >= CERTAIN  # "count X into this one, too"
    may_tell = found[0].intent in _MAY_TELL or asks >= SURE or is_introduced or _APART.search(reader.folded(said))
    named = days.days_in(Said(said, tokens))
    denies = named.denied and not named.named  # "no kelp on weekends"
    adds = names.adds_to_a_thing(tokens)
    rewords, found = rewords or adds, tuple(one for one in found if not (adds and one.intent == "sub"))
    is_told = may_tell and not rewords and not denies and is_wish_to_be_told(said, asks)
    if not is_query and not typed and ((found[0].intent == "sub" and asks >= SURE) or is_told):
        return Said(said, tokens, (reader.Score("sub", max(asks, SURE)),))
    if found[0].intent == "schedule" and (kept := _NO_LONGER.sub("", said)) not in ("", said):
        said, tokens = kept, reader.tokens_of(kept)
    return Said(said, tokens, (reader.Score(reader.QUERY, HALF), *found) if is_query else found)


def _is_of_a_thing(intent: str, tokens: Sequence[Token]) -> bool:
    """Returns whether the verb of a pause is a noun of a subject: "resume in job scheduling", but not "pause in January"."""
    is_pause = intent in ("pause", "resume", "stop") and len(tokens) > 3  # noqa: PLR2004 - verb, preposition, two words
    return (
        is_pause and tokens[1].mark in ("in", "of") and tokens[2].mark.isalpha() and tokens[2].mark not in small_words()
    )


def _with_named_time(found: list[reader.Score], said: Said) -> list[reader.Score]:
    """Returns the scores; if a time of day or other days are named, those of certain times belong to the intent for any time.

    These are "at once" and "on weekdays", and a pause in 九点再发, which only says when papers shall come. Where nothing shall
    come until a certain day, in a certain week, or for now, they belong to a pause instead.
    """
    tokens, named = said.tokens, days.days_in(said)
    timed = [
        at
        for at, one in enumerate(tokens)
        if one.mark == reader.WHEN and re.search(r"\d|[早晚点上下中夜午]", one.words)
    ]
    then = {tokens[at + 1].mark for at in timed if at + 1 < len(tokens)}
    others = {"schedule-now", "schedule-weekdays"} if timed and len(tokens) > 1 else set[str]()
    if named.named not in (days.WEEKDAYS, frozenset()) or named.denied not in (days.WEEKEND, frozenset()):
        others.add("schedule-weekdays")
    if named.denied and not named.named:  # "no kelp on weekends" asks for none at that time
        others |= {*reader.ASKING, reader.QUERY, "schedule-now", "pause"}
    if then & {"再", "才"}:
        others.add("pause")
    meant = "schedule"
    is_plan = found[0].intent == "schedule-weekdays" and not named.named  # "I'm off this weekend, no papers please"
    excludes = said._replace(found=tuple(found)).likely("exclude") >= _SOME and not said.has_unknown
    of_kind = excludes and subjects.unwanted_in(said.text, "exclude")
    is_off = (named.off or (named.once and is_plan)) and not of_kind  # not "no surveys this weekend"
    if named.waits or is_off:
        meant, others = "pause", {"schedule", "schedule-now", "schedule-weekdays", "set-quiet", "stop", *reader.ASKING}
    if pauses.is_for_now(reader.folded(said.text)) and found[0].intent in _STOPS:
        meant, others = "pause", _STOPS
    more = sum(one.sure for one in found if one.intent in others)
    kept = [one for one in found if one.intent not in others]
    summed = [one._replace(sure=one.sure + more) if one.intent == meant else one for one in kept]
    return sorted(summed, key=lambda one: -one.sure)


def _is_worded_as_a_wish(said: str, intent: str) -> bool:
    """Returns whether a short text has several words around its subject: "stop sending me kelp", but not "stop codons"."""
    if intent not in ("pause", "resume", "stop"):
        return False
    around = [token for one in subjects.pieces_of(said, intent) if not one.part for token in one.tokens]
    return sum(token.mark[:1].isalpha() and not reader.is_han(token.mark) for token in around) > 1


def only_shows(said: Said) -> bool:
    """Returns whether the command that a text means only shows a setting, and changes nothing: "I get too many papers"."""
    return said.intent in _SHOWN and _ARGUMENTS[said.intent](said) == ""


def is_typed(text: str) -> bool:
    """Returns whether a text begins with a command as it is typed, so that the rest is a query: "sub kelp and ice"."""
    typed = _TYPED.match(reader.folded(text.strip()))
    return typed is not None and typed["verb"] == "sub"


def _is_guessed(said: Said) -> bool:
    """Returns whether a text means a command only by chance: no example has its first word, nor most others."""
    is_unknown = [said._replace(tokens=(one,)).has_unknown for one in said.tokens]
    is_asking = said.intent in (reader.QUERY, *reader.ASKING)
    return not is_asking and is_unknown[0] and sum(is_unknown) >= len(is_unknown) / 2


def is_number_and_time(said: str) -> bool:
    """Returns whether a text is only the number of a subscription and a time: "2 daily at 9"."""
    number, _, rest = said.partition(" ")
    return number.strip("#").isdecimal() and is_time(rest)


def command_in(text: str) -> tuple[str, str] | None:
    """Returns (command, arguments) if a text surely means a command and has everything it needs; otherwise None."""
    said = meaning(text)
    exempt = names.exemption_in(said.text)  # "send me everything but surveys" exempts no subscription
    others = names.without_all(exempt.rest) if exempt else ""
    is_exempted = exempt and (said.intent != "sub" or not others or is_time(others))
    if is_exempted or yes_no.declines(said.text):
        return None
    if said.intent == "unsub" and not said.is_sure and not said.has_unknown and _unsubscribe(said) == "":
        return ("unsub", "")  # "how do I unsubscribe?": all are offered
    is_plain = bool(_PLAIN.search(reader.folded(said.text)))
    if (
        (not said.is_sure and not is_plain)
        or said.intent in SMALL_TALK | {reader.QUERY, "ask"}
        or (said.intent.startswith("schedule") and said.has_unknown)  # the time may be for a new query
        or said.intent.startswith(MISSING)
    ):
        return None
    return command_of(said)


def command_of(said: Said, *, of_the_chat: bool = False) -> tuple[str, str] | None:
    """Returns (command, arguments) of the likeliest intent; None if they depend on the subscriptions of the chat.

    Without `of_the_chat`, that is also the case for a sentence about the whole chat that names a subscription.
    """
    command, _, fixed = said.intent.replace("-", " ").partition(" ")
    if command == "today" and (wanted := paper_days(said.text)):
        if said.subject:
            return ("search", said.text)
        return ("today", f"papers {wanted.words}")
    if command == "today" and said.subject and _OTHER_DAYS.search(reader.folded(said.text)):
        return ("search", said.text)
    is_of_one = names.is_numbered(said.text) or names.names_in(said.text, said.intent) or names.may_name_one(said)
    leaves_out = said.intent == "schedule-weekdays" and days.days_in(said).denied  # where some come on one day only
    if not of_the_chat and is_of_the_chat(said) and (is_of_one or leaves_out):
        return None
    taken = _ARGUMENTS[said.intent](said) if said.intent in _ARGUMENTS else ""
    if taken is None:
        return None
    return (command, f"{fixed} {taken}".strip())


def is_of_the_chat(said: Said) -> bool:
    """Returns whether the likeliest intent is about all of the chat, so that it cannot be meant for one subscription."""
    return said.intent.startswith(_OF_THE_CHAT)


# ------------------------------------------------------------------------------------------------ arguments of commands


def name_in(said: Said) -> str:
    """Returns the new name of a subscription; "" if there is none."""
    labels = said.texts(reader.LABEL)
    label = next(reversed(labels), "") or names.after_number(said)  # of "the old name is bad, call it kelp" the last
    quoted = [one for one in said.marked(reader.QUOTED) if any(one in each for each in labels)]
    return (quoted[0] if quoted else _ENDS.sub("", label)).strip("\"'“”„«»「」『』《》 :：")


def _edit(said: Said) -> str | None:
    if said.numbers:
        return f"{said.numbers[0]} {said.subject}".strip()
    return None


def _schedule(said: Said) -> str | None:
    """Returns the arguments of /schedule: a time, after a number if there is one; None if it depends on a subscription."""
    named = days.days_in(said)
    if named.added or named.denied:
        return None
    when = subjects.time_in(said.text, said.intent)
    is_clock = clock_of(when) is not None  # the days of each stay: "move 1 to 8"
    if is_clock or len(_numbers_beside(said, when)) > 1:  # "move 1 and 2 to 8"
        return None
    # a number that is the time itself is not the number of a subscription
    if said.marked(reader.NUMBER) and said.numbers != [when]:
        if when:
            return f"{said.numbers[0]} {when}"
        return None
    if when and not said.texts(reader.NAMED) and _ALL.search(reader.folded(said.text)):
        return when
    return None


def _numbers_beside(said: Said, time: str) -> list[str]:
    """Returns the numbers in a sentence that are no part of the words for a time."""
    rest = said.text.replace(time, " ", 1)
    if time:
        return Said(rest, reader.tokens_of(rest)).numbers
    return said.numbers


def _pause(said: Said) -> str | None:
    """Returns the arguments of /pause: a length of time, after a number if there is one; None if words name a subscription."""
    long = pause_in(said)
    numbers = _numbers_beside(said, long.removeprefix("until "))
    if len(numbers) > 1:
        return None
    named = names.names_in(said.text, said.intent)
    if not named and (numbers or not names_one(said)):
        return f"{' '.join(numbers[:1])} {long}".strip()
    return None


def _resume(said: Said) -> str | None:
    if len(said.numbers) > 1:
        return None
    named = names.names_in(said.text, said.intent)
    if named:
        return None
    return _first_number(said) or (None if names_one(said) else "")


def names_one(said: Said) -> bool:
    """Returns whether a sentence about a pause names a subscription, so that it is not about the whole chat."""
    is_timed = said.marked(reader.WHEN) and not pause_in(said)  # "the Friday one"
    named = (
        names.names_in(said.text, said.intent)
        or names.points_at_that(said.text)
        or names.points_at_last(said.text)
        or is_timed
    )
    return bool(named) or names.may_name(said.text, said.intent)


def _subscribe(said: Said) -> str | None:
    """Returns the arguments of /sub; commands, several lines and queries with operators stay as typed. None if unclear."""
    if "\n" in said.text:
        return said.text.split(maxsplit=1)[1]
    if (typed := _typed(said)) is not None:
        return typed
    marks = {token.mark for token in reader.tokens_of(said.subject)}
    if said.subject and (boundaries.is_crumb(said.subject) or marks == {reader.NUMBER}):  # 第一个 is no subject
        return None
    start = next(
        (
            one.tokens[0].start
            for one in subjects.pieces_of(said.text, reader.ASKING[0])
            if one.part not in ("", "when")
        ),
        len(said.text),
    )
    rest = _ENDS.sub("", said.text[start:])
    has_operators = re.search(r'[:"()|\n]|(?:^|\s)-\w|\b(?:OR|AND|NOT)\b', split_when(rest).query)
    if not has_operators:
        return said.subject
    if _SENTENCES.search(rest):  # pasted prose, with the signs of a query
        return None
    when = subjects.time_in(said.text[:start], said.intent)  # 每天八点发"图神经网络"
    return f"{rest} {when}".strip()


def _typed(said: Said) -> str | None:
    """Returns what follows the command with which a text begins; None if the text begins with none, or is a sentence.

    "sub" is no word of a sentence. After the other commands, a text with words that no query needs is a sentence.
    """
    command = _TYPED.match(reader.folded(said.text))
    if command is None:
        return None
    typed = _ENDS.sub("", said.text[command.end() :])
    marks = {token.mark for token in reader.tokens_of(split_when(typed).query)}
    joins = reader.CATEGORY in marks and not marks.isdisjoint("和与及跟")  # 订阅 math.NT 和 math.AG
    is_said = joins or small_words() & marks or said.texts(reader.UNWANTED)
    if command["verb"] != "sub" and said.subject and is_said:
        return None
    if boundaries.is_crumb(typed) or reader.folded(typed) in small_words():
        return ""
    return typed


def _first_number(said: Said) -> str:
    return next(iter(said.numbers), "")


def _unsubscribe(said: Said) -> str | None:
    """Returns the arguments of /unsub: numbers or a query; None if other words may mean a subscription."""
    named = " ".join(said.texts(reader.NAMED, reader.WANTED, reader.UNWANTED, reader.AUTHOR))
    if (said.numbers and (named or names.container_in(said.text))) or names.time_named(said.tokens):
        return None  # a word shall be taken out of a subscription, or names another one
    if said.numbers or not named:
        is_all = _SUBSCRIPTIONS.search(reader.folded(said.text)) and not said.has_unknown
        return " ".join(said.numbers) or ("" if is_all else None)
    _, _, after = said.text.rpartition(named)
    is_list = names.has_strange_word(after) or re.search(r"\band\b|&", named)  # "unsubscribe from kelp, moss"
    if _UNSUBSCRIBE.search(reader.folded(said.text)) and not is_list:
        return named.removeprefix("all ")
    return None


_ARGUMENTS: Mapping[str, Callable[[Said], str | None]] = {
    **dict.fromkeys(("like", "save", by_rule.UNSAVE, "why", "whynot"), lambda said: " ".join(mentioned(said.text))),
    by_rule.BIB: lambda said: " ".join((*mentioned(said.text), *re.findall(r"\bris\b", reader.folded(said.text)))),
    **dict.fromkeys(("today", "search"), lambda said: said.subject),
    "share": _first_number,
    "set-limit": limits.limit_in,
    "preview": lambda said: _first_number(said) or said.subject,
    "sub": _subscribe,
    "help": lambda said: (
        said.text.partition(" ")[2] if said.text[:5].lower() == "help " and said.text.count(" ") == 1 else ""
    ),
    "timezone": lambda said: next(iter(said.marked(reader.PLACE)), None if said.marked(reader.WHEN) else ""),
    "set-quiet": quiet.quiet_in,
    "edit": _edit,
    "schedule": _schedule,
    "pause": _pause,
    "resume": _resume,
    "unsub": _unsubscribe,
    "name": lambda said: f"{said.numbers[0]} {name_in(said)}" if said.numbers and name_in(said) else None,
    **dict.fromkeys(("exclude", "narrow", "widen", "like-paper", "dislike-paper", by_rule.WHEN_FOUND), lambda _: None),
}
