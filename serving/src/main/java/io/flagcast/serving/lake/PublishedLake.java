package io.flagcast.serving.lake;

import io.flagcast.tables.Table;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** The published tables of a lake. */
public interface PublishedLake {

    /** Where it is. */
    String root();

    /**
     * The newest publication.
     *
     * @throws IOException where the lake cannot be read
     */
    Optional<Published> newest() throws IOException;

    /**
     * Reads one run's slice of a table, in no order.
     *
     * @param columns what {@link Batch} has, in this order
     * @param batches takes every row once; called from several threads
     * @throws IOException where the lake cannot be read
     */
    void read(Table table, String runId, List<String> columns, Consumer<Batch> batches) throws IOException;

    /** Some rows of a slice. */
    interface Batch {

        int rows();

        boolean isAbsent(int row, int column);

        boolean flag(int row, int column);

        int integer(int row, int column);

        long number(int row, int column);

        double real(int row, int column);

        String text(int row, int column);

        /** A column with fields. */
        Batch fields(int column);

        /** The entries of a map from text to text, in its order. */
        List<String[]> entries(int row, int column);
    }
}
