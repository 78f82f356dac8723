"""A page with nothing but a viewer on it, bundled from the product's own sources and packages."""

import json
import shutil
import subprocess
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from funmagic.ui.theme import STYLESHEETS
from funmagic.ui.wrapped.viewers.texts import cloud_viewer_texts, model_viewer_texts

PROJECT = Path(__file__).parents[2]
WRAPPED = PROJECT / "funmagic/ui/wrapped"
BUN = Path(sysconfig.get_path("scripts")) / "bun"
LABEL = "What the test made"
TEXTS = {"model": model_viewer_texts(LABEL), "cloud": cloud_viewer_texts(LABEL)}
# Viewers take their file and kind from the address: ?kind=cloud&src=cloud.ply
ENTRY = f"""
import {{ createElement, useState }} from "react";
import {{ createRoot }} from "react-dom/client";
import {{ CloudViewer }} from "./viewers/cloud_viewer.jsx";
import {{ ModelViewer }} from "./viewers/model_viewer.jsx";
const {{ kind, src }} = Object.fromEntries(new URLSearchParams(location.search));
const texts = {json.dumps(TEXTS)}[kind];
function Page() {{
  const [isThere, setIsThere] = useState(true);
  window.leave = () => setIsThere(false);
  const viewer = {{ model: ModelViewer, cloud: CloudViewer }}[kind];
  return isThere && createElement(viewer, {{ src, poster: "poster.png", filename: src, texts }});
}}
createRoot(document.getElementById("root")).render(createElement(Page));
"""
HTML = f"""<!doctype html>
<html lang="en" class="light"><head><title>A viewer</title><meta name="viewport" content="width=device-width">
{"".join(f'<link rel="stylesheet" href="{path}">' for path in STYLESHEETS)}</head>
<body><main><h1>A viewer</h1><div id="root" class="stage-frame"></div></main>
<script type="module" src="/viewer.js"></script></body></html>
"""


def build_viewer_page(folder: Path) -> None:
    """Put the page into the folder; the front end must have been built, for its packages."""
    sources = folder / "sources"
    shutil.copytree(WRAPPED, sources, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (sources / "node_modules").symlink_to(PROJECT / ".web/node_modules")
    (sources / "viewer.jsx").write_text(ENTRY)
    site = folder / "site"
    command = [BUN, "build", "viewer.jsx", "--target=browser", "--splitting", "--outdir", site]
    production = ["--define", "process.env.NODE_ENV='production'"]
    subprocess.run([*command, *production], cwd=sources, check=True, capture_output=True)
    shutil.copytree(PROJECT / "assets/ui", site / "ui")
    (site / "index.html").write_text(HTML)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder's site on loopback, for the block; yields its address."""
    handler = partial(_QuietHandler, directory=str(folder / "site"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass
