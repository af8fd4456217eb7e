"""The tokens of texts and names, the same for queries and papers (docs/queries.md).

A text becomes tokens in six steps:

1. LaTeX            `tex`       Greek commands become names, accent macros letters
2. letters          `letters`   compatibility forms, letter case and accents are folded
3. apostrophes      `runs`      Newton's = newton, don't = dont
4. runs             `runs`      each Han character, kana and Hangul syllable alone, else letters and digits
5. Greek letters    `greek`     α = alpha
6. plurals          `plurals`   studies = study; never in names

`tokenizers` has a function for each kind of term, which leaves some steps out; `spans` finds the tokens in the text
again.
"""

from subscriptions.normalize.letters import INVISIBLE_CHARACTERS as INVISIBLE_CHARACTERS
from subscriptions.normalize.letters import has_chinese as has_chinese
from subscriptions.normalize.plurals import fold_plural as fold_plural
from subscriptions.normalize.plurals import written_beginnings as written_beginnings
from subscriptions.normalize.spans import token_spans as token_spans
from subscriptions.normalize.tex import accent_macros as accent_macros
from subscriptions.normalize.tex import fold_tex as fold_tex
from subscriptions.normalize.tokenizers import as_written as as_written
from subscriptions.normalize.tokenizers import author_tokens as author_tokens
from subscriptions.normalize.tokenizers import exact_author_tokens as exact_author_tokens
from subscriptions.normalize.tokenizers import exact_tokens as exact_tokens
from subscriptions.normalize.tokenizers import is_initial as is_initial
from subscriptions.normalize.tokenizers import title_alias as title_alias
from subscriptions.normalize.tokenizers import tokens as tokens
from subscriptions.normalize.tokenizers import written_and_exact_tokens as written_and_exact_tokens
from subscriptions.normalize.tokenizers import written_tokens as written_tokens
