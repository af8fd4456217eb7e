"""Buttons under deliveries: they open cards and papers beyond the limit, and add exclusions to queries."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.commands.intent import REGISTRY
from bot.ports.channel import Button
from bot.rendering import outline
from bot.rendering.language import Language
from subscriptions.model import Paper, Summary
from subscriptions.service.requests import unsubscribe
from subscriptions.store.chats import describe
from tests import make
from tests.bot_harness import Answer, BotHarness
from tests.conversation.deliverer import GROUP, ME, comes, delivered, subscribe_to, texts
from tests.make import address, summary, translation
from tests.unit import deliveries

LINKS = ["PDF", "arXiv"]
FIRST = ["PDF", "save", "👍", "👎"]
CARD = [*FIRST, "more", "exclude", "⋯"]
REST = ["arXiv", "why", "mute ▾", "follow authors", "more like this", "‹ back"]
OLD_BUTTON = "I do not have this paper any more."


def papers(amount: int, title: str = "Diffusion {}", **fields: Any) -> list[Paper]:
    return [make.paper(title.format(number), "cs.LG", **fields) for number in range(1, amount + 1)]


def test_no_two_buttons_of_cards_share_a_letter() -> None:
    letters = [one.letter for one in REGISTRY.callbacks.values() if one.letter]
    assert len(set(letters)) == len(letters) > 5


def test_a_card_has_all_buttons_that_are_declared() -> None:
    opens, (paper, *_) = Button(label="1", data="opens"), deliveries.items(1)
    buttons, back = outline.card_buttons(opens, paper, Language("en", "UTC")), ["opens.b"]
    shown = [button.data for button in (*buttons.first, *buttons.second, *buttons.rest) if button.data]
    assert sorted(shown + back) == sorted(f"opens.{letter}" for letter in REGISTRY.verbs_of_cards)


async def test_an_alert_of_one_paper_has_its_verbs_below(bot: BotHarness) -> None:
    alert = await delivered(bot, *papers(1))
    assert [[key["text"] for key in row] for row in alert.payloads[0]["buttons"]] == [CARD[:4], CARD[4:]]


async def test_two_papers_have_numbers_that_open_their_cards(bot: BotHarness) -> None:
    sent = await delivered(
        bot, make.paper("Diffusion one"), make.paper("Diffusion two", abstract="It all begins with noise.")
    )
    assert sent.buttons == ["1", "2"]
    first = sent.lines[0].removeprefix("1 ")
    card = await bot.presses("1")
    assert card.lines[0] == first
    assert not card.replaces
    assert card.buttons == CARD


async def test_a_digest_has_at_most_sixteen_papers_a_message_each_with_its_number(bot: BotHarness) -> None:
    sent = await delivered(bot, *papers(19))
    assert [len(payload["buttons"]) for payload in sent.payloads] == [2, 1]
    assert [[key["text"] for row in p["buttons"] for key in row] for p in sent.payloads] == [
        [str(number) for number in range(1, 17)],
        ["17", "18", "19"],
    ]
    for label in ("1", "16", "17", "19"):
        (line,) = [line for line in sent.lines if line.startswith(f"{label} Diffusion")]
        assert (await bot.presses(label)).lines[0] == line.removeprefix(f"{label} ").partition(" — ")[0]


async def test_the_rest_behind_the_limit_opens_in_pages_for_ever(bot: BotHarness) -> None:
    await subscribe_to(bot, "diffusion")
    bot.sets(ME, limit="6")
    bot.brings(*papers(25))
    sent = await comes(bot)
    assert "and 19 more" in sent.text
    assert sent.buttons[-1] == "show 19 more"
    bot.later(days=400)
    rest = await bot.presses("show 19 more")
    assert rest.lines[0].startswith("7 ")
    assert rest.buttons == [*map(str, range(7, 23)), "show 3 more"]
    last = await bot.presses("show 3 more")
    assert last.buttons == ["23", "24", "25"]
    shown = [line.split(" ")[2] for sent in (sent, rest, last) for line in sent.lines if " — " in line]
    assert sorted(map(int, shown)) == list(range(1, 26))
    card = await bot.presses("24")
    assert "Diffusion" in card.lines[0]


async def test_papers_of_a_followed_author_are_never_behind_the_limit(bot: BotHarness) -> None:
    await subscribe_to(bot, "diffusion", 'author:"Jane Doe"')
    bot.sets(ME, limit="2")
    bot.brings(*papers(5), *papers(3, "By Jane {}", authors=("Jane Doe",)))
    sent = await comes(bot)
    assert all(f"By Jane {number}" in sent.text for number in (1, 2, 3))
    assert "show 5 more" in sent.buttons


@pytest.mark.parametrize("value", ["off", "link"])
async def test_a_limit_hides_nothing_where_no_button_opens_the_rest(bot: BotHarness, value: str) -> None:
    await subscribe_to(bot, "diffusion", chat=GROUP)
    bot.sets(GROUP, limit="2")
    bot.sets(GROUP, buttons=value)
    bot.brings(*papers(7))
    sent = await comes(bot, GROUP)
    assert all(f"Diffusion {number}" in sent.text for number in range(1, 8))
    assert sent.buttons == []  # there is not even a link, since the bot's name is not known here


async def test_what_was_hidden_counts_as_told(bot: BotHarness) -> None:
    await subscribe_to(bot, "diffusion")
    bot.sets(ME, limit="2")
    bot.brings(*papers(4))
    await comes(bot)
    await subscribe_to(bot, "cs.LG")
    bot.brings(*papers(1, "Another {}"))
    assert "Diffusion" not in (await comes(bot)).text


def card_data(sent: Answer) -> str:
    """Returns the data of the button that opens the card of the first paper."""
    return next(key["data"] for key in sent.keys if "data" in key).split(".")[0] + ".c0"


@pytest.mark.parametrize("opened_by", ["alert", "number", "id"])
async def test_the_rest_of_the_buttons_opens_and_closes_in_the_same_message(bot: BotHarness, opened_by: str) -> None:
    sent = await delivered(
        bot, make.paper("Diffusion", arxiv_id="2601.00001"), *papers(1 if opened_by == "number" else 0)
    )
    if opened_by == "id":
        sent = await bot.says("2601.00001")
    elif opened_by == "number":
        sent = await bot.presses("1")
    before = sent.payloads[0]["buttons"]
    opened = await bot.presses("⋯")
    assert (opened.replaces, opened.text, opened.buttons) == (True, "", REST)
    closed = await bot.presses("‹ back")
    assert (closed.replaces, closed.text, closed.payloads[0]["buttons"]) == (True, "", before)
    assert (await bot.presses("more like this")).text, "of the message as it was opened"


async def test_what_is_shown_whole_stays_without_more(bot: BotHarness) -> None:
    bot.brings(make.paper("Diffusion", arxiv_id="2601.00001"))
    await bot.says("2601.00001")
    await bot.presses("more")
    assert (await bot.presses("⋯")).buttons == ["arXiv", "follow authors", "more like this", "‹ back"]
    assert (await bot.presses("‹ back")).buttons == [*FIRST, "⋯"]


@pytest.mark.parametrize("letter", ["", *(f".{letter}" for letter in REGISTRY.verbs_of_cards)])
async def test_each_button_of_a_card_has_an_answer(bot: BotHarness, letter: str) -> None:
    sent = await delivered(bot, *papers(1))
    answer = await bot.sends_request(ME, callback_data=card_data(sent) + letter, callback_id="p")
    assert answer.text or answer.toast or answer.buttons
    assert answer.toast != OLD_BUTTON


async def test_more_tells_everything_in_place_of_the_card(bot: BotHarness) -> None:
    set_setting_of = {"tldr": "It is short.", "method": "We add noise.", "result": "N/A"}
    whole = make.paper(
        "Diffusion one",
        "cs.LG",
        "stat.ML",
        abstract="The whole abstract. It has two sentences.",
        authors=[f"Author Number{n}" for n in range(1, 8)],
        comment="12 pages",
        summaries=(
            Summary(language="en", fields=set_setting_of),
            Summary(language="zh", fields={"tldr": "很短。"}),
        ),
    )
    sent = await delivered(bot, whole, make.paper("Diffusion two"))
    place = "1" if sent.lines[0] == "1 Diffusion one" else "2"
    await bot.presses(place)
    more = await bot.presses("more")
    assert more.replaces
    assert more.buttons == [*FIRST, "exclude", "⋯"]
    for part in ("Author Number5", "cs.LG, stat.ML", "In short\nAI: It is short.", "Method\nAI: We add noise."):
        assert part in more.text
    assert "Abstract\nThe whole abstract. It has two sentences." in more.text
    assert "Comment\n12 pages" in more.text
    assert "N/A" not in more.text
    assert "很短" not in more.text


async def test_more_under_an_alert_leaves_the_alert_as_it_is(bot: BotHarness) -> None:
    await delivered(bot, make.paper("Diffusion one", abstract="All of it."))
    more = await bot.presses("more")
    assert not more.replaces
    assert "All of it." in more.text
    assert more.buttons == [*FIRST, "exclude", "⋯"]


async def test_why_names_the_subscriptions_and_marks_the_passages(bot: BotHarness) -> None:
    await subscribe_to(bot, "noise -survey", 'author:"Jane Doe"', "cs.LG")
    abstract = "A long beginning about nothing at all. " * 8 + "Then we add noise to it. " + "And so on and on. " * 12
    bot.brings(make.paper("Diffusion one", "cs.LG", abstract=abstract, authors=("Jane Doe", "A. Other")))
    await comes(bot)
    await bot.presses("⋯")
    why = await bot.presses("why")
    assert "1  noise -survey" in why.text
    assert "<i>in the abstract:</i> …" in why.markup
    assert "add <u>noise</u> to it." in why.markup
    assert "<i>author:</i> <u>Jane Doe</u>" in why.markup
    assert "2  author:" in why.text
    assert "<i>category:</i> <u>cs." in why.markup
    assert len(why.text) < 800


@pytest.mark.parametrize(("label", "days", "until"), [("1 for a day", 1, "Fri 23"), ("1 for a week", 7, "Thu 29")])
async def test_mute_asks_for_how_long_and_can_be_undone(bot: BotHarness, label: str, days: int, until: str) -> None:
    sent = await delivered(bot, *papers(1))
    await bot.presses("⋯")
    asked = await bot.presses("mute ▾")
    assert asked.lines == ["What shall be quiet?", "1  diffusion"]
    assert asked.buttons == ["1 for a day", "1 for a week"]
    assert not asked.replaces
    muted = await bot.presses(label)
    assert muted.replaces
    assert muted.text == f"✓ 1  diffusion is quiet until {until} Jan 12:00. Its papers wait until then."
    assert muted.buttons == ["undo"]
    (subscription,) = bot.listed(ME)
    assert subscription.subscription.state == "paused"
    assert subscription.subscription.paused_until == bot.clock.now() + timedelta(days=days)
    again = await bot.sends_request(ME, callback_data=f"{card_data(sent)}.q", callback_id="p")
    assert again.toast == "It is paused already."
    await bot.presses("undo")
    assert bot.listed(ME)[0].subscription.state == "active"


async def test_mute_offers_each_subscription_that_brought_the_paper(bot: BotHarness) -> None:
    await delivered(bot, *papers(1), of=["diffusion", "cs.LG"])
    await bot.presses("⋯")
    asked = await bot.presses("mute ▾")
    assert asked.lines == ["What shall be quiet?", "1  diffusion", "2  cs.LG"]
    assert [[key["text"] for key in row] for row in asked.payloads[0]["buttons"]] == [
        ["1 for a day", "1 for a week"],
        ["2 for a day", "2 for a week"],
    ]
    await bot.presses("2 for a day")
    assert [one.subscription.state for one in bot.listed(ME)] == ["active", "paused"]
    assert (await bot.presses("1 for a week")).text.startswith("✓ 1  diffusion is quiet")
    assert [one.subscription.state for one in bot.listed(ME)] == ["paused", "paused"]


async def test_mute_leaves_out_the_topic_of_the_paper(bot: BotHarness) -> None:
    await delivered(bot, make.paper("Diffusion for Video Generation"))
    await bot.presses("⋯")
    assert (await bot.presses("mute ▾")).buttons == ["topic: Video Generation", "1 for a day", "1 for a week"]
    done = await bot.presses("topic: Video Generation")
    assert done.replaces
    assert done.buttons == ["undo"]
    assert texts(bot) == ['diffusion -"Video Generation"']
    await bot.presses("undo")
    assert texts(bot) == ["diffusion"]


async def test_a_subscription_that_is_gone_is_told_kindly(bot: BotHarness) -> None:
    alert = await delivered(bot, *papers(1), of=["diffusion", "cs.LG"])
    await bot.presses("⋯")
    await bot.presses("mute ▾")
    unsubscribe(bot.store, address(ME), "all", now=bot.clock.now())
    gone = "No subscription of this chat brings this paper any more."
    assert (await bot.presses("1 for a day")).toast == gone
    data = card_data(alert)
    assert (await bot.sends_request(ME, callback_data=f"{data}.q", callback_id="p")).toast == gone
    card = await bot.sends_request(ME, callback_data=data, callback_id="p")
    assert card.buttons == CARD
    assert (await bot.presses("exclude")).toast == gone


async def offered(bot: BotHarness, chat: str = ME, **more: Any) -> Answer:
    """Delivers what is due and presses [exclude]. Returns the card that opens."""
    await comes(bot, chat)
    return await bot.presses("exclude", chat, **more)


async def test_exclude_writes_a_readable_rule_into_the_query(bot: BotHarness) -> None:
    await subscribe_to(bot, "diffusion")
    bot.brings(make.paper("Diffusion for Video Generation", authors=("Jane Doe", "Max Muster")))
    menu = await offered(bot)
    assert menu.text == "What shall 1  diffusion leave out from now on?"
    assert menu.buttons == ["Video Generation", "Jane Doe", "Max Muster"]
    done = await bot.presses("Video Generation")
    assert done.replaces
    assert done.text == '✓ 1  diffusion, not "Video Generation"\ndiffusion -"Video Generation"'
    assert done.buttons == ["undo"]
    assert texts(bot) == ['diffusion -"Video Generation"']
    bot.brings("More diffusion for video generation", "Diffusion for proteins")
    assert (await comes(bot)).lines[0] == "Diffusion for proteins"
    assert (await bot.presses("undo")).replaces
    assert texts(bot) == ["diffusion"]


async def test_an_author_can_be_left_out(bot: BotHarness) -> None:
    await subscribe_to(bot, "diffusion OR flow")
    bot.brings(make.paper("Diffusion for Video Generation", authors=("Jane Doe",)))
    await offered(bot)
    await bot.presses("Jane Doe")
    assert texts(bot) == ['(diffusion OR flow) -author:"Jane Doe"']


async def test_words_that_the_query_asks_for_are_not_offered(bot: BotHarness) -> None:
    await subscribe_to(bot, '"video generation"')
    bot.brings(make.paper("Video Generation", authors=()))
    assert (await offered(bot)).lines == [
        "This title has no words that are rare among the other papers.",
        'Write what it shall leave out: /edit 1 "video generation" -survey',
    ]


async def test_other_subscriptions_that_still_find_it_are_named(bot: BotHarness) -> None:
    await subscribe_to(bot, "diffusion", "cs.LG", "rlhf, video")
    bot.brings(make.paper("Diffusion for Video Generation", "cs.LG"))
    await offered(bot)
    first = await bot.presses("Video Generation")
    assert first.lines[-1] == "2  cs.LG still finds such papers."
    assert first.buttons == ["leave it out there, too", "undo"]
    await bot.presses("leave it out there, too")
    await bot.presses("leave it out there, too")
    assert texts(bot) == [
        'diffusion -"Video Generation"',
        'cs.LG -"Video Generation"',
        '(rlhf OR video) -"Video Generation"',
    ]
    assert "leave it out there, too" not in bot.last[ME][-1].buttons


async def test_a_query_that_was_edited_since_keeps_its_new_words(bot: BotHarness) -> None:
    await subscribe_to(bot, "diffusion")
    bot.brings("Diffusion for Video Generation")
    await offered(bot)
    unsubscribe(bot.store, address(ME), "1", now=bot.clock.now())
    assert (await bot.presses("Video Generation")).toast == "No subscription of this chat brings this paper any more."
    await subscribe_to(bot, "diffusion")
    assert (await bot.presses("Video Generation")).toast  # no effect: the new subscription has another number
    assert texts(bot) == ["diffusion"]


async def test_each_author_has_a_button_that_follows_them(bot: BotHarness) -> None:
    await subscribe_to(bot, "diffusion")
    names = [f"Author Number{letter}" for letter in "abcdefghij"]
    authors = [names[0], "J. D.", *names[1:]]  # an author with only initials cannot be followed
    bot.brings(make.paper("Diffusion one", authors=authors), make.paper("Diffusion two", authors=authors))
    await comes(bot)
    await bot.presses("1")
    await bot.presses("⋯")
    asked = await bot.presses("follow authors")
    assert asked.buttons == [names[0], names[-1], *names[1:6], "3 more"]
    followed = await bot.presses("Author Numbera")
    assert followed.text.startswith("✓ 2  ")
    assert "undo" in followed.buttons
    further = await bot.presses("3 more")
    assert further.replaces
    assert further.buttons == names[6:9]
    await bot.presses("Author Numberj")
    assert texts(bot) == ["diffusion", 'author:"Author Numbera"', 'author:"Author Numberj"']
    assert [one.subscription.name for one in bot.listed(ME)] == [
        "",
        "Author Numbera",
        "Author Numberj",
    ]


async def test_in_a_group_all_may_read_and_only_admins_change(bot: BotHarness) -> None:
    bot.admins[GROUP] = {"7"}
    await delivered(bot, *papers(2), chat=GROUP)
    assert (await bot.presses("1", GROUP, by="8")).text
    assert (await bot.presses("⋯", GROUP, by="8")).buttons == REST
    for label in ("mute ▾", "exclude", "follow authors"):
        assert (await bot.presses(label, GROUP, by="8")).toast == "Only admins of this chat can change that."
    assert (await bot.presses("why", GROUP, by="8")).text
    assert (await bot.presses("mute ▾", GROUP, by="7")).text
    assert (await bot.presses("1 for a day", GROUP, by="8")).toast == "Only admins of this chat can change that."
    assert (await bot.presses("1 for a day", GROUP, by="7")).text.startswith("✓")


async def test_a_delivery_of_another_chat_opens_nothing(bot: BotHarness) -> None:
    await subscribe_to(bot, "diffusion")
    await subscribe_to(bot, "diffusion", chat="telegram:43")
    bot.brings(*papers(2))
    sent = await comes(bot)
    data = sent.keys[0]["data"]
    for pressed in (data, data.replace(".c0", ".m"), f"{data}.q", data.replace(".c0", ".c1.f")):
        stolen = await bot.sends_request("telegram:43", callback_data=pressed, callback_id="p")
        assert stolen.toast == OLD_BUTTON
        assert not stolen.payloads
        unknown = await bot.sends_request("telegram:99", callback_data=pressed, callback_id="p")
        assert not unknown.payloads


@pytest.mark.parametrize(
    "data", ["d0123456789abcdef.c0", "d{}.c7", "d{}.m", "d{}.m9", "d{}.c9999.f", "d{}.c5.w", "d{}.c5.q"]
)
async def test_a_place_that_is_not_there_opens_nothing(bot: BotHarness, data: str) -> None:
    sent = await delivered(bot, *papers(2))
    delivery = sent.keys[0]["data"][1:17]
    assert (await bot.sends_request(ME, callback_data=data.format(delivery), callback_id="p")).toast == OLD_BUTTON


@pytest.mark.parametrize(
    "data",
    [
        *("d{}.c", "d{}.z0", "d{}.c1234567", "d{}", "d{}.c0 ", "D{}.c0", "d{}.c-1"),
        *("d{}.c0.z", "d{}.c0.s.s", "d{}.m.s", "d{}.f0.s", "d{}.c0.", ".s", "."),
    ],
)
async def test_data_that_nobody_made_is_an_old_button(bot: BotHarness, data: str) -> None:
    assert "does not work" in (await bot.sends_request(ME, callback_data=data.format("0" * 16), callback_id="p")).toast


async def test_only_the_button_of_a_card_takes_a_letter(bot: BotHarness) -> None:
    await subscribe_to(bot, "diffusion")
    unsubscribed = await bot.says("/unsub 1")
    undo = unsubscribed.keys[-1]["data"]
    assert "does not work" in (await bot.sends_request(ME, callback_data=f"{undo}.s", callback_id="p")).toast
    bot.brings(*papers(1, arxiv_id="2601.00001"))
    card = await bot.says("2601.00001")
    opens = next(key["data"] for key in card.keys if key["text"] == "more").removesuffix(".f")
    assert (await bot.sends_request(ME, callback_data=f"{opens}.s", callback_id="p")).toast.startswith("Saved")
    assert (
        "does not work" in (await bot.sends_request("telegram:43", callback_data=f"{opens}.s", callback_id="p")).toast
    )


@pytest.mark.sentences
async def test_a_card_that_was_shown_can_be_meant_without_its_id(bot: BotHarness) -> None:
    await subscribe_to(bot, "diffusion")
    bot.brings(make.paper("Diffusion", arxiv_id="2601.00001"), make.paper("Noise", arxiv_id="2601.00002"))
    await bot.says("2601.00002")
    assert (await bot.says("save it")).lines == ["✓ Saved: Noise (2601.00002)"]


async def test_a_paper_that_was_withdrawn_says_so_on_its_card(bot: BotHarness) -> None:
    await subscribe_to(bot, "diffusion")
    first = make.paper("Diffusion one", version=1)
    bot.brings(first, "Diffusion two")
    sent = await comes(bot)
    place = "1" if sent.lines[0] == "1 Diffusion one" else "2"
    bot.brings(replace(first, version=2, comment="This paper has been withdrawn by its authors"), now=bot.later(days=3))
    card = await bot.presses(place)
    assert "withdrawn by the authors" in card.text
    assert "<s>" in card.markup


async def test_a_paper_that_was_named_has_a_card_with_what_can_be_done(bot: BotHarness) -> None:
    bot.brings(make.paper("Diffusion one", "cs.LG", arxiv_id="2601.00777"))
    card = await bot.says("https://arxiv.org/abs/2601.00777v2")
    assert "Diffusion one" in card.text
    assert card.buttons == [*FIRST, "more", "⋯"]
    assert "Abstract" not in card.text
    more = await bot.presses("more")
    assert more.replaces


async def test_the_card_of_a_named_paper_knows_which_subscription_it_fits(bot: BotHarness) -> None:
    await subscribe_to(bot, "diffusion")
    bot.brings(make.paper("Diffusion for Video Generation", arxiv_id="2601.00778"))
    card = await bot.says("2601.00778")
    assert card.text.endswith("▸ diffusion")
    assert card.buttons == CARD
    await bot.presses("⋯")
    await bot.presses("exclude")
    await bot.presses("Video Generation")
    assert texts(bot) == ['diffusion -"Video Generation"']
    assert (await bot.presses("why")).text  # the button is on the old card, which names the query before the change


async def test_in_a_group_that_became_public_a_card_has_only_links(bot: BotHarness) -> None:
    sent = await delivered(bot, *papers(2), chat=GROUP)
    assert (await bot.presses("1", GROUP)).buttons
    with bot.store.write() as transaction:
        describe(transaction, address(GROUP).lane, title="", public=True)
    card = await bot.sends_request(GROUP, callback_data=sent.keys[0]["data"], callback_id="p")
    assert "Diffusion" in card.text
    assert card.buttons == LINKS
    assert all("url" in key for key in card.keys)
    more = await bot.sends_request(GROUP, callback_data=f"{sent.keys[0]['data']}.f", callback_id="p")
    assert more.buttons == LINKS


SITE = "https://www.biorxiv.org/content/10.1101/2026.01.02.123456v2"
SEARCH = "https://arxiv.org/search/?query="


@pytest.mark.parametrize(
    ("known", "links"),
    [
        ({}, ["PDF https://arxiv.org/pdf/2601.15529", "arXiv https://arxiv.org/abs/2601.15529"]),
        (
            {"arxiv_id": "hep-th/9901001"},
            ["PDF https://arxiv.org/pdf/hep-th/9901001", "arXiv https://arxiv.org/abs/hep-th/9901001"],
        ),
        ({"arxiv_id": None, "doi": "10.1000/ab(c)", "url": None}, ["DOI https://doi.org/10.1000/ab(c)"]),
        (
            {"arxiv_id": None, "doi": "10.1101/2026.01.02.123456", "url": SITE},
            [f"PDF {SITE}.full.pdf", "DOI https://doi.org/10.1101/2026.01.02.123456"],
        ),
        ({"arxiv_id": None, "url": "https://example.org/paper"}, ["open https://example.org/paper"]),
        ({"arxiv_id": None, "url": "https://example.org/A.PDF"}, ["PDF https://example.org/A.PDF"]),
        (
            {"arxiv_id": None, "url": None, "title": "Noise & $k$-NN: a diffusion's tale?"},
            [f"find it {SEARCH}Noise+k-NN+a+diffusion%27s+tale&searchtype=title"],
        ),
        (
            {"arxiv_id": None, "url": None, "title": "", "abstract": "Diffusion starts, from noise; and ends."},
            [f"find it {SEARCH}Diffusion+starts+from+noise+and+ends&searchtype=abstract"],
        ),
    ],
)
async def test_every_card_leads_to_its_paper(bot: BotHarness, known: dict[str, Any], links: list[str]) -> None:
    await subscribe_to(bot, "diffusion")
    other = make.paper("Diffusion, too", abstract="So that there are numbers.")
    given = {"title": "A diffusion", "arxiv_id": "2601.15529", "key": "k1", **known}
    bot.brings(other, replace(make.paper("x"), **given))
    numbered = await comes(bot)
    place = next(key["text"] for key in numbered.keys if f"{key['text']} Diffusion, too" not in numbered.text)
    card = await bot.presses(place)
    for shown in (card, await bot.presses("more")):
        rest = await bot.presses("⋯")
        assert [f"{key['text']} {key['url']}" for key in (*shown.keys, *rest.keys) if "url" in key] == links


async def test_texts_in_the_language_of_the_chat_come_first_on_a_card(bot: BotHarness) -> None:
    both = (summary("英文之前的总结")[0], summary("An English summary.", "en")[0])
    there = (
        make.paper(
            "Diffusion A", abstract="Abstract A.", summaries=both, translations=translation(abstract="译文甲。")
        ),
        make.paper(
            "Diffusion B",
            abstract="Abstract B.",
            summaries=both[1:],
            translations=translation(abstract="译文乙。"),
        ),
        make.paper("Diffusion C", abstract="Abstract C.", summaries=both[:1]),
    )
    bot.brings(*there)

    async def shown_for(place: int) -> tuple[str, list[str]]:
        card = await bot.says(there[place].arxiv_id or "")
        return card.lines[2], [line for line in (await bot.presses(card.buttons[4])).lines[2:] if line]

    assert (await shown_for(0))[0] == "AI: An English summary."
    assert await shown_for(2) == ("Abstract C.", ["Abstract", "Abstract C.", "In short", "AI: 英文之前的总结"])
    bot.later(minutes=1)
    await bot.says("/lang zh")
    assert await shown_for(0) == (
        "AI: 英文之前的总结",
        ["概要", "AI: 英文之前的总结", "摘要译文", "译文甲。", "摘要", "Abstract A."],
    )
    assert await shown_for(1) == (
        "译文乙。",
        ["摘要译文", "译文乙。", "概要", "AI: An English summary.", "摘要", "Abstract B."],
    )


@pytest.mark.sentences
async def test_a_chat_that_reads_both_languages_has_the_original_title_below_its_own(bot: BotHarness) -> None:
    await bot.says("/lang zh")
    assert (await bot.says("中英对照")).lines[0] == "✓ 内容：中英对照（原为：总结）"
    bot.later(minutes=1)
    own_title, own_text = translation(title="烟雾的扩散"), summary("烟雾散开。")
    smoke = make.paper("Diffusion of smoke", summaries=own_text, translations=own_title)
    sent = await delivered(bot, smoke, make.paper("Diffusion of ink"))
    assert [line for line in sent.lines if "iffusion of" in line or "烟雾" in line] == [
        "1 Diffusion of ink",
        "2 烟雾的扩散",
        "Diffusion of smoke",
        "AI: 烟雾散开。",
    ]
    card = await bot.presses("2")
    whole = await bot.presses("更多")
    found = await bot.says("/search smoke")
    for said in (card, whole, found, await bot.says(smoke.arxiv_id or "")):
        page = "\n".join(said.lines)
        assert (page.count("烟雾的扩散"), page.count("Diffusion of smoke")) == (1, 1)
        assert page.index("烟雾的扩散") < page.index("Diffusion of smoke")
    bot.brings(tides := make.paper("Tides", translations=translation(title="潮汐")))
    assert f"· 潮汐 ({tides.arxiv_id})" in (await bot.says("/sub tides")).lines
    await bot.says("/set 内容 总结")
    assert "烟雾的扩散" not in (await bot.says("/search smoke")).text
