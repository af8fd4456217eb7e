"""A language model of the operator's choice, which the settings name: a service, Ollama, vLLM.

It is imported only if the settings name a model; others know `Summarizer` and `MessageReader` of bot/models.py.
"""
