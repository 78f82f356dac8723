"""Prints how fast `POST /api/tasks` answers, at 50 a second and as fast as it can: `python -m benchmarks.submit`."""

from benchmarks.load import Answers, deal_busily, deal_steadily, send_all, write_request
from benchmarks.machine import Figure, percentile, print_figures
from benchmarks.people import Person, make_people
from benchmarks.site import running_site
from funmagic import paths
from funmagic.models.base import new_id

PEOPLE = 400
STEADY_PER_SECOND = 50
STEADY_CLIENTS = 10
SECONDS = 15
CLIENTS = 8
# More than can be answered.
MOST_PER_SECOND = 1000
WARM_UP_REQUESTS = 200
CREATED, OK = 201, 200


def main() -> None:
    """Measure an open loop on one web process, then eight busy clients on two; nobody works on what they submit."""
    with running_site(FUNMAGIC_MAX_RUNNING_TASKS="1000000") as site:
        people = make_people(PEOPLE)
        ports = [site.start_web().port, site.start_web().port]
        busily(ports, submissions(people, WARM_UP_REQUESTS))
        steady = steadily(ports[0], submissions(people, STEADY_PER_SECOND * SECONDS))
        probes = steadily(ports[0], [write_request("GET", "/healthz")] * (STEADY_PER_SECOND * SECONDS // 2))
        most = busily(ports, submissions(people, MOST_PER_SECOND * SECONDS))
        floor = busily(ports, [write_request("GET", "/healthz")] * (10 * MOST_PER_SECOND * SECONDS))
    print_figures(
        [
            Figure("at 50/s: p50", *both(steady, probes, 50, bar=10)),
            Figure("at 50/s: p95", *both(steady, probes, 95, bar=25)),
            Figure("at 50/s: errors", steady.errors(CREATED), "", 0),
            Figure(
                f"{CLIENTS} clients, 2 web processes",
                len(most.statuses) / most.seconds,
                "tasks/s",
                300,
                len(floor.statuses) / floor.seconds,
                more_is_better=True,
            ),
            Figure(f"{CLIENTS} clients, 2 web processes: p95", percentile(most.milliseconds, 95), "ms"),
            Figure(f"{CLIENTS} clients, 2 web processes: errors", most.errors(CREATED), "", 0),
        ]
    )
    print("The floor is GET /healthz, asked in the same way.")


def both(ours: Answers, floor: Answers, per_cent: int, *, bar: float) -> tuple[float, str, float, float]:
    """A percentile of ours beside that of the floor."""
    return percentile(ours.milliseconds, per_cent), "ms", bar, percentile(floor.milliseconds, per_cent)


def steadily(port: int, requests: list[bytes]) -> Answers:
    """Requests that arrive at an even pace, whether or not earlier ones were answered."""
    return send_all(deal_steadily(port, requests, clients=STEADY_CLIENTS, per_second=STEADY_PER_SECOND))


def busily(ports: list[int], requests: list[bytes]) -> Answers:
    """As many of the requests as can be answered in the time, by clients that never pause."""
    return send_all(deal_busily(ports, requests, clients=CLIENTS, seconds=SECONDS))


def submissions(people: list[Person], count: int) -> list[bytes]:
    """New runs, each of the next person's own photo."""
    return [_submission(people[number % len(people)]) for number in range(count)]


def _submission(person: Person) -> bytes:
    body = f'{{"toolSlug": "background-remove", "input": {{"assetId": "{person.asset_id}"}}}}'
    return write_request(
        "POST", f"{paths.API}/tasks", body=body, Cookie=person.cookie, Idempotency_Key=new_id(), Accept_Language="en"
    )


if __name__ == "__main__":
    main()
