"""What every family of commands uses: the context of a command, questions and answers, choosing a subscription, times as typed."""
