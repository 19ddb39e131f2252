"""When a schedule is due: its next tick, the one that is due now, and those of a stretch of time. Pure.

Takes a trigger, when the schedule was made, and the last tick that was dealt with (0 for none). Ticks of one schedule
only go forward, whatever the clock does.
"""

from collections.abc import Iterator, Sequence

from headrace.base.clock import SECOND, Instant
from headrace.model.schedule import CronTrigger, PeriodicTrigger, Trigger
from headrace.spec.schedule.cron import Every, parse
from headrace.spec.schedule.zone import LAST, first_after, load_zone

NEVER = Instant(0)


def next_tick(trigger: Trigger, created_at: Instant, last: Instant) -> Instant:
    """The tick after the last one, NEVER where none is left.

    By the calendar the first is the first that fits after the start, or after the schedule was made. A periodic one
    begins at a start in the future, and otherwise one interval after its start or after it was made.
    """
    base = max(last or trigger.start_at or created_at, trigger.start_at)
    return _until_end(trigger, _after(trigger, _whole(base), first=not last and trigger.start_at > created_at))


def due_tick(trigger: Trigger, created_at: Instant, last: Instant, now: Instant, *, catch_up: bool) -> Instant:
    """The tick to deal with now, NEVER where none is due. With `catch_up` they come one after the other; without it
    only the latest counts, which for a periodic schedule that is late by more than its interval is now."""
    tick = next_tick(trigger, created_at, last)
    if tick == NEVER or tick > now:
        return NEVER
    if catch_up:
        return tick
    latest = min(now, trigger.end_at) if trigger.end_at else now
    if isinstance(trigger, PeriodicTrigger):
        return _whole(latest) if now >= tick + trigger.seconds * SECOND else tick
    return _latest(trigger, tick, latest)


def ticks_within(trigger: Trigger, known: Sequence[Instant], begin: Instant, end: Instant) -> Iterator[Instant]:
    """The ticks from `begin` to `end`, both included, whatever the trigger's own start and end are. The epoch is none:
    0 stands for no tick.

    Those of a fixed interval are counted from `known`, which are some of them, at least one, in order: on from each to
    the next, for one that came late made the others begin anew, and back from the first.
    """
    step, begin = _step(trigger), max(begin, Instant(1))
    return _counted(step, known, begin, end) if step else _fitting(trigger, begin, end)


def _counted(step: int, known: Sequence[Instant], begin: Instant, end: Instant) -> Iterator[Instant]:
    for anchor, low, high in zip(known, [begin, *known[1:]], [*known[1:], end + 1], strict=True):
        least = max(low, begin)
        first = least + (anchor - least) % step
        yield from (Instant(each) for each in range(first, min(high, end + 1), step))


def _fitting(trigger: Trigger, begin: Instant, end: Instant) -> Iterator[Instant]:
    tick = _after(trigger, Instant(_ceiling(begin) - SECOND))
    while tick != NEVER and tick <= end:
        yield tick
        tick = _after(trigger, tick)


def _latest(trigger: CronTrigger, tick: Instant, latest: Instant) -> Instant:
    """The last tick that is not after `latest`, knowing that `tick` is not. It is looked for from `latest` back, in
    steps that double, so that a schedule of every second that was off for a year is no work."""
    step = _step(trigger)
    if step:
        return Instant(tick + (latest - tick) // step * step)
    back, found = SECOND, NEVER
    while latest - back > tick:
        found = _after(trigger, Instant(latest - back))
        if found != NEVER and found <= latest:
            return _last(trigger, found, latest)
        back *= 2
    return _last(trigger, tick, latest)


def _last(trigger: CronTrigger, tick: Instant, latest: Instant) -> Instant:
    for each in _fitting(trigger, tick, latest):
        tick = each
    return tick


def _after(trigger: Trigger, base: Instant, *, first: bool = False) -> Instant:
    """The tick after `base`; `first` says that `base` is the start of a periodic schedule, and so itself one."""
    if isinstance(trigger, PeriodicTrigger):
        return base if first else Instant(base + trigger.seconds * SECOND)
    cron = parse(trigger.expression)
    if isinstance(cron, Every):
        return Instant(base + cron.seconds * SECOND)
    return first_after(cron, load_zone(trigger.timezone), base) or NEVER


def _step(trigger: Trigger) -> int:
    """The fixed interval, 0 where there is none."""
    if isinstance(trigger, PeriodicTrigger):
        return trigger.seconds * SECOND
    cron = parse(trigger.expression)
    return cron.seconds * SECOND if isinstance(cron, Every) else 0


def _until_end(trigger: Trigger, tick: Instant) -> Instant:
    return NEVER if tick > (trigger.end_at or LAST) else tick


def _whole(instant: Instant) -> Instant:
    return Instant(instant // SECOND * SECOND)


def _ceiling(instant: Instant) -> Instant:
    return Instant(-(-instant // SECOND) * SECOND)
