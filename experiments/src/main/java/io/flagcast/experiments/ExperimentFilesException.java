package io.flagcast.experiments;

import io.flagcast.experiments.document.Problem;
import java.util.List;
import java.util.stream.Collectors;

/** Experiment files that cannot be used: the fault of whoever wrote them. Its message is one line per problem. */
public final class ExperimentFilesException extends RuntimeException {

    /** Problems that the message shows. */
    static final int MOST_SHOWN = 200;

    private final transient List<Problem> problems;

    ExperimentFilesException(List<Problem> problems) {
        super(message(problems));
        this.problems = List.copyOf(problems);
    }

    private static String message(List<Problem> problems) {
        String shown =
                problems.stream().limit(MOST_SHOWN).map(Problem::toString).collect(Collectors.joining("\n"));
        int more = problems.size() - MOST_SHOWN;
        return more > 0 ? "%s\n… and %,d problems more".formatted(shown, more) : shown;
    }

    /** Every problem of every file, by file and line. */
    public List<Problem> problems() {
        return problems;
    }
}
