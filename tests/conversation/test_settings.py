"""Settings of a chat, changed by command and by button."""

import pytest

from tests.product import Product

GROUP = "-1001"


@pytest.mark.parametrize(("lang", "line"), [("en", "· Papers shown: 20 papers"), ("zh", "· 显示篇数：20 篇论文")])
def test_all_settings_stand_on_one_page_with_a_button_each(product: Product, lang: str, line: str) -> None:
    shown = product.says("/set", language=lang)
    assert line in shown.lines
    rows = [one.removeprefix("· ").replace("：", ":").partition(":") for one in shown.lines if one[:1] == "·"]
    assert shown.buttons == [label for label, _, _ in rows]


def test_a_value_is_chosen_by_button_in_place(product: Product) -> None:
    product.says("/set")
    shown = product.presses("Text")
    assert (shown.changed, shown.lines[0]) == (True, "Text: summary")
    assert shown.buttons == ["✓ summary", "abstract", "titles only", "both languages", "all settings"]
    done = product.presses("titles only")
    assert (done.changed, done.lines) == (True, ["✓ Text: titles only (was: summary)"])
    assert product.tells("settings", "--as", "telegram:42")["settings"]["text"] == "titles"
    product.presses("undo")
    assert "· Text: summary" in product.says("/set").lines


def test_settings_by_word(product: Product) -> None:
    papers, hours = "✓ Papers shown: {} (was: 20 papers)", "✓ Quiet hours: {} (was: from 22:00 to 08:00)"
    for said, answer in [
        ("/set limit 5", papers.format("5 papers")),
        ("/set LIMIT: 5", papers.format("5 papers")),
        ("/set 显示篇数：5篇", papers.format("5 papers")),
        ("/set quiet hours from 23:00 to 7:00", hours.format("from 23:00 to 07:00")),
        ("/set 免打扰关闭", hours.format("off")),
        ("/settings schedule weekdays 8:30", "✓ Schedule: weekdays 08:30 (was: when-out 08:00-20:00)"),
        ("/set updates grave", "✓ News of kept papers: retractions, withdrawals and concerns (was: all)"),
        ("/set news off", "✓ News of kept papers: none (was: all)"),
        ("/set 更新 仅撤稿", "✓ News of kept papers: retractions, withdrawals and concerns (was: all)"),
        ("/set 论文更新关闭", "✓ News of kept papers: none (was: all)"),
        ("/lang 中文", "✓ 语言：中文（原为：English）"),
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
        ("/set text 🎉", "✗ Text cannot be “🎉”.\nPossible: summary, abstract, titles only, both languages."),
        ("/set limit many", "✗ Papers shown cannot be “many”.\nPossible: a number from 1 to 200, or all."),
        ("/set manage admins", "✗ Who may change it is fixed in this kind of chat: you."),
        ("/set shape", "Layout is fixed in this kind of chat: one digest."),
        ("/set limt 5", "✗ There is no setting “limt”.\nDid you mean limit? There are: Schedule, "),
        ("/tz Berln", "✗ “Berln” is not a time zone that I know.\nDid you mean Europe/Berlin?"),
        ("/tz +25", "✗ “+25” is not an offset that any clock on Earth shows.\nFor example: +08:00, UTC-3 or +05:30."),
    ]:
        refused = product.says(said)
        assert refused.text.startswith(answer)
        assert "undo" not in refused.buttons


def test_in_a_group_values_stand_on_the_buttons_which_only_admins_press(product: Product) -> None:
    product.telegram.knows(GROUP, people={"7": "creator", "8": "member"})
    product.says("/sub kelp", GROUP, by="7")
    shown = product.says("/set", GROUP, by="8")
    assert len(shown.lines) == 1
    assert "Papers shown: 12 papers" in shown.buttons
    refused = product.presses("Papers shown: 12 papers", GROUP, by="8")
    assert refused.toast == "Only admins of this chat can change that."
    assert len(product.presses("Papers shown: 12 papers", GROUP, by="7").lines) == 3
    assert product.presses("50", GROUP, by="7").lines[0] == "✓ Papers shown: 50 papers (was: 12 papers)"
