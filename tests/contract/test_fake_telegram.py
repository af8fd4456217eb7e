"""The fake Telegram refuses what Telegram refuses. A plain HTTP client sends each forbidden request."""

import json
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.process import running
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.patience import PATIENCE

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loading all certificates would take longer than a test
EMOJI = "\N{GRINNING FACE}"
LINK = '<a href="https://arxiv.org/abs/{}">x</a> '


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        fake.knows("42")
        fake.knows("-1001", topics=(5, 6))
        yield fake


def ask(url: str, **said: Any) -> httpx.Response:
    return httpx.post(url, **said, trust_env=False, verify=NO_TLS, timeout=PATIENCE)


def call(fake: FakeTelegram, method: str, token: str = TOKEN, **arguments: Any) -> tuple[int, dict[str, Any]]:
    answer = ask(f"{fake.url}/bot{token}/{method}", data=arguments)
    return answer.status_code, answer.json()


def refusal(fake: FakeTelegram, method: str, **arguments: Any) -> tuple[int, str]:
    """Returns (status, description) of a call, or (200, "") if it was accepted."""
    status, answer = call(fake, method, **arguments)
    return status, answer.get("description", "")


def send(fake: FakeTelegram, chat: str = "42", **arguments: Any) -> tuple[int, str]:
    return refusal(fake, "sendMessage", chat_id=chat, **{"text": "hello", **arguments})


def commands(*names: str, words: str = "does it") -> str:
    return json.dumps([{"command": name, "description": words} for name in names])


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


BAD_WEBHOOKS = [
    ({"url": "http://example.org/"}, "HTTPS URL must be provided"),
    ({"url": "https://example.org:8080/"}, "only on ports 80, 88, 443 or 8443"),
    ({"url": "https://example.org/", "secret_token": "a b"}, "unallowed characters"),
    ({"url": "https://example.org/", "secret_token": "x" * 257}, "too long"),
]
BAD_MENUS = [
    ({"commands": commands("Sub")}, "BOT_COMMAND_INVALID"),
    ({"commands": commands("sub-x")}, "BOT_COMMAND_INVALID"),
    ({"commands": commands("")}, "BOT_COMMAND_INVALID"),
    ({"commands": commands("x" * 33)}, "BOT_COMMAND_INVALID"),
    ({"commands": commands("sub", words=" ")}, "must be non-empty"),
    ({"commands": commands("sub", words="x" * 257)}, "must not exceed 256"),
    ({"commands": commands(*(f"c{number}" for number in range(101)))}, "BOT_COMMANDS_TOO_MUCH"),
    ({"commands": "no list"}, "can't parse JSON"),
    ({"commands": "{}"}, "expected an Array"),
    ({"commands": commands("sub"), "scope": '{"type": "everybody"}'}, "unsupported type"),
    ({"commands": commands("sub"), "scope": '{"type": "chat"}'}, "must be given"),
    ({"commands": commands("sub"), "language_code": "english"}, "invalid language code"),
]
REFUSED: list[tuple[str, dict[str, str], str]] = [
    *(("sendMessage", {"chat_id": "42", **arguments}, words) for _, arguments, words in REFUSED_TEXTS),
    *(
        ("sendMessage", {"chat_id": "42", "text": "x", "reply_markup": markup}, words)
        for _, markup, words in REFUSED_KEYBOARDS
    ),
    *(("setWebhook", arguments, words) for arguments, words in BAD_WEBHOOKS),
    *(("setMyCommands", arguments, words) for arguments, words in BAD_MENUS),
]


@pytest.mark.parametrize(("method", "arguments", "words"), REFUSED)
def test_what_the_server_does_not_take_is_refused(
    telegram: FakeTelegram, method: str, arguments: dict[str, str], words: str
) -> None:
    status, description = refusal(telegram, method, **arguments)
    assert (status, words in description) == (400, True)
    assert description.startswith("Bad Request: ")
    assert (len(telegram.journal), telegram.menu(), telegram.queue.webhook.url) == (0, [], "")


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
    telegram.blocks("43")
    telegram.deactivates("44")
    telegram.kicks("-1002")
    telegram.knows("-1003", "channel")
    telegram.forbids("-1003", "need administrator rights in the channel chat")
    telegram.closes_topic("-1001", 6)
    refused = {  # (chat, topic) → what the server says
        ("99", 0): (400, "Bad Request: chat not found"),
        ("@nobody", 0): (400, "Bad Request: chat not found"),
        ("", 0): (400, "Bad Request: chat_id is empty"),
        ("43", 0): (403, "Forbidden: bot was blocked by the user"),
        ("44", 0): (403, "Forbidden: user is deactivated"),
        ("-1002", 0): (403, "Forbidden: bot was kicked from the supergroup chat"),
        ("-1003", 0): (400, "Bad Request: need administrator rights in the channel chat"),
        ("-1001", 1): (400, "Bad Request: message thread not found"),
        ("-1001", 7): (400, "Bad Request: message thread not found"),
        ("-1001", 6): (400, "Bad Request: TOPIC_CLOSED"),
    }
    assert {(chat, topic): send(telegram, chat, message_thread_id=topic) for chat, topic in refused} == refused
    assert len(telegram.journal) == 0


def test_tokens_and_methods_are_refused(telegram: FakeTelegram) -> None:
    assert call(telegram, "getMe", "4242:another")[0] == 401
    assert call(telegram, "getMe", "no-token")[0] == 404
    assert call(telegram, "sendMassage")[0] == 404
    telegram.revokes()
    assert call(telegram, "getMe")[0] == 401
    telegram.restores()
    assert call(telegram, "getMe")[1]["result"]["id"] == 4242


def test_bytes_that_are_no_utf_8_are_refused(telegram: FakeTelegram) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = ask(f"{telegram.url}/bot{TOKEN}/sendMessage", content=b"chat_id=42&text=%FF%FE", headers=form)
    assert answer.status_code == 400
    assert "UTF-8" in answer.json()["description"]


def rows(label: str) -> dict[str, str]:
    return {"reply_markup": keyboard([{"text": label, "callback_data": "x"}])}


@pytest.mark.parametrize(
    ("method", "before", "after", "shown"),
    [
        ("editMessageText", {"text": "one"}, {"text": "two"}, "two"),
        ("editMessageReplyMarkup", {"text": "one", **rows("⋯")}, rows("back"), "one"),
    ],
)
def test_an_edit_needs_a_message_and_news(
    telegram: FakeTelegram, method: str, before: dict[str, str], after: dict[str, str], shown: str
) -> None:
    number = call(telegram, "sendMessage", chat_id="42", **before)[1]["result"]["message_id"]

    def edit(number: int, said: dict[str, str]) -> str:
        return refusal(telegram, method, chat_id="42", message_id=number, **said)[1]

    assert "message to edit not found" in edit(number + 1, after)
    assert "message is not modified" in edit(number, before)
    assert "text buttons are unallowed" in edit(number, {**after, **rows(" ")})
    assert edit(number, after) == ""
    assert [entry.text for entry in telegram.edits_in("42")] == [shown]


def test_arguments_may_come_as_json_and_in_the_query(telegram: FakeTelegram) -> None:
    url = f"{telegram.url}/bot{TOKEN}/sendMessage"
    assert ask(url, json={"chat_id": 42, "text": "a"}).status_code == 200
    assert httpx.get(url, params={"chat_id": 42, "text": "b"}, trust_env=False, verify=NO_TLS).status_code == 200
    assert [entry.text for entry in telegram.posted_to("42")] == ["a", "b"]


# ── updates ───────────────────────────────────────────────────────────────────


def updates(fake: FakeTelegram, **arguments: Any) -> list[dict[str, Any]]:
    result = call(fake, "getUpdates", **arguments)[1]["result"]
    assert isinstance(result, list)
    return result


def test_updates_are_told_until_they_are_confirmed(telegram: FakeTelegram) -> None:
    telegram.receives({"message": {"text": "/start"}})
    telegram.receives({"message": {"text": "/list"}})
    first, second = updates(telegram)
    assert second["update_id"] == first["update_id"] + 1
    assert updates(telegram, offset=second["update_id"]) == [second]
    assert updates(telegram, offset=second["update_id"] + 1) == []
    assert updates(telegram, offset=first["update_id"]) == []


def test_a_call_gets_at_most_100_updates_a_quick_repeat_one(telegram: FakeTelegram) -> None:
    for number in range(120):
        telegram.receives({"message": {"text": str(number)}})
    assert len(updates(telegram)) == 100
    assert len(updates(telegram)) == 1
    telegram.queue.repeat_after = 0
    assert [len(updates(telegram, limit=limit)) for limit in (0, 7, 1000)] == [1, 7, 100]


def test_a_negative_offset_forgets_what_is_older(telegram: FakeTelegram) -> None:
    for number in range(5):
        telegram.receives({"message": {"text": str(number)}})
    assert [update["message"]["text"] for update in updates(telegram, offset=-2)] == ["3", "4"]
    assert telegram.waiting() == 2


def test_after_a_silent_week_ids_start_elsewhere(telegram: FakeTelegram) -> None:
    telegram.queue.renumber(17)
    telegram.receives({"message": {"text": "x"}})
    assert [update["update_id"] for update in updates(telegram, offset=1001)] == [17]
    assert updates(telegram, offset=18) == []


def test_only_what_is_wanted_is_told_and_that_is_remembered(telegram: FakeTelegram) -> None:
    telegram.user_writes("one")
    assert len(updates(telegram, offset=-1, allowed_updates='["callback_query", "nonsense"]')) == 1
    telegram.user_writes("two")
    telegram.presses("x", tampered=True)
    assert [min(update) for update in updates(telegram, offset=1001)] == ["callback_query"]
    telegram.user_writes("three")
    assert len(updates(telegram, offset=1002, allowed_updates="[]")) == 0
    telegram.user_writes("four")
    assert len(updates(telegram, offset=1002)) == 1


def test_a_long_question_is_answered_when_something_comes(telegram: FakeTelegram) -> None:
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(updates, telegram, timeout=20)
        assert telegram.queue.asked.wait(PATIENCE)
        telegram.user_writes("x")
        assert [update["message"]["text"] for update in asked.result(PATIENCE)] == ["x"]


def test_a_second_question_ends_the_first_one(telegram: FakeTelegram) -> None:
    with ThreadPoolExecutor() as pool:
        first = pool.submit(refusal, telegram, "getUpdates", timeout=20)
        assert telegram.queue.asked.wait(PATIENCE)
        assert updates(telegram) == []
        status, words = first.result(PATIENCE)
    assert (status, words.startswith("Conflict: terminated by other getUpdates request")) == (409, True)


def test_while_a_webhook_is_set_nobody_may_ask(telegram: FakeTelegram) -> None:
    telegram.user_writes("x")
    assert refusal(telegram, "setWebhook", url="https://example.org/x", secret_token="s") == (200, "")
    status, words = refusal(telegram, "getUpdates")
    assert (status, "while webhook is active" in words) == (409, True)
    info = call(telegram, "getWebhookInfo")[1]["result"]
    assert (info["url"], info["pending_update_count"]) == ("https://example.org/x", 1)
    assert refusal(telegram, "deleteWebhook") == (200, "")
    assert call(telegram, "getWebhookInfo")[1]["result"]["url"] == ""
    assert len(updates(telegram)) == 1


def test_what_waits_is_dropped_only_on_demand(telegram: FakeTelegram) -> None:
    telegram.user_writes("x")
    call(telegram, "deleteWebhook", drop_pending_updates="false")
    assert telegram.waiting() == 1
    call(telegram, "deleteWebhook", drop_pending_updates="true")
    assert telegram.waiting() == 0


# ── people ────────────────────────────────────────────────────────────────────


def test_a_message_is_told_with_everything_that_a_real_one_has(telegram: FakeTelegram) -> None:
    number = telegram.user_writes("/sub@paperwire_test_bot 🙂 x", "-1001", by="7", topic=5, language="zh-hans")
    (update,) = updates(telegram)
    message = update["message"]
    assert message["message_id"] == number
    assert message["chat"] == {"id": -1001, "type": "supergroup", "title": "A chat", "is_forum": True}
    assert message["from"] == {"id": 7, "is_bot": False, "first_name": "Ada", "language_code": "zh-hans"}
    assert (message["message_thread_id"], message["is_topic_message"]) == (5, True)
    assert message["reply_to_message"]["forum_topic_created"]
    assert message["entities"] == [{"type": "bot_command", "offset": 0, "length": 23}]


def test_a_bot_in_privacy_mode_sees_what_is_meant_for_it(telegram: FakeTelegram) -> None:
    said = send_ours(telegram, "-1001")
    telegram.queue.repeat_after = 0

    def shown() -> list[str]:
        received = updates(telegram, offset=-50)
        return [update["message"]["text"] for update in received]

    for text in ("/list", "/list@paperwire_test_bot", "/list@other_bot", "plain words"):
        telegram.user_writes(text, "-1001", by="7")
    telegram.user_writes("an answer", "-1001", by="7", answers=said)
    assert shown() == ["/list", "/list@paperwire_test_bot", "an answer"]
    telegram.reads_all()
    telegram.user_writes("plain words again", "-1001", by="7")
    assert shown()[-1] == "plain words again"
    assert call(telegram, "getMe")[1]["result"]["can_read_all_group_messages"] is True


def send_ours(fake: FakeTelegram, chat: str, **arguments: Any) -> int:
    """Posts a message of the bot. Returns its id."""
    number = call(fake, "sendMessage", chat_id=chat, text="ours", **arguments)[1]["result"]["message_id"]
    assert isinstance(number, int)
    return number


def test_edits_forwards_files_and_nameless_people(telegram: FakeTelegram) -> None:
    telegram.knows("-1009", "channel", title="Papers")
    number = telegram.user_writes("one")
    telegram.user_writes("two", edits=number)
    telegram.user_writes("/sub x", is_forwarded=True)
    telegram.user_writes("/import", file=("a.txt", "x"))
    telegram.user_writes("", sends="voice")
    telegram.user_writes("/sub x", "-1001", anonymous_admin=True)
    telegram.user_writes("/sub x", "-1001", from_channel="-1009")
    telegram.user_writes("/sub x", "-1009")
    one, two, forwarded, document, voice, anonymous, automatic, post = updates(telegram)
    assert (two["edited_message"]["message_id"], two["edited_message"]["date"]) == (number, one["message"]["date"])
    assert forwarded["message"]["forward_origin"]["type"] == "user"
    assert document["message"]["caption"] == "/import"
    assert document["message"]["document"]["file_size"] == 1
    assert "voice" in voice["message"]
    assert "text" not in voice["message"]
    assert anonymous["message"]["from"]["id"] == 1087968824
    assert anonymous["message"]["sender_chat"]["id"] == -1001
    assert automatic["message"]["is_automatic_forward"]
    assert "from" not in post["channel_post"]


def test_memberships_and_moves_are_told(telegram: FakeTelegram) -> None:
    telegram.knows("-7", "group")
    telegram.blocks("42")
    telegram.unblocks("42")
    telegram.kicks("-1001")
    telegram.adds("-1001", by="8")
    telegram.promotes("-1001", "4242")
    telegram.migrates("-7", "-1007")
    telegram.closes_topic("-1001", 5)
    telegram.reopens_topic("-1001", 5)
    received = updates(telegram)
    changes = [update["my_chat_member"] for update in received if "my_chat_member" in update]
    statuses = [(one["old_chat_member"]["status"], one["new_chat_member"]["status"]) for one in changes]
    assert statuses[:2] == [("member", "kicked"), ("kicked", "member")]
    assert statuses[2:] == [("member", "kicked"), ("left", "member"), ("member", "administrator")]
    assert changes[3]["from"]["id"] == 8
    services = [update["message"] for update in received if "message" in update]
    assert [one["chat"]["id"] for one in services] == [-7, -1007, -1001, -1001]
    names = ("migrate_to_chat_id", "migrate_from_chat_id", "forum_topic_closed", "forum_topic_reopened")
    assert [name in one for name, one in zip(names, services, strict=True)] == [True] * 4
    assert send(telegram, "-7")[0] == 400


# ── presses ───────────────────────────────────────────────────────────────────


def test_a_button_is_pressed_where_it_stands_newest_first(telegram: FakeTelegram) -> None:
    old, new = (send_ours(telegram, "42", reply_markup=keyboard([{"text": "undo", "callback_data": d}])) for d in "ab")
    telegram.presses("undo")
    telegram.presses("a")
    telegram.presses("undo", inaccessible=True)
    found = [update["callback_query"] for update in updates(telegram)]
    assert [(one["message"]["message_id"], one["data"]) for one in found] == [(new, "b"), (old, "a"), (new, "b")]
    assert found[0]["message"]["reply_markup"]["inline_keyboard"][0][0]["text"] == "undo"
    assert found[2]["message"] == {"message_id": new, "date": 0, "chat": found[0]["message"]["chat"]}


def test_only_a_made_up_press_needs_no_button(telegram: FakeTelegram) -> None:
    send_ours(telegram, "42", reply_markup=keyboard([{"text": "see", "url": "https://arxiv.org"}]))
    for what in ("undo", "see"):
        with pytest.raises(AssertionError):
            telegram.presses(what)
    telegram.presses("d0.c1", tampered=True)
    assert updates(telegram)[0]["callback_query"]["data"] == "d0.c1"


def test_a_press_is_answered_once_and_soon_and_shortly(telegram: FakeTelegram) -> None:
    first, second = (telegram.presses("x", tampered=True) for _ in range(2))
    status, words = refusal(telegram, "answerCallbackQuery", callback_query_id=first, text="x" * 201)
    assert (status, words) == (400, "Bad Request: MESSAGE_TOO_LONG")
    assert refusal(telegram, "answerCallbackQuery", callback_query_id=first, text="x" * 200) == (200, "")
    for press in (first, "9", ""):
        status, words = refusal(telegram, "answerCallbackQuery", callback_query_id=press)
        assert (status, words.startswith("Bad Request: query is too old")) == (400, True)
    telegram.forgets_callbacks()
    assert refusal(telegram, "answerCallbackQuery", callback_query_id=second)[0] == 400
    assert telegram.toasts() == {first: "x" * 200}


# ── questions ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("chat", "who", "words"), [("-1009", "9", "user not found"), ("-1001", "x", "invalid user_id specified")]
)
def test_questions_about_unknown_people_are_refused(telegram: FakeTelegram, chat: str, who: str, words: str) -> None:
    telegram.knows("-1009", "channel", people={"7": "creator"})
    assert refusal(telegram, "getChatMember", chat_id=chat, user_id=who) == (400, f"Bad Request: {words}")


def test_no_person_is_found_by_name(telegram: FakeTelegram) -> None:
    telegram.knows("43", username="ada")
    assert refusal(telegram, "getChat", chat_id="@ada") == (400, "Bad Request: chat not found")


# ── documents ─────────────────────────────────────────────────────────────────


def send_document(fake: FakeTelegram, data: bytes, **arguments: Any) -> tuple[int, str]:
    file = {"document": ("a.txt", data)}
    answer = ask(f"{fake.url}/bot{TOKEN}/sendDocument", data={"chat_id": "42", **arguments}, files=file)
    return answer.status_code, answer.json().get("description", "")


def test_documents_are_taken_and_refused(telegram: FakeTelegram) -> None:
    assert send_document(telegram, b"hello", caption="x" * 1024) == (200, "")
    assert [entry.text for entry in telegram.files_in("42")] == ["hello"]
    assert send_document(telegram, b"") == (400, "Bad Request: file must be non-empty")
    assert send_document(telegram, b"x", caption="x" * 1025) == (400, "Bad Request: message caption is too long")
    assert send_document(telegram, b"x", chat_id="99") == (400, "Bad Request: chat not found")
    assert refusal(telegram, "sendDocument", chat_id="42", document="f1")[0] == 400
    telegram.largest_upload = 10
    assert send_document(telegram, b"x" * 11) == (413, "Request Entity Too Large")
    assert len(telegram.files_in("42")) == 1


def test_the_limits_of_files_are_those_of_the_cloud() -> None:
    fake = FakeTelegram()
    assert (fake.largest_upload, fake.largest_download) == (50_000_000, 20_000_000)


def test_a_file_is_handed_out_by_the_path_that_was_told(telegram: FakeTelegram) -> None:
    telegram.user_writes("", file=("a b.txt", "hello"))
    (update,) = updates(telegram)
    number = update["message"]["document"]["file_id"]
    path = call(telegram, "getFile", file_id=number)[1]["result"]["file_path"]

    def download(path: str, token: str = TOKEN) -> httpx.Response:
        return httpx.get(f"{telegram.url}/file/bot{token}/{path}", trust_env=False, verify=NO_TLS)

    assert download(path).content == b"hello"
    assert download(path + "x").status_code == 404
    assert download("etc/passwd").status_code == 404
    assert download(path, "4242:another").status_code == 401
    assert refusal(telegram, "getFile", file_id="f99")[0] == 400
    telegram.largest_download = 4
    assert refusal(telegram, "getFile", file_id=number) == (400, "Bad Request: file is too big")


# ── menus ─────────────────────────────────────────────────────────────────────


def test_menus_are_kept_by_scope_and_language(telegram: FakeTelegram) -> None:
    scope = '{"type": "all_private_chats"}'
    most = commands(*(f"c{number}" for number in range(100)), words="x" * 256)
    assert refusal(telegram, "setMyCommands", commands=most, scope=scope, language_code="zh") == (200, "")
    shown = call(telegram, "getMyCommands", scope=scope, language_code="zh")[1]["result"]
    assert len(shown) == 100
    assert call(telegram, "getMyCommands", scope=scope)[1]["result"] == []
    assert refusal(telegram, "setMyCommands", commands=commands("x"), scope='{"type": "chat", "chat_id": 42}')[0] == 200


@pytest.mark.parametrize(
    ("method", "field", "most"),
    [("setMyDescription", "description", 512), ("setMyShortDescription", "short_description", 120)],
)
def test_descriptions_have_a_length(telegram: FakeTelegram, method: str, field: str, most: int) -> None:
    assert refusal(telegram, method, **{field: "x" * (most + 1)})[0] == 400
    assert refusal(telegram, method, **{field: "x" * most}) == (200, "")
    assert refusal(telegram, method, **{field: "y"}, language_code="zh") == (200, "")
    get = method.replace("set", "get")
    assert call(telegram, get)[1]["result"] == {field: "x" * most}
    assert call(telegram, get, language_code="zh")[1]["result"] == {field: "y"}
    assert call(telegram, get, language_code="de")[1]["result"] == {field: "x" * most}


def test_an_answer_may_be_asked_for(telegram: FakeTelegram) -> None:
    assert send(telegram, reply_markup='{"force_reply": true, "input_field_placeholder": "a query"}') == (200, "")
    long = json.dumps({"force_reply": True, "input_field_placeholder": "x" * 65})
    assert send(telegram, reply_markup=long)[0] == 400


# ── faults ────────────────────────────────────────────────────────────────────


def test_the_journal_knows_what_came_together(telegram: FakeTelegram) -> None:
    send(telegram)
    send(telegram)
    assert [entry.concurrent for entry in telegram.journal] == [1, 1]


def test_in_another_process_it_lives_on_while_a_request_hangs(tmp_path: Path) -> None:
    with running("telegram", journal=tmp_path / "journal.jsonl") as fake:
        fake.call("knows", "42")
        fake.call("answers", "hang after")
        with httpx.Client(trust_env=False, verify=NO_TLS) as client, pytest.raises(httpx.ReadTimeout):
            client.post(f"{fake.url}/bot{TOKEN}/sendMessage", data={"chat_id": 42, "text": "x"}, timeout=0.3)
        fake.call("waits_hanging")
        assert [entry.text for entry in fake.journal] == ["x"]
        fake.call("releases")
        fake.call("goes_down")
        with pytest.raises(httpx.ConnectError):
            ask(f"{fake.url}/bot{TOKEN}/getMe")
        fake.call("comes_back")
        assert ask(f"{fake.url}/bot{TOKEN}/getMe").status_code == 200
        assert [entry["text"] for entry in fake.call("posted_to", "42")] == ["x"]
        assert fake.call("arrived", "sendMessage") == [["sendMessage", "42"]]
        with pytest.raises(httpx.HTTPStatusError):
            fake.call("sings")


def test_a_released_message_is_taken_and_a_dropped_one_never(telegram: FakeTelegram) -> None:
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
