"""The web address answers every request, at both webhooks too, without an internal error. By Hypothesis.

`make fuzz` tries more, and keeps what it found in .fuzz.
"""

import json

from hypothesis import example, given
from hypothesis import strategies as st

from bot.platforms.slack.manifest import PATHS
from bot.platforms.slack.receiving import SIGNATURE, TIMESTAMP
from bot.platforms.telegram.receiving import HEADER
from tests.programs.fuzz.asked import NOW, SECRET, TELEGRAM, Headers, asked, signed

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
_paths = st.sampled_from(["/health/live", "/health/ready", "/metrics", TELEGRAM.path, *PATHS]) | st.text(
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
    assert asked("POST", TELEGRAM.path, headers, body) in {200, 400}


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
