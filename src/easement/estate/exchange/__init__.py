"""Other notations of the same facts: catalogues, gateway configurations and tables, read and written. Pure."""
