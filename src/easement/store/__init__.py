"""Tables, repositories and migrations of the control plane (SQLite and PostgreSQL)."""
