"""The platforms, one folder each: `facts`, sending (`outbound`), receiving (`inbound`), translation of errors.

Importing `known` declares all platforms. The `adapter` in a folder builds the platform from the settings.
"""
