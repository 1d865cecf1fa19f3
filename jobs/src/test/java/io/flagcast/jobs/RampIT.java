package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.allocation.Bucketing;
import io.flagcast.allocation.Bucketing.Purpose;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A gated ramp from run to run: it waits for users, is held by a rule that fires, goes on, and says so. */
class RampIT {

    private static final int USERS = 300;
    private static final int ELSEWHERE = 40;
    private static final String SALT = "ramp-2026";

    private static final String EXPERIMENT = """
            experiment_id: rollout
            feature_id: checkout
            salt: ramp-2026
            allocation:
              ramp:
                - {to: 20%}
                - {to: 50%, until: {min_users: 100, no_rule_fired: 1d}}
                - {to: 100%}
            metrics:
              complaint_rate: {kind: proportion, outcome: complaint, within: 1h, settle: 0d, higher_is_better: false}
            rules:
              - rule_id: too_many_complaints
                description: More than 40 % of the enabled complain
                when: {segment: all, metric: complaint_rate, above: 40%}
                evidence: {min_users: 50, method: point}
                then: {reduce_allocation: 20%, not_below: 5%}
                max_firings: 1
                mode: enforce
            """;

    @TempDir
    private Path folder;

    private static Instant asOf(int day) {
        return CsvWorld.FIRST.plus(Duration.ofDays(day));
    }

    private Invocation run(CsvWorld world, int day) {
        return Invocation.at(
                asOf(day).plus(Duration.ofHours(1)),
                "run",
                "--conf",
                world.conf().toString(),
                "--as-of",
                asOf(day).toString());
    }

    private static boolean isBelow(double level, String user) {
        return Bucketing.of(SALT, Purpose.ENROLMENT).bucket(user) < level;
    }

    /** But for a few everybody comes once on the day, after its run, and is given what the ramp gives; so many in ten complain of it. */
    private static void live(CsvWorld world, int day, double level, int complaining) {
        List<String> exposures = new ArrayList<>();
        List<String> outcomes = new ArrayList<>();
        Instant at = asOf(day).plus(Duration.ofHours(10));
        for (int i = 0; i < USERS - ELSEWHERE; i++) {
            boolean enabled = isBelow(level, "u" + i);
            exposures.add("rollout,u%d,%b,%s".formatted(i, enabled, at));
            if (enabled && i % 10 < complaining) {
                outcomes.add("u%d,complaint,1,%s".formatted(i, at.plus(Duration.ofMinutes(30))));
            }
        }
        // The newest row says up to when outcomes are in.
        outcomes.add("u0,visit,1," + at.plus(Duration.ofHours(2)));
        world.append("exposures.csv", exposures.toArray(String[]::new));
        world.append("outcomes.csv", outcomes.toArray(String[]::new));
    }

    private static List<String> stands(CsvWorld world) {
        return Invocation.rows(world.conf(), "SELECT sentence FROM ramps").stream()
                .map(row -> row.get("sentence").asText())
                .toList();
    }

    /** Users who are enabled, and those of a bucket below the level. */
    private static void assertEnabled(CsvWorld world, double level) {
        assertThat(Invocation.rows(
                                world.conf(),
                                "SELECT user_id FROM allocations WHERE enabled AND propensity = %s".formatted(level))
                        .stream()
                        .map(row -> row.get("user_id").asText()))
                .hasSameElementsAs(IntStream.range(0, USERS)
                        .mapToObj(i -> "u" + i)
                        .filter(user -> isBelow(level, user))
                        .toList());
    }

    @Test
    void aRampWaitsIsHeldByARuleGoesOnAndSaysSo() throws Exception {
        CsvWorld world = CsvWorld.in(folder);
        List<String> users = new ArrayList<>(List.of("user_id,age,plan,gender"));
        for (int i = 0; i < USERS; i++) {
            users.add("u%d,%d,free,f".formatted(i, 20 + i % 50));
        }
        world.write("users.csv", users);
        world.write("exposures.csv", List.of("experiment_id,user_id,enabled,exposed_at"));
        world.write("outcomes.csv", List.of("user_id,outcome,value,occurred_at"));
        world.write("experiments/rollout.yaml", EXPERIMENT.lines().toList());
        world.append("exposures.csv", "rollout,u0,false,2026-03-09T10:00:00Z");
        world.append("outcomes.csv", "u0,visit,1,2026-03-09T12:00:00Z");

        Invocation first = run(world, 0);
        assertThat(first.code()).as(first.err()).isZero();
        assertThat(first.err())
                .contains(
                        "rollout: ramp at 20 %, step 1 of 3: goes on to 50 % with the next run: the step has no gate");
        assertEnabled(world, 0.2);
        live(world, 0, 0.2, 0);

        assertThat(run(world, 1).err())
                .contains("rollout: ramp at 50 %, step 2 of 3: waits for 100 users with the feature (0 so far); "
                        + "waits until no rule has fired for 1 d (the step began 2026-03-11)");
        assertEnabled(world, 0.5);
        live(world, 1, 0.5, 6);
        // Another system enables whom the ramp would not: that shows nothing of the step.
        world.append(
                "exposures.csv",
                IntStream.range(USERS - ELSEWHERE, USERS)
                        .mapToObj(i -> "u" + i)
                        .filter(user -> !isBelow(0.5, user))
                        .map(user -> "rollout,%s,true,%s".formatted(user, asOf(1).plus(Duration.ofHours(10))))
                        .toArray(String[]::new));

        Invocation firing = run(world, 2);
        assertThat(firing.err()).contains("too_many_complaints fired");
        String held = "waits until no rule has fired for 1 d (too_many_complaints did 2026-03-12)";
        assertThat(stands(world)).containsExactly("ramp at 50 %, step 2 of 3: " + held);
        assertThat(Invocation.rows(world.conf(), "SELECT users FROM ramps")
                        .get(0)
                        .get("users")
                        .asLong())
                .isEqualTo(IntStream.range(0, USERS - ELSEWHERE)
                        .filter(i -> isBelow(0.5, "u" + i))
                        .count());
        assertThat(world.command("explain", "--experiment", "rollout").out()).contains(held);
        Path page = folder.resolve("report.html");
        assertThat(world.command("report", "--output", page.toString()).code()).isZero();
        assertThat(Files.readString(page)).contains("Ramp at 50 %, step 2 of 3: " + held);
        live(world, 2, 0.5, 0);

        assertThat(run(world, 3).err())
                .contains("rollout: ramp at 50 %, step 2 of 3: goes on to 100 % with the next run:");
        assertEnabled(world, 0.5);
        assertThat(run(world, 4).err()).contains("rollout: ramp at 100 %, step 3 of 3: the last step is taken");
        assertEnabled(world, 1);

        assertThat(Invocation.rows(
                        world.conf(),
                        "SELECT version, cause, ramp_to, effective_as_of FROM allocation_parameters ORDER BY version"))
                .extracting(row ->
                        row.get("version").asInt() + " " + row.get("cause").asText() + " "
                                + row.path("ramp_to").asText("") + " "
                                + row.get("effective_as_of").asText().substring(0, 10))
                .containsExactly(
                        "1 ramp 0.2 2026-03-10",
                        "2 ramp 0.5 2026-03-10",
                        "3 rule  2026-03-12",
                        "4 ramp 1.0 2026-03-13");
    }
}
