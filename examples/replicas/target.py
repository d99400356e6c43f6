"""What the playbook calls: it says on standard output which call came with which key, and never answers the first one."""

import http.server

waiting = True


class Target(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        global waiting
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path != "/pager":
            print(f"POST {self.path} key={self.headers.get('Idempotency-Key')}", flush=True)
        if self.path == "/block" and waiting:
            waiting = False
            self.connection.settimeout(None)
            self.rfile.read(1)  # until the caller is gone
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Target)
print(f"listening on {server.server_address[1]}", flush=True)
server.serve_forever()
