package io.flagcast.monitoring;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.when;

import io.flagcast.statistics.Cap;
import io.flagcast.statistics.Metric;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.spark.sql.Column;

/**
 * What is measured of an experiment.
 *
 * @param experimentId the experiment
 * @param metrics its metrics
 * @param prePeriod how long before the exposure the same outcomes count as a covariate; absent for none
 * @param scores whether a user's score can be another one at the next exposure
 * @param toldApart days since a user came before that are told apart, at least 1; whoever stayed away longer counts as this
 *     many. A window of as many days finds its users exactly
 * @param evidenceVersions per segment the parameters version with which its evidence begins; 0 where absent
 */
public record MeasuredExperiment(
        String experimentId,
        List<Metric> metrics,
        Optional<Duration> prePeriod,
        Scores scores,
        int toldApart,
        Map<String, Long> evidenceVersions) {

    /** Days that are told apart where nothing looks at longer windows. */
    public static final int WEEK = 7;

    /** Whether a user's score can be another one at the next exposure. */
    public enum Scores {
        /** That of the first exposure stays. */
        STAY,
        /** It moves. */
        MOVE
    }

    public MeasuredExperiment {
        Objects.requireNonNull(experimentId, "experimentId");
        metrics = List.copyOf(metrics);
        Objects.requireNonNull(prePeriod, "prePeriod");
        Objects.requireNonNull(scores, "scores");
        if (toldApart < 1) {
            throw new IllegalArgumentException("toldApart is " + toldApart + ", it must be at least 1");
        }
        evidenceVersions = Map.copyOf(evidenceVersions);
    }

    /** Without a covariate, with scores that stay, for windows of up to a week. */
    public MeasuredExperiment(String experimentId, List<Metric> metrics, Map<String, Long> evidenceVersions) {
        this(experimentId, metrics, Optional.empty(), Scores.STAY, WEEK, evidenceVersions);
    }

    /** The experiments whose users' scores move. */
    static Set<String> withMovingScores(List<MeasuredExperiment> experiments) {
        return experiments.stream()
                .filter(experiment -> experiment.scores == Scores.MOVE)
                .map(MeasuredExperiment::experimentId)
                .collect(Collectors.toSet());
    }

    /** Metrics whose cap is a quantile that nobody has looked up yet, with it. */
    public Map<String, Double> openCaps() {
        Map<String, Double> open = new TreeMap<>();
        for (Metric metric : metrics) {
            if (metric.cap().orElse(null) instanceof Cap.Quantile cap) {
                open.put(metric.name(), cap.quantile());
            }
        }
        return open;
    }

    /**
     * With values in the place of quantiles.
     *
     * @param caps by metric, above 0; of metrics without an open cap they are not looked at
     */
    public MeasuredExperiment withCaps(Map<String, Double> caps) {
        Map<String, Double> open = openCaps();
        return new MeasuredExperiment(
                experimentId,
                metrics.stream()
                        .map(metric -> open.containsKey(metric.name()) && caps.containsKey(metric.name())
                                ? metric.frozenAt(caps.get(metric.name()))
                                : metric)
                        .toList(),
                prePeriod,
                scores,
                toldApart,
                evidenceVersions);
    }

    /**
     * The version with which the evidence of a segment begins, of rows with {@code experiment_id}; 0 for experiments that are
     * not measured.
     *
     * @param segment of the row
     */
    static Column evidenceVersion(List<MeasuredExperiment> experiments, Column segment) {
        Column version = lit(0L);
        for (MeasuredExperiment experiment : experiments) {
            for (var entry : experiment.evidenceVersions().entrySet()) {
                if (entry.getValue() > 0) {
                    version = when(experiment.isOfRow().and(segment.equalTo(entry.getKey())), lit(entry.getValue()))
                            .otherwise(version);
                }
            }
        }
        return version;
    }

    /** The same of all users, whatever the segment of a row. */
    static Column evidenceVersion(List<MeasuredExperiment> experiments) {
        Column version = lit(0L);
        for (MeasuredExperiment experiment : experiments) {
            long since = experiment.evidenceVersions().getOrDefault(SegmentMetrics.ALL, 0L);
            version = since > 0 ? when(experiment.isOfRow(), lit(since)).otherwise(version) : version;
        }
        return version;
    }

    /** The days that are told apart, of rows with {@code experiment_id}. */
    static Column toldApart(List<MeasuredExperiment> experiments) {
        Column days = lit(WEEK);
        for (MeasuredExperiment experiment : experiments) {
            days = experiment.toldApart == WEEK
                    ? days
                    : when(experiment.isOfRow(), experiment.toldApart).otherwise(days);
        }
        return days;
    }

    private Column isOfRow() {
        return col("experiment_id").equalTo(experimentId);
    }
}
