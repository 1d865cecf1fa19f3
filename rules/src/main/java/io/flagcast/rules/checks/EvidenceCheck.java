package io.flagcast.rules.checks;

import io.flagcast.rules.Observation;
import io.flagcast.rules.Texts;
import io.flagcast.rules.checks.Finding.State;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Whether the evidence of a rule or a bandit that counts every user once still grows while users go on coming: {@link
 * Check#EVIDENCE_DRIED_UP}. Where nearly all have been counted, nothing that happens to them from now on is seen.
 */
public final class EvidenceCheck {

    private static final int DAYS = 7;
    private static final double FEW = 0.05;

    private EvidenceCheck() {}

    /**
     * Compares the users of the last seven days that were measured with those among them who came for the first time.
     *
     * @param reader what reads the evidence, as "rule pull_back"
     * @param remedy what makes it count users anew
     * @param days one metric of both arms, of the segment
     * @param leastUsers fewer users of the seven days show nothing
     */
    public static Finding of(
            String experimentId,
            String segment,
            String reader,
            String remedy,
            List<Observation> days,
            long leastUsers) {
        Optional<Instant> last = days.stream().map(Observation::day).max(Comparator.naturalOrder());
        Instant begin = last.map(day -> day.minus(DAYS - 1L, ChronoUnit.DAYS)).orElse(Instant.EPOCH);
        long users = users(days, day -> day.isFirstSince(begin));
        long counted = users(days, day -> day.returnedAfter() == 0 && !day.day().isBefore(begin));
        boolean dried = users >= leastUsers && counted < FEW * users;
        String numbers = "%s users of %s came in the last %d days, %s of them for the first time"
                .formatted(Texts.count(users), segment, DAYS, Texts.count(counted));
        return Finding.of(
                        Check.EVIDENCE_DRIED_UP,
                        experimentId,
                        segment,
                        reader,
                        users < leastUsers ? State.UNKNOWN : State.failedWhere(dried),
                        users,
                        dried
                                ? "the evidence of %s has dried up: %s, and it counts nobody twice; %s"
                                        .formatted(reader, numbers, remedy)
                                : numbers)
                .measured(users == 0 ? 0 : (double) counted / users, FEW);
    }

    private static long users(List<Observation> days, Predicate<Observation> counts) {
        return days.stream().filter(counts).mapToLong(day -> day.values().n()).sum();
    }
}
