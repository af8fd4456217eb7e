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
