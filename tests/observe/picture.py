"""One SVG of what Prometheus saw of a run: the dashboard's first panels, with the scenes behind them and the alerts below.

Self-contained, and readable in GitHub's light and dark themes: it brings its own ground.
"""

from html import escape
from math import floor, isfinite, log10

STYLE = """
  svg { --ground: #ffffff; --panel: #f6f8fa; --line: #d0d7de; --text: #1f2328; --faint: #59636e; --shade: #eaeef2;
        --a: #0969da; --b: #bc4c00; --c: #1a7f37; --d: #8250df; --ticket: #bf8700; --page: #cf222e }
  @media (prefers-color-scheme: dark) {
    svg { --ground: #0d1117; --panel: #151b23; --line: #3d444d; --text: #f0f6fc; --faint: #9198a1; --shade: #1e2630;
          --a: #4493f8; --b: #f0883e; --c: #3fb950; --d: #ab7df8; --ticket: #d29922; --page: #f85149 }
  }
  text { font: 12px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: var(--text) }
  .heading { font-weight: 600; font-size: 17px } .title { font-weight: 600; font-size: 13px } .faint { fill: var(--faint); font-size: 11px }
  .grid { stroke: var(--line); stroke-width: 1; opacity: .6 } .curve { fill: none; stroke-width: 1.8; stroke-linejoin: round }
"""
COLOURS = ("--a", "--b", "--c", "--d")
WIDTH, GAP, MARGIN, TOP = 960, 12, 16, 76
PANEL_WIDTH, PANEL_HEIGHT = (WIDTH - 2 * MARGIN - GAP) / 2, 168
STATES = ("relaying", "idle", "standby", "starting", "draining", "backing_off", "waiting_for_operator", "halted")
STATE_COLOURS = dict(zip(STATES, ("--c", "--c", "--a", "--d", "--d", "--ticket", "--page", "--page")))

PANELS = (  # title, unit (`log s`: seconds on a logarithmic axis), [(legend, expression)]
    ("Rows in and out, a second", "",
     [(word, f"sum(rate(outbox_relay_{name}_total[5s]))")
      for word, name in (("fetched", "rows_fetched"), ("acknowledged", "records_published"),
                         ("completed", "rows_completed"))]),
    ("Backlog, rows", "", [("orders", 'max(outbox_relay_backlog_rows{outbox="orders"})'),
                           ("payments", 'max(outbox_relay_backlog_rows{outbox="payments"})')]),
    ("Age of the oldest row", "s",
     [(name, f'max(time() - (outbox_relay_backlog_oldest_timestamp_seconds{{outbox="{name}"}} > 0)) or '
             f'max(outbox_relay_backlog_oldest_timestamp_seconds{{outbox="{name}"}} == 0)')
      for name in ("orders", "payments")]),
    ("Created to acknowledged", "log s",
     [(f"p{q}", f"histogram_quantile(0.{q}, sum by (le) (rate(outbox_relay_end_to_end_duration_seconds_bucket[5s])))")
      for q in (50, 99)]),
    ("In flight, of its limit", "%",
     [(name, f'max(100 * outbox_relay_in_flight_rows{{outbox="{name}"}} / outbox_relay_in_flight_limit_rows)')
      for name in ("orders", "payments")]),
    ("Parked, held, dead letters", "",
     [("parked", "max(outbox_relay_parked_rows)"), ("held behind", "max(outbox_relay_held_rows)"),
      ("held topics", "max(outbox_relay_held_topics and outbox_relay_leader == 1)"),
      ("dead letters", "sum(outbox_relay_rows_dead_lettered_total)")]),
)


def nice_ceiling(value):
    """The smallest of 1, 2, 5 times a power of ten that is not below."""
    if value <= 0:
        return 1.0
    power = 10.0 ** floor(log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value * 0.999)


def short(value):
    return f"{value / 1000:g} k" if value >= 1000 else f"{value:g}"


class Axis:
    """Where a value lies between the bottom (0) and the top (1), and what is written beside."""

    def __init__(self, values, unit):
        highest = max((value for value in values if isfinite(value)), default=1)
        if unit == "log s":
            words = ("1 ms", "10 ms", "100 ms", "1 s", "10 s", "100 s")
            self.ticks = [(power / 5, word) for power, word in enumerate(words)]
            self.share = lambda value: min(max((log10(max(value, 1e-3)) + 3) / 5, 0), 1)
        else:
            ceiling = nice_ceiling(highest)
            self.ticks = [(share, f"{short(share * ceiling)} {unit}".strip()) for share in (0, 0.5, 1)]
            self.share = lambda value: min(value / ceiling, 1)


class Frame:
    """A panel's place on the page, and where its moments lie."""

    def __init__(self, x, y, width, height, left, start, end):
        self.x, self.y, self.width, self.height = x, y, width, height
        self.left, self.right, self.top, self.bottom = x + left, x + width - 14, y + 46, y + height - 26
        self.start, self.end = start, end

    def at(self, moment):
        share = (min(max(moment, self.start), self.end) - self.start) / (self.end - self.start)
        return self.left + share * (self.right - self.left)

    def ground(self, title):
        return (f'<rect x="{self.x:g}" y="{self.y:g}" width="{self.width:g}" height="{self.height:g}" rx="6" '
                f'style="fill:var(--panel);stroke:var(--line)"/>\n'
                f'<text x="{self.x + 12:g}" y="{self.y + 19:g}" class="title">{escape(title)}</text>\n')

    def scenes(self, scenes):
        """Every other scene is shaded; its number stands below."""
        out = ""
        for number, (begin, _) in enumerate(scenes, 1):
            until = scenes[number][0] if number < len(scenes) else self.end
            left, right = self.at(begin), self.at(until)
            if number % 2 == 0:
                out += (f'<rect x="{left:.1f}" y="{self.top:g}" width="{right - left:.1f}" '
                        f'height="{self.bottom - self.top:g}" style="fill:var(--shade)"/>\n')
            out += (f'<text x="{(left + right) / 2:.1f}" y="{self.bottom + 16:g}" class="faint" text-anchor="middle">'
                    f'{number}</text>\n')
        return out


def curve(frame, points, axis, colour):
    """Where a value is missing (NaN), the line is broken."""
    height, path, is_drawing = frame.bottom - frame.top, "", False
    previous = None
    for moment, text in points:
        value = float(text)
        if not isfinite(value) or (previous is not None and moment - previous > 1.5):
            is_drawing = False
        if isfinite(value):
            path += f"{'L' if is_drawing else 'M'}{frame.at(moment):.1f} {frame.bottom - axis.share(value) * height:.1f}"
            is_drawing = True
        previous = moment
    return f'<path d="{path}" class="curve" style="stroke:var({colour})"/>\n'


def legend(x, y, words):
    out = ""
    for word, colour in words:
        out += (f'<rect x="{x:g}" y="{y - 8:g}" width="9" height="9" rx="2" style="fill:var({colour})"/>'
                f'<text x="{x + 13:g}" y="{y:g}" class="faint">{escape(word)}</text>\n')
        x += 28 + 6.1 * len(word)
    return out


def panel(frame, prometheus, scenes, title, unit, lines):
    found = []
    for word, expression in lines:
        result = prometheus.range(expression, frame.start, frame.end)
        found.append((word, result[0]["values"] if result else []))
    axis = Axis([float(value) for _, points in found for _, value in points], unit)
    out = frame.ground(title) + frame.scenes(scenes)
    for share, text in axis.ticks:
        y = frame.bottom - share * (frame.bottom - frame.top)
        out += (f'<line x1="{frame.left:g}" x2="{frame.right:g}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
                f'<text x="{frame.left - 6:g}" y="{y + 4:.1f}" class="faint" text-anchor="end">{text}</text>\n')
    for (_, points), colour in reversed(list(zip(found, COLOURS))):
        out += curve(frame, points, axis, colour)
    return out + legend(frame.x + 12, frame.y + 36, [(word, colour) for (word, _), colour in zip(found, COLOURS)])


def bars(frame, rows):
    """Rows of (name, [(moment, colour)]): a second of it is a bar."""
    out, height = "", (frame.bottom - frame.top) / max(len(rows), 1)
    for number, (name, seconds) in enumerate(rows):
        y = frame.top + number * height
        out += (f'<text x="{frame.left - 8:g}" y="{y + height / 2 + 4:.1f}" class="faint" text-anchor="end">'
                f'{escape(name)}</text>\n')
        begin = previous = None
        for moment, colour in seconds + [(None, None)]:
            if previous and (moment is None or moment - previous[0] > 1.5 or colour != previous[1]):
                left, right = frame.at(begin), frame.at(previous[0] + 1)
                out += (f'<rect x="{left:.1f}" y="{y + 3:.1f}" width="{max(right - left, 1):.1f}" '
                        f'height="{height - 6:.1f}" rx="2" style="fill:var({previous[1]})"/>\n')
                previous = None
            if moment is not None:
                begin, previous = (begin if previous else moment), (moment, colour)
    return out


def states(prometheus, start, end):
    """A row for each relay of the outbox `orders`."""
    rows = {}
    for series in prometheus.range('outbox_relay_state{outbox="orders"} == 1', start, end):
        rows.setdefault(series["metric"]["instance"], []).extend(
            (moment, STATE_COLOURS[series["metric"]["state"]]) for moment, _ in series["values"])
    return [(f"relay {number}", sorted(seconds)) for number, (_, seconds) in enumerate(sorted(rows.items()), 1)]


def alerts(prometheus, start, end):
    """A row for each alert that fired, in the order in which they did."""
    rows = {}
    for series in prometheus.range('max by (alertname, severity) (ALERTS{alertstate="firing"})', start, end):
        labels = series["metric"]
        rows[labels["alertname"]] = [(moment, f"--{labels['severity']}") for moment, _ in series["values"]]
    return sorted(rows.items(), key=lambda row: row[1][0])


def draw(prometheus, scenes, end):
    start = scenes[0][0]
    body, y = "", TOP + 18 * ((len(scenes) + 1) // 2)
    body += '<text x="16" y="30" class="heading">outbox-relay through faults, as Prometheus saw it</text>\n'
    body += (f'<text x="16" y="50" class="faint">Two relays, two outboxes, 220 rows a second, {end - start:.0f} seconds. '
             'Alerts in fast motion: their waits and ages are a twentieth.</text>\n')
    for number, (_, title) in enumerate(scenes):
        body += (f'<text x="{16 + (number % 2) * (PANEL_WIDTH + GAP):g}" y="{TOP + 18 * (number // 2):g}">'
                 f'<tspan style="font-weight:600">{number + 1}</tspan>  {escape(title)}</text>\n')
    for number, (title, unit, lines) in enumerate(PANELS):
        frame = Frame(MARGIN + (number % 2) * (PANEL_WIDTH + GAP), y + (number // 2) * (PANEL_HEIGHT + GAP), PANEL_WIDTH,
                      PANEL_HEIGHT, 52, start, end)
        body += panel(frame, prometheus, scenes, title, unit, lines)
    y += len(PANELS) // 2 * (PANEL_HEIGHT + GAP)
    for title, rows, words in (
            ("State, outbox orders", states(prometheus, start, end),
             [("relaying, idle", "--c"), ("standby", "--a"), ("backing off", "--ticket")]),
            ("Alerts firing", alerts(prometheus, start, end), [("page", "--page"), ("ticket", "--ticket")])):
        frame = Frame(MARGIN, y, WIDTH - 2 * MARGIN, 72 + 22 * len(rows), 200, start, end)
        body += frame.ground(title) + frame.scenes(scenes) + bars(frame, rows) + legend(MARGIN + 12, y + 36, words)
        y += frame.height + GAP
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 4:g}" role="img" '
            f'aria-label="Panels of a run through faults">\n<style>{STYLE}</style>\n'
            f'<rect width="{WIDTH}" height="{y + 4:g}" style="fill:var(--ground)"/>\n{body}</svg>\n')
