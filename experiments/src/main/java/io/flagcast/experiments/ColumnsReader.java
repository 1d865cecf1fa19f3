package io.flagcast.experiments;

import io.flagcast.experiments.document.Mapping;
import io.flagcast.experiments.document.Value;
import io.flagcast.experiments.document.Words;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads lists of user attributes, each of which splits what is counted into smaller parts. */
final class ColumnsReader {

    /** Most context columns of a bandit, each of which multiplies the cells that have to learn, and most dimensions. */
    private static final int MOST_COLUMNS = 5;

    private ColumnsReader() {}

    static Optional<List<String>> context(Value value) {
        return fewColumns(value, "splits every cell again");
    }

    static Optional<List<String>> dimensions(Value value) {
        return fewColumns(value, "breaks every metric down once more")
                .flatMap(names -> Set.copyOf(names).size() == names.size()
                        ? Optional.of(names)
                        : value.refuse("names a column twice; keep one"));
    }

    private static Optional<List<String>> fewColumns(Value value, String cost) {
        return Mapping.listOf(Words::name)
                .read(value)
                .flatMap(columns -> columns.size() <= MOST_COLUMNS
                        ? Optional.of(columns)
                        : value.refuse("names %d columns, but each %s; keep at most %d"
                                .formatted(columns.size(), cost, MOST_COLUMNS)));
    }
}
