"""Service accounts and people: the OAuth 2.0 server, credentials, certificates, sign-in."""
