"""What is asked over HTTP by several rooms: the body of any answer, and the proxy."""
