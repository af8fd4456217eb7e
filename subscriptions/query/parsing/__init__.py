"""Typed text -> query.

    typed text ──typed_text──▶ plain text ──lexer──▶ lexemes ──grammar, lists──▶ part ──parts──▶ alternatives
                                                                 └─ values, meanings: a value in its field

`parse` chooses between the grammar, lists with commas, and queries of arXiv's API (`arxiv_api`). `commas` reads exclusions
after commas. `sentences` has all refusals and hints, `other_engines` the hints on what only other search engines know.
"""
