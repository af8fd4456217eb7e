"""Who may change a chat: nobody locks themselves out of one."""

from tests.prepared import prepared
from tests.product import Product

GROUP = "-1001"
LOCKED_OUT = [
    "✗ You are no admin here, so you could not change anything any more.",
    "An admin can do it: /set manage admins",
]


@prepared
def group(product: Product) -> None:
    """The program in a group in which 7 is an admin, and all members may change what it wants."""
    product.telegram.knows(GROUP, title="Kelp", people={"7": "administrator", "9": "member"})
    product.says("/sub kelp", GROUP, by="7")
    product.says("/set manage members", GROUP, by="7")


def test_a_member_cannot_leave_the_changes_to_admins(group: Product) -> None:
    assert group.says("/set manage admins", GROUP, by="9").lines == LOCKED_OUT
    assert group.says("/set 管理权限 管理员", GROUP, by="9").lines[0].startswith("✗ ")
    assert group.says("/undo", GROUP, by="9").lines == LOCKED_OUT  # the newest change let members in
    assert group.says("/sub seagrass", GROUP, by="9").text.startswith("✓ 2")
    assert group.says("/set manage admins", GROUP, by="7").text.startswith("✓ ")
    assert group.says("/sub corals", GROUP, by="9").lines == ["✗ Only admins of this chat can change that."]


def test_start_ends_a_pause_of_the_group_if_an_admin_says_it(group: Product) -> None:
    group.says("/set manage admins", GROUP, by="7")
    group.says("/stop", GROUP, by="7")
    assert group.says("/start", GROUP, by="9").lines == ["✗ Only admins of this chat can change that."]
    assert "paused" in group.says("/status", GROUP, by="7").text
    assert group.says("/start", GROUP, by="7").text.startswith("✓ Papers come again.")
    assert "paused" not in group.says("/status", GROUP, by="7").text
    assert group.says("/start", GROUP, by="9").text.startswith("I tell this chat when papers appear")


def test_an_operator_and_the_command_line_keep_the_right(group: Product) -> None:
    group.sets(ADMINS="telegram:9")
    assert group.says("/set manage admins", GROUP, by="9").text.startswith("✓ ")
    assert group.says("/sub seagrass", GROUP, by="9").text.startswith("✓ 2")
    assert group.tells("say", "/sub corals", "--as", f"telegram:{GROUP}")["ok"]
