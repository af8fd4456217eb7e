"""What an operator meets: settings that cannot be used, a machine without a home, signals, the image's check of health."""

import json
import os
import pwd
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.forked import ROOT, Forked, clean_environment
from tests.patience import PATIENCE
from tests.postgres.server import Server
from tests.product import Product

NO_HOME = (
    "PAPERWIRE_DATABASE_URL is not set, and this user has no home folder in which the database could be. "
    "Set it, for example to sqlite:////srv/paperwire/paperwire.db.\n"
)
SECRET = "seventy-sesames"


def test_without_a_home_the_address_of_the_database_is_enough(
    installed: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)

    def unknown(_: int) -> pwd.struct_passwd:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert installed.runs("subscribe", "kelp", "--as", "console:me").status == 0
    assert installed.says("/sub kelp now").text.startswith("✓ 1  kelp")
    installed.settings["PAPERWIRE_DATABASE_URL"] = ""
    for command in (("subscriptions",), ("run", "--once")):
        finished = installed.runs(*command)
        assert (finished.status, finished.err) == (2, NO_HOME)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read: no such file or directory"),
        (b" \n", "is empty"),
        (SECRET.encode("utf-16"), "holds no text in UTF-8"),
        (SECRET.encode() * 7_000, "is too large for a secret"),
        ("endless", "is too large for a secret"),
        ("pipe", "cannot be read: nobody writes to this pipe"),
    ],
)
def test_a_file_of_a_secret_that_cannot_be_read_is_named(
    product: Product, content: bytes | str | None, why: str
) -> None:
    path = product.folder / SECRET  # who sets NAME_FILE to a token may not see it in a log either
    if content == "endless":
        path.symlink_to("/dev/zero")
    elif content == "pipe":  # to which nobody writes
        os.mkfifo(path)
    elif isinstance(content, bytes):
        path.write_bytes(content)
    del product.settings["PAPERWIRE_TELEGRAM_TOKEN"]
    product.sets(TELEGRAM_TOKEN_FILE=SECRET)
    finished = product.runs("deliver")
    assert finished.status == 2
    assert (
        finished.err == f"PAPERWIRE_TELEGRAM_TOKEN cannot be used: the file of PAPERWIRE_TELEGRAM_TOKEN_FILE {why}.\n"
    )


BOT_TOKEN = "the bot token (xoxb-…) is at api.slack.com/apps, under OAuth & Permissions"
APP_TOKEN = "the app token (xapp-…) is at api.slack.com/apps, under Basic Information, App-Level Tokens"


@pytest.mark.parametrize(
    ("setting", "token", "why"),
    [
        ("BOT", "xoxp-1-2-sesame", f"it holds a user token (xoxp-…); {BOT_TOKEN}"),
        ("BOT", "xoxe-1-sesame", f"it holds a refresh token (xoxe-…), from an app with token rotation; {BOT_TOKEN}"),
        (
            "BOT",
            "xoxe.xoxb-1-sesame",
            f"it holds a token that expires (xoxe.…), from an app with token rotation; {BOT_TOKEN}",
        ),
        ("BOT", "0123456789abcdef", f"it holds something else; {BOT_TOKEN}"),
        ("BOT", "https://hooks.slack.com/services/sesame", f"it holds a web address; {BOT_TOKEN}"),
        ("APP", "xoxb-1-2-sesame", f"it holds a bot token (xoxb-…); {APP_TOKEN}"),
    ],
)
def test_a_wrong_kind_of_token_is_refused_with_the_place_of_the_right_one(
    product: Product, setting: str, token: str, why: str
) -> None:
    product.sets(SLACK_BOT_TOKEN="xoxb-1", SLACK_APP_TOKEN="xapp-1")
    product.settings[f"PAPERWIRE_SLACK_{setting}_TOKEN"] = token
    finished = product.runs("deliver")
    assert (finished.status, finished.err) == (2, f"PAPERWIRE_SLACK_{setting}_TOKEN cannot be used: {why}.\n")


def health_check(product: Product) -> int:
    """Runs the image's check of health, beside the process and with its settings. Returns the exit status."""
    (line,) = re.findall(r"^HEALTHCHECK.*\\\n\s*CMD (.*)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    python, dash, module = json.loads(line)
    assert (python, dash) == ("python", "-m")
    environment = clean_environment(**product.settings)
    with Forked([module], cwd=product.folder, env=environment, stderr=subprocess.PIPE) as checked:
        assert b"Traceback" not in checked.communicate()[1]
    return int(checked.returncode)


def free_port(host: str) -> int:
    """Returns a port of this machine that is free, and skips the test if it has no such address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, 0), family=family) as server:
            return int(server.getsockname()[1])
    except OSError:
        pytest.skip(f"this machine has no {host}")


@pytest.mark.parametrize(
    ("host", "in_files"),
    [
        ("0.0.0.0", False),  # noqa: S104 - the image's own
        ("localhost", True),
        ("::", False),
        ("[::1]", False),
    ],
)
def test_the_image_finds_a_good_process_healthy_wherever_it_listens(
    product: Product, host: str, in_files: bool
) -> None:
    given = {"WEB_HOST": host, "WEB_PORT": str(free_port("::1" if ":" in host else "127.0.0.1"))}
    if in_files:
        del product.settings["PAPERWIRE_WEB_PORT"]
        given = {f"{name}_FILE": str(product.writes(name, f"{value}\n")) for name, value in given.items()}
    product.sets(**given)
    assert health_check(product) == 1
    with product.starts("run") as process:
        process.waits_until_ready()
        assert health_check(product) == 0
        product.writes("paperwire.toml", "[[source")  # what is broken since the start does not end a good process
        assert health_check(product) == 0
    assert health_check(product) == 1


@pytest.fixture
def hangup() -> Iterator[None]:
    """Processes get SIGHUP, even if the tests run under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("hangup")
def test_a_closed_terminal_asks_the_program_to_stop(product: Product) -> None:
    with product.starts("run") as process:
        process.waits_until_ready()
        process.signals(signal.SIGHUP)
        process.signals(signal.SIGHUP)  # a terminal may send it twice
        assert process.ends() == 0
    assert process.said.endswith("Stopping: finishing what is on its way.\n")


def test_a_closed_terminal_ends_nothing_that_ignores_it(product: Product) -> None:
    """As under nohup."""
    product.sets(WEB_PORT=str(free_port("127.0.0.1")))
    product.writes(
        "ignoring.py",
        "import signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN)\nfrom bot.cli import main\nsys.exit(main(['run']))\n",
    )
    process = subprocess.Popen(
        [sys.executable, "ignoring.py"],
        cwd=product.folder,
        env=clean_environment(**product.settings),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    while "/health/ready" not in (line := process.stderr.readline()):
        assert line
    process.send_signal(signal.SIGHUP)
    assert health_check(product) == 0
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=PATIENCE)[1].endswith("Stopping: finishing what is on its way.\n")
    assert process.returncode == 0


def test_delivery_that_is_under_way_is_finished_when_the_terminal_is_closed(product: Product) -> None:
    product.says("/sub kelp now")
    product.brings("Kelp by night")
    product.telegram.answers("hang after", 1)
    with product.starts("deliver", moved=True) as process:
        product.telegram.waits_hanging()
        process.signals(signal.SIGHUP)
        process.signals(signal.SIGHUP)  # a terminal may send it twice
        product.telegram.releases()
        assert process.ends() == 0
    assert [one["state"] for one in product.tells("outbox", "--state", "sent")] == ["sent"]
    assert product.later(hours=1) == []


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_of_another_encoding_is_refused_in_words(tmp_path: Path, postgres: Server, encoding: str) -> None:
    with postgres.database(encoding=encoding) as url:
        product = Product(tmp_path, database=url)
        for command in (("subscribe", "kelp", "--as", "console:me"), ("run", "--once")):
            finished = product.runs(*command)
            assert finished.status == 2
            assert re.fullmatch(
                rf"The database \S+ on \S+ has the encoding {encoding}, and not every text fits into it. Make one with createdb "
                r"--encoding=UTF8 --template=template0, and name it in PAPERWIRE_DATABASE_URL.\n",
                finished.err,
            ), finished.err


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("WEB_PASWORD", "Did you mean PAPERWIRE_WEB_PASSWORD?"),
        ("QUX", "Remove it."),
    ],
)
def test_an_unknown_setting_is_named_at_the_start_with_what_was_meant(product: Product, name: str, meant: str) -> None:
    product.sets(**{name: "x" * 20, "WEB_PORT": "0"})
    with product.starts("run") as process:
        process.waits_for_line(re.escape(f"PAPERWIRE_{name} means nothing to paperwire. {meant}"))


@pytest.mark.parametrize("is_empty", [True, False])
def test_a_database_that_is_gone_beside_its_copy_is_named_before_and_when_it_begins_anew(
    product: Product, *, is_empty: bool
) -> None:
    if not product.has_file:
        pytest.skip("An operator of a server makes its copies.")
    copy, database = product.folder / "backups" / "daily.db", product.folder / "paperwire.db"
    copy.parent.mkdir(exist_ok=True)
    assert product.runs("backup", str(copy)).status == 0
    for file in product.folder.glob("paperwire.db*"):
        file.unlink()
    if is_empty:
        database.touch(mode=0o600)
    checked = product.runs("check", "--offline")
    assert checked.status == 1
    assert f"paperwire restore {copy}" in checked.out
    assert f"paperwire restore {copy}" in product.runs("run", "--once").err


SERVICES = {
    "PAPERWIRE_WEB_SERVICE_HOST": "10.96.0.7",
    "PAPERWIRE_WEB_PORT_8420_TCP_PROTO": "tcp",
    "PAPERWIRE_PORT": "udp://[fd00::7]:53",
    "PAPERWIRE_SERVICE_PORT_HTTP": "8420",
}


def test_variables_of_kubernetes_are_left_out_with_a_line(product: Product) -> None:
    product.settings |= SERVICES
    with product.starts("run") as process:
        process.waits_until_ready()
        assert process.stops() == 0
    (line,) = [one for one in process.said.splitlines() if "Kubernetes" in one]
    assert all(name in line for name in SERVICES)
    assert "means nothing" not in process.said
    product.sets(WEB_PORT="tcp://10.96.0.7:8420")
    checked = product.runs("check", "--offline")
    assert "Kubernetes set it for a service: PAPERWIRE_WEB_PORT, " in " ".join(checked.out.split())


def test_check_says_that_no_temporary_file_can_be_written(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    assert "Temporary" not in product.runs("check", "--offline").out
    monkeypatch.setattr("bot.run.checks.gettempdir", refuses)
    assert "TMPDIR" in product.runs("check", "--offline").out


def test_other_systems_are_refused_in_a_sentence() -> None:
    windows = "import runpy, sys; sys.platform = 'win32'; runpy.run_module('bot', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", windows], cwd=ROOT, capture_output=True, text=True)  # noqa: S603, PLW1510
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "paperwire runs on Linux and macOS. On Windows, run it in WSL or in its container image.\n"
