"""`paperwire run` as a process with Slack: it listens, answers, stops at once, and logs that an app token is refused."""

import re
import signal
import subprocess
import time
from pathlib import Path

from tests.fakes.slack import APP_TOKEN, TOKEN, FakeSlack
from tests.integration.cli import Process
from tests.patience import PATIENCE


def started(folder: Path, fake: FakeSlack, app_token: str = APP_TOKEN) -> subprocess.Popen[str]:
    (folder / "paperwire.toml").write_text('[[source]]\nname = "daily"\npath = "inbox/*.md"\n')
    environment = {
        "PAPERWIRE_ACCESS": "open",
        "PAPERWIRE_SLACK_BOT_TOKEN": TOKEN,
        "PAPERWIRE_SLACK_APP_TOKEN": app_token,
        "PAPERWIRE_SLACK_API_URL": fake.url,
    }
    return Process(folder, "run", environ=environment).process


def test_it_listens_answers_and_stops_at_once(tmp_path: Path, slack: FakeSlack) -> None:
    begin = time.monotonic()
    program = started(tmp_path, slack)
    try:
        slack.waits_connected()
        starting = time.monotonic() - begin
        sent = slack.user_types("/paperwire sub diffusion")
        slack.waits_until_settled()
        slack.waits_for("chat.postMessage", 1)
    finally:
        asked = time.monotonic()
        program.send_signal(signal.SIGTERM)
        _, err = program.communicate(timeout=PATIENCE)
    assert (program.returncode, sent.failed) == (0, "")
    assert slack.posted_to("C1")[0].text.startswith("✓ 1")
    assert time.monotonic() - asked < 10 + 3 * starting  # on a busy machine, starting and stopping both take long
    assert "Traceback" not in err
    assert not re.search(f"{TOKEN}|{APP_TOKEN}|/respond/|ticket=", err)


def test_a_refused_app_token_ends_it_with_one_sentence(tmp_path: Path, slack: FakeSlack) -> None:
    program = started(tmp_path, slack, "xapp-1-A0TEST-another-token")
    _, err = program.communicate(timeout=PATIENCE)
    assert program.returncode == 2
    assert "PAPERWIRE_SLACK_APP_TOKEN" in err
    assert "xapp-1" not in err
    assert "Traceback" not in err
