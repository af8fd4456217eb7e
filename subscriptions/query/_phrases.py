"""Words that stand side by side between commas, as one phrase."""

from collections.abc import Sequence

from subscriptions.errors import Sentence
from subscriptions.query._lexer import Kind, Lexeme
from subscriptions.query._sentences import STRAY_STAR, Notes, Rank


def phrase(words: Sequence[Lexeme], notes: Notes) -> Lexeme:
    """Several words as one quoted value; its = stands before the first, its star behind the last."""
    found = [lexeme for lexeme in words if lexeme.kind is not Kind.STAR]
    if not found:
        return Lexeme(Kind.QUOTE, words[0].start, words[-1].end)
    first, last = found[0], found[-1]
    if len(found) < len(words) or any(lexeme.star for lexeme in found[:-1]):
        notes.add(Rank.STAR, STRAY_STAR)
    text = " ".join(lexeme.text for lexeme in found)
    if first.text in ("or", "and"):
        notes.add(
            Rank.LOWER_CASE,
            Sentence(
                "I look for the phrase {phrase}. In a list leave out the word {word}.",
                {"phrase": f'"{text}"', "word": first.text},
            ),
        )
    return Lexeme(Kind.QUOTE, first.start, last.end, text, exact=first.exact, star=last.star)
