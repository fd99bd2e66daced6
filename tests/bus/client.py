# SPDX-License-Identifier: LGPL-2.1-or-later
"""
A client of the bus as no library would let one be: it speaks to the socket itself.

usage: client.py SOCKET deaf [MEMBER]
       client.py SOCKET flood MEMBER SECONDS

deaf: calls MEMBER of the manager five thousand times, or for as long as the bus takes calls,
and never reads an answer; without MEMBER it subscribes to all that the manager says, and never
reads that. Says "deaf COUNT" then, and ends with its input.
flood: has a hundred calls under way, always, and says how often each answer came: "return COUNT",
"error COUNT".
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
    """The types of those that come in."""

    def __init__(self, s):
        self.s = s
        self.data = b""

    def next(self):
        while True:
            if len(self.data) >= 16:
                _, kind, _, _, body, _, fields = struct.unpack_from("<BBBBIII", self.data)
                size = 16 + fields + -fields % 8 + body
                if len(self.data) >= size:
                    self.data = self.data[size:]
                    return kind
            more = self.s.recv(1 << 20)
            if not more:
                sys.exit("the bus is gone")
            self.data += more


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
        kind = messages.next()
        if kind in answers:
            answers[kind] += 1
            under_way -= serial > 1 and answers[REPLY] + answers[ERROR] > 0
    print("return", answers[REPLY])
    print("error", answers[ERROR])


if __name__ == "__main__":
    {"deaf": deaf, "flood": flood}[sys.argv[2]](connect(sys.argv[1]), *sys.argv[3:])
