"""Destinations from the command line: they are named in paperwire.toml, `check` says what is wrong, and no secret is printed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.settings import load_settings
from tests.fakes.apprise import SERVICES, TOKEN, FakeServices, fake_services
from tests.integration.cli import INBOX, PAGE, Terminal

TEAM = "apprise:feishu"
DAY = "2026-01-22T12:00:00Z"


@pytest.fixture
def fake(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServices]:
    tables = "".join(f'[[destination]]\nname = "{one}"\nurl_env = "{one.upper()}_URL"\n' for one in SERVICES)
    terminal.file("paperwire.toml", INBOX + tables)
    with fake_services() as services:
        for one in SERVICES:
            monkeypatch.setenv(f"{one.upper()}_URL", services.address(one))
        yield services


def findings(terminal: Terminal) -> dict[str, dict[str, object]]:
    return {one["question"]: one for one in terminal("check", "--json").json}


def test_a_destination_is_subscribed_and_gets_its_papers(terminal: Terminal, fake: FakeServices) -> None:
    terminal.file("day.md", PAGE)
    said = terminal("subscribe", "diffusion", "--as", TEAM, "--every", "now", "--since", "7d", "--now", DAY)
    assert said.status == 0
    assert "no papers go there before a yes" not in said.out
    assert terminal("ingest", "day.md", "--now", DAY).status == 0
    assert "Diffusion models for weather" in terminal("preview", "--as", TEAM, "--now", DAY).out
    assert terminal("deliver", "--now", DAY).status == 0
    assert "Diffusion models for weather\n" in fake.texts("feishu")[0]
    assert "[feishu]" not in fake.texts("feishu")[0]
    assert [row["chat"] for row in terminal("subscriptions", "--json").json] == [TEAM]
    assert "1  diffusion" in terminal("say", "/list", "--as", TEAM).out


@pytest.mark.parametrize(
    ("service", "form", "written"),
    [
        ("json", "text", "Diffusion models for weather\n"),
        ("matrix", "html", 'href="https://arxiv.org/abs/2601.00001">Diffusion models for weather</a>'),
        ("discord", "markdown", "[Diffusion models for weather](https://arxiv.org/abs/2601.00001)"),
        ("feishu", "text", "Diffusion models for weather\n"),
    ],
)
def test_a_preview_is_what_would_be_sent(
    terminal: Terminal, fake: FakeServices, service: str, form: str, written: str
) -> None:
    chat = ("--as", f"apprise:{service}", "--now", DAY)
    terminal.file("day.md", PAGE)
    terminal("ingest", "day.md", "--now", DAY)
    terminal("subscribe", "diffusion", *chat, "--every", "now", "--since", "7d")
    [message] = terminal("preview", *chat, "--json").json["messages"]
    assert message["payload"]["format"] == form
    assert written in message["payload"]["text"]
    shown = terminal("preview", *chat).out
    assert "Diffusion models for weather" in shown
    assert "<a" not in shown
    assert "<br>" not in shown
    assert message["payload"]["title"] in shown
    terminal("deliver", "--now", DAY)
    assert message["payload"]["text"].strip() in fake.texts(service)[0]


@pytest.mark.parametrize(
    ("chat", "status", "words"),
    [
        ("apprise:nobody", 1, "paperwire.toml names no destination nobody. It names json, matrix, discord, feishu."),
        ("apprise:Team Feishu", 2, "“apprise:Team Feishu” is no destination. Write apprise:team-feishu"),
        ("apprise:", 2, "“apprise:” is no destination."),
    ],
)
def test_what_is_no_destination_is_refused(
    terminal: Terminal, fake: FakeServices, chat: str, status: int, words: str
) -> None:
    ended = terminal("subscribe", "diffusion", "--as", chat)
    assert ended.status == status
    assert words in ended.err


def test_without_a_destination_the_platform_is_off(terminal: Terminal) -> None:
    ended = terminal("subscribe", "diffusion", "--as", "apprise:team-feishu")
    assert ended.status == 0
    assert "Apprise is off until [[destination]] in paperwire.toml is set." in ended.out
    assert findings(terminal)["Apprise"]["answer"] == "off, it has no token"


def test_check_says_what_each_destination_can_do(
    terminal: Terminal, fake: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = findings(terminal)
    assert found["Destination discord"]["answer"] == "Discord, markdown, at most 1,750 characters"
    assert found["Destination matrix"]["answer"] == "Matrix, html, at most 20,000 characters"
    assert "Apprise" not in found
    monkeypatch.delenv("FEISHU_URL")
    monkeypatch.setenv("JSON_URL", f"nonsense://{TOKEN}")
    found = findings(terminal)
    assert found["Destination feishu"]["answer"] == "FEISHU_URL is not set."
    assert found["Destination json"]["answer"] == "Apprise does not understand the address in JSON_URL."
    assert [found[f"Destination {one}"]["mend"] for one in SERVICES] == [True, False, False, True]
    assert terminal("check").status == 1
    assert fake.requests == []


def test_the_address_may_be_in_a_file(terminal: Terminal, fake: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FEISHU_URL")
    monkeypatch.setenv("FEISHU_URL_FILE", terminal.file("secret", fake.address("feishu") + "\n"))
    assert findings(terminal)["Destination feishu"]["mend"] is False


def test_the_start_names_what_does_not_work_and_goes_on(
    terminal: Terminal, fake: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FEISHU_URL")
    terminal("subscribe", "diffusion", "--as", TEAM)
    assert terminal.process("run", "--once").status == 0
    assert terminal("deliver").status == 0


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('name = "a"', "destination 1, url_env cannot be used: every destination needs one."),
        ('url_env = "A"', "destination 1, name cannot be used: every destination needs one."),
        ('name = "Team"\nurl_env = "A"', "destination 1, name cannot be used: it must be at most 40 of a-z"),
        (f'name = "a"\nurl_env = "feishu://{TOKEN}"', "destination 1, url_env cannot be used: it must be the name"),
        (f'name = "a"\nurl = "feishu://{TOKEN}"', "destination 1, url means nothing here. Did you mean url_env?"),
        (
            'name = "a"\nurl_env = "A"\n[[destination]]\nname = "a"\nurl_env = "B"',
            "destination 2, name cannot be used: destination 1 has the same one.",
        ),
    ],
)
def test_a_table_that_cannot_be_used_is_named_without_its_value(tmp_path: Path, table: str, words: str) -> None:
    (tmp_path / "paperwire.toml").write_text(f"[[destination]]\n{table}\n", encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load_settings({}, tmp_path)
    assert words in str(refused.value)
    assert TOKEN not in str(refused.value)


def test_no_word_of_an_address_is_printed(
    terminal: Terminal, fake: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.file("day.md", PAGE)
    terminal("ingest", "day.md", "--now", DAY)
    for one in SERVICES:
        terminal("subscribe", "diffusion", "--as", f"apprise:{one}", "--every", "now", "--since", "7d", "--now", DAY)
    terminal.set("LOG_LEVEL", "debug")
    fake.answers("echo page", times=2)
    said = [terminal("deliver", "--now", DAY), terminal("outbox"), terminal("outbox", "--json"), terminal("status")]
    fake.goes_down()
    said += [terminal.process("deliver", "--now", DAY), terminal.process("run", "--once", "--now", DAY)]
    said += [terminal("check"), terminal("check", "--json"), terminal("subscriptions"), terminal("export", "--all")]
    monkeypatch.setenv("JSON_URL", f"nonsense://{TOKEN}")
    said += [terminal.process("check"), terminal.process("deliver")]
    printed = "".join(one.out + one.err for one in said)
    assert "Apprise does not say which" in printed
    assert TOKEN not in printed


_IMPORTED = "import sys; from bot.cli import run; run(['outbox']); print([one for one in ('apprise', 'requests') if one in sys.modules])"


def test_the_library_is_imported_only_for_a_destination(terminal: Terminal) -> None:
    terminal("subscribe", "diffusion", "--as", "console:me")
    program = _IMPORTED.replace("'outbox'", "'deliver'")
    assert terminal.python(program).out.strip().endswith("[]")


def test_without_the_library_it_is_told_how_to_install_it(terminal: Terminal, fake: FakeServices) -> None:
    terminal.file("apprise.py", "raise ModuleNotFoundError('apprise')\n")
    ended = terminal.process("check", environ={"PYTHONPATH": f"{terminal.folder}:{Path(__file__).parents[2]}"})
    assert ended.status == 1
    assert 'Run pip install "paperwire[apprise]".' in ended.out
    assert "Traceback" not in ended.out + ended.err
