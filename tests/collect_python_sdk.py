"""Segment's own Python library against `muster serve`: plain and gzip, retries over a restart, overload.

    tests/with-venv.sh tests/requirements.txt python3 tests/collect_python_sdk.py target/debug/muster
"""

import logging
import sys
import threading
import time

from segment.analytics.client import Client

from collect_service import Service, check, muster_from

PEOPLE = 40
EACH = 25


def client(service, errors, **options):
    options = {"upload_size": 20, "upload_interval": 0.05, "max_retries": 20, **options}
    return Client(service.key, host=service.url + "/", on_error=lambda error, batch: errors.append((error, len(batch))), **options)


def send(sender, event, pause=0.0):
    for _ in range(EACH):
        for person in range(PEOPLE):
            sender.track(f"u-{person}", event, {"revenue": 9.5, "nothing": None})
        time.sleep(pause)


def plain_and_gzip(service):
    for event, gzip in (("Plain", False), ("Packed", True)):
        errors = []
        sender = client(service, errors, gzip=gzip)
        send(sender, event)
        sender.identify("u-1", {"email": "ada@example.com", "plan": "free"})
        sender.group("u-1", 7, {"industry": "Software"})
        sender.alias(17, "u-17")
        sender.page("u-1", "Home", "Landing")
        sender.screen("u-1", "Start")
        sender.shutdown()
        check(f"{event}: no errors", errors, [])


def restart(service):
    """Killed with -9 and away for a second in the middle of a stream: the library retries, nothing is lost or doubled."""
    errors = []
    sender = client(service, errors)
    sending = threading.Thread(target=send, args=(sender, "Restarted", 0.1))
    sending.start()
    for _ in range(2):
        time.sleep(0.7)
        service.kill()
        time.sleep(0.5)
        service.start()
    sending.join()
    sender.shutdown()
    check("Restarted: no errors", errors, [])


def overload(muster):
    """Two requests a second: the library waits as `Retry-After` says and gets everything through."""
    service = Service(muster, requests_per_second=2)
    try:
        service.start()
        errors = []
        sender = client(service, errors, upload_size=100)
        send(sender, "Overloaded")
        sender.flush()
        sender.shutdown()
        check("Overloaded: no errors", errors, [])
        service.kill()
        check("Overloaded: everything is there once", service.members("Overloaded", EACH), PEOPLE)
    finally:
        service.close()


def wrong_key(service):
    errors = []
    sender = Client("guessed", host=service.url, on_error=lambda error, batch: errors.append(error), max_retries=1)
    sender.track("u", "Never")
    sender.shutdown()
    check("a wrong key is told at once", [(error.status, error.code) for error in errors], [(401, "unknown-write-key")])


def main():
    logging.getLogger("segment").setLevel(logging.CRITICAL)
    muster = muster_from(sys.argv)
    service = Service(muster)
    try:
        service.start()
        plain_and_gzip(service)
        wrong_key(service)
        restart(service)
        service.kill()
        for event in ("Plain", "Packed", "Restarted"):
            check(f"{event}: everything is there once", service.members(event, EACH), PEOPLE)
    finally:
        service.close()
    overload(muster)


main()
