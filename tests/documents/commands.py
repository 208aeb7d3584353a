"""The commands that the documentation shows, as a reader would type them."""

import re
from dataclasses import dataclass

FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`]+)`")
STATEMENTS = "SELECT|UPDATE|CREATE|ALTER|VACUUM|GRANT|DROP|INSERT"
# A program or a statement, with something behind it: alone it is a name.
START = re.compile(r"(?:outbox-relay|psql|curl|promtool|kcat|docker|kubectl|helm|systemctl|journalctl|cmake|ctest|ssh|[A-Z_]+=\S+|"
                   rf"(?:\./)?(?:tests|deploy)/\S+|{STATEMENTS})\s")
SQL = re.compile(rf"(?:{STATEMENTS})\s")


@dataclass(frozen=True)
class Command:
    file: str
    line: int
    text: str
    output: str = ""  # what the page shows of it
    is_inline: bool = False  # in a sentence, where it may be shortened

    @property
    def is_sql(self):
        return bool(SQL.match(self.text))

    def __str__(self):
        return f"{self.file}:{self.line}: {self.text}"


def commands(file, text):
    """All of a page, in its order."""
    found = []
    for fence in FENCE.finditer(text):
        language, line = fence[1], text.count("\n", 0, fence.start()) + 2
        if language == "sh":
            found += [Command(file, line + offset, command) for offset, command in shell_lines(fence[2])]
        elif language == "console":
            found += [Command(file, line, shown.partition("\n")[0], shown.partition("\n")[2])
                      for shown in re.split(r"^\$ ", fence[2], flags=re.MULTILINE)[1:]]
        elif language == "sql":
            found.append(Command(file, line, fence[2].strip()))
    sentences = FENCE.sub(lambda fence: "\n" * fence[0].count("\n"), text)
    found += [Command(file, sentences.count("\n", 0, span.start()) + 1, " ".join(span[1].split()), is_inline=True)
              for span in SPAN.finditer(sentences) if START.match(span[1])]
    return sorted(found, key=lambda command: command.line)


def shell_lines(block):
    """Lines as the shell sees them, without what is said about them."""
    whole, begin = "", 0
    for number, line in enumerate(block.splitlines()):
        begin = begin if whole else number
        whole += line.strip() if not whole else " " + line.strip()
        if whole.endswith("\\"):
            whole = whole[:-1].rstrip()
            continue
        command = re.sub(r"\s+#\s.*$", "", whole)
        if command:
            yield begin, command
        whole = ""


def anchors(text):
    """What a link to a heading of the page is called."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(text):
    """Those that lead to another place of the documentation, or to a file."""
    targets = re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", text))
    return [target for target in targets if not re.match(r"\w+:", target)]
