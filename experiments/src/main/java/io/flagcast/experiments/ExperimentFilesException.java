package io.flagcast.experiments;

import io.flagcast.experiments.document.Problem;
import java.util.List;
import java.util.stream.Collectors;

/** Experiment files that cannot be used: the fault of whoever wrote them. Its message is one line per problem. */
public final class ExperimentFilesException extends RuntimeException {

    private final transient List<Problem> problems;

    ExperimentFilesException(List<Problem> problems) {
        super(problems.stream().map(Problem::toString).collect(Collectors.joining("\n")));
        this.problems = List.copyOf(problems);
    }

    /** Every problem of every file, by file and line. */
    public List<Problem> problems() {
        return problems;
    }
}
