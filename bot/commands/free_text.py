"""Text without a command: it may answer a question or name papers by their ids; otherwise it is tried as a query."""

from dataclasses import replace

from bot.commands import asking, last_answer, offered, paper_lookup, search, sentences, settings_form
from bot.commands.answers import shown_clock, where_it_is
from bot.commands.cards import opens_a_paper
from bot.commands.context import Callback, CommandContext
from bot.commands.words import by_rule, intents, reader
from bot.commands.words.days import paper_days
from bot.commands.words.intents import Said
from bot.ports import channel
from subscriptions.model import ChatKind
from subscriptions.planning.times import split_when, time_put_last
from subscriptions.query import links
from subscriptions.query.parse import asks_for_nearness

_ALIKE = 0.74  # how similar to the name of a command a word must be: 0 to 1


def free_text(context: CommandContext) -> channel.Reply | None:  # noqa: PLR0911 - one answer for each kind of text
    """Returns the reply to a text without a command."""
    said = context.args.strip()
    if intents.meaning(said).intent == by_rule.DISTRESS:  # even if the text would answer a question
        return sentences.act(context, intents.meaning(said))
    if said and asking.can_ask(context) and (done := _about_last(context, intents.meaning(said))) is not None:
        return done
    if said and (answered := asking.answer_question(context)) is not None:
        return answered
    if said and links.mentioned(said) and not asks_for_nearness(split_when(said).query):
        meant = intents.meaning(said)
        return (sentences.act(context, meant) if meant.sure >= intents.SURE else None) or paper_lookup.named_papers(
            context, said
        )
    if context.message and context.message.file_id and context.origin.kind is ChatKind.PRIVATE:
        return offered.run(context, "library" if context.library else "import", "") or _only_text(context)
    if links.links_to_no_paper(said):
        return paper_lookup.no_paper(context, said)
    if not said:
        return _only_text(context)
    meant = intents.meaning(said)
    # "papers from march" is taken for papers from a place
    if meant.intent in (reader.QUERY, *reader.ASKING, "missing-affiliation") and paper_days(said):
        return search.try_query(context, said)
    if (done := _local_time(context, said) or sentences.act(context, meant)) is not None:
        return done
    # Only in non-English text, a time at the beginning is read as a time. In English it is more likely part of the query:
    # "weekly supervision".
    timed = said if said.isascii() else time_put_last(said) or said  # 每周一 扩散
    return (
        _with_near_command(context, said, search.try_query(context, timed))
        if intents.is_worded(said) or search.finds_papers(context, said)
        else offered.what_to_say(context)
    )


def _local_time(context: CommandContext, said: str) -> channel.Reply | None:
    """Asks where the person is, if a text is about the clock and says what time it is; None for any other text."""
    shown = (
        shown_clock(said) if intents.meaning(said).intent == settings_form.ZONE and asking.can_ask(context) else None
    )
    return where_it_is(context, shown) if shown is not None else None


def _about_last(context: CommandContext, said: Said) -> channel.Reply | None:
    """Returns the reply to a sentence that may refer to the last reply, or that means a command.

    None for any other text.
    """
    if not last_answer.may_refer(said):
        return None
    done, command = (
        None if asking.answers_question(context) else last_answer.about_last(context, said),
        intents.command_in(said.text),
    )
    if done is None and command:
        asking.drop_passing_questions(context)
        done = offered.run(context, *command)
    return done


def _writes(context: CommandContext) -> bool:
    """Returns whether the reply needs a writing transaction.

    It does if the text may answer a question or change something, has a file, or opens a paper.
    """
    has_file = bool(context.message and context.message.file_id)
    return (
        asking.answers_question(context)
        or has_file
        or opens_a_paper(context)
        or sentences.changes(context, intents.meaning(context.args))
    )


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


def _only_text(context: CommandContext) -> channel.Reply:
    return channel.Reply(
        lines=(context.say("I read only text: words that papers should contain, or a link to a paper."),)
    )


def _queries(context: CommandContext) -> tuple[str, ...]:
    """Returns the text as a query, without a time."""
    return (split_when(search.query_of(context.args.strip())).query,)


FREE_TEXT = Callback(run=free_text, writes=_writes, queries=_queries)
