"""Time: zones, cadences, due moments, calendars. Pure."""
