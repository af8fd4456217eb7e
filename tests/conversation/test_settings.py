"""Settings of a chat, changed by command and by button."""

import pytest

from tests.product import Product

GROUP, CHANNEL = "-1001", "-100200"


def setting(product: Product, name: str, chat: str = "42") -> str:
    return str(product.tells("settings", "--as", f"telegram:{chat}")["settings"][name])


@pytest.mark.parametrize(("lang", "line"), [("en", "· Papers shown: 20 papers"), ("zh", "· 显示篇数：20 篇论文")])
def test_all_settings_stand_on_one_page_with_a_button_each(product: Product, lang: str, line: str) -> None:
    """What stands on the screen, a label and a value, can be pressed, and typed as it stands."""
    product.says("/start", language=lang)
    shown = product.says("/set", language=lang)
    assert line in shown.lines
    rows = [one.removeprefix("· ").replace("：", ":").partition(":") for one in shown.lines if one[:1] == "·"]
    assert shown.buttons == [label for label, _, _ in rows]
    for label, _, value in rows[1:]:  # the first is the schedule, whose values are told in a sentence
        said = product.says(f"/set {label} {value.strip()}", language=lang)
        assert said.lines[0][:1] == "✓", said.lines
        assert "undo" not in said.buttons, "it is as it was"


def test_a_value_is_chosen_by_button_in_place(product: Product) -> None:
    product.says("/set")
    shown = product.presses("Text")
    assert (shown.changed, shown.lines[0]) == (True, "Text: summary")
    assert shown.buttons == ["✓ summary", "abstract", "titles only", "both languages", "all settings"]
    done = product.presses("titles only")
    assert (done.changed, done.lines) == (True, ["✓ Text: titles only (was: summary)"])
    assert setting(product, "text") == "titles"
    product.presses("undo")
    assert "· Text: summary" in product.says("/set").lines


def test_settings_by_word(product: Product) -> None:
    papers, hours = "✓ Papers shown: {} (was: 20 papers)", "✓ Quiet hours: {} (was: from 22:00 to 08:00)"
    for said, answer in [
        ("/set limit 5", papers.format("5 papers")),
        ("/set limit=5", papers.format("5 papers")),
        ("/set LIMIT: 5", papers.format("5 papers")),
        ("/set limit ５", papers.format("5 papers")),
        ("/set 显示篇数：5篇", papers.format("5 papers")),
        ("/set 篇数5", papers.format("5 papers")),
        ("/set quiet hours from 23:00 to 7:00", hours.format("from 23:00 to 07:00")),
        ("/set 免打扰关闭", hours.format("off")),
        ("/set empty days a short note", "✓ Empty days: a short note (was: silence)"),
        ("/settings text titles", "✓ Text: titles only (was: summary)"),
        (
            "/settings schedule weekdays 8:30",
            "✓ Schedule: weekdays 08:30 (was: when-out 08:00-20:00)",
        ),
        ("/lang 中文", "✓ 语言：中文（原为：English）"),
        ("/set 时区 北京", "✓ Time zone: Asia/Shanghai (was: UTC)\nIt is 20:0"),
        ("/tz new york", "✓ Time zone: America/New_York (was: UTC)\nIt is 07:0"),
        (
            "/tz +08:00",
            "✓ Time zone: +08:00 (was: UTC)\n+08:00 is a fixed offset, so it ignores summer time.\nIt is 20:0",
        ),
    ]:
        assert product.says(said).text.startswith(answer)
        product.says("/undo")


def test_what_cannot_be_set_is_said_with_what_can(product: Product) -> None:
    for said, answer in [
        ("/set limit 20", "✓ Papers shown: 20 papers, as it was."),
        ("/set limit many", "✗ Papers shown cannot be “many”.\nPossible: a number from 1 to 200, or all."),
        ("/set text 🎉", "✗ Text cannot be “🎉”.\nPossible: summary, abstract, titles only, both languages."),
        ("/set manage admins", "✗ Who may change it is fixed in this kind of chat: you."),
        ("/set shape", "Layout is fixed in this kind of chat: one digest."),
        ("/set limt 5", "✗ There is no setting “limt”.\nDid you mean limit? There are: Schedule, "),
        ("/set 🎉", "✗ There is no setting “🎉”.\nThere are: Schedule, "),
        ("/tz Berln", "✗ “Berln” is not a time zone that I know.\nDid you mean Europe/Berlin?"),
        (
            "/tz nowhere",
            "✗ “nowhere” is not a time zone that I know.\nFor example: Europe/Berlin, America/New_York, Asia/Shanghai",
        ),
        (
            "/tz +25",
            "✗ “+25” is not an offset that any clock on Earth shows.\nFor example: +08:00, UTC-3 or +05:30.",
        ),
    ]:
        refused = product.says(said)
        assert refused.text.startswith(answer)
        assert "undo" not in refused.buttons
    product.says("/tz Berln")
    assert "Time zone: Europe/Berlin" in product.presses("Europe/Berlin").text


def test_in_a_group_values_stand_on_the_buttons_and_only_admins_change_them(product: Product) -> None:
    product.telegram.knows(GROUP, people={"7": "creator", "8": "member"})
    product.says("/sub kelp", GROUP, by="7")
    shown = product.says("/set", GROUP, by="8")
    assert len(shown.lines) == 1
    assert "Papers shown: 12 papers" in shown.buttons
    refused = product.presses("Papers shown: 12 papers", GROUP, by="8")
    assert refused.toast == "Only admins of this chat can change that."
    assert len(product.presses("Papers shown: 12 papers", GROUP, by="7").lines) == 3
    assert product.presses("50", GROUP, by="7").text == "✓ Papers shown: 50 papers (was: 12 papers)"
    assert product.says("/set limit 5", GROUP, by="8").text == "✗ Only admins of this chat can change that."
    assert setting(product, "limit", GROUP) == "50"
