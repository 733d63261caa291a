"""The read engine: document, plan, statements, response."""
