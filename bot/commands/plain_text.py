"""Text without a command: in which order it is an answer, papers by their ids or a query; mistyped commands, and text without sense."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.commands import asking, offered, paper_lookup, search, yes_no
from bot.commands.cards import opens_a_paper
from bot.commands.context import Callback, CommandContext, matching
from bot.ports import channel
from bot.ports.attached import FileWithoutCommand
from subscriptions.model import ChatKind
from subscriptions.planning.times import split_when, time_put_last
from subscriptions.query import links_in_text
from subscriptions.query.papers_of_queries import asks_for_nearness

# names of callbacks of the room that understands sentences: in place of PLAIN_TEXT, and for several wishes in a message
FREE_TEXT, SEVERAL = "free-text", "several"
_ROWS = "qwertyuiop qwertzuiop asdfghjkl zxcvbnm poiuytrewq lkjhgfdsa mnbvcxz"  # rows of keys
_NOISE = re.compile(r"[b-df-hj-np-tv-xz]{6,20}|([a-z])\1{3,20}")  # only lower case, since NSGCLR may be a name
_ALIKE = 0.74  # how similar to the name of a command a word must be: 0 to 1
Step = Callable[[CommandContext, str], channel.Reply | None]  # (context, text) → the reply, if the step has one


def first_reply(context: CommandContext, steps: Sequence[Step]) -> channel.Reply | None:
    """Returns the reply of the first step that has one."""
    said = context.args.strip()
    return next((done for step in steps if (done := step(context, said)) is not None), None)


def plain_text(context: CommandContext) -> channel.Reply | None:
    """Returns the reply to a text without a command."""
    return first_reply(context, _STEPS)


def answered(context: CommandContext, said: str) -> channel.Reply | None:
    """Takes the text as the answer to the open question."""
    if said:
        return asking.answer_question(context)
    return None


def interrupted(context: CommandContext, _: str) -> None:
    """Drops a question that makes sense only directly after it was asked: a later "ok" is about something else."""
    asking.drop_passing_questions(context)


def unasked(context: CommandContext, said: str) -> channel.Reply | None:
    """Answers a yes or no where nothing was asked."""
    if yes_no.agrees(said) or yes_no.declines(said):
        return context.reply("I asked nothing.")
    return None


def names_papers(said: str) -> bool:
    """Returns whether a text names papers, and does not only ask for what is near to them."""
    return bool(said and links_in_text.mentioned(said)) and not asks_for_nearness(split_when(said).query)


def named(context: CommandContext, said: str) -> channel.Reply | None:
    """Answers a text that names papers, or has a link that names none; and a file."""
    if names_papers(said):
        return paper_lookup.named_papers(context, said)
    if context.message and context.message.file_id and context.origin.kind is ChatKind.PRIVATE:
        return _of_file(context) or _only_text(context)
    if links_in_text.links_to_no_paper(said):
        return paper_lookup.no_paper(context, said)
    if said:
        return None
    return _only_text(context)


def _of_file(context: CommandContext) -> channel.Reply | None:
    file = context.file
    if not isinstance(file, FileWithoutCommand):
        return None
    return offered.run(replace(context, file=file.content), file.command, "")


def _only_text(context: CommandContext) -> channel.Reply:
    return context.reply("I read only text: words that papers should contain, or a link to a paper.")


def tried(context: CommandContext, said: str) -> channel.Reply | None:
    """Tries a text as a query."""
    if not _is_worded(said) and not search.finds_papers(context, said):
        return offered.what_to_say(context)
    # Only in non-English text, a time at the beginning is read as a time. In English it is more likely part of the query:
    # "weekly supervision".
    timed = said if said.isascii() else time_put_last(said) or said  # 每周一 扩散
    return _with_near_command(context, said, search.try_query(context, timed))


_STEPS = (answered, interrupted, unasked, named, tried)


def _is_worded(text: str) -> bool:
    """Returns whether a text has a word that is neither a row of keys ("asdf") nor only consonants ("sjkdhf")."""
    return any(not (_NOISE.fullmatch(word) or (word[3:] and word in _ROWS)) for word in re.findall(r"[^\W_]+", text))


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


def writes(context: CommandContext) -> bool:
    """Returns whether the reply needs a writing transaction.

    It does if the text may answer a question, has a file, or opens a paper.
    """
    is_file = context.message is not None and bool(context.message.file_id)
    is_answer = asking.has_passing_question(context) or asking.answers_question(context)
    return is_answer or is_file or opens_a_paper(context)


def may_be_unsure(context: CommandContext) -> bool:
    """Returns whether a reply could ask what the text means.

    It could not where it can have no buttons, nor for an answer, nor for text with a file, a paper or a link.
    """
    said = context.args.strip()
    if not said or context.read_by_strangers or (context.message and context.message.file_id):
        return False
    is_link = links_in_text.mentioned(said) or links_in_text.links_to_no_paper(said)
    return not (is_link or asking.answers_question(context))


def _is_unsure(context: CommandContext) -> bool:
    return may_be_unsure(context) and not search.finds_papers(context, context.args.strip())


def _queries(context: CommandContext) -> tuple[str, ...]:
    """Returns the text as a query, without a time."""
    return (split_when(context.args.strip()).query,)


PLAIN_TEXT = Callback(
    run=plain_text, writes=writes, keeps_question=True, matches_ahead=matching(_queries), is_unsure=_is_unsure
)
