"""Small drawings for pages: numbers in, coordinates out; templates write them as SVG, and a table always stands beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from kontingent.trajectory.flows.queries.attained import Milestone
from kontingent.trajectory.flows.rules import Gap, Stay, YearOfMarks

#: Bars: height of one, gap between rows, width of the names, of the longest bar, room for its number.
THICK, GAP, NAMES, LONGEST, NUMBERS = 16, 10, 215, 300, 54
LINE_WIDTH, LINE_HEIGHT = 90, 22

Number = int | Decimal


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a row."""

    y: int
    width: int
    number: Number
    kind: int
    text_x: int
    text_y: int


@dataclass(frozen=True, slots=True)
class Row:
    """A name and its bars."""

    name: str
    text_y: int
    bars: list[Bar]


@dataclass(frozen=True, slots=True)
class Bars:
    """Horizontal bars, one group of them a row."""

    rows: list[Row]
    height: int
    width: int = NAMES + LONGEST + NUMBERS
    left: int = NAMES
    thick: int = THICK


def bars(rows: Sequence[tuple[str, Sequence[Number | None]]], *, top: int) -> Bars:
    """Lay out rows of bars; ``top`` is the number of the longest bar that can be."""
    laid: list[Row] = []
    y = GAP
    for name, numbers in rows:
        found = []
        middle = y + THICK * max(1, len(numbers)) // 2 + 5
        for kind, number in enumerate(numbers):
            width = 0 if number is None else round(LONGEST * min(top, max(0, number)) / top)
            if number is not None:
                found.append(Bar(y, width, number, kind, NAMES + width + 6, y + THICK - 3))
            y += THICK
        laid.append(Row(name, middle, found))
        y += GAP
    return Bars(laid, y)


def line(numbers: Sequence[int], *, top: int) -> str:
    """Return the points of a line through numbers in their order, empty for fewer than two."""
    if len(numbers) < 2:
        return ""
    step = (LINE_WIDTH - 6) / (len(numbers) - 1)
    low = 1 if top <= 5 else 0
    height = LINE_HEIGHT - 6
    return " ".join(
        f"{3 + index * step:.1f},{3 + height * (top - number) / (top - low):.1f}"
        for index, number in enumerate(numbers)
    )


# -- flows ---------------------------------------------------------------------------------------

#: A drawing of flows: room for names on either side, thickness of a node, the span between, the least height of a line of text.
ASIDE, NODE, SPAN, TEXT, AIR = 250, 12, 380, 15, 5
TALL = 420


@dataclass(frozen=True, slots=True)
class FlowNode:
    """One end of flows: its bar and where its name stands."""

    name: str
    number: int
    x: int
    y: str
    height: str
    text_x: int
    text_y: int
    anchor: str
    kind: int


@dataclass(frozen=True, slots=True)
class FlowBand:
    """A flow between two ends, as the path of an area."""

    path: str
    kind: int
    title: str


@dataclass(frozen=True, slots=True)
class FlowChart:
    """Ends on both sides and bands between them (диаграмма Санки)."""

    nodes: list[FlowNode]
    bands: list[FlowBand]
    height: int
    width: int = 2 * ASIDE + 2 * NODE + SPAN
    thick: int = NODE


def flow_chart(flows: Sequence[tuple[str, str, int]]) -> FlowChart | None:
    """Lay out flows from the left to the right, the largest ends on top; nothing where nothing flows."""
    weights: tuple[dict[str, int], dict[str, int]] = ({}, {})
    for source, target, number in flows:
        for side, name in enumerate((source, target)):
            weights[side][name] = weights[side].get(name, 0) + number
    whole = sum(number for _, _, number in flows)
    if not whole:
        return None
    scale = TALL / whole
    nodes: list[FlowNode] = []
    top: tuple[dict[str, float], dict[str, float]] = ({}, {})
    kinds: dict[str, int] = {}
    bottom = 0.0
    for side in (0, 1):
        y = float(AIR)
        for index, (name, number) in enumerate(
            sorted(weights[side].items(), key=lambda one: (-one[1], one[0]))
        ):
            height = max(1.5, number * scale)
            slot = max(height, TEXT)
            start = y + (slot - height) / 2
            top[side][name] = start
            if side == 0:
                kinds[name] = index % 8
            nodes.append(
                FlowNode(
                    name, number, ASIDE + side * (NODE + SPAN), f"{start:.1f}", f"{height:.1f}",
                    ASIDE - 8 if side == 0 else ASIDE + 2 * NODE + SPAN + 8, round(y + slot / 2 + 4),
                    "end" if side == 0 else "start", kinds.get(name, 5),
                )
            )  # fmt: skip
            y += slot + AIR
        bottom = max(bottom, y)
    bands = []
    left, right, middle = ASIDE + NODE, ASIDE + NODE + SPAN, ASIDE + NODE + SPAN // 2
    order = {name: place for place, name in enumerate(top[1])}
    for source, target, number in sorted(flows, key=lambda one: (one[0], order[one[1]])):
        thick = number * scale
        a, z = top[0][source], top[1][target]
        top[0][source], top[1][target] = a + thick, z + thick
        path = (
            f"M{left},{a:.1f} C{middle},{a:.1f} {middle},{z:.1f} {right},{z:.1f} L{right},{z + thick:.1f} "
            f"C{middle},{z + thick:.1f} {middle},{a + thick:.1f} {left},{a + thick:.1f} Z"
        )
        bands.append(FlowBand(path, kinds[source], f"{source} → {target}: {number}"))
    return FlowChart(nodes, bands, round(bottom))


# -- a path on one line ----------------------------------------------------------------------------

#: The line of a path: its width, the height of a lane, the gap between lanes, room for the years.
PATH_WIDTH, LANE, LANE_GAP, YEARS = 900, 26, 8, 22


@dataclass(frozen=True, slots=True)
class PathPart:
    """A bar of a path: an enrolment, or a gap (``kind`` is None)."""

    x: str
    y: int
    width: str
    kind: int | None
    label: str
    title: str
    text_y: int


@dataclass(frozen=True, slots=True)
class PathMark:
    """A school year by its marks, or a point where something was attained (``width`` is empty)."""

    x: str
    y: int
    width: str
    kind: str
    label: str
    title: str


@dataclass(frozen=True, slots=True)
class PathLine:
    """A path with its years; below it lanes of results, each with a caption."""

    parts: list[PathPart]
    years: list[tuple[str, int]]
    height: int
    captions: list[tuple[int, str]] = field(default_factory=list)
    marks: list[PathMark] = field(default_factory=list)
    width: int = PATH_WIDTH
    lane: int = LANE


#: The lanes of results below a path: which kinds of milestones, and the caption.
_RESULT_LANES = ((("exam", "document"), "Экзамены и документы"), (("achievement",), "Достижения"))
#: Points nearer than this are drawn as one with their number; room for a caption above its lane.
_NEAR, _CAPTION = 22.0, 18


def path_line(
    stays: Sequence[Stay],
    gaps: Sequence[Gap],
    today: date,
    *,
    years_of_marks: Sequence[YearOfMarks] = (),
    milestones: Sequence[Milestone] = (),
) -> PathLine | None:
    """Lay a path out by days: main programmes and gaps on the first lane, additional ones below, none over another.

    Below them the school years by their marks, and what was attained, each kind on its lane; days outside the path stand at its end.
    """
    if not stays:
        return None
    first = min(one.starts_on for one in stays)
    last = max([today, *(one.ends_on or today for one in stays)])
    scale = PATH_WIDTH / max(1, (last - first).days)
    levels = {level: index for index, level in enumerate(sorted({one.level for one in stays}))}
    ends: list[date] = [date.min]
    parts = []

    def put(lane: int, starts_on: date, ends_on: date, kind: int | None, label: str, title: str) -> None:
        y = YEARS + lane * (LANE + LANE_GAP)
        width = max(2.0, (ends_on - starts_on).days * scale)
        fits = label if len(label) * 7 + 6 < width else ""
        parts.append(
            PathPart(
                f"{(starts_on - first).days * scale:.1f}",
                y,
                f"{width:.1f}",
                kind,
                fits,
                title,
                y + LANE // 2 + 4,
            )
        )

    for one in gaps:
        told = f"перерыв: {one.days} дн., {_told(one.starts_on, one.ends_on)}"
        put(0, one.starts_on, one.ends_on, None, "" if one.is_summer else f"{one.days} дн.", told)
    for stay in sorted(stays, key=lambda one: one.starts_on):
        until = stay.ends_on or last
        free = (index for index, end in enumerate(ends) if end <= stay.starts_on and (index or stay.is_main))
        lane = next(free, len(ends))
        ends[lane : lane + 1] = [until]
        told = f"{stay.place}: {stay.title}, {_told(stay.starts_on, stay.ends_on)}"
        put(lane, stay.starts_on, until, levels[stay.level] % 8, stay.place, told)
    years = [
        (f"{(date(year, 9, 1) - first).days * scale:.1f}", year)
        for year in range(first.year, last.year + 1)
        if first <= date(year, 9, 1) <= last
    ]
    line = PathLine(parts, years, YEARS + len(ends) * (LANE + LANE_GAP))

    def place(day: date) -> float:
        return min(max(0, (day - first).days), (last - first).days) * scale

    if years_of_marks:
        line = _with_lane(
            line, "Итоговые отметки по годам", _year_bars(line.height + _CAPTION, years_of_marks, place)
        )
    for kinds, caption in _RESULT_LANES:
        if found := [one for one in milestones if one.kind in kinds]:
            line = _with_lane(line, caption, _points(line.height + _CAPTION, found, place))
    return line


def _with_lane(line: PathLine, caption: str, marks: list[PathMark]) -> PathLine:
    top = line.height + _CAPTION
    return replace(
        line,
        captions=[*line.captions, (top - 5, caption)],
        marks=[*line.marks, *marks],
        height=top + LANE + LANE_GAP,
    )


def _year_bars(y: int, years: Sequence[YearOfMarks], place: Callable[[date], float]) -> list[PathMark]:
    found = []
    for one in years:
        starts, ends = place(date(one.school_year, 9, 1)), place(date(one.school_year + 1, 6, 1))
        average = f"{one.average:.2f}".replace(".", ",") if one.average is not None else "зачёт"
        kind = "poor" if one.debts else "excellent" if one.excellent else "good" if one.good else "plain"
        width = max(2.0, ends - starts)
        title = f"{one.school_year}/{one.school_year + 1}: средняя {average}, предметов {one.subjects}"
        told = f"{title}; {one.told}" if one.told else title
        found.append(
            PathMark(
                f"{starts:.1f}",
                y,
                f"{width:.1f}",
                kind,
                average if len(average) * 7 + 6 < width else "",
                told,
            )
        )
    return found


def _points(y: int, milestones: Sequence[Milestone], place: Callable[[date], float]) -> list[PathMark]:
    """Points of one lane, the near ones as one: a document before an exam; as not passed only where nothing there was."""
    clusters: list[tuple[float, list[Milestone]]] = []
    for one in sorted(milestones, key=lambda one: one.on):
        x = place(one.on)
        if clusters and x - clusters[-1][0] < _NEAR:
            clusters[-1][1].append(one)
        else:
            clusters.append((x, [one]))
    found = []
    for x, together in clusters:
        good = {one.kind for one in together if not one.is_poor}
        kind = next((one for one in ("document", "exam", "achievement") if one in good), "poor")
        told = "; ".join(
            f"{one.on:%d.%m.%Y} {one.title}{f' – {one.outcome}' if one.outcome else ''}" for one in together
        )
        # The point stands whole within the drawing, also at its ends.
        at = min(max(x, LANE / 2), PATH_WIDTH - LANE / 2)
        found.append(
            PathMark(f"{at:.1f}", y, "", kind, str(len(together)) if len(together) > 1 else "", told)
        )
    return found


def _told(starts_on: date, ends_on: date | None) -> str:
    return f"{starts_on:%d.%m.%Y} – {f'{ends_on:%d.%m.%Y}' if ends_on else 'сейчас'}"


# -- parts of a whole, and what is expected --------------------------------------------------------

#: A stacked bar: room for the name, its length. A fan: its width, height and margins.
STACK_NAME, STACK = 120, 520
FAN_WIDTH, FAN_HEIGHT, FAN_SIDE, FAN_FOOT = 640, 240, 56, 26


@dataclass(frozen=True, slots=True)
class StackPart:
    """A part of a whole, as long as its share."""

    x: str
    width: str
    kind: int
    label: str
    text_x: str
    title: str


@dataclass(frozen=True, slots=True)
class Stack:
    """One whole with its parts."""

    name: str
    y: int
    text_y: int
    parts: list[StackPart]


@dataclass(frozen=True, slots=True)
class Stacks:
    """Wholes one below another, all equally long."""

    rows: list[Stack]
    height: int
    width: int = STACK_NAME + STACK
    thick: int = LANE


def stacks(rows: Sequence[tuple[str, Sequence[tuple[str, int]]]]) -> Stacks:
    """Lay out shares; parts come in the same order everywhere, which is their colour. A whole of nobody is left out."""
    laid = []
    y = 0
    for name, parts in rows:
        whole = sum(number for _, number in parts)
        if not whole:
            continue
        x = float(STACK_NAME)
        found = []
        for kind, (title, number) in enumerate(parts):
            width = STACK * number / whole
            percent = f"{100 * number / whole:.0f}%"
            if number:
                found.append(
                    StackPart(
                        f"{x:.1f}", f"{width:.1f}", kind % 8, percent if width > 34 else "", f"{x + width / 2:.1f}",
                        f"{name}: {title} – {number} ({percent})",
                    )
                )  # fmt: skip
            x += width
        laid.append(Stack(name, y, y + LANE // 2 + 4, found))
        y += LANE + LANE_GAP
    return Stacks(laid, y)


@dataclass(frozen=True, slots=True)
class FanPoint:
    """A year of a fan with its number."""

    x: str
    y: str
    text_y: str
    year: int
    number: int


@dataclass(frozen=True, slots=True)
class Fan:
    """What was, as a line; what is expected, as a line within its interval; how many places there are."""

    past: list[FanPoint]
    coming: list[FanPoint]
    past_line: str
    coming_line: str
    band: str
    capacity_y: str
    foot_y: int
    height: int = FAN_HEIGHT
    width: int = FAN_WIDTH


def fan(
    past: Mapping[int, int], coming: Mapping[int, tuple[int, int, int]], capacity: int | None = None
) -> Fan | None:
    """Lay out past numbers by year and expected ones as (low, number, high); nothing where nothing was."""
    if not past:
        return None
    years = sorted({*past, *coming})
    highest = max([*past.values(), *(high for _, _, high in coming.values()), capacity or 0, 1])
    step = (FAN_WIDTH - 2 * FAN_SIDE) / max(1, len(years) - 1)
    tall = FAN_HEIGHT - FAN_FOOT - 24

    def x_of(year: int) -> float:
        return FAN_SIDE + (year - years[0]) * step

    def y_of(number: float) -> float:
        return 20 + tall * (1 - number / highest)

    def point(year: int, number: int) -> FanPoint:
        return FanPoint(f"{x_of(year):.1f}", f"{y_of(number):.1f}", f"{y_of(number) - 8:.1f}", year, number)

    before = [point(year, past[year]) for year in sorted(past)]
    after = [point(year, coming[year][1]) for year in sorted(coming)]
    joint = [before[-1], *after]
    edge = f"{x_of(before[-1].year):.1f},{y_of(before[-1].number):.1f}"
    upper = [f"{x_of(year):.1f},{y_of(coming[year][2]):.1f}" for year in sorted(coming)]
    lower = [f"{x_of(year):.1f},{y_of(coming[year][0]):.1f}" for year in sorted(coming, reverse=True)]
    return Fan(
        before, after, " ".join(f"{one.x},{one.y}" for one in before), " ".join(f"{one.x},{one.y}" for one in joint),
        " ".join([edge, *upper, *lower]), f"{y_of(capacity):.1f}" if capacity else "", FAN_HEIGHT - 8,
    )  # fmt: skip


# -- a map of squares, shares over days ------------------------------------------------------------


class Tile(NamedTuple):
    """A municipality as a square, about where it lies: ``shade`` 0 is not known, 5 the most of all."""

    name: str
    column: int
    row: int
    shade: int
    text: str
    address: str


#: A drawing of shares: its width and height, room for the axis, for the names at the end of the lines, below for the days.
TREND_WIDTH, TREND_HEIGHT, TREND_LEFT, TREND_RIGHT, TREND_FOOT = 640, 260, 40, 150, 26
#: Names at the end of lines keep so far from one another.
TREND_LINE = 15


@dataclass(frozen=True, slots=True)
class TrendLine:
    """The shares of one measure: points of the line, its name where the line ends."""

    name: str
    kind: int
    points: str
    last_x: str
    last_y: str
    text_y: str
    share: float


@dataclass(frozen=True, slots=True)
class Trend:
    """Lines of shares between two days, a grid of percent, an aim."""

    lines: list[TrendLine]
    grid: list[tuple[int, str]]
    days: list[tuple[str, date]]
    aim_y: str
    width: int = TREND_WIDTH
    height: int = TREND_HEIGHT
    left: int = TREND_LEFT
    right: int = TREND_WIDTH - TREND_RIGHT
    text_x: int = TREND_WIDTH - TREND_RIGHT + 10
    foot_y: int = TREND_HEIGHT - 8


def trend(
    names: Sequence[str], points: Sequence[tuple[date, Sequence[float | None]]], aim: int | None = None
) -> Trend | None:
    """Lay out shares over days, one line a name; nothing for fewer than two days."""
    if len(points) < 2:
        return None
    first, last = points[0][0], points[-1][0]
    values = [one for _, shares in points for one in shares if one is not None]
    low = min(90, int(min([*values, aim or 100])) // 10 * 10)
    across, tall = TREND_WIDTH - TREND_LEFT - TREND_RIGHT, TREND_HEIGHT - TREND_FOOT - 16

    def x_of(day: date) -> float:
        return TREND_LEFT + across * (day - first).days / max(1, (last - first).days)

    def y_of(share: float) -> float:
        return 12 + tall * (100 - share) / (100 - low)

    lines = []
    for kind, name in enumerate(names):
        known = [(day, share) for day, shares in points if (share := shares[kind]) is not None]
        if known:
            drawn = " ".join(f"{x_of(day):.1f},{y_of(share):.1f}" for day, share in known)
            day, share = known[-1]
            lines.append(TrendLine(name, kind, drawn, f"{x_of(day):.1f}", f"{y_of(share):.1f}", "", share))
    lines.sort(key=lambda one: float(one.last_y))
    floor = 0.0
    for index, one in enumerate(lines):
        floor = max(floor, float(one.last_y) + 4)
        lines[index] = replace(one, text_y=f"{floor:.1f}")
        floor += TREND_LINE
    step = 10 if 100 - low <= 50 else 20
    middle = points[len(points) // 2][0]
    return Trend(
        lines, [(share, f"{y_of(share):.1f}") for share in range(low, 101, step)],
        [(f"{x_of(day):.1f}", day) for day in dict.fromkeys((first, middle, last))], f"{y_of(aim):.1f}" if aim else "",
    )  # fmt: skip
