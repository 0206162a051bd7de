"""The command line: a demonstration, a map of one's own events, and what a journey file leaves open."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import sojourn as sj
from sojourn._files import write_whole
from sojourn.journey_map.numbers import count, counted
from sojourn.journey_map.text import clean
from sojourn.room.worth import later
from sojourn.table import as_arrow

_MOST_FINDINGS = 50


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, 2 for input that is not valid, 130 when interrupted."""
    said = _parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a console without a true minus shows a question mark
    try:
        said.run(said)
    except (sj.InvalidInput, OSError) as error:
        print(f"sojourn: {_one_line(str(error))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("sojourn: stopped", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sojourn",
        description="How customers move through a journey, where they leave, how many came in and went out.",
    )
    parser.add_argument("--version", action="version", version=f"sojourn {sj.__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    demo = commands.add_parser("demo", help="a generated insurer with four ledgers that disagree, as a customer room")
    demo.add_argument("--out", default="room.html", type=Path, metavar="FILE", help="the page to write (room.html)")
    demo.set_defaults(run=_demo)
    drawn = commands.add_parser("map", help="your events as a journey map")
    _add_events(drawn, required=True)
    drawn.add_argument("--journey", required=True, type=Path, metavar="JSON", help="the journey file")
    drawn.add_argument("--out", default="map.html", type=Path, metavar="FILE", help="the page to write (map.html)")
    drawn.set_defaults(run=_map)
    check = commands.add_parser("check", help="what a journey file leaves open, and where it and events do not meet")
    check.add_argument("journey", type=Path, metavar="JSON", help="the journey file")
    _add_events(check, required=False)
    check.set_defaults(run=_check)
    together = commands.add_parser("reconcile", help="customers in and out of several ledgers, and why they disagree")
    together.add_argument("spec", type=Path, metavar="SPEC", help="the JSON file (docs/reconcile_spec.md)")
    together.add_argument(
        "--out", default="reconciliation", type=Path, metavar="FOLDER", help="the folder to write (reconciliation)"
    )
    together.set_defaults(run=_reconcile)
    return parser


def _add_events(parser: argparse.ArgumentParser, *, required: bool) -> None:
    text = "events: .parquet, .csv, .csv.gz, .xes or .xes.gz"
    parser.add_argument("events", type=Path, nargs=None if required else "?", metavar="EVENTS", help=text)
    for name in ("customer", "time", "event"):
        parser.add_argument(f"--{name}", default=name, metavar="COLUMN", help=f"the column of the {name} ({name})")
    parser.add_argument("--value", metavar="COLUMN", help="the column of the value, if events have one")
    parser.add_argument("--timezone", metavar="ZONE", help="the zone of naive times and of calendar durations (UTC)")


def _demo(said: argparse.Namespace) -> None:
    data = sj.datasets.insurer()
    matches = data.journey.match(data.log)
    attribution = matches.attribute(
        data.feedback,
        source="source",
        solicited="solicited",
        score="score",
        topic="topic",
        text="text",
        key="key",
    )
    company, *silos = (data.ledgers[name] for name in ("company", "CRM", "POLICY", "BILLING"))
    start, end = later(data.month, -11), later(data.month, 1)
    r = sj.reconcile(silos, standard=company, periods="1 month", start=start, end=end)
    room = sj.Room(matches, attribution, r, who="households", unit="$")
    room.save(said.out)
    sizes = f"{counted(data.log.customers, 'households')}, {counted(len(data.log), 'events')}"
    print(f"A generated insurer, all figures invented: {sizes}, {counted(len(attribution), 'voices')}")
    for line in room.summary:
        print(line)
    print(f"The page: {said.out.resolve()}")


def _map(said: argparse.Namespace) -> None:
    journey = sj.Journey.load(said.journey)
    log = _log(said, journey)
    matches = journey.match(log)
    picture = matches.graph().plot()
    written = write_whole(said.out, picture.html())
    occurrences = counted(len(matches), "occurrences")
    print(f"{count(log.customers)} customers, {count(len(log))} events, {occurrences} of moments")
    print(picture.title)
    unmapped = sum(matches.unmapped().to_dict()["count"])
    if unmapped:
        print(f"{counted(unmapped, 'events')} that no moment claims: sojourn check tells which")
    print(f"The map: {written.resolve()}")


def _check(said: argparse.Namespace) -> None:
    journey = sj.Journey.load(said.journey)
    log = None if said.events is None else _log(said, journey)
    findings = journey.check(log).rows()
    print(f"{said.journey}: {journey!r}"[:400])
    if log is not None:
        print(f"{said.events}: {log!r}"[:400])
    for row in findings[:_MOST_FINDINGS]:
        print(f"{row['check']}: {clean(' '.join(filter(None, (row['place'], row['detail']))))}")
    if len(findings) > _MOST_FINDINGS:
        print(f"and {count(len(findings) - _MOST_FINDINGS)} more")
    print(f"{counted(len(findings), 'findings')}, no error" if findings else "Nothing is left open")


def _reconcile(said: argparse.Namespace) -> None:
    r = sj.reconcile_spec(said.spec)
    r.save(said.out)
    for line in r.summary():
        print(line)
    print(f"The tables and the page: {said.out.resolve()}")


def _log(said: argparse.Namespace, journey: sj.Journey) -> sj.EventLog:
    """Return the events as a log, with the columns that the journey's conditions read."""
    name = said.events.name.lower()
    is_xes = name.endswith((".xes", ".xes.gz"))
    events = sj.read_xes(said.events) if is_xes else as_arrow(said.events, "events")
    used = {said.customer, said.time, said.event, said.value}
    wanted = dict.fromkeys(column for column in _columns(journey.to_dict()) if column not in used)
    return sj.EventLog(
        events,
        customer=said.customer,
        time=said.time,
        event=said.event,
        value=said.value,
        attributes=[column for column in wanted if column in events.columns],
        timezone=said.timezone,
    )


def _columns(part: Any) -> Iterator[str]:
    """Return the columns that conditions name, wherever they stand in a journey file."""
    if isinstance(part, dict):
        if "op" in part and isinstance(part.get("column"), str):
            yield part["column"]
        for inner in part.values():
            yield from _columns(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _columns(inner)


def _one_line(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    sys.exit(main())
