"""Service accounts, the OAuth 2.0 server, the certificate authority, people and roles."""
