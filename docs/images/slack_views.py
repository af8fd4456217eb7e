"""The page of Slack's views for the pictures: `python docs/images/slack_views.py gallery`, from the sample digests.

A form that is being filled in, one that begins with a paper, and the tab Home, as the real pipeline makes them.
"""

# ruff: noqa: INP001, T201, D102, D103, ANN401 - a script beside its pictures

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jinja2 import Environment, FileSystemLoader
from pydantic import SecretStr

from bot.app import App, build_app
from bot.conversation.handler import answer
from bot.conversation.reply_sender import StoredReply
from bot.dependencies.system_clock import SystemClock
from bot.platforms.slack.markup import LOOK, home_view, modal_view
from bot.ports.channel import HomeView, Modal
from bot.ports.conversation import EventRequest, FormRequest, MessageRequest, Place, Request
from bot.rendering import brand
from bot.settings import Settings
from bot.sources.ingest import ingest
from subscriptions.model import ChatAddress, ChatKind
from subscriptions.service.amendments import set_settings
from subscriptions.service.pausing import pause
from subscriptions.service.requests import SubscriptionRequest, subscribe

MORNING = datetime(2026, 1, 23, 6, 30, tzinfo=UTC)
ANN, CHANNEL, READING = ChatAddress("slack", "U0LENA"), ChatAddress("slack", "C0VISION"), ChatAddress("slack", "C0READ")
DIGESTS = (
    ("daily arXiv", "daily_arxiv.md"),
    ("bilingual list", "bilingual.txt"),
    ("trending papers", "hf_papers.json"),
)
NAMES = {CHANNEL: "#vision-papers", READING: "#reading-group"}


@dataclass(slots=True)
class Everywhere:
    """Forms that nobody sees; Lena is in both channels."""

    platform: str = "slack"

    def render_modal(self, modal: Modal, callback_token: str) -> str:
        return modal_view(modal, callback_token)

    def render_home_view(self, home: HomeView) -> str:
        return home_view(home)

    async def open_modal(self, *_: object) -> None: ...

    async def update_modal(self, *_: object) -> None: ...

    async def publish_home(self, *_: object) -> None: ...

    async def shared_chats(self, _: ChatAddress) -> frozenset[str]:
        return frozenset(chat.address for chat in NAMES)


def made(folder: Path) -> App:
    """A bot with the sample papers and three chats."""
    settings = Settings(database_url=SecretStr(f"sqlite:///{folder}/views.db"), access="open")
    app = build_app(settings, clock=SystemClock(MORNING), channels={})
    app.open()
    assert app.deps.conversation is not None  # noqa: S101 - build_app made it
    app.deps = replace(app.deps, conversation=replace(app.deps.conversation, forms={"slack": Everywhere()}))
    return app


def wishes(app: App) -> None:
    """What the chats ask for."""
    now = MORNING - timedelta(minutes=20)
    own = (("diffusion -survey", "daily 08:00", ""), ('author:"Ranjay Krishna"', "now", "Krishna"))
    team = (
        ('"video generation" OR cat:cs.CV', "when-out 09:00-18:00 weekdays", ""),
        ("segmentation", "weekly mon 09:00", ""),
    )
    group = (('"language model" agents', "weekdays 09:00", "agents"),)
    for chat, texts in ((ANN, own), (CHANNEL, team), (READING, group)):
        for text, when, name in texts:
            wish = SubscriptionRequest(text=text, when=when, name=name or None, tz="Europe/Berlin")
            subscribe(app.store, chat, wish, now=now, title=NAMES.get(chat, ""))
        set_settings(app.store, chat, {"timezone": "Europe/Berlin"}, now=now)
    pause(app.store, CHANNEL, 2, until=MORNING + timedelta(days=10), now=now)


async def asked(app: App, chat: ChatAddress, make: Callable[..., Request], **fields: Any) -> StoredReply:
    kind = ChatKind.PRIVATE if chat == ANN else ChatKind.TEAM
    place = Place(chat=chat, kind=kind, title=NAMES.get(chat, ""))
    request = make(place=place, sender=ANN.address, sender_name="Lena", trigger_id="t", language="en", **fields)
    posting = await answer(app.deps, request)
    assert posting is not None  # noqa: S101 - each of these is answered
    return posting


async def shots(app: App) -> list[dict[str, Any]]:
    for source, name in DIGESTS:
        data = files("bot").joinpath("samples", name).read_bytes()
        await ingest(app.deps, data, name, source=source)
    wishes(app)
    empty = await asked(app, CHANNEL, MessageRequest, update_id="1", command="sub")
    link = view_id(empty)
    filled = {
        "query": "diffusion -survey",
        "when": "weekdays",
        "clock": "09:00",
        "zone": "Europe/Berlin",
        "place": "here",
    }
    form = await asked(app, ANN, FormRequest, update_id="2", callback_data=link, view_id="V1", values=filled)
    told = {"name": "subscribe", "text": "https://arxiv.org/abs/2601.15441"}
    paper = await asked(
        app, CHANNEL, EventRequest, update_id="3", event="shortcut", details=told, message_id="1769068800.000200"
    )
    home = await asked(app, ANN, EventRequest, update_id="4", event="home-view")
    return [
        {"anchor": "form", "who": "A new subscription", **shown(form.modal)},
        {"anchor": "paper", "who": "Begun with a paper", **shown(paper.modal)},
        {"anchor": "home", "who": "The tab Home", **shown(home.home_view)},
    ]


def shown(text: str) -> dict[str, Any]:
    """A view, and each of its blocks as Slack shows it; a field stays as it is."""
    view = json.loads(text)
    blocks = [
        block if block["type"] == "input" else LOOK.display(json.dumps({"blocks": [block]})) for block in view["blocks"]
    ]
    return {"view": view, "blocks": blocks}


def view_id(posting: StoredReply) -> str:
    """What stands in a form's metadata."""
    return str(json.loads(posting.modal)["private_metadata"])


def main(out: Path) -> None:
    with TemporaryDirectory(prefix="paperwire-views-") as folder:
        app = made(Path(folder))
        found = asyncio.run(shots(app))
        app.store.close()
    out.mkdir(parents=True, exist_ok=True)
    page = out / "slack.html"
    folders = [Path(__file__).parent, str(files("templates").joinpath("gallery"))]
    template = Environment(loader=FileSystemLoader(folders), autoescape=True, trim_blocks=True).get_template(
        "views.html"
    )
    page.write_text(template.render(shots=found, brand=brand), encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "gallery"))
