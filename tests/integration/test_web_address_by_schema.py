"""Every page of the web address of a real `paperwire run`, with requests that schemathesis makes from an OpenAPI
document.

The document is tests/programs/fuzz/openapi.py. `make fuzz` makes more requests.
"""

import hashlib
import hmac
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
import schemathesis
from hypothesis import settings
from schemathesis.engine import events, from_schema

from bot.app import build_app
from bot.platforms.slack import manifest, receiving
from bot.platforms.slack.installing import INSTALL
from bot.platforms.telegram.receiving import HEADER, webhook_path
from bot.settings.loading import load_settings
from tests.fakes import slack_oauth
from tests.fakes.slack import TOKEN as SLACK_TOKEN
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.integration.cli import INBOX
from tests.patience import PATIENCE
from tests.programs.faults.soak.program import Program, running_program
from tests.programs.fuzz import openapi

SECRET, SIGNING = "a-word-of-the-operator", "0123456789abcdef"
QUICK = 60  # examples of Hypothesis in the quick profile
WRITTEN = 1_769_083_200  # noon of 22 January 2026
WEBHOOK = webhook_path(TOKEN)
OTHER_METHODS = {"GET": "DELETE", "POST": "GET"}


def environment_of(folder: Path, telegram: str = "", slack: str = "") -> dict[str, str]:
    """Returns the settings of a bot with both platforms by HTTP and with the app that other workspaces install."""
    return {
        "PAPERWIRE_DATABASE_URL": f"sqlite:///{folder}/paperwire.db",
        "PAPERWIRE_ACCESS": "open",
        "PAPERWIRE_SECRET_KEY": "correct-horse-battery-staple",
        "PAPERWIRE_TELEGRAM_TOKEN": TOKEN,
        "PAPERWIRE_TELEGRAM_API_URL": telegram,
        "PAPERWIRE_TELEGRAM_WEBHOOK_URL": "https://bot.example.org",
        "PAPERWIRE_TELEGRAM_WEBHOOK_SECRET": SECRET,
        "PAPERWIRE_SLACK_BOT_TOKEN": SLACK_TOKEN,
        "PAPERWIRE_SLACK_SIGNING_SECRET": SIGNING,
        "PAPERWIRE_SLACK_CLIENT_ID": slack_oauth.CLIENT_ID,
        "PAPERWIRE_SLACK_CLIENT_SECRET": slack_oauth.CLIENT_SECRET,
        "PAPERWIRE_SLACK_API_URL": slack,
    }


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    (tmp_path / "inbox").mkdir()
    (tmp_path / "paperwire.toml").write_text(INBOX)
    with (
        FakeTelegram() as telegram,
        slack_oauth.FakeOAuth() as slack,
        running_program(tmp_path, environment_of(tmp_path, telegram.url, slack.url)) as running,
    ):
        running.becomes_ready()
        yield running


class Signature(requests.auth.AuthBase):
    """Signs the parts of a request that the document marks as signed, as Slack does (docs.slack.dev, Verifying requests
    from Slack).
    """

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if request.headers.get(receiving.SIGNATURE) == openapi.SIGNED and request.headers.get(receiving.TIMESTAMP):
            at, body = str(int(time.time())), request.body or b""
            assert isinstance(body, str | bytes)
            signed = b"v0:" + at.encode() + b":" + (body.encode() if isinstance(body, str) else body)
            request.headers[receiving.TIMESTAMP] = at
            request.headers[receiving.SIGNATURE] = (
                "v0=" + hmac.new(SIGNING.encode(), signed, hashlib.sha256).hexdigest()
            )
        return request


@dataclass(frozen=True, slots=True)
class Answers:
    """The status codes of all answers, and the answers that are not as documented."""

    statuses: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))  # method and path → status codes
    wrong: list[str] = field(default_factory=list)

    def take(self, event: object) -> None:
        if isinstance(event, events.NonFatalError | events.FatalError):
            self.wrong.append(str(event))
        if isinstance(event, events.ScenarioFinished):
            for interaction in event.recorder.interactions.values():
                assert interaction.response is not None, "no answer"
                self.statuses[str(event.label)].add(interaction.response.status_code)
            checks = [one for found in event.recorder.checks.values() for one in found]
            self.wrong.extend(f"{event.label}: {one.failure_info}" for one in checks if one.failure_info is not None)


def answers_of(port: int) -> Answers:
    """Sends requests to every page: allowed ones, ones just outside the limits, with parts left out, and with other
    methods.
    """
    examples = settings.default.max_examples if settings.default else QUICK
    config = schemathesis.Config.from_dict(
        {
            "base-url": f"http://127.0.0.1:{port}",
            "continue-on-failure": True,
            "request-timeout": 30,
            "generation": {
                "deterministic": True,
                "max-examples": examples // 10,
                "database": "none",
            },
            "checks": {
                "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", "503"]},
                "missing_required_header": {"expected-statuses": [404]},  # without the secret, a request finds no page
                "negative_data_rejection": {"enabled": False},  # updates of an unknown shape are accepted, so that
                # Telegram does not send them again; the states are not ours
                "positive_data_acceptance": {"enabled": False},
            },
            # the coverage phase sends the same requests each time, for a quarter of a minute: only in `make fuzz`
            "phases": {"stateful": {"enabled": False}, "coverage": {"enabled": examples > QUICK}},
        }
    )
    pages = openapi.document(webhook_path(TOKEN), SECRET, now=WRITTEN)
    schema = schemathesis.openapi.from_dict(pages, config=config)
    schema.auth.set_from_requests(Signature()).apply_to(path=list(manifest.PATHS))
    answers = Answers()
    for event in from_schema(schema).execute():
        answers.take(event)
    return answers


@pytest.mark.hypothesis
def test_every_page_answers_as_documented_whatever_is_asked(program: Program) -> None:
    """Schemathesis may miss some answers, so each is first asked for on purpose."""
    given: dict[str, set[int]] = defaultdict(set)
    for page, headers, body, status in requests_of_each_answer():
        method, path = page.split()
        for asked, expected in ((method, status), (OTHER_METHODS[method], 405)):
            request = requests.Request(
                asked, f"http://127.0.0.1:{program.port}{path}", headers, data=body, auth=Signature()
            )
            with requests.Session() as session:
                answer = session.send(request.prepare(), timeout=PATIENCE, allow_redirects=False)
            assert answer.status_code == expected, (asked, path, headers, body)
        given[page] |= {status, 405}
    answers = answers_of(program.port)
    ended, log = program.stops(), program.log.read_text()
    assert answers.wrong == []
    assert "Traceback" not in log
    assert " error paperwire" not in log
    assert ended == 0
    assert answers.statuses.keys() == given.keys()
    assert {page: beyond for page, drawn in answers.statuses.items() if (beyond := drawn - given[page])} == {}


def requests_of_each_answer() -> Iterator[tuple[str, dict[str, str], bytes, int]]:
    """Yields (method and path, headers, body, expected status)."""
    yield "GET /health/live", {}, b"", 200
    yield "GET /health/ready", {}, b"", 200
    yield "GET /metrics", {}, b"", 200
    yield f"GET {INSTALL}", {}, b"", 302
    yield f"GET {manifest.REDIRECT}", {}, b"", 400
    json_of = {"content-type": "application/json"}
    secret = {HEADER: SECRET}
    yield f"POST {WEBHOOK}", json_of | secret, b'{"update_id": 1}', 200
    yield f"POST {WEBHOOK}", json_of | secret, b"[", 400
    yield f"POST {WEBHOOK}", json_of, b'{"update_id": 1}', 404
    yield f"POST {WEBHOOK}", secret | {"content-type": "text/plain"}, b'{"update_id": 1}', 415
    at = {receiving.TIMESTAMP: "1"}
    for path in manifest.PATHS:
        yield f"POST {path}", json_of | at | {receiving.SIGNATURE: openapi.SIGNED}, b"{}", 200
        yield f"POST {path}", json_of | at | {receiving.SIGNATURE: openapi.SIGNED}, b"[]", 400
        yield f"POST {path}", json_of | at | {receiving.SIGNATURE: "v0=00"}, b"{}", 401
        yield f"POST {path}", json_of, b"{}", 404


async def test_the_document_names_every_page(tmp_path: Path) -> None:
    app = build_app(load_settings(environment_of(tmp_path), tmp_path))
    try:
        receivers = app.receivers()
        pages = {(route.path, route.method.lower()) for receiver in receivers for route in receiver.routes}
    finally:
        await app.close()
    pages |= {("/health/live", "get"), ("/health/ready", "get"), ("/metrics", "get")}
    documented = openapi.document(webhook_path(TOKEN), SECRET, now=0)["paths"]
    assert {(path, method) for path, methods in documented.items() for method in methods} == pages
