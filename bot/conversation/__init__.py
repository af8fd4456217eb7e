"""Handles the requests of people: executes each request, and stores and sends its reply."""
