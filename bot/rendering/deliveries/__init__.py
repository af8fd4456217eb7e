"""Delivery → messages: the outline, its pages, its buttons; notices. Entry: `delivery_messages.render_delivery`."""
