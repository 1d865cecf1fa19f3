package io.flagcast.jobs.commands.options;

import io.flagcast.jobs.printing.ResultLine;
import io.flagcast.jobs.run.Progress;
import io.flagcast.jobs.run.SparkLog;
import io.flagcast.lake.Interruption;
import io.flagcast.lake.Session;
import io.flagcast.settings.hocon.Variables;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Objects;
import java.util.concurrent.CancellationException;

/**
 * What a command finds around it. {@code Main} looks at the machine, and nothing below it does.
 *
 * @param clock the time
 * @param variables of the environment and of Java
 * @param system name of the operating system
 * @param user name of who runs the command
 * @param home folder of the checkout, where examples are
 * @param temporary folder for what need not outlive a command
 * @param log what is said on standard error, by the command and by what it stands on
 * @param interruption whether somebody wants the command to end
 * @param result what a scheduler is told of the command
 */
public record Surroundings(
        Clock clock,
        Variables variables,
        String system,
        String user,
        Path home,
        Path temporary,
        SparkLog log,
        Interruption interruption,
        ResultLine result) {

    public Surroundings {
        Objects.requireNonNull(clock, "clock");
        Objects.requireNonNull(variables, "variables");
        Objects.requireNonNull(system, "system");
        Objects.requireNonNull(user, "user");
        Objects.requireNonNull(home, "home");
        Objects.requireNonNull(temporary, "temporary");
        Objects.requireNonNull(log, "log");
        Objects.requireNonNull(interruption, "interruption");
        Objects.requireNonNull(result, "result");
    }

    /** What a person sees on standard error. */
    public Progress progress() {
        return log.progress();
    }

    /** A Spark session, which who asks for it closes. What is done in it ends well when the command is asked to end. */
    public Session session() {
        interruption.listen();
        log.configure();
        Session session = Session.open(temporary);
        try {
            // Hadoop swallows an interrupt while Spark starts.
            interruption.check();
            return session;
        } catch (CancellationException e) {
            session.close();
            throw e;
        }
    }
}
