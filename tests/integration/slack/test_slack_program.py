"""The program with a fake Slack: `slack manifest`, the scopes in `check`, `paperwire run`."""

import json
from pathlib import Path

from bot.platforms.slack import manifest
from tests.fakes.slack import APP_TOKEN, TOKEN, FakeSlack
from tests.integration.cli import Process, Terminal
from tests.patience import PATIENCE


def test_the_manifest_is_printed_as_it_is_pasted(terminal: Terminal) -> None:
    assert json.loads(terminal("slack", "manifest").out) == manifest.manifest()


def started(folder: Path, fake: FakeSlack, app_token: str = APP_TOKEN) -> Process:
    (folder / "paperwire.toml").write_text('[[source]]\nname = "daily"\npath = "inbox/*.md"\n')
    return Process(
        folder,
        "run",
        environ={
            "PAPERWIRE_ACCESS": "open",
            "PAPERWIRE_SLACK_BOT_TOKEN": TOKEN,
            "PAPERWIRE_SLACK_APP_TOKEN": app_token,
            "PAPERWIRE_SLACK_API_URL": fake.url,
        },
    )


def test_a_refused_app_token_ends_it_with_one_sentence(tmp_path: Path, slack: FakeSlack) -> None:
    program = started(tmp_path, slack, "xapp-1-A0TEST-another-token").process
    _, err = program.communicate(timeout=PATIENCE)
    assert program.returncode == 2
    assert "PAPERWIRE_SLACK_APP_TOKEN" in err
    assert ("xapp-1" in err, "Traceback" in err) == (False, False)
    assert len(slack.arrived("apps.connections.open")) == 1
