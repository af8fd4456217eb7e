"""Tells the commands what a text says: the values of `Spoken` for a text that may be a sentence."""

# ruff: noqa: D102 - `Spoken` says what they return

import re
from collections.abc import Sequence
from datetime import time
from functools import cached_property

from bot.commands.context import CommandContext
from bot.commands.settings import ZONE
from bot.commands.spoken import Spoken
from bot.ports.channel import Reply
from bot.sentences import all_but, meant, paper_requests, references, same_time
from bot.sentences.words import (
    clauses,
    dictated,
    heard_language,
    intents,
    names,
    pauses,
    reader,
    subjects,
    wishes,
)
from bot.sentences.words.said import Said
from bot.sentences.words.word_lists import small_words
from subscriptions.model import Subscription
from subscriptions.normalize import tokens
from subscriptions.planning.times.reading import clock_of

_CLOCK_HERE = re.compile(r"(?<!from )\bnow\b|\bhere\b|\bit.?s\b(?! the\b)|现在|这里|这边", re.IGNORECASE)


class Sentence(Spoken):
    """What a text says."""

    @cached_property
    def _said(self) -> Said:
        return intents.meaning(self.text)

    @property
    def command(self) -> tuple[str, str] | None:
        return intents.command_in(self.text)

    @property
    def wishes(self) -> Sequence[tuple[str, str] | None]:
        text = self.text.strip()
        is_one = wishes.wishes_in(text, wishes.ANYBODY) == (text,) and not clauses.may_be_of_several(text)
        are_amended = same_time.refers(text) or references.amendments_in(text)
        is_other = are_amended or wishes.listed_in(text) or wishes.left_out(text)
        if is_one and not is_other:
            return ()
        return [intents.command_in(part) for part in wishes.wishes_in(text)]

    @property
    def follows(self) -> bool:
        # whether a pause is one of the whole chat depends on its subscriptions
        is_pause = len(self._said.tokens) > 1 and pauses.is_of_the_chat(self.command)
        return is_pause or references.following(self._said).refers

    @property
    def language(self) -> str:
        return heard_language.language_of(self.text)

    @property
    def query(self) -> str:
        return subjects.query_in(dictated.request_in(self.text) or self.text)

    @property
    def is_talk(self) -> bool:
        return self._said.intent in intents.SMALL_TALK

    @property
    def is_order(self) -> bool:
        is_name = len(self._said.tokens) == 1 and self._said.has_unknown
        return self._said.intent not in (reader.QUERY, ZONE) and self._said.is_clear and not is_name

    @property
    def is_of_the_clock(self) -> bool:
        if _CLOCK_HERE.search(self.text):
            return True
        return self._said.intent == ZONE and not references.following(self._said).corrects  # "no, at 9"

    @property
    def place(self) -> str:
        if self._said.intent == ZONE and self._said.is_sure:  # not "my friend lives in Paris"
            return next(iter(self._said.marked(reader.PLACE)), self.text)
        return self.text

    @property
    def clock(self) -> time | None:
        times = self._said.marked(reader.WHEN)
        is_shown = len(self._said.tokens) == 1 or self.is_of_the_clock
        if times and is_shown:
            return clock_of(times[0])
        return None

    @property
    def is_empty(self) -> bool:
        words = tokens(self.text)
        return bool(words) and small_words().issuperset(words)

    def chosen(self, there: Sequence[Subscription]) -> Sequence[Subscription]:
        if meant.is_place(self.text) and (at := meant.place_in(self.text)) is not None:
            if at < len(there):
                return [there[at]]
            return []
        if names.refers(self.text):
            return meant.only_named(self.text, there)
        return ()

    def named(self, there: Sequence[Subscription]) -> Sequence[Subscription]:
        plain, parts = reader.folded(self.text), names.names_in(self.text, "schedule")
        return [one for one in there if meant.is_named(plain, one) or any(meant.fits(part, one) for part in parts)]

    def exempting(self, context: CommandContext) -> Reply | None:
        return all_but.asked(context, self._said)

    def papers(self, context: CommandContext) -> Reply | None:
        return paper_requests.papers(context, self.text)

    def papers_of_days(self, context: CommandContext) -> Reply | None:
        return paper_requests.papers_of_days(context, self.text)


def understand(text: str) -> Spoken:
    """Returns what a text says."""
    return Sentence(text)
