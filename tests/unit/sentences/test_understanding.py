"""What commands ask of a text is told by the room of sentences, and without it a text says only itself."""

import pytest

from bot.commands.spoken import Spoken, spoken
from bot.sentences.understanding import Sentence

ASKED = [name for name in vars(Spoken) if not name.startswith("_")]


def test_the_room_tells_all_that_commands_ask() -> None:
    assert [name for name in ASKED if name not in vars(Sentence)] == []
    assert isinstance(spoken("list"), Sentence)


@pytest.mark.parametrize(
    "text", ["list", "subscribe to kelp daily at 8", "papers on kelp, please", "the second one", "nice", ""]
)
def test_without_the_room_a_text_says_only_itself(text: str) -> None:
    said = Spoken(text)
    assert (said.query, said.place) == (text, text)
    assert not any((said.command, said.wishes, said.follows, said.language, said.is_order, said.is_talk))
