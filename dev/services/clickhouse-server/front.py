#!/usr/bin/env python3
"""ClickHouse's engine (chdb) behind the part of ClickHouse's HTTP interface that programs use to ask and to insert.

    front.py FOLDER PORT PASSWORD

One process, one user called `default`. Answers are collected before they are sent. There is no cluster behind it and no TLS before it.
"""
import base64
import email.parser
import email.policy
import queue
import re
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import lz4.block
import lz4.frame
from chdb.state.sqlitelike import connect
from clickhouse_cityhash.cityhash import CityHash128

CONNECTIONS = 8
USER = "default"
# Parameters of a request that are no settings of the engine.
NO_SETTINGS = {
    "query", "database", "default_format", "decompress", "compress", "user", "password", "query_id", "session_id",
    "wait_end_of_query", "buffer_size", "role", "enable_http_compression", "client_protocol_version",
}
# What the server takes of one value of a request unless it is told otherwise (http_max_field_value_size).
VALUE_BYTES_MAX = 131072
STATUS_OF_CODE = {159: 408, 48: 501, 60: 404, 81: 404, 516: 403}
INSERT = re.compile(r"\s*(INSERT\s+INTO\s.+?)\s+FORMAT\s+(\w+)\s*", re.IGNORECASE | re.DOTALL)


class Refused(Exception):
    """An error as ClickHouse tells it."""

    def __init__(self, code, text):
        super().__init__(f"Code: {code}. DB::Exception: {text}")
        self.code = code


def name(text):
    return "`" + text.replace("\\", "\\\\").replace("`", "\\`") + "`"


def literal(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def blocks(chunks):
    """What is in ClickHouse's compressed blocks: checksum, method, both sizes, data."""
    waiting = bytearray()
    for chunk in chunks:
        waiting += chunk
        while len(waiting) >= 25 and len(waiting) >= 16 + int.from_bytes(waiting[17:21], "little"):
            end = 16 + int.from_bytes(waiting[17:21], "little")
            checksum, body = bytes(waiting[:16]), bytes(waiting[16:end])
            del waiting[:end]
            expected = CityHash128(body).to_bytes(16, "little")
            if checksum not in (expected, expected[8:] + expected[:8]):
                raise Refused(40, "Checksum doesn't match (CHECKSUM_DOESNT_MATCH)")
            if body[0] != 0x82:
                raise Refused(89, f"Unknown codec {body[0]} (UNKNOWN_COMPRESSION_METHOD)")
            yield lz4.block.decompress(body[9:], uncompressed_size=int.from_bytes(body[5:9], "little"))
    if waiting:
        raise Refused(33, "Cannot read all data (CANNOT_READ_ALL_DATA)")


class Connection:
    """A connection to the engine that has the database and the settings of one request."""

    def __init__(self, pool, database, settings):
        self.pool, self.database, self.settings = pool, database, settings

    def __enter__(self):
        self.engine = self.pool.get()
        try:
            if self.database != "default":
                self.engine.query(f"USE {name(self.database)}")
            for key, value in self.settings.items():
                self.engine.query(f"SET {name(key)} = {literal(value)}")
        except BaseException:
            self.__exit__()
            raise
        return self.engine

    def __exit__(self, *_):
        try:
            for key in self.settings:
                self.engine.query(f"SET {name(key)} = DEFAULT")
            self.engine.query("USE default")
        except Exception:
            # What the settings were refused for has been told already.
            pass
        self.pool.put(self.engine)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def log_message(self, *_):
        pass

    def do_GET(self):
        if urlsplit(self.path).path == "/ping":
            self.answer(200, b"Ok.\n")
        else:
            self.serve(iter(()))

    def do_POST(self):
        self.serve(self.body())

    def serve(self, body):
        try:
            self.answer(200, self.result(body))
        except ConnectionError:
            self.close_connection = True
        except Exception as error:
            text = str(error)
            text = text[text.index("Code:"):] if "Code:" in text else f"Code: 1001. DB::Exception: {text}"
            code = int(re.match(r"Code: (\d+)", text)[1])
            # What has not been read of the request stays unread.
            self.close_connection = True
            self.answer(STATUS_OF_CODE.get(code, 500), text.encode() + b"\n", {"X-ClickHouse-Exception-Code": str(code)})

    def result(self, body):
        parameters = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        self.authenticate(parameters)
        if self.headers.get_content_type() == "multipart/form-data":
            parameters |= self.form(b"".join(body))
            body = iter(())
        if any(len(value.encode()) > VALUE_BYTES_MAX for value in parameters.values()):
            raise Refused(1000, "HTML Form Exception: Field value too long (POCO_EXCEPTION)")
        settings = {key: value for key, value in parameters.items() if key not in NO_SETTINGS and not key.startswith("param_")}
        database = parameters.get("database") or self.headers.get("X-ClickHouse-Database") or "default"
        query = parameters.get("query", "")
        with Connection(self.server.pool, database, settings) as engine:
            insert = INSERT.fullmatch(query)
            if insert:
                return self.insert(engine, insert, blocks(body) if parameters.get("decompress") == "1" else body)
            query = (query + "\n" + b"".join(body).decode()).strip()
            values = {key.removeprefix("param_"): value for key, value in parameters.items() if key.startswith("param_")}
            answer = engine.query(query, parameters.get("default_format") or "TabSeparated", params=values or None)
            return (answer.bytes() or b"") if hasattr(answer, "bytes") else b""

    def insert(self, engine, match, chunks):
        insert = engine.send_insert(match[1], match[2])
        try:
            for chunk in chunks:
                insert.append(chunk)
            insert.finish()
        except BaseException:
            insert.cancel()
            raise
        return b""

    def authenticate(self, parameters):
        headers = self.headers
        user = parameters.get("user") or headers.get("X-ClickHouse-User") or USER
        password = parameters.get("password") or headers.get("X-ClickHouse-Key") or ""
        if headers.get("Authorization", "").startswith("Basic "):
            user, _, password = base64.b64decode(headers["Authorization"][6:]).decode().partition(":")
        if (user, password) != (USER, self.server.password):
            raise Refused(516, f"{user}: Authentication failed (AUTHENTICATION_FAILED)")

    def form(self, body):
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
        return {part.get_param("name", header="content-disposition"): part.get_payload(decode=True).decode()
                for part in message.iter_parts()}

    def body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            yield self.exactly(int(self.headers.get("Content-Length") or 0))
            return
        while True:
            size = int(self.rfile.readline().split(b";")[0] or b"x", 16) if not self.rfile.closed else 0
            if size == 0:
                self.rfile.readline()
                return
            yield self.exactly(size)
            self.rfile.readline()

    def exactly(self, size):
        data = self.rfile.read(size)
        if len(data) < size:
            raise ConnectionError("the request ends before its end")
        return data

    def answer(self, status, data, headers=None):
        headers = {"Content-Type": "text/plain; charset=UTF-8", **(headers or {})}
        if self.close_connection:
            headers["Connection"] = "close"
        if "lz4" in self.headers.get("Accept-Encoding", "") and status == 200:
            data = lz4.frame.compress(data)
            headers["Content-Encoding"] = "lz4"
        self.send_response(status)
        for key, value in (*headers.items(), ("Content-Length", str(len(data)))):
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, folder, port, password):
        self.pool, self.password = queue.LifoQueue(), password
        for _ in range(CONNECTIONS):
            self.pool.put(connect(folder))
        super().__init__(("127.0.0.1", port), Handler)


def main():
    server = Server(sys.argv[1], int(sys.argv[2]), sys.argv[3])
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()
    while not server.pool.empty():
        server.pool.get().close()


if __name__ == "__main__":
    main()
