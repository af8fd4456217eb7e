"""A researcher uses the bot, from the first message to the last."""

from tests.papers import paper
from tests.product import Product

TIDES = paper(
    "Diffusion for tides", "physics.ao-ph", authors=["Mara Lind", "Otis Beck"], abstract="Tides, one step at a time."
)
MAPS = paper("Diffusion for maps: a survey", "cs.CV", authors=["Ines Roth"], abstract="What is known of maps.")
COINS = paper("Diffusion for coins", "cs.CV", authors=["Bo Kern"], abstract="Old coins, drawn anew.")
BOATS = paper("Diffusion for boats: a survey", "cs.CV", authors=["Lea Sol"], abstract="What is known of boats.")


def test_a_researcher_subscribes_gets_an_alert_excludes_undoes_and_forgets(product: Product) -> None:
    hello = product.says("/start")
    assert hello.lines[0] == "I tell you when papers appear that you care about, once a day or at once."

    # The bot confirms a subscription, says what it means, and asks for the time zone.
    reply = product.says("/sub diffusion now")
    assert reply.lines[0] == "✓ 1  diffusion · now"
    assert reply.lines[-1] == "The times are those of UTC. Which clock is yours?"
    product.presses("another city")
    assert product.presses("13:00 Berlin").lines == [
        "✓ Time zone: Europe/Berlin (was: UTC)",
        "It is 13:00 there.",
    ]

    # A matching paper comes at once, with the words that match. Nothing else comes.
    product.brings(TIDES, paper("Graphs of rivers"))
    (alert,) = product.later(minutes=5)
    assert alert.lines[0] == "Diffusion for tides"
    assert alert.lines[-1] == "▸ diffusion"
    assert not alert.silent
    assert "Abstract\nTides, one step at a time." in product.presses("more").text
    assert "in the title: Diffusion for tides" in product.presses("why").text
    assert product.later(minutes=5) == []

    # Two papers at once come in one message. The card of the second paper offers ways to get fewer such papers.
    product.brings(COINS, MAPS)
    (both,) = product.later(hours=1)
    assert both.buttons == ["1", "2"]
    card = product.presses("1" if "1 Diffusion for maps" in both.text else "2")
    assert card.lines[0] == "Diffusion for maps: a survey"
    question = product.presses("less of this")
    assert question.lines == ["What shall 1  diffusion leave out from now on? Write a word, or press:"]
    assert question.buttons[0] == "leave Ines Roth out of 1"
    rule = product.says("survey")
    assert rule.lines == ["✓ 1  diffusion, not survey", "diffusion -survey"]
    assert product.queries() == ["diffusion -survey"]

    # The exclusion works. After an undo, it no longer does.
    product.brings(BOATS)
    assert product.later(hours=1) == []
    undone = product.presses("undo")
    assert undone.lines == ["✓ Undone.", "1 was: diffusion -survey", "1 is: diffusion"]
    assert product.queries() == ["diffusion"]
    product.brings(paper("A survey of diffusion"))
    (survey,) = product.later(hours=1)
    assert survey.lines[0] == "A survey of diffusion"

    # /forget asks for a confirmation. Afterwards nothing is left, and new papers do not come either.
    assert product.says("/forget").buttons == ["keep it", "erase everything"]
    gone = product.presses("erase everything")
    assert gone.lines[0] == "✓ Erased: 1 subscription, the memory of 4 papers, all settings and buttons."
    assert "copies of the database" in gone.lines[1]
    assert gone.lines[2] == "I know nothing of this chat any more. /start begins again."
    product.brings(paper("Diffusion for nobody"))
    assert product.later(hours=1) == []
    assert product.presses("more").toast == "I do not have this paper any more."
    assert product.says("/list").text == "There are no subscriptions yet. For example: /sub diffusion -survey"
