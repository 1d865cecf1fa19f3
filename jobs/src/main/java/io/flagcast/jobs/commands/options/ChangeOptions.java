package io.flagcast.jobs.commands.options;

import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.Lake.Writing;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What every command has that changes something. */
public final class ChangeOptions {

    @Option(
            names = "--dry-run",
            description = "Only show what would be done: nothing is written or removed, and nobody is told.")
    private boolean isDry;

    @Mixin
    private ResultOption result;

    public boolean isDry() {
        return isDry;
    }

    /** What becomes of what is to be written. */
    Writing writing() {
        return isDry ? Writing.REFRAINED : Writing.DONE;
    }

    /** Says that it was only shown, where it was. */
    public void close(Progress progress) {
        if (isDry) {
            progress.say("dry run: nothing is written");
        }
    }
}
