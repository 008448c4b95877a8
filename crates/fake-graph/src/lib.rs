//! A faithful local Facebook Graph API for tests, the demo and rehearsals.
