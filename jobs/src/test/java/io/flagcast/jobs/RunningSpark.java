package io.flagcast.jobs;

import io.flagcast.lake.Session;
import java.nio.file.Path;
import org.apache.spark.sql.delta.DeltaLog;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Starts Spark once for all integration tests of this JVM, before the first of them; it ends with the JVM. Every command
 * then has a session of its own within it. Registered for all tests by its service file.
 */
public final class RunningSpark implements BeforeAllCallback {

    private static final class Holder {
        private static final Session OUTER = Session.open(Path.of("target"));
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        // Nothing that an earlier class has kept is seen by this one.
        Holder.OUTER.spark().catalog().clearCache();
        DeltaLog.clearCache();
    }
}
