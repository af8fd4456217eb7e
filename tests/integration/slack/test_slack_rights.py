"""`paperwire slack manifest`, and what `check` says about each workspace's scopes, over a fake Slack."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, TypeAdapter

from bot.app import build_app
from bot.platforms.slack.installing import StoredTokens, cipher_of
from bot.platforms.slack.manifest import SCOPES, manifest, scopes_of
from bot.settings.loading import load_settings
from subscriptions.service.pausing import install
from tests.fakes.slack import TOKEN, FakeSlack
from tests.integration import slack_bot
from tests.integration.cli import Terminal
from tests.make import NOON


def findings(terminal: Terminal, slack: FakeSlack) -> dict[str, list[dict[str, Any]]]:
    """Returns what `check` says, by question."""
    terminal.set("SLACK_BOT_TOKEN", TOKEN)
    terminal.set("SLACK_API_URL", slack.url)
    found: dict[str, list[dict[str, Any]]] = {}
    for one in json.loads(terminal("check", "--json").out):
        found.setdefault(one["question"], []).append(one)
    return found


# -------------------------------------------------------------------------------------------------------- the manifest


def test_the_manifest_is_printed_as_it_is_pasted(terminal: Terminal) -> None:
    assert json.loads(terminal("slack", "manifest").out) == manifest()
    assert json.loads(terminal("slack", "manifest", "--minimal").out) == manifest(minimal=True)
    with_url = terminal("slack", "manifest", "--url", "https://papers.example.org/").out
    assert json.loads(with_url) == manifest(url="https://papers.example.org")


@pytest.mark.parametrize(
    "url", ["http://papers.example.org", "papers.example.org", "https://", "https://a/?b", "https://u:p@a"]
)
def test_an_address_that_slack_cannot_reach_is_refused(terminal: Terminal, url: str) -> None:
    ended = terminal("slack", "manifest", "--url", url)
    assert (ended.status, ended.out) == (2, "")
    assert "no address that Slack can reach" in ended.err


def test_slack_alone_says_what_there_is(terminal: Terminal) -> None:
    ended = terminal("slack")
    assert ended.status == 2
    assert "manifest" in ended.out


# ------------------------------------------------------------------------------------------------------------- check


def test_each_right_that_is_missing_is_named_with_what_is_lost(terminal: Terminal, slack: FakeSlack) -> None:
    for scope in set(scopes_of()) - set(scopes_of(minimal=True)):
        slack.withdraws(scope)
    named = findings(terminal, slack)["Slack scopes"]
    assert [one["answer"] for one in named] == [f"without {s.name}: {s.lost}" for s in SCOPES if not s.needed]
    assert not any(one["mend"] for one in named)
    assert [bool(one["cure"]) for one in named] == [*[False] * (len(named) - 1), True]


def test_of_several_workspaces_each_is_asked_by_its_own_token(
    terminal: Terminal, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    slack.workspace(slack_bot.OTHER, slack_bot.OTHER_TOKEN).scopes.discard("users:read")
    terminal.file("paperwire.toml", '[[slack]]\nbot_token_env = "TEAM_TOKEN"\n')
    monkeypatch.setenv("TEAM_TOKEN", slack_bot.OTHER_TOKEN)
    found = findings(terminal, slack)
    assert found["Slack scopes of T0TEST"][0]["answer"] == "all are granted"
    assert found["Slack scopes of T2OTHER"][0]["answer"].startswith("without users:read: guests may change")


def test_workspaces_that_installed_the_app_are_asked_too(terminal: Terminal, slack: FakeSlack, tmp_path: Path) -> None:
    slack.workspace(slack_bot.OTHER, slack_bot.OTHER_TOKEN)
    for name, value in (("CLIENT_ID", "1.2"), ("CLIENT_SECRET", "s"), ("SIGNING_SECRET", "s")):
        terminal.set(f"SLACK_{name}", value)
    terminal.set("SECRET_KEY", "key")
    settings = load_settings({"PAPERWIRE_DATABASE_URL": f"sqlite:///{terminal.folder}/paperwire.db"}, tmp_path)
    app = build_app(settings, channels={})
    app.open()
    tokens = TypeAdapter(StoredTokens).dump_json(StoredTokens(bot=slack_bot.OTHER_TOKEN))
    for team, key in ((slack_bot.OTHER, "key"), ("T3", "another key")):
        install(app.store, team, cipher_of(SecretStr(key)).encrypt(tokens).decode(), now=NOON)
    app.store.close()
    found = findings(terminal, slack)
    assert found["Slack scopes of T2OTHER"][0]["answer"] == "all are granted"
    (wrong,) = found["Slack installations"]
    assert "workspace T3: its tokens were sealed with another PAPERWIRE_SECRET_KEY" in wrong["answer"]
    assert wrong["mend"]


def test_a_client_without_a_key_to_seal_tokens_is_refused(terminal: Terminal) -> None:
    terminal.set("SLACK_CLIENT_ID", "1.2")
    terminal.set("SLACK_CLIENT_SECRET", "s")
    ended = terminal("check")
    assert ended.status == 2
    assert "PAPERWIRE_SLACK_CLIENT_ID needs PAPERWIRE_SECRET_KEY" in ended.err
