"""The fake Telegram refuses what Telegram refuses: each forbidden thing is sent by a plain HTTP client."""

import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.process import running
from tests.fakes.telegram import TOKEN, FakeTelegram

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # reading all certificates takes longer than a test
EMOJI = "\N{GRINNING FACE}"
LINK = '<a href="https://arxiv.org/abs/{}">x</a> '


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        fake.knows("42")
        fake.knows("-1001", topics=(5, 6))
        yield fake


def call(fake: FakeTelegram, method: str, token: str = TOKEN, **arguments: Any) -> tuple[int, dict[str, Any]]:
    answer = httpx.post(f"{fake.url}/bot{token}/{method}", data=arguments, trust_env=False, verify=NO_TLS)
    return answer.status_code, answer.json()


def send(fake: FakeTelegram, chat: str = "42", **arguments: Any) -> tuple[int, str]:
    """(status, description); "" when it was taken."""
    status, answer = call(fake, "sendMessage", chat_id=chat, **{"text": "hello", **arguments})
    return status, answer.get("description", "")


def keyboard(*rows: list[dict[str, str]]) -> str:
    return json.dumps({"inline_keyboard": rows})


REFUSED_TEXTS = [
    ("an empty text", {"text": ""}, "message text is empty"),
    ("white space only", {"text": " \n "}, "message text is empty"),
    ("nothing but tags", {"text": "<b></b>", "parse_mode": "HTML"}, "message text is empty"),
    ("4097 characters", {"text": "x" * 4097}, "message is too long"),
    ("2049 emoji: two units each", {"text": EMOJI * 2049}, "message is too long"),
    ("4097 after parsing", {"text": f"<b>{'x' * 4097}</b>", "parse_mode": "HTML"}, "message is too long"),
    ("over 32768 bytes raw", {"text": "<b></b>" * 4682 + "x", "parse_mode": "HTML"}, "text is too long"),
    ("a tag that is none", {"text": "<p>x</p>", "parse_mode": "HTML"}, "can't parse entities"),
    ("an unclosed tag", {"text": "<b>x", "parse_mode": "HTML"}, "can't parse entities"),
    ("crossed tags", {"text": "<b><i>x</b></i>", "parse_mode": "HTML"}, "can't parse entities"),
    ("a bare <", {"text": "a < b", "parse_mode": "HTML"}, "can't parse entities"),
    ("another markup", {"text": "*x*", "parse_mode": "MarkdownV2"}, "unsupported parse_mode"),
    (
        "entities of over 9500 bytes",
        {"text": "".join(LINK.format("y" * 120 + str(i)) for i in range(80)), "parse_mode": "HTML"},
        "ENTITIES_TOO_LONG",
    ),
]


@pytest.mark.parametrize(("why", "arguments", "words"), REFUSED_TEXTS, ids=[row[0] for row in REFUSED_TEXTS])
def test_a_text_is_refused(telegram: FakeTelegram, why: str, arguments: dict[str, str], words: str) -> None:
    status, description = send(telegram, **arguments)
    assert status == 400
    assert words in description
    assert description.startswith("Bad Request: ")
    assert len(telegram.journal) == 0


REFUSED_KEYBOARDS = [
    ("65 bytes of data", keyboard([{"text": "x", "callback_data": "y" * 65}]), "BUTTON_DATA_INVALID"),
    ("65 bytes in 22 characters", keyboard([{"text": "x", "callback_data": "页" * 22}]), "BUTTON_DATA_INVALID"),
    ("no data", keyboard([{"text": "x", "callback_data": ""}]), "BUTTON_DATA_INVALID"),
    ("neither data nor link", keyboard([{"text": "x"}]), "BUTTON_DATA_INVALID"),
    ("a link that is none", keyboard([{"text": "x", "url": "arxiv"}]), "BUTTON_URL_INVALID"),
    ("no label", keyboard([{"text": "", "callback_data": "y"}]), "text buttons are unallowed"),
    ("nine in a row", keyboard([{"text": "x", "callback_data": "y"}] * 9), "REPLY_MARKUP_TOO_LONG"),
    ("104 buttons", keyboard(*[[{"text": "x", "callback_data": "y"}] * 8] * 13), "REPLY_MARKUP_TOO_LONG"),
]


@pytest.mark.parametrize(("why", "markup", "words"), REFUSED_KEYBOARDS, ids=[row[0] for row in REFUSED_KEYBOARDS])
def test_a_keyboard_is_refused(telegram: FakeTelegram, why: str, markup: str, words: str) -> None:
    status, description = send(telegram, reply_markup=markup)
    assert (status, len(telegram.journal)) == (400, 0)
    assert words in description


TAKEN = [
    {"text": "x" * 4096},
    {"text": EMOJI * 2048},
    {"text": f"<b>{'x' * 4096}</b>", "parse_mode": "HTML"},
    {"text": "a &lt; b &amp; c", "parse_mode": "HTML"},
    {"text": "a < b"},
    {"reply_markup": keyboard([{"text": "x", "callback_data": "y" * 64}] * 8)},
    {"reply_markup": keyboard([{"text": "x", "url": "https://t.me/bot?start=abc"}])},
]


@pytest.mark.parametrize("arguments", TAKEN, ids=lambda arguments: str(arguments)[:40])
def test_what_is_just_allowed_is_taken(telegram: FakeTelegram, arguments: dict[str, str]) -> None:
    assert send(telegram, **arguments) == (200, "")
    assert len(telegram.journal) == 1


def test_more_than_a_hundred_entities_are_dropped_without_a_word(telegram: FakeTelegram) -> None:
    status, answer = call(telegram, "sendMessage", chat_id="42", text="<b>x</b> " * 150, parse_mode="HTML")
    assert status == 200
    assert answer["result"]["text"] == ("x " * 150).strip()


def test_places_are_refused(telegram: FakeTelegram) -> None:
    telegram.knows("43")
    telegram.blocks("43")
    telegram.knows("44")
    telegram.deactivates("44")
    telegram.knows("-1002")
    telegram.kicks("-1002")
    telegram.knows("-1003", "channel")
    telegram.forbids("-1003", "need administrator rights in the channel chat")
    telegram.closes_topic("-1001", 6)
    assert send(telegram, "99") == (400, "Bad Request: chat not found")
    assert send(telegram, "@nobody") == (400, "Bad Request: chat not found")
    assert send(telegram, "") == (400, "Bad Request: chat_id is empty")
    assert send(telegram, "43") == (403, "Forbidden: bot was blocked by the user")
    assert send(telegram, "44") == (403, "Forbidden: user is deactivated")
    assert send(telegram, "-1002") == (403, "Forbidden: bot was kicked from the supergroup chat")
    assert send(telegram, "-1003") == (400, "Bad Request: need administrator rights in the channel chat")
    assert send(telegram, "-1001", message_thread_id=1) == (400, "Bad Request: message thread not found")
    assert send(telegram, "-1001", message_thread_id=7) == (400, "Bad Request: message thread not found")
    assert send(telegram, "-1001", message_thread_id=6) == (400, "Bad Request: TOPIC_CLOSED")
    assert len(telegram.journal) == 0


def test_a_deleted_topic_is_refused_and_an_open_one_is_not(telegram: FakeTelegram) -> None:
    telegram.deletes_topic("-1001", 6)
    assert send(telegram, "-1001", message_thread_id=6) == (400, "Bad Request: message thread not found")
    assert send(telegram, "-1001", message_thread_id=5) == (200, "")
    assert [entry.thread for entry in telegram.posted_to("-1001")] == ["5"]


def test_a_group_that_moved_names_its_new_id(telegram: FakeTelegram) -> None:
    telegram.knows("-7", "group")
    telegram.migrates("-7", "-1007")
    status, answer = call(telegram, "sendMessage", chat_id="-7", text="x")
    assert (status, answer["parameters"]) == (400, {"migrate_to_chat_id": -1007})
    assert send(telegram, "-1007") == (200, "")


def test_tokens_and_methods_are_refused(telegram: FakeTelegram) -> None:
    assert call(telegram, "getMe", "4242:another")[0] == 401
    assert call(telegram, "getMe", "no-token")[0] == 404
    assert call(telegram, "sendMassage")[0] == 404
    telegram.revokes()
    assert call(telegram, "getMe")[0] == 401
    telegram.restores()
    assert call(telegram, "getMe")[1]["result"]["id"] == 4242


def test_bytes_that_are_no_utf_8_are_refused(telegram: FakeTelegram) -> None:
    answer = httpx.post(
        f"{telegram.url}/bot{TOKEN}/sendMessage",
        content=b"chat_id=42&text=%FF%FE",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        trust_env=False,
        verify=NO_TLS,
    )
    assert answer.status_code == 400
    assert "UTF-8" in answer.json()["description"]


def test_an_edit_needs_a_message_and_news(telegram: FakeTelegram) -> None:
    _, answer = call(telegram, "sendMessage", chat_id="42", text="one")
    number = answer["result"]["message_id"]

    def edit(number: int, text: str) -> str:
        answer = call(telegram, "editMessageText", chat_id="42", message_id=number, text=text)[1]
        return str(answer.get("description", ""))

    assert "message to edit not found" in edit(number + 1, "two")
    assert "message is not modified" in edit(number, "one")
    assert edit(number, "two") == ""
    assert [entry.text for entry in telegram.edits_in("42")] == ["two"]


def test_arguments_may_come_as_json_and_in_the_query(telegram: FakeTelegram) -> None:
    url = f"{telegram.url}/bot{TOKEN}/sendMessage"
    assert httpx.post(url, json={"chat_id": 42, "text": "a"}, trust_env=False, verify=NO_TLS).status_code == 200
    assert httpx.get(url, params={"chat_id": 42, "text": "b"}, trust_env=False, verify=NO_TLS).status_code == 200
    assert [entry.text for entry in telegram.posted_to("42")] == ["a", "b"]


def test_updates_are_told_until_they_are_confirmed(telegram: FakeTelegram) -> None:
    telegram.receives({"message": {"text": "/start"}})
    telegram.receives({"message": {"text": "/list"}})
    first, second = call(telegram, "getUpdates")[1]["result"]
    assert second["update_id"] == first["update_id"] + 1
    assert call(telegram, "getUpdates", offset=second["update_id"])[1]["result"] == [second]
    assert call(telegram, "getUpdates", offset=second["update_id"] + 1)[1]["result"] == []


def test_the_journal_knows_what_came_together(telegram: FakeTelegram) -> None:
    send(telegram)
    send(telegram)
    assert telegram.most_at_once("42") == 1
    assert [entry.together for entry in telegram.journal] == [1, 1]


def test_in_a_process_of_its_own_it_lives_on_while_a_request_hangs(tmp_path: Path) -> None:
    with running("telegram", journal=tmp_path / "journal.jsonl") as fake:
        fake.tell("knows", "42")
        fake.tell("answers", "hang after")
        with httpx.Client(trust_env=False, verify=NO_TLS) as client, pytest.raises(httpx.ReadTimeout):
            client.post(f"{fake.url}/bot{TOKEN}/sendMessage", data={"chat_id": 42, "text": "x"}, timeout=0.3)
        fake.tell("waits_hanging", 5)
        assert [entry.text for entry in fake.journal] == ["x"]
        fake.tell("releases")
        fake.tell("goes_down")
        with pytest.raises(httpx.ConnectError):
            httpx.post(f"{fake.url}/bot{TOKEN}/getMe", trust_env=False, verify=NO_TLS)
        fake.tell("comes_back")
        assert httpx.post(f"{fake.url}/bot{TOKEN}/getMe", trust_env=False, verify=NO_TLS).status_code == 200
        assert [entry["text"] for entry in fake.tell("posted_to", "42")] == ["x"]
        assert fake.tell("arrived", "sendMessage") == [["sendMessage", "42"]]


def test_a_slow_server_takes_the_message_when_it_is_released_and_a_dropped_one_never(telegram: FakeTelegram) -> None:
    for drop, texts in ((False, ["a"]), (True, ["a"])):
        telegram.answers("hang before")
        with httpx.Client(trust_env=False, verify=NO_TLS) as client, pytest.raises(httpx.ReadTimeout):
            client.post(
                f"{telegram.url}/bot{TOKEN}/sendMessage",
                data={"chat_id": 42, "text": "b" if drop else "a"},
                timeout=0.2,
            )
        telegram.waits_hanging()
        telegram.releases(drop=drop)
        send(telegram, text="between")
        assert [entry.text for entry in telegram.journal if entry.text != "between"] == texts
