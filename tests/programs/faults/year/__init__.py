"""Simulates a year of paperwire. Compares each delivery, its chat and its time with a model of what must come.

It drives the program through the door of all tests (`tests/product.py`): command lines on a clock that jumps, a
Telegram and a feed over HTTP, and a database. `world` makes the events, `people` the acts of people, `simulated_bot`
runs the program and reads what came, `model` says what must follow, and `simulation` runs it all and compares.
`mistakes` shows that the comparison detects what goes wrong.
"""
