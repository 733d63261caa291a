"""SQL and rows: one file per noun, SQL inside the function, the connection and the tenant always first."""
