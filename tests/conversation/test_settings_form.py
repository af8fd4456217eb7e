"""The form of the settings, on platforms with forms, shows the chat's settings and saves them as one change."""

from subscriptions.chat_settings import SETTINGS
from subscriptions.store.database.store import Store
from tests.bot_harness import Answer, BotHarness
from tests.conversation.slack_harness import ANN, Form, SlackHarness


async def presses(slack: SlackHarness, label: str, under: Answer) -> Answer:
    """Presses the button with this label. Returns the answer."""
    blocks = [block for payload in under.payloads for block in payload["blocks"] if block["type"] == "actions"]
    keys = {key["text"]["text"]: key["value"] for block in blocks for key in block["elements"]}
    return await slack.sends_request(
        f"slack:{ANN}", callback_data=keys[label], by=ANN, callback_id="p1", message_id="m0", trigger_id="trigger"
    )


async def form_of(slack: SlackHarness) -> Form:
    await slack.slash("sub diffusion", chat=f"slack:{ANN}")
    settings = await slack.slash("set", chat=f"slack:{ANN}")
    return slack.form(await presses(slack, "all in one form", settings), ANN)


async def test_the_form_shows_what_holds_and_leaves_out_what_cannot_be_changed(slack: SlackHarness) -> None:
    form = await form_of(slack)
    settings = slack.chat_of(f"slack:{ANN}").settings
    assert {name: form.value(name) for name in form.fields} == {name: settings.value(name) for name in form.fields}
    assert "text" in form.fields
    assert "manage" not in form.fields, "in a private chat it is fixed"
    assert set(form.fields) < set(SETTINGS)


async def test_what_was_changed_is_said_and_undone_together(slack: SlackHarness) -> None:
    form = await form_of(slack)
    said = await form.sends(text="titles", order="newest")
    assert said.lines == ["✓ Text: titles only (was: summary)", "Order: the newest first (was: the best first)"]
    await presses(slack, "undo", said)
    settings = slack.chat_of(f"slack:{ANN}").settings
    assert (settings.text, settings.order) == ("summary", "score")


async def test_what_was_not_changed_is_no_change(slack: SlackHarness) -> None:
    form = await form_of(slack)
    assert (await form.sends()).lines == ["All settings are as they were."]


async def test_where_there_are_no_forms_there_is_no_button_for_one(store: Store) -> None:
    bot = BotHarness(store)
    assert "all in one form" not in (await bot.says("/set")).buttons
