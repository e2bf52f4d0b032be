"""The workflow: register, check, review, approve, go live, compile; every step a record of the ledger."""
