"""Letters: text without markup, and below it what may be answered."""

import json
from collections.abc import Sequence

from bot.platforms.console.markup import Console
from bot.ports.channel import Buttons
from bot.rendering.packing import NO_SUBJECT, Fragment
from bot.rendering.parts import Subject


class Letters(Console):
    """The terminal's text, with the token of each button, so that it can be sent back."""

    def compose(
        self,
        fragments: Sequence[Fragment],
        *,
        silent: bool,
        buttons: Buttons = (),
        titled: Sequence[Fragment] = (),
        subject: Subject = NO_SUBJECT,
    ) -> tuple[str, str]:
        """See Medium."""
        payload, _ = super().compose(fragments, silent=silent, titled=titled, subject=subject)
        tokens = [f"{button.label}: token {button.data}" for row in buttons for button in row if button.data]
        whole = json.dumps({"text": "\n".join([json.loads(payload)["text"], *tokens])}, ensure_ascii=False)
        return whole, whole
