"""What is asked over HTTP by several rooms: the body of any answer, the proxy, and one request to a server of models."""
