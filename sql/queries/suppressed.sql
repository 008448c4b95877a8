SELECT digest, profile FROM suppressed
