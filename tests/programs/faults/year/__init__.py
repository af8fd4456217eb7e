"""Simulates a year of paperwire. Compares each delivery, its chat and its time with a model of what must come.

It runs the real pipeline (ingest, plan, deliver) and the real use cases over a SQLite file, with a fake clock and with
platforms that record what was posted. `world` makes the events, `people` the acts of people, `simulated_bot` runs the
product, `model` says what must follow, and `simulation` runs it all and compares.
"""
