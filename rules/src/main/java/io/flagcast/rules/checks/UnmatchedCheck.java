package io.flagcast.rules.checks;

import static java.util.stream.Collectors.joining;

import io.flagcast.rules.Texts;
import io.flagcast.rules.checks.Finding.State;
import io.flagcast.statistics.ids.Overlap;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Whether the user ids of one input are those of the others: {@link Check#UNMATCHED}. Ids meet where they are equal to the last
 * character, so that 1000.0 is nobody where users are called 1000, and all that was counted of him is 0.
 *
 * <p>Two sides are apart where fewer than one in a hundred ids of the smaller is in the larger. However few of all users one side
 * has, they are in the other where both mean the same; what chance or a shared test account leaves is less. A side also fails where
 * one in a hundred of its ids is there in another spelling, and is no evidence where more than a tenth is.
 */
public final class UnmatchedCheck {

    /** Fewer ids of a side show nothing. */
    private static final long LEAST_IDS = 50;
    /** Fewer that are only spelled otherwise are no fault of a source. */
    private static final long LEAST_SPELLED = 10;

    private static final double FEW = 0.01;
    /** With fewer ids that are spelled alike, what was counted is another value. */
    private static final double MOST = 0.9;
    /** What the exposures of experiments that no file names are found of. */
    private static final String EXPERIMENTS = "experiments";
    /** What exposures in segments that their experiment has not are found of. */
    private static final String SEGMENTS = "segments";

    private UnmatchedCheck() {}

    /**
     * How the ids of a side meet those of others.
     *
     * @param side what it is, as "outcome buy" or "exposures of checkout"
     * @param when of which time its rows are, as "on the last day"; empty for all
     * @param input table that it is of
     * @param others names of the tables in which its ids were looked for
     * @param ids how they meet
     */
    public record Meeting(String side, String when, String input, List<String> others, Overlap ids) {

        public Meeting {
            others = List.copyOf(others);
        }

        private boolean isKnown() {
            return ids.smaller() >= LEAST_IDS;
        }

        private boolean isApart() {
            return isKnown() && ids.coefficient() < FEW;
        }

        /** Whether so many ids have no counterpart that it is worth looking how they are spelled. */
        public boolean isDoubtful() {
            return isKnown() && ids.unmet() >= LEAST_SPELLED && ids.unmet() >= FEW * ids.own();
        }

        private String where() {
            return others.size() == 1
                    ? others.get(0)
                    : String.join(", ", others.subList(0, others.size() - 1)) + " or " + others.get(others.size() - 1);
        }
    }

    /**
     * The ids of a side that have no counterpart, and those of the others.
     *
     * @param spelledOtherwise how many have one but for their spelling
     * @param own some of them
     * @param others some that the side lacks
     */
    public record Unmet(long spelledOtherwise, List<String> own, List<String> others) {

        /** Where nobody had to look. */
        public static final Unmet NONE = new Unmet(0, List.of(), List.of());

        public Unmet {
            own = List.copyOf(own);
            others = List.copyOf(others);
        }
    }

    /**
     * Judges a side whose users have to be known.
     *
     * @param experimentId whose evidence it is; empty for an input of all
     */
    public static Finding of(String experimentId, Meeting meeting, Unmet unmet) {
        return meeting.isKnown()
                ? judged(experimentId, meeting, unmet, meeting.isApart(), meeting.ids)
                : unknown(experimentId, meeting);
    }

    /**
     * Judges the exposures of an experiment. Users whom no input knows may be strangers: where outcomes know them, or nothing has
     * come of them yet, that is no fault, unless they are known in another spelling.
     *
     * @param outcomes how the same ids meet those of outcomes: where they do there is evidence, whoever the users are
     */
    public static Finding exposures(String experimentId, Meeting meeting, Overlap outcomes, Unmet unmet) {
        if (!meeting.isKnown()) {
            return unknown(experimentId, meeting);
        }
        boolean isSpelled = isSpelledOtherwise(meeting, unmet);
        boolean isMet = outcomes.smaller() > 0 && outcomes.coefficient() >= FEW;
        if (meeting.isApart() && !isSpelled && (isMet || outcomes.smaller() < LEAST_IDS)) {
            return finding(
                    experimentId,
                    meeting,
                    isMet ? State.PASSED : State.UNKNOWN,
                    meeting.ids,
                    numbers(meeting)
                            + (isMet ? ", but outcomes know them: strangers" : ", and outcomes are too few to tell"));
        }
        return judged(experimentId, meeting, unmet, meeting.isApart(), isMet ? outcomes : meeting.ids);
    }

    private static boolean isSpelledOtherwise(Meeting meeting, Unmet unmet) {
        return unmet.spelledOtherwise >= LEAST_SPELLED && unmet.spelledOtherwise >= FEW * meeting.ids.own();
    }

    private static Finding unknown(String experimentId, Meeting meeting) {
        return finding(
                experimentId,
                meeting,
                State.UNKNOWN,
                meeting.ids,
                "%s has %s users, %s %s: it takes %d of each"
                        .formatted(
                                meeting.side,
                                Texts.count(meeting.ids.own()),
                                meeting.where(),
                                Texts.count(meeting.ids.other()),
                                LEAST_IDS));
    }

    private static Finding judged(
            String experimentId, Meeting meeting, Unmet unmet, boolean isApart, Overlap measured) {
        boolean isSpelled = isSpelledOtherwise(meeting, unmet);
        boolean failed = isApart || isSpelled;
        Finding finding = finding(
                experimentId,
                meeting,
                State.failedWhere(failed),
                measured,
                failed ? numbers(meeting) + remedy(meeting, unmet, isSpelled) : numbers(meeting));
        return isSpelled && !isApart
                ? finding.measured(1 - (double) unmet.spelledOtherwise / meeting.ids.own(), MOST)
                : finding;
    }

    private static String numbers(Meeting meeting) {
        return "%s of the %s users of %s%s %s in %s (%s users)"
                .formatted(
                        meeting.ids.both() == 0 ? "none" : Texts.count(meeting.ids.both()),
                        Texts.count(meeting.ids.own()),
                        meeting.side,
                        meeting.when.isEmpty() ? "" : " " + meeting.when,
                        meeting.ids.both() < 2 ? "is" : "are",
                        meeting.where(),
                        Texts.count(meeting.ids.other()));
    }

    private static String remedy(Meeting meeting, Unmet unmet, boolean isSpelled) {
        return ": %s here, %s there%s. Write ids alike; flagcast.sources.%s.columns.user_id can map them"
                .formatted(
                        quoted(unmet.own),
                        quoted(unmet.others),
                        isSpelled
                                ? "; %s are there in another spelling".formatted(Texts.count(unmet.spelledOtherwise))
                                : "",
                        meeting.input);
    }

    private static String quoted(List<String> ids) {
        return ids.isEmpty() ? "none" : ids.stream().map(id -> "'" + id + "'").collect(joining(", "));
    }

    private static Finding finding(String experimentId, Meeting meeting, State state, Overlap measured, String reason) {
        return Finding.of(Check.UNMATCHED, experimentId, Finding.ALL, meeting.side, state, meeting.ids.own(), reason)
                .measured(measured.coefficient(), FEW);
    }

    /**
     * Exposures of experiments that no file names: they count nowhere. That they are there is said; it is a fault where the id of one
     * is that of a file but for case and signs.
     *
     * @param rows per {@code experiment_id} of exposures that no file has
     * @param named ids of all files
     * @return nothing where every exposure is of an experiment that a file names
     */
    public static Optional<Finding> unnamed(Map<String, Long> rows, List<String> named) {
        if (rows.isEmpty()) {
            return Optional.empty();
        }
        Optional<String> mistaken = rows.entrySet().stream()
                .sorted(byCount())
                .flatMap(unnamed -> named.stream()
                        .filter(name -> bare(name).equals(bare(unnamed.getKey())))
                        .map(name -> "; did '%s' mean '%s'?".formatted(unnamed.getKey(), name)))
                .findFirst();
        return Optional.of(Finding.of(
                Check.UNMATCHED,
                "",
                Finding.ALL,
                EXPERIMENTS,
                State.failedWhere(mistaken.isPresent()),
                sum(rows),
                "%s exposures count nowhere, as no experiment file has their experiment_id: %s%s"
                        .formatted(Texts.count(sum(rows)), most(rows), mistaken.orElse(""))));
    }

    /**
     * Exposures of which not one is in a segment of their experiment: a column that has the name and means something else, or a
     * file whose segments were given other names since.
     *
     * @param users per segment that exposures name
     * @param named segments of the experiment
     * @return nothing where some are, or nobody was exposed
     */
    public static Optional<Finding> segments(String experimentId, Map<String, Long> users, List<String> named) {
        if (users.isEmpty() || users.keySet().stream().anyMatch(named::contains)) {
            return Optional.empty();
        }
        return Optional.of(Finding.of(
                Check.UNMATCHED,
                experimentId,
                Finding.ALL,
                SEGMENTS,
                State.UNKNOWN,
                sum(users),
                "exposures of %s are in segments that it has not: %s, and not one in %s; where the column means something else, say flagcast.sources.exposures.columns.segment = \"null\""
                        .formatted(experimentId, most(users), String.join(", ", named))));
    }

    /** Whether a person should read it although nothing failed: what {@link #unnamed} and {@link #segments} find. */
    public static boolean isNotice(Finding finding) {
        return finding.check() == Check.UNMATCHED
                && (finding.subject().equals(EXPERIMENTS) || finding.subject().equals(SEGMENTS));
    }

    /** Those with the most, and how many there are besides. */
    private static String most(Map<String, Long> counts) {
        return counts.entrySet().stream()
                        .sorted(byCount())
                        .limit(3)
                        .map(one -> "'%s' (%s)".formatted(one.getKey(), Texts.count(one.getValue())))
                        .collect(joining(", "))
                + (counts.size() > 3 ? " and %d more".formatted(counts.size() - 3) : "");
    }

    private static Comparator<Map.Entry<String, Long>> byCount() {
        return Map.Entry.<String, Long>comparingByValue().reversed().thenComparing(Map.Entry.comparingByKey());
    }

    private static long sum(Map<String, Long> counts) {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }

    private static String bare(String id) {
        return id.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N}]", "");
    }
}
