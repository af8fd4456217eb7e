"""Any input is read or refused: every target of tests/programs/fuzz, with its stored corpus and with changed example
inputs.
"""

import hypothesis
import pytest
from hypothesis import strategies as st

from bot.platforms.slack import receiving
from bot.platforms.slack.manifest import PATHS
from bot.platforms.telegram.webhook import HEADER
from tests.programs.fuzz import asked as web
from tests.programs.fuzz import targets

SLOW = {"conversations": 8}
"""Examples of a target that has a whole bot, in the quick profile."""

ODD = (
    b"\x00", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\x1b[31m", b"\r", b"\x85", b"\xc2\x85", b"\xc2\xa0", b"\xe2\x80\xa8", b"\xe2\x80\xae",
    b"\xe2\x81\xa6", b"\xe2\x80\x8b", b"\xcc\x81", b"\xf0\x9f\x91\xa9\xe2\x80\x8d", b"((((", b"<<<<", b"[[[[", b'{"a":' * 9, b"%00", b"\\ud800", b"&#0;",
)  # fmt: skip


@st.composite
def inputs(draw: st.DrawFn, name: str) -> bytes:
    """Returns an example input of a target after a few changes that its grammar suggests."""
    target = targets.TARGETS[name]
    words = st.sampled_from(target.words).map(lambda word: word.encode("utf-8", "surrogatepass"))
    data = draw(st.sampled_from(target.seeds()) | st.lists(words, max_size=12).map(b"".join))
    for _ in range(draw(st.integers(0, 5))):
        data = draw(_changed(data, words))
    return data


def _changed(data: bytes, words: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Returns one change: cut, double, re-encode or nest a part; swap lines; insert a word or odd bytes."""
    at = st.integers(0, len(data))
    part = st.tuples(at, at).map(sorted)
    lines = data.splitlines(keepends=True)
    line = st.integers(0, max(0, len(lines) - 1))
    return st.one_of(
        part.map(lambda both: data[: both[0]] + data[both[1] :]),
        st.builds(lambda both, many: data[: both[1]] + data[both[0] : both[1]] * many + data[both[1] :], part, st.integers(1, 30)),
        st.builds(lambda one, two: _swapped(lines, one, two), line, line),
        st.builds(lambda place, word, many: data[:place] + word * many + data[place:], at, words | st.sampled_from(ODD), st.integers(1, 9)),
        st.builds(lambda both, pair, deep: data[: both[0]] + pair[0] * deep + data[both[0] : both[1]] + pair[1] * deep + data[both[1] :],
                  part, st.sampled_from((
    (b"(", b")"),
    (b"<b>", b"</b>"),
    (b"[", b"]"),
    (b'"', b'"'),
    (b"<!--", b"-->"),
    (b"{", b"}"),
    ("「".encode(), "」".encode()),
)), st.integers(1, 20)),
        st.builds(lambda both, code: data[: both[0]] + _recoded(data[both[0] : both[1]], code) + data[both[1] :],
                  part, st.sampled_from(("utf-16", "utf-16-le", "gb18030", "latin-1", "utf-7", "big5"))),
    )  # fmt: skip


def _swapped(lines: list[bytes], one: int, two: int) -> bytes:
    found = list(lines)
    if found:
        found[one], found[two] = found[two], found[one]
    return b"".join(found)


def _recoded(part: bytes, code: str) -> bytes:
    return part.decode("utf-8", "ignore").encode(code, "ignore")


@pytest.mark.parametrize("name", sorted(set(targets.TARGETS) - set(SLOW)))
@hypothesis.settings(max_examples=hypothesis.settings().max_examples // 4)
@hypothesis.given(st.data())
def test_whatever_is_written_is_read_or_refused(name: str, data: st.DataObject) -> None:
    targets.TARGETS[name].check(data.draw(inputs(name)))


@pytest.mark.parametrize("name", sorted(SLOW))
def test_whatever_is_said_gets_a_reply(name: str) -> None:
    @hypothesis.settings(
        max_examples=min(SLOW[name], hypothesis.settings().max_examples),
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(inputs(name))
    def says(data: bytes) -> None:
        targets.TARGETS[name].check(data)

    says()


@pytest.mark.parametrize("name", targets.TARGETS)
def test_the_kept_corpus_is_still_read_or_refused(name: str) -> None:
    inputs = targets.kept(name)
    assert inputs, f"`make fuzz TARGET={name}` fills tests/programs/fuzz/corpus/{name}."
    for data in (*targets.TARGETS[name].seeds(), *inputs.values()):
        targets.TARGETS[name].check(data)


JSON, FORM = b"application/json", b"application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("path", "kind", "body"),
    [
        (web.TELEGRAM.routes[0].path, JSON, b"[" * 100_000),
        (web.TELEGRAM.routes[0].path, JSON, b'{"update_id": 1e999}'),
        (web.TELEGRAM.routes[0].path, JSON, b'{"update_id": 1' + b"0" * 5_000 + b"}"),
        (PATHS[0], JSON, b'{"type": "url_verification", "challenge": "\\ud800"}'),
        (PATHS[0], JSON, b"[" * 100_000),
        (PATHS[0], FORM, b"payload=" + b"%5B" * 10_000),
        (PATHS[0], FORM, b"a=1&" * 1000),
    ],
)
def test_a_body_that_once_was_too_much_is_read_or_refused(path: str, kind: bytes, body: bytes) -> None:
    headers = [
        (b"content-type", kind), (HEADER.lower().encode(), web.SECRET.encode()),
        (receiving.TIMESTAMP.encode(), web.NOW.encode()), (receiving.SIGNATURE.encode(), web.signed(body).encode()),
    ]  # fmt: skip
    assert web.asked("POST", path, headers, body) in {200, 400, 401}


@hypothesis.given(
    st.text("0123456789.-+e", max_size=30) | st.integers().map(str),
    st.binary(max_size=60).map(lambda value: value.replace(b"\n", b"").replace(b"\r", b"")),
)
@hypothesis.example("9" * 400, b"v0=")
def test_any_time_and_signature_are_refused(at: str, signature: bytes) -> None:
    headers = [(receiving.TIMESTAMP.encode(), at.encode()), (receiving.SIGNATURE.encode(), b"v0=" + signature)]
    assert web.asked("POST", PATHS[0], headers, b"{}") == 401 if at else 404
