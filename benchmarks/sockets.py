"""Prints how long an event takes to 1,000 tool pages over their websockets, and to the DOM of a real browser.

Run it with `python -m benchmarks.sockets`.
"""

import asyncio
import json
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from playwright.sync_api import Browser, Page, expect
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.machine import Figure, percentile, print_figures, raise_file_limit
from benchmarks.people import Person, make_people, make_running_tasks
from benchmarks.publisher import milliseconds_since, start_publishing
from benchmarks.site import Web, running_site
from funmagic import paths
from funmagic.sessions.service import COOKIE_NAME
from funmagic.tasks.events import EventType, publish
from tests.browser.chromium import running_chromium

SOCKETS = 1000
SECONDS = 20
STRAGGLERS_S = 3
CONNECTING_AT_ONCE = 25
CONNECTING_TIMEOUT_S = 60
WARM_UP_SOCKETS = 25
PAGE = paths.tool("background-remove")
# How the browser half of Reflex connects; Engine.IO's numbers are 2 ping, 3 pong, 4 message, and Socket.IO's 0 connect.
NAMESPACE = "/_event"
HYDRATE = "reflex___state____state.hydrate_and_load"
DEFAULT_HASHES = re.compile(r"export const initialStateHashes = (\[.*\])")
FOLLOWS = re.compile(r'"phase_rx_state_": ?"processing"')
PROGRESS = re.compile(r'"progress_rx_state_": ?([\d.e-]+)')
DOM_EVENTS = 98
DOM_EVENTS_S = 10
# Notes the moment at which the page shows another percentage.
WATCH_PROGRESS = """() => {
  window.seen = [];
  const bar = document.querySelector("[role=progressbar]");
  const note = () => window.seen.push([
    Number(bar.getAttribute("aria-valuenow")), performance.timeOrigin + performance.now()]);
  new MutationObserver(note).observe(bar, {attributes: true, attributeFilter: ["aria-valuenow"]});
}"""


def main() -> None:
    """Measure many sockets on one web process, then one page in Chromium."""
    raise_file_limit()
    with running_site() as site:
        web = site.start_web()
        crowd = Crowd(web, make_people(SOCKETS))
        asyncio.run(crowd.watch())
        site.stop(web.process)
        dom = measure_dom(site.start_web(), crowd.people[0])
    where = f"{SOCKETS} websockets"
    print_figures(
        [
            Figure(f"{where}: publish → state delta, p50", percentile(crowd.delays, 50), "ms"),
            Figure(f"{where}: publish → state delta, p95", percentile(crowd.delays, 95), "ms", 500),
            Figure(f"{where}: memory of each", crowd.memory / 1000, "kB"),
            Figure(f"{where}: events lost", SOCKETS * SECONDS - len(crowd.delays), "", 0),
            Figure(f"{where}: CPU of the web process", crowd.cpu * 100, "%"),
            Figure("publish → DOM, p50", percentile(dom, 50), "ms"),
            Figure("publish → DOM, p95", percentile(dom, 95), "ms", 25),
        ]
    )


@dataclass
class Crowd:
    """The tabs of many people at one web process, each at the tool page with a run of its own."""

    web: Web
    people: list[Person]
    delays: list[float] = field(default_factory=list)
    memory: float = 0
    cpu: float = 0

    async def watch(self) -> None:
        """Open every tab, and publish progress of every run for a while."""
        task_ids = make_running_tasks(self.people)
        tabs = list(zip(self.people, task_ids, strict=True))
        slots = asyncio.Semaphore(CONNECTING_AT_ONCE)
        sockets = await asyncio.gather(*(self._open(tab, slots) for tab in tabs[:WARM_UP_SOCKETS]))
        before = self.web.memory()
        sockets += await asyncio.gather(*(self._open(tab, slots) for tab in tabs[WARM_UP_SOCKETS:]))
        self.memory = (self.web.memory() - before) / (SOCKETS - WARM_UP_SOCKETS)
        readers = [asyncio.create_task(self._read(socket)) for socket in sockets]
        cpu, began = self.web.cpu_seconds(), time.monotonic()
        for publisher in start_publishing(task_ids, seconds=SECONDS):
            await asyncio.to_thread(publisher.join)
        self.cpu = (self.web.cpu_seconds() - cpu) / (time.monotonic() - began)
        await asyncio.sleep(STRAGGLERS_S)
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*(socket.close() for socket in sockets))

    async def _open(self, tab: tuple[Person, str], slots: asyncio.Semaphore) -> ClientConnection:
        """Connect as the page does, and wait until it shows the run."""
        async with slots, asyncio.timeout(CONNECTING_TIMEOUT_S):
            person, task_id = tab
            address = f"ws://localhost:{self.web.port}{NAMESPACE}/?EIO=4&transport=websocket&token={uuid4()}"
            socket = await connect(address, additional_headers={"Cookie": person.cookie}, max_size=None)
            await socket.send(f"40{NAMESPACE},{json.dumps({'event': hydrate_event(task_id)})}")
            while not FOLLOWS.search(await _receive(socket)):
                pass
            return socket

    async def _read(self, socket: ClientConnection) -> None:
        while True:
            message = await _receive(socket)
            self.delays += [milliseconds_since(float(moment)) for moment in PROGRESS.findall(message)]


async def _receive(socket: ClientConnection) -> str:
    message = str(await socket.recv())
    if message == "2":
        await socket.send("3")
    return message


def hydrate_event(task_id: str) -> dict[str, Any]:
    """What a page sends first: that it holds the compiled defaults, and where it is."""
    [hashes] = DEFAULT_HASHES.findall(Path(".web/utils/context.jsx").read_text())
    return {
        "name": HYDRATE,
        "payload": {"hashes": json.loads(hashes)},
        "router_data": {"pathname": PAGE, "asPath": f"{PAGE}?task={task_id}", "query": {"task": task_id}},
    }


def measure_dom(web: Web, person: Person) -> list[float]:
    """Milliseconds from `publish` to the change of the progress bar in headless Chromium."""
    [task_id] = make_running_tasks([person])
    with running_chromium() as browser:
        page = open_page(browser, web, person, task_id)
        sent = {}
        for percent in range(1, DOM_EVENTS + 1):
            time.sleep(1 / DOM_EVENTS_S)
            sent[percent] = time.time() * 1000
            publish(task_id, EventType.PROGRESS, stepId="remove", progress=percent / 100)
        page.wait_for_function(f"window.seen.length >= {DOM_EVENTS}")
        seen = page.evaluate("window.seen")
    return [moment - sent[round(percent)] for percent, moment in seen]


def open_page(browser: Browser, web: Web, person: Person, task_id: str) -> Page:
    """The tool page with the run on its stage, watched for changes of its progress."""
    context = browser.new_context(base_url=web.url)
    context.add_cookies([{"name": COOKIE_NAME, "value": person.cookie.partition("=")[2], "url": web.url}])
    page = context.new_page()
    page.goto(paths.tool("background-remove", task_id))
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.evaluate(WATCH_PROGRESS)
    return page


if __name__ == "__main__":
    main()
