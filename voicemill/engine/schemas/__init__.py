"""The API's requests and answers as they look on the wire."""
