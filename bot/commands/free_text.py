"""Text without a command: the answer to a question, papers by their ids, else a query to try."""

from dataclasses import replace

from bot.commands.asking import answer_question, answers_question, can_ask, drop_passing_questions, shown_buttons
from bot.commands.cards import opens_a_paper
from bot.commands.context import Callback, CommandContext
from bot.commands.last_answer import about_last, may_refer, run
from bot.commands.paper_lookup import named_papers, no_paper
from bot.commands.search import finds_papers, query_of, try_query
from bot.commands.sentences import act, changes, what_to_say
from bot.commands.words.meaning import SURE, Said, command_in, is_worded, meaning
from bot.ports.channel import Button, Reply
from subscriptions.model import ChatKind
from subscriptions.planning.times._ending import split_when, time_put_last
from subscriptions.query.links import links_to_no_paper, mentioned
from subscriptions.query.parse import asks_for_nearness

_ALIKE = 0.74  # how similar to the name of a command a word must be: 0 to 1


def free_text(context: CommandContext) -> Reply | None:  # noqa: PLR0911 - one answer for each kind of text
    """Answers text that is no command."""
    said = context.args.strip()
    if said and can_ask(context) and (done := _about_last(context, meaning(said))) is not None:
        return done
    if said and (answered := answer_question(context)) is not None:
        return answered
    if said and mentioned(said) and not asks_for_nearness(split_when(said).query):
        meant = meaning(said)
        return (act(context, meant) if meant.sure >= SURE else None) or named_papers(context, said)
    if context.message and context.message.file_id and context.origin.kind is ChatKind.PRIVATE:
        return _document(context)
    if links_to_no_paper(said):
        return no_paper(context, said)
    if not said:
        return _only_text(context)
    if (done := act(context, meaning(said))) is not None:
        return done
    return (
        _with_near_command(context, said, try_query(context, _with_time_last(said)))
        if is_worded(said) or finds_papers(context, said)
        else what_to_say(context)
    )


def _about_last(context: CommandContext, said: Said) -> Reply | None:
    """Returns the answer to a sentence that may refer to the last answer; if it does not, runs the command that it means."""
    if not may_refer(said):
        return None
    done, command = None if answers_question(context) else about_last(context, said), command_in(said.text)
    if done is None and command:
        drop_passing_questions(context)
        done = run(context, *command)
    return done


def _with_time_last(said: str) -> str:
    """Returns a text with the time at its end: 每周一 扩散. In English a time in front is rather words: weekly supervision."""
    return said if said.isascii() else time_put_last(said) or said


def _writes(context: CommandContext) -> bool:
    """Returns whether the text may answer a question, comes with a file, or opens a paper."""
    has_file = bool(context.message and context.message.file_id)
    return answers_question(context) or has_file or opens_a_paper(context) or changes(context, meaning(context.args))


def _with_near_command(context: CommandContext, said: str, reply: Reply) -> Reply:
    """Adds the command that was probably meant to the reply to words that find nothing."""
    word, _, rest = said.partition(" ")
    is_sentence = query_of(said) != said
    if reply.items or is_sentence or not (word.isascii() and word.isalpha()) or context.registry.command_named(word):
        return reply
    near = context.registry.nearest(word, alike=_ALIKE)
    if not near or (rest and word.casefold()[0] != near[0]):
        return reply
    meant = Button(label=f"/{near} {rest}".strip(), verb="do", arguments={"command": near, "args": rest})
    asked = context.say("Did you mean /{name}?", name=near)
    return replace(reply, lines=(*reply.lines, asked), buttons=shown_buttons(context, ((meant,), *reply.buttons)))


def _only_text(context: CommandContext) -> Reply:
    return Reply(lines=(context.say("I read only text: words that papers should hold, or a link to a paper."),))


def _document(context: CommandContext) -> Reply | None:
    """Takes the attached file: a library, or subscriptions."""
    return run(context, "library" if context.library else "import", "") or _only_text(context)


def _queries(context: CommandContext) -> tuple[str, ...]:
    """Returns what the text is as a query, or as the answer to the question for one."""
    return (split_when(query_of(context.args.strip())).query,)


FREE_TEXT = Callback(run=free_text, writes=_writes, queries=_queries)
