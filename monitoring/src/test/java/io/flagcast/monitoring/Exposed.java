package io.flagcast.monitoring;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/** A row of {@code first_exposures} of experiment e, as tests need it. */
record Exposed(
        String userId,
        String segment,
        long version,
        Instant exposedAt,
        boolean enabled,
        Double propensity,
        boolean contradictory,
        Double ifEnabled,
        Double ifNot,
        Optional<Instant> closesAt,
        double y) {

    static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    /** A user of segment high with a coin's propensity, exposed at the start and counted by nothing. */
    static Exposed user(String userId, boolean enabled) {
        return new Exposed(userId, "high", 1, START, enabled, 0.5, false, null, null, Optional.empty(), 0);
    }

    Exposed in(String other) {
        return new Exposed(
                userId, other, version, exposedAt, enabled, propensity, contradictory, ifEnabled, ifNot, closesAt, y);
    }

    Exposed under(long other) {
        return new Exposed(
                userId, segment, other, exposedAt, enabled, propensity, contradictory, ifEnabled, ifNot, closesAt, y);
    }

    Exposed at(Instant other) {
        return new Exposed(
                userId, segment, version, other, enabled, propensity, contradictory, ifEnabled, ifNot, closesAt, y);
    }

    Exposed with(Double other) {
        return new Exposed(
                userId, segment, version, exposedAt, enabled, other, contradictory, ifEnabled, ifNot, closesAt, y);
    }

    Exposed contradicted() {
        return new Exposed(
                userId, segment, version, exposedAt, enabled, propensity, true, ifEnabled, ifNot, closesAt, y);
    }

    Exposed predicted(double enabledResponse, double otherwise) {
        return new Exposed(
                userId,
                segment,
                version,
                exposedAt,
                enabled,
                propensity,
                contradictory,
                enabledResponse,
                otherwise,
                closesAt,
                y);
    }

    Exposed counted(Instant closes, double value) {
        return new Exposed(
                userId,
                segment,
                version,
                exposedAt,
                enabled,
                propensity,
                contradictory,
                ifEnabled,
                ifNot,
                Optional.of(closes),
                value);
    }

    /** The rows of experiment e, with the metric conversion where a row is counted by one. */
    static Dataset<Row> table(SparkSession spark, Exposed... rows) {
        StructType schema = StructType.fromDDL("experiment_id STRING, user_id STRING, segment STRING,"
                + " parameters_version BIGINT, decided_by STRING, exposed_on TIMESTAMP, exposed_at TIMESTAMP, enabled BOOLEAN, propensity DOUBLE,"
                + " contradictory BOOLEAN, response_if_enabled DOUBLE, response_if_not DOUBLE, counted ARRAY<STRUCT<metric:"
                + " STRING, closes_at: TIMESTAMP, settled: BOOLEAN, y: DOUBLE, before: DOUBLE, d: DOUBLE,"
                + " d_before: DOUBLE>>");
        return spark.createDataFrame(
                List.of(rows).stream()
                        .map(row -> RowFactory.create(
                                "e",
                                row.userId,
                                row.segment,
                                row.version,
                                "",
                                java.sql.Timestamp.from(row.exposedAt.truncatedTo(ChronoUnit.DAYS)),
                                java.sql.Timestamp.from(row.exposedAt),
                                row.enabled,
                                row.propensity,
                                row.contradictory,
                                row.ifEnabled,
                                row.ifNot,
                                row.closesAt
                                        .map(closes -> new Object[] {
                                            RowFactory.create(
                                                    "conversion",
                                                    java.sql.Timestamp.from(closes),
                                                    !closes.isAfter(HealthStatesTest.AS_OF),
                                                    row.y,
                                                    null,
                                                    null,
                                                    null)
                                        })
                                        .orElse(new Object[0])))
                        .toList(),
                schema);
    }
}
