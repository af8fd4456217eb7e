"""The program with a fake Slack: `slack manifest`, the scopes in `check`, `paperwire run`."""

import json
from pathlib import Path

from bot.platforms.slack import manifest
from tests.fakes.slack import TOKEN, FakeSlack
from tests.integration.cli import Process, Terminal
from tests.patience import PATIENCE


def test_the_manifest_is_printed_as_it_is_pasted(terminal: Terminal) -> None:
    assert json.loads(terminal("slack", "manifest").out) == manifest.manifest()


def test_a_refused_app_token_ends_it_with_one_sentence(tmp_path: Path, slack: FakeSlack) -> None:
    settings = {
        "PAPERWIRE_SLACK_BOT_TOKEN": TOKEN,
        "PAPERWIRE_SLACK_APP_TOKEN": "xapp-1-A0TEST-another-token",
        "PAPERWIRE_SLACK_API_URL": slack.url,
    }
    program = Process(tmp_path, "run", environ=settings).process
    _, err = program.communicate(timeout=PATIENCE)
    assert program.returncode == 2
    assert "PAPERWIRE_SLACK_APP_TOKEN" in err
    assert ("xapp-1" in err, "Traceback" in err) == (False, False)
    assert len(slack.arrived("apps.connections.open")) == 1
