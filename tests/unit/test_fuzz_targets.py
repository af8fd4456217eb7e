"""Any input is read or refused: every target of tests/programs/fuzz, with its stored corpus and with changed example
inputs.
"""

import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.platforms.slack.manifest import PATHS
from bot.platforms.slack.receiving import SIGNATURE, TIMESTAMP
from bot.platforms.telegram.receiving import HEADER
from tests.programs.fuzz import targets
from tests.programs.fuzz.asked import NOW, SECRET, TELEGRAM, Headers, asked, signed
from tests.programs.fuzz.smallest import LONGEST, MOST

SLOW = {"conversations": 8}
"""Examples of a target that has a whole bot, in the quick profile."""

ODD = (
    b"\x00", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\x1b[31m", b"\r", b"\x85", b"\xc2\x85", b"\xc2\xa0", b"\xe2\x80\xa8", b"\xe2\x80\xae",
    b"\xe2\x81\xa6", b"\xe2\x80\x8b", b"\xcc\x81", b"\xf0\x9f\x91\xa9\xe2\x80\x8d", b"((((", b"<<<<", b"[[[[", b'{"a":' * 9, b"%00", b"\\ud800", b"&#0;",
)  # fmt: skip
PAIRS = (
    (b"(", b")"),
    (b"<b>", b"</b>"),
    (b"[", b"]"),
    (b'"', b'"'),
    (b"<!--", b"-->"),
    (b"{", b"}"),
    ("「".encode(), "」".encode()),
)


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
                  part, st.sampled_from(PAIRS), st.integers(1, 20)),
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
@settings(max_examples=settings().max_examples // 3)
@given(st.data())
def test_whatever_is_written_is_read_or_refused(name: str, data: st.DataObject) -> None:
    targets.TARGETS[name].check(data.draw(inputs(name)))


@pytest.mark.parametrize("name", sorted(SLOW))
def test_whatever_is_said_gets_a_reply(name: str) -> None:
    @settings(max_examples=min(SLOW[name], settings.default.max_examples), suppress_health_check=list(HealthCheck))  # type: ignore[union-attr]
    @given(inputs(name))
    def says(data: bytes) -> None:
        targets.TARGETS[name].check(data)

    says()


@pytest.mark.parametrize("name", targets.TARGETS)
def test_the_kept_corpus_is_still_read_or_refused(name: str) -> None:
    inputs = targets.kept(name)
    assert inputs, f"`make fuzz TARGET={name}` fills tests/programs/fuzz/corpus/{name}."
    for data in (*targets.TARGETS[name].seeds(), *inputs.values()):
        targets.TARGETS[name].check(data)


@pytest.mark.parametrize("name", targets.TARGETS)
def test_the_kept_corpus_is_small(name: str) -> None:
    inputs = targets.kept(name)
    assert len(inputs) <= MOST
    assert all(len(data) <= LONGEST and targets.file_name(data) == path for path, data in inputs.items())


_values = st.binary(max_size=60).map(lambda value: value.replace(b"\n", b"").replace(b"\r", b""))
_names = st.sampled_from(
    [b"content-type", b"content-length", b"cookie", b"host", TIMESTAMP.encode(), SIGNATURE.encode()]
)
_headers = st.lists(st.tuples(_names, _values), max_size=5)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
_paths = st.sampled_from(["/health/live", "/health/ready", "/metrics", TELEGRAM.routes[0].path, *PATHS]) | st.text(
    max_size=30
).map(lambda text: f"/{text}")


@given(st.sampled_from(["GET", "POST", "HEAD", "PUT", "BREW"]), _paths, _headers, st.binary(max_size=200), _values)
def test_any_request_gets_an_answer(method: str, path: str, headers: Headers, body: bytes, query: bytes) -> None:
    status = asked(method, path, headers, body, query)
    assert status < 500
    assert status == 200 or not path.startswith("/health/live") or method not in {"GET", "HEAD"} or len(path) > 12


@given(st.binary(max_size=300) | _json.map(lambda value: json.dumps(value).encode()))
@example(b"[" * 100_000)
@example(b'{"update_id": 1e999}')
@example(b'{"update_id": 1' + b"0" * 5_000 + b"}")
def test_any_update_with_the_secret_is_read_or_refused(body: bytes) -> None:
    headers = [(HEADER.lower().encode(), SECRET.encode()), (b"content-type", b"application/json")]
    assert asked("POST", TELEGRAM.routes[0].path, headers, body) in {200, 400}


_types = st.sampled_from(["url_verification", "event_callback", "other"])
_challenges = st.builds(lambda kind, value: json.dumps({"type": kind, "challenge": value}).encode(), _types, _json)


@given(
    st.sampled_from(PATHS),
    st.sampled_from([b"application/json", b"application/x-www-form-urlencoded", b"text/plain; charset=x"]),
    st.binary(max_size=300) | st.text(max_size=300).map(str.encode) | _challenges,
)
@example(PATHS[0], b"application/json", b'{"type": "url_verification", "challenge": "\\ud800"}')
@example(PATHS[0], b"application/json", b"[" * 100_000)
@example(PATHS[0], b"application/x-www-form-urlencoded", b"payload=" + b"%5B" * 10_000)
@example(PATHS[0], b"application/x-www-form-urlencoded", b"a=1&" * 1000)
def test_any_body_that_slack_signed_is_read_or_refused(path: str, kind: bytes, body: bytes) -> None:
    try:
        signature = signed(body)
    except UnicodeDecodeError:
        signature = "v0="
    headers = [
        (b"content-type", kind), (TIMESTAMP.encode(), NOW.encode()), (SIGNATURE.encode(), signature.encode())
    ]  # fmt: skip
    assert asked("POST", path, headers, body) in {200, 400, 401}


@given(st.text("0123456789.-+e", max_size=30) | st.integers().map(str), _values)
@example("9" * 400, b"v0=")
def test_any_time_and_signature_are_refused(at: str, signature: bytes) -> None:
    headers = [(TIMESTAMP.encode(), at.encode()), (SIGNATURE.encode(), b"v0=" + signature)]
    assert asked("POST", PATHS[0], headers, b"{}") == 401 if at else 404
