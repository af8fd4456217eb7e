"""Delivery or Reply → messages: what people see. The only home of Jinja.

- `text/`: one text: cleaned, cut, marked, its TeX readable; links; languages; queries in words
- `views/`: the values that a message is made of, and the medium that writes them
- `platforms/`: one medium per platform; on Slack also modals and the home view
- `deliveries/`: delivery → messages (`delivery_messages.render_delivery`)
- `replies/`: reply → messages (`reply_messages.render_reply`)
- `display/`: what a message looks like on its platform, for the gallery and the terminal

A message's payload and plain form are JSON objects as text, which the platform's channel posts as they are:

- telegram: {"text": HTML, "silent": bool, "buttons": [[{"text", "url"} | {"text", "data"}]] or none}
- slack: {"text": what a notification shows, "blocks": […]}; a plain form has the text alone
- console: {"text": …}
- web: {"html": …, "text": …}

A plain form is {"text": …} without markup, for telegram with "silent" (and "buttons"), sent without parse_mode.
"""
