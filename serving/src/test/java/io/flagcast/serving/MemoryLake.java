package io.flagcast.serving;

import io.flagcast.serving.lake.Published;
import io.flagcast.serving.lake.PublishedLake;
import io.flagcast.tables.Table;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** A lake whose rows are maps from column to value. */
final class MemoryLake implements PublishedLake {

    private final Map<String, List<Map<String, Object>>> slices = new HashMap<>();
    private final List<List<String>> reads = new CopyOnWriteArrayList<>();

    private volatile Optional<Published> newest = Optional.empty();
    private volatile Optional<IOException> failure = Optional.empty();

    synchronized void write(Table table, String runId, List<Map<String, Object>> rows) {
        slices.put(table.name() + " " + runId, List.copyOf(rows));
    }

    void publish(Published published) {
        newest = Optional.of(published);
    }

    void fail(IOException with) {
        failure = Optional.of(with);
    }

    void mend() {
        failure = Optional.empty();
    }

    /** The columns of every read. */
    List<List<String>> reads() {
        return reads;
    }

    @Override
    public String root() {
        return "memory";
    }

    @Override
    public Optional<Published> newest() throws IOException {
        throwFailure();
        return newest;
    }

    private void throwFailure() throws IOException {
        if (failure.isPresent()) {
            throw failure.get();
        }
    }

    @Override
    public void read(Table table, String runId, List<String> columns, Consumer<Batch> batches) throws IOException {
        throwFailure();
        reads.add(columns);
        List<Map<String, Object>> rows;
        synchronized (this) {
            rows = new ArrayList<>(slices.get(table.name() + " " + runId));
        }
        Collections.shuffle(rows, new java.util.Random(7));
        // From several threads, as files of a table are read.
        IntStream.range(0, (rows.size() + 999) / 1000)
                .parallel()
                .mapToObj(i -> rows.subList(1000 * i, Math.min(rows.size(), 1000 * (i + 1))))
                .forEach(some -> batches.accept(new Rows(some, columns)));
    }

    private record Rows(List<Map<String, Object>> list, List<String> columns) implements Batch {

        @Override
        public int rows() {
            return list.size();
        }

        private Object value(int row, int column) {
            return list.get(row).get(columns.get(column));
        }

        @Override
        public boolean isAbsent(int row, int column) {
            return value(row, column) == null;
        }

        @Override
        public boolean flag(int row, int column) {
            return (Boolean) value(row, column);
        }

        @Override
        public int integer(int row, int column) {
            return (Integer) value(row, column);
        }

        @Override
        public long number(int row, int column) {
            return (Long) value(row, column);
        }

        @Override
        public double real(int row, int column) {
            return (Double) value(row, column);
        }

        @Override
        public String text(int row, int column) {
            return (String) value(row, column);
        }

        @Override
        @SuppressWarnings("unchecked")
        public Batch fields(int column) {
            List<Map<String, Object>> fields = list.stream()
                    .map(row -> (Map<String, Object>) row.get(columns.get(column)))
                    .toList();
            return new Rows(fields, List.of("name", "from", "to"));
        }

        @Override
        @SuppressWarnings("unchecked")
        public List<String[]> entries(int row, int column) {
            return ((Map<String, String>) value(row, column))
                    .entrySet().stream()
                            .map(entry -> new String[] {entry.getKey(), entry.getValue()})
                            .toList();
        }
    }
}
