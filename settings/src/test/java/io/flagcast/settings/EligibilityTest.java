package io.flagcast.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.ExperimentFiles;
import io.flagcast.fixtures.SharedSpark;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may meet an experiment: a condition over one profile, the same on every machine and day. */
@ExtendWith(SharedSpark.class)
class EligibilityTest {

    private static Experiment experiment(String condition) {
        return ExperimentFiles.parse("e.yaml", """
                experiment_id: e
                feature_id: f
                salt: e
                eligibility: |
                  %s
                allocation: {percentage_allocation: 10%%}
                """.formatted(condition));
    }

    /** More than the parser of Spark has stack for, or time. */
    @Test
    void aConditionIsNoLongerOrDeeperThanAnybodyWrites() {
        String deep = " is nested deeper than 50 levels: make it a column of the source";

        for (String condition : List.of(
                "(".repeat(5_000) + "age > 1" + ")".repeat(5_000),
                "age" + "[age".repeat(1_000) + "]".repeat(1_000) + " > 1",
                "NOT ".repeat(4_900) + "age > 1")) {
            assertThat(Eligibility.problem(experiment(condition)))
                    .hasValueSatisfying(
                            why -> assertThat(why).endsWith("…\"" + deep).hasSizeLessThan(400));
        }
        assertThat(Eligibility.problem(experiment("age > 1 AND ".repeat(2_000) + "age > 1")))
                .hasValueSatisfying(why -> assertThat(why)
                        .endsWith("…\" has more than 20,000 characters: make it a column of the source"));
        assertThat(Eligibility.problem(experiment("(".repeat(49) + "age > 1" + ")".repeat(49) + " AND (age > 2)")))
                .isEmpty();
    }

    /** Known from the text alone: `validate` refuses these. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "rand() < 0.5",
                "RANDN(3) > 0",
                "age > random()",
                "uuid() LIKE 'a%'",
                "shuffle(array(age))[0] = 1",
                "current_date() > DATE '2026-01-01'",
                "year(now()) = 2026",
                "unix_timestamp() > 5",
                "current_user() = 'root'",
                "reflect('java.lang.System', 'exit', 1) = 'x'",
                "java_method('java.lang.System', 'getenv') = 'x'",
                "try_reflect('java.util.UUID', 'randomUUID') = 'x'",
                "country = 'DE' AND (age > 3 OR NOT (spark_partition_id() = 0))",
                "monotonically_increasing_id() > 5",
                "input_file_name() = ''",
                "raise_error('stop') IS NULL",
                "system.builtin.rand() < 0.5",
                "hex(aes_encrypt(country, '0123456789abcdef')) < '8'",
                "from_xml(country, 'a int', map('rowValidationXSDPath', 'x')) IS NULL",
            })
    void chanceClockSessionAndCodeAreDenied(String condition) {
        assertThat(Eligibility.problem(experiment(condition)))
                .hasValueSatisfying(
                        why -> assertThat(why)
                                .startsWith("e.yaml: eligibility \"" + condition + "\" calls ")
                                .endsWith(
                                        "an answer must be the same on every machine and day, from what stands in the row alone"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "signup < DATE 'today'",
                "seen < TIMESTAMP 'now'",
                "seen > timestamp_ntz ' Now'",
                "signup < 'today'",
                "to_date('today') > signup",
                "datediff('tomorrow UTC', signup) < 30",
                "try_to_timestamp('yesterday') < seen",
            })
    void datesThatAreTheClockAreDenied(String condition) {
        assertThat(Eligibility.problem(experiment(condition)))
                .contains(
                        "e.yaml: eligibility \"%s\" reads the clock (now, today, tomorrow or yesterday): an answer must be"
                                        .formatted(condition)
                                + " the same on every day");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "user_id IN (SELECT user_id FROM vip)",
                "age > (SELECT max(age) FROM users)",
                "EXISTS (SELECT 1 FROM vip)",
            })
    void subqueriesAreDenied(String condition) {
        assertThat(Eligibility.problem(experiment(condition)))
                .contains(
                        "e.yaml: eligibility \"%s\" has a subquery: only columns of the user's own profile are allowed"
                                .formatted(condition));
    }

    @Test
    void whatIsNoExpressionIsAProblem() {
        assertThat(Eligibility.problem(experiment("age >")))
                .hasValueSatisfying(why -> assertThat(why)
                        .startsWith("e.yaml: eligibility \"age >\" is not readable as a Spark SQL expression: "));
    }

    @Test
    void conditionsHoldOrNotAndAreFalseWhereTheyAreUnknown(SparkSession spark) {
        Dataset<Row> profiles =
                spark.sql("SELECT * FROM VALUES ('a', 'DE', 30L), ('b', NULL, 20L), ('c', 'US', NULL) AS"
                        + " t(user_id, country, age)");
        Map<String, List<String>> expected = Map.of(
                "country IN ('DE', 'FR')", List.of("a"),
                "age BETWEEN 20 AND 25 OR country = 'US'", List.of("b", "c"),
                "coalesce(country, 'DE') RLIKE '^D'", List.of("a", "b"),
                "aggregate(array(age, 1L), 0L, (x, y) -> x + y) > 22", List.of("a"),
                "true", List.of("a", "b", "c"));
        expected.forEach((condition, users) -> assertThat(
                        profiles.where(Eligibility.of(experiment(condition), profiles))
                                .collectAsList())
                .as(condition)
                .extracting(row -> row.getString(0))
                .containsExactlyElementsOf(users));

        Map<String, String> refused = Map.of(
                "CAST('to' || 'day' AS DATE) > DATE '2026-01-01'", "reads the clock",
                "city = 'Bern'", "cannot be evaluated over the profile, which has user_id, country, age: ",
                "age + 1", "is BIGINT, not a condition",
                "current_date > DATE '2026-01-01'", "calls current_date: an answer must be the same",
                "max(age) > 3", "looks at more than one row",
                "rank() OVER (ORDER BY age) > 1", "looks at more than one row",
                "explode(array(true))", "looks at more than one row, or makes more");
        List<String> wrong = new ArrayList<>();
        refused.forEach((condition, why) -> {
            try {
                Eligibility.of(experiment(condition), profiles);
                wrong.add(condition + " is not refused");
            } catch (Refusal e) {
                if (!e.getMessage().contains("e.yaml: eligibility \"" + condition + "\" " + why)) {
                    wrong.add(e.getMessage());
                }
            }
        });
        assertThat(wrong).isEmpty();
        assertThatThrownBy(() -> Eligibility.of(experiment("city = 'Bern'"), profiles))
                .isInstanceOf(Refusal.class)
                .extracting(e -> ((Refusal) e).exitCode())
                .isEqualTo(ExitCode.CONFIGURATION);
    }
}
