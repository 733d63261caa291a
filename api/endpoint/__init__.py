"""GraphQL over HTTP, over WebSockets and over server-sent events: everything between a socket and the read engine."""
