"""`paperwire say`: an operator runs a chat's command from a shell; the reply is printed, and nothing is sent."""

import pytest

from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.integration.cli import PAGE, Terminal

MORNING = ("--now", "2026-01-22T06:00:00Z")
ME, GROUP = ("--as", "telegram:42"), ("--as", "telegram:-1001")


@pytest.fixture(autouse=True)
def _chats_and_a_day_of_papers(terminal: Terminal) -> None:
    terminal.file("2026-01-22.md", PAGE)
    assert terminal("ingest", "2026-01-22.md", "--now", "2026-01-22T05:00:00Z").status == 0
    terminal("subscribe", "diffusion -survey", *ME, "--every", "daily", "--at", "8", "--name", "Clouds", *MORNING)
    terminal("subscribe", "graph", *GROUP, "--every", "daily", "--at", "8", *MORNING)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("/pause 1 until 3 Mar", "✓ 1  Clouds is paused until Tue 3 Mar 00:00."),
        ("pause 1 until 3 Mar", "✓ 1  Clouds is paused until Tue 3 Mar 00:00."),
        ("what do I follow?", "1 subscription"),
        ("/save@some_bot 2601.00001", "✓ Saved: Diffusion models for weather (2601.00001)"),
        ("/search diffusion", "2 papers in the last 7 days"),
        ("/whynot 2601.00002", "1  Clouds: has survey, which this excludes"),
        ("/name 1 Weather", "✓ 1 is called Weather now."),
        ("/like 2601.00001", "Nothing among the newest 3 papers is near to Diffusion models for weather (2601.00001)."),
    ],
)
def test_commands_and_sentences_are_answered(terminal: Terminal, text: str, line: str) -> None:
    ended = terminal("say", text, *ME, *MORNING)
    assert (ended.status, ended.err) == (0, "")
    assert line in ended.out


def test_a_refusal_ends_with_1(terminal: Terminal) -> None:
    ended = terminal("say", "/unsub 9", *ME)
    assert (ended.status, ended.out.splitlines()[0]) == (1, "✗ This chat has no subscription 9.")
    assert terminal("say", "/unsub 9", *ME, "--json").json["ok"] is False


def test_the_reply_as_json(terminal: Terminal) -> None:
    assert terminal("say", "/pause 1 until 3 Mar", *ME, "--json", *MORNING).json == {
        "chat": "telegram:42",
        "text": [
            "✓ 1  Clouds is paused until Tue 3 Mar 00:00.",
            "What comes in the meantime waits.",
            "/resume 1 ends it.",
        ],
        "buttons": [["resume", "undo"]],
        "ok": True,
        "files": [],
    }
    assert terminal("subscriptions", *ME, "--json").json[0]["state"] == "paused"


def test_a_file_is_printed(terminal: Terminal) -> None:
    (file,) = terminal("say", "/privacy", *ME, "--json").json["files"]
    assert file["name"].endswith(".json")
    assert '"diffusion -survey"' in file["content"]
    assert f"\n{file['name']}:\n{{\n" in terminal("say", "/privacy", *ME).out


@pytest.mark.parametrize("chat", [ME, GROUP])
def test_a_chat_is_erased_after_a_yes(terminal: Terminal, chat: tuple[str, str]) -> None:
    assert "send /forget yes within ten minutes" in terminal("say", "/forget", *chat).out
    assert terminal("subscriptions", *chat).status == 0
    assert terminal("say", "/forget yes", *chat).out.startswith("✓ Erased: 1 subscription")
    assert terminal("subscriptions", *chat).status == 1


def test_an_operator_speaks_and_nothing_is_sent(terminal: Terminal) -> None:
    terminal.set("TELEGRAM_TOKEN", TOKEN)
    with FakeTelegram() as telegram:
        terminal.set("TELEGRAM_API_URL", telegram.url)
        telegram.opens_to_all()
        assert terminal("say", "/unsub 1", *GROUP, *MORNING).status == 0  # without a question who administers it
        assert terminal("say", "/sub tree", "--as", "telegram:7", *MORNING).status == 0
        (one,) = terminal("subscriptions", "--as", "telegram:7", "--json").json
        assert one["state"] == "active"  # it waits for no operator
        assert "waiting" in terminal("say", "/status", *ME).out.casefold()
        terminal("run", "--once", "--now", "2026-01-22T06:01:00Z")
        assert [telegram.posted_to(chat) for chat in ("42", "7", "-1001")] == [[], [], []]
