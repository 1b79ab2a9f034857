#!/usr/bin/env python3
"""Does for `docker run` what is needed to start the program that an image would hold: no container is made.

`docker run [--rm] [-v HOST:CONTAINER] [-e NAME=VALUE] IMAGE WORD ...` becomes $SOURCE_PROGRAM WORD ..., with the
paths of the container put back to those of the host. All else is answered as if it had worked.
"""

import os
import sys

words = sys.argv[1:]
if words[:1] != ["run"]:
    print("docker, a stand-in")
    sys.exit(0)

paths = {}
place = 1
while words[place].startswith("-"):
    option, value = words[place], words[place + 1]
    if option == "-v":
        host, container = value.split(":")[:2]
        paths[container] = host
    elif option == "-e":
        name, _, text = value.partition("=")
        os.environ[name] = text
    place += 2 if option in ("-v", "-e") else 1

program = os.environ["SOURCE_PROGRAM"]
os.execv(program, [program, *(paths.get(word, word) for word in words[place + 1 :])])
