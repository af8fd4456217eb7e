"""The meaning of papers and questions as vectors: by the encoder of the package `meaning`, or of a server."""
