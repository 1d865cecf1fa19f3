package io.flagcast.experiments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.BanditLearner;
import io.flagcast.allocation.BanditLearner.Algorithm;
import io.flagcast.allocation.Curve;
import io.flagcast.allocation.Curve.Piecewise.Point;
import io.flagcast.allocation.Layer;
import io.flagcast.allocation.Policy;
import io.flagcast.allocation.Segments;
import io.flagcast.allocation.Segments.Band;
import io.flagcast.allocation.ramp.Gate;
import io.flagcast.allocation.ramp.Level;
import io.flagcast.allocation.ramp.Ramp;
import io.flagcast.allocation.ramp.Step;
import io.flagcast.experiments.Experiment.SegmentsFrom;
import io.flagcast.experiments.Experiment.Status;
import io.flagcast.experiments.Experiment.Stickiness;
import io.flagcast.experiments.document.Problem;
import io.flagcast.rules.Action;
import io.flagcast.rules.Amount;
import io.flagcast.rules.Amount.Unit;
import io.flagcast.rules.Condition;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Condition.Side;
import io.flagcast.rules.Health;
import io.flagcast.rules.Observation;
import io.flagcast.rules.Rule;
import io.flagcast.rules.RuleDecision.Outcome;
import io.flagcast.statistics.Cap;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Metric.Direction;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExperimentFilesTest {

    /** The experiment file that has every block. */
    static final String DESIGN = resource("checkout_v2_rollout.yaml");

    private static final String MINIMAL = """
            experiment_id: minimal
            feature_id: dark_mode
            salt: minimal-1
            allocation: {percentage_allocation: 10%}
            """;

    private static final String TIERS = """
              type: tiered                        # tiered | weighted_random | bandit | percentage (default)
              tier_thresholds: [80, 50, 20]       # tier 0: score >= 80, tier 1: >= 50, tier 2: >= 20, tier 3: rest
              active_tier: 2                      # enabled where tier < active_tier
            """.indent(0);

    @TempDir
    Path directory;

    static String resource(String name) {
        try (InputStream input = ExperimentFilesTest.class.getResourceAsStream(name)) {
            return new String(input.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void theFileOfTheDesignIsReadWhole() {
        Experiment experiment = ExperimentFiles.parse("checkout_v2_rollout.yaml", DESIGN);
        Rule rule = new Rule(
                "pull_back_high_responders",
                "If conversion of users with score > 70 is below 5 %, cut that segment by 20 %",
                "high",
                new Condition.Level(Population.ENABLED, "conversion_rate", Side.BELOW, 0.05),
                Rule.Evidence.of(1000, 0.95, 10_000),
                new Action.Reduce(new Amount(0.2, Unit.RELATIVE), 0.05),
                Optional.empty(),
                Duration.ofDays(3),
                OptionalInt.of(4),
                Rule.Health.FOR_INCREASES,
                Rule.Mode.ENFORCE);
        Observation counted = new Observation(
                "high",
                Population.ENABLED,
                "conversion_rate",
                RuleTest.FIRST_DAY,
                Moments.ofProportion(800, 20_000),
                // every user weighs 2: sums of w, w^2, then of w d, w d^2, w^2 d, w^2 d^2 from the mean 0.04; d^2 sums
                // to
                // 800 (1 - 0.04)
                new WeightedMoments(20_000, 40_000, 80_000, 0.04, 0, 1536, 0, 3072),
                Optional.empty());
        assertThat(experiment)
                .isEqualTo(new Experiment(
                        "checkout_v2_rollout",
                        "checkout_v2",
                        Status.ACTIVE,
                        Map.of("layout", "one_page"),
                        "checkout-v2-2026q4",
                        new Layer("checkout", 0, 0.5),
                        Optional.of("country IN ('DE', 'FR')"),
                        new Segments(
                                List.of(new Band("low", 0, 30), new Band("mid", 30, 70), new Band("high", 70, 100))),
                        SegmentsFrom.LOG,
                        new Policy.Tiered(List.of(80.0, 50.0, 20.0), List.of(1.0, 1.0, 0.0, 0.0), List.of()),
                        0.05,
                        OptionalDouble.of(0.10),
                        Stickiness.ENROLMENT,
                        List.of(
                                new Metric(
                                        "conversion_rate",
                                        Metric.Kind.PROPORTION,
                                        "purchase",
                                        Duration.ofDays(1),
                                        Direction.HIGHER_IS_BETTER),
                                new Metric(
                                        "revenue_per_user",
                                        Metric.Kind.MEAN,
                                        "purchase",
                                        Duration.ofDays(7),
                                        Direction.HIGHER_IS_BETTER,
                                        Optional.of(new Cap.At(500)),
                                        Metric.HeavyTails.NOT_ACCEPTED)),
                        Optional.empty(),
                        List.of(),
                        Optional.empty(),
                        List.of(rule),
                        List.of(),
                        List.of(new RuleTest(
                                "fires when clearly below",
                                new RuleTest.Given("high", 1, List.of(counted), Health.SOUND),
                                List.of(new RuleTest.Expect(
                                        "pull_back_high_responders",
                                        OptionalInt.empty(),
                                        Outcome.FIRED,
                                        OptionalDouble.of(0.8))),
                                36)),
                        // sha256sum of the file
                        "460079de9f37ad2bb4635600fe8f422e3eb0de65b950c6fc6eadbbb23d0cc618",
                        Path.of("checkout_v2_rollout.yaml")));
    }

    @Test
    void theTestsOfTheDesignPass() {
        Experiment experiment = ExperimentFiles.parse("checkout_v2_rollout.yaml", DESIGN);
        assertThat(experiment.tests())
                .hasSize(1)
                .allSatisfy(test -> assertThat(test.failure(experiment)).isEmpty());
    }

    @ParameterizedTest
    @CsvSource({"20000, 800, FIRED, 0.8", "200, 6, INCONCLUSIVE, 1", "20000, 1100, HELD, 1"})
    void theRuleOfTheDesignFiresOnlyOnClearEvidence(long users, long conversions, Outcome outcome, double share) {
        Experiment experiment = ExperimentFiles.parse("checkout_v2_rollout.yaml", DESIGN);
        RuleTest test = new RuleTest(
                "as counted",
                new RuleTest.Given(
                        "high",
                        1,
                        List.of(new Observation(
                                "high",
                                Population.ENABLED,
                                "conversion_rate",
                                RuleTest.FIRST_DAY,
                                Moments.ofProportion(conversions, users),
                                WeightedMoments.EMPTY,
                                Optional.empty())),
                        Health.SOUND),
                List.of(new RuleTest.Expect(
                        "pull_back_high_responders", OptionalInt.of(1), outcome, OptionalDouble.of(share))),
                0);
        assertThat(test.failure(experiment)).isEmpty();
    }

    @Test
    void tierProbabilitiesStandInsteadOfAnActiveTier() {
        assertThat(designWith("  active_tier: 2 ", "  tier_probabilities: [100%, 50%, 10%, 0%] ")
                        .allocation())
                .isEqualTo(new Policy.Tiered(List.of(80.0, 50.0, 20.0), List.of(1.0, 0.5, 0.1, 0.0), List.of()));
    }

    @Test
    void weightedRandomHasThreeCurves() {
        String logistic = "{curve: logistic, midpoint: 60, steepness: 0.1, floor: 5%, ceiling: 90%}";
        assertThat(weighted(logistic)).isEqualTo(new Policy.WeightedRandom(new Curve.Logistic(60, 0.1), 0.05, 0.9));
        assertThat(weighted("{curve: linear}")).isEqualTo(new Policy.WeightedRandom(new Curve.Linear(), 0, 1));
        assertThat(weighted("{curve: power, exponent: 2.5, floor: 0.1}"))
                .isEqualTo(new Policy.WeightedRandom(new Curve.Power(2.5), 0.1, 1));
    }

    private static Policy weighted(String parameters) {
        return designWith(TIERS, "  type: weighted_random\n  weight_parameters: " + parameters + "\n")
                .allocation();
    }

    @Test
    void aWeightMayFollowStraightLinesBetweenPoints() {
        assertThat(weighted("{curve: piecewise, points: [[0, 10%], [60, 0.2], [100, 90%]], ceiling: 80%}"))
                .isEqualTo(new Policy.WeightedRandom(
                        new Curve.Piecewise(List.of(new Point(0, 0.1), new Point(60, 0.2), new Point(100, 0.9))),
                        0,
                        0.8));
    }

    @Test
    void aRampSaysOnWhichDateWhichTierBecomesActive() {
        Policy ramped = designWith(
                        "active_tier: 2 ",
                        "active_tier: 1\n  ramp: [{from: 2026-12-01, active_tier: 2},"
                                + " {from: 2026-12-08T06:00:00Z, active_tier: 4}]")
                .allocation();
        assertThat(ramped)
                .isEqualTo(Policy.Tiered.upTo(1, List.of(80.0, 50.0, 20.0))
                        .withRamp(List.of(
                                Step.on(Instant.parse("2026-12-01T00:00:00Z"), 2),
                                Step.on(Instant.parse("2026-12-08T06:00:00Z"), 4))));
    }

    @Test
    void aRampMayWaitBehindGates() {
        Experiment experiment =
                ExperimentFiles.parse("ramp.yaml", MINIMAL.replace("{percentage_allocation: 10%}", """

                  ramp:
                    - {to: 10%}
                    - {to: 50%, until: {min_users: 5000, no_rule_fired: 3d}}
                    - {from: 2026-12-08, to: 100%}
                """));

        assertThat(experiment.allocation())
                .isEqualTo(new Policy.Percentage(
                        0,
                        new Ramp(
                                Level.Unit.PERCENTAGE,
                                List.of(
                                        new Step(Step.AT_ONCE, 0.1, Gate.OPEN),
                                        new Step(Step.AT_ONCE, 0.5, new Gate(5000, Duration.ofDays(3))),
                                        Step.on(Instant.parse("2026-12-08T00:00:00Z"), 1)))));
    }

    @Test
    void aRampOfTiersNeedsNoTierBeforeItAndMayNameItAsAPercentageDoes() {
        assertThat(designWith("active_tier: 2 ", "ramp: [{to: 1, until: {min_users: 10}}, {active_tier: 4}]")
                        .allocation())
                .isEqualTo(Policy.Tiered.upTo(0, List.of(80.0, 50.0, 20.0))
                        .withRamp(List.of(
                                new Step(Step.AT_ONCE, 1, new Gate(10, Duration.ZERO)),
                                new Step(Step.AT_ONCE, 4, Gate.OPEN))));
    }

    /** A percentage that asks for no score: whoever has none goes along with its ramp, unless the file says otherwise. */
    @Test
    void usersWithoutAScoreAreGivenThePercentageInForce() {
        String ramp = "{ramp: [{from: 2026-12-01, to: 10%}, {from: 2026-12-08, to: 50%}]}";
        Experiment experiment =
                ExperimentFiles.parse("ramp.yaml", MINIMAL.replace("{percentage_allocation: 10%}", ramp));
        Experiment fixed = ExperimentFiles.parse(
                "ramp.yaml", MINIMAL.replace("{percentage_allocation: 10%}", ramp.replace("]}", "], unscored: 5%}")));

        assertThat(unscored(experiment, "2026-11-30T00:00:00Z")).isZero();
        assertThat(unscored(experiment, "2026-12-01T00:00:00Z")).isEqualTo(0.1);
        assertThat(unscored(experiment, "2026-12-08T00:00:00Z")).isEqualTo(0.5);
        assertThat(unscored(fixed, "2026-12-08T00:00:00Z")).isEqualTo(0.05);
    }

    private static double unscored(Experiment experiment, String asOf) {
        return experiment
                .allocator(0, AllocationParameters.INITIAL, Instant.parse(asOf))
                .unscored();
    }

    private static final Metric CONVERSION_RATE = new Metric(
            "conversion_rate", Metric.Kind.PROPORTION, "purchase", Duration.ofDays(1), Direction.HIGHER_IS_BETTER);

    @Test
    void aBanditNamesItsRewardAndWhatSplitsItsCells() {
        Experiment experiment = designWith(TIERS, """
                  type: bandit
                  bandit:
                    algorithm: ucb
                    reward: revenue_per_user
                    context: [plan, country]
                    floor: 10%
                    max_step: 20pp
                    min_users: 500
                    half_life: 24h
                """);
        Metric revenue = new Metric(
                        "revenue_per_user",
                        Metric.Kind.MEAN,
                        "purchase",
                        Duration.ofDays(7),
                        Direction.HIGHER_IS_BETTER)
                .frozenAt(500);
        assertThat(experiment.allocation())
                .isEqualTo(new Policy.Bandit(
                        new BanditLearner(Algorithm.UCB, revenue, 0.1, 0.2, 500, 0.5),
                        List.of("plan", "country"),
                        Map.of()));
    }

    @Test
    void aBanditHasDefaults() {
        Experiment experiment =
                designWith(TIERS, "  type: bandit\n  bandit: {algorithm: thompson, reward: conversion_rate}\n");
        assertThat(experiment.allocation())
                .isEqualTo(new Policy.Bandit(
                        new BanditLearner(Algorithm.THOMPSON, CONVERSION_RATE, 0.05, 0.1, 100, 1),
                        List.of(),
                        Map.of()));
    }

    private static Experiment designWith(String replaced, String by) {
        assertThat(DESIGN).containsOnlyOnce(replaced);
        return ExperimentFiles.parse("design.yaml", DESIGN.replace(replaced, by));
    }

    @Test
    void whatMayBeAbsentHasADefault() {
        Experiment experiment = ExperimentFiles.parse("minimal.yaml", MINIMAL);
        assertThat(experiment)
                .usingRecursiveComparison()
                .ignoringFields("contentHash")
                .isEqualTo(new Experiment(
                        "minimal",
                        "dark_mode",
                        Status.ACTIVE,
                        Map.of(),
                        "minimal-1",
                        Layer.NONE,
                        Optional.empty(),
                        Segments.SINGLE,
                        SegmentsFrom.LOG,
                        new Policy.Percentage(0.1),
                        0,
                        OptionalDouble.empty(),
                        Stickiness.ENROLMENT,
                        List.of(),
                        Optional.empty(),
                        List.of(),
                        Optional.empty(),
                        List.of(),
                        List.of(),
                        List.of(),
                        "",
                        Path.of("minimal.yaml")));
    }

    @Test
    void segmentsOfAnImportedTestMayComeFromScores() {
        String segments = "segments: {low: [0, 50], high: [50, 100]}\n";
        assertThat(ExperimentFiles.parse("e.yaml", MINIMAL + segments + "segments_from: scores\n")
                        .segmentsFrom())
                .isEqualTo(SegmentsFrom.SCORES);
        assertThatThrownBy(() -> ExperimentFiles.parse("e.yaml", MINIMAL + "segments_from: scores\n"))
                .hasMessageContaining("segments_from 'scores': there are no segments: declare segments beside it");
        assertThatThrownBy(() -> ExperimentFiles.parse("e.yaml", MINIMAL + segments + "segments_from: model\n"))
                .hasMessageContaining("segments_from", "log, scores");
    }

    @Test
    void metricsAreBrokenDownByDimensionsAndAdjustedForThePrePeriod() {
        Experiment experiment =
                ExperimentFiles.parse("broken-down.yaml", MINIMAL + "dimensions: [country, plan]\npre_period: 14d\n");
        assertThat(experiment.dimensions()).containsExactly("country", "plan");
        assertThat(experiment.prePeriod()).contains(Duration.ofDays(14));
    }

    @Test
    void aRuleHasDefaults() {
        Experiment experiment = ExperimentFiles.parse("rule.yaml", MINIMAL + """
                metrics: {revenue: {kind: mean, outcome: purchase, within: 12h, higher_is_better: false}}
                rules:
                  - rule_id: restore
                    description: >
                      Give back what a dip
                      has cost.
                    when: {segment: scored, metric: revenue, above: 3.5}
                    evidence: {min_users: 200}
                    then: {increase_allocation: 10pp}
                """);
        assertThat(experiment.metrics().get(0).direction()).isEqualTo(Direction.LOWER_IS_BETTER);
        assertThat(experiment.rules())
                .containsExactly(new Rule(
                        "restore",
                        "Give back what a dip has cost.",
                        "scored",
                        new Condition.Level(Population.ENABLED, "revenue", Side.ABOVE, 3.5),
                        Rule.Evidence.of(200, 0.95, 2000),
                        new Action.Increase(new Amount(0.1, Unit.POINTS), 1),
                        Optional.empty(),
                        Duration.ZERO,
                        OptionalInt.empty(),
                        Rule.Health.FOR_INCREASES,
                        Rule.Mode.DRY_RUN));
    }

    @ParameterizedTest
    @CsvSource({
        "5%, 0.05",
        "5 %, 0.05",
        "\"5%\", 0.05",
        "7%, 0.07",
        "0.07, 0.07",
        "5e-05, 0.00005",
        "2.5%, 0.025",
        "0%, 0",
        "0, 0",
        "100%, 1",
        "1, 1",
        "1.0, 1"
    })
    void aRateIsPercentOrAFraction(String written, double rate) {
        Experiment experiment = ExperimentFiles.parse("rate.yaml", MINIMAL.replace("10%", written));
        assertThat(experiment.allocation()).isEqualTo(new Policy.Percentage(rate));
    }

    @ParameterizedTest
    @CsvSource({"1d, PT24H", "12h, PT12H", "30m, PT30M", "\"7d\", PT168H"})
    void aDurationIsDaysHoursOrMinutes(String written, Duration within) {
        Experiment experiment = ExperimentFiles.parse(
                "duration.yaml", MINIMAL + "metrics: {m: {kind: mean, outcome: o, within: " + written + "}}");
        assertThat(experiment.metrics().get(0).within()).isEqualTo(within);
    }

    @Test
    void treatmentParametersKeepTheirTextAndOrder() {
        Experiment experiment = ExperimentFiles.parse(
                "treatment.yaml", MINIMAL + "treatment: {rows: 012, big: yes, ratio: 1.50, note: ' a ', empty: ''}");
        assertThat(experiment.treatment())
                .containsExactly(
                        Map.entry("rows", "012"),
                        Map.entry("big", "yes"),
                        Map.entry("ratio", "1.50"),
                        Map.entry("note", " a "),
                        Map.entry("empty", ""));
    }

    @Test
    void quotesMakeATextOfAnything() {
        Experiment experiment = ExperimentFiles.parse(
                "quoted.yaml", MINIMAL.replace("minimal\n", "\"no\"\n").replace("dark_mode", "'012'"));
        assertThat(experiment.experimentId()).isEqualTo("no");
        assertThat(experiment.featureId()).isEqualTo("012");
    }

    @Test
    void offIsAStatus() {
        assertThat(ExperimentFiles.parse("off.yaml", MINIMAL + "status: off").status())
                .isEqualTo(Status.OFF);
    }

    @Test
    void jsonIsReadByTheSameRules() {
        Experiment experiment = ExperimentFiles.parse("minimal.json", """
                {
                \t"experiment_id": "minimal",
                \t"feature_id": "dark_mode",
                \t"salt": "minimal-1",
                \t"allocation": {"percentage_allocation": "10%", "exploration": 0.02}
                }
                """);
        assertThat(experiment.experimentId()).isEqualTo("minimal");
        assertThat(experiment.allocation()).isEqualTo(new Policy.Percentage(0.1));
        assertThat(experiment.exploration()).isEqualTo(0.02);
    }

    @Test
    void aByteOrderMarkAndWindowsLineEndsAreHarmless() {
        Experiment experiment = ExperimentFiles.parse("windows.yaml", "\uFEFF" + MINIMAL.replace("\n", "\r\n"));
        assertThat(experiment.experimentId()).isEqualTo("minimal");
    }

    @Test
    void theContentHashFollowsEveryByte() {
        assertThat(ExperimentFiles.parse("a.yaml", MINIMAL + "# comment").contentHash())
                .isNotEqualTo(ExperimentFiles.parse("a.yaml", MINIMAL).contentHash())
                .hasSize(64);
    }

    @Test
    void aDirectoryIsReadInTheOrderOfItsFileNames() throws IOException {
        write("c.json", "{experiment_id: c, feature_id: f, salt: c, allocation: {percentage_allocation: 1%}}");
        write("a.yaml", MINIMAL.replace("minimal", "a"));
        write("b.YML", MINIMAL.replace("minimal", "b"));
        write(".hidden.yaml", "not: an experiment");
        write("README.md", "not an experiment");
        Files.createDirectory(directory.resolve("inner"));
        write("inner/d.yaml", MINIMAL.replace("minimal", "d"));
        List<Experiment> experiments = ExperimentFiles.read(directory);
        assertThat(experiments).extracting(Experiment::experimentId).containsExactly("a", "b", "c");
        assertThat(experiments.get(0).file()).isEqualTo(directory.resolve("a.yaml"));
        assertThat(ExperimentFiles.read(directory.resolve("a.yaml"))).containsExactly(experiments.get(0));
    }

    @Test
    void allProblemsOfAllFilesAreReportedAtOnce() throws IOException {
        write("a.yaml", MINIMAL + "status: activ\nlayer: {name: checkout, from: 0%, to: 50%}\n");
        write("b.yaml", MINIMAL + "layer: {name: checkout, from: 0.4, to: 1}\n");
        write("c.yaml", """
                experiment_id: minimal
                feature: dark_mode
                salt: minimal-3
                layer: {name: checkout, from: 0.3, to: 0.5}
                allocation:
                  percentage_allocation: 10
                """);
        write("d.yaml", "experiment_id: [");
        assertThatThrownBy(() -> ExperimentFiles.read(directory))
                .isInstanceOf(ExperimentFilesException.class)
                .hasMessage("""
                        %1$s/a.yaml:5: status 'activ': not one of active, paused, off; did you mean 'active'?
                        %1$s/b.yaml:1: experiment_id 'minimal': also declared in %1$s/a.yaml:1; give every experiment its own
                        %1$s/b.yaml:3: salt 'minimal-1': also in %1$s/a.yaml:3, so every user would fall alike in both; give the newer experiment its own
                        %1$s/c.yaml:1: experiment_id 'minimal': also declared in %1$s/a.yaml:1; give every experiment its own
                        %1$s/c.yaml:2: unknown key 'feature'; did you mean 'feature_id'?
                        %1$s/c.yaml:4: layer 'checkout' [0.3, 0.5) overlaps [0.4, 1.0) in %1$s/b.yaml:5; active experiments of one layer need separate ranges
                        %1$s/c.yaml:6: percentage_allocation '10': above 1; write 10%% for percent or a number from 0 to 1
                        %1$s/d.yaml:1: not readable as YAML: expected the node content, but found '<stream end>'\
                        """.formatted(directory));
    }

    @Test
    void rangesOfInactiveExperimentsAndTouchingRangesDoNotOverlap() throws IOException {
        write("a.yaml", MINIMAL.replace("minimal", "a") + "layer: {name: checkout, from: 0, to: 0.5}");
        write("b.yaml", MINIMAL.replace("minimal", "b") + "layer: {name: checkout, from: 0.5, to: 1}");
        write("c.yaml", MINIMAL.replace("minimal", "c") + "layer: {name: checkout, from: 0, to: 1}\nstatus: paused");
        write("d.yaml", MINIMAL.replace("minimal", "d") + "layer: {name: other, from: 0, to: 1}");
        write("e.yaml", MINIMAL.replace("minimal", "e"));
        write("f.yaml", MINIMAL.replace("minimal", "f"));
        assertThat(ExperimentFiles.read(directory)).hasSize(6);
    }

    @Test
    void anEditedFileStandsForTheOneWithItsIdAndIsComparedWithTheOthers() throws IOException {
        write("a.yaml", MINIMAL.replace("minimal", "a"));
        write("b.yaml", MINIMAL.replace("minimal", "b"));
        Path edited = Files.createDirectory(directory.resolve("edited")).resolve("new-a.yaml");
        Files.writeString(edited, MINIMAL.replace("minimal", "a").replace("10%", "20%"));
        List<Experiment> experiments = ExperimentFiles.read(directory, List.of(edited));
        assertThat(experiments).extracting(Experiment::experimentId).containsExactly("b", "a");
        assertThat(experiments.get(1).allocation()).isEqualTo(new Policy.Percentage(0.2));

        Files.writeString(
                edited,
                MINIMAL.replace("experiment_id: minimal", "experiment_id: a").replace("minimal-1", "b-1"));
        assertThatThrownBy(() -> ExperimentFiles.read(directory, List.of(edited)))
                .hasMessage(
                        "%1$s:3: salt 'b-1': also in %2$s/b.yaml:3, so every user would fall alike in both; give the"
                                        .formatted(edited, directory)
                                + " newer experiment its own");
    }

    @Test
    void aMissingOrEmptyDirectoryIsAProblem() {
        assertThatThrownBy(() -> ExperimentFiles.read(directory))
                .hasMessage("%s: the directory has no *.yaml, *.yml or *.json file; add one or name another directory"
                        .formatted(directory));
        assertThatThrownBy(() -> ExperimentFiles.read(directory.resolve("absent")))
                .hasMessage("%s/absent: there is no such file or directory; correct the path".formatted(directory));
    }

    @Test
    void aFileThatIsNotTextOrTooLargeIsAProblem() throws IOException {
        Files.write(directory.resolve("latin1.yaml"), new byte[] {'a', ':', ' ', (byte) 0xFC});
        write("large.yaml", MINIMAL + "#".repeat(ExperimentFiles.MOST_BYTES));
        Files.createDirectory(directory.resolve("z.yaml"));
        assertThat(problemsOf(directory))
                .startsWith(
                        directory + "/large.yaml: larger than 262144 bytes; an experiment needs a few thousand",
                        directory + "/latin1.yaml: not UTF-8 text; save it as UTF-8")
                .hasSize(3)
                .last()
                .asString()
                .startsWith(directory + "/z.yaml: cannot be read: ");
    }

    @Test
    void theExamplesAreValidAndTheirTestsPass() {
        List<Experiment> examples = ExperimentFiles.read(Path.of("..", "conf", "examples", "demo"));
        assertThat(examples).isNotEmpty();
        assertThat(examples)
                .allSatisfy(experiment -> assertThat(experiment.tests())
                        .allSatisfy(test -> assertThat(test.failure(experiment)).isEmpty()));
    }

    private void write(String name, String text) throws IOException {
        Files.writeString(directory.resolve(name), text);
    }

    private static List<String> problemsOf(Path path) {
        return catchThrowableOfType(ExperimentFilesException.class, () -> ExperimentFiles.read(path))
                .problems()
                .stream()
                .map(Problem::toString)
                .toList();
    }
}
