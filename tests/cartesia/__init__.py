"""The client, held to the wire and to servers that lie."""
