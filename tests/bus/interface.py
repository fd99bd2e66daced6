#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""usage: interface.py [--write] FILE <INTROSPECTION

Compares an installed interface file with what Introspect() returned: methods, signals and
properties with their arguments, types and annotations. --write writes FILE instead.
"""
import os
import sys
import xml.etree.ElementTree as ET

HEAD = """<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->
<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"
        "https://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">
"""


def members(interface):
    """One line for each member and what is below it, in an order of their own."""
    return sorted(ET.canonicalize(ET.tostring(member), strip_text=True) for member in interface)


def interface_of(root, name):
    return next(i for i in root.iter("interface") if i.get("name") == name)


def main():
    write, path = "--write" in sys.argv, sys.argv[-1]
    name = os.path.basename(path).removesuffix(".xml")
    served = interface_of(ET.fromstring(sys.stdin.read()), name)
    if write:
        node = ET.Element("node")
        node.append(served)
        ET.indent(node, "        ")
        with open(path, "w", encoding="utf-8") as f:
            f.write(HEAD + ET.tostring(node, encoding="unicode") + "\n")
        return 0
    installed = members(interface_of(ET.parse(path).getroot(), name))
    served = members(served)
    for line in sorted(set(installed) ^ set(served)):
        print(("not in the file: " if line in served else "not served: ") + line)
    return installed != served


sys.exit(main())
