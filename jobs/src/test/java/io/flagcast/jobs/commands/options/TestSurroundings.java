package io.flagcast.jobs.commands.options;

import io.flagcast.jobs.printing.ResultLine;
import io.flagcast.jobs.run.Progress;
import io.flagcast.jobs.run.SparkLog;
import io.flagcast.lake.Interruption;
import io.flagcast.settings.hocon.Variables;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;

/** What commands find around them in tests that start none in a process of its own. */
public final class TestSurroundings {

    private TestSurroundings() {}

    /**
     * Of somebody called ada on Linux.
     *
     * @param home where examples are
     * @param temporary folder of the test
     */
    public static Surroundings of(
            Path home, Path temporary, Map<String, String> environment, Interruption interruption) {
        return at(Clock.systemUTC(), home, temporary, environment, interruption);
    }

    /** The same at some time. */
    public static Surroundings at(
            Clock clock, Path home, Path temporary, Map<String, String> environment, Interruption interruption) {
        return new Surroundings(
                clock,
                Variables.of(environment),
                "Linux",
                "ada",
                home,
                temporary,
                new SparkLog(false, Progress.on(System.err)),
                interruption,
                new ResultLine());
    }

    /** The same without environment, which nobody interrupts. */
    public static Surroundings of(Path home, Path temporary) {
        return of(home, temporary, Map.of(), new Interruption());
    }
}
