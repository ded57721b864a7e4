"""Tells the differences that mean something from those that an upstream shows against itself.

Both upstreams are asked again, in turns. What the primary answers differently from ask to ask
cannot be held against the candidate (the idea is Diffy's, without its third system), unless the
candidate does it in a manner of its own. What is gone later was a moment's, such as replication
lag. What the primary always answers and the candidate never does is a finding, once the asks are
enough for it not to be an accident.
"""

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from strangler.compare.chance import ways_to_part
from strangler.compare.learned import Learned
from strangler.compare.looks import Likeness, Look, likeness, own_of
from strangler.compare.manner import SLACK, apart, oddity
from strangler.compare.noise_kind import Lesson, lesson_of
from strangler.compare.oddity import Oddity
from strangler.compare.surprise import ASKS, surprise
from strangler.compare.verdict import Comparison, Difference, Kind, Verdict


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The differences of a first ask, parted. `reason`: why asking again told nothing.

    `racy` are those that were gone later, that a write may have made, or of which it is not clear
    yet whether they are noise. `lessons` tell of the primary's noise, for others to know.
    """

    confirmed: tuple[Difference, ...] = ()
    noise: tuple[Difference, ...] = ()
    racy: tuple[Difference, ...] = ()
    lessons: tuple[Lesson, ...] = ()
    reason: str = ""

    @property
    def verdict(self) -> Verdict:
        """What the first comparison comes to, now that noise is known."""
        if self.reason:
            return Verdict.INCONCLUSIVE
        if self.confirmed:
            return Verdict.MISMATCH
        return Verdict.RACY if self.racy else Verdict.IGNORED


@dataclass(frozen=True, slots=True)
class Asked:
    """What happened while both sides were asked: until when (Unix time), for how many seconds.

    `written`: a write to the same resource passed meanwhile. `quiet` says of each further ask of
    the primary whether none passed since the one before.
    """

    now: float
    span: float
    written: bool = False
    quiet: tuple[bool, ...] = ()


class Course(Enum):
    """What became of a likeness as both sides were asked again."""

    HELD = "the primary stays, and the candidate never agrees"
    FLICKERED = "the primary stays, and the candidate agrees now and then"
    SETTLED = "the candidate came to agree"
    MOVED = "the primary does not stay the same"
    PARTED = "nor does the primary, but the candidate always does what the primary never does"
    CLOCK = "both sides tell the present time"


@dataclass(frozen=True, slots=True)
class Traced:
    """One likeness of the first answers, and what became of it.

    `among`: of how many places, or ways to be odd, this is one; of many, some are so by accident.
    """

    like: Likeness
    differences: list[Difference]
    course: Course
    agreed: int
    odd: Oddity | None = None
    among: float = 1

    @property
    def is_odd(self) -> bool:
        """Whether the candidate's noise is not as the primary's."""
        return self.odd is not None or self.course is Course.PARTED

    @property
    def manner(self) -> Likeness:
        """Under which likeness its manner is known."""
        return _manner_of(self.like)


def _manner_of(like: Likeness) -> Likeness:
    return like[0], f"{Kind.MANNER} of {like[1]}"


def enough(look: Look, traced: list[Traced], learned: Learned) -> bool:
    """Decide whether the asks so far tell all that they can; else both sides are asked again."""
    return look.asks >= ASKS or not any(_open(each, learned) for each in traced)


def conclude(look: Look, traced: list[Traced], learned: Learned, asked: Asked) -> Confirmation:
    """Part the differences of the first answers, and remember what was seen."""
    if asked.written:
        return _after_a_write(traced, look, learned, asked)
    for each in traced:
        _weigh(each, look.asks, learned)
    lessons = _remember(look, learned, asked.now)
    confirmed: list[Difference] = []
    noise: list[Difference] = []
    racy: list[Difference] = []
    for each in traced:
        if _is_real(each, learned):
            confirmed += _as_found(each)
        elif _is_noise(each, learned):
            noise += each.differences
        else:
            racy += each.differences
    return Confirmation(tuple(confirmed), tuple(noise), tuple(racy), lessons)


def watch(alone: Comparison, learned: Learned, now: float) -> tuple[Lesson, ...]:
    """Learn from two answers of the primary to one request, `alone`, without a candidate's."""
    lessons = []
    for like, first in own_of([alone]).items():
        learned.looked(like, moved=True)
        learned[like].restless += 1
        learned.weigh(like, 0.0)
        lessons.append(lesson_of(like, [first.primary, first.candidate], (), now, moved=True))
    return tuple(lessons)


def _after_a_write(
    traced: list[Traced], look: Look, learned: Learned, asked: Asked
) -> Confirmation:
    """Hold nothing against the candidate that a write may have made, nor learn from it.

    A write moves the primary, or brings the candidate to agree in the end. What did neither in
    all asks stands beside the write: a list that is written to all day would never be judged. Nor
    does a write give what moves another form. What moved where no write passed moves by itself.
    """
    confirmed: list[Difference] = []
    noise: list[Difference] = []
    racy: list[Difference] = []
    for each in traced:
        stands = each.course is Course.HELD or (each.odd is not None and not each.odd.constant)
        if stands:
            _weigh(each, look.asks, learned)
        elif _moves_by_itself(each, look, asked):
            learned[each.like].restless += 1
        if stands and _is_real(each, learned):
            confirmed += _as_found(each)
        elif learned.is_noise(each.like) or _is_clock(each, asked):
            noise += each.differences
        else:
            racy += each.differences
    return Confirmation(tuple(confirmed), tuple(noise), tuple(racy))


def _moves_by_itself(each: Traced, look: Look, asked: Asked) -> bool:
    """Decide whether something moved each time that no write passed between two asks."""
    if each.course is not Course.MOVED or not each.differences:
        return False
    series = look.series(each.like, each.differences[0])
    if series is None:
        return False
    moved = [repr(one) != repr(other) for one, other in pairwise(series[0])]
    in_quiet = [yes for yes, quiet in zip(moved, asked.quiet, strict=False) if quiet]
    return bool(in_quiet) and all(in_quiet)


def _is_clock(each: Traced, asked: Asked) -> bool:
    """Decide whether both sides tell the present time, which no write makes them do."""
    if each.course is Course.MOVED:
        return each.odd is None and all(_tells_now(one, asked) for one in each.differences)
    return each.course is Course.CLOCK


def trace(look: Look, asked: Asked) -> list[Traced]:
    """Tell what became of each likeness of the first answers.

    This is what takes long, where there is much text to read (`Look.characters`), and it knows
    nothing but the look: another process may do it.
    """
    last = set(map(likeness, look.latest.differences))
    traced = []
    for like, differences in look.alike().items():
        agreed = look.agreed(like)
        if not look.moved(like):
            course = _of_one_that_stays(agreed, differences, asked)
            traced.append(Traced(like, differences, course, sum(agreed)))
        elif among := ways_to_part(look, like):
            traced.append(Traced(like, differences, Course.PARTED, 0, among=among))
        elif still := _still(look, like, differences, asked):
            # What does not move in its own place is no noise, whatever moves in other rows.
            own = (still[0].place, like[1])
            traced.append(Traced(own, still, Course.HELD, 0, among=look.places(like)))
            if moving := [each for each in differences if each not in still]:
                traced.append(Traced(like, moving, Course.MOVED, sum(agreed)))
        elif like in last:
            traced += _moving(look, like, differences, asked)
        else:
            traced.append(Traced(like, differences, Course.SETTLED, sum(agreed)))
    return traced


def _still(
    look: Look, like: Likeness, differences: list[Difference], asked: Asked
) -> list[Difference]:
    """Give the differences in whose own places nothing moves, though others alike do."""
    return [
        each
        for each in differences
        if look.is_elsewhere(like, each) and not _tells_now(each, asked)
    ]


def _of_one_that_stays(agreed: list[bool], differences: list[Difference], asked: Asked) -> Course:
    if not any(agreed):
        return Course.CLOCK if all(_tells_now(each, asked) for each in differences) else Course.HELD
    came_to_agree = all(before <= after for before, after in pairwise(agreed))
    # An error is no earlier state of the data: a service that failed once will fail again.
    return Course.SETTLED if came_to_agree and not _failed(differences) else Course.FLICKERED


def _tells_now(difference: Difference, asked: Asked) -> bool:
    """Decide whether both values are the present time, by clocks of which one is a little late.

    Written in whole seconds they may differ a while before either changes.
    """
    if difference.kind not in {Kind.VALUE, Kind.HEADER}:
        return False
    seconds = apart(difference.primary, difference.candidate, now=asked.now)
    return seconds is not None and seconds <= SLACK + asked.span and _same_form(difference, asked)


def _same_form(difference: Difference, asked: Asked) -> bool:
    sides = [difference.primary], [difference.candidate]
    return oddity(*sides, now=asked.now, span=asked.span) is None


def _failed(differences: list[Difference]) -> bool:
    status = differences[0].candidate
    return differences[0].kind is Kind.STATUS and isinstance(status, int) and status >= 500


def _moving(
    look: Look, like: Likeness, differences: list[Difference], asked: Asked
) -> list[Traced]:
    """Compare the manner in which both sides move: it is odd wherever it was met, or in places."""
    agreed = sum(look.agreed(like))
    odd = [_oddity(look, like, each, asked) for each in differences]
    told = [look.series(like, each) is not None for each in differences]
    if sum(told) == sum(found is not None for found in odd) > 0:
        first = next(found for found in odd if found is not None)
        return [Traced(like, differences, Course.MOVED, agreed, first, first.among)]
    met = list(zip(differences, odd, strict=True))
    traced = [Traced(like, [each for each, found in met if found is None], Course.MOVED, agreed)]
    places = look.places(like)
    for each, found in met:
        if found is not None:
            own = (each.place, like[1])
            among = found.among * places
            traced.append(Traced(own, [each], Course.MOVED, agreed, found, among))
    return traced


def _oddity(look: Look, like: Likeness, each: Difference, asked: Asked) -> Oddity | None:
    """Compare the manner in which both sides move in one place."""
    if like[1] not in {Kind.VALUE, Kind.HEADER, Kind.BODY}:
        return None
    series = look.series(like, each)
    if series is None:
        return None
    return oddity(*series, now=asked.now, span=asked.span, path=like[0])


def _open(each: Traced, learned: Learned) -> bool:
    """Decide whether more asks could tell more of one likeness."""
    if each.course is Course.HELD:
        return not learned.is_real(each.like)
    if each.course in {Course.MOVED, Course.PARTED}:
        return each.is_odd and not learned.is_real(each.manner)
    return each.agreed > 0 and not learned.lags(each.like)


def _weigh(each: Traced, asks: int, learned: Learned) -> None:
    match each.course:
        case Course.HELD | Course.FLICKERED:
            learned.weigh(each.like, surprise(asks, each.agreed) / each.among)
        case Course.MOVED | Course.PARTED:
            learned[each.like].restless += 1
            learned.weigh(each.like, 0.0)
            _weigh_manner(each, asks, learned)
        case Course.SETTLED:
            learned[each.like].settled += 1
        case Course.CLOCK:
            pass


def _weigh_manner(each: Traced, asks: int, learned: Learned) -> None:
    if each.is_odd:
        constant = "" if each.odd is None else each.odd.constant
        if not learned.repeats(each.manner, constant):
            learned.lapse(each.manner)
        learned.weigh(each.manner, surprise(asks, 0) / each.among)
        return
    for path in {each.like[0], *[one.place for one in each.differences]}:
        learned.lapse(_manner_of((path, each.like[1])))


def _remember(look: Look, learned: Learned, now: float) -> tuple[Lesson, ...]:
    """Note which likenesses are the primary's own: of those that differ, and of others."""
    own, alike = look.own(), look.alike()
    lessons = []
    for like in {**own, **alike}:
        learned.looked(like, moved=like in own)
        if learned.is_noise(like):
            sides = look.series(like, alike[like][0]) if like in alike else None
            ours, theirs = sides or (
                [own[like].primary, own[like].candidate] if like in own else [],
                [],
            )
            learned.read(like, ours, now)
            lessons.append(lesson_of(like, ours, theirs, now, moved=like in own))
    return tuple(lessons)


def _is_real(each: Traced, learned: Learned) -> bool:
    if each.course in {Course.HELD, Course.FLICKERED}:
        return learned.is_real(each.like)
    return each.is_odd and learned.is_real(each.manner)


def _is_noise(each: Traced, learned: Learned) -> bool:
    if each.course in {Course.MOVED, Course.PARTED, Course.CLOCK}:
        return True
    return learned.is_noise(each.like)


def _as_found(each: Traced) -> list[Difference]:
    """Give the differences as they are reported: of a manner, what both sides do, in words."""
    if each.odd is None:
        return each.differences
    return [
        Difference(one.path, one.place, Kind.MANNER, each.odd.primary, each.odd.candidate)
        for one in each.differences
    ]
