"""Reply → messages, with close-ups of papers. Entry: `reply_messages.render_reply`."""
