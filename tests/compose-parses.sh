#!/usr/bin/env bash
# Does docker-compose.yml parse, with and without the demo profile? Needs no running engine. Where there is no compose
# command, a YAML reader has to do.
set -euo pipefail
cd "$(dirname "$0")/.."

if docker compose version >/dev/null 2>&1; then
  docker compose config --quiet
  docker compose --profile demo config --quiet
else
  tests/with-venv.sh tests/requirements.txt python3 - <<'PYTHON'
import yaml

with open("docker-compose.yml", encoding="utf-8") as file:
    services = yaml.safe_load(file)["services"]
assert set(services) == {"postgres", "muster", "fake-graph"}, sorted(services)
assert services["fake-graph"]["profiles"] == ["demo"]
for name, service in services.items():
    assert "image" in service or "build" in service, name
    for other in service.get("depends_on", {}):
        assert other in services, other
PYTHON
fi
