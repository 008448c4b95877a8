SELECT audience, retired_at FROM retired_audiences
