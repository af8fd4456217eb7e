"""A stored notice → the view that a platform draws."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from bot.ports.button import Button
from bot.rendering.text.cleaning import clean, isolated
from bot.rendering.text.language import Language
from bot.rendering.views.parts import NoticeView
from subscriptions.cutting import cut_at_word
from subscriptions.model import Facts
from subscriptions.notices.declared import NOTICES, Notices, read_notice
from subscriptions.notices.notice import BUTTON

_LONGEST_DETAIL = 300  # columns
_COMMAND = re.compile(r"(?<![\w/:.<])/(?=[a-z]{2,}(?![\w/]))")


def notice_view(facts: Facts, language: Language, command_prefix: str = "/", notices: Notices = NOTICES) -> NoticeView:
    """Returns the view of the notice in these facts. `command_prefix` precedes command names, "/" on most platforms."""
    notice = read_notice(facts.notice, facts.detail, _cleaned, notices)
    title, *lines = filter(None, notice.lines(_Words(language, command_prefix)))
    row = tuple(
        Button(label=label.say(language.translate), data=facts.detail[BUTTON + verb])
        for verb, label in notice.labels.items()
        if BUTTON + verb in facts.detail
    )
    return NoticeView(title=title, lines=tuple(lines), buttons=(row,) if row else ())


def _cleaned(detail: str) -> str:
    return isolated(cut_at_word(clean(detail), _LONGEST_DETAIL))


@dataclass(frozen=True, slots=True)
class _Words:
    """`subscriptions.notices.notice.NoticeWords` in the reader's language."""

    language: Language
    command_prefix: str  # "/" on most platforms

    @property
    def translate(self) -> Callable[[str], str]:
        return self.language.translate

    def say(self, sentence: str, /, **values: object) -> str:
        return _COMMAND.sub(self.command_prefix, self.language.translate(sentence)).format_map(values)

    def count(self, one: str, many: str, count: int, /, **values: object) -> str:
        return self.language.count(one, many, count, **values)

    def number(self, number: int) -> str:
        return self.language.number(number)

    def days(self, days: Sequence[date]) -> str:
        return self.language.days(days)
