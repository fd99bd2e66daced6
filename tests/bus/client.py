# SPDX-License-Identifier: LGPL-2.1-or-later
"""
A client of the bus as no library would let one be: it speaks to the socket itself.

usage: client.py SOCKET deaf [MEMBER]
       client.py SOCKET flood MEMBER SECONDS
       client.py SOCKET ask MEMBER...
       client.py SOCKET crowd MEMBER CONNECTIONS

deaf: calls MEMBER of the manager five thousand times, or for as long as the bus takes calls,
and never reads an answer; without MEMBER it subscribes to all that the manager says, and never
reads that. Says "deaf COUNT" then, and ends with its input.
flood: has a hundred calls under way, always, and says how often each answer came: "return COUNT",
"error COUNT".
ask: calls each, without waiting for an answer, and says in the order of the answers what they were
to, and how many members "message" they have: "MEMBER COUNT", or "MEMBER error".
crowd: over each of so many connections calls MEMBER four times at once, and says how often each
answer came.
"""
import os
import select
import socket
import struct
import sys
import time

UNDER_WAY = 100
DEAF_CALLS = 5000
REPLY, ERROR = 2, 3
NO_REPLY_EXPECTED = 1
BUS = ("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
MANAGER = ("/org/stalelib1", "org.stalelib1.Manager", "org.stalelib1")


def align(data, to=8):
    return data + bytes(-len(data) % to)


def text(s):
    return struct.pack("<I", len(s)) + s.encode() + b"\0"


def field(code, kind, value):
    return align(bytes([code, 1, ord(kind), 0]) + value)


def call(serial, to, member, argument=None, flags=0):
    path, interface, destination = to
    body = text(argument) if argument else b""
    fields = field(1, "o", text(path)) + field(2, "s", text(interface)) + field(6, "s", text(destination))
    fields += field(8, "g", b"\x01s\0") if argument else b""
    fields += bytes([3, 1, ord("s"), 0]) + text(member)
    return align(struct.pack("<BBBBIII", ord("l"), 1, flags, 1, len(body), serial, len(fields)) + fields) + body


def connect(path):
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    s.sendall(b"\0AUTH EXTERNAL " + str(os.geteuid()).encode().hex().encode() + b"\r\n")
    if not s.recv(100).startswith(b"OK"):
        sys.exit("refused by the bus")
    s.sendall(b"BEGIN\r\n" + call(1, BUS, "Hello"))
    return s


def deaf(s, member=None):
    s.sendall(call(2, BUS, "AddMatch", "type='signal',sender='org.stalelib1'", NO_REPLY_EXPECTED))
    s.setblocking(False)
    n = 0
    pending = b""
    while member and (pending or n < DEAF_CALLS) and select.select([], [s], [], 1)[1]:
        if not pending:
            n += 1
            pending = call(2 + n, MANAGER, member)
        try:
            pending = pending[s.send(pending):]
        except BlockingIOError:
            continue
        except OSError:
            break
    print("deaf", n, flush=True)
    sys.stdin.read()


class Messages:
    """Those that come in."""

    def __init__(self, s):
        self.s = s
        self.data = b""

    def next(self):
        """Its type, its header's fields, and its body."""
        while True:
            if len(self.data) >= 16:
                _, kind, _, _, body, _, fields = struct.unpack_from("<BBBBIII", self.data)
                start = 16 + fields + -fields % 8
                if len(self.data) >= start + body:
                    message = kind, self.data[16:16 + fields], self.data[start:start + body]
                    self.data = self.data[start + body:]
                    return message
            more = self.s.recv(1 << 20)
            if not more:
                sys.exit("the bus is gone")
            self.data += more


def answered(fields):
    """The serial of the call that it answers: the field 5, a u."""
    return struct.unpack_from("<I", fields, fields.index(b"\5\1u\0") + 4)[0]


def flood(s, member, seconds):
    messages = Messages(s)
    serial = 1
    under_way = 0
    answers = {REPLY: -1, ERROR: 0}  # that to Hello is none
    end = time.monotonic() + float(seconds)
    while under_way or time.monotonic() < end:
        while under_way < UNDER_WAY and time.monotonic() < end:
            serial += 1
            under_way += 1
            s.sendall(call(serial, MANAGER, member))
        kind, _, _ = messages.next()
        if kind in answers:
            answers[kind] += 1
            under_way -= serial > 1 and answers[REPLY] + answers[ERROR] > 0
    print("return", answers[REPLY])
    print("error", answers[ERROR])


def ask(s, *members):
    messages = Messages(s)
    waited_for = dict(enumerate(members, 2))
    s.sendall(b"".join(call(serial, MANAGER, member) for serial, member in waited_for.items()))
    while waited_for:
        kind, fields, body = messages.next()
        member = waited_for.pop(answered(fields), None) if kind in (REPLY, ERROR) else None
        if member:
            print(member, body.count(text("message")) if kind == REPLY else "error")


def crowd(s, member, connections):
    sockets = [connect(sys.argv[1]) for _ in range(int(connections))]
    for s in sockets:
        s.sendall(b"".join(call(2 + i, MANAGER, member) for i in range(4)))
    answers = {REPLY: -len(sockets), ERROR: 0}  # those to Hello are none
    for messages in map(Messages, sockets):
        for _ in range(5):
            kind = messages.next()[0]
            while kind not in answers:
                kind = messages.next()[0]
            answers[kind] += 1
    print("return", answers[REPLY])
    print("error", answers[ERROR])


if __name__ == "__main__":
    {"deaf": deaf, "flood": flood, "ask": ask, "crowd": crowd}[sys.argv[2]](connect(sys.argv[1]), *sys.argv[3:])
