"""Stands before a model server, passes everything on, and keeps the prompts whose tokens are asked for.

Usage: recorder.py SERVER FILE    (prints its own address; one JSON text a line in FILE)
"""

import http.server
import json
import sys
import threading
import urllib.error
import urllib.request

server, file = sys.argv[1], open(sys.argv[2], "a", encoding="utf-8")
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/tokenize":
            with lock:
                file.write(json.dumps(json.loads(body)["prompt"]) + "\n")
                file.flush()
        request = urllib.request.Request(server + self.path, body, {"content-type": "application/json"})
        try:
            answer = urllib.request.urlopen(request)
        except urllib.error.HTTPError as error:
            answer = error
        said = answer.read()
        self.send_response(answer.status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        pass


listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(f"http://127.0.0.1:{listening.server_port}", flush=True)
listening.serve_forever()
