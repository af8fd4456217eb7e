"""The boolean algebra of queries: alternatives, joined and excluded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

from subscriptions.query.tree import Alternative, And, Leaf, Node, Not, Or, Term

# Parts of a query know their canonical text, their normal form, and their opposite. They are built from the leaves up, so
# even deeply nested brackets cannot exhaust the stack. Equal neighbours are merged at once. The number of alternatives is
# known before any part is expanded.


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """A boolean expression in a normal form: only terms are excluded, equal parts occur once, parts are sorted by text."""

    text: str  # the canonical text; expressions with equal texts have the same meaning
    kind: type[And | Or | Leaf]
    parts: tuple["Form", ...] = ()  # two or more, none of the same kind as this expression
    alternatives: int = 1
    term: Term | None = None
    excluded: bool = False


class QueryPart:
    """A part of a query: its node as typed, its form, and the form of its opposite."""

    def __init__(self, node: Node, form: Form, parts: Sequence["QueryPart"] = ()) -> None:
        self.node = node
        self.form = form
        self.parts = parts  # the parts of an And or Or, or the excluded part of a Not
        self.negation: QueryPart | None = None  # the part that this part negates
        self.holds_not: bool = isinstance(node, Not) or any(part.holds_not for part in parts)
        self.only_excludes = self._only_excludes()

    @cached_property
    def opposite(self) -> Form:
        """The form of the negation of this part."""
        if isinstance(self.node, Leaf):
            return Form(f"-{self.form.text}", Leaf, term=self.form.term, excluded=True)
        kind = Or if isinstance(self.node, And) else And
        return _merged(kind, [part.opposite for part in self.parts])

    def _only_excludes(self) -> int | None:
        """Returns the column of the first minus if an alternative of this part only excludes; otherwise None."""
        if isinstance(self.node, Leaf):
            return None
        if isinstance(self.node, Not):
            return self.node.column
        columns = [part.only_excludes for part in self.parts]
        found = [column for column in columns if column is not None]
        if isinstance(self.node, And):
            if len(found) == len(columns):
                return min(found)
            return None
        return min(found, default=None)


def joined(kind: type[And | Or], parts: Sequence[QueryPart], form: Form | None = None) -> QueryPart:
    """Joins one or more parts into an And or an Or. Drops needless brackets and repeated parts.

    `form` is the form of the result, if the caller already knows it.
    """
    if len(parts) == 1:
        return parts[0]
    different: dict[str, QueryPart] = {}
    for part in parts:
        for inner in part.parts if isinstance(part.node, kind) else (part,):
            different.setdefault(inner.form.text, inner)
    rest = tuple(different.values())
    if len(rest) == 1:
        return rest[0]
    node = kind(tuple(part.node for part in rest))
    return QueryPart(node, form or _merged(kind, [part.form for part in rest]), rest)


def excluding(part: QueryPart, column: int) -> QueryPart:
    """Returns the opposite of a part.

    `column` is the place of the minus. Brackets without a minus inside stay as typed.
    """
    node = part.node
    if isinstance(node, Not):
        return part.parts[0]
    if part.negation:
        opposite = QueryPart(part.negation.node, part.negation.form, part.negation.parts)
        if opposite.only_excludes is not None:
            opposite.only_excludes = column  # the minus of this part comes before all others in it
    elif part.holds_not:
        kind = Or if isinstance(node, And) else And
        opposite = joined(kind, [excluding(inner, column) for inner in part.parts], part.opposite)
    else:
        opposite = QueryPart(Not(node, column), part.opposite, (part,))
    opposite.opposite = part.form
    opposite.negation = part
    return opposite


def expanded(form: Form) -> tuple[Alternative, ...]:
    """Returns the alternatives of a form, each once."""
    return tuple(
        Alternative(
            frozenset(term for term, excluded in terms if not excluded),
            frozenset(term for term, excluded in terms if excluded),
        )
        for terms in _expanded(form)
    )


_Literals = frozenset[tuple[Term, bool]]


def _expanded(form: Form) -> list[_Literals]:
    if form.term is not None:
        return [frozenset(((form.term, form.excluded),))]
    if form.kind is Or:
        alternatives: list[_Literals] = []
        for part in form.parts:  # a generator here would make the stack three times as deep for nested brackets
            alternatives += _expanded(part)
        return _different(alternatives)
    simple = frozenset((part.term, part.excluded) for part in form.parts if part.term is not None)
    found: list[_Literals] = [simple]
    for part in form.parts:
        if part.term is None:
            choices = _expanded(part)
            found = _different(one | other for one in found for other in choices)
    return found


def _different(alternatives: Iterable[_Literals]) -> list[_Literals]:
    return list(dict.fromkeys(alternatives))


def _merged(kind: type[And | Or], forms: Iterable[Form]) -> Form:
    different = {part.text: part for form in forms for part in (form.parts if form.kind is kind else (form,))}
    parts = tuple(sorted(different.values(), key=_order))
    if len(parts) == 1:
        return parts[0]
    if kind is Or:
        return Form(" OR ".join(part.text for part in parts), Or, parts, sum(part.alternatives for part in parts))
    text = " ".join(f"({part.text})" if part.kind is Or else part.text for part in parts)
    return Form(text, And, parts, prod(part.alternatives for part in parts))


def _order(form: Form) -> tuple[bool, str]:
    return form.excluded, form.text
