package io.flagcast.jobs.changes;

import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.ExperimentFiles;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Puts an edited experiment file in the place of the file in force. */
public final class PromoteFile {

    private PromoteFile() {}

    /**
     * Promotes what was evaluated, and keeps the file in force beside it under another name. Readers see the old file or the
     * new one, never a part.
     *
     * @param candidate the edited experiment, as it was evaluated
     * @return where the file in force is kept
     * @throws Refusal with exit code 75 where the edited file has changed since, 78 where the other cannot be replaced
     */
    public static Path promote(Experiment incumbent, Experiment candidate) {
        if (!ExperimentFiles.read(candidate.file()).get(0).contentHash().equals(candidate.contentHash())) {
            throw new Refusal(
                    ExitCode.TRY_AGAIN,
                    "%s was edited while it was evaluated: evaluate it again".formatted(candidate.file()));
        }
        Path inForce = incumbent.file();
        Path edited = candidate.file();
        Path kept = inForce.resolveSibling(
                inForce.getFileName() + ".before-" + incumbent.contentHash().substring(0, 8));
        Path half = inForce.resolveSibling("." + inForce.getFileName() + ".half");
        try {
            Files.copy(inForce, kept, StandardCopyOption.REPLACE_EXISTING);
            Files.copy(edited, half, StandardCopyOption.REPLACE_EXISTING);
            Files.move(half, inForce, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return kept;
        } catch (IOException e) {
            throw new Refusal(
                    ExitCode.CONFIGURATION,
                    "%s cannot be replaced (%s): copy %s there yourself".formatted(inForce, e, edited));
        }
    }
}
