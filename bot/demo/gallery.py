"""The gallery of the demo: HTML pages of what each chat received, and the sentences around them."""

import sys
from importlib.resources import files
from pathlib import Path
from shutil import which
from typing import Final

from bot.commands.phrasing.cadence_words import cadence_words
from bot.demo.story import CONVERSATIONS, DEMO_CHATS, DemoChat, DemoConversation, Story
from bot.errors import WrongUsage
from bot.rendering.display.gallery import Exhibit, Frame, PersonMessage, Posted, ShownSubscription, gallery_page
from bot.rendering.text.language import Language
from subscriptions.errors import PaperwireError, Sentence, disk_full, is_disk_full
from subscriptions.model import ChatKind

PAGES: Final = {"en": "index.html", "zh": "index.zh.html"}


def exhibits(story: Story, language: Language) -> tuple[Exhibit, ...]:
    """Returns the conversation in this language, then what each example chat received, with captions in this language."""
    conversations = (
        _conversation(conversation, story, language)
        for conversation in CONVERSATIONS
        if conversation.language == language.code
    )
    return (*conversations, *(_exhibit(demo_chat, story, language) for demo_chat in DEMO_CHATS))


def _conversation(conversation: DemoConversation, story: Story, language: Language) -> Exhibit:
    log = story.conversation_logs[conversation.chat]
    posts: list[Posted | PersonMessage] = [
        *log.messages,
        *story.channels[conversation.chat.platform].posts_in(conversation.chat),
    ]
    return Exhibit(
        anchor=conversation.anchor,
        platform="telegram",
        who=conversation.who.say(language.translate),
        remark=conversation.remark.say(language.translate),
        title=conversation.title,
        detail=conversation.detail,
        language=conversation.language,
        timezone=conversation.timezone,
        posts=sorted(
            posts, key=lambda post: post.at
        ),  # sorting is stable, so what a person writes stays before the reply
        pressed=log.pressed,
    )


def _exhibit(demo_chat: DemoChat, story: Story, language: Language) -> Exhibit:
    subscribed = story.subscribed[demo_chat.chat]
    zone = subscribed[0].chat.settings.timezone
    when = cadence_words(subscribed[0].subscription.cadence, language, zone if subscribed[0].first else "")
    return Exhibit(
        anchor=demo_chat.anchor,
        platform=demo_chat.platform,
        who=demo_chat.who.say(language.translate),
        remark=demo_chat.remark.say(language.translate),
        title=demo_chat.title,
        detail=demo_chat.detail,
        shared=demo_chat.kind is not ChatKind.PRIVATE,
        language="zh" if demo_chat.settings.get("lang") == "zh" else "en",
        timezone=zone,
        asks=tuple(ShownSubscription(query=one.subscription.text, who=one.subscription.added_by) for one in subscribed),
        when=when,
        posts=story.channels[demo_chat.platform].posts_in(demo_chat.chat),
    )


def write_gallery(story: Story, out: Path) -> Path:
    """Writes one page per language and returns the path of the English one. Raises WrongUsage if that fails."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        for lang, name in PAGES.items():
            language = Language(lang, "UTC")
            page = gallery_page(exhibits(story, language), _frame(story, language), language)
            (out / name).write_text(page, encoding="utf-8")
    except OSError as error:
        if is_disk_full(error):
            raise PaperwireError(*disk_full(out)) from error
        raise WrongUsage(
            Sentence("The gallery cannot be written to {folder}: {why}.", {"folder": out, "why": error.strerror or ""}),
            Sentence("Name another folder: paperwire demo --out DIR"),
        ) from error
    return out / PAGES["en"]


def _frame(story: Story, language: Language) -> Frame:
    other = "en" if language.code == "zh" else "zh"
    return Frame(
        title=language.say("One day’s papers, as five chats received them"),
        lead=story_counts(story, language),
        note=source_of_texts(language),
        steps=steps(language, "paperwire", "digest.md"),
        other=(other, PAGES[other], "English" if other == "en" else "中文"),
    )


def story_counts(story: Story, language: Language) -> str:
    """Returns a sentence with the counts of the story."""
    counted = language.say(
        "{papers} papers from {digests} digests, {messages} messages to {chats} chats.",
        papers=story.papers,
        digests=story.digests,
        messages=story.messages,
        chats=len(DEMO_CHATS),
    )
    if not story.repeated:
        return counted
    title = story.repeated[0].partition(":")[0]
    twice = language.say("“{title}” was in two of the digests; no chat got it twice.", title=title)
    return language.say("{sentence} {next}", sentence=counted, next=twice)


def source_of_texts(language: Language) -> str:
    """Returns the sentence that says what of the texts is real."""
    return language.say(
        "Ids, titles, authors and categories are real, and links lead to arXiv; "
        "abstracts, translations and summaries were written for this demonstration."
    )


def steps(language: Language, program: str, sample: str) -> tuple[tuple[str, str], ...]:
    """Returns (what to do next, its command) pairs."""
    return (
        (language.say("Try your own words"), f"{program} match 'diffusion -survey' {sample}"),
        (language.say("Connect a chat"), f"PAPERWIRE_TELEGRAM_TOKEN=… {program} run"),
    )


def program() -> str:
    """Returns how to call this program: its name if the shell finds it, else how it was called now."""
    if which("paperwire"):
        return "paperwire"
    return "python -m bot" if Path(sys.argv[0]).name == "__main__.py" else sys.argv[0]


def sample() -> str:
    """Returns the path of a sample digest, relative to the current folder if it is below it."""
    path = Path(str(files("bot").joinpath("samples", "daily_arxiv.md")))
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
