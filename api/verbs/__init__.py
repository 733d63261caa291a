"""What `./run VERB` does: one module per verb, thin, each with a `command` that Typer reads its arguments from."""
