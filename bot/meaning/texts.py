"""Which texts are encoded, each by itself: the title and the first sentences of a paper (how many, how long), and a question."""

import re

from subscriptions.model import Paper

MOST_SENTENCES = 16
LONGEST = 400  # characters of a text that is encoded, about 60 words
_SHORTEST = 25  # bytes of a sentence: a letter of Chinese has three
_WORDS = re.compile(r"[⺀-鿿가-힣]|[^\W⺀-鿿가-힣]+")  # a character of Chinese, Japanese or Korean, or a word
_LAST_OF_WORDS = "⺀"
# from this length a question is a sentence: a word counts twice, a character of Chinese once
_SENTENCE = 28
# a full stop, and then what is neither a small letter nor a figure; Chinese and Japanese need no space
_END = re.compile(r"(?<=[.!?؟])\s+(?=[^\Wa-z\d_])|(?<=[。！？])\s*")


def paper_texts(paper: Paper) -> list[str]:
    """Returns the texts of a paper: first its title, then its sentences. They are [] if it has neither.

    The first sentence of a paper without a title counts as its title, too.
    """
    sentences = _sentences(paper.abstract)
    return [text for text in (_plain(paper.title) or next(iter(sentences), ""), *sentences) if text]


def question_texts(question: str) -> list[str]:
    """Returns the texts of a question: itself, or the sentences of a long one, such as an abstract."""
    texts = [_plain(question)] if len(question) <= LONGEST else _sentences(question)
    return [text for text in texts if text] or ["?"]  # servers refuse an empty text


def is_short(question: str) -> bool:
    """Returns whether a question is the name of a subject, such as "protein folding", rather than a sentence."""
    return sum(1 if character > _LAST_OF_WORDS else 2 for character in _WORDS.findall(question)) < _SENTENCE


def _sentences(text: str) -> list[str]:
    """Returns the first sentences of a text, each short enough to be encoded quickly."""
    text = " ".join(text[: 2 * MOST_SENTENCES * LONGEST].split())
    found = [one for one in _END.split(text) if len(one.encode(errors="ignore")) > _SHORTEST] or [text]
    pieces = [piece for sentence in found for piece in _short(sentence)]
    return [one for piece in pieces[:MOST_SENTENCES] if (one := _plain(piece))]


def _short(sentence: str) -> list[str]:
    """Returns the pieces of a sentence. A long one is broken between words, if there are any."""
    pieces = []
    while len(sentence) > LONGEST:
        end = sentence.rfind(" ", LONGEST // 2, LONGEST) + 1 or LONGEST
        pieces.append(sentence[:end])
        sentence = sentence[end:]
    return [*pieces, sentence]


def _plain(text: str) -> str:
    """Returns the beginning of a text on one line, without the halves of characters that no encoding has."""
    return " ".join(text[: 4 * LONGEST].encode(errors="ignore").decode().split())[:LONGEST]
