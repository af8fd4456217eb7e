"""Text without a command: it may answer a question or name papers by their ids; otherwise it is tried as a query."""

import re
from dataclasses import replace

from bot.commands import asking, offered, paper_lookup, search, settings_form
from bot.commands.answers import shown_clock, where_it_is
from bot.commands.cards import opens_a_paper
from bot.commands.context import Callback, CommandContext
from bot.ports import channel
from bot.ports.attached import FileWithoutCommand
from bot.sentences import acting, following, references
from bot.sentences.meant import is_place
from bot.sentences.words import by_rule, intents, reader, yes_no
from bot.sentences.words.days import paper_days
from bot.sentences.words.ranks import rank_in
from bot.sentences.words.said import SURE
from subscriptions.model import ChatKind
from subscriptions.planning.times import split_when, time_put_last
from subscriptions.query import links_in_text
from subscriptions.query.papers_of_queries import asks_for_nearness

_ROWS = "qwertyuiop qwertzuiop asdfghjkl zxcvbnm poiuytrewq lkjhgfdsa mnbvcxz"  # rows of keys
_NOISE = re.compile(r"[b-df-hj-np-tv-xz]{6,20}|([a-z])\1{3,20}")  # only lower case, since NSGCLR may be a name
_ALIKE = 0.74  # how similar to the name of a command a word must be: 0 to 1


def free_text(context: CommandContext) -> channel.Reply | None:
    """Returns the reply to a text without a command: that of the first step that has one."""
    said = context.args.strip()
    return next((done for step in _STEPS if (done := step(context, said)) is not None), None)


def _comforted(context: CommandContext, said: str) -> channel.Reply | None:
    """Answers a person in distress, or who asks what came, even if the text would answer a question."""
    meant = intents.meaning(said)
    return acting.act(context, meant) if meant.intent in (by_rule.DISTRESS, by_rule.HISTORY) else None


def _followed(context: CommandContext, said: str) -> channel.Reply | None:
    """Does what a text means after the message before it; if it follows none, the command that it means."""
    meant = intents.meaning(said)
    if not said or asking.answers_question(context):
        return None
    if _closes_a_question(context, said):
        return asking.closed(context)
    if (step := following.step_of(context, meant)) is not None:
        return following.done(context, step)
    command = intents.command_in(said) if references.following(meant).refers else None
    if command is None or not asking.can_ask(context):  # in groups, `intent` has found the commands
        return None
    asking.drop_passing_questions(context)
    return offered.run(context, *command)


def _closes_a_question(context: CommandContext, said: str) -> bool:
    """Returns whether a text takes back what the bot has only asked about: "hold on, don't" after "Shall I remove these?"."""
    waiting = asking.open_question(context)
    if waiting is None or waiting.verb != asking.YES_OR_NO or not asking.can_ask(context):
        return False
    return references.following(intents.meaning(said)).link in ("back", "keep")


def _answered(context: CommandContext, said: str) -> channel.Reply | None:
    return asking.answer_question(context) if said else None


def _unasked(context: CommandContext, said: str) -> channel.Reply | None:
    """Answers a yes or no where nothing was asked, and "the second one" where nothing was shown."""
    if is_place(said):
        return channel.Reply(lines=(context.say("I showed nothing to choose from just now."),))
    is_answer = yes_no.agrees(said) or yes_no.declines(said)
    if not is_answer or by_rule.is_acknowledged(said):
        return None
    return channel.Reply(lines=(context.say("I asked nothing."),))


def _interrupted(context: CommandContext, _: str) -> None:
    """Drops a question that makes sense only directly after it was asked: a later "ok" is about something else."""
    asking.drop_passing_questions(context)


def _named(context: CommandContext, said: str) -> channel.Reply | None:
    """Answers a text that names papers, or has a link that names none; and a file."""
    if said and links_in_text.mentioned(said) and not asks_for_nearness(split_when(said).query):
        meant = intents.meaning(said)
        acted = acting.act(context, meant) if meant.sure >= SURE else None
        return acted or paper_lookup.named_papers(context, said)
    if context.message and context.message.file_id and context.origin.kind is ChatKind.PRIVATE:
        return _of_file(context) or _only_text(context)
    if links_in_text.links_to_no_paper(said):
        return paper_lookup.no_paper(context, said)
    return None if said else _only_text(context)


def _of_file(context: CommandContext) -> channel.Reply | None:
    file = context.file
    if not isinstance(file, FileWithoutCommand):
        return None
    return offered.run(replace(context, file=file.content), file.command, "")


def _meant(context: CommandContext, said: str) -> channel.Reply | None:
    """Does what a sentence says; None for a query."""
    meant = intents.meaning(said)
    # "papers from march" is taken for papers from a place
    if meant.intent in (reader.QUERY, *reader.ASKING, "missing-affiliation") and paper_days(said):
        return search.try_query(context, said)
    return _local_time(context, said) or acting.act(context, meant)


def _tried(context: CommandContext, said: str) -> channel.Reply | None:
    """Tries a text as a query."""
    if not _is_worded(said) and not search.finds_papers(context, said):
        return offered.what_to_say(context)
    # Only in non-English text, a time at the beginning is read as a time. In English it is more likely part of the query:
    # "weekly supervision".
    timed = said if said.isascii() else time_put_last(said) or said  # 每周一 扩散
    return _with_near_command(context, said, search.try_query(context, timed))


_STEPS = (_comforted, _followed, _answered, _interrupted, _unasked, _named, _meant, _tried)


def _local_time(context: CommandContext, said: str) -> channel.Reply | None:
    """Asks where the person is, if a text is about the clock and says what time it is; None for any other text."""
    shown = (
        shown_clock(said) if intents.meaning(said).intent == settings_form.ZONE and asking.can_ask(context) else None
    )
    return where_it_is(context, shown) if shown is not None else None


def _writes(context: CommandContext) -> bool:
    """Returns whether the reply needs a writing transaction.

    It does if the text may answer a question or change something, has a file, or opens a paper.
    """
    meant = intents.meaning(context.args)
    if asking.has_passing_question(context) or _closes_a_question(context, context.args):
        return True
    if asking.answers_question(context) or (context.message and context.message.file_id) or opens_a_paper(context):
        return True
    step = following.step_of(context, meant)
    follows = step is None and references.following(meant).refers  # then it may mean a command
    return following.writes(context, step) if step else follows or acting.changes(context, meant)


def is_unsure(context: CommandContext) -> bool:
    """Returns whether the bot is not sure what a text means, so that the reply asks, or looks for its words.

    Returns False also where the reply could have no buttons, and for text with a file, a paper or a link.
    """
    said = context.args.strip()
    if not said or context.read_by_strangers or (context.message and context.message.file_id):
        return False
    if links_in_text.mentioned(said) or links_in_text.links_to_no_paper(said) or asking.answers_question(context):
        return False
    meant = intents.meaning(said)
    return acting.is_unsure(context, meant) and following.step_of(context, meant) is None


def _with_near_command(context: CommandContext, said: str, reply: channel.Reply) -> channel.Reply:
    """If the words find nothing, adds to the reply a button for the command that was probably meant."""
    word, _, rest = said.partition(" ")
    is_sentence = search.query_of(said) != said
    if reply.items or is_sentence or not (word.isascii() and word.isalpha()) or context.registry.command_named(word):
        return reply
    near = context.registry.nearest(word, alike=_ALIKE)
    if not near or (rest and word.casefold()[0] != near[0]):
        return reply
    meant = offered.do_button(f"/{near} {rest}".strip(), near, rest)
    asked = context.say("Did you mean /{name}?", name=near)
    return replace(reply, lines=(*reply.lines, asked), buttons=((meant,), *reply.buttons))


def _is_worded(text: str) -> bool:
    """Returns whether a text has a word that is neither a row of keys ("asdf") nor only consonants ("sjkdhf")."""
    return any(not (_NOISE.fullmatch(word) or (word[3:] and word in _ROWS)) for word in re.findall(r"[^\W_]+", text))


def _only_text(context: CommandContext) -> channel.Reply:
    return channel.Reply(
        lines=(context.say("I read only text: words that papers should contain, or a link to a paper."),)
    )


def _queries(context: CommandContext) -> tuple[str, ...]:
    """Returns the text as a query, without a time, an order or a number of papers."""
    said = context.args.strip()
    rank = rank_in(said)
    return (split_when(search.query_of(rank.rest if rank else said)).query,)


FREE_TEXT = Callback(run=free_text, writes=_writes, keeps_question=True, queries=_queries)
