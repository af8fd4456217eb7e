"""The base of all commands: their context, questions and answers, picking a subscription, typed times and zones."""
