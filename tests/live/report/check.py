#!/usr/bin/env python3
"""Opens a report in a headless Chromium and checks that the charts draw, that search finds, that a premise says its type
when it is hovered, and that nothing is complained about; takes pictures in light, in dark and as wide as a phone.

usage: check.py REPORT.html [FOLDER-FOR-PICTURES [ID-OF-A-RECORD-TO-OPEN]]
"""

import http.server
import json
import pathlib
import queue
import re
import subprocess
import sys
import tempfile
import threading
import time

page = pathlib.Path(sys.argv[1]).resolve().as_uri()
pictures = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update"
    " --disable-sync --enable-logging=stderr --virtual-time-budget=20000"
).split()


def chromium(url, *flags):
    with tempfile.TemporaryDirectory() as profile:
        command = ["chromium", *FLAGS, f"--user-data-dir={profile}", *flags, url]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=300)
    complaints = [line for line in ended.stderr.splitlines() if "CONSOLE" in line]
    assert ended.returncode == 0 and not complaints, (ended.returncode, complaints)
    return ended.stdout


def listed(dom):
    return re.findall(r'<button type="button" data-at="\d+"[^>]*><b>([^<]*)</b>', dom)


started = time.perf_counter()
dom = chromium(page, "--dump-dom")
print(f"opened in {time.perf_counter() - started:.1f} s, the browser's own start included")
n_records = int(re.search(r"(\d+) of (\d+) records", dom).group(2))
assert dom.count("<svg ") >= 2 and dom.count("<rect ") > 10, "no charts"
names = listed(dom)
assert len(names) == min(n_records, 200), (len(names), n_records)

found = listed(chromium(f"{page}#q={names[0]}", "--dump-dom"))
assert names[0] in found and len(found) <= len(names), "search does not find"
assert not listed(chromium(f"{page}#q=no_record_is_called_so", "--dump-dom")), "search finds what is not there"

wanted = sys.argv[3] if len(sys.argv) > 3 else names[0]

# What a hand does: opens a record, rests on a premise, types into the search. Real time, told to a server of our own.
HAND = """<!doctype html><iframe id="page" width="1280" height="2400" src="/report.html#q={name}"></iframe><script>
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const until = async (holds) => { while (!holds()) await wait(5); };
addEventListener("load", async () => {
  const page = document.getElementById("page").contentWindow;
  const find = (query) => page.document.querySelector(query);
  await until(() => !find("#search").disabled && find("#list button"));
  const report = { ready_ms: page.performance.now() };
  const paint = page.performance.getEntriesByName("first-contentful-paint")[0];
  report.first_paint_ms = paint ? paint.startTime : null;
  const clicked = page.performance.now();
  find("#list button").click();
  await until(() => find("#record .step"));
  report.opened_ms = page.performance.now() - clicked;
  const named = find("#record [data-tip]");
  if (named) named.dispatchEvent(new page.MouseEvent("mouseover", { bubbles: true }));
  report.tip = named && !find("#tip").hidden ? find("#tip").textContent : null;
  report.has_tips = Boolean(named);
  report.masks = page.document.querySelectorAll("#record .mask").length;
  report.reasonings = page.document.querySelectorAll("#record details").length;
  find("#search").value = "no_record_is_called_so";
  find("#search").dispatchEvent(new page.Event("input"));
  const typed = page.performance.now();
  await until(() => !find("#list button"));
  report.searched_ms = page.performance.now() - typed;
  await fetch("/done", { method: "POST", body: JSON.stringify(report) });
});
</script>"""


def by_hand(name):
    done = queue.Queue()

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = pathlib.Path(sys.argv[1]).read_bytes() if self.path == "/report.html" else HAND.replace("{name}", name).encode()
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            done.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    flags = [flag for flag in FLAGS if "virtual-time" not in flag] + ["--remote-debugging-port=0"]
    with tempfile.TemporaryDirectory() as profile, tempfile.TemporaryFile("w+") as said:
        command = ["chromium", *flags, f"--user-data-dir={profile}", f"http://127.0.0.1:{server.server_port}/"]
        browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)
        try:
            report = done.get(timeout=300)
        finally:
            browser.terminate()
            browser.wait()
            server.shutdown()
        said.seek(0)
        complaints = [line for line in said if "CONSOLE" in line]
    assert not complaints, complaints
    return report


report = by_hand(wanted.split(":")[-1])
assert not report["has_tips"] or report["tip"], "a premise under the pointer does not say its type"
print({name: round(value) if isinstance(value, float) else value for name, value in report.items()})

if len(sys.argv) > 3:
    opened = chromium(f"{page}#id={wanted}", "--dump-dom")
    assert "<h3>Proof</h3>" in opened and "<h3>Proof term</h3>" in opened, "the record does not open"
if pictures:
    pictures.mkdir(parents=True, exist_ok=True)
    dark = ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"]
    # A picture starts at the top of a page, so those of a record are of a page that has nothing above it.
    only_records = pictures / "records.html"
    text = pathlib.Path(sys.argv[1]).read_text()
    only_records.write_text(text.replace("</style>", "#funnel, #sizes, #models, #rejected { display: none; }</style>", 1))
    for name, flags in {
        "light": ["--window-size=1280,1800"],
        "dark": ["--window-size=1280,1800", *dark],
        "phone": ["--window-size=500,1800"],
    }.items():
        chromium(page, *flags, f"--screenshot={pictures / name}.png")
        record = f"{only_records.resolve().as_uri()}#id={wanted}"
        chromium(record, *flags, f"--screenshot={pictures / name}-record.png")
    only_records.unlink()
print(f"{n_records} records: charts, list, hover and search work, and nothing is complained about")
