"""Files that stream into the platform: delivery histories and exchange rates."""
