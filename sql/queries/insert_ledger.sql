INSERT INTO ledgers (ledger, audience, destination) VALUES ($1, $2, $3)
