"""People say the same on Telegram, Slack, the page and the console, and get the same papers at the same times, in order."""

import io
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from bot.app import App, build_app
from bot.demo.story import GalleryChannel
from bot.platforms.console.adapter import ConsoleChannel
from bot.platforms.web.channel import WebChannel
from bot.ports.channel import Limits
from bot.settings import Settings
from subscriptions.store.page_messages import newest_page_messages
from tests.bot_harness import BotHarness
from tests.clock import FakeClock
from tests.make import address, ingested, paper
from tests.stored import rows

CHATS = ("telegram:42", "slack:U1", "web:me", "console:me")
SCRIPT: Sequence[Sequence[str]] = (  # what each person says on a day
    ("/schedule daily 09:00", "/sub diffusion -survey", "/sub cat:cs.LG", '/sub author:"Ada Quill" now'),
    ("/edit 2 cat:cs.CL", "/undo", "/pause 1"),
    ("/resume 1", "/unsub 2", "/set order newest"),
    ("/undo",),
)
DAYS = (
    (("Diffusion on graphs", "cs.LG", "Bo Larch"), ("A survey of diffusion", "cs.CV", "Bo Larch"), ("Kites", "cs.RO", "Ada Quill")),
    (("Trees of graphs", "cs.LG", "Ada Quill"), ("Diffusion of heat", "cs.CV", "Bo Larch")),
    (("Diffusion at sea", "cs.LG", "Ada Quill"), ("Words", "cs.CL", "Bo Larch")),
    (("Learning to learn", "cs.LG", "Bo Larch"),),
)  # fmt: skip


def delivered(app: App, chat: str) -> list[tuple[str, int, str]]:
    """Returns (time, position, paper) of each paper that a chat got."""
    platform, _, name = chat.partition(":")
    asked = (
        "SELECT d.due, i.position, p.arxiv_id FROM delivery_item i JOIN delivery d ON d.seq = i.delivery"
        " JOIN paper p ON p.id = i.paper JOIN chat c ON c.id = i.chat"
        " WHERE c.platform = :platform AND c.address = :name ORDER BY d.seq, i.position"
    )
    return [(str(at), place, paper_id) for at, place, paper_id in rows(app.store, asked, platform=platform, name=name)]


async def test_the_same_words_bring_the_same_papers_everywhere(tmp_path: Path, clock: FakeClock) -> None:
    free, console, web = Limits(text=4096, per_second=0, per_lane=0), io.StringIO(), WebChannel(clock)
    posted = {name: GalleryChannel(name, free, clock) for name in ("telegram", "slack")}
    settings = Settings(database_url=SecretStr(f"sqlite:///{tmp_path}/p.db"), access="open")
    app = build_app(settings, clock=clock, channels={**posted, "console": ConsoleChannel(console), "web": web})
    app.open()
    talk = BotHarness(app.store, clock=clock)
    try:
        for words, papers in zip(SCRIPT, DAYS, strict=True):
            for said in words:
                marks = {chat: (await talk.says(said, chat)).payloads[0]["text"][:1] for chat in CHATS}
                assert len(set(marks.values())) == 1, (said, marks)
            ingested(app.store, *(paper(title, cat, authors=(who,)) for title, cat, who in papers), now=clock.now())
            for _ in range(24):
                clock.advance(timedelta(hours=1))
                await app.sender.deliver()
        stories = {chat: delivered(app, chat) for chat in CHATS}
        assert len(stories["web:me"]) == 5
        assert [chat for chat in CHATS if stories[chat] != stories["web:me"]] == []
        page = "\n".join(
            json.loads(one.payload)["text"] for one in newest_page_messages(app.store, address("web:me"), 99)[0]
        )
        shown = [*("\n".join(post.payload for post in posted[name].posts) for name in posted), console.getvalue(), page]
        for _, _, paper_id in stories["web:me"]:  # the page shows the full link of each paper
            assert all(f"https://arxiv.org/abs/{paper_id}" in text for text in shown), paper_id
        ((excluded,),) = rows(app.store, "SELECT arxiv_id FROM paper WHERE title = 'A survey of diffusion'")
        assert not any(excluded in text for text in shown)
    finally:
        await app.close()
