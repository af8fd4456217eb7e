"""The data of the demo: digests that arrive, chats with subscriptions, and conversations."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

from subscriptions.errors import Sentence
from subscriptions.model import ChatAddress, ChatKind
from subscriptions.service.subscriptions import SubscriptionRequest

EVENING: Final = datetime(2026, 1, 22, 20, tzinfo=UTC)  # Thursday; all example chats subscribe at this moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """The arrival of a sample digest."""

    at: datetime
    file: str  # in bot/samples
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoChat:
    """An example chat with its subscriptions."""

    anchor: str
    platform: Literal["telegram", "slack", "console"]
    address: str
    who: Sentence
    remark: Sentence
    title: str  # in the platform's title bar
    detail: str = ""
    kind: ChatKind = ChatKind.PRIVATE
    settings: Mapping[str, str] = field(default_factory=dict)
    subscriptions: tuple[SubscriptionRequest, ...]

    @property
    def chat(self) -> ChatAddress:
        """The address of the chat."""
        return ChatAddress(self.platform, self.address)

    @property
    def chat_title(self) -> str:
        """The title of the chat on its platform; "" for a private chat."""
        if self.kind is ChatKind.PRIVATE:
            return ""
        return f"#{self.title}" if self.platform == "slack" else self.title


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a conversation: the person writes `text`, or presses the newest button with `verb`."""

    text: str = ""
    verb: str = ""  # the verb of the button (bot/commands)
    which: int = 0  # the index of the button among several with this verb


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoConversation:
    """A private chat without subscriptions, in which a person talks with the bot: one step per minute."""

    anchor: str
    address: str
    who: Sentence
    remark: Sentence
    title: str
    detail: str
    language: Literal["en", "zh"]
    timezone: str
    begins: datetime
    steps: tuple[Step, ...]

    @property
    def chat(self) -> ChatAddress:
        """The address of the chat."""
        return ChatAddress("telegram", self.address)


ARRIVALS: Final[tuple[Arrival, ...]] = (
    Arrival(at=datetime(2026, 1, 23, 5, 0, tzinfo=UTC), file="arxiv_rss.xml", source="arxiv cs.AI"),
    Arrival(at=datetime(2026, 1, 23, 5, 40, tzinfo=UTC), file="daily_arxiv.md", source="daily arXiv"),
    Arrival(at=datetime(2026, 1, 23, 6, 10, tzinfo=UTC), file="bilingual.txt", source="bilingual list"),
    Arrival(at=datetime(2026, 1, 23, 6, 20, tzinfo=UTC), file="hf_papers.txt", source="trending papers"),
)
DEMO_CHATS: Final[tuple[DemoChat, ...]] = (
    DemoChat(
        anchor="researcher",
        platform="telegram",
        address="104517",
        who=Sentence("A researcher on Telegram"),
        remark=Sentence("Words, an exclusion, an author she follows. What matched is underlined."),
        title="paperwire",
        detail="bot",
        subscriptions=(
            SubscriptionRequest(text="diffusion -survey", every="daily", at="08:00", tz="Europe/Berlin"),
            SubscriptionRequest(text='author:"Trevor Darrell"', name="Trevor Darrell", every="daily", at="08:00"),
            SubscriptionRequest(text='"language model" agents', every="daily", at="08:00"),
        ),
    ),
    DemoChat(
        anchor="reader",
        platform="telegram",
        address="104518",
        who=Sentence("A reader in Shanghai"),
        remark=Sentence("The same papers, in the reader’s language wherever somebody wrote a summary in it."),
        title="paperwire",
        detail="机器人",
        settings={"lang": "zh"},
        subscriptions=(
            SubscriptionRequest(text="扩散 OR 视频生成", every="daily", at="18:00", tz="Asia/Shanghai"),
            SubscriptionRequest(text="强化学习 OR 思维链", every="daily", at="18:00"),
        ),
    ),
    DemoChat(
        anchor="lab",
        platform="telegram",
        address="-1001045170001",
        who=Sentence("A lab’s group on Telegram"),
        remark=Sentence("One category, one message a day, without a sound."),
        title="Vision Lab",
        detail="14 members",
        kind=ChatKind.GROUP,
        subscriptions=(SubscriptionRequest(text="cs.CV", every="daily", at="09:00", tz="Europe/Berlin"),),
    ),
    DemoChat(
        anchor="reading-group",
        platform="slack",
        address="C0READING",
        who=Sentence("A reading group on Slack"),
        remark=Sentence("One line in the channel, the papers in its thread, and who asked for them."),
        title="reading-group",
        detail="23 members",
        kind=ChatKind.TEAM,
        subscriptions=(
            SubscriptionRequest(
                text="cs.CL", name="language", every="daily", at="09:00", tz="America/New_York", added_by="Lena"
            ),
            SubscriptionRequest(
                text='"reinforcement learning" OR RLHF', name="RL", every="daily", at="09:00", added_by="Tomás"
            ),
        ),
    ),
    DemoChat(
        anchor="terminal",
        platform="console",
        address="desk",
        who=Sentence("A terminal"),
        remark=Sentence("As soon as papers come. What an earlier digest brought does not come again."),
        title="Terminal",
        subscriptions=(SubscriptionRequest(text='agent* OR "tool use"', every="now"),),
    ),
)

_WHO: Final = Sentence("A conversation")
_REMARK: Final = Sentence(
    "Subscribing is one line; a link to a paper opens its card, and a button leaves out what is too much."
)
_EXCLUDE: Final = (Step(verb="card-exclude"), Step(verb="leave-out", which=3))
CONVERSATIONS: Final[tuple[DemoConversation, ...]] = (
    DemoConversation(
        anchor="conversation",
        address="104519",
        who=_WHO,
        remark=_REMARK,
        title="paperwire",
        detail="bot",
        language="en",
        timezone="Europe/Berlin",
        begins=datetime(2026, 1, 23, 8, 41, tzinfo=UTC),
        steps=(Step(text="/sub video models at 8"), Step(text="arxiv.org/abs/2601.11087"), *_EXCLUDE),
    ),
    DemoConversation(
        anchor="conversation",
        address="104520",
        who=_WHO,
        remark=_REMARK,
        title="paperwire",
        detail="机器人",
        language="zh",
        timezone="Asia/Shanghai",
        begins=datetime(2026, 1, 23, 8, 51, tzinfo=UTC),
        steps=(Step(text="/sub 视频生成 每天8点"), Step(text="arxiv.org/abs/2601.11087"), *_EXCLUDE),
    ),
)
