"""A forum group with two topics: each has its own manager, and one member may read but not change anything."""

from tests.fakes.telegram import NAME, FakeTelegram
from tests.papers import paper
from tests.product import Product

FORUM, VISION, LANGUAGE = "-1001", "-1001/5", "-1001/6"
MARA, OTIS, KIM = {"by": "7", "name": "Mara"}, {"by": "8", "name": "Otis"}, {"by": "9", "name": "Kim"}


def test_a_forum_with_two_topics_and_two_managers(product: Product, telegram: FakeTelegram) -> None:
    people = {"7": "creator", "8": "administrator", "9": "member"}
    telegram.knows(FORUM, title="Our lab", topics=(5, 6), people=people)

    # The bot sends one silent line when it is added, and nothing more.
    telegram.adds(FORUM, by="7")
    greeting = product.listens()
    assert greeting.text == f"Admins: /sub@{NAME} diffusion. I am quiet otherwise."
    assert (greeting.chats, greeting.silent) == ([FORUM], True)
    assert not product.says("what does it do?", VISION, **KIM)

    # Each manager sends a command in their own topic, and the bot answers there in two lines.
    said = product.says(f"/sub@{NAME} diffusion daily 14:00", VISION, **MARA)
    assert said.lines == [
        "✓ 1  diffusion · daily 14:00 UTC",
        "I know no papers yet. First: Thu 22 Jan 14:00.",
        "Changed by @Mara.",
    ]
    assert (said.chats, said.silent) == ([VISION], True)
    assert product.says(f"/sub@{NAME} cs.CL daily 14:00", LANGUAGE, **OTIS).chats == [LANGUAGE]
    assert (product.queries(VISION), product.queries(LANGUAGE), product.queries(FORUM)) == (
        ["diffusion"],
        ["cs.CL"],
        [],
    )

    # A member may see the list.
    refused = product.says(f"/sub@{NAME} graphs", LANGUAGE, **KIM)
    assert refused.lines == ["✗ Only admins of this chat can change that."]
    assert product.says(f"/list@{NAME}", LANGUAGE, **KIM).lines[1].startswith("1  category:cs.CL")

    # Each topic gets its own papers. A paper that fits both topics comes in both.
    product.brings(
        paper("Diffusion of language", "cs.CL"), paper("Diffusion of light", "cs.CV"), paper("Verbs", "cs.CL")
    )
    vision, language = product.later(hours=2)
    assert (vision.chats, language.chats) == ([VISION], [LANGUAGE])
    assert ("Diffusion of light" in vision.text, "Diffusion of light" in language.text) == (True, False)
    assert all("Diffusion of language" in bulletin.text for bulletin in (vision, language))
    assert vision.silent
    assert language.silent

    # All members may press buttons, but only admins may change things. An undo names who made the change.
    assert product.presses("1", LANGUAGE, by="9").chats == [LANGUAGE]
    assert product.presses("less of this", LANGUAGE, by="9").toast == "Only admins of this chat can change that."
    product.presses("less of this", LANGUAGE, by="8")
    quiet = product.presses("pause 1 for a week", LANGUAGE, by="8")
    assert quiet.lines[0] == "✓ 1  cs.CL is paused until Thu 29 Jan 14:00."
    foreign = product.presses("undo", LANGUAGE, by="7")
    paused = "1 was: paused until Thu 29 Jan 14:00"
    assert foreign.lines[:3] == ["✓ Undone: Ada had changed that.", paused, "1 is: active"]

    # A closed topic waits, and the bot says so in the General topic. The other topic goes on.
    telegram.closes_topic(FORUM, 6)
    notice = product.listens()
    assert notice.chats == [FORUM]
    assert notice.lines[:2] == ["A topic of this chat was closed.", "What it subscribes to waits: cs.CL."]
    product.brings(paper("Nouns", "cs.CL"), paper("Diffusion of sand"))
    (vision,) = product.later(days=1)
    assert (vision.chats, "Diffusion of sand" in vision.text) == ([VISION], True)

    # When the topic is opened again, the bot offers it the missed papers there.
    telegram.reopens_topic(FORUM, 6)
    offer = product.listens()
    assert (offer.chats, offer.lines[0], offer.buttons) == ([LANGUAGE], "1 paper waits.", ["send now", "skip"])
    missed = product.presses("send now", LANGUAGE, by="8")
    assert (missed.lines[0], "Nouns" in missed.text) == ("✓ 1 paper is on its way.", True)
    assert missed.chats[1:] == [LANGUAGE]
