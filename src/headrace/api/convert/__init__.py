"""Model to wire, one file per noun. Pure: no database, no request."""
