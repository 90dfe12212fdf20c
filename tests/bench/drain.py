"""A container engine that has no image, builds nothing, and reads whatever it is sent; prints its port."""

import http.server

ANSWERS = {
    "/_ping": b"OK",
    "/version": b'{"ApiVersion":"1.41","Os":"linux","Arch":"amd64","Components":[]}',
}


class Engine(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = ANSWERS.get(self.path)
        self.answer(200 if body else 404, body or b'{"message":"no such image"}')

    def do_POST(self):
        while size := int(self.rfile.readline(), 16):
            left = size + 2
            while left:
                left -= len(self.rfile.read(min(left, 1 << 20)))
        self.rfile.readline()
        self.answer(200, b'{"aux":{"ID":"sha256:0b"}}\n')

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Engine)
print(server.server_port, flush=True)
server.serve_forever()
