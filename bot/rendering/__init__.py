"""WriteQueue a delivery or a reply into messages in the markup of a platform. Only this package uses Jinja.

- `deliveries.py`, `replies.py`: a delivery or a reply → messages; `buttons.py`: what can be pressed
- `views.py`, `papers.py`: what a message consists of, as plain values; `cleaning.py`: TeX as letters
- `dialects.py`, `packing.py`: how values become markup, and markup messages within limits; what a message looks like
- `queries_in_words.py`: queries and refusals; `bibliography.py`, `brand.py`: what is no message
- `terminal.py`: a message in a terminal

A message has a payload, a JSON object as text, which the platform's channel posts unchanged, or without its markup if
the platform refuses that. Its shape is in the module `markup` of each platform.
"""
