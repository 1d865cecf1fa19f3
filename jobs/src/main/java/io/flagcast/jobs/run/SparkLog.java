package io.flagcast.jobs.run;

import io.flagcast.lake.Secrets;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Objects;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.config.LoggerConfig;
import org.apache.logging.log4j.core.config.Property;
import org.apache.spark.util.Utils$;

/**
 * What Spark and its libraries log. Below spark-submit, logging has begun before this application is there, with Spark's own
 * configuration and thousands of lines of a run.
 *
 * @param isNamed whether somebody names a configuration to Java, as by {@code -Dlog4j2.configurationFile}
 * @param progress where lines for programs go, where they are asked for
 */
public record SparkLog(boolean isNamed, Progress progress) {

    /** No other jar, and no folder of Spark's, has one of this name. */
    private static final String OWN = "/flagcast-log4j2.properties";

    public SparkLog {
        Objects.requireNonNull(progress, "progress");
    }

    /** Has them log as this application does, which is warnings on standard error. Who names another configuration has that. */
    public void configure() {
        // Spark takes its own configuration when it first logs, whatever is there by then: it is to have done so.
        Utils$.MODULE$.initializeLogIfNecessary(false, true);
        LoggerContext context = LoggerContext.getContext(false);
        if (!isNamed && !own().equals(context.getConfigLocation())) {
            context.setConfigLocation(own());
        }
        if (progress instanceof ProgressLines lines) {
            inLines(context, lines);
        }
    }

    private static URI own() {
        try {
            return SparkLog.class.getResource(OWN).toURI();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** In the place of what the configuration names: nothing else than such lines is on standard error. */
    private static void inLines(LoggerContext context, ProgressLines lines) {
        LoggerConfig root = context.getConfiguration().getRootLogger();
        List.copyOf(root.getAppenders().keySet()).forEach(root::removeAppender);
        Lines appender = new Lines(lines);
        appender.start();
        root.addAppender(appender, null, null);
        context.updateLoggers();
    }

    private static final class Lines extends AbstractAppender {

        private final ProgressLines lines;

        private Lines(ProgressLines lines) {
            super("lines", null, null, true, Property.EMPTY_ARRAY);
            this.lines = lines;
        }

        @Override
        public void append(LogEvent event) {
            String thrown = event.getThrown() == null ? "" : " " + event.getThrown();
            lines.log(
                    event.getLevel().name(),
                    event.getLoggerName(),
                    Secrets.hidden(event.getMessage().getFormattedMessage() + thrown));
        }
    }
}
