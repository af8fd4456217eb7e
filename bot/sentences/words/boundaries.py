"""Puts the boundaries of subjects right, where the tagger cannot know them: "send me stop codons", 睡眠与每日步数. Pure.

The tagger has seen the words of examples. A word that no example has around a subject belongs to the subject beside it.
"""

import re
from collections.abc import Sequence
from itertools import groupby, pairwise

from bot.sentences.words import reader
from bot.sentences.words.reader import Token
from bot.sentences.words.word_lists import small_words, words_of_manner

_LINKS = frozenset({"and", "or", "nor", "of", "in", "for", "with", "和", "与", "及", "或"})
# 我是学昆虫的，蜜蜂授粉的论文请发我: the first clause has no word of a request, so it only introduces the person. If a word of
# _LINKED links the clauses, the first one names a subject, too.
_REQUEST = re.compile(r"[想看订盯推]|(?<!主)要|关注|论文|文章|文献")
_EXCEPT, _SENDS = re.compile(r"^除"), re.compile(r"都.*[发推送要看]|[发推送]")
_LINKED = re.compile(r"[也还]|另外|同时|以及|偶尔|尤其|特别")
_LACKS = re.compile(r"(?:不含|没有|不带|不包[含括])有?$")  # 不含综述的珊瑚
_ENDS_OF_CLAUSE = frozenset(",;!.")
_OF_A_REQUEST = frozenset({reader.WANTED, reader.UNWANTED, reader.AUTHOR})


def of_request(said: str, tokens: Sequence[Token], parts: Sequence[str]) -> tuple[tuple[Token, ...], list[str]]:
    """Returns the tokens of a request for papers and their parts, with what the tagger left of its subject put right."""
    parts = _with_prefix_non(tokens, _wanted_after_denied(tokens, _after_about(tokens, parts)))
    parts = _after_attribute(said, tokens, parts)
    parts = _with_what_is_linked(tokens, _with_strange_words(tokens, parts))
    read, parts = _from_introduction(said, tokens, parts)
    parts = _without_manner(said, read, parts)
    before = _introduction(said, read, parts)
    return read, [reader.NO_PART] * before + list(parts[before:])


def _after_about(tokens: Sequence[Token], parts: Sequence[str]) -> list[str]:
    """Returns the parts, in which no subject begins with 关于: 找几篇关于时间序列的论文."""
    found = list(parts)
    for at, (one, then) in enumerate(pairwise(tokens)):
        if (one.mark, then.mark) == ("关", "于") and (at == 0 or found[at - 1] != reader.WANTED):
            found[at : at + 2] = [reader.NO_PART if part == reader.WANTED else part for part in found[at : at + 2]]
    return found


def _wanted_after_denied(tokens: Sequence[Token], parts: Sequence[str]) -> list[str]:
    """Returns the parts, in which what a later clause asks for is wanted: 除了综述，冰川的论文都发给我; not in 不要综述，教程."""
    found, ends = list(parts), [at for at, one in enumerate(tokens) if one.mark in _ENDS_OF_CLAUSE]
    for start, end in pairwise([*ends, len(tokens)]):
        before = "".join(one.mark for one in tokens[:start])
        around = "".join(one.mark for one, part in zip(tokens[start:end], parts[start:end], strict=True) if not part)
        if reader.UNWANTED in parts[:start] and _EXCEPT.search(before) and _SENDS.search(around):
            found[start:end] = [reader.WANTED if one == reader.UNWANTED else one for one in parts[start:end]]
    return found


def _with_prefix_non(tokens: Sequence[Token], parts: Sequence[str]) -> list[str]:
    """Returns the parts, in which 的非 denies nothing: 钢琴的非谐性."""
    found = list(parts)
    for at in range(1, len(found) - 2):
        if (tokens[at].mark, tokens[at + 1].mark) == ("的", "非") and found[at - 1] == reader.WANTED:
            end = next((end for end in range(at + 2, len(found)) if found[end] != reader.UNWANTED), len(found))
            found[at:end] = [reader.WANTED] * (end - at)
    return found


def _after_attribute(said: str, tokens: Sequence[Token], parts: Sequence[str]) -> list[str]:
    """Returns the parts, in which what has no such papers is wanted, if nothing else is: 珊瑚 in 不含综述的珊瑚."""
    found = list(parts)
    runs = [[*group] for part, group in groupby(range(len(parts)), key=parts.__getitem__) if part == reader.UNWANTED]
    if reader.WANTED in parts or len(runs) != 1 or not _LACKS.search(said[: tokens[runs[0][0]].start]):
        return found
    marks = [tokens[at].mark for at in runs[0]]
    link = marks.index("的") if "的" in marks[1:-1] else len(marks)
    for place, at in enumerate(runs[0]):
        if place >= link:
            found[at] = reader.NO_PART if place == link else reader.WANTED
    return found


def _with_strange_words(tokens: Sequence[Token], parts: Sequence[str]) -> list[str]:
    """Returns the parts, in which words that only a query can have belong to the subject beside them.

    Strange words apart from it stay as they are: "as a dentist I want papers on enamel". If only a time was found, all
    of them are the subject.
    """
    strange = [_is_of_a_query(token) for token in tokens]
    if _OF_A_REQUEST.isdisjoint(parts):
        is_timed = reader.TIME in parts
        return [
            reader.WANTED if is_timed and is_strange else part for part, is_strange in zip(parts, strange, strict=True)
        ]
    found = list(parts)
    strange = [one or _is_strange(tokens, at) for at, one in enumerate(strange)]
    for order in (range(len(found)), reversed(range(len(found)))):
        is_beside = False
        for at in order:
            if found[at] in _OF_A_REQUEST:
                is_beside = True
            elif is_beside and strange[at]:
                found[at] = reader.WANTED
            elif not _links_words(tokens[at]):
                is_beside = False
    return found


def _is_strange(tokens: Sequence[Token], at: int) -> bool:
    """Returns whether no example that asks for papers has a word, or a Chinese character beside its neighbours, except in a subject."""
    mark, asking = tokens[at].mark, reader.learned().asking
    if reader.is_han(mark):
        return asking.isdisjoint([mark, *reader.pairs_of(tokens[max(at - 1, 0) : at + 2])])
    return mark.isascii() and mark[:1].isalpha() and mark not in asking and mark not in small_words()


def _links_words(token: Token) -> bool:
    """Returns whether a small word may stand between the words of a subject: "growth in batteries"."""
    return token.mark in small_words() and token.mark in reader.learned().known.topics


def _with_what_is_linked(tokens: Sequence[Token], parts: Sequence[str]) -> list[str]:
    """Returns the parts, in which a subject goes on after a word that links: 睡眠与每日步数, "sedimentology of Martian deltas".

    What looks like a time goes on only if more follows, and a name only after "of".
    """
    found = list(parts)
    for at in range(2, len(found)):
        link = tokens[at - 1].mark
        is_after = found[at - 1] == reader.WANTED or (found[at - 2 : at] == [reader.WANTED, reader.NO_PART])
        is_time = found[at] == reader.TIME and _may_begin_a_subject(tokens[at], reader.TIME)
        if is_after and link in _LINKS and is_time and found[at + 1 : at + 2] == [reader.WANTED]:
            found[at] = reader.WANTED
        elif is_after and link == "of" and found[at] == reader.AUTHOR:
            end = next((end for end in range(at, len(found)) if found[end] != reader.AUTHOR), len(found))
            found[at:end] = [reader.WANTED] * (end - at)
    return found


# what introduces a subject at the beginning of a request: all that follows belongs to it
_INTRODUCTION = re.compile(
    r"^(?:(?:please|pls|can you|could you|would you|will you|i want to|i'd like to|also|and|hi|hey|hello)[ ,]+)*"
    r"(?:subscribe(?: me)? to|follow|keep (?:an|your) eye on|keep (?:me|us) (?:posted|updated|informed) (?:on|about)|(?:notify|alert|ping|inform|tell|let) (?:me|us)(?: know)? (?:about|of|on)"
    r"|(?:(?:i want|i need|i'd like|we want|we need|send|show|give|find|get|me|us|looking for|are there|is there|any|some|all|more|the|new|latest|recent)[ ,]+)*"
    r"(?:papers?|articles?|preprints?|everything|anything) (?:about|on|regarding|concerning|mentioning))\s+"
    r"(?:(?:the|any|all|some|more|new|latest|recent|newest|papers?|articles?|preprints?|research|work|everything|anything|stuff|news|updates|changes|about|on|in|of) )*"
    r"|^(?:请|帮我|麻烦|我要|我想)*(?:订阅|关注|追踪|跟踪)(?:一下)?(?:关于|有关)?"
)
_REPEATED = re.compile(r"(?:every|each)\b")
_AFTER_A_TIME = re.compile(r"\b(?:papers?|articles?|preprints?|updates?|digests?|news|mails?)\b|论文|文章|文献|的")


def introduction_of(text: str) -> str:
    """Returns the words at the beginning of a text that introduce a subject, as in "papers about"; "" if there are none.

    The text may be folded: "Papers on Economic Policy", with capitals, is a title.
    """
    found = _INTRODUCTION.match(text)
    return found[0] if found else ""


def _from_introduction(said: str, tokens: Sequence[Token], parts: Sequence[str]) -> tuple[tuple[Token, ...], list[str]]:
    """Returns tokens and parts, in which the subject begins where its introduction ends: "papers on night shifts".

    A time there belongs to it, as in "follow the Friday effect", unless the papers shall come then: "subscribe to weekly
    papers on kelp".
    """
    found, read, plain = list(parts), list(tokens), reader.folded(said)
    introduction = _INTRODUCTION.match(plain)
    start = introduction.end() if introduction else len(said)
    if introduction:
        found = [
            reader.NO_PART if one.end <= start and part == reader.WANTED else part
            for one, part in zip(read, found, strict=True)
        ]
    first = next((at for at, one in enumerate(read) if one.end > start), len(read))
    if first < len(read) and read[first].start < start:  # "on daily" in "papers on daily steps"
        read[first] = Token(start, read[first].end, reader.WHEN, said[start : read[first].end])
    end = first
    while end < len(read) and _may_begin_a_subject(read[end], found[end]):
        end += 1
    is_beside = end < len(read) and found[end] == reader.WANTED
    is_timed = reader.TIME in found[first:end]
    is_all = end == len(read) and end - first > is_timed
    is_apart = is_timed and (bool(_AFTER_A_TIME.search(plain, start)) or _is_spaced_han(read[first : end + 1]))
    if is_apart or not (is_beside or is_all):
        return tuple(tokens), found
    found[first:end] = [reader.WANTED] * (end - first)
    return tuple(read), found


def _may_begin_a_subject(token: Token, part: str) -> bool:
    if part == reader.TIME or token.mark == reader.WHEN:
        return token.words.replace(" ", "").isalpha() and not _REPEATED.match(reader.folded(token.words))
    is_word = token.mark[:1].isalnum() or token.mark in (reader.LONG, reader.DATE, reader.PLACE)
    return part == reader.NO_PART and is_word and token.mark not in small_words()


def _is_spaced_han(tokens: Sequence[Token]) -> bool:
    """Returns whether Chinese words stand apart, as a time and a subject do: 每天 扩散."""
    return any(one.end < then.start and not one.words.isascii() for one, then in pairwise(tokens))


def _without_manner(said: str, tokens: Sequence[Token], parts: Sequence[str]) -> list[str]:
    """Returns the parts without subjects that only say how papers shall come, if there is another subject.

    我是做水凝胶的，有新论文可以自动发给我吗 is about 水凝胶, and 自动 is about the bot; but 自动微分 is a subject.
    """
    runs = [(part, [*group]) for part, group in groupby(range(len(parts)), key=parts.__getitem__)]
    wanted = [run for part, run in runs if part == reader.WANTED]
    texts = [reader.folded(said[tokens[run[0]].start : tokens[run[-1]].end]) for run in wanted]
    manner = [run for run, text in zip(wanted, texts, strict=True) if text in words_of_manner() or is_crumb(text)]
    found = list(parts)
    for run in manner if len(manner) < len(wanted) else ():
        found[run[0] : run[-1] + 1] = [reader.NO_PART] * len(run)
    return found


def _is_of_a_query(token: Token) -> bool:
    """Returns whether a token can only belong to a query: a category, a quotation, or a word that no example has."""
    if token.mark in (reader.CATEGORY, reader.QUOTED):
        return True
    is_word = token.mark.isascii() and token.mark[:1].isalpha()
    return is_word and not {token.mark, token.mark.replace("-", "")} & (reader.learned().known.words | small_words())


def _introduction(said: str, tokens: Sequence[Token], parts: Sequence[str]) -> int:
    """Returns the number of tokens in clauses that only introduce the person, before the request; 0 if there are none."""
    ends = [*(at for at, one in enumerate(tokens) if one.mark in _ENDS_OF_CLAUSE), len(tokens)]
    starts = [0, *(end + 1 for end in ends)]
    clauses = [(start, end) for start, end in zip(starts, ends, strict=False) if reader.WANTED in parts[start:end]]
    texts = [reader.folded(said[tokens[start].start : tokens[end - 1].end]) for start, end in clauses]
    asks = next((at for at, text in enumerate(texts) if _REQUEST.search(text)), 0)
    # the whole clause is a subject: 黑洞，白洞的论文
    is_whole = any(reader.NO_PART not in parts[start:end] for start, end in clauses[:asks])
    if (
        is_whole
        or not asks
        or said.isascii()
        or _LINKED.search(reader.folded(said[: tokens[clauses[asks][1] - 1].end]))
    ):
        return 0
    return clauses[asks][0]


def is_crumb(subject: str) -> bool:
    """Returns whether a text is too short for a subject: empty, or a single Chinese character, such as 量 from 订阅量."""
    return not subject or (len(subject) == 1 and not subject.isascii())
