"""Each request from Slack takes effect once and is acknowledged in time, even if connections or the database fail."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.conversation.authorization import PreparedRequest
from bot.conversation.handler import execute as real_execute
from bot.conversation.reply_sender import StoredReply
from bot.dependencies import Dependencies
from bot.operation import worker
from bot.operation.web_server import LARGEST_BODY
from bot.platforms.slack.adapter import check_app_tokens
from bot.ports.conversation import WebRequest
from subscriptions.service.conversation_state import apply_once as real_once
from tests.clock import NOON
from tests.fakes import slack_event_delivery
from tests.fakes.slack import APP_TOKEN, SECRET, FakeSlack, SentEnvelope
from tests.integration import locked, slack_bot
from tests.integration.program import RestingClock
from tests.integration.slack_bot import Scene, a_bot
from tests.patience import PATIENCE


def said(fake: FakeSlack, channel: str = "C1") -> list[str]:
    return [entry.text for entry in fake.posted_to(channel)]


async def posts(fake: FakeSlack, count: int, chat: str = "C1") -> None:
    await asyncio.to_thread(fake.waits_for, "chat.postMessage", count, chat=chat)


class Gate:
    """Makes effects of requests wait until `open` is set. `reached` is set when the first effect waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open, self.reached = threading.Event(), threading.Event()
        self.effects: list[str] = []

        def once(store: Any, platform: str, update: str, *args: Any, **more: Any) -> tuple[str, bool]:
            self.reached.set()
            assert self.open.wait(PATIENCE)
            self.effects.append(update)
            return real_once(store, platform, update, *args, **more)

        monkeypatch.setattr("bot.conversation.handler.apply_once", once)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    made = Gate(monkeypatch)
    yield made
    made.open.set()


@pytest.fixture
async def served(tmp_path: Path, slack: FakeSlack, clock: RestingClock) -> AsyncIterator[Scene]:
    """A Scene with a bot that accepts signed requests, instead of Socket Mode."""
    async with slack_bot.a_served_bot(tmp_path, slack, clock) as (app, _):
        yield Scene(app, slack)


@pytest.fixture
async def web(served: Scene) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the bot's web address."""
    async with httpx.AsyncClient(base_url=served.fake.event_delivery.url, trust_env=False) as client:
        yield client


# ── Socket Mode ───────────────────────────────────────────────────────────────


async def test_nothing_is_acknowledged_before_it_is_stored(on: Scene, slack: FakeSlack, gate: Gate) -> None:
    sent = slack.user_types("/paperwire sub diffusion")
    await asyncio.to_thread(gate.reached.wait, PATIENCE)
    assert not sent.acknowledged
    gate.open.set()
    await on.does(sent)
    assert sent.acknowledged


async def test_a_refreshed_connection_still_acknowledges_a_command(on: Scene, slack: FakeSlack, gate: Gate) -> None:
    sent = [slack.user_types(f"/paperwire sub word{n}") for n in range(2)]  # one on each connection
    await asyncio.to_thread(gate.reached.wait, PATIENCE)
    slack.refreshes_connection()
    slack.refreshes_connection("refresh_requested")
    await asyncio.to_thread(slack.waits_connected, 2)  # new connections are open before the old ones close
    gate.open.set()
    await on.does(sent)
    slack.drops_connection()
    last = await on.types("/paperwire list")
    assert ([one.failed for one in (*sent, last)], slack.event_delivery.strays) == (["", "", ""], [])
    assert [text[:3] for text in said(slack)] == ["✓ 1", "✓ 2"]


async def test_an_event_of_a_lost_connection_has_its_effect_once(on: Scene, slack: FakeSlack, gate: Gate) -> None:
    sent = slack.mentions("sub diffusion")
    await asyncio.to_thread(gate.reached.wait, PATIENCE)
    slack.drops_connections()
    await asyncio.to_thread(slack.waits_connected, 2)
    gate.open.set()
    await on.does(sent)
    assert sent.tries > 1
    assert sent.acknowledged
    assert len(said(slack)) == 1
    slack.drops_connections()
    await on.mentions("sub graph")  # while no connection is open
    assert len(said(slack)) == 2


async def test_events_that_come_again_change_and_answer_nothing(scene: slack_bot.Scenes, slack: FakeSlack) -> None:
    async with scene() as on:
        await on.does((slack.mentions("sub diffusion"), slack.writes_dm("sub graph")))
    async with scene() as on:
        assert slack.repeats(also_acknowledged=True) == 2
        await slack_bot.settled(slack)
        assert on.queries() == ["diffusion"]
    assert (len(said(slack)), len(said(slack, "D1"))) == (1, 1)


async def test_a_slow_effect_in_one_channel_holds_up_no_other(
    on: Scene, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    slack.knows("C2")
    waiting, free = threading.Event(), threading.Event()

    async def execute(deps: Dependencies, prepared: PreparedRequest) -> StoredReply | None:
        if str(prepared.request.chat) == "slack:C1":
            waiting.set()
            assert await asyncio.to_thread(free.wait, PATIENCE)
        return await real_execute(deps, prepared)

    monkeypatch.setattr("bot.conversation.handler.execute", execute)
    sent = slack.mentions("sub diffusion")
    await asyncio.to_thread(waiting.wait, PATIENCE)
    slack.mentions("sub graph", "C2")
    await posts(slack, 1, "C2")
    assert said(slack) == []
    free.set()
    await on.does(sent)
    assert len(said(slack)) == 1


async def test_a_database_that_cannot_be_used_is_waited_for(
    on: Scene, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = locked.broken_database(monkeypatch, times=3)
    await on.types("/paperwire sub diffusion")
    assert (on.queries(), len(refused)) == (["diffusion"], 3)


async def test_unknown_shapes_are_acknowledged_and_passed_over(
    on: Scene, slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    strange: list[tuple[str, Any]] = [
        (slack_event_delivery.EVENTS, {"event": {"type": "message", "text": "sesame"}, "team_id": slack.team}),
        (slack_event_delivery.EVENTS, {"event": "sesame"}),
        (slack_event_delivery.COMMANDS, {"text": "sesame", "team_id": slack.team}),
        (slack_event_delivery.INTERACTIONS, {"type": "block_actions", "user": "sesame"}),
        (slack_event_delivery.INTERACTIONS, ["sesame"]),
        ("something_new", {"x": "sesame"}),
    ]
    sent = [slack.brings(payload, kind) for kind, payload in strange]
    await on.mentions("sub diffusion")
    assert all(one.acknowledged for one in sent)
    assert (len(said(slack)), caplog.text.count("unknown shape")) == (1, 5)
    assert "sesame" not in caplog.text


async def test_events_of_a_workspace_without_token_are_dropped(
    on: Scene, slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    ours = await on.types("/paperwire sub diffusion")
    theirs = [
        slack.brings({**one.payload, "team_id": "T9", **more}, one.kind)
        for one, more in (
            (ours, {"text": "sub sesame", "trigger_id": "9.9"}),
            (slack.mentions("sub sesame"), {"authorizations": [], "event_id": "Ev9"}),
        )
    ]
    await on.does(theirs)
    assert on.queries() == ["diffusion", "sesame"]  # only the mention in our own workspace added one
    assert all(one.acknowledged for one in theirs)
    assert caplog.text.count("the workspace T9, which has no token here") == 2
    assert not [r for r in caplog.records if r.name == "paperwire" and "sesame" in r.getMessage()]


async def test_a_slack_that_is_down_at_the_start_is_tried_again(
    tmp_path: Path, slack: FakeSlack, clock: RestingClock
) -> None:
    async with a_bot(tmp_path, slack, clock) as app:
        receivers = app.receivers()
        slack.goes_down()
        await check_app_tokens(receivers)
        async with worker.listening(app, receivers):
            await clock.rested(7)
            assert "No connection to Slack" in worker.problems_of(receivers)["slack events"]
            slack.comes_back()
            clock.rings()
            await asyncio.to_thread(slack.waits_connected, 2)
            slack.mentions("sub diffusion")
            await slack_bot.settled(slack)
            assert worker.problems_of(receivers) == {}
    assert len(said(slack)) == 1


async def test_a_token_refused_later_is_named_and_asked_about_slowly(
    tmp_path: Path, slack: FakeSlack, clock: RestingClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_bot(tmp_path, slack, clock) as app:
        receivers = app.receivers()
        async with worker.listening(app, receivers):
            await asyncio.to_thread(slack.waits_connected, 2)
            slack._first.app_token = "xapp-1-A0TEST-another-token"
            slack.drops_connections()
            while not worker.problems_of(receivers):
                await clock.rested(len(clock.rests) + 1)
            assert "invalid_auth" in worker.problems_of(receivers)["slack events"]
            assert max(clock.rests) >= 60
    assert APP_TOKEN not in caplog.text


async def test_at_the_end_taken_events_are_answered(
    tmp_path: Path, slack: FakeSlack, clock: RestingClock, gate: Gate
) -> None:
    async with a_bot(tmp_path, slack, clock) as app:
        stack = worker.listening(app, [worker.Supervised(receiver, clock) for receiver in app.receivers()])
        await stack.__aenter__()
        await asyncio.to_thread(slack.waits_connected, 2)
        sent = slack.user_types("/paperwire sub diffusion")
        await asyncio.to_thread(gate.reached.wait, PATIENCE)
        stopping = asyncio.create_task(stack.__aexit__(None, None, None))
        await asyncio.sleep(0)
        gate.open.set()
        await asyncio.wait_for(stopping, PATIENCE)
        await slack_bot.settled(slack)
    assert sent.acknowledged
    assert len(said(slack)) == 1


async def test_with_once_nobody_can_ask_for_what_slack_sends(
    tmp_path: Path, slack: FakeSlack, clock: RestingClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_bot(tmp_path, slack, clock) as app:
        await worker.answer_once(app)
    assert "only to a paperwire run that goes on" in caplog.text


# ── signed requests ───────────────────────────────────────────────────────────


async def test_signed_requests_are_answered_in_time(served: Scene, slack: FakeSlack) -> None:
    sent: list[SentEnvelope] = [slack.user_types("/paperwire sub diffusion")]
    await served.does(sent)
    await posts(slack, 1)  # the message with the button has arrived
    sent += [slack.mentions("list"), slack.writes_dm("sub optics"), slack.clicks("undo")]
    await served.does(sent)
    assert (served.queries(), [one.failed for one in sent]) == ([], [""] * 4)
    assert all(one.acknowledged for one in sent)
    assert [one.answer for one in sent] == [{}] * 4


def signed(
    body: bytes, *, at: float = NOON.timestamp(), secret: str = SECRET, kind: str = "application/json"
) -> dict[str, str]:
    return {"content-type": kind, **slack_event_delivery.signature(secret, body, at)}


MENTION = json.dumps(
    {
        "type": "event_callback",
        "team_id": "T0TEST",
        "event_id": "Ev77",
        "event": {
            "type": "app_mention",
            "user": "U1",
            "text": "<@U0BOT> sub sesame",
            "ts": f"{NOON.timestamp():.6f}",
            "channel": "C1",
        },
    }
).encode()


async def test_what_slack_did_not_sign_is_refused_before_it_is_parsed(
    web: httpx.AsyncClient, slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    good = signed(MENTION)
    forged: list[tuple[str, dict[str, str], bytes, int]] = [
        ("no signature", {"content-type": "application/json"}, MENTION, 404),
        ("another secret", signed(MENTION, secret="guessed"), MENTION, 401),
        ("another body", good, MENTION.replace(b"sesame", b"sesame2"), 401),
        ("one byte more", good, MENTION + b" ", 401),
        ("too old", signed(MENTION, at=NOON.timestamp() - 301), MENTION, 401),
        ("from the future", signed(MENTION, at=NOON.timestamp() + 301), MENTION, 401),
        ("a time that is none", {**good, "X-Slack-Request-Timestamp": "soon"}, MENTION, 401),
        ("a time of 400 digits", {**good, "X-Slack-Request-Timestamp": "9" * 400}, MENTION, 401),
        ("a time of 5000 digits", {**good, "X-Slack-Request-Timestamp": "9" * 5000}, MENTION, 401),
        ("another time", {**good, "X-Slack-Request-Timestamp": str(int(NOON.timestamp()) + 1)}, MENTION, 401),
        ("another version", {**good, "X-Slack-Signature": good["X-Slack-Signature"].replace("v0", "v1")}, MENTION, 404),
        ("an empty signature", {**good, "X-Slack-Signature": "v0="}, MENTION, 401),
        ("no text at all", signed(b"\xff\xfe"), b"\xff\xfe", 401),
        ("too much", good, b"x" * (LARGEST_BODY + 1), 413),
        ("no JSON", signed(b"{"), b"{", 400),
        ("a list", signed(b"[]"), b"[]", 400),
        ("very deep", signed(b"[" * 100_000), b"[" * 100_000, 400),
        ("a form without JSON", signed(b"payload=x", kind=FORM), b"payload=x", 400),
    ]
    for why, headers, body, status in forged:
        assert (why, (await web.post("/slack/events", content=body, headers=headers)).status_code) == (why, status)
    _, headers, body, _ = forged[1]
    for path in ("/slack/commands", "/slack/interactivity"):
        assert (await web.post(path, content=body, headers=headers)).status_code == 401
    assert (await web.get("/slack/events")).status_code == 405
    assert slack.posted_to("C1") == []
    assert "sesame" not in caplog.text
    assert SECRET not in caplog.text


async def test_a_replayed_request_has_no_second_effect(served: Scene, web: httpx.AsyncClient, slack: FakeSlack) -> None:
    for at in (0, 0, 299, -299):
        answer = await web.post("/slack/events", content=MENTION, headers=signed(MENTION, at=NOON.timestamp() + at))
        assert (answer.status_code, answer.text) == (200, "")
    typed = await served.does(slack.user_types("/paperwire sub graph"))
    kind, body = slack_event_delivery.encoded(slack_event_delivery.COMMANDS, typed.payload)
    assert (await web.post("/slack/commands", content=body, headers=signed(body, kind=kind))).status_code == 200
    assert (served.queries(), len(said(slack))) == (["sesame", "graph"], 2)


FORM, TRIED = (
    "application/x-www-form-urlencoded",
    b'{"type": "url_verification", "token": "x", "challenge": "3eZbrw1aB"}',
)


@pytest.mark.parametrize(
    ("path", "body", "kind", "text"),
    [
        ("/slack/events", TRIED, "application/json", "3eZbrw1aB"),
        ("/behind/a/proxy/slack/events", TRIED, "application/json", "3eZbrw1aB"),
        ("/slack/commands", b"ssl_check=1", FORM, ""),
        ("/slack/commands", b'{"type": "app_rate_limited"}', "application/json", ""),
    ],
)
async def test_checks_of_the_address_get_no_answer_of_the_bot(
    web: httpx.AsyncClient, path: str, body: bytes, kind: str, text: str
) -> None:
    answer = await web.post(path, content=body, headers=signed(body, kind=kind))
    assert (answer.status_code, answer.text) == (200, text)


async def test_while_the_database_is_away_slack_is_asked_to_come_again(
    served: Scene, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.conversation.handler.apply_once", locked.away)
    sent = await served.does(slack.mentions("sub diffusion"))
    assert (sent.status, sent.acknowledged) == (503, False)
    monkeypatch.setattr("bot.conversation.handler.apply_once", real_once)
    await served.does(slack.repeats())
    assert served.queries() == ["diffusion"]
    assert sent.acknowledged
    assert len(said(slack)) == 1


async def test_before_it_listens_nothing_is_taken(served: Scene) -> None:
    (receiver,) = served.app.receivers()
    (door, *_) = receiver.routes
    headers = {name.lower(): value for name, value in signed(MENTION).items()}
    assert door.accepts(headers)
    assert (await door.answer(WebRequest(headers=headers, body=MENTION))).status == 503


# ── messages that were written long ago ───────────────────────────────────────


async def test_what_is_older_than_a_day_is_not_answered(on: Scene, slack: FakeSlack) -> None:
    old = await on.writes("sub tooold")
    event = {**old.payload["event"], "ts": f"{(NOON - timedelta(hours=25)).timestamp():.6f}"}
    await on.does(slack.brings({**old.payload, "event": event, "event_id": "EvOld"}, slack_event_delivery.EVENTS))
    assert len(said(slack, "D1")) == 1
