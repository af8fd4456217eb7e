"""The program of paperwire. It reads digests, delivers papers to chats and answers people; `subscriptions` is its domain.

sources       fetch the documents of a source, or read its files
digests       turn the bytes of a document into papers; `sources.ingest` stores them
delivery      plans the deliveries that are due, and sends them lane by lane
rendering     turns deliveries and replies into messages of a platform
channels      translate between a platform and the program: updates into requests, messages into calls
conversation  gives a request its effect and its reply, in one transaction
commands      what people can ask for: functions from a context to a reply
operation     the long-running process: ticks, receivers, the web address, checks
ports         the interfaces between these rooms; `context` is what their steps are given
app           builds all of it from the `settings`; `cli` and `demo` call it
"""
