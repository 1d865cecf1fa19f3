package io.flagcast.rules.checks;

import io.flagcast.rules.Texts;
import io.flagcast.rules.checks.Finding.State;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Whether the pipeline has published anything of late: {@link Check#PIPELINE}. */
public final class PipelineCheck {

    private PipelineCheck() {}

    /**
     * Judges the age of the newest publication.
     *
     * @param newestAsOf as-of of the newest publication; absent before the first, of which nothing can be said
     * @param now when it is asked
     * @param atMost how old the newest may be
     */
    public static Finding of(Optional<Instant> newestAsOf, Instant now, Duration atMost) {
        if (newestAsOf.isEmpty()) {
            return Finding.of(Check.PIPELINE, "", Finding.ALL, "", State.UNKNOWN, 0, "nothing has been published yet");
        }
        Duration age = Duration.between(newestAsOf.get(), now);
        boolean late = age.compareTo(atMost) > 0;
        return Finding.of(
                        Check.PIPELINE,
                        "",
                        Finding.ALL,
                        "",
                        State.failedWhere(late),
                        1,
                        (late ? "the pipeline did not run: " : "") + "the newest publication is of " + newestAsOf.get()
                                + ", " + Texts.duration(wholeHours(age)) + " ago; it may be " + Texts.duration(atMost)
                                + " old")
                .measured(age.toMillis() / 3_600_000.0, atMost.toMillis() / 3_600_000.0);
    }

    /** Of a history that is over no run is missed. */
    public static Finding closed() {
        return Finding.of(
                Check.PIPELINE,
                "",
                Finding.ALL,
                "",
                State.PASSED,
                0,
                "no run is missed: flagcast.quality.history is closed");
    }

    /** Minutes matter below an hour only. */
    private static Duration wholeHours(Duration age) {
        return age.toHours() < 1 ? age : Duration.ofHours(age.toHours());
    }
}
