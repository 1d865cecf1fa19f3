package io.flagcast.jobs.questions.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flagcast.allocation.OffPolicyEstimator;
import io.flagcast.allocation.OffPolicyEvaluation.Difference;
import io.flagcast.allocation.OffPolicyEvaluation.Estimate;
import io.flagcast.allocation.OffPolicyEvaluation.PolicyValue;
import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.ExperimentFiles;
import io.flagcast.jobs.printing.Format;
import io.flagcast.jobs.printing.Printer;
import io.flagcast.jobs.questions.evaluation.PolicyComparison.Compared;
import io.flagcast.jobs.questions.evaluation.PolicyComparison.Verdict;
import io.flagcast.lake.Refusal;
import io.flagcast.statistics.Interval;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PolicyComparisonTest {

    private static final Instant UNTIL = Instant.parse("2026-03-13T00:00:00Z");

    private static final String FILE = """
            experiment_id: rollout
            feature_id: checkout
            salt: rollout-2026
            segments: {low: [0, 50], high: [50, 100]}
            allocation: {type: percentage, percentage_allocation: 10%}
            metrics:
              conversion_rate: {kind: proportion, outcome: purchase, within: 1d}
              returns: {kind: proportion, outcome: return, within: 90m, higher_is_better: false}
            """;

    @TempDir
    private Path folder;

    private Experiment experiment(String name, String text) throws IOException {
        return ExperimentFiles.read(Files.writeString(folder.resolve(name), text))
                .get(0);
    }

    /** A value that the first policy's exceeds by so much; none for the first itself. */
    private static PolicyValue value(double sample, Optional<Interval> firstOver) {
        return value(sample, firstOver, 400);
    }

    private static PolicyValue value(double sample, Optional<Interval> firstOver, double differing) {
        Estimate estimate = new Estimate(0.25, new Interval(0.125, 0.5));
        return new PolicyValue(
                Map.of(OffPolicyEstimator.DR, estimate),
                Optional.of(firstOver
                        .map(over -> new Estimate(
                                -(over.lower() + over.upper()) / 2, new Interval(-over.upper(), -over.lower())))
                        .map(over -> new Difference(over, differing))
                        .orElse(new Difference(new Estimate(0, new Interval(0, 0)), 0))),
                Optional.empty(),
                1_000,
                sample,
                2,
                0);
    }

    private static PolicyValue refused(String why) {
        return new PolicyValue(Map.of(), Optional.empty(), Optional.of(why), 1_000, 0, 0, 0.5);
    }

    private PolicyComparison comparison(String metric, double sample, Interval over, PolicyValue nobody)
            throws IOException {
        Experiment incumbent = experiment("rollout.yaml", FILE);
        Map<Compared, PolicyValue> values = new EnumMap<>(Compared.class);
        values.put(Compared.CANDIDATE, value(sample, Optional.empty()));
        values.put(Compared.IN_FORCE, value(500, Optional.of(over)));
        values.put(Compared.EVERYBODY, value(500, Optional.of(over)));
        values.put(Compared.NOBODY, nobody);
        return new PolicyComparison(incumbent, ComparePolicies.reward(incumbent, Optional.of(metric)), UNTIL, values);
    }

    private static final Interval GAIN = new Interval(0.25, 0.5);
    private static final Interval LOSS = new Interval(-0.5, -0.25);

    @Test
    void aCandidateThatEarnsMoreThanEachOtherPolicyMeetsNoObjection() throws IOException {
        Experiment candidate = experiment("edited.yaml", FILE.replace("10%", "20%"));
        assertThat(comparison("conversion_rate", 200, GAIN, value(500, Optional.of(GAIN)))
                        .objections(candidate))
                .isEmpty();
    }

    @Test
    void ofAMetricThatShouldBeLowTheCandidateHasToEarnLess() throws IOException {
        Experiment candidate = experiment("edited.yaml", FILE.replace("10%", "20%"));
        assertThat(comparison("returns", 200, LOSS, value(500, Optional.of(LOSS)))
                        .objections(candidate))
                .isEmpty();
        assertThat(comparison("returns", 200, GAIN, value(500, Optional.of(LOSS)))
                        .objections(candidate))
                .containsExactly(
                        "over in force it gains -0.50000 to -0.25000 with 95 % confidence, which has to be above 0",
                        "over everybody it gains -0.50000 to -0.25000 with 95 % confidence, which has to be above 0");
    }

    @Test
    void everyObjectionIsNamedAtOnce() throws IOException {
        Experiment candidate = experiment(
                "edited.yaml",
                FILE.replace("salt: rollout-2026", "salt: other").replace("feature_id: checkout", "feature_id: search")
                        + "treatment: {layout: other}\n");
        assertThat(comparison("conversion_rate", 199, GAIN, refused("nobody was ever left out"))
                        .objections(candidate))
                .containsExactly(
                        "its salt is another one, which would reshuffle every user: give it 'rollout-2026'",
                        "its feature_id is another one: the log is of 'checkout'",
                        "its treatment is another one: the log is of {}",
                        "over in force: cannot tell: the log is worth 199.0 users under candidate, needs 200",
                        "over everybody: cannot tell: the log is worth 199.0 users under candidate, needs 200",
                        "over nobody: cannot tell: nobody was ever left out");
    }

    @Test
    void eachPolicyNeedsItsOwnEffectiveUsersAndSoDoesWhatTwoDifferIn() throws IOException {
        Experiment candidate = experiment("edited.yaml", FILE.replace("10%", "20%"));
        PolicyComparison few = comparison("conversion_rate", 2_000, GAIN, value(199.94, Optional.of(GAIN)));
        assertThat(few.verdict(Compared.CANDIDATE)).isEmpty();
        assertThat(few.verdict(Compared.EVERYBODY)).contains(Verdict.SUPERIOR);
        assertThat(few.verdict(Compared.NOBODY)).contains(Verdict.CANNOT_TELL);
        assertThat(few.objections(candidate))
                .containsExactly("over nobody: cannot tell: the log is worth 199.9 users under nobody, needs 200");

        PolicyComparison narrow = comparison("conversion_rate", 2_000, GAIN, value(1_700, Optional.of(GAIN), 5));
        assertThat(narrow.verdict(Compared.NOBODY)).contains(Verdict.CANNOT_TELL);
        assertThat(narrow.differenceUsers(Compared.NOBODY)).contains(5.0);
        assertThat(narrow.objections(candidate))
                .containsExactly(
                        "over nobody: cannot tell: where the two differ the log is worth 5.0 users, needs 200");
        assertThat(narrow.caveats())
                .containsExactly("candidate over nobody: cannot tell: where the two differ the log is worth 5.0 users,"
                        + " needs 200");

        PolicyComparison enough = comparison("conversion_rate", 200, GAIN, value(200, Optional.of(GAIN), 200));
        assertThat(enough.verdict(Compared.NOBODY)).contains(Verdict.SUPERIOR);
        assertThat(enough.objections(candidate)).isEmpty();
        assertThat(enough.caveats()).isEmpty();
    }

    @Test
    void aGainThatMayBeNothingIsNotSuperior() throws IOException {
        Interval unsure = new Interval(0, 0.5);
        PolicyComparison comparison = comparison("conversion_rate", 200, unsure, value(500, Optional.of(GAIN)));
        assertThat(comparison.verdict(Compared.EVERYBODY)).contains(Verdict.NOT_SUPERIOR);
        assertThat(comparison.verdict(Compared.NOBODY)).contains(Verdict.SUPERIOR);
    }

    @Test
    void peopleReadTheGainOverEveryOtherPolicyAndWhatTheLogCannotTell() throws IOException {
        PolicyComparison comparison = comparison("returns", 150, GAIN, refused("nobody was ever left out"));
        assertThat(comparison.title())
                .isEqualTo("rollout, returns (lower is better): 1,000 users who met it and whose window of 90 min"
                        + " closed before 2026-03-13T00:00:00Z");
        assertThat(printed(Format.TABLE, comparison)).isEqualTo("""
                        policy     value    95 %                candidate over it  95 %                  so it is     effective users  where they differ  largest weight
                        ---------  -------  ------------------  -----------------  --------------------  -----------  ---------------  -----------------  --------------
                        candidate  0.25000  0.12500 to 0.50000                                                                    150                                2.0
                        in force   0.25000  0.12500 to 0.50000  +0.37500           +0.25000 to +0.50000  cannot tell              500  400                           2.0
                        everybody  0.25000  0.12500 to 0.50000  +0.37500           +0.25000 to +0.50000  cannot tell              500  400                           2.0
                        nobody     -        -                   -                  -                     cannot tell                0  -                             0.0
                        """);
        assertThat(comparison.caveats())
                .containsExactly(
                        "candidate: worth 150 users only: take its intervals for a hint",
                        "candidate over in force: cannot tell: the log is worth 150.0 users under candidate, needs 200",
                        "candidate over everybody: cannot tell: the log is worth 150.0 users under candidate, needs 200",
                        "nobody: nobody was ever left out");
        assertThat(comparison.estimates()).hasSize(3);
    }

    @Test
    void programsReadEveryEstimateUnderItsName() throws IOException {
        PolicyComparison comparison = comparison("conversion_rate", 150, GAIN, refused("unknown"));
        assertThat(printed(Format.JSON, comparison).lines())
                .first()
                .isEqualTo("{\"experiment_id\":\"rollout\",\"metric\":\"conversion_rate\",\"policy\":\"candidate\","
                        + "\"users\":1000,\"effective_users\":150.0,\"largest_weight\":2.0,\"never_logged\":0.0,"
                        + "\"DR\":{\"value\":0.25,\"lower\":0.125,\"upper\":0.5},"
                        + "\"over_first\":{\"value\":0.0,\"lower\":0.0,\"upper\":0.0}}");
        assertThat(printed(Format.JSON, comparison).lines())
                .last()
                .isEqualTo("{\"experiment_id\":\"rollout\",\"metric\":\"conversion_rate\",\"policy\":\"nobody\","
                        + "\"users\":1000,\"effective_users\":0.0,\"largest_weight\":0.0,\"never_logged\":0.5,"
                        + "\"refusal\":\"unknown\",\"verdict\":\"cannot tell\"}");
        assertThat(printed(Format.CSV, comparison).lines().skip(1)).hasSize(4);
    }

    private static String printed(Format format, PolicyComparison comparison) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Printer.of(format, new PrintStream(bytes, true, StandardCharsets.UTF_8))
                .print(
                        PolicySheets.policies(comparison),
                        List.copyOf(comparison.values().keySet()));
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void theRewardIsTheFirstMetricUnlessOneIsNamed() throws IOException {
        Experiment experiment = experiment("rollout.yaml", FILE);
        assertThat(ComparePolicies.reward(experiment, Optional.empty()).name()).isEqualTo("conversion_rate");
        assertThat(ComparePolicies.reward(experiment, Optional.of("returns")).name())
                .isEqualTo("returns");
        assertThatThrownBy(() -> ComparePolicies.reward(experiment, Optional.of("revenue")))
                .isInstanceOf(Refusal.class)
                .hasMessageMatching(
                        "--metric revenue is not declared in .*rollout.yaml, which has \\[conversion_rate, returns\\]");
    }
}
