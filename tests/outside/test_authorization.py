"""Authorization where only the platform knows: it does not answer, or a workspace of Slack decides."""

from pathlib import Path

from tests.fakes.slack import APP_TOKEN, FakeSlack
from tests.fakes.slack import TOKEN as SLACK_TOKEN
from tests.product import Product

GROUP = "-1001"


def test_who_cannot_be_asked_about_is_no_admin(product: Product) -> None:
    product.telegram.knows(GROUP, people={"7": "creator"})
    product.telegram.answers("502", times=20, method="getChatMember")
    said = product.says("/sub diffusion", GROUP, by="7").text
    assert said == "✗ I cannot find out now who is an admin, so nothing is changed. Please try again later."
    assert product.queries(GROUP) == []
    product.telegram.forgives()
    assert product.says("/sub diffusion", GROUP, by="7").text.startswith("✓ 1")


def test_in_a_workspace_nobody_locks_themselves_out_and_guests_change_nothing(tmp_path: Path) -> None:
    product = Product(tmp_path)
    with FakeSlack() as slack:
        slack.knows_person("U1", name="ann", admin=True)
        slack.knows_person("U2", name="bo")
        slack.knows_person("U3", name="cy", guest=True)
        slack.knows("C1", name="kelp", people=("U1", "U2", "U3"))
        slack.grants_all()
        product.sets(SLACK_BOT_TOKEN=SLACK_TOKEN, SLACK_APP_TOKEN=APP_TOKEN, SLACK_API_URL=slack.url)

        def says(text: str, by: str) -> str:
            seen = len(slack.journal)
            slack.user_types(f"/paperwire {text}", by=by)
            slack.waits_until_settled()
            slack.waits_for_journal(seen + 1)
            return "\n".join(entry.text for entry in list(slack.journal)[seen:])

        with product.starts("run"):
            slack.waits_connected(1)
            assert "✓ 1" in says("sub kelp", "U2")
            assert "✗" in says("sub seagrass", "U3")
            slack.mentions("sub moss", by="U9")  # somebody whom the refusal cannot reach
            assert "You are no admin here" in says("set manage admins", "U2")
            assert "✓" in says("set manage admins", "U1")
            assert "✗" in says("sub corals", "U2")
        assert [(one["text"], one["state"]) for one in product.subscriptions("slack:C1")] == [("kelp", "active")]
