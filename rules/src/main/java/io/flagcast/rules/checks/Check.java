package io.flagcast.rules.checks;

import io.flagcast.rules.Action.Alert.Severity;
import java.util.Locale;
import java.util.Set;

/**
 * A health check: what may be wrong with the data, the assignment, the scores or the effects. In the order in which a
 * person should look: each may explain what fails after it, and never what fails before.
 */
public enum Check {
    /** No publication for too long: the pipeline did not run. */
    PIPELINE(Severity.CRITICAL),
    /** The file of a model in use is lost or changed. */
    MODEL(Severity.CRITICAL),
    /** The newest row of an input is too old, or all that it had are gone. */
    FRESHNESS(Severity.WARNING),
    /** Yesterday's rows of an input are far fewer or more than usual. */
    VOLUME(Severity.WARNING),
    /** The ids of one input are not those of the others. */
    UNMATCHED(Severity.WARNING),
    /** One id has far more rows than any user. */
    SENTINEL(Severity.WARNING),
    /** Outcomes lie where the window of their metric ends, or just before it begins. */
    WINDOW_EDGE(Severity.WARNING),
    /** Users got two different answers under one version of the parameters. */
    CONTRADICTION(Severity.CRITICAL),
    /** The arms are not as large as the logged propensities make them. */
    SAMPLE_RATIO(Severity.CRITICAL),
    /** A predictor's distribution has moved away from that of the training. */
    PREDICTOR_DRIFT(Severity.WARNING),
    /** The scores' distribution has moved away from the frozen reference. */
    SCORE_DRIFT(Severity.WARNING),
    /** Predicted responses and uplifts are not what is observed, by decile. */
    CALIBRATION(Severity.WARNING),
    /** A segment responds otherwise than its scores predicted. */
    UNEXPECTED_OUTCOME(Severity.CRITICAL),
    /** A protected group is enabled less often within a score band. */
    ENABLE_BIAS(Severity.CRITICAL),
    /** A protected group responds less often within a score band. */
    OUTCOME_BIAS(Severity.WARNING),
    /** All users together show an effect of the other sign than the bands do. */
    SIMPSON(Severity.WARNING),
    /** The effect changes with the days since the first exposure. */
    NOVELTY(Severity.INFO),
    /** Users go on coming, but the evidence of a rule or bandit has counted them all. */
    EVIDENCE_DRIED_UP(Severity.WARNING);

    private final Severity severity;

    Check(Severity severity) {
        this.severity = severity;
    }

    /** How urgent a failure is, unless an experiment says otherwise. */
    public Severity severity() {
        return severity;
    }

    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** While one of these fails, nobody else is given a feature: the data that would justify it may be unsound. */
    boolean blocksIncreases() {
        return Set.of(FRESHNESS, VOLUME, UNMATCHED, CONTRADICTION, SAMPLE_RATIO).contains(this);
    }

    /**
     * Whether the failure of this check may be why a later one fails too, so that a person should look here first. A
     * reason that may be, not one that is.
     */
    public boolean mayExplain(Check later) {
        return consequences().contains(later);
    }

    private Set<Check> consequences() {
        return switch (this) {
            // Scores and shares have grown old.
            case PIPELINE -> Set.of(PREDICTOR_DRIFT, SCORE_DRIFT, CALIBRATION, UNEXPECTED_OUTCOME);
            // Scores of another model, or of none.
            case MODEL -> Set.of(SCORE_DRIFT, CALIBRATION, UNEXPECTED_OUTCOME);
            // Rows are missing, perhaps of one arm, group or day more than of another.
            case FRESHNESS ->
                Set.of(
                        VOLUME,
                        SAMPLE_RATIO,
                        PREDICTOR_DRIFT,
                        SCORE_DRIFT,
                        CALIBRATION,
                        UNEXPECTED_OUTCOME,
                        OUTCOME_BIAS,
                        SIMPSON,
                        NOVELTY);
            case VOLUME ->
                Set.of(
                        SAMPLE_RATIO,
                        PREDICTOR_DRIFT,
                        SCORE_DRIFT,
                        CALIBRATION,
                        UNEXPECTED_OUTCOME,
                        OUTCOME_BIAS,
                        SIMPSON,
                        NOVELTY);
            // What users did, or who they are, is not found.
            case UNMATCHED ->
                Set.of(
                        PREDICTOR_DRIFT,
                        SCORE_DRIFT,
                        CALIBRATION,
                        UNEXPECTED_OUTCOME,
                        ENABLE_BIAS,
                        OUTCOME_BIAS,
                        SIMPSON,
                        NOVELTY);
            // Many people in the place of one.
            case SENTINEL -> Set.of(CONTRADICTION, CALIBRATION, UNEXPECTED_OUTCOME, SIMPSON, NOVELTY);
            // What was done counts where it should not, or nowhere.
            case WINDOW_EDGE -> Set.of(CALIBRATION, UNEXPECTED_OUTCOME);
            // Who is in which arm is not what was recorded.
            case CONTRADICTION ->
                Set.of(SAMPLE_RATIO, CALIBRATION, UNEXPECTED_OUTCOME, ENABLE_BIAS, OUTCOME_BIAS, SIMPSON, NOVELTY);
            case SAMPLE_RATIO -> Set.of(CALIBRATION, UNEXPECTED_OUTCOME, ENABLE_BIAS, OUTCOME_BIAS, SIMPSON, NOVELTY);
            // Other users than those the model learned from.
            case PREDICTOR_DRIFT ->
                Set.of(SCORE_DRIFT, CALIBRATION, UNEXPECTED_OUTCOME, ENABLE_BIAS, OUTCOME_BIAS, SIMPSON);
            case SCORE_DRIFT -> Set.of(CALIBRATION, UNEXPECTED_OUTCOME, ENABLE_BIAS, OUTCOME_BIAS, SIMPSON);
            // What was expected is wrong, for some groups more than for others.
            case CALIBRATION -> Set.of(UNEXPECTED_OUTCOME, OUTCOME_BIAS, SIMPSON);
            // One segment has changed, and with it whoever is frequent there.
            case UNEXPECTED_OUTCOME -> Set.of(OUTCOME_BIAS, SIMPSON, NOVELTY);
            // Who is enabled less often has less of the effect.
            case ENABLE_BIAS -> Set.of(OUTCOME_BIAS);
            case OUTCOME_BIAS, SIMPSON, NOVELTY, EVIDENCE_DRIED_UP -> Set.of();
        };
    }
}
