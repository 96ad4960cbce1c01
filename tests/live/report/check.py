#!/usr/bin/env python3
"""Opens a report in a headless Chromium and checks that the charts draw, that search finds, and that nothing is complained
about; takes pictures in light, in dark and as wide as a phone.

usage: check.py REPORT.html [FOLDER-FOR-PICTURES [ID-OF-A-RECORD-TO-OPEN]]
"""

import pathlib
import re
import subprocess
import sys
import tempfile
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

whole = sys.argv[3] if len(sys.argv) > 3 else None
if whole:
    opened = chromium(f"{page}#id={whole}", "--dump-dom")
    assert "<h3>Proof</h3>" in opened and "<h3>Proof term</h3>" in opened, "the record does not open"
if pictures:
    pictures.mkdir(parents=True, exist_ok=True)
    for name, flags in {
        "light": ["--window-size=1280,2400"],
        "dark": ["--window-size=1280,2400", "--force-dark-mode", "--blink-settings=preferredColorScheme=0"],
        "phone": ["--window-size=390,2400"],
    }.items():
        chromium(page, *flags, f"--screenshot={pictures / name}.png")
print(f"{n_records} records: charts, list and search work, and nothing is complained about")
