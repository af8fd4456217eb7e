"""Finds the request in a long text that a person dictated; from how many words a text is long, and when it is only pasted. Pure.

"hi i am a student and never find the time so could you send me what is new on kelp every monday that would be great" asks
in one clause. What people tell around it is no part of the query.
"""

import re
from functools import lru_cache
from itertools import pairwise

from bot.sentences.words import reader, subjects

_FEW = 25  # different words of a text that is not long
_LONG, _LONGEST = 40, 1000  # tokens of a text that may be dictated; characters of a text that is read
_WORD = re.compile(r"[\u4e00-\u9fff]|[^\W_\u4e00-\u9fff]+")
_ADDRESSED = re.compile(r"\b(?:i|i'?m|i'?ve|i'?d|me|my|us|please|pls|you)\b|[我请您你咱]|麻烦")
_CUT = re.compile(
    r"[,;.!?]+\s*|\s(?=(?:so|because|since|but|and|cause|cuz|though|although|while|that would|thanks|thank you)\b)"
    r"|(?=因为|由于|所以|然后|但是|可是|不过|能不能|可不可以|能否|想麻烦|麻烦你|请你|请帮|你能|你们能|帮我)"
)
_REQUEST = re.compile(
    r"\b(?:send|give|show|find|get|want|need|looking for|look|tell|let me know|notify|alert|keep|follow|subscribe|track|summary|digest|is there|are there|anything)\b"
    r"|[发推找看订]|关注|留意|通知|告诉|有没有"
)


def is_long(text: str) -> bool:
    """Returns whether a text has so many different words that it is pasted or dictated. A Chinese word has two characters."""
    words = set(_WORD.findall(reader.folded(text[:_LONGEST])))
    return sum(0.5 if reader.is_han(word) else 1.0 for word in words) > _FEW


def is_addressed(text: str) -> bool:
    """Returns whether a text speaks to somebody, or of the person who wrote it."""
    return bool(_ADDRESSED.search(reader.folded(text[:_LONGEST])))


@lru_cache(maxsize=64)
def request_in(text: str) -> str:
    """Returns the clause of a long text that asks for papers on a subject, if possible with a time; "" if none does."""
    plain = reader.folded(text[: _LONGEST + 1])
    if len(text) > _LONGEST or not is_addressed(text) or not (is_long(text) or len(_WORD.findall(plain)) > _LONG):
        return ""
    times = {token.end for token in reader.tokens_of(text) if token.mark == reader.WHEN}
    cuts = [0, *(found.end() for found in _CUT.finditer(plain) if found[0] or found.start() not in times), len(text)]
    clauses = [text[start:end].strip(" ,，;；.。") for start, end in pairwise(cuts)]
    asking = [one for one in clauses if _asks(one)]
    timed = [one for one in asking if subjects.time_in(one, reader.ASKING[0])]
    return next(iter((*timed, *asking)), "")


def _asks(clause: str) -> bool:
    tokens = reader.tokens_of(clause)
    if not tokens or len(clause) > reader.LONGEST or (is_long(clause) and not is_addressed(clause)):
        return False
    asks = sum(one.sure for one in reader.scores(tokens) if one.intent in reader.ASKING)
    pieces = subjects.pieces_of(clause, reader.ASKING[0])
    around = reader.folded(" ".join(one.text for one in pieces if not one.part))
    has_subject = any(one.part in (reader.WANTED, reader.AUTHOR) for one in pieces)
    return asks > subjects.ASKED and has_subject and bool(_REQUEST.search(around))
