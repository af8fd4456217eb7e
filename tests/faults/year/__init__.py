"""A year in the life of paperwire, in simulated time: who got what, when, against a model of who should.

The real pipeline (ingest, plan, deliver) and the real use cases over a SQLite file; only the clock is ours, and the platforms
are a journal of what was posted. `world` says what happens, `people` what people do, `house` is the product, `model` says what
should follow, and `judging` compares.
"""
