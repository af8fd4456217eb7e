"""What every family of commands needs: the context of a command, questions and their answers, which subscription is meant, times as typed."""
