package io.flagcast.jobs.commands.options;

import java.util.HashSet;
import java.util.Set;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How stages are run. */
public final class RunOptions {

    @Mixin
    private AsOfOptions asOf = new AsOfOptions();

    @Option(
            names = "--reshuffle",
            paramLabel = "EXPERIMENT",
            description = "Accept that the salt of this active experiment has changed: every user is drawn anew."
                    + " May be given several times.")
    private Set<String> reshuffled = new HashSet<>();

    @Mixin
    private ChangeOptions changes;

    public AsOfOptions asOf() {
        return asOf;
    }

    public ChangeOptions changes() {
        return changes;
    }

    public Set<String> reshuffled() {
        return reshuffled;
    }
}
