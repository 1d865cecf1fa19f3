package io.flagcast.jobs.run;

import java.lang.management.ManagementFactory;
import java.lang.management.RuntimeMXBean;
import java.util.Optional;

/** The version of the code, a fact of the build. */
public final class CodeVersion {

    private CodeVersion() {}

    /** As it stands in the manifest of the jar; {@code development} for classes that are in none. */
    public static String current() {
        return Optional.ofNullable(CodeVersion.class.getPackage().getImplementationVersion())
                .orElse("development");
    }

    /** Name and version of the Java machine that runs it. */
    public static String machine() {
        RuntimeMXBean machine = ManagementFactory.getRuntimeMXBean();
        return machine.getVmName() + " " + machine.getVmVersion();
    }
}
