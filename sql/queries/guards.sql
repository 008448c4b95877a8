SELECT audience, allowed, held_since_at, reason FROM guards
