"""Reads sources whose toolchain cannot be had here, and ends with 1 where one does not parse: syntax.py FILE…"""

import sys
import xml.dom.minidom

import tree_sitter_c_sharp
import tree_sitter_java
from tree_sitter import Language, Parser

GRAMMARS = {".cs": tree_sitter_c_sharp, ".java": tree_sitter_java}


def errors(node):
    if node.is_error or node.is_missing:
        return [f"line {node.start_point[0] + 1}: {node.text.decode()[:80]!r}"]
    return [error for child in node.children if node.has_error for error in errors(child)]


def problems(path):
    with open(path, "rb") as file:
        text = file.read()
    ending = path[path.rindex(".") :]
    if ending not in GRAMMARS:
        xml.dom.minidom.parseString(text)
        return []
    return errors(Parser(Language(GRAMMARS[ending].language())).parse(text).root_node)


found = [f"{path}: {problem}" for path in sys.argv[1:] for problem in problems(path)]
print("\n".join(found) or f"{len(sys.argv) - 1} files read")
sys.exit(1 if found else 0)
